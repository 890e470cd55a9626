"""Several segments written anew as one, which replaces them: the only place where files of a run are deleted."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from google_crc32c import extend

from tb_explain.records import DIRECTORY
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import frame
from tb_explain.records.segment import FORMAT_VERSION
from tb_explain.upkeep.segments import BLOBS, PART, RECORDS, Segment, segments_of

_BLOCK = 4 << 20  # bytes of a payload copied at a time

Keep = Callable[[Segment, int, pb.Entry], bool]
"""Whether an entry (of a segment, of this number) is kept; asked of all but those that begin and end segments."""


class LeftAlone(Exception):
    """A segment that cannot be rewritten without losing something; says why."""

    def __init__(self, segment: Segment, why: str) -> None:
        super().__init__(why)
        self.segment = segment


@dataclass
class Rewritten:
    """What became, or would become, of some segments."""

    sources: list[Segment]
    records: int = 0  # kept
    dropped: int = 0  # records
    blobs_dropped: int = 0  # stored more than once, or not needed any more
    size_before: int = 0  # bytes of all files
    size: int = 0


def rewrite(sources: Sequence[Segment], keep: Keep, *, name: str, only_count: bool = False) -> Rewritten:
    """Replace segments by one called `name` (a path without suffix), which holds what is kept of them, in their order.

    A crash at any moment leaves a run that reads the same; `clean_up` removes what is left over then. With `only_count`
    nothing is written. Raises LeftAlone for a source that has damage, is of a newer version, or grows meanwhile, and OSError.
    """
    sizes = [source.sizes() for source in sources]
    report = Rewritten([*sources], size_before=sum(index + data for index, data in sizes))
    target = Segment(sources[0].path.with_name(name))
    if only_count:
        _Copy(report, keep, None).of(sources, replaced_by(sources))
        return report
    parts = [path.with_name(path.name + PART) for path in (target.data, target.index)]
    try:
        with parts[0].open("xb") as data, parts[1].open("xb") as index:
            _Copy(report, keep, (data.write, index.write)).of(sources, replaced_by(sources))
            for file in (data, index):
                file.flush()
                os.fsync(file.fileno())
        for part, like in zip(parts, (sources[0].data, sources[0].index), strict=True):
            like_owner(part, like)
            shutil.copymode(like, part)
        for source, size in zip(sources, sizes, strict=True):
            if source.sizes() != size:
                raise LeftAlone(source, "it grew while it was read")
    except BaseException:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink()
        raise
    # The index file comes last: with it the new segment exists, and those that it replaces do not any more.
    for part, path in zip(parts, (target.data, target.index), strict=True):
        os.replace(part, path)
        sync_directory(path.parent)
    for source in sources:
        delete(source)
    return report


def merge(
    sources: Sequence[Segment], keep: Keep, into: tuple[Write, Write] | None, ends: dict[Segment, int]
) -> Rewritten:
    """Hand what is kept of some segments to what writes a data and an index file elsewhere: the segments stay as they are.

    Each is read as far as `ends` says, to its end otherwise, which is noted there. Raises LeftAlone for one that is damaged or of a
    newer version, and OSError.
    """
    report = Rewritten([*sources])
    _Copy(report, keep, into, ends).of(sources, ())
    return report


def replaced_by(sources: Sequence[Segment]) -> list[str]:
    """What a segment made of these replaces: these, and what they replace that could not be deleted."""
    there = {segment.uid for segment in segments_of(sources[0].path.parents[2])}
    before = [uid for source in sources for uid in replaces(source) if uid in there]
    return [*dict.fromkeys([source.uid for source in sources] + before)]


def replaces(segment: Segment) -> list[str]:
    """The segments that this one replaces, by name. Raises OSError."""
    first = next(iter(segment.entries()), None)
    return list(first.entry.segment.replaces) if first and first.entry else []


def delete(segment: Segment) -> None:
    """Its index file first: what is not listed is not looked for."""
    for path in (segment.index, segment.data):
        with contextlib.suppress(OSError):  # in use, on some systems; the next upkeep deletes it
            path.unlink(missing_ok=True)


def clean_up(run: Path) -> None:
    """Delete what upkeep that was stopped halfway has left in a run: files that are not complete, segments that are replaced."""
    directory = run / DIRECTORY
    for part in sorted(directory.glob(f"*.data{PART}")):
        part.unlink(missing_ok=True)
    for part in sorted(directory.glob(f"*.index{PART}")):
        unlisted = Segment(part.with_name(part.name.removesuffix(f".index{PART}")))
        if not unlisted.index.exists():
            unlisted.data.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    gone = set()
    for segment in segments_of(run):
        if segment.is_named and segment.has_files and (names := replaces(segment)) and _is_whole(segment):
            gone.update(names)
    for path in sorted(directory.glob("*.data")):
        replaced = Segment(path.with_suffix(""))
        if replaced.uid in gone and replaced.is_named:
            delete(replaced)


def _is_whole(segment: Segment) -> bool:
    """Whether a segment was written to its end, as one that replaces others was."""
    entries, length = segment.entries(), 0
    for found in entries:
        if found.entry is None:
            return False
        length = max(length, found.entry.offset + found.entry.length)
    return entries.ended and length <= segment.sizes()[1]


def new_name(sources: Sequence[Segment], before: str, after: Segment | None) -> str:
    """A name that is sorted where those of the sources were, between their neighbours'."""
    lead = sources[0].path.name.rpartition(".")[0]
    for _ in range(1000):
        name = f"{lead}.{secrets.token_hex(6)}"
        if before < name and (after is None or name < after.path.name):
            return name
    raise LeftAlone(sources[0], "no name is left between those of its neighbours")


