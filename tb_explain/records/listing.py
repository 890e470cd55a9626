"""Which records of a run are shown and in which order, all at once or those that came since."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
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

    @property
    def arrivals(self) -> tuple[int, int]:
        """When the first of them was read and when the last, counted in records of the run."""
        column = self.rows["arrival"]
        return (int(column[0]), int(column[-1])) if len(column) else (0, -1)

    def between(self, start: int, stop: int) -> Table:
        """Those that were the run's start-th to stop-th (excluded) to be read."""
        column = self.rows["arrival"]
        return self.rows[bisect_left(column, start) : bisect_left(column, stop)]


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


class _Hiding(NamedTuple):
    """A purge, and a number of where it is from."""

    time: float
    step: int
    origin: int


class _Purges:
    """The lowest step that any purge after some moment has, those of one origin left out, in logarithmic time."""

    def __init__(self, purges: Sequence[_Hiding]) -> None:
        latest_first = sorted((purge for purge in purges if not math.isnan(purge.time)), key=lambda purge: -purge.time)
        self._times = [-purge.time for purge in latest_first]
        # Among the first of them, none to all: the lowest step, its origin, and the lowest of all other origins.
        self._lowest: list[tuple[float, int, float]] = [(math.inf, -1, math.inf)]
        for _, step, origin in latest_first:
            lowest, of, other = self._lowest[-1]
            if origin == of:
                lowest = min(lowest, step)
            elif step < lowest:
                lowest, of, other = step, origin, lowest
            else:
                other = min(other, step)
            self._lowest.append((lowest, of, other))

    def lowest(self, after: float, without: int) -> float:
        """Infinite: there is none."""
        step, of, other = self._lowest[bisect_left(self._times, -after)]
        return other if of == without else step


class Listing:
    """The records of a run as they were at one moment."""

    def __init__(self, parts: Sequence[Part], series: Sequence[Series], now: Cursor) -> None:
        self._parts = sorted(parts, key=lambda part: (part.created, part.path, part.entry))
        self._series = series
        self._now = now
        self._sessions = {
            session: i for i, session in enumerate({"": 0} | {part.by[0]: 0 for part in parts})
        }  # "": 0, none
        elsewhere: list[_Hiding] = []
        own: dict[tuple[int, int], list[_Hiding]] = {}
        for i, part in enumerate(self._parts):
            session, rank = self._by(part)
            for purge in part.purges:
                elsewhere.append(_Hiding(purge.time, purge.step, session))
                own.setdefault((session, rank), []).append(_Hiding(purge.time, purge.step, i))
        self._elsewhere = _Purges(elsewhere)  # of other sessions
        self._own = {by: _Purges(hiding) for by, hiding in own.items()}  # of this session and rank

    def all(self, series: int) -> Steps:
        """All of one series."""
        tables = {i: [part.rows[part.rows["series"] == series]] for i, part in enumerate(self._parts)}
        return self._ordered(tables).get(series, NO_STEPS)

    def page(self, wanted: Callable[[pb.Series], bool], after: Cursor | None) -> Page:
        """Of series whose declaration is wanted the records that came after those of an earlier page."""
        anew = after is None or after.epoch != self._now.epoch or after.arrival > self._now.arrival
        start = 0 if anew or after is None else after.arrival
        series = [one for one in self._series if wanted(one.declaration)]
        numbers = np.zeros(1 + max((one.number for one in self._series), default=0), bool)
        numbers[[one.number for one in series]] = True
        first, last = np.array([part.arrivals for part in self._parts], np.int64).reshape(-1, 2).T
        tables: dict[int, list[Table]] = {}
        found = 0
        while start < self._now.arrival and found < _PAGE:
            stop = min(self._now.arrival, start + _PAGE)
            for i in np.flatnonzero((first < stop) & (last >= start)).tolist():
                rows = self._parts[i].between(start, stop)
                rows = rows[numbers[rows["series"]]]
                if len(rows):
                    tables.setdefault(i, []).append(rows)
                    found += len(rows)
            start = stop
        return Page(
            series=series,
            steps=self._ordered(tables),
            parts=[RecordKey(part.name, part.entry) for part in self._parts],
            cursor=Cursor(self._now.epoch, start),
            more=start < self._now.arrival,
            anew=anew,
        )

    def _ordered(self, tables: Mapping[int, Sequence[Table]]) -> dict[int, Steps]:
        """What is to be shown of these rows of some parts, by series."""
        shown = {i: self._not_purged(i, np.concatenate(rows)) for i, rows in tables.items()}
        rows = np.concatenate([np.empty(0, RECORD), *shown.values()])
        if not len(rows):
            return {}
        of = np.repeat(list(shown), [len(table) for table in shown.values()])
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
        by = self._by(part)
        hidden_from = self._elsewhere.lowest(part.created, by[0])
        if by in self._own:
            hidden_from = min(hidden_from, self._own[by].lowest(part.created, i))
        return rows if hidden_from == math.inf else rows[rows["step"] < hidden_from]

    def _by(self, part: Part) -> tuple[int, int]:
        """Numbers of the session and the rank; those who name no session are one."""
        session, rank = part.by
        return self._sessions[session], rank if session else 0
