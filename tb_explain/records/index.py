"""Reading one run: an index of all its segments that grows with them, and payloads by their place."""

from __future__ import annotations

import itertools
import math
import os
import secrets
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple

import numpy as np

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.entries import MAX_DECLARATION, Entries, decode
from tb_explain.records.files import LOCAL, Files
from tb_explain.records.framing import spans
from tb_explain.records.listing import Cursor, Listing, Page, RecordKey, Series, Steps
from tb_explain.records.payload import Payload, of_any_copy
from tb_explain.records.rows import Blobs, Table
from tb_explain.records.segment import DIRECTORY, FORMAT_VERSION
from tb_explain.records.segment_index import NO_RECORDS, Counts, SegmentIndex, SegmentPart

# Bytes of an index file read at a time: others get the interpreter in between, after some milliseconds.
_CHUNK = 256 << 10
# Memory and answers grow with these, whatever a logdir says. What there is more of counts as damaged.
MOST_SERIES = 10_000  # of a run,
_MOST_PARTS = 1 << 16  # of which a segment was merged
_MOST_COPIES = 16  # of what is called by its content hash, tried until one is sound
_MOST_TEXT = 10_000  # characters of a failure that are kept

_LISTINGS = 5  # of the directory at most, when segments are merged meanwhile


