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


def test_of_many_classes_some_are_followed_from_first_to_last() -> None:
    data = TensorDataset(torch.rand(300, 1, 8, 8), torch.arange(300) % 100)
    probe, _ = look(DataLoader(data, batch_size=50))
    assert probe.labels.tolist() == [i * 100 // 30 for i in range(30)]


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


def pictures(labels: Any, transform: Any = None, n: int = 12) -> DataLoader[Any]:
    data = TensorDataset(torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(0)), labels)
    data.transform = transform  # type: ignore[attr-defined]
    return DataLoader(data, 5)


@pytest.mark.parametrize(("mean", "std"), [((0.5,), (0.25,)), (0.5, 0.25), (torch.tensor([0.5]), [0.25] * 3)])
def test_one_number_normalises_all_channels_as_torchvision_has_it(mean: Any, std: Any) -> None:
    transform = type("Normalize", (), {"mean": mean, "std": std})()
    assert look(pictures(torch.arange(12) % 3, transform))[0].normalisation == ([0.5] * 3, [0.25] * 3)


CLASSES = torch.arange(12) % 3
MANY = (torch.arange(36).reshape(12, 3) % 2).float()


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        (CLASSES[:, None], CLASSES),
        (CLASSES.float(), CLASSES),
        (CLASSES == 1, (CLASSES == 1).long()),
        (MANY, None),
        (CLASSES + 0.5, None),
        (CLASSES - 1, None),
        (torch.zeros(12, 8, 8, dtype=torch.long), None),
    ],
    ids=["[N, 1]", "floats", "bools", "several", "numbers", "below 0", "masks"],
)
def test_labels_are_classes_however_they_are_written_or_are_left_aside(labels: Tensor, known: Tensor | None) -> None:
    probe, methods = look(pictures(labels))
    assert (None if probe.labels is None else sorted(probe.labels)) == (
        None if known is None else sorted(known.tolist())
    )
    surveyed = [labels for _, labels in methods[-1].data]
    assert surveyed == [None] if known is None else torch.equal(torch.cat(surveyed), known)


class Noting(tb_explain.ExplainWriter):
    """Notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def explain(self, model: nn.Module, probe: Any, step: int, methods: Any, **_: Any) -> list[Any]:
        self.asked.append([type(method).__name__ for method in methods])
        return []


def test_a_model_without_rectifiers_is_not_asked_for_what_needs_them() -> None:
    loader, writer = pictures(CLASSES), Noting()
    for activation in (nn.SiLU(), nn.ReLU(), nn.Identity()):
        model = nn.Sequential(nn.Conv2d(3, 4, 3), activation, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
        tb_explain.explain(model, loader, 0, writer=writer)
    assert ["GuidedGradCAM" in asked for asked in writer.asked] == [False, True, False]
    assert all("GradCAM" in asked for asked in writer.asked)


def test_a_stream_is_read_as_far_as_its_images_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_look, "_BYTES", 20 * 8 * 8 * 4)
    for data in (Streamed(), Sorted()):
        _, methods = look(DataLoader(data, batch_size=8))
        assert sum(len(images) for images, _ in methods[-1].data) == 20
