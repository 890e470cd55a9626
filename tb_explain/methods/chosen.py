"""Which images stay of a stream of more than there is room for: the same ones in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.methods.features import fair_share

VALUES = "values of "  # before a layer's name, among the columns


@dataclass(frozen=True)
class Choice:
    """By what rule images of a loader were chosen, and from which."""

    max_rows: int | None
    seed: int
    counts: dict[int, int]
    """How many there were of each class (-1: not known)."""


class Chosen:
    """Rows that stay of a stream: of each class those whose ids, scrambled, are smallest, as many as leave room for all classes.

    The choice depends on what is in the stream and not on its order. Counts only grow and room only becomes less, so what was turned
    away would never have stayed.
    """

    def __init__(self, capacity: int | None, seed: int) -> None:
        self.columns: dict[str, NDArray[Any]] = {}
        """With room for more rows than there are."""
        self._capacity = capacity
        self._seed = seed
        self._filled = 0
        self._counts: dict[int, int] = {}  # of each class, all that was offered
        self._limits: dict[int, int] = {}  # of each class: above this key nothing stays
        self._offered: dict[str, NDArray[Any]] = {}

    @property
    def choice(self) -> Choice:
        """The rule, and what it was applied to."""
        return Choice(self._capacity, self._seed, dict(self._counts))

    def join(self, counts: Mapping[int, int], columns: dict[str, NDArray[Any]]) -> None:
        """Take what stayed of another stream, of which `counts` were offered."""
        for label, count in counts.items():
            self._counts[label] = self._counts.get(label, 0) + count
        keys = _scrambled(columns["ids"], self._seed)
        self._offered = {}
        self.take(np.arange(len(keys)), columns | {"keys": keys})

    def offer(self, ids: NDArray[np.uint64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of some rows may stay; to be handed to `take`."""
        for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
            self._counts[int(label)] = self._counts.get(int(label), 0) + int(count)
        keys = _scrambled(ids, self._seed)
        self._offered = {"ids": ids, "labels": labels, "keys": keys}
        limits = np.array([self._limits.get(label, (1 << 64) - 1) for label in labels.tolist()], np.uint64)
        return np.flatnonzero(keys <= limits)

    def take(self, rows: NDArray[np.int64], columns: dict[str, NDArray[Any]]) -> None:
        """Keep columns of the rows that were offered last."""
        columns |= {name: values[rows] for name, values in self._offered.items()}
        needed = self._filled + len(rows)
        for name, values in columns.items():
            known = self.columns.get(name)
            if known is not None and known.shape[1:] != values.shape[1:]:
                name = name.removeprefix(VALUES)
                raise ValueError(
                    f"layer {name!r} gave {values.shape[1]} values an image after {known.shape[1]}; give images of one size, or pool"
                )
            if known is None or len(known) < needed:
                slots = needed if known is None else max(needed, 2 * len(known))
                if self._capacity is not None:
                    slots = max(needed, min(slots, self._capacity + self._capacity // 4 + 1))
                grown = np.empty((slots, *values.shape[1:]), values.dtype)
                if known is not None:
                    grown[: self._filled] = known[: self._filled]
                self.columns[name] = grown
            self.columns[name][self._filled : needed] = values
        self._filled = needed
        if self._capacity is not None and needed > self._capacity + self._capacity // 4:
            self._prune()

    def sorted_by(self, name: str) -> dict[str, NDArray[Any]]:
        """All columns of the rows that stay."""
        self._prune()
        order = self.columns[name][: self._filled].argsort(kind="stable")
        return {other: values[order] for other, values in self.columns.items()}

    def _prune(self) -> None:
        # Not by how many are there now: that depends on when others were turned away.
        if self._capacity is None or sum(self._counts.values()) <= self._capacity:
            return
        keys, labels = self.columns["keys"][: self._filled], self.columns["labels"][: self._filled]
        room = fair_share(np.array(list(self._counts.values())), self._capacity)
        order = np.lexsort((keys, labels))
        starts = np.r_[0, np.flatnonzero(np.diff(labels[order])) + 1]
        ranks = np.arange(len(order)) - starts.repeat(np.diff([*starts, len(order)]))
        staying = order[ranks < room]
        if len(staying) > self._capacity:  # of more classes than rows, one each, and not of all
            staying = staying[keys[staying].argsort(kind="stable")[: self._capacity]]
        for last in order[ranks == room - 1]:
            self._limits[int(labels[last])] = int(keys[last])
        self._filled = len(staying)
        for values in self.columns.values():
            values[: self._filled] = values[staying]


def _scrambled(ids: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Keys in random order, the same for the same ids (SplitMix64; Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = ids + (np.uint64(seed & (1 << 64) - 1) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        keys: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return keys
