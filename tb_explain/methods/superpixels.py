"""Superpixels: cutting images into them, and asking a model about images of which some are hidden."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tb_explain.methods.baselines import Baseline, baseline_image
from tb_explain.methods.batch import Batch
from tb_explain.methods.layers import widened
from tb_explain.methods.targets import Score

Segmentation: TypeAlias = Literal["slic", "quickshift"] | Tensor | Callable[[NDArray[np.float32]], Any]
"""How an image is cut.

- "slic": compact superpixels of about equal size (Achanta et al. 2012); "quickshift": those of lime's reference implementation.
- an int tensor [H, W], or [N, H, W] with one label map an image.
- a callable that maps an image, float32 [H, W, C] in 0..1, to its label map [H, W].
"""


def segment(batch: Batch, segmentation: Segmentation, n_segments: int) -> Tensor:
    """Label maps of a batch's images, int64 [N, *S] on its device, from 0 without gaps. `n_segments`: about how many SLIC makes."""
    if isinstance(segmentation, Tensor):
        return _given(segmentation, batch)
    maps = [_contiguous(_segmented(image, segmentation, n_segments)) for image in displayed(batch.images)]
    return torch.stack(maps).to(batch.images.device)


def count(segments: Tensor) -> int:
    """How many superpixels a label map has."""
    return int(segments.max()) + 1


def touching(segments: Tensor) -> Tensor:
    """Bool [K, K]: which superpixels of a label map [*S] have pixels side by side."""
    k = count(segments)
    found = torch.zeros(k, k, dtype=torch.bool, device=segments.device)
    for axis in range(segments.ndim):
        size = segments.shape[axis] - 1
        found[segments.narrow(axis, 0, size), segments.narrow(axis, 1, size)] = True
    found |= found.T.clone()
    return found.fill_diagonal_(False)


def scores_of_kept(
    batch: Batch, row: int, segments: Tensor, kept: Tensor, baseline: Baseline = 0.0, score: Score = "probability"
) -> Tensor:
    """float32 [M, T]: scores of one image of which only some superpixels are kept: `kept` bool [M, K], `segments` [*S]."""
    image = batch.images[row]
    nothing = baseline_image(baseline, image, batch.first + row)
    kept = kept.to(image.device, torch.bool)

    @cache
    def lines(channels_last: bool) -> list[Tensor]:
        every = (image, nothing, segments.expand_as(image))
        return [(values.movedim(0, -1) if channels_last else values).flatten() for values in every]

    def write(buffer: Tensor, start: int, stop: int) -> None:
        # Each copy as one line in the order of memory: a gather and a choice a chunk, no loop over superpixels.
        channels_last = not buffer.is_contiguous()
        shown, hidden, index = lines(channels_last)
        copies = buffer[: stop - start].movedim(1, -1) if channels_last else buffer[: stop - start]
        mask = kept[start:stop].gather(1, index.expand(stop - start, -1))
        torch.where(mask, shown, hidden, out=copies.flatten(1))

    return batch.perturbed(row, len(kept), write, score)


def _given(labels: Tensor, batch: Batch) -> Tensor:
    size = batch.size
    if labels.is_floating_point() or labels.shape[-len(size) :] != size or labels.ndim > len(size) + 1:
        raise ValueError(f"the label map must be integers {list(size)}, got {labels.dtype} {list(labels.shape)}")
    if labels.ndim == len(size):
        return _contiguous(labels).expand(len(batch), *size).to(batch.images.device)
    mine = labels[batch.first : batch.first + len(batch)]
    if len(mine) != len(batch):
        raise ValueError(f"got {len(labels)} label maps for more images; give one an image, or one for all")
    return torch.stack([_contiguous(one) for one in mine]).to(batch.images.device)


def _contiguous(labels: Any) -> Tensor:
    """Labels renumbered from 0 without gaps, in their order."""
    array = labels.cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    return torch.as_tensor(np.unique(array, return_inverse=True)[1].reshape(array.shape))


def displayed(images: Tensor) -> list[NDArray[np.float32]]:
    """Images as float32 [*S, C] in 0..1: each from its least to its greatest value, since what was done to it is not known."""
    values = images.detach().float().nan_to_num(0, 0, 0)
    low, high = values.flatten(1).min(1).values, values.flatten(1).max(1).values
    scaled = (values - widened(low, values.ndim)) / widened((high - low).clamp(min=1e-12), values.ndim)
    return [np.ascontiguousarray(image) for image in scaled.movedim(1, -1).cpu().numpy()]


def _segmented(image: NDArray[np.float32], segmentation: Any, n_segments: int) -> Any:
    if callable(segmentation):
        labels = np.asarray(segmentation(image))
        if labels.shape != image.shape[:-1] or labels.dtype.kind not in "iu":
            raise ValueError(
                f"the segmentation must give integers {list(image.shape[:-1])}, got {labels.dtype} {list(labels.shape)}"
            )
        return labels.astype(np.int64)
    from skimage.segmentation import quickshift, slic

    colour = image.shape[-1] == 3 and image.ndim == 3
    if segmentation == "quickshift":
        if image.ndim != 3:
            raise ValueError("quickshift cuts images [H, W]; use segmentation='slic'")
        rgb = image if colour else np.repeat(image.mean(-1, keepdims=True), 3, -1)
        return quickshift(rgb, kernel_size=4, max_dist=200, ratio=0.2, rng=0)  # type: ignore[no-untyped-call]
    if segmentation != "slic":
        raise ValueError(
            f'the segmentation must be "slic", "quickshift", a label map or a callable, got {segmentation!r}'
        )
    # Compactness weighs distance in the image against distance in colour: Lab runs to 100, other values here to 1.
    compactness = 30 if colour else 0.1
    values = image if colour else image.mean(-1)
    return slic(
        values,
        n_segments=n_segments,
        compactness=compactness,
        sigma=1,
        start_label=0,
        channel_axis=-1 if colour else None,
        convert2lab=colour,
    )
