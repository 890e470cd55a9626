"""Ablation-CA on models whose superpixels are known to act together, instead of each other, or alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import nn

from tb_explain.methods import AblationCA, Flag
from tb_explain.methods.results import Correlations

SEGMENTS = (torch.arange(12)[:, None] // 4) * 3 + torch.arange(12)[None] // 4  # 9 squares of 4 x 4 pixels


class OfSuperpixels(nn.Module):
    """A score computed from whether each of nine squares is there (1) or hidden (0); in between for dimmed ones."""

    def __init__(self, *scores: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.scores = scores
        self.runs = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.runs += len(images)
        there = nn.functional.avg_pool2d(images.mean(1, keepdim=True), 4).flatten(1)
        return torch.stack([score(there) for score in self.scores], 1)


def both(there: torch.Tensor) -> torch.Tensor:
    return there[:, 2] * there[:, 6]


def either(there: torch.Tensor) -> torch.Tensor:
    return 1 - (1 - there[:, 2]) * (1 - there[:, 6])


def additive(there: torch.Tensor) -> torch.Tensor:
    return there @ torch.linspace(-0.2, 0.4, 9)


def three(there: torch.Tensor) -> torch.Tensor:
    return there[:, 1] * there[:, 4] * there[:, 8]


def any_of_three(there: torch.Tensor) -> torch.Tensor:
    return 1 - (1 - there[:, 1]) * (1 - there[:, 4]) * (1 - there[:, 8])


ALL = (both, either, additive, three, any_of_three)
IMAGE = torch.ones(1, 3, 12, 12)


def explained(target: int, **parameters: object) -> Correlations:
    method = AblationCA(SEGMENTS, score="logit", top=9, **parameters)
    found = method(OfSuperpixels(*ALL), IMAGE, target)
    assert isinstance(found, Correlations)
    return found


def test_what_is_needed_together() -> None:
    found = explained(0)
    (related,) = found.related
    assert related.pairs.tolist() == [[2, 6]]
    torch.testing.assert_close(related.correlations, torch.ones(1))
    torch.testing.assert_close(related.joint, torch.ones(1))
    expected = torch.zeros(1, 9)
    expected[0, [2, 6]] = 1
    torch.testing.assert_close(found.sensitivities, expected)
    torch.testing.assert_close(found.maps[0], (SEGMENTS == 2).float() + (SEGMENTS == 6).float())


def test_what_can_stand_for_each_other() -> None:
    found = explained(1)
    (related,) = found.related
    assert related.pairs.tolist() == [[2, 6]]
    torch.testing.assert_close(related.correlations, -torch.ones(1))
    torch.testing.assert_close(found.sensitivities, torch.zeros(1, 9))
    assert found.flags.item() & Flag.ALL_ZERO


def test_what_acts_alone_is_not_listed_and_is_its_own_weight() -> None:
    found = explained(2)
    assert not len(found.related[0].pairs)
    torch.testing.assert_close(found.sensitivities[0], torch.linspace(-0.2, 0.4, 9), atol=1e-6, rtol=0)
    assert (found.sensitivities < -0.02).sum() == 3, "those that interfere: without them the score is higher"


def test_a_group_of_three_grows_from_its_best_pair() -> None:
    (related,) = explained(3).related
    assert sorted(map(tuple, related.pairs.tolist())) == [(1, 4), (1, 8), (4, 8)]
    torch.testing.assert_close(related.correlations, torch.ones(3))
    ((members, value),) = related.groups
    assert sorted(members) == [1, 4, 8]
    assert value == pytest.approx(2, abs=1e-5), "1 + 1 + 1 less 1"


def test_contexts_find_redundancy_among_three() -> None:
    """With one of three sufficient, ablating two changes nothing; what remains in random contexts is -(1 - q)."""
    assert not len(explained(4).related[0].pairs)
    (related,) = explained(4, contexts=400).related
    assert sorted(map(tuple, related.pairs.tolist())) == [(1, 4), (1, 8), (4, 8)]
    assert related.errors is not None
    assert ((related.correlations + 0.1).abs() < 4 * related.errors).all()
    assert (related.errors > 0).all()


def test_contexts_are_seeded_and_their_errors_are_those_of_the_mean() -> None:
    one, other, again = (explained(4, contexts=64, seed=seed).related[0].correlations for seed in (0, 2, 0))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    spread = torch.stack([explained(4, contexts=64, seed=s).sensitivities[0, 1] for s in range(30)]).std()
    errors = explained(4, contexts=64).errors
    assert errors is not None
    assert 0.5 < (errors[0, 1] / spread) < 2


def test_it_equals_the_plain_loop_and_asks_no_question_twice() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 3))
    image = torch.randn(1, 3, 12, 12)
    counting = Counting(model)
    found = AblationCA(SEGMENTS, top=4)(counting, image, [[2, 0]])
    assert isinstance(found, Correlations)
    assert counting.runs <= 1 + 1 + 9 + 2 * 6 + 3 * 2 * 3, (
        "the image twice, its parts once, pairs of two targets, groups"
    )

    def score(target: int, *gone: int) -> float:
        kept = ~torch.isin(SEGMENTS, torch.tensor(gone, dtype=torch.long))
        return float(model(image * kept)[0].softmax(0)[target])

    for i, target in enumerate((2, 0)):
        alone = torch.tensor([score(target) - score(target, k) for k in range(9)])
        torch.testing.assert_close(found.sensitivities[0, i], alone, atol=1e-6, rtol=1e-4)
        strongest = sorted(alone.abs().topk(4).indices.tolist())
        rho = {
            (a, b): float(alone[a] + alone[b] - (score(target) - score(target, a, b)))
            for a, b in itertools.combinations(strongest, 2)
        }
        listed = {pair for pair, value in rho.items() if abs(value) >= 0.02}
        related = found.related[i]
        assert {tuple(pair) for pair in related.pairs.tolist()} == listed
        for pair, value in zip(related.pairs.tolist(), related.correlations.tolist(), strict=True):
            assert value == pytest.approx(rho[tuple(pair)], abs=1e-5)
        weight = [
            abs(rho[tuple(pair)]) * max(abs(float(alone[pair[0]])), abs(float(alone[pair[1]])), abs(joint))
            for pair, joint in zip(related.pairs.tolist(), related.joint.tolist(), strict=True)
        ]
        assert weight == sorted(weight, reverse=True)


class Counting(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.runs = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.runs += len(images)
        return self.model(images)


def test_block_counts_are_those_that_there_are() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    image = torch.rand(2, 3, 48, 48)
    found = AblationCA(block_counts=(4, 16))(model, image)
    assert isinstance(found, Correlations)
    for related in found.related:
        (few, a), (more, b) = related.block_counts
        assert 1 <= few < more <= 25
        assert all(-1 <= value <= 1 for value in (a, b))


def test_one_superpixel_has_nothing_to_tell() -> None:
    found = AblationCA(torch.zeros(12, 12, dtype=torch.long), score="logit")(OfSuperpixels(*ALL), IMAGE, 2)
    assert isinstance(found, Correlations)
    assert found.flags.item() & Flag.ONE_SEGMENT
    assert not len(found.related[0].pairs)


def test_a_saturated_score_says_so() -> None:
    model = OfSuperpixels(lambda there: there.sum(1) * 0 + 20, lambda there: there.sum(1) * 0.01)
    found = AblationCA(SEGMENTS)(model, IMAGE, 0)
    assert found.flags.item() & Flag.SATURATED


def test_nan_is_marked_and_stays_out() -> None:
    image = IMAGE.clone()
    image[0, 0, 0, 0] = torch.nan
    found = AblationCA(SEGMENTS)(OfSuperpixels(*ALL), image, 0)
    assert isinstance(found, Correlations)
    assert found.flags.item() & Flag.NOT_FINITE
    assert found.sensitivities.isfinite().all()
    assert all(related.correlations.isfinite().all() for related in found.related)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"top": 1}, "top must be 2 or more and contexts 0 or more, got 1 and 0"),
        ({"segmentation": "voronoi"}, "the segmentation must be"),
        ({"segmentation": torch.zeros(5, 5, dtype=torch.long)}, r"the label map must be integers \[12, 12\]"),
        ({"baseline": "noise"}, "the baseline must be"),
        ({"score": "odds"}, "score must be 'logit', 'probability' or 'log-odds', got 'odds'"),
    ],
)
def test_bad_input_gets_one_clear_sentence(parameters: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        AblationCA(**{"segmentation": SEGMENTS, **parameters})(OfSuperpixels(*ALL), IMAGE, 0)
    assert "\n" not in str(caught.value)
