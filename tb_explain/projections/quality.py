"""How far a projection can be trusted: whether neighbours stay neighbours, whether they are of one class, how far rows moved."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

K = 10  # neighbours that purity and trustworthiness look at

_SAMPLE = 2000  # rows between which trustworthiness is measured: all their distances are needed
_ASKED = 5000  # rows whose neighbours in the positions are looked for


def trustworthiness(
    features: NDArray[Any], positions: NDArray[np.float32], metric: Literal["cosine", "euclidean"] = "cosine"
) -> float:
    """Whether neighbours in the positions are neighbours in the features too (Venna & Kaski 2001), by scikit-learn; 1: all are.

    Of more than 2000 rows a sample is looked at, always the same; its neighbourhoods are wider than those of all rows. NaN for
    fewer than 3 rows.
    """
    from sklearn.manifold import trustworthiness as of_all

    n = len(positions)
    if n < 3:
        return math.nan
    some = _sample(n, _SAMPLE)
    k = min(K, (len(some) - 1) // 2)  # of more, a row's neighbours are half of all rows
    return float(of_all(np.asarray(features[some], np.float64), positions[some], n_neighbors=k, metric=metric))


def knn_purity(labels: NDArray[np.int64], neighbours: NDArray[np.int64]) -> NDArray[np.float32]:
    """[N] the share of each row's ten nearest neighbours that are of its class.

    Neighbours whose class is not known do not count; NaN for rows whose own is not known, or which have no others.
    """
    near = labels[neighbours[:, :K]]
    known = (near >= 0).sum(axis=1)
    same = (near == labels[:, None]).sum(axis=1)
    shares = np.full(len(labels), np.nan, np.float32)
    asked = (labels >= 0) & (known > 0)
    shares[asked] = same[asked] / known[asked]
    return shares


def knn_purity_of_positions(labels: NDArray[np.int64], positions: NDArray[np.float32]) -> float:
    """The mean purity of neighbourhoods in the positions, of at most 5000 rows among all; NaN: not known.

    Where it is greater than in the features, the picture separates classes that the layer does not.
    """
    from sklearn.neighbors import NearestNeighbors

    n = len(positions)
    some = _sample(n, _ASKED)
    k = min(K, n - 1)
    if k < 1:
        return math.nan
    near = NearestNeighbors(n_neighbors=k + 1).fit(positions).kneighbors(positions[some], return_distance=False)
    # A row is among its own neighbours, unless so many are at its place that it was left out: then the last one goes.
    own = near == some[:, None]
    own[~own.any(axis=1), -1] = True
    neighbours = np.zeros((n, k), np.int64)
    neighbours[some] = near[~own].reshape(len(some), k)
    return mean(knn_purity(labels, neighbours)[some])


def displacement(
    before: tuple[NDArray[np.uint64], NDArray[np.float32]], after: tuple[NDArray[np.uint64], NDArray[np.float32]]
) -> float:
    """How far rows moved on average between two steps, (ids, positions) each, over the layout's standard deviation; NaN: none is in both.

    Only rows of both steps count. The standard deviation is that of a coordinate about its axis's mean, pooled over axes and both steps.
    """
    _, old, new = np.intersect1d(before[0], after[0], assume_unique=True, return_indices=True)
    if not len(old) or before[1].shape[1] != after[1].shape[1]:
        return math.nan
    here, there = before[1][old].astype(np.float64), after[1][new].astype(np.float64)
    moved = np.linalg.norm(there - here, axis=1).mean()
    spread = math.sqrt((here.var(axis=0).mean() + there.var(axis=0).mean()) / 2)
    if spread == 0:
        return 0.0 if moved == 0 else math.nan
    return float(moved / spread)


def mean(values: NDArray[Any]) -> float:
    """Of those that are known; NaN if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean(dtype=np.float64)) if known.size else math.nan


def _sample(n: int, most: int) -> NDArray[np.int64]:
    """`most` of n rows, ascending, always the same; all where there are no more."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))
