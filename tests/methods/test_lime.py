"""LIME gives lime's own coefficients, recovers models that are additive in superpixels, and knows how sure it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lime.lime_image import LimeImageExplainer
from torch import nn

from tb_explain.methods import LIME, Flag, MultiLabel
from tb_explain.methods.masks import masks
from tb_explain.methods.results import Superpixels
from tb_explain.methods.superpixels import touching

SIZE = 24


def grid(cells: int, size: int = SIZE) -> torch.Tensor:
    """A label map of cells x cells squares."""
    line = torch.arange(size) * cells // size
    return line[:, None] * cells + line


class Additive(nn.Module):
    """Logits that are sums over squares: of the mean of a square, times a weight of the square and the class."""

    def __init__(self, cells: int, classes: int = 3, channels: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(cells * cells, classes, generator=torch.Generator().manual_seed(1)))
        self.pool = nn.AdaptiveAvgPool2d(cells)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.pool(images).mean(1).flatten(1) @ self.weight


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


class Drawn(np.random.RandomState):
    """A random state that draws the masks it is given."""

    def __new__(cls, *_args: object) -> Drawn:
        return super().__new__(cls)

    def __init__(self, kept: torch.Tensor) -> None:
        super().__init__(0)
        self.kept = kept.numpy().astype(int)

    def randint(self, low, high=None, size=None, dtype=int):
        return 0 if size is None else self.kept.ravel()


@pytest.mark.parametrize("cells", [6, 12])
@pytest.mark.parametrize("design", ["random", "paired", "orthogonal"])
def test_coefficients_are_limes_for_the_same_segments_and_masks(design, cells, network, images) -> None:
    segments = grid(cells)
    ours = LIME(segments, samples=400, baseline=0.25, design=design)(network, images[:1], [[2, 0]])

    def probabilities(batch: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return network(torch.as_tensor(batch).permute(0, 3, 1, 2)).softmax(1).numpy()

    peer = LimeImageExplainer(random_state=Drawn(masks(design, cells * cells, 400, 0, touching(segments))))
    theirs = peer.explain_instance(
        images[0].permute(1, 2, 0).numpy(),
        probabilities,
        labels=(2, 0),
        top_labels=None,
        hide_color=0.25,
        num_samples=400,
        segmentation_fn=lambda _: segments.numpy(),
    )
    for t, label in enumerate((2, 0)):
        expected = np.array([weight for _, weight in sorted(theirs.local_exp[label])])
        difference = np.abs(ours.weights[0, t].numpy() - expected).max() / np.abs(expected).max()
        assert difference <= 1e-5, f"class {label}: {difference:.2e}"
        assert ours.intercepts[0, t].item() == pytest.approx(theirs.intercept[label], rel=1e-5)
    assert ours.r2[0, 1].item() == pytest.approx(theirs.score, rel=1e-5)  # lime keeps that of the last label
    assert ours.r2.max() < 0.99, "the model is meant to be non-linear"


def test_an_additive_model_is_recovered_as_a_ridge_shrinks_it(images) -> None:
    model, cells, samples = Additive(4), 4, 200
    found = LIME(grid(cells), samples=samples, score="logit")(model, images, 1)
    with torch.no_grad():
        truth = model.pool(images).mean(1).flatten(1) * model.weight[:, 1]
    assert (found.weights - truth).abs().max() / truth.abs().max() < 0.05

    kept = masks("orthogonal", cells * cells, samples, 0, touching(grid(cells))).double()
    kernel = torch.exp(-((1 - kept.mean(1).sqrt()) ** 2) / (2 * 0.25**2))
    centred = kept - kernel @ kept / kernel.sum()
    gram = centred.T @ (kernel[:, None] * centred)
    shrunk = torch.linalg.solve(gram + torch.eye(len(gram)), gram @ truth.double().T).T
    difference = (found.weights - shrunk).abs().max() / shrunk.abs().max()
    assert difference <= 1e-5, f"{difference:.2e}"
    assert found.r2.min() > 0.99
    assert (found.flags == 0).all()


@pytest.mark.parametrize("design", ["random", "paired", "orthogonal"])
@pytest.mark.parametrize("k", [2, 3, 7, 33, 40, 146])
def test_every_mask_is_a_fair_coin(design, k) -> None:
    kept = masks(design, k, 100, seed=3)
    assert kept.shape == (100, k) and kept[0].all()
    if design != "random":
        assert torch.equal(kept[0::2], ~kept[1::2])
    each = torch.stack([masks(design, k, 10, seed=seed)[7] for seed in range(400)]).double()
    assert (each.mean(0) - 0.5).abs().max() < 0.15  # six standard deviations
    together = each.T @ each / 400
    assert (together - together.diagonal().diag()).fill_diagonal_(0.25).sub(0.25).abs().max() < 0.13


@pytest.mark.parametrize("k", [2, 3, 7, 33, 40, 146])
def test_orthogonal_masks_are_orthogonal_from_the_least_power_of_two_on(k) -> None:
    block = 2 * 2 ** (k - 1).bit_length()
    kept = masks("orthogonal", k, 2 + 4 * block, seed=0)[2:]
    for blocks in (1, 2, 3, 4):
        assert is_orthogonal(kept[: blocks * block])


def test_orthogonal_masks_do_not_mistake_what_touching_superpixels_do_together() -> None:
    cells, k, rows = 6, 36, 128
    near = touching(grid(cells))
    triples = [
        (a, b, c) for b in range(k) for a in range(k) for c in range(a) if near[a, b] and near[b, c] and a != b != c
    ]

    def mistaken(kept: torch.Tensor) -> int:
        signs = 2 * kept[2 : 2 + 2 * rows].double() - 1
        products = torch.stack([signs[:, a] * signs[:, b] * signs[:, c] for a, b, c in triples])
        return int(((products @ signs).abs() == 2 * rows).sum())

    knowing, blind = (
        sum(mistaken(masks("orthogonal", k, 2 + 2 * rows, seed, known)) for seed in range(4)) for known in (near, None)
    )
    assert knowing < 0.4 * blind, f"{knowing} of {4 * len(triples)}, {blind} by chance"


def test_superpixels_touch_where_pixels_lie_side_by_side() -> None:
    labels = torch.tensor([[0, 0, 1], [2, 2, 1], [2, 2, 3]])
    expected = torch.zeros(4, 4, dtype=torch.bool)
    for one, other in ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3)):
        expected[one, other] = expected[other, one] = True
    assert torch.equal(touching(labels), expected)
    assert torch.equal(touching(torch.stack([labels, labels])), expected)


def is_orthogonal(kept: torch.Tensor) -> bool:
    signs = 2 * kept.double() - 1
    return torch.equal(signs.T @ signs, len(signs) * torch.eye(signs.shape[1], dtype=torch.double))


def test_several_targets_are_those_of_single_calls(network, images) -> None:
    method = LIME(grid(4), samples=64)
    several = method(network, images, [[0, 3], [2, 1]])
    assert several.weights.shape == (2, 2, 16)
    assert several.maps.shape == (2, 2, SIZE, SIZE)
    for t, targets in enumerate(([0, 2], [3, 1])):
        single = method(network, images, targets)
        for name in ("weights", "errors", "intercepts", "r2", "flags"):
            torch.testing.assert_close(getattr(several, name)[:, t], getattr(single, name), rtol=1e-5, atol=1e-7)


def test_the_forwards_of_several_targets_are_shared(network, images) -> None:
    seen = []
    network.register_forward_hook(lambda _module, args, _output: seen.append(len(args[0])))
    found = LIME(grid(4), samples=50)(network, images[:1], [[0, 1, 2, 3]])
    assert sum(seen) == 51  # and the image itself
    assert found.forwards == 50


def test_the_same_seed_gives_the_same_result_and_no_other_randomness_is_touched(network, images) -> None:
    torch.manual_seed(5)
    np.random.seed(5)
    before, before_numpy = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, again, other = (LIME(samples=64, n_segments=9, seed=seed)(network, images).weights for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], before_numpy)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_an_image_is_explained_alone_as_in_a_batch(network, images) -> None:
    together = LIME(samples=64, n_segments=9)(network, images)
    for row in range(2):
        alone = LIME(samples=64, n_segments=9)(network, images[row : row + 1])
        k = alone.weights.shape[1]
        torch.testing.assert_close(together.weights[row, :k], alone.weights[0], rtol=1e-4, atol=1e-6)
        assert (together.weights[row, k:] == 0).all()


def test_better_designs_move_the_weights_less(network, images) -> None:
    found = {
        design: torch.stack(
            [
                LIME(grid(6), samples=256, design=design, seed=seed)(network, images[:1], 0).weights[0]
                for seed in range(12)
            ]
        )
        for design in ("random", "paired", "orthogonal")
    }
    variance = {design: weights.var(0).mean().item() for design, weights in found.items()}
    assert variance["orthogonal"] < variance["paired"] < variance["random"], variance
    assert variance["orthogonal"] < 0.6 * variance["random"], variance
    means = [weights.mean(0) for weights in found.values()]
    for mean in means[1:]:  # and all estimate the same
        assert torch.corrcoef(torch.stack([means[0], mean]))[0, 1] > 0.98


@pytest.mark.parametrize("design", ["random", "paired", "orthogonal"])
def test_standard_errors_are_the_spread_over_seeds(design, network, images) -> None:
    found = [LIME(grid(4), samples=160, design=design, seed=seed)(network, images[:1], 0) for seed in range(40)]
    spread = torch.stack([result.weights[0] for result in found]).std(0)
    errors = torch.stack([result.errors[0] for result in found]).square().mean(0).sqrt()
    ratio = (errors.square().mean() / spread.square().mean()).sqrt().item()
    most = 1.6 if design == "orthogonal" else 1.25  # what these masks avoid is not seen in one sample of them
    assert 0.8 < ratio < most, f"reported / actual = {ratio:.2f}"


def test_it_stops_at_the_stated_precision(network, images) -> None:
    method = LIME(grid(4), samples=2000, precision=0.1)
    found = method(network, images[:1], [[0, 1]])
    assert found.forwards < 2000
    assert reached(found, 0.1)
    # What a sample fewer than the next look would have given was not yet precise enough.
    before = LIME(grid(4), samples=found.forwards - 64)(network, images[:1], [[0, 1]])
    assert not reached(before, 0.1)
    finer = LIME(grid(4), samples=2000, precision=0.05)(network, images[:1], [[0, 1]])
    assert finer.forwards > found.forwards
    assert LIME(grid(4), samples=128, precision=1e-9)(network, images[:1]).forwards == 128


def reached(found: Superpixels, precision: float) -> bool:
    ranges = found.weights.amax(2) - found.weights.amin(2)
    return bool((found.errors.amax(2) <= precision * ranges).all())


@pytest.mark.parametrize("segmentation", ["slic", "quickshift", lambda image: (image[..., 0] > 0.5).astype(int)])
def test_segmentations(segmentation, network, images) -> None:
    found = LIME(segmentation, n_segments=9, samples=64)(network, images)
    assert found.segments.shape == (2, SIZE, SIZE)
    assert found.weights.shape[1] == found.segments.max() + 1
    assert found.weights.isfinite().all()


def test_one_superpixel_is_nothing_to_compare(network, images) -> None:
    segments = torch.stack([grid(3), torch.zeros(SIZE, SIZE, dtype=torch.long)])
    found = LIME(segments, samples=64)(network, images)
    assert (found.weights[1] == 0).all()
    assert found.weights[0].abs().max() > 0
    assert found.flags.tolist() == [0, Flag.ONE_SEGMENT | Flag.ALL_ZERO]


def test_a_constant_image_has_no_weights(network) -> None:
    found = LIME(samples=64, n_segments=9)(network, torch.zeros(1, 3, SIZE, SIZE))
    assert (found.weights == 0).all() and found.r2.isfinite().all()
    assert found.flags.item() == Flag.SATURATED | Flag.ALL_ZERO


def test_a_pixel_that_is_no_number_costs_its_superpixel_only(network, images) -> None:
    images[0, :, 2, 3] = torch.nan
    found = LIME(grid(4), samples=128)(network, images, 1)
    assert found.flags[0] & Flag.NOT_FINITE and not found.flags[1] & Flag.NOT_FINITE
    assert found.weights.isfinite().all() and found.errors.isfinite().all()
    assert found.weights[0, 0] == 0
    assert found.weights[0, 1:].abs().max() > 0


def test_a_network_that_gives_no_number_at_all(network, images) -> None:
    with torch.no_grad():
        network[0].weight.fill_(torch.nan)
    found = LIME(grid(4), samples=64)(network, images, 1)
    assert (found.weights == 0).all()
    assert all(flags & Flag.NOT_FINITE for flags in found.flags.tolist())


def test_a_poor_fit_is_flagged(images) -> None:
    class Parity(nn.Module):
        """Sees in two squares whether exactly one of them is there."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            one, two = ((images[:, 0, at, at] != 0) for at in (0, SIZE - 1))
            return 4 * torch.stack([one ^ two, one == two], 1).float()

    found = LIME(grid(4), samples=256)(Parity(), images, 0)
    assert all(flags == Flag.POOR_FIT for flags in found.flags.tolist()), found.r2


