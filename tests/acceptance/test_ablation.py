"""Ablation-CA on scenes of a disc and a square, of which the network calls one class "both"."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods import AblationCA, attribute
from tb_explain.methods.results import Correlations
from tests.acceptance.data import SCENE_MEAN, Scenes, scene_ab

BOTH = 3


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return scene_ab(10, seed=5, label=BOTH)


def correlations(model: nn.Module, scenes: Scenes, method: AblationCA, targets: object) -> Correlations:
    [result] = attribute(model, scenes.images, [method], targets)
    assert isinstance(result, Correlations)
    return result


def true_pairs(segments: Tensor, scenes: Scenes) -> list[set[int]]:
    """The superpixels that hold most of the disc and of the square."""
    pairs = []
    for labels, *objects in zip(segments, scenes.discs, scenes.squares, strict=True):
        pairs.append({int(labels[one].bincount().argmax()) for one in objects})
    return pairs


def test_what_is_needed_together_is_found(scene_ab_model: nn.Module, scenes: Scenes) -> None:
    """A class that needs both objects: the pair that ranks first is the disc and the square, and loses as much as either alone."""
    result = correlations(scene_ab_model, scenes, AblationCA(baseline=SCENE_MEAN), BOTH)
    best = [related.correlations[0].item() for related in result.related]
    assert sum(value >= 0.8 for value in best) >= 9, best
    true = true_pairs(result.segments, scenes)
    found = sum(set(related.pairs[0].tolist()) == pair for related, pair in zip(result.related, true, strict=True))
    assert found >= 9, f"the true pair ranks first in {found} of 10"


def test_either_of_two_has_a_negative_correlation(scene_ab_model: nn.Module, scenes: Scenes) -> None:
    def anything(logits: Tensor) -> Tensor:
        return logits.softmax(1)[:, 1:].sum(1)

    result = correlations(scene_ab_model, scenes, AblationCA(baseline=SCENE_MEAN), anything)
    least = [related.correlations.min().item() for related in result.related]
    assert sum(value <= -0.8 for value in least) >= 9, least


def test_what_adds_up_is_not_correlated(scenes: Scenes) -> None:
    """Of a score that is a sum over pixels nothing is listed, even with a network's rounding."""

    def brightness(images: Tensor) -> Tensor:
        return images.mean((1, 2, 3))

    result = correlations(nn.Identity(), scenes, AblationCA(baseline=SCENE_MEAN), brightness)
    assert result.sensitivities.abs().max() > 1e-3
    assert [len(related.pairs) for related in result.related] == [0] * 10


def test_what_disturbs_has_a_negative_sensitivity(scenes: Scenes) -> None:
    """A score that red raises and blue lowers: without the square there is more of it than in the whole picture."""

    def red_not_blue(images: Tensor) -> Tensor:
        red = (images[:, 0] - images[:, 1:].amax(1)).clamp(min=0)
        blue = (images[:, 2] - images[:, :2].amax(1)).clamp(min=0)
        return (red - blue).mean((1, 2))

    result = correlations(nn.Identity(), scenes, AblationCA(baseline=SCENE_MEAN), red_not_blue)
    for n in range(len(scenes.images)):
        square = int(result.segments[n][scenes.squares[n]].bincount().argmax())
        disc = int(result.segments[n][scenes.discs[n]].bincount().argmax())
        assert result.sensitivities[n].argmin() == square and result.sensitivities[n, square] < 0
        assert result.sensitivities[n].argmax() == disc and result.sensitivities[n, disc] > 0


@pytest.mark.slow
def test_the_largest_correlation_rises_then_falls_with_the_number_of_blocks(scene_ab_model: nn.Module) -> None:
    """Coarse blocks hold both objects; blocks finer than an object split it into parts of which others do as well."""
    scenes = scene_ab(16, seed=6, distance=(11.5, 13.5), label=BOTH)
    method = AblationCA(baseline=SCENE_MEAN, block_counts=(2, 4, 9, 16, 25, 36, 49, 64, 100, 144, 256))
    result = correlations(scene_ab_model, scenes, method, BOTH)
    blocks, largest = torch.tensor([related.block_counts for related in result.related]).mean(0).unbind(1)
    curve = ", ".join(f"{k:.0f}: {value:.2f}" for k, value in zip(blocks, largest, strict=True))
    top = largest[(blocks >= 20) & (blocks <= 50)].max()
    assert largest[blocks <= 2].max() < 0.1, curve
    assert top >= 0.9 and top >= largest.max() - 0.01, curve
    assert largest[blocks >= 250].max() <= 0.5 * top, curve
