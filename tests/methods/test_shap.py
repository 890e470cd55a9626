"""KernelSHAP gives the Shapley values, exactly where all sets can be asked about, and always adds up."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest
import torch
from captum.attr import KernelShap
from torch import nn

from tb_explain.methods import Flag, KernelSHAP
from tb_explain.methods.shap import coalitions

SIZE = 24


def grid(rows: int, columns: int) -> torch.Tensor:
    """A label map of rectangles."""
    return (torch.arange(SIZE) * rows // SIZE)[:, None] * columns + torch.arange(SIZE) * columns // SIZE


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    convolutions = (nn.Conv2d(3, 8, 5, 2), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU())
    return nn.Sequential(*convolutions, nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(64, 4), Scaled())


class Scaled(nn.Module):
    def forward(self, logits: torch.Tensor) -> torch.Tensor:
        return 10 * logits


@pytest.fixture
def images() -> torch.Tensor:
    coarse = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    return nn.functional.interpolate(coarse, (SIZE, SIZE), mode="bilinear")


def probability(
    network: nn.Module, image: torch.Tensor, segments: torch.Tensor, kept: tuple[int, ...], c: int
) -> float:
    mask = torch.isin(segments, torch.tensor(kept))
    with torch.no_grad():
        return network((image * mask)[None]).softmax(1)[0, c].item()


def shapley_values(network: nn.Module, image: torch.Tensor, segments: torch.Tensor, k: int, c: int) -> torch.Tensor:
    """By the definition: the mean gain over all orders."""
    values = torch.zeros(k, dtype=torch.double)
    score = {
        kept: probability(network, image, segments, kept, c) for n in range(k + 1) for kept in combinations(range(k), n)
    }
    for kept in score:
        for one in set(range(k)) - set(kept):
            share = factorial(len(kept)) * factorial(k - len(kept) - 1) / factorial(k)
            values[one] += share * (score[tuple(sorted((*kept, one)))] - score[kept])
    return values


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (1, 3), (2, 2), (2, 3), (3, 3)])
def test_values_are_exact_where_all_sets_fit(rows, columns, network, images) -> None:
    segments, k = grid(rows, columns), rows * columns
    found = KernelSHAP(segments, samples=2**k - 2)(network, images[:1], 2)
    truth = shapley_values(network, images[0], segments, k, 2)
    difference = ((found.weights[0] - truth).abs().max() / truth.abs().max()).item()
    assert difference <= 1e-5, f"{difference:.2e}"
    assert found.forwards == 2**k
    assert (found.errors == 0).all()


def test_values_are_close_where_sets_are_drawn(network, images) -> None:
    segments = grid(3, 3)
    truth = shapley_values(network, images[0], segments, 9, 2)
    found = [KernelSHAP(segments, samples=120, seed=seed)(network, images[:1], 2) for seed in range(30)]
    values = torch.stack([result.weights[0] for result in found])
    spread = values.std(0)
    assert ((values.mean(0) - truth).abs() <= 4 * spread / 30**0.5 + 1e-6).all(), "biased"
    errors = torch.stack([result.errors[0] for result in found]).square().mean(0).sqrt()
    ratio = (errors.square().mean() / spread.square().mean()).sqrt().item()
    assert 0.75 < ratio < 1.5, f"reported / actual = {ratio:.2f}"


@pytest.mark.parametrize("samples", [2, 10, 60, 100, 400])
def test_values_always_add_up(samples, network, images) -> None:
    segments = grid(4, 5)
    found = KernelSHAP(segments, samples=samples)(network, images, [[0, 1], [2, 3]])
    assert found.forwards <= samples + 2
    for row in range(2):
        for t, c in enumerate(((0, 1), (2, 3))[row]):
            whole, nothing = (probability(network, images[row], segments, kept, c) for kept in (tuple(range(20)), ()))
            assert found.weights[row, t].sum().item() == pytest.approx(whole - nothing, abs=1e-6)
            assert found.intercepts[row, t].item() == pytest.approx(nothing, abs=1e-6)
    assert bool((found.flags & Flag.POOR_FIT).any()) == (samples < 40)


def test_sets_are_drawn_by_their_weights() -> None:
    """Over many draws, a size has the share of the weight that Shapley's kernel gives it, complete or not."""
    k, shares = 12, np.zeros(13)
    for seed in range(200):
        kept, weights, complete = coalitions(k, 100, seed)
        assert complete == 24 and len(kept) == 100  # all of one superpixel and all but one
        assert (kept[0::2] == ~kept[1::2]).all()
        shares += np.bincount(kept.sum(1), weights, minlength=13) / 200
    sizes = np.arange(1, k)
    kernel = 1 / (sizes * (k - sizes))
    np.testing.assert_allclose(shares[1:k], kernel / kernel.sum(), rtol=0.12)


