"""Reading one run: an index of all its segments that grows with them, and payloads by their place."""

from __future__ import annotations

import os
import threading
from array import array
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.files import LOCAL, Files
from tb_explain.records.framing import UnreadableTail, crc32c, frames
from tb_explain.records.segment import DIRECTORY, FORMAT_VERSION

_LISTINGS = 5  # of the directory at most, when segments are merged meanwhile
_CHUNK = 4 << 20  # bytes of an index file read at a time

_KNOWN_KINDS = frozenset(pb.Kind.values())
_BLOBS = (pb.IMAGE, pb.CLASSES, pb.LABELS, pb.VOLUME, pb.COLUMN)

# No record is larger; a longer one is damage, refused before memory is set aside for it.
MAX_PAYLOAD = 1 << 30


class DamagedRecord(Exception):
    """A payload that is not what its entry says: truncated, or with another CRC."""


class RecordKey(NamedTuple):
    """Names a record for good: the random end of its segment's file name, and the entry's number in the index file."""

    segment: str
    entry: int


@dataclass(frozen=True)
class Steps:
    """The entries of a series that are to be shown, by step, then in the order written. All have one length."""

    step: NDArray[np.int64]
    wall_time: NDArray[np.float64]
    count: NDArray[np.uint32]
    keys: list[RecordKey]


@dataclass
class Series:
    """One sequence of records of a run; `declaration` is its newest description."""

    number: int
    declaration: pb.Series
    length: int = 0  # records, those that a purge hides included


@dataclass
class Counts:
    """What a run's index found besides records to show."""

    unknown: int = 0  # entries of kinds that this version does not know
    damaged: int = 0  # entries that could not be read
    failed: int = 0  # explanations that failed while training
    dropped: int = 0  # explanations dropped because the writer's queue was full


@dataclass(eq=False)
class _Part:
    """What a SEGMENT entry begins: a whole segment, or one of those of which a segment was merged."""

    created: float
    row: int  # of the columns
    entry: int  # number of its first entry


class _Segment:
    """One segment's entries, column by column (44 bytes each), and how far its index file is understood."""

    def __init__(self, path: str) -> None:
        self.path = path  # without suffix
        self.parts = [_Part(0.0, 0, 0)]
        self.replaces: frozenset[str] = frozenset()
        self.readable = True
        self.position = 0  # of the first byte of the index file not yet understood
        self.entries = 0
        self.stuck_at_size = -1  # the file's size when its tail was found unreadable
        self.series_of_id: dict[int, Series] = {}
        self.series = array("I")  # Series.number
        self.entry = array("I")  # number of the entry in the index file: increasing
        self.step = array("q")
        self.wall_time = array("d")
        self.offset = array("Q")
        self.length = array("I")
        self.crc = array("I")
        self.count = array("I")

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


class _Place(NamedTuple):
    path: str
    offset: int
    length: int
    crc: int


