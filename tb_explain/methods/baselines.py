"""What hidden pixels are replaced with."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

Baseline: TypeAlias = float | Literal["mean", "blur"] | Tensor
"""What stands for "nothing there", in the space of the model's input.

- a number: this value. 0, the default everywhere, is the mean colour of normalised images, and black of images in 0..1.
- "mean": the image's own mean colour.
- "blur": the image, blurred beyond recognition (a Gaussian of a tenth of the shorter side).
- a tensor that broadcasts to [N, C, H, W].
"""


def baseline_images(baseline: Baseline, images: Tensor) -> Tensor:
    """The baseline of each image, [N, C, *S]. Raises ValueError for one that is none of the above."""
    if isinstance(baseline, Tensor):
        try:
            return baseline.to(images).expand_as(images)
        except RuntimeError:
            raise ValueError(
                f"the baseline {list(baseline.shape)} does not broadcast to the images {list(images.shape)}"
            ) from None
    if baseline == "mean":
        return images.mean(tuple(range(2, images.ndim)), keepdim=True).expand_as(images)
    if baseline == "blur":
        return blurred(images, 0.1 * min(images.shape[2:]))
    if isinstance(baseline, (int, float)) and not isinstance(baseline, bool):
        return torch.full_like(images[:1, :1], baseline).expand_as(images)
    raise ValueError(f'the baseline must be a number, "mean", "blur" or a tensor, got {baseline!r}')


def baseline_image(baseline: Baseline, image: Tensor, sample: int) -> Tensor:
    """The baseline [C, *S] of one image [C, *S], the `sample`-th of those that were given."""
    if isinstance(baseline, Tensor) and baseline.ndim > image.ndim and len(baseline) > 1:
        if sample >= len(baseline):
            raise ValueError(f"got {len(baseline)} baselines for more images; give one an image, or one for all")
        baseline = baseline[sample]
    return baseline_images(baseline, image[None])[0]


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Images [N, C, *S] under a Gaussian of `sigma` pixels, cut off at three of them; the borders are repeated."""
    radius = max(1, round(3 * sigma))
    offsets = torch.arange(-radius, radius + 1, device=images.device)
    kernel = torch.exp(-0.5 * (offsets / max(sigma, 1e-6)) ** 2)
    kernel = (kernel / kernel.sum()).to(images.dtype)
    for axis in range(2, images.ndim):
        lines = images.movedim(axis, -1)
        padded = nn.functional.pad(lines.flatten(0, -2)[:, None], (radius, radius), mode="replicate")
        images = nn.functional.conv1d(padded, kernel[None, None]).reshape(lines.shape).movedim(-1, axis)
    return images
