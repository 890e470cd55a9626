"""XRAI against its algorithm written out plainly, and on an image whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import data
from skimage.morphology import dilation, disk
from skimage.segmentation import felzenszwalb
from skimage.transform import resize
from torch import nn

from tb_explain.methods import XRAI, Flag, IntegratedGradients
from tb_explain.methods.xrai import _ranked, _regions


def photograph(size: tuple[int, int]) -> np.ndarray:
    return resize(data.astronaut(), size).astype(np.float32)


def masks_by_hand(image: np.ndarray) -> list[np.ndarray]:
    """The widened segments, one mask after another."""
    area = image.shape[0] * image.shape[1] / 224**2
    around = disk(round(5 * area**0.5))
    masks = []
    for scale in (50, 100, 150, 250, 500, 1200):
        labels = felzenszwalb(2 * image - 1, scale=scale * area, sigma=0.8, min_size=round(150 * area))
        masks += [dilation(labels == label, around) for label in range(labels.max() + 1)]
    return masks


def ranked_by_hand(A: np.ndarray, masks: list[np.ndarray]) -> np.ndarray:
    """Every gain anew in each step: steps x regions x pixels."""
    masks, covered, gains = list(masks), np.zeros(A.shape, bool), np.zeros(A.shape)
    least = 50 * A.size / 224**2
    while True:
        masks = [mask for mask in masks if (mask & ~covered).sum() >= least]
        if not masks:
            break
        means = [A[mask & ~covered].mean() for mask in masks]
        best = int(np.argmax(means))
        gains[masks[best] & ~covered] = means[best]
        covered |= masks.pop(best)
    if not covered.all():
        gains[~covered] = A[~covered].mean()
    return gains


@pytest.mark.parametrize("size", [(112, 112), (96, 150)])
def test_is_the_algorithm_written_out(size: tuple[int, int]) -> None:
    image = photograph(size)
    masks, regions = masks_by_hand(image), _regions(image)
    assert regions.shape == (len(masks), image[..., 0].size)
    assert np.array_equal(regions.toarray().astype(bool), np.stack(masks).reshape(len(masks), -1))
    smooth = resize(np.random.default_rng(0).normal(size=(9, 9)), size, order=3)
    A = smooth + np.random.default_rng(1).normal(size=size)
    ours = _ranked(A.ravel(), regions).reshape(size)
    truth = ranked_by_hand(A, masks)
    assert np.abs(ours - truth).max() <= 1e-9 * np.abs(truth).max()
    assert len(np.unique(ours)) > 20


def looks_at(box: tuple[slice, slice], size: tuple[int, int]) -> nn.Module:
    """A model whose score is the brightness inside a box."""

    class Looks(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            inside = images[(..., *box)].mean((1, 2, 3))
            return torch.stack([inside, -inside], 1)

    return Looks()


def test_the_region_that_is_looked_at_comes_first() -> None:
    """A bright square on a dark ground with a second square that does not matter."""
    image = torch.full((1, 3, 64, 64), 0.1)
    seen, ignored = (slice(8, 28), slice(8, 28)), (slice(36, 56), slice(36, 56))
    image[(..., *seen)] = torch.tensor([0.9, 0.8, 0.1])[:, None, None]
    image[(..., *ignored)] = torch.tensor([0.1, 0.9, 0.8])[:, None, None]
    found = XRAI()(looks_at(seen, (64, 64)), image, [[0, 1]])
    first, second = found.maps[0]
    core = (slice(10, 26), slice(10, 26))  # the smoothing before the cut rounds corners
    assert first[core].min() > 0.5 * first.max() > 0
    assert first[ignored].max() < 0.1 * first.max()
    assert torch.unique(first[core]).numel() <= 4  # whole regions, not pixels
    assert second[core].max() < 0
    assert found.completeness is not None and found.completeness.max() <= 1e-4
    assert found.signed and not found.flags.any()


def test_its_attributions_are_integrated_gradients_from_black_and_white() -> None:
    """The least and the greatest value of each image."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 5), nn.Tanh(), nn.Flatten(), nn.LazyLinear(3))
    photographs = torch.from_numpy(photograph((56, 80))).permute(2, 0, 1)
    images = torch.stack([photographs, 2 * photographs.flip(2) - 1])
    model(images)
    found = XRAI(steps=8)(model, images, 1)
    black, white = (f(images, (1, 2, 3), keepdim=True) for f in (torch.amin, torch.amax))
    A = IntegratedGradients((black, white), steps=8)(model, images, 1)
    for row, image in enumerate(((images - black) / (white - black)).permute(0, 2, 3, 1).numpy()):
        truth = ranked_by_hand(A.maps[row].double().numpy(), masks_by_hand(image))
        assert np.abs(found.maps[row].numpy() - truth).max() <= 1e-5 * np.abs(truth).max()
    assert found.completeness is not None
    assert torch.equal(found.completeness, A.completeness)


def test_an_image_without_segments_says_so() -> None:
    constant = XRAI()(looks_at((slice(2, 4), slice(2, 4)), (16, 16)), torch.full((2, 3, 16, 16), 0.5), [[0, 1]] * 2)
    assert constant.flags.tolist() == [[Flag.ONE_SEGMENT | Flag.ALL_ZERO] * 2] * 2


def test_voxels_and_bad_parameters_are_refused() -> None:
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(2))
    model(torch.rand(1, 1, 6, 6, 6))
    with pytest.raises(ValueError, match=r"XRAI cuts images \[N, C, H, W\], got \[1, 1, 6, 6, 6\]; use Integrated"):
        XRAI()(model, torch.rand(1, 1, 6, 6, 6))
    with pytest.raises(ValueError, match="at least one step"):
        XRAI(steps=0)
