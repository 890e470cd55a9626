"""Filters trained to be interpretable keep to one part of the thing, and cost no accuracy to speak of: three trainings of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pytest
import torch
from part_shapes import Things, things
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain.methods import (
    FilterFigures,
    FilterLoss,
    Patterns,
    UpConvolution,
    location_instability,
    make_interpretable,
    mine_patterns,
    part_interpretability,
)
from tests.acceptance.conftest import _accuracy, _block, _seeded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the networks are trained in the first test

LAYER = "2"
EPOCHS = 8
SEEDS = (0, 1, 2)


@dataclass(frozen=True, eq=False)
class Trained:
    """A network that tells pictures with a thing from others, and what its filters do on pictures that it has not seen."""

    model: nn.Sequential
    fresh: Things
    figures: list[FilterFigures]

    @property
    def things(self) -> Things:
        rows = self.fresh.labels == 1
        return Things(*(each[rows] for each in self.fresh))

    @cached_property
    def accuracy(self) -> float:
        return _accuracy(self.model, self.fresh.images, self.fresh.labels)

    @cached_property
    def instability(self) -> float:
        return location_instability(self.model, LAYER, self.things.images, self.things.landmarks).value

    @cached_property
    def wandering(self) -> float:
        return location_instability(self.model, LAYER, self.things.images, self.things.landmarks).vector_value

    @cached_property
    def interpretability(self) -> float:
        return part_interpretability(self.model, LAYER, self.fresh.images, self.fresh.masks).value

    @cached_property
    def patterns(self) -> Patterns:
        return mine_patterns(self.model, LAYER, self.fresh.images, 1, labels=self.fresh.labels)

    def energy_inside(self, fitted: Tensor) -> float:
        """The share of a filter's synthesis that lies on its best part, mean of the filters."""
        up = UpConvolution(self.model, LAYER).fit(DataLoader(TensorDataset(fitted), 64, shuffle=True))
        some = Things(*(each[:100] for each in self.things))
        shares = []
        for f in range(12):
            synthesis = up.synthesise(some.images, [f])
            shares.append(max(float(synthesis.share_inside(some.masks[:, k]).nanmean()) for k in range(3)))
        return sum(shares) / len(shares)


Pair = tuple[Trained, Trained]


@pytest.fixture(scope="module")
def data() -> tuple[Things, Things]:
    return things(2400, seed=0), things(800, seed=1)


@pytest.fixture(scope="module")
def pairs(data: tuple[Things, Things]) -> list[Pair]:
    """Of each seed, a network trained as usual, and the same trained with interpretable filters."""
    return [(trained(data, seed, interpretable=False), trained(data, seed, interpretable=True)) for seed in SEEDS]


def trained(data: tuple[Things, Things], seed: int, *, interpretable: bool) -> Trained:
    fitted, fresh = data
    with _seeded():
        torch.manual_seed(seed)
        model = nn.Sequential(
            *(_block(3, 12, stride=2), _block(12, 16), _block(16, 12), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(12 * 64, 32), nn.ReLU(), nn.Linear(32, 2)),
        )
        filter_loss = None
        batches = -(-len(fitted.images) // 64)
        if interpretable:
            make_interpretable(model, LAYER)
            filter_loss = FilterLoss(model, positive=1, steps_per_epoch=batches, epochs=EPOCHS)
        optimiser = torch.optim.Adam(model.parameters(), 3e-3, weight_decay=1e-4)
        images = fitted.images.contiguous(memory_format=torch.channels_last)
        figures = []
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(images)).split(64):
                loss = nn.functional.cross_entropy(model(images[rows]), fitted.labels[rows])
                if filter_loss is not None:
                    loss = loss + filter_loss(fitted.labels[rows])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            if filter_loss is not None:
                figures += filter_loss.figures()
        return Trained(model.eval(), fresh, figures)


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def both(pairs: Sequence[Pair], figure: str) -> tuple[float, float]:
    """A figure of ordinary and of interpretable networks, mean of the seeds; printed."""
    found = [[getattr(one, figure) for one in kind] for kind in zip(*pairs, strict=True)]
    print(f"\n{figure}: " + " against ".join(str([round(value, 4) for value in kind]) for kind in found))
    return mean(found[0]), mean(found[1])


def test_location_instability_falls_and_accuracy_hardly(pairs: list[Pair]) -> None:
    ordinary, interpretable = both(pairs, "instability")
    assert interpretable <= 0.65 * ordinary
    ordinary, interpretable = both(pairs, "wandering")
    assert interpretable <= 0.5 * ordinary
    ordinary, interpretable = both(pairs, "accuracy")
    assert interpretable >= ordinary - 0.01 and min(pair[1].accuracy - pair[0].accuracy for pair in pairs) >= -0.02


def test_filters_find_parts_more_often(pairs: list[Pair]) -> None:
    ordinary, interpretable = both(pairs, "interpretability")
    assert interpretable >= ordinary + 0.05


def test_filters_peak_at_fewer_places_of_the_thing(pairs: list[Pair]) -> None:
    modes, spread = [
        [mean([figure(one.patterns) for one in kind]) for kind in zip(*pairs, strict=True)]
        for figure in (
            lambda patterns: float(patterns.modes.float().mean()),
            lambda patterns: mean([node.spread for node in patterns.nodes]),
        )
    ]
    print(f"\nmodes: {modes}, spread: {spread}")
    assert modes[1] <= 0.75 * modes[0] and spread[1] <= 0.75 * spread[0]
    assert all(pair[1].patterns.patterns and pair[1].patterns.confidence.nanmean() > 0.9 for pair in pairs)


def test_what_a_filter_stands_for_lies_on_one_part(pairs: list[Pair], data: tuple[Things, Things]) -> None:
    found = [[one.energy_inside(data[0].images[:1200]) for one in kind] for kind in zip(*pairs, strict=True)]
    print(f"\nenergy inside: {found}")
    assert mean(found[1]) >= 1.3 * mean(found[0])


def test_figures_of_the_training_say_so(pairs: list[Pair]) -> None:
    for _, interpretable in pairs:
        first, last = interpretable.figures[0], interpretable.figures[-1]
        assert len(interpretable.figures) == EPOCHS and first.loss == 0 > last.loss
        assert last.concentration > first.concentration + 0.2 and last.active < 0.5 * first.active
        assert last.dead == 0
