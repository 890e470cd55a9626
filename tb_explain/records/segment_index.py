"""One segment as far as it was read: its records, and what tells them from the other entries of its index file."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.listing import Part, Purge, Series
from tb_explain.records.rows import BLOB, RECORD, Rows, Table


def _table_of(kinds: Iterable[int]) -> NDArray[np.bool_]:
    """Which kinds these are, up to 255, which is none."""
    found = np.zeros(256, bool)
    found[list(kinds)] = True
    return found


_KNOWN = _table_of(pb.Kind.values())
_BLOBS = _table_of([pb.IMAGE, pb.CLASSES, pb.LABELS, pb.VOLUME, pb.COLUMN])
_WITHOUT_PAYLOAD = _table_of([pb.SEGMENT, pb.SERIES, pb.PURGE, pb.FAILURE, pb.END])

# Known kinds that no series can be of.
NO_RECORDS = frozenset(kind for kind in pb.Kind.values() if kind == 0 or _BLOBS[kind] or _WITHOUT_PAYLOAD[kind])


@dataclass
class Counts:
    """What a run's index found besides records to show."""

    unknown: int = 0  # entries of kinds that this version does not know
    damaged: int = 0  # entries that could not be read
    failed: int = 0  # explanations that failed while training
    dropped: int = 0  # explanations dropped because the writer's queue was full


@dataclass(eq=False)
class SegmentPart:
    """What a SEGMENT entry begins: a whole segment, or one of those of which a segment was merged."""

    entry: int  # number of its first entry
    created: float = 0.0
    session: str = ""
    rank: int = 0
    purges: list[Purge] = field(default_factory=list)


class SegmentIndex:
    """One segment's records, and how far its index file is understood."""

    def __init__(self, number: int, path: str) -> None:
        self.number = number
        self.path = path  # without suffix
        self.parts = [SegmentPart(0)]
        self.replaces: frozenset[str] = frozenset()
        self.whole = False  # read to what was its end
        self.hidden = False  # until it is read to its end, because those that it replaces are still shown
        self.gone = False
        self.readable = True
        self.size = 0  # of the index file when it was last listed
        self.position = 0  # of the first byte of the index file not yet understood
        self.entries = 0
        self.stuck_at_size = -1  # the file's size when its tail was found unreadable
        self.series: dict[int, Series] = {}  # by id
        self.since: dict[int, int] = {}  # the entry that declared each id
        self.rows = Rows(RECORD)
        self.counts = Counts()

    @property
    def name(self) -> str:
        """The random end of its files' names."""
        return self.path.rpartition(".")[2]

    def listed(self) -> Iterator[Part]:
        """Its parts as a listing wants them."""
        rows = self.rows.all
        ends = [bisect_left(rows["entry"], part.entry) for part in self.parts[1:]]
        for part, start, stop in zip(self.parts, [0, *ends], [*ends, len(rows)], strict=True):
            by = part.session, part.rank
            yield Part(self.name, self.path, part.created, by, part.entry, tuple(part.purges), rows[start:stop])

    def take(self, columns: Table, sound: NDArray[np.bool_]) -> tuple[Table, Table, bool]:
        """Sort out the next entries, of which those of series were obeyed already; returns the records, still without arrivals and not
        yet among the rows, the blobs, and whether there was a purge.
        """
        numbers = self.entries + np.arange(len(columns))
        self.entries += len(columns)
        kind = np.minimum(columns["kind"], len(_KNOWN) - 1)
        known = sound & _KNOWN[kind]
        series = _series_of(self, columns, numbers)
        record = known & (series > 0)
        blob = known & ~record & _BLOBS[kind]
        lost = known & ~record & ~blob & ~_WITHOUT_PAYLOAD[kind]  # its declaration is
        self.counts.unknown += int((sound & ~known).sum())
        self.counts.damaged += int((~sound | lost).sum())
        purges = np.flatnonzero(known & (kind == pb.PURGE))
        for row in purges.tolist():
            purge = Purge(int(numbers[row]), int(columns["step"][row]), float(columns["wall_time"][row]))
            next(part for part in reversed(self.parts) if part.entry <= purge.entry).purges.append(purge)
        records = _rows(RECORD, columns[record], series=series[record], entry=numbers[record], arrival=0)
        return records, _rows(BLOB, columns[blob], segment=self.number), len(purges) > 0


def _series_of(segment: SegmentIndex, columns: Table, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """The number of the series of each record; 0 for what is no record, or one of no series declared before it."""
    if not segment.series:
        return np.zeros(len(columns), np.int64)
    known = sorted((key, of.number, of.declaration.kind, segment.since[key]) for key, of in segment.series.items())
    ids, series, kinds, since = np.array(known, np.int64).T
    place = np.minimum(np.searchsorted(ids, columns["series"]), len(ids) - 1)
    fits = (ids[place] == columns["series"]) & (kinds[place] == columns["kind"]) & (numbers > since[place])
    return np.where(fits, series[place], 0)


def _rows(dtype: np.dtype[np.void], columns: Table, **others: object) -> Table:
    """These columns and others as rows of another table."""
    rows = np.empty(len(columns), dtype)
    for name in dtype.names or ():
        rows[name] = others[name] if name in others else columns[name]
    return rows
