"""Do filters stand for parts? Location instability and part interpretability, of any layer of any network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from tb_explain.methods.interpretable.filters import DEAD
from tb_explain.methods.interpretable.reading import LoudestValues, name_of, read_maps
from tb_explain.methods.layers import Layer
from tb_explain.methods.receptive_fields import ReceptiveFields


@dataclass(frozen=True, eq=False)
class LocationInstability:
    """How far the places of filters wander about the parts; the smaller the better."""

    layer: str
    deviations: Tensor
    """float32 [C, K]: of filter and part, the standard deviation over images of their distance by the image's diagonal. NaN: of dead
    filters, or fewer than 2 images."""
    wandering: Tensor
    """float32 [C, K]: the same of the vector between them, the root of its variances' sum. A filter that circles round a part has a
    deviation of 0 but wanders."""
    classes: Tensor | None
    """int64 [C]: the class that excites each filter most, whose images count; None: no labels were given."""
    dead: tuple[int, ...]
    """Filters that say nothing about any image."""
    variance: Literal["population", "sample"]

    @property
    def value(self) -> float:
        """The mean deviation over filters and parts, as in Zhang et al. 2018."""
        return float(self.deviations.nanmean())

    @property
    def vector_value(self) -> float:
        """The mean over filters of their wandering about the part that they follow best."""
        best = self.wandering.nan_to_num(torch.inf).amin(1)
        return float(best[best.isfinite()].mean())

    def scalars(self, prefix: str = "explain/filters") -> dict[str, float]:
        """By tag, `<prefix>/<layer>/<figure>`."""
        named = {"location_instability": self.value, "wandering": self.vector_value, "dead": float(len(self.dead))}
        return {f"{prefix}/{self.layer}/{name}": value for name, value in named.items()}


@dataclass(frozen=True, eq=False)
class PartInterpretability:
    """How often what a filter says loudly is a part; the larger the better."""

    layer: str
    shares: Tensor
    """float32 [C, K] in 0..1: of the images that have the part, those in which the filter finds it. NaN: of dead filters or absent parts."""
    thresholds: Tensor
    """T_f, float32 [C]: what counts as loud."""
    classes: Tensor | None
    """int64 [C]: the class that excites each filter most, whose images count; None: no labels were given."""
    dead: tuple[int, ...]
    """Filters that say nothing about any image."""

    @property
    def parts(self) -> Tensor:
        """Int64 [C]: the part that each filter finds most often; -1 of dead ones, and of those that find none."""
        best = self.shares.nan_to_num(0).max(1)
        return torch.where(best.values > 0, best.indices, -1)

    @property
    def values(self) -> Tensor:
        """Float32 [C]: how often it finds it."""
        shares = self.shares.nan_to_num(-1).amax(1)
        return torch.where(shares < 0, torch.nan, shares)

    @property
    def value(self) -> float:
        """The mean over live filters."""
        return float(self.values.nanmean())

    def scalars(self, prefix: str = "explain/filters") -> dict[str, float]:
        """By tag, `<prefix>/<layer>/<figure>`."""
        return {f"{prefix}/{self.layer}/part_interpretability": self.value}


def location_instability(
    model: nn.Module,
    layer: Layer,
    data: Any,
    landmarks: Tensor | None = None,
    *,
    masks: Tensor | None = None,
    labels: Tensor | None = None,
    top: int = 100,
    variance: Literal["population", "sample"] = "population",
    fields: ReceptiveFields | None = None,
) -> LocationInstability:
    """Location instability of a layer's filters (Zhang et al. 2018, section 4.2): D_{f,k} = std_I ‖p_k(I) − p(μ_f(I))‖ / √(H² + W²).

    p_k is the part, p(μ_f) the peak of the filter's map (before the mask of an interpretable layer), I the `top` images with the
    part in which the filter's peak is highest. The model is left as it was. Cost: one forward pass an image.

    Args:
        data: images [N, C, *S] or a loader of batches that does not shuffle.
        landmarks: float [N, K, axes], (row, column) of parts in pixels; NaN: the image does not have the part. None: centroids of `masks`.
        masks: bool [N, K, *S] of the parts.
        labels: int64 [N]: only images count of the class that excites the filter most. None: all that have the part.
        variance: population (divided by n) or sample (by n − 1, as the authors' code has it).
        fields: of the layer, to take a position for the middle of its receptive field; None: for that of its share of the image.
    """
    if landmarks is None:
        if masks is None:
            raise ValueError(
                "location instability needs to know where parts are: give landmarks [N, K, 2], (row, column) in pixels, or masks "
                "[N, K, H, W] of parts or of whole objects"
            )
        landmarks = centroids(masks)
    if landmarks.ndim != 3 or not landmarks.is_floating_point():
        raise ValueError(
            f"landmarks must be floats [N, K, axes] in pixels, got {landmarks.dtype} {list(landmarks.shape)}"
        )
    if variance not in ("population", "sample"):
        raise ValueError(f"variance must be 'population' or 'sample', got {variance!r}")
    if top < 2:
        raise ValueError(f"top must be 2 images or more, got {top}")
    peaks, places, excitement = [], [], []
    size: tuple[int, ...] = ()
    with read_maps(model, layer, data) as batches:
        for batch, maps in batches:
            size, sites = tuple(batch.images.shape[2:]), tuple(maps.shape[2:])
            peak, at = maps.flatten(2).max(2)
            peaks.append(peak.cpu())
            places.append(_pixels(at.cpu(), sites, size, fields))
            excitement.append(maps.clamp(min=0).flatten(2).sum(2).cpu())
    peak, place = torch.cat(peaks), torch.cat(places)
    n, channels = peak.shape
    if landmarks.shape[0] != n or landmarks.shape[2] != len(size):
        raise ValueError(f"landmarks must be [{n}, K, {len(size)}] for these images, got {list(landmarks.shape)}")
    classes, own = _classes(torch.cat(excitement), labels)
    dead = (peak <= DEAD).all(0)
    marks = landmarks.detach().cpu().float()
    found = torch.full((2, channels, marks.shape[1]), torch.nan)
    for k in range(marks.shape[1]):
        usable = marks[:, k].isfinite().all(1)[:, None] & own & peak.isfinite() & ~dead
        highest = peak.masked_fill(~usable, -torch.inf).topk(min(top, n), 0)
        counted = highest.values.isfinite()
        rows = highest.indices
        offset = (marks[rows, k] - place.gather(0, rows[..., None].expand(-1, -1, len(size)))) / math.hypot(*size)
        found[0, :, k] = _variance(offset.norm(dim=2)[..., None], counted, variance).sqrt()
        found[1, :, k] = _variance(offset, counted, variance).sqrt()
    named_dead = tuple(dead.nonzero()[:, 0].tolist())
    return LocationInstability(name_of(model, layer), found[0], found[1], classes, named_dead, variance)


def part_interpretability(
    model: nn.Module,
    layer: Layer,
    data: Any,
    masks: Tensor | None = None,
    *,
    labels: Tensor | None = None,
    quantile: float = 0.995,
    dilation: int = 1,
    overlap: float = 0.2,
) -> PartInterpretability:
    """How often a filter's loud region is a part (Bau et al. 2017; Zhang et al. 2018, section 4.1): share of images with IoU > `overlap`.

    A filter's region in an image are the positions where its map (before the mask of an interpretable layer) is at least T_f, its
    `quantile` over all positions of all images, grown by `dilation` positions and enlarged to the image's size by nearest neighbours.
    The model is left as it was. Cost: two forward passes an image.

    Args:
        data: images [N, C, *S] or a loader of batches that does not shuffle.
        masks: bool [N, K, *S] of the parts; empty where the image does not have one.
        labels: int64 [N]: only images count of the class that excites the filter most. None: all that have the part.
    """
    if masks is None:
        raise ValueError(
            "part interpretability needs to know which pixels parts cover: give masks [N, K, H, W], empty where an image does not "
            "have the part"
        )
    if masks.ndim < 4 or masks.is_floating_point() or masks.is_complex():
        raise ValueError(f"masks must be bool [N, K, *S], got {masks.dtype} {list(masks.shape)}")
    loudest = LoudestValues(len(masks), quantile)
    excitement, n = [], 0
    with read_maps(model, layer, data) as batches:
        for batch, maps in batches:
            n += len(maps)
            if masks.shape[2:] != batch.images.shape[2:]:
                raise ValueError(
                    f"masks must have the images' size {list(batch.images.shape[2:])}, got {list(masks.shape[2:])}"
                )
            loudest.add(maps)
            excitement.append(maps.clamp(min=0).flatten(2).sum(2).cpu())
    if n != len(masks):
        raise ValueError(f"there are masks of {len(masks)} images, but {n} images")
    classes, own = _classes(torch.cat(excitement), labels)
    thresholds = loudest.thresholds()
    found = torch.zeros(thresholds.shape[0], masks.shape[1])
    present = found.clone()
    with read_maps(model, layer, data) as batches:
        for batch, maps in batches:
            rows = slice(batch.first, batch.first + len(maps))
            there = masks[rows].to(maps.device) != 0
            iou = _overlaps(maps >= thresholds.reshape(-1, *(1,) * (maps.ndim - 2)), there, dilation).cpu()
            has = there.flatten(2).any(2).cpu()[:, None] & own[rows, :, None]
            found += ((iou > overlap) & has).sum(0)
            present += has.sum(0)
    dead = (loudest.peaks() <= DEAD).cpu()
    shares = torch.where((present > 0) & ~dead[:, None], found / present.clamp(min=1), torch.nan)
    named_dead = tuple(dead.nonzero()[:, 0].tolist())
    return PartInterpretability(name_of(model, layer), shares, thresholds.cpu(), classes, named_dead)


def centroids(masks: Tensor) -> Tensor:
    """float32 [N, K, axes]: the middle of each mask [N, K, *S] in pixels; NaN of an empty one."""
    weights = (masks != 0).float()
    total = weights.flatten(2).sum(2)
    found = []
    for axis, extent in enumerate(masks.shape[2:]):
        along = weights.movedim(2 + axis, 2).flatten(3).sum(3)
        found.append((along * torch.arange(extent, device=masks.device)).sum(2) / total)
    return torch.stack(found, 2)


def _pixels(at: Tensor, sites: tuple[int, ...], size: tuple[int, ...], fields: ReceptiveFields | None) -> Tensor:
    """float32 [*, axes]: where flat indices of positions are in the image, in pixels from the middle of the first."""
    found: list[Tensor] = []
    for axis in reversed(range(len(sites))):
        if fields is None:
            centre = (torch.arange(sites[axis]) + 0.5) * size[axis] / sites[axis] - 0.5
        else:
            centre = (torch.tensor(fields.starts[axis]) + torch.tensor(fields.stops[axis]) - 1) / 2
            if len(centre) != sites[axis]:
                raise ValueError(f"the fields are of a layer of {len(centre)} positions, this one has {sites[axis]}")
        found.insert(0, centre[at % sites[axis]])
        at = at // sites[axis]
    return torch.stack(found, -1)


def _classes(excitement: Tensor, labels: Tensor | None) -> tuple[Tensor | None, Tensor]:
    """The class of each filter, and whether an image counts for it, bool [N, C]."""
    n, channels = excitement.shape
    if labels is None:
        return None, torch.ones(n, channels, dtype=torch.bool)
    if labels.shape != (n,) or labels.is_floating_point():
        raise ValueError(f"labels must be {n} class indices (integers), got {labels.dtype} {list(labels.shape)}")
    labels = labels.detach().cpu()
    present = torch.unique(labels)
    classes = present[torch.stack([excitement[labels == one].mean(0) for one in present]).argmax(0)]
    return classes, labels[:, None] == classes


def _variance(values: Tensor, counted: Tensor, kind: str) -> Tensor:
    """Summed variances over the first axis of [T, C, d] where counted [T, C]; NaN of fewer than 2."""
    count = counted.sum(0)
    values = torch.where(counted[..., None], values, 0)
    mean = values.sum(0) / count.clamp(min=1)[:, None]
    squares = torch.where(counted[..., None], (values - mean).square(), 0).sum((0, 2))
    return torch.where(count > 1, squares / (count if kind == "population" else count - 1).clamp(min=1), torch.nan)


def _overlaps(loud: Tensor, masks: Tensor, dilation: int) -> Tensor:
    """IoU [n, C, K] of regions, bool [n, C, *s], grown and enlarged to the size of masks, bool [n, K, *S], with these.

    Each pixel belongs to one position, so that counting a mask's pixels by position does what enlarging the regions would.
    """
    sites, size = loud.shape[2:], masks.shape[2:]
    grown = loud.float()
    if dilation:
        pool: Any = nn.functional.max_pool2d if len(sites) == 2 else nn.functional.max_pool3d
        grown = pool(grown, 2 * dilation + 1, stride=1, padding=dilation)
    pixels = masks.float()
    area = torch.ones(1, 1, *size, device=masks.device)
    for axis, (few, many) in enumerate(zip(sites, size, strict=True)):
        nearest = torch.arange(many, device=masks.device) * few // many
        shape = [*pixels.shape[: 2 + axis], few, *pixels.shape[3 + axis :]]
        pixels = pixels.new_zeros(shape).index_add(2 + axis, nearest, pixels)
        area = area.new_zeros([1, 1, *shape[2:]]).index_add(2 + axis, nearest, area)
    region = grown.flatten(2)
    shared = region @ pixels.flatten(2).mT
    union = (region * area.flatten(2)).sum(2)[..., None] + pixels.flatten(2).sum(2)[:, None] - shared
    return shared / union.clamp(min=1)
