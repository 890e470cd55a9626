"""The space of a layer's channels, divided by k-means: clusters of what its filters say, and which classes say it where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

_CELLS = 512  # of the grid of places that are told apart; a layer with more positions shares them
_PROFILE = 1 << 22  # numbers in a profile (32 MiB); with more classes fewer places are told apart
SMOOTHING = 0.5  # counted as seen of each cluster in each class, so that no probability is 0


@dataclass(frozen=True, eq=False)
class Patch:
    """What a position sees whose vector is near the centroid of its cluster."""

    cluster: int
    pixels: Tensor
    """[C, *box] the receptive field in the input, as the model takes it; scaled down to at most 64 along an axis."""
    label: int
    """The class of its image; -1: not known."""
    distance: float
    """From the centroid."""
    sample: int
    """Which of the images that were clustered, from 0."""
    position: tuple[int, ...]
    """In the layer: (y, x) or (z, y, x)."""
    box: tuple[slice, ...]
    """The receptive field in the image."""


@dataclass(frozen=True, eq=False)
class FilterSpace:
    """k clusters of the vectors at a layer's positions, over K classes."""

    centroids: Tensor
    """float32 [k, C]."""
    counts: Tensor
    """float64 [places, k, K]: positions of each cluster, by place in a grid over the layer and by class of the image."""
    places: tuple[int, ...]
    """Extents of that grid."""
    patches: tuple[Patch, ...] = ()
    """Nearest to its centroid first, at most one an image and cluster."""
    silhouettes: tuple[tuple[int, float], ...] = ()
    """(k, mean silhouette of a sample, -1..1), one for each k that was tried."""
    usual: Tensor | None = None
    """float64 [2, M], each row ascending: of a sample of the clustered images what `strangeness` is."""

    @property
    def k(self) -> int:
        """Number of clusters."""
        return len(self.centroids)

    @cached_property
    def histogram(self) -> Tensor:
        """float64 [k, K]: positions of each cluster by class, over all places."""
        return self.counts.sum(0)

    @cached_property
    def shares(self) -> Tensor:
        """float64 [k]: of all positions."""
        sizes = self.histogram.sum(1)
        return sizes / sizes.sum().clamp(min=1)

    @cached_property
    def purities(self) -> Tensor:
        """float64 [k]: the share of the most frequent class; 0 for a cluster without positions."""
        return self.histogram.amax(1) / self.histogram.sum(1).clamp(min=1)

    @cached_property
    def entropies(self) -> Tensor:
        """float64 [k]: of the classes, in bits; 0: one class only."""
        return _entropy(self.histogram)

    @property
    def purity(self) -> float:
        """Positions that have the most frequent class of their cluster, as a share of all; 0..1."""
        return float((self.shares * self.purities).sum())

    @property
    def entropy(self) -> float:
        """Mean entropy of the classes in a cluster, by positions, in bits."""
        return float((self.shares * self.entropies).sum())

    @property
    def association(self) -> float:
        """Uncertainty coefficient MI(cluster; class) / H(class) in 0..1 (Theil, 1970); 0 where there is one class only."""
        of_classes = float(_entropy(self.histogram.sum(0)[None])[0])
        return max(0.0, 1 - self.entropy / of_classes) if of_classes > 0 else 0.0

    @cached_property
    def log_likelihood(self) -> Tensor:
        """float32 [places, k, K]: log P(cluster | class, place), half a position added to each count (Laplace)."""
        counts = self.counts + SMOOTHING
        return (counts / counts.sum(1, keepdim=True)).log().float()

    def assign(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest cluster of each position, int64 [n, *s], and the distance from its centroid, float32 [n, *s].

        Features [n, C, *s]; values that are not finite count as 0.
        """
        v = features.flatten(2)
        if not v.sum().isfinite():
            v = v.nan_to_num(0.0, 0.0, 0.0)
        c = self.centroids.to(v).expand(len(v), -1, -1)
        # |v|² is the same for all clusters. Matrices with positions last are what convolutions give: nothing is copied.
        distances, nearest = torch.baddbmm(c.square().sum(2, keepdim=True), c, v, alpha=-2).min(1)
        distances = (distances + v.square().sum(1)).clamp(min=0).sqrt()
        shape = features.shape[2:]
        return nearest.unflatten(1, shape), distances.unflatten(1, shape)  # type: ignore[no-untyped-call]

    def evidence(self, assignments: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """The log of P(all positions' clusters | class), float32 [n, K], and at each position of P(class | its cluster) of one class
        [n] an image, float32 [n, *s]. All classes count as equally probable beforehand, and positions as independent.

        Assignments [n, *s].
        """
        likelihood = self.log_likelihood.to(assignments.device)
        place = place_of(tuple(assignments.shape[1:]), self.places).to(assignments.device)
        said, support = [], []
        for mine, label in zip(assignments.flatten(1), classes.tolist(), strict=True):
            here = likelihood[place, mine]  # [P, K]
            said.append(here.sum(0))
            support.append(here.log_softmax(1)[:, label] if label >= 0 else here.new_zeros(len(here)))
        return torch.stack(said), torch.stack(support).reshape(assignments.shape)

    def novelty(self, distances: Tensor, likelihood: Tensor) -> Tensor:
        """How rarely a clustered image looks as strange as these, float32 [n] in 0..1, small: unlike any. NaN where that is not known.

        Strange in one of two ways (Bonferroni): far from the centroids, by the mean squared `distances` [n, *s]; or of clusters that no class
        has together there, by the `likelihood` [n, K] that `evidence` gives.
        """
        if self.usual is None or not self.usual.shape[1]:
            return torch.full((len(distances),), torch.nan, device=distances.device)
        ways = strangeness(distances, likelihood)
        usual = self.usual.to(ways.device)
        m = usual.shape[1]
        as_strange = m - torch.searchsorted(usual, ways.contiguous())
        p = (1 + as_strange) / (m + 1)
        if distances[0].numel() == 1:  # one position has nothing to be together with
            return p[0].float()
        return (2 * p.amin(0)).clamp(max=1).float()


def strangeness(distances: Tensor, likelihood: Tensor) -> Tensor:
    """float64 [2, n]: mean squared distance from the centroids; minus the log-likelihood of the class that has most."""
    far = distances.double().square().flatten(1).mean(1)
    return torch.stack([far.nan_to_num(torch.inf), -likelihood.double().amax(1)])


def place_of(shape: tuple[int, ...], places: tuple[int, ...]) -> Tensor:
    """int64 [P]: the cell, in a grid of `places` over a layer of some shape, that each of its positions lies in."""
    axes = [torch.arange(extent) * cells // extent for extent, cells in zip(shape, places, strict=True)]
    index = torch.zeros((1,) * len(shape), dtype=torch.long)
    for axis, (cells, along) in enumerate(zip(places, axes, strict=True)):
        index = index * cells + along.reshape([-1 if other == axis else 1 for other in range(len(shape))])
    return index.flatten()


def places_in(shape: tuple[int, ...], k: int, classes: int) -> tuple[int, ...]:
    """Extents of the grid of places for a layer of some shape: its own positions, or fewer where these would be too many."""
    most = max(1, min(_CELLS, _PROFILE // (k * classes)))
    longest = max(shape)
    while longest > 1 and int(np.prod([min(extent, longest) for extent in shape])) > most:
        longest -= 1
    return tuple(min(extent, longest) for extent in shape)


def _entropy(counts: Tensor) -> Tensor:
    """In bits, of each row of counts."""
    p = counts / counts.sum(-1, keepdim=True).clamp(min=1)
    bits: Tensor = torch.special.entr(p).sum(-1) / np.log(2)
    return bits
