"""Goes through the segments of a run and rewrites those that can be and are worth it; what is kept is the caller's choice."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tb_explain.records import DIRECTORY, LOCAL, DamagedRecord, Files, RunIndex
from tb_explain.records.listing import RecordKey
from tb_explain.upkeep.rewrite import Keep, LeftAlone, Rewritten, clean_up, like_owner, new_name, rewrite
from tb_explain.upkeep.segments import Segment, segments_of

IDLE = 24 * 3600.0
"""Seconds after which a segment whose writer did not say that it was done is taken for one that nobody writes to. Who writes on to a
segment that was replaced writes into the void, and explaining once an epoch may mean once in some hours."""

_LARGE = 256 << 20  # bytes of a data file that is not worth copying to have one file fewer
_MOST = 10_000  # segments in one: the first entry names them all
_LOCK = "upkeep.lock"


@dataclass
class Tidied:
    """What became, or would become, of a run."""

    rewritten: list[Rewritten] = field(default_factory=list)
    left_alone: dict[str, str] = field(default_factory=dict)  # why, by the name of the segment
    in_use: int = 0  # segments that may still grow
    segments: int = 0  # afterwards


def tidy(
    run: Path,
    keep: Keep,
    worthwhile: Callable[[Rewritten], bool],
    *,
    idle: float = IDLE,
    only_count: bool = False,
    known: Mapping[str, int] | None = None,
) -> Tidied:
    """Rewrite the segments of a run, neighbours together, where that is worthwhile.

    Neighbours only, so that all that depends on the order of segments stays as it is. `known`: how long the index files were, by
    uid, when it was decided what to keep; what came or grew since counts as in use. Raises OSError; what was rewritten until then is,
    the rest is as it was.
    """
    tidied = Tidied()
    with contextlib.nullcontext() if only_count else locked(run):
        if not only_count:
            clean_up(run)
        segments = segments_of(run)
        before = ""  # the name of the segment to the left
        pending = list(_groups(segments, idle, known, tidied))
        while pending:
            group = pending.pop(0)
            end = segments.index(group[-1]) + 1
            try:
                name = new_name(
                    group, max(before, _left_of(group[0], segments)), segments[end] if end < len(segments) else None
                )
                report = rewrite(group, keep, name=name, only_count=True)
                if worthwhile(report):
                    if not only_count:
                        for segment in group:
                            if not _is_known(segment, known):
                                raise LeftAlone(segment, "it grew since it was decided what to keep")
                        report = rewrite(group, keep, name=name)
                        before = name
                    tidied.rewritten.append(report)
            except LeftAlone as alone:
                tidied.left_alone[alone.segment.path.name] = str(alone)
                i = group.index(alone.segment)
                pending[:0] = [some for some in (group[:i], group[i + 1 :]) if some]
        tidied.segments = len(segments) - sum(len(report.sources) - 1 for report in tidied.rewritten)
    return tidied


def _left_of(segment: Segment, segments: Sequence[Segment]) -> str:
    i = segments.index(segment)
    return segments[i - 1].path.name if i else ""


def _groups(
    segments: Sequence[Segment], idle: float, known: Mapping[str, int] | None, tidied: Tidied
) -> Iterator[list[Segment]]:
    """Neighbours to which nothing will be appended, together as large as one should be."""
    names = Counter(segment.uid for segment in segments)
    group: list[Segment] = []
    size = 0
    for segment in segments:
        if not segment.is_named or not segment.has_files or names[segment.uid] > 1:
            tidied.left_alone[segment.path.name] = "its files are not such as the library writes"
            usable = False
        elif usable := _is_finished(segment, idle) and _is_known(segment, known):
            length = segment.sizes()[1]
        else:
            tidied.in_use += 1
        if group and (not usable or size + length > _LARGE or len(group) == _MOST):
            yield group
            group, size = [], 0
        if usable:
            group.append(segment)
            size += length
    if group:
        yield group


def _is_known(segment: Segment, known: Mapping[str, int] | None) -> bool:
    return known is None or segment.index.stat().st_size == known.get(segment.uid)


def _is_finished(segment: Segment, idle: float) -> bool:
    if segment.is_idle(idle):
        return True
    entries = segment.entries()
    for _ in entries:
        pass
    return (entries.ended and entries.end == entries.size) or entries.unreadable or entries.newer > 0


class Shown:
    """Which records of a run are shown, and which are known to be hidden by a purge."""

    def __init__(self, run: Path, files: Files = LOCAL) -> None:
        self.index = RunIndex(run, files)
        self.index.refresh()
        self._shown: dict[str, bytearray] = {}
        for series in self.index.series():
            self.mark(self._shown, self.index.steps(series).keys)

    @staticmethod
    def mark(marks: dict[str, bytearray], keys: Sequence[RecordKey]) -> None:
        """Note records in `marks`, a byte for each entry of a segment."""
        for name, number in keys:
            bits = marks.setdefault(name, bytearray())
            if number >= len(bits):
                bits.extend(bytes(number + 1 - len(bits)))
            bits[number] = 1

    @staticmethod
    def marked(marks: dict[str, bytearray], segment: Segment, number: int) -> bool:
        """Whether `mark` noted this record."""
        bits = marks.get(segment.uid, b"")
        return number < len(bits) and bool(bits[number])

    def hides(self, segment: Segment, number: int) -> bool:
        """Whether this record is known and not shown. What could not be read counts as shown: it must not be lost."""
        if self.marked(self._shown, segment, number):
            return False
        try:
            self.index.read(RecordKey(segment.uid, number))
        except (KeyError, DamagedRecord, OSError):
            return False
        return True


@contextlib.contextmanager
def locked(run: Path) -> Iterator[None]:
    """Keep others from upkeep of the same run meanwhile. Raises BlockingIOError when one is at it."""
    directory = run / DIRECTORY
    no_link = getattr(os, "O_NOFOLLOW", 0)  # which may lead anywhere
    try:
        descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | no_link, 0o666)
    except PermissionError:  # made by another user: what can be read can be locked, on most file systems
        descriptor = os.open(directory / _LOCK, os.O_RDONLY | no_link)
    with open(descriptor, "rb") as file:
        like_owner(descriptor, directory)
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):  # what is no lock of others: say what it is
                raise
            raise BlockingIOError(f"{run} is being compacted or pruned by another process") from error
        yield
