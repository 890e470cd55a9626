"""One image and the maps that are judged on it: at their own resolution, at the image's, and as ranks of its pixels."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from tb_explain.methods.baselines import Baseline, baseline_image
from tb_explain.methods.batch import Batch
from tb_explain.methods.layers import resized

NOISE, ORDER, IMPUTATION = range(3)
"""What random numbers are for; each purpose has its own."""


class Subject:
    """An image [C, *S] of a batch, M maps of it [*s] of any resolutions, and the object's masks bool [T, *S], if any."""

    def __init__(self, batch: Batch, row: int, native: list[Tensor], masks: Tensor | None, seed: int) -> None:
        self.image = batch.images[row]
        self.native = native
        self.masks = masks
        self._sample = batch.first + row
        self._seed = seed

    @property
    def size(self) -> tuple[int, ...]:
        """(H, W), or (D, H, W), of the image."""
        return tuple(self.image.shape[1:])

    @cached_property
    def maps(self) -> Tensor:
        """float32 [M, *S]: the maps, interpolated to the image's size."""
        return torch.stack([resized(one[None, None], self.size)[0, 0] for one in self.native])

    @cached_property
    def ranks(self) -> Tensor:
        """int32 [M, P]: the place of each pixel in the order of a map, 0 the highest; ties in random order, the same for all maps."""
        flat = self.maps.flatten(1)
        shuffled = torch.randperm(flat.shape[1], device="cpu", generator=self.generator(ORDER)).to(flat.device)
        order = shuffled[flat[:, shuffled].argsort(dim=1, descending=True, stable=True)]
        places = torch.arange(flat.shape[1], dtype=torch.int32, device=flat.device)
        return torch.empty_like(order, dtype=torch.int32).scatter_(1, order, places.expand_as(order))

    @cached_property
    def opacities(self) -> Tensor:
        """float32 [M, *S] in 0..1: what of each map is above 0, from its least to its greatest value; 0 for a constant one."""
        scaled = []
        for one in self.native:
            positive = one.clamp(min=0)
            low, high = positive.min(), positive.max()
            scaled.append(resized(((positive - low) / (high - low).clamp(min=1e-12))[None, None], self.size)[0, 0])
        return torch.stack(scaled)

    def hidden(self, baseline: Baseline) -> Tensor:
        """The image with all of it replaced, [C, *S]."""
        return baseline_image(baseline, self.image, self._sample)

    def generator(self, purpose: int) -> torch.Generator:
        """Random numbers for one purpose; they depend on the seed and on the sample's place in the call, not on the batch."""
        return torch.Generator().manual_seed((self._seed * 1_000_003 + self._sample) * 3 + purpose)

    def noise(self, size: tuple[int, ...]) -> Tensor:
        """A map that knows nothing: uniform noise in 0..1 of a map's own resolution."""
        return torch.rand(size, device="cpu", generator=self.generator(NOISE)).to(self.image.device)


def centred_gaussian(size: tuple[int, ...], device: torch.device) -> Tensor:
    """A map that only knows that photographers put things in the middle: a Gaussian of a quarter of each side."""
    result = torch.ones((), device=device)
    for extent in size:
        offsets = (torch.arange(extent, device=device) - (extent - 1) / 2) / (extent / 4)
        result = result[..., None] * torch.exp(-0.5 * offsets**2)
    return result
