"""Everything that is wrong with the files of a run, each with its place; also while they are written."""

from __future__ import annotations

import contextlib
import os
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tb_explain.records import DIRECTORY, LOCAL, Files, content_hash
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import crc32c
from tb_explain.upkeep.contents import wrong_with_blob, wrong_with_record
from tb_explain.upkeep.rewrite import replaces
from tb_explain.upkeep.segments import BLOBS, PART, RECORDS, Segment, segments_of

_QUIET = 60.0  # seconds after which nobody is halfway through an entry
_MARKER = b"tb_explain"  # what an event file holds that has TensorBoard list the run
_BLOCK = 4 << 20
_ATTEMPTS = 5  # while segments are merged
_PAUSE = 0.05  # seconds after the first, twice as long after each more


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or, if it is no damage, worth knowing."""

    file: str  # in the directory of the run's explanations; empty: the run
    position: int | None  # in bytes
    text: str  # a sentence
    damage: bool = True


@dataclass
class Verified:
    """What was found in a run."""

    findings: list[Finding] = field(default_factory=list)
    segments: int = 0
    records: int = 0
    blobs: int = 0
    size: int = 0  # bytes looked at


def size_of(run: Path, files: Files = LOCAL) -> int:
    """How many bytes there are to look at in a run."""
    return sum(files.sizes(str(run / DIRECTORY)).values())


def verify(
    run: Path, logdir: Path, advance: Callable[[int], object] = lambda size: None, files: Files = LOCAL
) -> Verified:
    """Look at all files of a run; `advance` is told how many bytes each step took. Raises OSError."""
    for attempt in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):  # merged with others since it was listed
            return _Look(run, logdir, advance, files).verified
        time.sleep(_PAUSE * 2**attempt)  # its neighbours are being deleted, one after the other
    return _Look(run, logdir, advance, files).verified


class _Look:
    """Blobs first, then the records, which refer to them."""

    def __init__(self, run: Path, logdir: Path, advance: Callable[[int], object], files: Files) -> None:
        self.verified = Verified()
        self._advance = advance
        self._files = files
        self._listed = None if files is LOCAL else files.sizes(str(run / DIRECTORY))
        self._places: dict[tuple[int, bytes], tuple[Path, int, int]] = {}  # of sound blobs: file, offset, length
        self._damaged: set[tuple[int, bytes]] = set()
        segments = [one for one in segments_of(run, files) if files is not LOCAL or not self._leads_out(one, logdir)]
        listed = self._leave_out_replaced(segments)
        ends = {segment: self._index(segment) for segment in listed}
        for segment, end in ends.items():
            self._records(segment, end)
        if self._listed is None:
            self._strays(run)
            self._marker(run)
        else:
            self._unlisted(run, self._listed)

    def _say(self, file: Path | None, position: int | None, text: str, damage: bool = True) -> None:
        self.verified.findings.append(Finding(file.name if file else "", position, text, damage))

    def _leads_out(self, segment: Segment, logdir: Path) -> bool:
        out = [path for path in (segment.index, segment.data) if not path.resolve().is_relative_to(logdir.resolve())]
        for path in out:
            self._say(path, None, "it is a link that leads out of the logdir; nothing of it is shown")
        return bool(out)

    def _leave_out_replaced(self, segments: list[Segment]) -> list[Segment]:
        names = Counter(segment.uid for segment in segments)
        replaced = {uid for segment in segments for uid in replaces(segment)}
        listed = []
        for segment in segments:
            if segment.uid in replaced:
                text = "another segment holds what is in it; `tb-explain compact` deletes it"
                self._say(segment.index, None, text, damage=False)
            else:
                listed.append(segment)
                if names[segment.uid] > 1:
                    self._say(segment.index, None, "another segment's name ends alike, and only one of them is shown")
        return listed

    def _index(self, segment: Segment) -> int:
        """Look at an index file and the blobs that it lists; returns how far."""
        self.verified.segments += 1
        if self._size_of_data(segment) is None:
            self._say(segment.data, None, "it is not there; all payloads of the segment are lost")
        starts, lengths, unknown = array("Q"), array("Q"), Counter[int]()
        entries = segment.entries()
        for position, number, entry, wrong in entries:
            if wrong:
                lost = " and what it lists is lost" if entry is None else ""
                self._say(segment.index, position, f"entry {number}: {wrong}{lost}")
            if entry is None:
                continue
            if entry.length:
                starts.append(entry.offset)
                lengths.append(entry.length)
            if entry.kind in BLOBS:
                self._blob(segment, number, entry)
            elif entry.kind not in RECORDS and entry.kind not in pb.Kind.values():
                unknown[entry.kind] += 1
        quiet = segment.is_idle(_QUIET)
        if entries.newer:
            text = f"it is of format version {entries.newer}, which a newer version of tb-explain wrote"
            self._say(segment.index, None, text, damage=False)
        elif entries.unreadable:
            text = f"no entry begins here, so nothing in the remaining {entries.size - entries.end} bytes can be found"
            self._say(segment.index, entries.end, text)
        elif entries.end < entries.size and quiet:
            text = f"the last {entries.size - entries.end} bytes are an entry that was never finished: its writer was killed"
            self._say(segment.index, entries.end, text, damage=False)
        for kind, n in unknown.items():
            text = f"{n} entries are of kind {kind}, which a newer version of tb-explain wrote"
            self._say(segment.index, None, text, damage=False)
        if not entries.newer and (size := self._size_of_data(segment)) is not None:
            for start, end in _gaps(starts, lengths, size):
                if quiet or entries.ended:
                    text = f"no entry lists the {end - start} bytes from here on; their writer was stopped or failed, or their entries are lost"
                    self._say(segment.data, start, text, damage=False)
        self.verified.size += entries.size
        self._advance(entries.size)
        return entries.end

    def _blob(self, segment: Segment, number: int, entry: pb.Entry) -> None:
        self.verified.blobs += 1
        name = entry.kind, entry.content_hash
        payload = self._payload(segment, number, entry)
        if payload is None:
            self._damaged.add(name)
            return
        if content_hash(payload) != entry.content_hash:
            self._say(
                segment.data, entry.offset, f"entry {number}: it does not have the content hash that it is called by"
            )
            self._damaged.add(name)
        elif wrong := wrong_with_blob(entry.kind, payload):
            self._say(segment.data, entry.offset, f"entry {number}, {pb.Kind.Name(entry.kind)}: {wrong}")
        self._places.setdefault(name, (segment.data, entry.offset, entry.length))

    def _payload(self, segment: Segment, number: int, entry: pb.Entry) -> bytes | None:
        if self._size_of_data(segment) is None:
            return None
        payload = self._files.read(str(segment.data), entry.offset, entry.length)
        self.verified.size += len(payload)
        self._advance(len(payload))
        if len(payload) < entry.length:
            text = f"entry {number}: the file ends {entry.length - len(payload)} bytes before its payload does"
        elif crc32c(payload) != entry.crc:
            text = f"entry {number}: its payload of {entry.length} bytes does not match its checksum"
        else:
            return payload
        self._say(segment.data, entry.offset, text)
        return None

    def _size_of_data(self, segment: Segment) -> int | None:
        if self._listed is not None:
            return self._listed.get(segment.data.name)
        return segment.data.stat().st_size if segment.data.is_file() else None

    def _records(self, segment: Segment, end: int) -> None:
        tags: dict[int, str] = {}
        for _, number, entry, wrong in segment.entries(end):
            if entry is not None and entry.kind == pb.SERIES:
                tags[entry.declaration.id] = entry.declaration.tag
            if entry is None or wrong or entry.kind not in RECORDS:
                continue
            self.verified.records += 1
            payload = self._payload(segment, number, entry)
            if payload is not None:
                for text in wrong_with_record(entry.kind, payload, self._length_of, self._column):
                    what = f"entry {number}, step {entry.step} of {tags.get(entry.series, '?')!r}: {text}"
                    self._say(segment.data, entry.offset, what)

    def _length_of(self, kind: int, name: bytes) -> int | None:
        if (place := self._places.get((kind, name))) is not None:
            return place[2]
        return -1 if (kind, name) in self._damaged else None

    def _column(self, name: bytes) -> bytes:
        path, offset, length = self._places[pb.COLUMN, name]
        return self._files.read(str(path), offset, length)

    def _unlisted(self, run: Path, before: dict[str, int]) -> None:
        """Data files elsewhere that had no index file, and have none now."""
        there = self._files.sizes(str(run / DIRECTORY))
        for name, size in sorted(before.items()):
            if size and name.endswith(".data") and name in there and f"{name.removesuffix('.data')}.index" not in there:
                self._say(run / DIRECTORY / name, None, "it has no index file, so nothing in it is shown")

    def _strays(self, run: Path) -> None:
        there = sorted((run / DIRECTORY).iterdir())
        data = [Segment(path.with_suffix("")) for path in there if path.suffix == ".data" and path.is_file()]
        # Their sizes first: a writer makes both files, one after the other, before it appends to them.
        sizes = {segment: segment.data.stat().st_size for segment in data}
        unlisted = [segment for segment in data if not _has_index(segment)]
        # Listed afterwards: what is just being replaced has been named by then.
        replaced = {uid for segment in segments_of(run) for uid in replaces(segment)} if unlisted else set()
        for segment in unlisted:
            if segment.uid not in replaced and segment.data.is_file():
                text = "it has no index file, so nothing in it is shown"
                self._say(segment.data, None, text, damage=sizes[segment] > 0)
        for path in there:
            if path.suffix == PART:
                text = "it was left by a compaction that was stopped; `tb-explain compact` deletes it"
                self._say(path, None, text, damage=False)
            elif path.suffix == ".index" and not path.is_file() and os.path.lexists(path):
                self._say(path, None, "it is no file, so nothing of it is shown")

    def _marker(self, run: Path) -> None:
        """Whether an event file of the run names the plugin."""
        for path in run.glob("*tfevents*"):
            if path.is_file() and any(_MARKER in block for block in _blocks(path)):
                return
        text = "no event file of this run names the plugin, so TensorBoard lists it in no other tab and may not light this one"
        self._say(None, None, text, damage=False)


def _has_index(segment: Segment) -> bool:
    """Whether it is listed, or is being made by a compaction, which gives the index file its name last."""
    return any(path.exists() for path in (segment.index, segment.unfinished_index, segment.index))


def _gaps(starts: array[int], lengths: array[int], size: int) -> Iterator[tuple[int, int]]:
    """The parts of a file that nothing covers."""
    order = np.argsort(starts, kind="stable")
    end = 0
    for i in order.tolist():
        if starts[i] > end and end < size:
            yield end, min(starts[i], size)
        end = max(end, starts[i] + lengths[i])
    if end < size:
        yield end, size


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, in pieces that overlap."""
    with path.open("rb") as file:
        before = b""
        while block := file.read(_BLOCK):
            yield before + block
            before = block[-len(_MARKER) :]