@pytest.mark.parametrize("channels", [1, 5])
def test_any_number_of_channels(channels, images) -> None:
    many = images[:, :1].repeat(1, channels, 1, 1)
    found = LIME(n_segments=9, samples=64)(Additive(3), many)
    assert found.weights.abs().max() > 0


def test_voxels() -> None:
    model = nn.Sequential(nn.AdaptiveAvgPool3d(2), nn.Flatten(), nn.Linear(8, 3))
    volumes = torch.rand(1, 1, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    found = LIME(n_segments=8, samples=64, score="logit")(model, volumes)
    assert found.maps.shape == (1, 8, 8, 8)
    assert found.weights.abs().max() > 0


def test_multi_label_callable_and_single_logit_targets(network, images) -> None:
    method = LIME(grid(4), samples=64)
    labels = method(network, images, MultiLabel([[0, 1], [2, 3]]))
    assert labels.weights.shape == (2, 2, 16)
    logit = LIME(grid(4), samples=64, score="logit")(network, images, 2)
    called = method(network, images, lambda output: output[:, 2])
    torch.testing.assert_close(called.weights, logit.weights)
    single = nn.Sequential(network, nn.Linear(4, 1))
    torch.testing.assert_close(method(single, images, 0).weights, -method(single, images, 1).weights, atol=1e-5, rtol=0)


def test_what_hides_may_be_a_colour_the_mean_a_blur_or_an_image(network, images) -> None:
    found = [
        LIME(grid(4), samples=64, baseline=baseline)(network, images, 0).weights
        for baseline in (0.0, "mean", "blur", images.flip(0), torch.ones(3, 1, 1))
    ]
    assert all(not torch.allclose(one, other) for i, one in enumerate(found) for other in found[:i])


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        (LIME(samples=1), "at least 2 samples, got 1"),
        (LIME(kernel_width=0), "kernel_width must be above 0"),
        (LIME(precision=-1), "precision must be above 0"),
        (LIME(design="sobol"), 'the design must be "orthogonal", "paired" or "random"'),
        (LIME("watershed"), "the segmentation must be"),
        (LIME(torch.zeros(3, 3, dtype=torch.long)), "label map must be integers"),
        (LIME(baseline="grey"), "the baseline must be"),
        (LIME(score="odds"), "score must be"),
    ],
)
def test_bad_parameters_get_one_clear_sentence(method, sentence, network, images) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        method(network, images)
    assert "\n" not in str(caught.value)
