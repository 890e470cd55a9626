"""The space of a layer's channels, divided by k-means: clusters of what its filters say, and which classes say it where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tb_explain.methods.features import vectors

if TYPE_CHECKING:
    from tb_explain.methods.receptive_fields import ReceptiveFields

_LLOYD = 10_000  # up to so many vectors k-means looks at all of them in each step, beyond at random batches
_SILHOUETTE = 2_000  # vectors that the choice of k is judged by; the figure costs the square of them
CANDIDATES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
"""The numbers of clusters that k="auto" tries."""
_CELLS = 512  # of the grid of places that are told apart; a layer with more positions shares them
_PROFILE = 1 << 24  # numbers in a profile; with more classes fewer places are told apart
_PICTURE = 64  # pixels of the longest side of a patch that is kept
_SMOOTHING = 0.5  # counted as seen of each cluster in each class, so that no probability is 0


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
        counts = self.counts + _SMOOTHING
        return (counts / counts.sum(1, keepdim=True)).log().float()

    def assign(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest cluster of each position, int64 [n, *s], and the distance from its centroid, float32 [n, *s].

        Features [n, C, *s]; values that are not finite count as 0.
        """
        v = vectors(features).nan_to_num(0.0, 0.0, 0.0)
        c = self.centroids.to(v)
        distances, nearest = (c.square().sum(1) - 2 * v @ c.T).min(2)
        distances = (distances + v.square().sum(2)).clamp(min=0).sqrt()
        shape = features.shape[2:]
        return nearest.unflatten(1, shape), distances.unflatten(1, shape)  # type: ignore[no-untyped-call]

    def evidence(self, assignments: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """The log of P(class | all positions), float32 [n, K], and at each position of P(class | its cluster) of one class [n] an image,
        float32 [n, *s]. All classes count as equally probable beforehand, and positions as independent.

        Assignments [n, *s].
        """
        likelihood = self.log_likelihood.to(assignments.device)
        place = self._place(tuple(assignments.shape[1:])).to(assignments.device)
        votes, support = [], []
        for mine, label in zip(assignments.flatten(1), classes.tolist(), strict=True):
            said = likelihood[place, mine]  # [P, K]
            votes.append(said.sum(0))
            support.append(said.log_softmax(1)[:, label] if label >= 0 else said.new_zeros(len(said)))
        return torch.stack(votes).log_softmax(1), torch.stack(support).reshape(assignments.shape)

    def _place(self, shape: tuple[int, ...]) -> Tensor:
        """int64 [P]: the place of each position."""
        return place_of(shape, self.places)


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


def cluster(
    sample: NDArray[np.float32], k: int | str, seed: int, start: Tensor | None = None
) -> tuple[NDArray[np.float32], tuple[tuple[int, float], ...]]:
    """Centroids [k, C] of vectors [M, C] by scikit-learn's k-means, and the study of k for "auto".

    `start`: centroids to go on from, if they are as many and of as many channels. There are never more clusters than distinct
    vectors. Raises ValueError when there are no vectors.
    """
    if not len(sample):
        raise ValueError("the layer gave no finite vector to cluster; look for NaN in the model's weights or its input")
    distinct = _distinct(sample)
    if k != "auto":
        return _k_means(sample, min(int(k), distinct), seed, start), ()
    some = sample[:_SILHOUETTE]
    study: list[tuple[int, float]] = []
    best: tuple[float, NDArray[np.float32]] | None = None
    for candidate in CANDIDATES:
        if candidate > min(distinct, _distinct(some) - 1):
            break
        centroids = _k_means(sample, candidate, seed)
        value = _silhouette(some, centroids)
        study.append((candidate, value))
        if best is None or value > best[0]:
            best = value, centroids
    return (best[1] if best else _k_means(sample, 1, seed)), tuple(study)


def _k_means(sample: NDArray[np.float32], k: int, seed: int, start: Tensor | None = None) -> NDArray[np.float32]:
    from sklearn.cluster import KMeans, MiniBatchKMeans

    init: Any = "k-means++"
    if start is not None and start.shape == (k, sample.shape[1]):
        init = start.cpu().numpy()
    n_init = 3 if isinstance(init, str) else 1
    if len(sample) <= max(_LLOYD, k):
        model = KMeans(k, init=init, n_init=n_init, random_state=seed)
    else:
        model = MiniBatchKMeans(k, init=init, n_init=n_init, batch_size=2048, random_state=seed)
    found: NDArray[np.float32] = model.fit(sample).cluster_centers_.astype(np.float32)
    return found


def _silhouette(sample: NDArray[np.float32], centroids: NDArray[np.float32]) -> float:
    from sklearn.metrics import pairwise_distances_argmin, silhouette_score

    labels = pairwise_distances_argmin(sample, centroids)
    return float(silhouette_score(sample, labels)) if len(np.unique(labels)) > 1 else -1.0


def _distinct(sample: NDArray[np.float32]) -> int:
    """How many vectors differ: by one random projection, which tells all that differ apart with probability 1."""
    direction = np.random.default_rng(0).normal(size=sample.shape[1])
    return len(np.unique(sample.astype(np.float64) @ direction))


@dataclass(eq=False)
class Tally:
    """Counts what clusters are made of while a loader goes by, and keeps the patches nearest to each centroid."""

    space: FilterSpace
    """Without counts yet."""
    counts: NDArray[np.float64]
    most: int
    """Patches of a cluster to keep."""
    fields: ReceptiveFields | None
    _nearest: list[list[Patch]] = field(default_factory=list)

    @classmethod
    def of(
        cls, centroids: Tensor, classes: int, shape: tuple[int, ...], most: int, fields: ReceptiveFields | None
    ) -> Tally:
        """An empty one for a layer of positions in some shape."""
        k = len(centroids)
        places = places_in(shape, k, classes)
        counts = np.zeros((int(np.prod(places)), k, classes))
        return cls(FilterSpace(centroids, torch.empty(0), places), counts, most, fields, [[] for _ in range(k)])

    def add(self, features: Tensor, classes: Tensor, images: Tensor, labels: Sequence[int], first: int) -> None:
        """Features [n, C, *s] of images [n, C, *S] that came after `first` others; `classes` int64 [n] are counted, `labels` shown."""
        assigned, distances = self.space.assign(features)
        shape = tuple(features.shape[2:])
        counts = self.counts
        place = place_of(shape, self.space.places)
        index = (place * counts.shape[1] + assigned.flatten(1).cpu()) * counts.shape[2] + classes.cpu()[:, None]
        counts += torch.bincount(index.flatten(), minlength=counts.size).reshape(counts.shape).numpy()
        if self.fields is None or not self.most:
            return
        # Of each image the position nearest to each centroid.
        n, k = len(features), self.space.k
        flat = torch.where(distances.isfinite(), distances, torch.inf).flatten(1)
        least = flat.new_full((n, k), torch.inf).scatter_reduce(1, assigned.flatten(1), flat, "amin")
        nearest, rows = least.topk(min(self.most, n), 0, largest=False)
        for j, (values, at) in enumerate(zip(nearest.T.tolist(), rows.T.tolist(), strict=True)):
            kept = self._nearest[j]
            for distance, row in zip(values, at, strict=True):
                if distance == float("inf") or (len(kept) == self.most and distance >= kept[-1].distance):
                    break
                mine = (assigned[row].flatten() == j) & (flat[row] == distance)
                position = tuple(int(i) for i in np.unravel_index(int(mine.nonzero()[0, 0]), shape))
                box = self.fields.box(position)
                window = (slice(None), *box)
                pixels = _small(images[row][window])
                kept.append(Patch(j, pixels, labels[row], distance, first + row, position, box))
                kept.sort(key=lambda patch: patch.distance)
                del kept[self.most :]

    def result(self, silhouettes: tuple[tuple[int, float], ...]) -> FilterSpace:
        """What was found."""
        patches = tuple(patch for kept in self._nearest for patch in kept)
        return FilterSpace(self.space.centroids, torch.from_numpy(self.counts), self.space.places, patches, silhouettes)


def _small(pixels: Tensor) -> Tensor:
    scale = _PICTURE / max(pixels.shape[1:])
    if scale >= 1:
        return pixels.float().cpu().clone()
    size = [max(1, round(extent * scale)) for extent in pixels.shape[1:]]
    return torch.nn.functional.interpolate(pixels.float()[None], size, mode="area")[0].cpu()


def _entropy(counts: Tensor) -> Tensor:
    """In bits, of each row of counts."""
    p = counts / counts.sum(-1, keepdim=True).clamp(min=1)
    bits: Tensor = torch.special.entr(p).sum(-1) / np.log(2)
    return bits