def test_sets_whose_score_is_no_number_are_left_out() -> None:
    class Fragile(nn.Module):
        """Adds squares up; fails when just the first and the last are hidden."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            squares = nn.functional.adaptive_avg_pool2d(images[:, :1], 3).flatten(1)
            hidden = squares == 0
            fails = hidden[:, 0] & hidden[:, 8] & (hidden.sum(1) == 2)
            total = (squares * torch.arange(1, 10)).sum(1) / fails.logical_not()
            return torch.stack([total, -total], 1)

    found = KernelSHAP(grid(3, 3), score="logit")(Fragile(), torch.ones(1, 3, SIZE, SIZE), 0)
    torch.testing.assert_close(found.weights[0], torch.arange(1.0, 10.0), rtol=1e-5, atol=1e-5)
    assert found.flags.item() == Flag.NOT_FINITE


def test_captums_values_are_noisier_but_the_same(network, images) -> None:
    segments = grid(2, 3)
    found = KernelSHAP(segments)(network, images[:1], 2)
    torch.manual_seed(0)
    peer = KernelShap(lambda x: network(x).softmax(1)).attribute(
        images[:1], target=2, feature_mask=segments[None, None], n_samples=3000
    )
    theirs = torch.stack([peer[0, 0][segments == one][0] for one in range(6)])
    assert (found.weights[0] - theirs).abs().max() <= 0.1 * theirs.abs().max()


def test_several_targets_are_those_of_single_calls(network, images) -> None:
    method = KernelSHAP(grid(3, 4), samples=80)
    several = method(network, images, [[0, 3], [2, 1]])
    for t, targets in enumerate(([0, 2], [3, 1])):
        single = method(network, images, targets)
        for name in ("weights", "errors", "intercepts", "flags"):
            torch.testing.assert_close(getattr(several, name)[:, t], getattr(single, name), rtol=1e-5, atol=1e-7)


def test_the_same_seed_gives_the_same_result_and_no_other_randomness_is_touched(network, images) -> None:
    before = torch.get_rng_state()
    first, again, other = (KernelSHAP(grid(4, 4), 0, 60, seed=seed)(network, images).weights for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_one_superpixel_is_nothing_to_compare(network, images) -> None:
    segments = torch.stack([grid(3, 3), torch.zeros(SIZE, SIZE, dtype=torch.long)])
    found = KernelSHAP(segments, samples=600)(network, images)
    assert found.flags.tolist() == [0, Flag.ONE_SEGMENT | Flag.ALL_ZERO]
    assert (found.weights[1] == 0).all()


def test_a_pixel_that_is_no_number_gives_no_values(network, images) -> None:
    images[0, :, 2, 3] = torch.nan
    found = KernelSHAP(grid(3, 3), samples=600)(network, images, 1)
    assert found.flags.tolist() == [Flag.NOT_FINITE | Flag.ALL_ZERO, 0]
    assert (found.weights[0] == 0).all()


def test_a_constant_image_has_no_values(network) -> None:
    found = KernelSHAP(samples=64, n_segments=9)(network, torch.zeros(1, 3, SIZE, SIZE))
    assert (found.weights.abs() < 1e-6).all() and found.errors.isfinite().all()


def test_voxels_and_single_logits() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.AdaptiveAvgPool3d(2), nn.Flatten(), nn.Linear(8, 1))
    volumes = torch.rand(1, 1, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    cells = torch.arange(8) // 4
    segments = cells[:, None, None] * 4 + cells[:, None] * 2 + cells
    found = KernelSHAP(segments, score="logit")(model, volumes, 1)
    truth = nn.functional.adaptive_avg_pool3d(volumes, 2).flatten() * model[2].weight[0]
    torch.testing.assert_close(found.weights[0], truth.detach(), rtol=1e-4, atol=1e-6)


def test_bad_parameters_get_one_clear_sentence(network, images) -> None:
    with pytest.raises(ValueError, match="at least 2 samples, got 0"):
        KernelSHAP(samples=0)(network, images)
