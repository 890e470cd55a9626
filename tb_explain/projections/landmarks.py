"""Large sets: the rows that a reduction is fitted to, and where the others go among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections.neighbours import Neighbours

_EACH = 15  # rows of a class that are always among them, where there are so many
_CHECKED = 2_000  # landmarks whose error is measured


def choose(
    n: int, count: int, labels: NDArray[np.int64] | None, before: NDArray[np.bool_] | None, seed: int
) -> NDArray[np.int64]:
    """`count` of `n` rows, ascending, each class with its share, small ones with a few at least; the same that were chosen `before`."""
    if n <= count:
        return np.arange(n)
    order = np.random.default_rng(seed).permutation(n)
    classes = np.zeros(n, np.int64) if labels is None else labels[order]
    by_class = np.argsort(classes, kind="stable")
    _, first, sizes = np.unique(classes[by_class], return_index=True, return_counts=True)
    rank = np.empty(n)  # within the class, in random order
    rank[by_class] = np.arange(n) - np.repeat(first, sizes)
    size = np.empty(n)
    size[by_class] = np.repeat(sizes, sizes)
    turn = (rank + 0.5) / size
    turn[rank < min(_EACH, count // (2 * len(sizes)))] = 0
    if before is not None:
        turn[before[order]] = -1
    return np.sort(order[np.argsort(turn, kind="stable")[:count]])


def between(near: Neighbours, positions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where rows go whose nearest landmarks are at these positions: nearer ones count for more, by the scale of each neighbourhood."""
    beyond = near.distances - near.distances[:, :1]
    weights = np.exp(-beyond / np.maximum(beyond.mean(axis=1, keepdims=True), np.float32(1e-9)))
    weights /= weights.sum(axis=1, keepdims=True)
    placed: NDArray[Any] = np.einsum("nk,nkd->nd", weights, positions[near.indices])
    return placed.astype(np.float32)


def error(
    near: Neighbours, positions: NDArray[np.float32], place: Callable[[Neighbours], NDArray[np.float32]], seed: int
) -> float:
    """How far landmarks land from where the fit put them if placed among the others: a mean, over the layout's standard deviation.

    `near` are the nearest other landmarks to each, and `place` puts rows where theirs are.
    """
    some = np.random.default_rng(seed).permutation(len(positions))[:_CHECKED]
    missed = np.linalg.norm(place(near.of(some)) - positions[some], axis=1).mean()
    return float(missed / max(np.sqrt(positions.var(axis=0).mean()), 1e-9))