class RunIndex:
    """All segments of one run directory. Thread-safe. Holds no file open between calls.

    Nothing is read before the first `refresh`; each `refresh` reads only what was appended since, and whoever asks meanwhile
    is told what is known by then. What was deleted is forgotten. `files` is where the directory lies.
    """

    def __init__(self, run_directory: str | os.PathLike[str], files: Files = LOCAL) -> None:
        self.directory = os.path.join(run_directory, DIRECTORY)
        self.there = True  # whether it was when it was last listed
        self.version = 0  # greater whenever more or less is known
        self._files = files
        self._reading = threading.Lock()  # held while reading; taken before the other
        self._lock = threading.Lock()  # held while what is known changes, never for long
        self._numbers = itertools.count(1)  # of segments and series
        self._segments: dict[str, SegmentIndex] = {}
        self._replaced: frozenset[str] = frozenset()  # names of segments whose records others hold instead
        self._series: dict[tuple[str, int], Series] = {}
        self._blobs = Blobs()
        self._failures: deque[tuple[SegmentIndex, pb.Entry]] = deque(maxlen=100)
        self._arrived = 0  # records read
        self._epoch = secrets.randbits(48)

    def refresh(self) -> bool:
        """Read what is new; returns whether anything was. A directory that is gone reads as an unchanged one."""
        changed = False
        with self._reading:
            for _ in range(_LISTINGS):
                try:
                    sizes = self._files.sizes(self.directory)
                    self.there = True
                except OSError as error:
                    self.there &= not isinstance(error, (FileNotFoundError, NotADirectoryError, PermissionError))
                    break
                deleted = self._list(sizes)
                vanished = []
                for segment in list(self._segments.values()):
                    try:
                        changed |= self._read_more(segment)
                    except FileNotFoundError:
                        vanished.append(segment)  # since it was listed: what replaced it was there before
                    except OSError:
                        pass  # a file that cannot be read now may be readable at the next refresh
                changed |= self._settle(deleted)
                if not vanished:
                    break
        return changed

    def unread(self) -> tuple[int, int]:
        """How many bytes of the index files are not understood yet, and how many there are."""
        with self._lock:
            known = [segment for segment in self._segments.values() if segment.readable]
            return sum(max(0, one.size - one.position) for one in known), sum(one.size for one in known)

    @property
    def epoch(self) -> int:
        """Another whenever records were hidden or deleted, or have other keys: what was listed before does not count then."""
        return self._epoch

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
        return self._listing().all(series.number)

    def page(self, wanted: Callable[[pb.Series], bool], after: Cursor | None = None) -> Page:
        """Some of the entries of series whose declaration is wanted that came since an earlier page of them, or since ever."""
        return self._listing().page(wanted, after)

    def counts(self) -> Counts:
        """The counts so far."""
        with self._lock:
            counts = [astuple(segment.counts) for segment in self._segments.values() if not segment.hidden]
        return Counts(*map(sum, zip(*counts, strict=True)))

    def failures(self) -> list[pb.Entry]:
        """The newest FAILURE entries, at most 100, oldest first."""
        with self._lock:
            return [entry for segment, entry in self._failures if not segment.hidden]

    def read(self, key: RecordKey) -> bytes:
        """The payload of one record. Raises KeyError for an unknown key, DamagedRecord, or OSError."""
        return self.payload(key).read()

    def payload(self, key: RecordKey) -> Payload:
        """Where the payload of one record lies. Raises KeyError for an unknown key."""
        with self._lock:
            segment = self._segments[key.segment]
            rows = segment.rows.all
        row = bisect_left(rows["entry"], key.entry)
        if row == len(rows) or rows["entry"][row] != key.entry:
            raise KeyError(key)
        return self._payload(segment, rows[row])

    def read_blob(self, kind: int, name: bytes) -> bytes:
        """The image or class names called `name` (its content hash). Raises KeyError, DamagedRecord, or OSError."""
        return of_any_copy(self.copies(kind, name), Payload.read)

    def copies(self, kind: int, name: bytes) -> list[Payload]:
        """Where they lie: of every segment that has them, up to some. Raises KeyError when there is none."""
        with self._lock:
            of = {segment.number: segment for segment in self._segments.values()}
            rows = self._blobs.find(kind, name)[:_MOST_COPIES]
        if not len(rows):
            raise KeyError((kind, name))
        return [self._payload(of[int(row["segment"])], row) for row in rows]

    def _payload(self, segment: SegmentIndex, row: np.void) -> Payload:
        path = f"{segment.path}.data"
        return Payload(self._files, path, int(row["offset"]), int(row["length"]), int(row["crc"]))

    def _listing(self) -> Listing:
        with self._lock:
            shown = [segment for segment in self._segments.values() if not segment.hidden]
            parts = [part for segment in shown for part in segment.listed()]
            series, now = list(self._series.values()), Cursor(self._epoch, self._arrived)
        return Listing(parts, series, now)

    def _list(self, sizes: dict[str, int]) -> list[SegmentIndex]:
        """Note what was made and what has grown; returns what was deleted. What was written anew is forgotten."""
        stems = {name.removesuffix(".index"): size for name, size in sizes.items() if name.endswith(".index")}
        deleted, anew = [], []
        with self._lock:
            for segment in self._segments.values():
                stem = os.path.basename(segment.path)
                if stem not in stems:
                    deleted.append(segment)
                elif stems[stem] < segment.position:
                    anew.append(segment)
            self._forget(anew)
            for stem, size in sorted(stems.items()):
                name = stem.rpartition(".")[2]
                if name not in self._segments and name not in self._replaced:
                    self._segments[name] = SegmentIndex(next(self._numbers), os.path.join(self.directory, stem))
                if name in self._segments and self._segments[name].path.endswith(stem):
                    self._segments[name].size = size
        return deleted

    def _settle(self, deleted: Sequence[SegmentIndex]) -> bool:
        """Forget what was deleted or replaced, and show what replaces it instead; returns whether there was anything."""
        with self._lock:
            whole = [segment for segment in self._segments.values() if segment.whole]
            self._replaced |= frozenset[str]().union(*(segment.replaces for segment in whole))
            gone = {*deleted, *(self._segments[name] for name in self._replaced & self._segments.keys())}
            for segment in whole:
                if segment.hidden:
                    segment.hidden = False
                    self._epoch = secrets.randbits(48)
                    self._count(segment, segment.rows.all, 1)
                    self.version += 1
            self._forget(gone)
            self.version += len(gone)
        return bool(gone)

    def _forget(self, segments: Collection[SegmentIndex]) -> None:
        """All at once: of a run that was merged they are thousands, and requests wait meanwhile."""
        if not segments:
            return
        for segment in segments:
            segment.gone = True
            del self._segments[segment.name]
            if not segment.hidden:
                self._count(segment, segment.rows.all, -1)
        self._epoch = secrets.randbits(48)
        self._blobs.forget([segment.number for segment in segments])
        self._failures = deque((failure for failure in self._failures if not failure[0].gone), maxlen=100)
        declared = {series.number for other in self._segments.values() for series in other.series.values()}
        self._series = {name: series for name, series in self._series.items() if series.number in declared}

    def _count(self, segment: SegmentIndex, rows: Table, sign: int) -> None:
        of = {series.number: series for series in segment.series.values()}
        for number, length in zip(*np.unique(rows["series"], return_counts=True), strict=True):
            of[int(number)].length += sign * int(length)

    def _read_more(self, segment: SegmentIndex) -> bool:
        """Understand what was appended to an index file; returns whether there was anything. Raises OSError."""
        start, size = segment.position, segment.size
        if segment.gone or not segment.readable or size <= start or size == segment.stuck_at_size:
            return False
        segment.whole = False
        position, rest, path = start, b"", f"{segment.path}.index"
        while segment.readable and position < size:
            chunk = self._files.read(path, position, min(_CHUNK, size - position))
            if not chunk:
                break
            position += len(chunk)
            rest += chunk
            found = spans(rest)
            entries = decode(rest, found)
            rest = rest[found.end :]
            with self._lock:
                self._take(segment, entries)
                segment.position += found.end
                self.version += 1
                if found.unreadable and segment.readable:
                    segment.counts.damaged += segment.stuck_at_size < 0
                    segment.stuck_at_size = size
                    break
        segment.whole = True
        if start == 0:
            with self._lock:
                segment.rows.trim()
        return segment.position > start

    def _take(self, segment: SegmentIndex, entries: Entries) -> None:
        """Add what was decoded behind the last entry of a segment."""
        n = len(entries.sound)
        for row, message in entries.messages.items():
            if entries.sound[row]:
                self._obey(segment, segment.entries + row, message)
            if not segment.readable:
                n = row
                break
        records, blobs, purged = segment.take(entries.columns[:n], entries.sound[:n])
        if purged:
            self._epoch = secrets.randbits(48)
        if len(blobs):
            self._blobs.add(blobs)
        if len(records):
            records["arrival"] = np.arange(self._arrived, self._arrived + len(records))
            self._arrived += len(records)
            segment.rows.append(records)
            if not segment.hidden:
                self._count(segment, records, 1)

    def _obey(self, segment: SegmentIndex, number: int, entry: pb.Entry) -> None:
        """Follow an entry that says more than where a payload lies."""
        if entry.kind == pb.SERIES:
            declared = entry.declaration
            name = declared.tag, declared.kind
            if (
                (name not in self._series and len(self._series) >= MOST_SERIES)
                or (declared.id not in segment.series and len(segment.series) >= MOST_SERIES)
                or declared.ByteSize() > MAX_DECLARATION
                or declared.kind in NO_RECORDS
            ):
                segment.counts.damaged += 1
                return
            series = self._series.get(name) or Series(next(self._numbers), declared)
            if segment.series.setdefault(declared.id, series) is not series:
                segment.counts.damaged += 1  # an id never comes to mean another series
                return
            segment.since.setdefault(declared.id, number)
            series.declaration = declared
            self._series[name] = series
        elif entry.kind == pb.SEGMENT:
            created = entry.segment.created if math.isfinite(entry.segment.created) else 0.0
            part = SegmentPart(number, created, entry.segment.session, entry.segment.rank)
            if number and len(segment.parts) >= _MOST_PARTS:
                segment.counts.damaged += 1
            elif number:
                segment.parts.append(part)
            else:
                segment.parts = [part]
                segment.replaces = frozenset(entry.segment.replaces)
                segment.hidden = not segment.replaces.isdisjoint(self._segments)
            if entry.segment.format_version > FORMAT_VERSION:
                segment.readable = False
                segment.counts.unknown += 1
        elif entry.kind == pb.FAILURE:
            texts = {name: getattr(entry.failure, name)[:_MOST_TEXT] for name in ("tag", "message", "detail")}
            failure = pb.Failure(dropped=entry.failure.dropped, **texts)
            kept = pb.Entry(kind=pb.FAILURE, step=entry.step, wall_time=entry.wall_time, failure=failure)
            self._failures.append((segment, kept))
            if entry.failure.dropped:
                segment.counts.dropped += max(1, entry.count)
            else:
                segment.counts.failed += max(1, entry.count)
