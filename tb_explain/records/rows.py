"""Tables of a run's records and shared payloads: 48 and 40 bytes a row, however many there are."""

from __future__ import annotations

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


class Blobs:
    """Where payloads lie that are called by their content hash. Not thread-safe."""

    def __init__(self) -> None:
        self._sorted = np.empty(0, BLOB)  # by the first half of the hash
        self._new = Rows(BLOB)

    def add(self, rows: Table) -> None:
        """Add these, some of which may be there already."""
        self._new.append(rows)
        if len(self._new) > 1024 + len(self._sorted) // 8:
            self._sort(np.concatenate([self._sorted, self._new.all]))

    def find(self, kind: int, name: bytes) -> Table:
        """All copies of what is called `name`."""
        if len(name) != 16:
            return np.empty(0, BLOB)
        first, second = np.frombuffer(name, "<u8")
        lowest, highest = (np.searchsorted(self._sorted["hash"][:, 0], first, side) for side in ("left", "right"))
        alike = np.concatenate([self._sorted[lowest:highest], self._new.all[self._new.all["hash"][:, 0] == first]])
        found: Table = alike[(alike["hash"][:, 1] == second) & (alike["kind"] == kind)]
        return found

    def forget(self, segment: int) -> None:
        """Remove those of a segment."""
        rows = np.concatenate([self._sorted, self._new.all])
        self._sort(rows[rows["segment"] != segment])

    def _sort(self, rows: Table) -> None:
        self._sorted = rows[np.argsort(rows["hash"][:, 0])]
        self._new = Rows(BLOB)
