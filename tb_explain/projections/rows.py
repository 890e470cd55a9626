"""What a projection is made of: rows with what is known about each, and where a reduction has placed them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections.columns import MAX_CODES, CategoryColumn, NumberColumn, Thumbnails, codes, freeze

LARGEST_ID = 2**53 - 1  # that a double can hold, which is what a page has for numbers
OWN_COLUMNS = ("silhouette", "knn_purity")  # what `class_distances` finds out about each row


@dataclass(frozen=True, eq=False)
class Rows:
    """N rows (images) and what is known about them, in the order of their features. Nobody changes these arrays.

    Raises ValueError, in one sentence, when they contradict each other. `len` is N; 0 if all rows were dropped.
    """

    ids: NDArray[np.uint64]  # [N] unique, 1 to 2^53 - 1: the only thing by which rows are known elsewhere
    labels: NDArray[np.int64] | None = None  # [N] true classes, -1: not known
    predicted: NDArray[np.int64] | None = None  # [N]
    probabilities: NDArray[np.float32] | None = None  # [N] of the predicted class, 0 to 1; NaN: not known
    class_names: tuple[str, ...] | None = None
    columns: Mapping[str, NumberColumn | CategoryColumn] = field(default_factory=dict)
    thumbnails: Thumbnails | None = None
    dropped: int = 0  # how many more were given, whose features are not finite

    def __post_init__(self) -> None:
        freeze(self, "ids", _ids(self.ids))
        n = len(self)
        for name in ("labels", "predicted"):
            given = getattr(self, name)
            if given is not None:
                freeze(self, name, codes(name, given, MAX_CODES + 1, n))
        if self.probabilities is not None:
            freeze(self, "probabilities", _probabilities(self.probabilities, n))
        if self.class_names is not None:
            object.__setattr__(self, "class_names", tuple(str(name) for name in self.class_names))
        object.__setattr__(self, "columns", dict(self.columns))
        for name, column in self.columns.items():
            if not name or name in OWN_COLUMNS:
                raise ValueError(
                    f"a column cannot be called {name!r}: {'that says nothing' if not name else 'it is computed here'}"
                )
            if len(column.values) != n:
                raise ValueError(f"column {name!r} has {len(column.values)} values for {n} rows")
        if self.thumbnails is not None:
            one = self.thumbnails
            needed = math.ceil(n / (one.down * one.across))
            if len(one.sheets) != needed:
                raise ValueError(
                    f"thumbnails of {n} rows, {one.down} x {one.across} on a sheet, need {needed} sheets, got {len(one.sheets)}"
                )
        if self.dropped < 0:
            raise ValueError(f"the number of dropped rows cannot be {self.dropped}")

    def __len__(self) -> int:
        return len(self.ids)

    def kept(self, keep: NDArray[np.bool_]) -> Rows:
        """The rows for which `keep` [N] is true; the others are counted as dropped. Thumbnails are to be made of those left."""
        if keep.shape != (len(self),) or keep.dtype != np.bool_:
            raise ValueError(f"what to keep must be {len(self)} booleans, got {keep.dtype} {list(keep.shape)}")
        some = {
            name: None if (given := getattr(self, name)) is None else given[keep]
            for name in ("labels", "predicted", "probabilities")
        }
        return Rows(
            ids=self.ids[keep],
            class_names=self.class_names,
            columns={name: column.take(keep) for name, column in self.columns.items()},
            dropped=self.dropped + int((~keep).sum()),
            **some,
        )


@dataclass(frozen=True, eq=False)
class Placed:
    """Where a reduction puts N rows, and which rows are nearest to each in the space of the features.

    Raises ValueError, in one sentence, for arrays that contradict each other. `neighbours` may be of approximate search, may point
    at fitted rows only, and are fewer than asked for where there are fewer rows; k is 0 where positions were given without features.
    """

    positions: NDArray[np.float32]  # [N, 2] or [N, 3]
    fitted: int  # how many of the rows the reduction was fitted to
    neighbours: NDArray[np.int64]  # [N, k] rows, nearest first, never the row itself
    distances: NDArray[np.float32]  # [N, k]
    notes: tuple[str, ...] = ()  # a sentence each, for people
    measures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        positions = np.asarray(self.positions, np.float32)
        if positions.ndim != 2 or positions.shape[1] not in (2, 3):
            raise ValueError(f"positions must be [N, 2] or [N, 3], got shape {list(positions.shape)}")
        if not np.isfinite(positions).all():
            raise ValueError("positions must be finite")
        freeze(self, "positions", positions)
        n = len(positions)
        if not 0 <= self.fitted <= n:
            raise ValueError(f"a reduction of {n} rows cannot be fitted to {self.fitted}")
        neighbours, distances = np.asarray(self.neighbours, np.int64), np.asarray(self.distances, np.float32)
        if neighbours.ndim != 2 or len(neighbours) != n or distances.shape != neighbours.shape:
            raise ValueError(
                f"neighbours and their distances must be [N, k] of {n} rows, got {list(neighbours.shape)} and {list(distances.shape)}"
            )
        if neighbours.size and not 0 <= neighbours.min() <= neighbours.max() < n:
            raise ValueError(f"neighbours must be rows 0 to {n - 1}, got {neighbours.min()} to {neighbours.max()}")
        if (neighbours == np.arange(n)[:, None]).any():
            raise ValueError("a row cannot be a neighbour of itself")
        freeze(self, "neighbours", neighbours)
        freeze(self, "distances", distances)
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "measures", {name: float(value) for name, value in self.measures.items()})


def _ids(given: Any) -> NDArray[np.uint64]:
    ids = np.asarray(given)
    if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
        raise ValueError(f"ids must be one integer a row, got {ids.dtype} {list(ids.shape)}")
    if ids.size and not 1 <= ids.min() <= ids.max() <= LARGEST_ID:
        raise ValueError(f"ids must lie in 1 to 2^53 - 1, got {ids.min()} to {ids.max()}")
    ids = ids.astype(np.uint64)
    values, counts = np.unique(ids, return_counts=True)
    if len(values) < len(ids):
        raise ValueError(f"ids must be unique, but {values[counts.argmax()]} is that of {counts.max()} rows")
    return ids


def _probabilities(given: Any, n: int) -> NDArray[np.float32]:
    values = np.asarray(given, np.float32)
    if values.shape != (n,):
        raise ValueError(f"probabilities must be one a row, got shape {list(values.shape)} for {n} rows")
    low, high = values.min(initial=0, where=~np.isnan(values)), values.max(initial=0, where=~np.isnan(values))
    if not -1e-6 <= low <= high <= 1 + 1e-6:
        raise ValueError(f"probabilities must lie in 0 to 1, got {low:.3g} to {high:.3g}")
    return values.clip(0, 1)


def distinct_ids(ids: Iterable[int]) -> NDArray[np.uint64]:
    """Ids of pictures, of which several may be the same picture: the second and later ones get ids of their own, always the same."""
    found: set[int] = set()
    again: dict[int, int] = {}
    distinct = np.array([int(one) for one in ids], np.uint64)
    firsts = set(distinct.tolist())
    for row, one in enumerate(distinct.tolist()):
        own = one
        while own in found or (own != one and own in firsts):
            again[one] = again.get(one, 0) + 1
            digest = hashlib.sha256(f"{one} {again[one]}".encode()).digest()
            own = int.from_bytes(digest[:8], "little") >> 11 or 1
        found.add(own)
        distinct[row] = own
    return distinct
