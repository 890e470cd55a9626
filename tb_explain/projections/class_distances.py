"""How far apart classes lie in the space of the features: centroids, silhouettes, neighbourhoods, and which are confused.

Features are compared by their directions: z is a row divided by its length, d(z, z') = 1 - z . z' the cosine distance. Since it is
linear in either, the mean distance of a row from a class is its distance from the mean of the class's rows,

    mean_{j in c} d(z, z_j) = 1 - z . m_c        m_c = mean_{j in c} z_j

and so silhouettes of all N rows take the time of one product [N, d] x [d, K], not of N^2 distances, and nothing is sampled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections.quality import K as NEIGHBOURS
from tb_explain.projections.quality import knn_purity, mean

MAX_CLASSES = 2000  # beyond it, matrices of classes are too large to look at
FEWEST = 3  # rows of a class that has a silhouette
MAX_PAIRS = 50
BETWEEN = 8  # rows shown for a pair

_TINY = 1e-12  # what rounding leaves of a distance that is none
_BLOCK = 4_000_000  # numbers in a block of rows: 32 MB


@dataclass(frozen=True)
class ClassPair:
    """Two classes, and rows that lie between them."""

    first: int
    second: int
    distance: float  # cosine, between the centroids
    separability: float  # the distance over the sum of both spreads; small: confusable
    neighbours: float  # mean share of either's neighbours that are of the other; NaN: not known
    confusions: int  # rows of either that are taken for the other
    rows: tuple[int, ...]  # of either, nearest to the farther of both centroids first


@dataclass(frozen=True, eq=False)
class ClassDistances:
    """What is known about the K classes that occur, of N rows; matrices are in the order of `classes`."""

    classes: NDArray[np.int64]  # [K] ascending
    counts: NDArray[np.int64]  # [K]
    spreads: NDArray[np.float64]  # [K] mean distance of a class's rows from its centroid
    distances: NDArray[np.float64]  # [K, K] between centroids
    separability: NDArray[np.float64]  # [K, K] distance over the sum of both spreads
    silhouettes: NDArray[np.float64]  # [K] NaN: not known
    purities: NDArray[np.float64]  # [K] NaN: not known
    neighbours: NDArray[np.float64] | None  # [K, K] share of the neighbours of class i that are of class j
    confusions: NDArray[np.int64] | None  # [K, K] rows of class i that are taken for class j
    pairs: tuple[ClassPair, ...]  # most confusable first
    agreement: float  # Spearman correlation over pairs of -distance and confusions; NaN: not known
    row_silhouettes: NDArray[np.float32]  # [N] NaN: not known
    row_purities: NDArray[np.float32]  # [N] NaN: not known

    @property
    def silhouette(self) -> float:
        """Mean over all rows that have one; NaN: none has."""
        return mean(self.row_silhouettes)

    @property
    def knn_purity(self) -> float:
        """Mean over all rows; NaN: not known."""
        return mean(self.row_purities)


def class_distances(
    features: NDArray[Any],
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64] | None = None,
    neighbours: NDArray[np.int64] | None = None,
) -> ClassDistances:
    """Of finite features [N, d]; `labels` and `predicted` [N], -1: not known; `neighbours` [N, k] rows in the features, nearest first.

    Rows without a label belong to no class and count nowhere. Raises ValueError when no row has one, or there are more than 2000
    classes.
    """
    classes, counts = np.unique(labels[labels >= 0], return_counts=True)
    if not 0 < len(classes) <= MAX_CLASSES:
        raise ValueError(f"distances are found between 1 to {MAX_CLASSES} classes, the rows have {len(classes)}")
    place = np.searchsorted(classes, labels)  # of no meaning where a label is not known
    members = _members(labels)

    means = np.array([_mean_direction(features, rows) for rows in members])
    lengths = np.linalg.norm(means, axis=1)
    mu = means / np.where(lengths < _TINY, 1, lengths)[:, None]
    spreads = _snapped(1 - lengths)  # mean of 1 - z . mu = 1 - m . mu = 1 - |m|
    D = _snapped(1 - mu @ mu.T)
    np.fill_diagonal(D, 0)
    R = D / (spreads[:, None] + spreads + 1e-8)

    X = _neighbour_shares(place, labels, neighbours, len(classes))
    C = _confusions(place, labels, predicted, classes)
    purity = knn_purity(labels, np.zeros((len(labels), 0), np.int64) if neighbours is None else neighbours)
    first, second = _ranked(D, R, X, C)

    silhouettes, between = _silhouettes_and_between(features, members, means, mu, first, second)
    return ClassDistances(
        classes,
        counts,
        spreads,
        D,
        R,
        np.array([mean(silhouettes[rows]) for rows in members]),
        np.array([mean(purity[rows]) for rows in members]),
        X,
        C,
        tuple(
            ClassPair(
                int(classes[a]),
                int(classes[b]),
                float(D[a, b]),
                float(R[a, b]),
                math.nan if X is None else float(X[a, b] + X[b, a]) / 2,
                0 if C is None else int(C[a, b] + C[b, a]),
                rows,
            )
            for a, b, rows in zip(first.tolist(), second.tolist(), between, strict=True)
        ),
        _agreement(D, C),
        silhouettes,
        purity,
    )


def _members(labels: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each class, ascending."""
    order = np.argsort(labels, kind="stable")[(labels < 0).sum() :]
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _directions(
    features: NDArray[Any], rows: NDArray[np.int64], beside: int = 0
) -> Iterator[tuple[Any, NDArray[np.float64]]]:
    """Blocks of rows, and their features at length 1 (zeros stay); small enough that `beside` numbers a row have room too."""
    block = max(1, _BLOCK // max(features.shape[1], beside, 1))
    for start in range(0, len(rows), block):
        z = features[rows[start : start + block]].astype(np.float64)
        length = np.linalg.norm(z, axis=1, keepdims=True)
        z /= np.where(length == 0, 1, length)
        yield rows[start : start + block], z


def _mean_direction(features: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = sum(z.sum(axis=0) for _, z in _directions(features, rows)) / len(rows)
    return total


def _silhouettes_and_between(
    features: NDArray[Any],
    members: list[NDArray[np.int64]],
    means: NDArray[np.float64],
    mu: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> tuple[NDArray[np.float32], list[tuple[int, ...]]]:
    """In one pass over all rows: their silhouettes (b - a) / max(a, b) (Rousseeuw 1987), and those between the classes of each pair.

    Classes of fewer than three rows have no silhouettes, nor are they the nearest other class of any row.
    """
    silhouettes = np.full(len(features), np.nan, np.float32)
    large = np.array([len(rows) >= FEWEST for rows in members])
    compared = np.flatnonzero(large)
    nearest = _Nearest(len(first))
    for c, members_of_c in enumerate(members):
        pairs = np.flatnonzero((first == c) | (second == c))
        other = np.where(first[pairs] == c, second[pairs], first[pairs])
        n = len(members_of_c)
        for rows, z in _directions(features, members_of_c, len(members)):
            if large[c] and len(compared) > 1:
                itself = 1 - (z * z).sum(axis=1)  # 0, or 1 for a row of zeros
                a = _snapped((n * (1 - z @ means[c]) - itself) / (n - 1))
                to_class = 1 - z @ means[compared].T
                to_class[:, compared == c] = np.inf
                b = _snapped(to_class.min(axis=1))
                silhouettes[rows] = (b - a) / np.maximum(np.maximum(a, b), _TINY)
            if len(pairs):
                farther = np.maximum((1 - z @ mu[c])[:, None], 1 - z @ mu[other].T)
                nearest.add(pairs, rows, farther)
    return silhouettes, nearest.rows()


class _Nearest:
    """The few rows with the least distances, of each of several pairs."""

    def __init__(self, pairs: int) -> None:
        self._found: list[list[tuple[float, int]]] = [[] for _ in range(pairs)]

    def add(self, pairs: NDArray[np.int64], rows: NDArray[np.int64], distances: NDArray[np.float64]) -> None:
        """`distances` [rows, pairs]."""
        few = min(BETWEEN, len(rows))
        least = np.argpartition(distances, few - 1, axis=0)[:few]
        for column, pair in enumerate(pairs.tolist()):
            at = least[:, column]
            found = [*self._found[pair], *zip(distances[at, column].tolist(), rows[at].tolist(), strict=True)]
            self._found[pair] = sorted(found)[:BETWEEN]

    def rows(self) -> list[tuple[int, ...]]:
        return [tuple(row for _, row in found) for found in self._found]


def _neighbour_shares(
    place: NDArray[np.int64], labels: NDArray[np.int64], neighbours: NDArray[np.int64] | None, k: int
) -> NDArray[np.float64] | None:
    """[K, K] what share of the ten nearest neighbours of class i's rows are of class j, of those whose class is known."""
    if neighbours is None or not neighbours.shape[1]:
        return None
    near = neighbours[:, :NEIGHBOURS]
    known = (labels >= 0)[:, None] & (labels >= 0)[near]
    counts = np.bincount((place[:, None] * k + place[near])[known], minlength=k * k).reshape(k, k)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _confusions(
    place: NDArray[np.int64], labels: NDArray[np.int64], predicted: NDArray[np.int64] | None, classes: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """[K, K] rows of class i that are taken for class j; what is taken for a class that no row has is in no column."""
    if predicted is None or not ((labels >= 0) & (predicted >= 0)).any():
        return None
    k = len(classes)
    taken = np.minimum(np.searchsorted(classes, predicted), k - 1)
    known = (labels >= 0) & (classes[taken] == predicted)
    return np.bincount(place[known] * k + taken[known], minlength=k * k).reshape(k, k)


def _ranked(
    D: NDArray[np.float64], R: NDArray[np.float64], X: NDArray[np.float64] | None, C: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of classes, the most often confused first; where that says nothing, those that are most among each other's neighbours, then
    those whose distance is small for their spreads.
    """
    first, second = np.triu_indices(len(D), 1)
    by: list[NDArray[Any]] = [D[first, second], R[first, second]]
    by += [-(matrix + matrix.T)[first, second] for matrix in (X, C) if matrix is not None]
    order = np.lexsort(by)[:MAX_PAIRS]
    return first[order], second[order]


def _agreement(D: NDArray[np.float64], C: NDArray[np.int64] | None) -> float:
    """Spearman's correlation over all pairs of classes of how near they are and how often they are confused."""
    from scipy.stats import rankdata

    first, second = np.triu_indices(len(D), 1)
    if C is None or len(first) < 3:
        return math.nan
    near, confused = rankdata(-D[first, second]), rankdata((C + C.T)[first, second])
    if not near.std() or not confused.std():
        return math.nan
    return float(np.corrcoef(near, confused)[0, 1])


def _snapped(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances from 0, without what rounding left of 0."""
    return np.where(distances < _TINY, 0, distances)
