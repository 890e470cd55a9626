"""Which patterns the peaks of a layer's filters form over the images of a class."""

from __future__ import annotations

import dataclasses
import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from tb_explain.methods.interpretable.filters import DEAD
from tb_explain.methods.interpretable.reading import LoudestValues, n_images, name_of, read_maps
from tb_explain.methods.layers import Layer

_NEIGHBOURS = 2  # positions on each side in which a peak is alone
_MOST_MODES = 4
_SUPPORT_OF_A_MODE = 10  # images
_SAME_PART = 1.5  # positions
_REACH = 3.0  # spreads within which a peak belongs to a node
_ROUNDING = 1 / 12  # variance of a place that is known to a whole position
_PAIRS_GROWN = 200


@dataclass(frozen=True)
class PatternNode:
    """A filter at a place of its own: one mode of where its highest peak lies, seen from the object's anchor."""

    filter: int
    offset: tuple[float, ...]
    """Mean, in positions of the layer, (down, right)."""
    spread: float
    """Standard deviation along an axis, in positions."""
    support: float
    """In 0..1: share of the class's images that have it."""
    part: int
    """Nodes of one part lie within 1.5 positions of each other, or of others between them."""


@dataclass(frozen=True)
class Pattern:
    """Nodes that occur together."""

    nodes: tuple[int, ...]
    """Indices into `Patterns.nodes`."""
    support: float
    """In 0..1: share of the class's images that have them all."""
    confidence: float
    """In 0..1: share of the class among the images that have them all; NaN: there were no others to compare with."""


@dataclass(frozen=True, eq=False)
class Patterns:
    """What `mine_patterns` found over N images, in a layer of C filters."""

    layer: str
    nodes: tuple[PatternNode, ...]
    patterns: tuple[Pattern, ...]
    """Pairs and triples of nodes, by support times confidence."""
    modes: Tensor
    """int64 [C]: how many nodes each filter has; 0 of those with hardly a peak."""
    peaks: Tensor
    """float32 [C]: peaks in an image of the class that has any, on average; NaN: none has."""
    confidence: Tensor
    """float32 [C] in 0..1: share of the class among the images in which the filter peaks; NaN: there were no others to compare with."""
    thresholds: Tensor
    """float32 [C]: T_f, from which on a peak counts."""
    anchors: Tensor
    """float32 [N, axes]: the middle of what all filters say about an image, in positions of the layer."""
    places: Tensor
    """int64 [N, C, axes]: the position of each filter's highest peak."""
    present: Tensor
    """bool [N, nodes]: which images have which nodes."""

    def where(self, *nodes: int) -> tuple[Tensor, Tensor]:
        """The images that have all of some nodes, int64 [M], and the positions of the nodes' filters there, int64 [M, nodes, axes]."""
        images = self.present[:, list(nodes)].all(1).nonzero()[:, 0]
        return images, self.places[images][:, [self.nodes[node].filter for node in nodes]]


def mine_patterns(
    model: nn.Module,
    layer: Layer,
    data: Any,
    target: int | None = None,
    *,
    labels: Tensor | None = None,
    quantile: float = 0.995,
    support: float = 0.3,
    confidence: float = 0.95,
    most: int = 20,
    seed: int = 0,
) -> Patterns:
    """Find where each filter of a layer peaks, seen from the object, and which of these peaks occur together, in images of a class.

    A filter peaks where its map (before the mask of an interpretable layer) is the largest within two positions and at least T_f, its
    `quantile` over all positions of all images. Offsets of the highest peaks from the object's anchor (the centroid of the summed maps,
    each by its peak, above their median) are taken apart by Gaussian mixtures of 1 to 4 spherical components, chosen by BIC: the nodes.
    Sets of 2 or 3 nodes that enough images have are found as by Apriori (Agrawal & Srikant 1994); after mid-level pattern mining
    (Li et al. 2015). The model is left as it was. Cost: two forward passes an image.

    Args:
        data: images [N, C, *S], or a loader of batches of images or (images, labels) that does not shuffle; gone through three times.
        target: the class; None: all images are of it.
        labels: int64 [N], where the loader gives none.
        support, confidence: least ones of a pattern.
        most: patterns to keep.
        seed: of the mixtures' first guesses.
    """
    loudest = LoudestValues(n_images(data), quantile)
    with read_maps(model, layer, data) as batches:
        for _, maps in batches:
            loudest.add(maps)
    thresholds, highest = loudest.thresholds(), loudest.peaks().clamp(min=DEAD)
    told: list[tuple[Tensor, ...]] = []
    with read_maps(model, layer, data) as batches:
        for batch, maps in batches:
            own = torch.zeros(len(maps)) if batch.labels is None else batch.labels
            told.append((own.cpu(), *(values.cpu() for values in _peaks(maps, thresholds, highest))))
            known = batch.labels is not None or labels is not None
    own, places, counts, anchors = (torch.cat(parts) for parts in zip(*told, strict=True))
    of_class = torch.ones(len(own), dtype=torch.bool)
    if target is not None:
        if not known or (labels is not None and labels.shape != own.shape):
            raise ValueError(
                f"to know which images are of class {target}, labels of all {len(own)} images are needed; give labels"
            )
        of_class = (own if labels is None else labels.cpu()) == target
        if not of_class.any():
            raise ValueError(f"no image is of class {target}; name another class")
    nodes, present, modes = _nodes(places - anchors[:, None], counts > 0, of_class, seed)
    peaking = counts > 0
    mine = peaking & of_class[:, None]
    sure = mine.sum(0) / peaking.sum(0) if not of_class.all() else torch.full_like(modes, torch.nan, dtype=torch.float)
    return Patterns(
        layer=name_of(model, layer),
        nodes=_with_parts(nodes),
        patterns=_together(present, of_class, support, confidence, most),
        modes=modes,
        peaks=(counts * of_class[:, None]).sum(0) / mine.sum(0),
        confidence=sure,
        thresholds=thresholds.cpu(),
        anchors=anchors,
        places=places,
        present=present,
    )


