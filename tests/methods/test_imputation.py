"""ROAD and its imputer against pytorch-grad-cam's, which solves the same system by a sparse factorisation on the CPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics import road as peer
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
from torch import nn

from tb_explain.methods import GradCAM
from tb_explain.methods.quality import ROAD, evaluate
from tb_explain.methods.quality.imputation import _grids, imputed


def blobs(height: int, width: int, cells: int, share: float) -> torch.Tensor:
    """A mask of some large connected regions (few cells) or scattered pixels (many) that covers a share of the picture."""
    values = torch.rand(1, 1, cells, cells, generator=torch.Generator().manual_seed(cells))
    smooth = nn.functional.interpolate(values, (height, width), mode="bilinear")[0, 0]
    return smooth >= smooth.flatten().quantile(1 - share)


@pytest.mark.parametrize("size", [(48, 48), (37, 50), (5, 3)])
@pytest.mark.parametrize("cells", [3, 60])
def test_imputed_pixels_equal_those_of_the_peer(size: tuple[int, int], cells: int) -> None:
    image = torch.rand(3, *size, generator=torch.Generator().manual_seed(0))
    missing = torch.stack([blobs(*size, cells, share) for share in (0.1, 0.5, 0.9)])
    theirs = torch.stack([peer.NoisyLinearImputer(noise=0)(image, (~mask).float()) for mask in missing])
    # The peer solves in double precision. Ours is as exact there, and as far as rounding allows in single precision.
    difference = (imputed(image.double(), missing, 1e-9) - theirs).abs().max().item()
    assert difference <= 1e-6, f"{difference:.1e}"
    difference = (imputed(image, missing) - theirs).abs().max().item()
    assert difference <= 2e-4, f"{difference:.1e}"


def test_a_linear_image_is_imputed_exactly() -> None:
    """Weighted means of neighbours leave planes as they are; nothing else of the image is touched."""
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(40.0), indexing="ij")
    image = torch.stack([2 * x - y, 0.5 * y, torch.full_like(x, 7.0)]) / 80
    missing = torch.zeros(2, 32, 40, dtype=torch.bool)
    missing[0, 3:29, 4:36] = missing[1, 10:14, 10:14] = True
    filled = imputed(image, missing)
    assert (filled - image).abs().max() <= 1e-4
    assert torch.equal(filled[:, :, 0], image[:, 0].expand(2, 3, 40))


def test_the_coarse_system_is_the_fine_one_on_blocks() -> None:
    """Summed over blocks of 2 x 2 with one value each; edges count half, ties to known pixels fully."""
    missing = blobs(9, 10, 20, 0.7)[None, None].double()
    fine = _grids(missing)[0]
    coarse = fine.coarser()
    values = torch.randn(1, 2, 5, 5, dtype=torch.float64)
    spread = values.repeat_interleave(2, 2).repeat_interleave(2, 3)[:, :, :9] * missing
    summed = nn.functional.pad(fine.apply(spread), (0, 0, 0, 1)).unflatten(3, (5, 2)).unflatten(2, (5, 2)).sum((3, 5))
    ties = coarse.ties * values
    assert (2 * coarse.apply(values) - ties - summed).abs().max() <= 1e-12


def test_all_but_one_pixel_missing_leaves_its_colour() -> None:
    image = torch.rand(3, 20, 17)
    missing = torch.ones(1, 20, 17, dtype=torch.bool)
    missing[0, 4, 5] = False
    filled = imputed(image, missing)[0]
    assert (filled - image[:, 4, 5].reshape(3, 1, 1)).abs().max() <= 1e-4


@pytest.mark.parametrize("size", [(33, 40), (9, 11)])
@pytest.mark.parametrize("percentiles", [(50,), (10, 20, 30, 40, 50, 60, 70, 80, 90)])
def test_road_equals_the_peer(
    percentiles: tuple[int, ...], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 6, 5, 2), nn.ReLU(), nn.Conv2d(6, 8, 3), nn.Flatten(), nn.LazyLinear(5), nn.Softmax(1)
    )
    images = torch.rand(2, 3, *size)
    model(images)
    model = model[:-1].eval()
    model[-1].weight.data *= 10
    whole = torch.rand(2, *size)  # no ties: the peer removes all of them at once
    result = replace(GradCAM("2")(model, images, [1, 3]), maps=whole)
    low, high = whole.amin((1, 2), keepdim=True), whole.amax((1, 2), keepdim=True)
    noiseless = peer.NoisyLinearImputer.__call__
    monkeypatch.setattr(
        peer.NoisyLinearImputer, "__call__", lambda self, *given: setattr(self, "noise", 0) or noiseless(self, *given)
    )
    targets = [ClassifierOutputSoftmaxTarget(1), ClassifierOutputSoftmaxTarget(3)]
    theirs = peer.ROADCombined(list(percentiles))(images, ((whole - low) / (high - low)).numpy(), targets, model)
    [[ours]] = evaluate(model, images, [result], [ROAD(percentiles, noise=0)])
    assert np.abs(theirs).max() > 1e-3
    assert np.abs(ours.values.numpy() - theirs).max() <= 1e-5, (ours.values, theirs)


def test_noise_is_seeded_and_of_the_size_asked_for() -> None:
    torch.manual_seed(0)
    model, images = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), torch.rand(2, 1, 16, 16)
    result = GradCAM("0")(model, images, 1)
    values = [
        evaluate(model, images, [result], [ROAD((50,), noise)], seed=seed)[0][0].values
        for noise, seed in ((0.5, 0), (0.5, 0), (0.5, 1), (0, 0))
    ]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2]) and not torch.equal(values[0], values[3])
