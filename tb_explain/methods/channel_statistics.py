"""What the channels of a layer respond to, over any number of images: running figures, and the places of the strongest responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from tb_explain.methods.receptive_fields import ReceptiveFields

_NOTHING = 1e-6


@dataclass(frozen=True, eq=False)
class TopPatches:
    """The m images to which each of C channels responds most, cut to what the place of the response sees; strongest first."""

    pixels: Tensor
    """float16 [C, m, C_in, *p] in model space: what the place sees, in a square of what is around it."""
    values: Tensor
    """float32 [C, m]: the responses; -inf: there were fewer, since what is not above 0 is no response."""
    images: Tensor
    """int64 [C, m]: which image, from 0 in the order in which they came; -1: there were fewer."""
    ids: Tensor
    """int64 [C, m]: of the pictures of the whole images; 0: not known."""
    labels: Tensor
    """int64 [C, m]: true classes; -1: not known."""
    boxes: Tensor
    """int64 [C, m, 2, axes]: what the place sees, in pixels: starts, and stops."""


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    """What C channels say of all positions of some images. Values that are not finite do not count."""

    images: int
    mean: Tensor
    """float32 [C]."""
    maximum: Tensor
    """float32 [C]."""
    sparsity: Tensor
    """float32 [C] in 0..1: share of positions at or below 0."""
    dead: Tensor
    """bool [C]: never above 0, or the same everywhere."""
    luminance: Tensor
    """float32 [C] in 0..1: magnitude of the correlation with the brightness of the image there; 0 for dead channels."""
    class_means: Tensor
    """float32 [C, K]: mean response max(a, 0) to images of each class; NaN: of a class that did not come."""
    selectivity: Tensor
    """float32 [C] in 0..1: (m - r) / (m + r), of the greatest class mean m and the mean r of the others (Morcos et al. 2018); NaN: fewer than
    two classes came, or the channel is dead."""
    preferred: Tensor
    """int64 [C]: the class of the greatest mean; -1: not known."""
    tops: TopPatches | None


class RunningStatistics:
    """Counts batches in.

    Args:
        channels, classes: C and K.
        fields: of the layer's positions, for the patches; None: keep none.
        tops: m.
        longest: extent p of the patches in pixels, at most.
    """

    def __init__(self, channels: int, classes: int, fields: ReceptiveFields | None, tops: int, longest: int) -> None:
        self._count = torch.zeros(channels, dtype=torch.float64)
        self._sums = torch.zeros(5, channels, dtype=torch.float64)  # of a, a², l, l², a l
        self._silent = torch.zeros(channels, dtype=torch.float64)
        self._least = torch.full((channels,), torch.inf)
        self._greatest = -self._least
        self._by_class = torch.zeros(classes, channels, dtype=torch.float64)
        self._class_counts = torch.zeros(classes, channels, dtype=torch.float64)
        self._images = 0
        self._fields = fields
        self._longest = longest
        shape = (channels, tops if fields is not None else 0)
        self._values = torch.full(shape, -torch.inf)
        self._where, self._labels = torch.full(shape, -1), torch.full(shape, -1)
        self._ids = torch.zeros(shape, dtype=torch.int64)
        self._positions = torch.zeros(shape, dtype=torch.int64)
        self._pixels: Tensor | None = None

    def add(self, said: Tensor, images: Tensor, classes: Tensor, labels: Tensor | None, ids: Sequence[int]) -> None:
        """A batch: activations [n, C, *s] of images [n, C_in, *S]; the classes [n] that they count as, their true ones if known, and the
        ids of their pictures.
        """
        n, channels = said.shape[:2]
        bright = interpolate(images.float().mean(1, keepdim=True), said.shape[2:], mode="area").expand_as(said)
        a, light = (values.movedim(1, 0).flatten(1).double().cpu() for values in (said, bright))
        known = a.isfinite() & light.isfinite()
        a, light = a.where(known, 0), light.where(known, 0)
        self._count += known.sum(1)
        self._sums += torch.stack(
            [(x * y).sum(1) for x, y in ((a, known), (a, a), (light, known), (light, light), (a, light))]
        )
        self._silent += ((a <= _NOTHING) & known).sum(1)
        self._least = torch.minimum(self._least, a.where(known, torch.inf).amin(1).float())
        self._greatest = torch.maximum(self._greatest, a.where(known, -torch.inf).amax(1).float())
        response = a.clamp(min=0).reshape(channels, n, -1)
        finite = known.reshape(channels, n, -1)
        self._by_class.index_add_(0, classes.cpu(), response.sum(2).T)
        self._class_counts.index_add_(0, classes.cpu(), finite.sum(2).T.double())
        if self._values.numel():
            responses = said.float().where(said.isfinite() & (said > _NOTHING), -torch.inf)
            self._keep(responses.flatten(2).cpu(), images, labels, ids)
        self._images += n

    def _keep(self, said: Tensor, images: Tensor, labels: Tensor | None, ids: Sequence[int]) -> None:
        m = self._values.shape[1]
        peaks, positions = said.max(2)  # [n, C]: each image counts once
        n = len(peaks)
        places = torch.arange(self._images, self._images + n)
        true = torch.full((n,), -1) if labels is None else labels.cpu()
        # [C, m] of m + n; of equals the first, whatever the batches
        values, order = torch.cat([self._values, peaks.T], 1).sort(dim=1, descending=True, stable=True)
        values, order = values[:, :m], order[:, :m]
        new = (order >= m) & (values > -torch.inf)

        def merged(kept: Tensor, batch: Tensor) -> Tensor:
            return torch.cat([kept, batch.expand(len(kept), n) if batch.ndim == 1 else batch], 1).gather(1, order)

        sites = tuple(map(len, self._fields.starts)) if self._fields else ()
        if self._pixels is None:
            extent = min(self._longest, max(images.shape[2:]))
            self._pixels = torch.zeros(
                *self._values.shape, images.shape[1], *(extent,) * (images.ndim - 2), dtype=torch.float16
            )
        kept = order.clamp(max=m - 1).reshape(*order.shape, *(1,) * (self._pixels.ndim - 2))
        pixels = self._pixels.gather(1, kept.expand_as(self._pixels))
        self._values = values
        self._where, self._labels = merged(self._where, places), merged(self._labels, true)
        self._ids = merged(self._ids, torch.tensor(list(ids) or [0] * n))
        self._positions = merged(self._positions, positions.T)
        for channel, slot in new.nonzero().tolist():
            row = int(order[channel, slot]) - m
            position = _unravelled(int(self._positions[channel, slot]), sites)
            pixels[channel, slot] = self._patch(images[row], position)
        self._pixels = pixels

    def _patch(self, image: Tensor, position: Sequence[int]) -> Tensor:
        """What a position sees, or where that is no square a square around it, in `longest` pixels."""
        assert self._fields is not None
        assert self._pixels is not None
        box = self._fields.box(position)
        side = max(1, *(axis.stop - axis.start for axis in box))
        square: list[slice] = [slice(None)]
        for axis, whole in zip(box, image.shape[1:], strict=True):
            start = min(max(0, (axis.start + axis.stop - side) // 2), max(0, whole - side))
            square.append(slice(start, min(start + side, whole)))
        patch = image[tuple(square)].detach().float().nan_to_num(0, 0, 0)[None]
        extent = self._pixels.shape[3:]
        mode = "area" if patch.shape[2] > extent[0] else "nearest-exact"
        return interpolate(patch, extent, mode=mode)[0].to("cpu", torch.float16)

    def result(self) -> ChannelStatistics:
        """The figures so far. Channels of which nothing finite was seen are dead."""
        count = self._count.clamp(min=1)
        mean, square, light, light_square, product = self._sums / count
        variance, light_variance = square - mean.square(), light_square - light.square()
        magnitude = torch.maximum(self._greatest.abs(), self._least.abs())
        moving = (self._greatest - self._least > _NOTHING * magnitude) & (self._count > 0)
        dead = ~moving | (self._greatest <= _NOTHING)
        size = (variance * light_variance).clamp(min=0).sqrt()
        related = (product - mean * light).abs() / size.clamp(min=1e-300)
        counted = self._class_counts > 0
        class_means = (self._by_class / self._class_counts.clamp(min=1)).where(counted, torch.nan).T
        selectivity, preferred = _selectivity(class_means)
        return ChannelStatistics(
            images=self._images,
            mean=mean.float(),
            maximum=self._greatest.where(self._count > 0, 0),
            sparsity=(self._silent / count).float(),
            dead=dead,
            luminance=torch.where(~dead & (size > _NOTHING**2), related, 0).clamp(0, 1).float(),
            class_means=class_means.float(),
            selectivity=selectivity.where(~dead, torch.nan).float(),
            preferred=preferred.where(~dead, -1),
            tops=self._tops(),
        )

    def _tops(self) -> TopPatches | None:
        if self._fields is None or self._pixels is None:
            return None
        sites, axes = tuple(map(len, self._fields.starts)), len(self._fields.size)
        boxes = torch.zeros(*self._values.shape, 2, axes, dtype=torch.int64)
        for channel, slot in (self._values > -torch.inf).nonzero().tolist():
            box = self._fields.box(_unravelled(int(self._positions[channel, slot]), sites))
            boxes[channel, slot] = torch.tensor([[axis.start for axis in box], [axis.stop for axis in box]])
        known = self._values > -torch.inf
        return TopPatches(
            pixels=self._pixels,
            values=self._values,
            images=self._where.where(known, -1),
            ids=self._ids.where(known, 0),
            labels=self._labels.where(known, -1),
            boxes=boxes,
        )


def _selectivity(class_means: Tensor) -> tuple[Tensor, Tensor]:
    """Of class means [C, K], NaN where a class did not come: the index and the preferred class [C]."""
    came = class_means.isfinite()
    several = came.sum(1) > 1
    greatest, preferred = class_means.where(came, -torch.inf).max(1)
    rest = (class_means.where(came, 0).sum(1) - greatest.where(several, 0)) / (came.sum(1) - 1).clamp(min=1)
    total = greatest + rest
    index = torch.where(several & (total > 0), (greatest - rest) / total.clamp(min=1e-300), torch.nan)
    return index, torch.where(several & (total > 0), preferred, -1)


def _unravelled(position: int, sites: Sequence[int]) -> list[int]:
    found = []
    for extent in reversed(sites):
        position, rest = divmod(position, extent)
        found.append(rest)
    return found[::-1]