def _peaks(maps: Tensor, thresholds: Tensor, highest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of maps [n, C, *s]: the highest peaks' positions [n, C, axes], how many peaks there are [n, C], and the anchors [n, axes]."""
    sites = maps.shape[2:]
    pool: Any = nn.functional.max_pool2d if len(sites) == 2 else nn.functional.max_pool3d
    around = pool(maps, 2 * _NEIGHBOURS + 1, stride=1, padding=_NEIGHBOURS)
    wide = (-1, *(1,) * len(sites))
    counts = ((maps == around) & (maps >= thresholds.reshape(wide))).flatten(2).sum(2)
    said = (maps.clamp(min=0) / highest.reshape(wide)).sum(1).flatten(1)
    said = (said - said.median(1, keepdim=True).values).clamp(min=0)
    said = torch.where(said.sum(1, keepdim=True) > 0, said, 1)
    grid = torch.cartesian_prod(*(torch.arange(extent, device=maps.device) for extent in sites)).float()
    anchors = said @ grid / said.sum(1, keepdim=True)
    return grid.long()[maps.flatten(2).argmax(2)], counts, anchors


def _nodes(offsets: Tensor, peaking: Tensor, of_class: Tensor, seed: int) -> tuple[list[PatternNode], Tensor, Tensor]:
    """The nodes of all filters, which images have them [N, nodes], and how many each filter has [C]."""
    n, channels, _ = offsets.shape
    nodes: list[PatternNode] = []
    has: list[Tensor] = []
    modes = torch.zeros(channels, dtype=torch.long)
    for f in tqdm(range(channels), desc="mining patterns", unit="filter", leave=False, delay=2, disable=None):
        mine = peaking[:, f] & of_class
        if mine.sum() < _SUPPORT_OF_A_MODE:
            continue
        mixture = _mixture(offsets[mine, f].double().numpy(), seed)
        assigned = torch.from_numpy(mixture.predict(offsets[:, f].double().numpy()))
        modes[f] = len(mixture.means_)
        for j, (mean, variance) in enumerate(zip(mixture.means_, mixture.covariances_, strict=True)):
            distance = (offsets[:, f] - torch.from_numpy(mean).float()).norm(dim=1)
            there = peaking[:, f] & (assigned == j) & (distance <= _REACH * math.sqrt(variance))
            share = float((there & of_class).sum() / of_class.sum())
            nodes.append(PatternNode(f, tuple(map(float, mean)), math.sqrt(variance), share, -1))
            has.append(there)
    return nodes, torch.stack(has, 1) if has else torch.zeros(n, 0, dtype=torch.bool), modes


def _mixture(points: np.ndarray[Any, np.dtype[np.float64]], seed: int) -> Any:
    from sklearn.mixture import GaussianMixture

    most = min(_MOST_MODES, len(points) // _SUPPORT_OF_A_MODE, len(np.unique(points, axis=0)))
    fits = [
        GaussianMixture(k, covariance_type="spherical", reg_covar=_ROUNDING, random_state=seed).fit(points)
        for k in range(1, most + 1)
    ]
    return min(fits, key=lambda fit: float(fit.bic(points)))


def _with_parts(nodes: list[PatternNode]) -> tuple[PatternNode, ...]:
    if not nodes:
        return ()
    offsets = torch.tensor([node.offset for node in nodes])
    near = torch.cdist(offsets, offsets) < _SAME_PART
    parts, before = torch.arange(len(nodes)), None
    while before is None or not torch.equal(parts, before):  # each takes the least name among its neighbours'
        before, parts = parts, torch.where(near, parts, len(nodes)).amin(1)
    names = torch.unique(parts, return_inverse=True)[1].tolist()
    return tuple(dataclasses.replace(node, part=name) for node, name in zip(nodes, names, strict=True))


def _together(present: Tensor, of_class: Tensor, support: float, confidence: float, most: int) -> tuple[Pattern, ...]:
    """The best frequent pairs, and triples that hold one of them."""
    sides = tuple(present[rows].float() for rows in (of_class, ~of_class))
    frequent = (sides[0].mean(0) >= support).nonzero()[:, 0].tolist()

    def grown(nodes: tuple[int, ...]) -> Iterator[Pattern]:
        """The frequent sets of one node more."""
        inside, outside = (side[:, list(nodes)].prod(1) @ side for side in sides)
        shares = (inside / len(sides[0])).tolist()
        sure = (inside / (inside + outside)).tolist()
        for node in frequent:
            if node not in nodes and shares[node] >= support:
                known = sure[node] if len(sides[1]) else math.nan
                yield Pattern(tuple(sorted((*nodes, node))), shares[node], known)

    pairs = (pair for node in frequent for pair in grown((node,)) if pair.nodes[0] == node)
    best = heapq.nlargest(max(_PAIRS_GROWN, most), pairs, key=_rank)
    triples = {triple.nodes: triple for pair in best[:_PAIRS_GROWN] for triple in grown(pair.nodes)}
    sure = (one for one in [*best, *triples.values()] if not one.confidence < confidence)
    return tuple(heapq.nlargest(most, sure, key=_rank))


def _rank(pattern: Pattern) -> float:
    return pattern.support * (1.0 if math.isnan(pattern.confidence) else pattern.confidence)
