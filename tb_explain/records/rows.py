"""Tables of a run's records and shared payloads: 48 and 40 bytes a row, however many there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.void]

RECORD = np.dtype(
    [
        ("step", "<i8"),
        ("wall_time", "<f8"),
        ("offset", "<u8"),
        ("length", "<u4"),
        ("crc", "<u4"),
        ("count", "<u4"),
        ("series", "<u4"),  # Series.number
        ("entry", "<u4"),  # number of the entry in the index file: increasing in a segment
        ("arrival", "<u4"),  # how many records of the run were read before it: increasing in a segment
    ]
)
BLOB = np.dtype(
    [
        ("hash", "<u8", (2,)),
        ("offset", "<u8"),
        ("length", "<u4"),
        ("crc", "<u4"),
        ("segment", "<u4"),  # its number
        ("kind", "<u4"),
    ]
)


class Rows:
    """A table that grows at its end. Rows never change, so what `all` gave stays true while others append."""

    def __init__(self, dtype: np.dtype[np.void]) -> None:
        self._kept = np.empty(0, dtype)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @property
    def all(self) -> Table:
        """The rows so far."""
        return self._kept[: self._length]

    def append(self, rows: Table) -> None:
        """Add these at the end."""
        length = self._length + len(rows)
        if length > len(self._kept):
            kept = np.empty(length + length // 8, self._kept.dtype)
            kept[: self._length] = self.all
            self._kept = kept
        self._kept[self._length : length] = rows
        self._length = length

    def trim(self) -> None:
        """Give back the room for more."""
        self._kept = self.all.copy()


_MOST_SORTED = 1 << 14  # rows at a time: putting more in order at once would need as much memory again as the table has


class Blobs:
    """Where payloads lie that are called by their content hash. Not thread-safe."""

    def __init__(self) -> None:
        self._pieces: list[Table] = []  # each by the first half of the hash

    def add(self, rows: Table) -> None:
        """Add these, some of which may be there already."""
        if self._pieces and len(self._pieces[-1]) + len(rows) <= _MOST_SORTED:
            rows = np.concatenate([self._pieces.pop(), rows])
        self._pieces.append(rows[np.argsort(rows["hash"][:, 0])])

    def find(self, kind: int, name: bytes) -> Table:
        """All copies of what is called `name`."""
        if len(name) != 16:
            return np.empty(0, BLOB)
        first, second = np.frombuffer(name, "<u8")
        alike = [np.empty(0, BLOB)]
        for piece in self._pieces:
            lowest = np.searchsorted(piece["hash"][:, 0], first)
            if lowest < len(piece) and piece["hash"][lowest, 0] == first:
                alike.append(piece[lowest : np.searchsorted(piece["hash"][:, 0], first, "right")])
        rows = np.concatenate(alike)
        found: Table = rows[(rows["hash"][:, 1] == second) & (rows["kind"] == kind)]
        return found

    def forget(self, segments: Sequence[int]) -> None:
        """Remove those of these segments."""
        kept = (piece[~np.isin(piece["segment"], segments)] for piece in self._pieces)
        self._pieces = [piece for piece in kept if len(piece)]