class RunIndex:
    """All segments of one run directory. Thread-safe. Holds no file open between calls.

    Nothing is read before the first `refresh`; each `refresh` reads only what was appended since. `files` is where the
    directory lies.
    """

    def __init__(self, run_directory: str | os.PathLike[str], files: Files = LOCAL) -> None:
        self.directory = os.path.join(run_directory, DIRECTORY)
        self._files = files
        self._lock = threading.Lock()
        self._replaced: frozenset[str] = frozenset()  # names of segments whose records others hold instead
        self._deleted = False  # a file between its listing and its reading
        self._start_anew()

    def _start_anew(self) -> None:
        self._segments: dict[str, _Segment] = {}
        self._series: dict[tuple[str, int], Series] = {}
        self._blobs: dict[tuple[int, bytes], _Place] = {}
        self._purges: list[tuple[_Part, int, int, float]] = []  # the part; number, step, time of the entry
        self._failures: deque[pb.Entry] = deque(maxlen=100)
        self._counts = Counts()

    def refresh(self) -> bool:
        """Read what is new; returns whether anything was. A directory that is gone reads as an unchanged one."""
        grew = False
        with self._lock:
            for _ in range(_LISTINGS):
                self._deleted = False
                try:
                    grew |= self._read_listed(self._files.sizes(self.directory))
                except OSError:
                    break
                replaced = frozenset[str]().union(*(segment.replaces for segment in self._segments.values()))
                if not replaced.isdisjoint(self._segments):
                    self._replaced |= replaced
                    self._start_anew()
                elif not self._deleted:
                    break
        return grew

    def _read_listed(self, sizes: dict[str, int]) -> bool:
        for name in sorted(name for name in sizes if name.endswith(".index")):
            stem = name.removesuffix(".index")
            if (uid := stem.rpartition(".")[2]) not in self._replaced:
                self._segments.setdefault(uid, _Segment(os.path.join(self.directory, stem)))
        return any(
            [
                self._read_more(segment, sizes.get(f"{os.path.basename(segment.path)}.index", 0))
                for segment in self._segments.values()
            ]
        )

    def series(self) -> list[Series]:
        """Every series declared, in the order first seen."""
        with self._lock:
            return list(self._series.values())

    def find(self, tag: str, kind: int) -> Series | None:
        """The series of a tag and kind, if there is one."""
        with self._lock:
            return self._series.get((tag, kind))

    def steps(self, series: Series) -> Steps:
        """The entries of a series without those that a later purge hides."""
        with self._lock:
            known = self._series.get((series.declaration.tag, series.declaration.kind))
            if known is None:
                return Steps(np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint32), [])
            places = sorted(
                ((segment, i) for segment in self._segments.values() for i in range(len(segment.parts))),
                key=lambda place: (place[0].parts[place[1]].created, place[0].path, place[1]),
            )
            parts = [self._shown(segment, i, known.number) for segment, i in places]
        step, wall_time, count, entry = (np.concatenate(column) for column in zip(*parts, strict=True))
        names = np.repeat([segment.name for segment, _ in places], [len(part[0]) for part in parts])
        order = np.argsort(step, kind="stable")
        keys = [
            RecordKey(name, number) for name, number in zip(names[order].tolist(), entry[order].tolist(), strict=True)
        ]
        return Steps(step[order], wall_time[order], count[order], keys)

    def _shown(self, segment: _Segment, i: int, series: int) -> tuple[NDArray[np.generic], ...]:
        part = segment.parts[i]
        rows = slice(part.row, segment.parts[i + 1].row if i + 1 < len(segment.parts) else None)
        shown = np.array(segment.series[rows]) == series
        step, entry = np.array(segment.step[rows]), np.array(segment.entry[rows])
        for purging, number, purge_step, purge_time in self._purges:
            if purging is part:
                shown &= (entry > number) | (step < purge_step)
            elif part.created < purge_time:
                shown &= step < purge_step
        wall_time, count = np.array(segment.wall_time[rows]), np.array(segment.count[rows])
        return step[shown], wall_time[shown], count[shown], entry[shown]

    def counts(self) -> Counts:
        """A copy of the counts so far."""
        with self._lock:
            return replace(self._counts)

    def failures(self) -> list[pb.Entry]:
        """The newest FAILURE entries, at most 100, oldest first."""
        with self._lock:
            return list(self._failures)

    def read(self, key: RecordKey) -> bytes:
        """The payload of one record. Raises KeyError for an unknown key, DamagedRecord, or OSError."""
        with self._lock:
            segment = self._segments[key.segment]
            row = bisect_left(segment.entry, key.entry)
            if row == len(segment.entry) or segment.entry[row] != key.entry:
                raise KeyError(key)
            place = _Place(segment.path, segment.offset[row], segment.length[row], segment.crc[row])
        return _read_payload(place, self._files)

    def read_blob(self, kind: int, name: bytes) -> bytes:
        """The image or class names called `name` (its content hash). Raises KeyError, DamagedRecord, or OSError."""
        with self._lock:
            place = self._blobs[kind, name]
        return _read_payload(place, self._files)

    def _read_more(self, segment: _Segment, size: int) -> bool:
        start = segment.position
        if not segment.readable or size <= start or size == segment.stuck_at_size:
            return False
        position, rest = start, b""
        try:
            while segment.readable and position < size:
                chunk = self._files.read(f"{segment.path}.index", position, min(_CHUNK, size - position))
                if not chunk:
                    break
                position += len(chunk)
                rest = self._take(segment, rest + chunk)
        except UnreadableTail:
            if segment.stuck_at_size < 0:
                self._counts.damaged += 1
            segment.stuck_at_size = size
        except FileNotFoundError:
            self._deleted = True  # since it was listed: what replaced it was there before
        except OSError:
            pass  # a file that cannot be read now may be readable at the next refresh
        return segment.position > start

    def _take(self, segment: _Segment, buffer: bytes) -> bytes:
        """Understand the complete frames of `buffer`, which starts at the segment's position; returns the rest of it."""
        start, end = segment.position, 0
        for data, end in frames(buffer):
            try:
                self._add(segment, pb.Entry.FromString(data) if data is not None else None)
            except (DecodeError, OverflowError):
                self._counts.damaged += 1
            segment.entries += 1
            segment.position = start + end
            if not segment.readable:
                return b""
        return buffer[end:]

    def _add(self, segment: _Segment, entry: pb.Entry | None) -> None:
        if entry is None or entry.length > MAX_PAYLOAD:
            raise OverflowError
        series = segment.series_of_id.get(entry.series)
        kind = entry.kind
        if kind not in _KNOWN_KINDS:
            self._counts.unknown += 1
        elif series is not None and kind == series.declaration.kind:
            series.length += 1
            segment.series.append(series.number)
            segment.entry.append(segment.entries)
            segment.step.append(entry.step)
            segment.wall_time.append(entry.wall_time)
            segment.offset.append(entry.offset)
            segment.length.append(entry.length)
            segment.crc.append(entry.crc)
            segment.count.append(entry.count)
        elif kind in _BLOBS:
            place = _Place(segment.path, entry.offset, entry.length, entry.crc)
            self._blobs.setdefault((kind, entry.content_hash), place)
        elif kind == pb.SERIES:
            declared = entry.declaration
            new = Series(len(self._series), declared)
            found = self._series.setdefault((declared.tag, declared.kind), new)
            found.declaration = declared
            segment.series_of_id[declared.id] = found
        elif kind == pb.SEGMENT:
            if segment.entries:
                segment.parts.append(_Part(entry.segment.created, len(segment.series), segment.entries))
            else:
                segment.parts = [_Part(entry.segment.created, 0, 0)]
                segment.replaces = frozenset(entry.segment.replaces)
            if entry.segment.format_version > FORMAT_VERSION:
                segment.readable = False
                self._counts.unknown += 1
        elif kind == pb.PURGE:
            self._purges.append((segment.parts[-1], segment.entries, entry.step, entry.wall_time))
        elif kind == pb.FAILURE:
            self._failures.append(entry)
            if entry.failure.dropped:
                self._counts.dropped += 1
            else:
                self._counts.failed += 1
        elif kind != pb.END:  # its declaration is lost
            self._counts.damaged += 1


def _read_payload(place: _Place, files: Files) -> bytes:
    data = files.read(f"{place.path}.data", place.offset, place.length)
    if len(data) < place.length:
        raise DamagedRecord(f"{_name(place)} ends before the record at byte {place.offset} does")
    if crc32c(data) != place.crc:
        raise DamagedRecord(f"the record at byte {place.offset} of {_name(place)} does not match its CRC")
    return data


def _name(place: _Place) -> str:
    return f"{os.path.basename(place.path)}.data"
