"""Which records of a run are shown and in which order, all at once or those that came since."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.rows import RECORD, Table

# Of one page of a listing.
_PAGE = 1 << 15


class RecordKey(NamedTuple):
    """Names a record for good: the random end of its segment's file name, and the entry's number in the index file."""

    segment: str
    entry: int


class Purge(NamedTuple):
    """What a PURGE entry says."""

    entry: int  # its number
    step: int
    time: float


@dataclass(frozen=True)
class Part:
    """The records of a segment, or of one of those of which it was merged, as they were at one moment."""

    name: str
    path: str
    created: float
    by: tuple[str, int]  # session and rank of its writer
    entry: int  # number of its first entry
    purges: tuple[Purge, ...]
    rows: Table

    def between(self, start: int, stop: int) -> Table:
        """Those that were the run's start-th to stop-th (excluded) to be read."""
        arrivals = self.rows["arrival"]
        return self.rows[bisect_left(arrivals, start) : bisect_left(arrivals, stop)]


@dataclass
class Series:
    """One sequence of records of a run; `declaration` is its newest description."""

    number: int
    declaration: pb.Series
    length: int = 0  # records, those that a purge hides included


@dataclass(frozen=True)
class Steps:
    """The entries of a series that are to be shown, by step, then in the order written. All have one length."""

    step: NDArray[np.int64]
    wall_time: NDArray[np.float64]
    count: NDArray[np.uint32]
    segment: list[str]
    entry: NDArray[np.uint32]

    @cached_property
    def keys(self) -> list[RecordKey]:
        """What to `read` them by."""
        return [RecordKey(*key) for key in zip(self.segment, self.entry.tolist(), strict=True)]


NO_STEPS = Steps(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint32), [], np.empty(0, np.uint32))


class Cursor(NamedTuple):
    """How far a listing has come: the records read before, as long as none of them was hidden or deleted since."""

    epoch: int
    arrival: int


@dataclass(frozen=True)
class Page:
    """A part of a listing."""

    series: list[Series]  # those wanted
    steps: dict[int, Steps]  # by Series.number, of those that have any here
    parts: list[RecordKey]  # the first entry of all of the run, in the order in which records of one step are shown
    cursor: Cursor  # where the next one begins
    more: bool  # whether there is a next one by now
    anew: bool  # it is the first: what earlier pages said does not count


class Listing:
    """The records of a run as they were at one moment."""

    def __init__(self, parts: Sequence[Part], series: Sequence[Series], now: Cursor) -> None:
        self._parts = sorted(parts, key=lambda part: (part.created, part.path, part.entry))
        self._series = series
        self._now = now
        self._sessions = {
            session: i for i, session in enumerate({"": 0} | {part.by[0]: 0 for part in parts})
        }  # "": 0, none
        self._purges = np.array(
            [
                (purge.step, purge.time, i, *self._by(part))
                for i, part in enumerate(self._parts)
                for purge in part.purges
            ],
            [("step", "<i8"), ("time", "<f8"), ("part", "<i8"), ("session", "<i8"), ("rank", "<i8")],
        )

    def all(self, series: int) -> Steps:
        """All of one series."""
        tables = [part.rows[part.rows["series"] == series] for part in self._parts]
        return self._ordered(tables).get(series, NO_STEPS)

    def page(self, wanted: Callable[[pb.Series], bool], after: Cursor | None) -> Page:
        """Of series whose declaration is wanted the records that came after those of an earlier page."""
        anew = after is None or after.epoch != self._now.epoch or after.arrival > self._now.arrival
        start = 0 if anew or after is None else after.arrival
        series = [one for one in self._series if wanted(one.declaration)]
        numbers = np.zeros(1 + max((one.number for one in self._series), default=0), bool)
        numbers[[one.number for one in series]] = True
        tables = [[np.empty(0, RECORD)] for _ in self._parts]
        found = 0
        while start < self._now.arrival and found < _PAGE:
            stop = min(self._now.arrival, start + _PAGE)
            for table, part in zip(tables, self._parts, strict=True):
                rows = part.between(start, stop)
                rows = rows[numbers[rows["series"]]]
                if len(rows):
                    table.append(rows)
                    found += len(rows)
            start = stop
        return Page(
            series=series,
            steps=self._ordered([np.concatenate(table) for table in tables]),
            parts=[RecordKey(part.name, part.entry) for part in self._parts],
            cursor=Cursor(self._now.epoch, start),
            more=start < self._now.arrival,
            anew=anew,
        )

    def _ordered(self, tables: Sequence[Table]) -> dict[int, Steps]:
        """What is to be shown of these rows of each part, by series."""
        shown = [self._not_purged(i, table) for i, table in enumerate(tables)]
        rows = np.concatenate([np.empty(0, RECORD), *shown])
        if not len(rows):
            return {}
        of = np.repeat(np.arange(len(shown)), [len(table) for table in shown])
        order = np.lexsort((rows["entry"], of, rows["step"], rows["series"]))
        rows, of = rows[order], of[order]
        starts = [0, *(np.flatnonzero(rows["series"][1:] != rows["series"][:-1]) + 1)]
        return {
            int(rows["series"][start]): self._steps(rows[start:stop], of[start:stop])
            for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True)
        }

    def _steps(self, rows: Table, of: NDArray[np.int64]) -> Steps:
        names = [self._parts[i].name for i in of.tolist()]
        step, wall_time, count = (np.ascontiguousarray(rows[name]) for name in ("step", "wall_time", "count"))
        return Steps(step, wall_time, count, names, rows["entry"])

    def _not_purged(self, i: int, rows: Table) -> Table:
        """Those of the i-th part that no purge hides."""
        part = self._parts[i]
        if part.purges and len(rows):
            entries, steps, _ = (np.array(column) for column in zip(*part.purges, strict=True))  # by entry
            lowest = np.minimum.accumulate(steps[::-1])[::-1]  # step of those from here on
            after = np.searchsorted(entries, rows["entry"])  # the first purge behind each row
            unpurged = after == len(entries)
            rows = rows[unpurged | (rows["step"] < lowest[np.minimum(after, len(entries) - 1)])]
        session, rank = self._by(part)
        beside = (session != 0) & (self._purges["session"] == session) & (self._purges["rank"] != rank)
        hiding = self._purges["step"][(self._purges["part"] != i) & (self._purges["time"] > part.created) & ~beside]
        return rows[rows["step"] < hiding.min()] if len(rows) and len(hiding) else rows

    def _by(self, part: Part) -> tuple[int, int]:
        return self._sessions[part.by[0]], part.by[1]
