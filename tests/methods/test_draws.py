"""A loader that training draws from may be given to what explains: training sees what it would have seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import BatchSampler, DataLoader, TensorDataset, WeightedRandomSampler

from tb_explain import ExplainWriter
from tb_explain.methods import (
    Activations,
    FeedbackNetwork,
    FilterClusters,
    FilterRedundancy,
    GradCAM,
    MultiLabel,
    Projection,
    Reconstruction,
    class_means,
)

X, Y = torch.rand(24, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(24) % 3
DATA = TensorDataset(X, Y)


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


def shuffled(generator: torch.Generator | None) -> DataLoader[Any]:
    return DataLoader(DATA, 8, shuffle=True, generator=generator)


def weighted(generator: torch.Generator | None) -> DataLoader[Any]:
    return DataLoader(DATA, 8, sampler=WeightedRandomSampler(torch.ones(24).tolist(), 24, generator=generator))


def in_batches(generator: torch.Generator | None) -> DataLoader[Any]:
    sampler = WeightedRandomSampler(torch.ones(24).tolist(), 24, generator=generator)
    return DataLoader(DATA, batch_sampler=BatchSampler(sampler, 8, False))


READERS: dict[str, Callable[[nn.Module, Any], Any]] = {
    "activations": lambda model, data: Activations(data=data, patches=0)(model, X[:4]),
    "clusters": lambda model, data: FilterClusters(k=2, patches=0, data=data)(model, X[:4]),
    "redundancy": lambda model, data: FilterRedundancy(data=data).report(model),
    "projection": lambda model, data: Projection(data=data)(model, X[:4]),
    "reconstruction": lambda model, data: Reconstruction(FeedbackNetwork(model, images=X[:4]), data=data)(model, X[:4]),
    "class means": lambda _, data: class_means(data, [0, 2]),
    "feedback network": lambda model, data: [*FeedbackNetwork(model).fit(data, epochs=2).stages.parameters()],
}


@pytest.mark.parametrize("make", [shuffled, weighted, in_batches])
@pytest.mark.parametrize("own", [True, False], ids=["own generator", "torch's"])
@pytest.mark.parametrize("reader", READERS)
def test_what_is_drawn_next_stays_the_same(
    reader: str, own: bool, make: Callable[[torch.Generator | None], DataLoader[Any]], model: nn.Module
) -> None:
    generator = torch.Generator().manual_seed(1) if own else None
    loader = make(generator)
    torch.manual_seed(2)
    READERS[reader](model, loader)
    found = [labels for _, labels in loader], torch.rand(3)
    if generator is not None:
        generator.manual_seed(1)
    torch.manual_seed(2)
    expected = [labels for _, labels in loader], torch.rand(3)
    for mine, theirs in zip((*found[0], found[1]), (*expected[0], expected[1]), strict=True):
        assert torch.equal(mine, theirs)


def test_all_images_are_explained_without_a_draw(tmp_path: Path, model: nn.Module) -> None:
    loader, before = shuffled(None), torch.get_rng_state()
    with ExplainWriter(tmp_path, strict=True) as writer:
        assert writer.explain_all(model, loader, 0, [GradCAM()]) == 24
    assert torch.equal(before, torch.get_rng_state())


class Augmented(TensorDataset):
    """Draws in the worker that reads it."""

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        image, label = super().__getitem__(index)
        return image + torch.rand(()), label


@pytest.mark.parametrize("started", [True, False], ids=["in an epoch", "before the first"])
def test_an_epoch_with_persistent_workers_goes_on_where_it_was(started: bool, model: nn.Module) -> None:
    def epochs(explaining: bool) -> list[Tensor]:
        torch.manual_seed(3)
        loader = DataLoader(Augmented(X[:8], Y[:8]), 2, shuffle=True, num_workers=1, persistent_workers=True)
        if explaining and not started:
            Projection(data=loader)(model, X[:2])
        seen = []
        for images, _ in loader:
            seen.append(images)
            if explaining and started and len(seen) == 2:
                Projection(data=loader)(model, X[:2])
        return [*seen, *(images for images, _ in loader)]

    without, explained = epochs(False), epochs(True)
    assert len(explained) == 8
    assert torch.equal(torch.cat(explained), torch.cat(without))


def test_all_images_may_have_several_classes_each(tmp_path: Path, model: nn.Module) -> None:
    several = nn.functional.one_hot(Y, 3).float()
    with ExplainWriter(tmp_path, strict=True) as writer:
        assert (
            writer.explain_all(model, DataLoader(TensorDataset(X, several), 8), 0, [GradCAM()], targets=MultiLabel())
            == 24
        )
