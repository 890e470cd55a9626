"""Nearest neighbours in the space of the features, found exactly, block by block of the distance matrix."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Metric: TypeAlias = Literal["cosine", "euclidean"]

_LARGE = 1e15
_BLOCK = 1024  # rows times
_WIDE = 8192  # columns of distances at a time: 32 MiB


class Neighbours(NamedTuple):
    """The k nearest of some points to each of N rows, nearest first."""

    indices: NDArray[np.int64]  # [N, k]
    distances: NDArray[np.float32]  # [N, k]

    @classmethod
    def none(cls, n: int) -> Neighbours:
        """None of `n` rows."""
        return cls(np.zeros((n, 0), np.int64), np.zeros((n, 0), np.float32))

    def of(self, rows: NDArray[np.int64]) -> Neighbours:
        """Those of some rows."""
        return Neighbours(self.indices[rows], self.distances[rows])

    def first(self, k: int) -> Neighbours:
        """The nearest `k`."""
        return Neighbours(self.indices[:, :k], self.distances[:, :k])


def prepared(features: NDArray[Any], metric: Metric) -> NDArray[np.float32]:
    """Features as float32; with the cosine metric rows have length 1 (rows of zeros stay, at distance 1 from all others).

    Otherwise features whose squares would leave float32 are divided by the largest.
    """
    z = np.array(features, np.float32)
    if metric == "euclidean" and (largest := np.abs(z).max(initial=0)) > _LARGE:
        z /= largest
    if metric == "cosine":
        for start in range(0, len(z), _WIDE):  # no second copy of all rows
            some = z[start : start + _WIDE]
            some /= np.abs(some).max(axis=1, keepdims=True, initial=np.float32(1e-30))  # squares stay within float32
            some /= np.maximum(np.linalg.norm(some, axis=1, keepdims=True), np.float32(1e-12))
    return z


def nearest(z: NDArray[np.float32], k: int, metric: Metric, among: NDArray[np.int64] | None = None) -> Neighbours:
    """The `k` rows of prepared features that are nearest to each, never the row itself; `among` some rows only, if given.

    Fewer where there are fewer.
    """
    points = z if among is None else z[among]
    of_point = np.arange(len(z)) if among is None else among
    own = np.full(len(z), -1)
    own[of_point] = np.arange(len(of_point))
    # A row that is not among the points could have one more than those that are.
    k = min(k, len(points) - 1)
    indices, distances = np.zeros((len(z), max(k, 0)), np.int64), np.zeros((len(z), max(k, 0)), np.float32)
    if k > 0:
        for start in range(0, len(z), _BLOCK):
            stop = min(start + _BLOCK, len(z))
            found, at = _of_block(z[start:stop], points, k, metric, own[start:stop])
            indices[start:stop], distances[start:stop] = of_point[found], at
    return Neighbours(indices, distances)


def _of_block(
    rows: NDArray[np.float32], points: NDArray[np.float32], k: int, metric: Metric, own: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The nearest points to a few rows; `own` is each row's place among the points, or -1."""
    best, at = np.zeros((len(rows), 0), np.int64), np.zeros((len(rows), 0), np.float32)
    for start in range(0, len(points), _WIDE):
        some = points[start : start + _WIDE]
        distances = _distances(rows, some, metric)
        inside = np.flatnonzero((own >= start) & (own < start + len(some)))
        distances[inside, own[inside] - start] = np.inf
        if best.shape[1] == k:
            # Hardly any is nearer than the farthest of the nearest so far: only those are sorted.
            row, column = np.nonzero(distances < at[:, -1:])
            row = np.concatenate([np.repeat(np.arange(len(rows)), k), row])
            at = np.concatenate([at.ravel(), distances[row[at.size :], column]])
            best = np.concatenate([best.ravel(), column + start])
            order = np.lexsort((best, at, row))
            first = np.searchsorted(row[order], np.arange(len(rows)))[:, None] + np.arange(k)
            at, best = at[order][first], best[order][first]
            continue
        at = np.concatenate([at, distances], axis=1)
        best = np.concatenate([best, np.broadcast_to(np.arange(start, start + len(some)), distances.shape)], axis=1)
        if at.shape[1] > k:
            first = np.argpartition(at, k - 1, axis=1)[:, :k]
            at, best = np.take_along_axis(at, first, 1), np.take_along_axis(best, first, 1)
        order = np.lexsort((best, at))
        at, best = np.take_along_axis(at, order, 1), np.take_along_axis(best, order, 1)
    return best, at


def _distances(a: NDArray[np.float32], b: NDArray[np.float32], metric: Metric) -> NDArray[np.float32]:
    inner: NDArray[np.float32] = a @ b.T
    if metric == "cosine":
        np.subtract(1, inner, out=inner)
        return np.maximum(inner, 0, out=inner)
    inner *= -2
    inner += (a * a).sum(axis=1)[:, None]
    inner += (b * b).sum(axis=1)
    return np.sqrt(np.maximum(inner, 0, out=inner), out=inner)