def like_owner(path: Path | int, like: Path) -> None:
    """Give a file, if that is allowed, to whom another belongs: upkeep by an administrator must not take a run from its owner."""
    if sys.platform != "win32":
        owner = like.stat()
        with contextlib.suppress(OSError):
            os.chown(path, owner.st_uid, owner.st_gid)


def sync_directory(directory: Path) -> None:
    """Wait until what was renamed in it is on the disk, where a directory can be opened."""
    if os.name == "posix":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


Write = Callable[[bytes], object]


class _Copy:
    """One pass over the sources, into the functions that write data and index, or into nothing."""

    def __init__(
        self, report: Rewritten, keep: Keep, into: tuple[Write, Write] | None, ends: dict[Segment, int] | None = None
    ) -> None:
        self._report = report
        self._ends = {} if ends is None else ends
        self._keep = keep
        self._into = into
        self._offset = 0  # in the new data file
        self._ids: dict[
            tuple[str, int], tuple[int, bytes]
        ] = {}  # of series by tag and kind, with the newest declaration
        self._blobs: set[tuple[int, bytes]] = set()
        self._header: pb.Entry | None = None  # of the part that is being copied, until something follows it
        self._first = True  # no part was begun
        self._replaced: Sequence[str] = ()

    def of(self, sources: Sequence[Segment], replaced: Sequence[str]) -> None:
        self._replaced = replaced
        for source in sources:
            self._source(source)
        if not self._first:
            self._header = None  # a part that holds nothing
        elif self._header is None:
            self._header = pb.Entry(kind=pb.SEGMENT, segment=pb.Segment(format_version=FORMAT_VERSION))
        self._append(pb.Entry(kind=pb.END))
        self._report.size += self._offset

    def _source(self, source: Segment) -> None:
        entries = source.entries(self._ends.get(source))
        ids: dict[int, int] = {}  # new ones by old; 0: the series is not kept
        self._header = None
        for position, number, entry, wrong in entries:
            if entries.newer:
                raise LeftAlone(source, f"it is of format version {entries.newer}, which this version does not know")
            if entry is None or wrong:
                raise LeftAlone(source, f"it is damaged: at byte {position} of its index file {wrong}")
            if entry.kind == pb.SEGMENT:
                self._header = entry
            elif entry.kind == pb.SERIES and not self._keep(source, number, entry):
                ids[entry.declaration.id] = 0
            elif entry.kind == pb.SERIES:
                self._declare(entry, ids)
            elif entry.kind != pb.END:
                self._entry(source, number, entry, ids)
        if entries.unreadable:
            raise LeftAlone(source, f"it is damaged: nothing behind byte {entries.end} of its index file can be read")
        self._ends[source] = entries.end

    def _declare(self, entry: pb.Entry, ids: dict[int, int]) -> None:
        declared = entry.declaration
        name, old = (declared.tag, declared.kind), declared.id
        known = self._ids.get(name)
        declared.id = ids[old] = known[0] if known else len(self._ids) + 1
        text = declared.SerializeToString(deterministic=True)
        if known is None or known[1] != text:
            self._ids[name] = declared.id, text
            self._append(entry)

    def _entry(self, source: Segment, number: int, entry: pb.Entry, ids: dict[int, int]) -> None:
        if entry.kind in BLOBS:
            name = entry.kind, entry.content_hash
            if name in self._blobs or not self._keep(source, number, entry):
                self._report.blobs_dropped += 1
                return
            self._blobs.add(name)
        elif entry.kind in RECORDS:
            if not self._keep(source, number, entry):
                self._report.dropped += 1
                return
            self._report.records += 1
        elif not self._keep(source, number, entry):
            return
        if entry.series:
            if ids.get(entry.series) == 0:
                return
            if entry.series not in ids:
                raise LeftAlone(
                    source, f"its entry {number}, of a kind that this version does not know, is of no series"
                )
            entry.series = ids[entry.series]
        if entry.length:
            self._payload(source, entry)
        self._append(entry)

    def _payload(self, source: Segment, entry: pb.Entry) -> None:
        start = entry.offset
        entry.offset = self._offset
        self._offset += entry.length
        if self._into is None:
            return
        crc = 0
        for block in _blocks(source, start, entry.length):
            crc = extend(crc, block)
            self._into[0](block)
        if crc != entry.crc:
            raise LeftAlone(source, f"it is damaged: its payload at byte {start} does not match its checksum")

    def _append(self, entry: pb.Entry) -> None:
        if self._header is not None:
            header, self._header = self._header, None
            del header.segment.replaces[:]
            if self._first:
                header.segment.replaces.extend(self._replaced)
            self._first = False
            self._append(header)
        framed = frame(entry.SerializeToString())
        self._report.size += len(framed)
        if self._into is not None:
            self._into[1](framed)


def _blocks(source: Segment, start: int, length: int) -> Iterator[bytes]:
    """A range of a data file, as much of it as there is."""
    while length and (block := source.files.read(str(source.data), start, min(length, _BLOCK))):
        yield block
        start += len(block)
        length -= len(block)
