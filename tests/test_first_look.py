"""`tb_explain.explain` finds in a loader what to follow, without disturbing what draws from it."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

import tb_explain
from tb_explain import first_look

MODEL = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


class Normalized:
    """As torchvision's `Normalize` is, as far as we look."""

    mean, std = [0.25], [0.5]


class Sorted(Dataset[tuple[Tensor, int]]):
    """Sorted by class, as a folder a class is; every reading draws from all random numbers there are."""

    classes = ("a", "b", "c")
    transform = Normalized()

    def __len__(self) -> int:
        return 3000

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        random.random(), np.random.rand(), torch.rand(1)
        value = torch.full((1, 8, 8), index / 3000)
        return (value - 0.25) / 0.5, index // 1000


class Streamed(IterableDataset[tuple[Tensor, int]]):
    """Has no length and no places."""

    def __iter__(self) -> Iterator[tuple[Tensor, int]]:
        return ((torch.rand(1, 8, 8), i % 3) for i in range(40))


def look(loader: DataLoader[Any]) -> Any:
    return first_look._look(loader)


def test_images_are_spread_over_the_classes_and_shown_as_they_were() -> None:
    probe, methods = look(DataLoader(Subset(Sorted(), range(3000)), batch_size=7))
    assert probe.labels.tolist() == [0, 1, 2] * 10
    assert probe.class_names == ["a", "b", "c"]
    assert probe.normalisation == ([0.25], [0.5])
    surveyed = torch.cat([labels for _, labels in methods[-1].data])
    assert surveyed.bincount().tolist() == pytest.approx([667, 667, 666], abs=1)


def test_nothing_is_drawn_and_the_same_is_found_again() -> None:
    own = torch.Generator().manual_seed(3)
    loader = DataLoader(Sorted(), batch_size=16, shuffle=True, generator=own)
    before = [torch.get_rng_state().tolist(), own.get_state().tolist(), str(np.random.get_state()), random.getstate()]
    (first, _), (again, _) = look(loader), look(loader)
    after = [torch.get_rng_state().tolist(), own.get_state().tolist(), str(np.random.get_state()), random.getstate()]
    assert [then == now for then, now in zip(before, after, strict=True)] == [True] * 4
    assert torch.equal(first.images, again.images)


def test_what_libraries_draw_when_they_are_imported_is_put_back(tmp_path: Path) -> None:
    code = """
import random, sys, torch
from tb_explain import ExplainWriter, Probe
from tb_explain.methods import FilterClusters
random.seed(0)
before = random.getstate()
model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 3))
images = torch.rand(8, 1, 8, 8)
with ExplainWriter(sys.argv[1], strict=True) as writer:
    writer.explain(model, Probe(images), 0, [FilterClusters("1", data=[(images, torch.arange(8) % 3)])])
    assert random.getstate() == before
"""
    ended = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("labels", [True, False])
def test_what_has_no_places_or_labels_is_read_from_its_beginning(labels: bool) -> None:
    data = Streamed() if labels else TensorDataset(torch.rand(40, 1, 8, 8))
    probe, methods = look(DataLoader(data, batch_size=8))
    assert len(probe) == 30
    assert sum(len(images) for images, _ in methods[-1].data) == 40
    assert (probe.labels is not None) == labels
    assert probe.class_names is None and probe.normalisation == (None, None)


def test_what_is_no_loader_is_refused_in_a_sentence() -> None:
    with pytest.raises(TypeError, match="explain takes a DataLoader, got list"):
        tb_explain.explain(MODEL, [torch.rand(2, 1, 8, 8)], 0)
    with pytest.raises(ValueError, match="the loader has no images"):
        tb_explain.explain(MODEL, DataLoader(TensorDataset(torch.rand(0, 1, 8, 8))), 0)
