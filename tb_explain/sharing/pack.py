"""Some runs' explanations as one zip archive: a segment a run, merged as by compacting, nothing that is not shown or not chosen."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from tb_explain.records import DIRECTORY, LOCAL, Files
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.files import contains
from tb_explain.records.runs import runs_of
from tb_explain.sharing.choice import Choice
from tb_explain.upkeep.prune import blobs_needed
from tb_explain.upkeep.rewrite import Keep, LeftAlone, Rewritten, Write, merge, replaces
from tb_explain.upkeep.segments import BLOBS, RECORDS, Segment, segments_of
from tb_explain.upkeep.tidy import Shown

_SMALL = (
    64 << 20
)  # Bytes of a data file that is deflated. A larger one is stored, so that any part of it is read at once.
_MOST = 10_000  # segments in one
_BLOCK = 1 << 20  # bytes of an event file copied at a time
_THEN = (1980, 1, 1, 0, 0, 0)  # the first time that a zip archive knows: equal runs give equal archives

Advance = Callable[[int], object]


@dataclass
class PackedRun:
    """What became, or would become, of a run."""

    records: int = 0
    size: int = 0  # bytes of its files in the archive, inflated
    size_before: int = 0  # of its explanations in the logdir
    event_files: int = 0
    left_out: dict[str, str] = field(default_factory=dict)  # why, by the name of a segment


@dataclass
class Packed:
    """What became, or would become, of a logdir."""

    size: int | None  # bytes of the archive; None: none was written
    runs: dict[str, PackedRun]


class Packing:
    """What is to be packed, known before anything is written. Raises OSError, and ValueError for a choice that names nothing."""

    def __init__(self, logdir: str | os.PathLike[str], choice: Choice, *, with_events: bool = False) -> None:
        files, found = runs_of(logdir)
        if not found:
            raise ValueError(f"there are no explanations below {os.fspath(logdir)}")
        runs = {name: _Run(Path(run), files, choice, with_events) for name, run in choice.of_runs(found).items()}
        self._runs = {name: run for name, run in runs.items() if run.packed.records}
        if not self._runs:
            raise ValueError("no explanation is chosen: tb-explain ls lists runs, tags and steps")

    @property
    def packed(self) -> Packed:
        """What would become of it."""
        return Packed(None, {name: run.packed for name, run in self._runs.items()})

    def write(self, target: Path, advance: Advance = lambda size: None) -> Packed:
        """Make the archive, which replaces `target` once it is complete; `advance` is told of twice the bytes that are packed."""
        part = target.with_name(f"{target.name}.part")
        try:
            with part.open("wb") as file:
                with zipfile.ZipFile(file, "w") as archive:
                    for name, run in self._runs.items():
                        run.write(archive, "" if name == "." else f"{name.replace(os.sep, '/')}/", advance)
                file.flush()
                os.fsync(file.fileno())
            size = part.stat().st_size
            os.replace(part, target)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        return Packed(size, self.packed.runs)


class _Run:
    """One run: what is chosen of it, and how it gets into an archive."""

    def __init__(self, directory: Path, files: Files, choice: Choice, with_events: bool) -> None:
        self._directory = directory
        self._files = files
        sizes = files.sizes(str(directory / DIRECTORY))
        self.packed = PackedRun(size_before=sum(sizes.values()))
        segments = _current(segments_of(directory, files))
        self._keep = _chosen(segments, Shown(directory, files), choice)
        for segment in segments:
            if segment.data.name not in sizes:
                self.packed.left_out[segment.path.name] = "its data file is not there"
        segments = [segment for segment in segments if segment.data.name in sizes]
        self._groups = []
        for group in (segments[i : i + _MOST] for i in range(0, len(segments), _MOST)):
            report, _ = self._merged(group, None)
            self.packed.records += report.records
            self.packed.size += report.size
            self._groups.append(report.sources)
        self._events = _event_files(directory, files) if with_events else {}
        self.packed.event_files = len(self._events)
        self.packed.size += sum(self._events.values())

    def write(self, archive: zipfile.ZipFile, prefix: str, advance: Advance) -> None:
        """Add it to an archive."""
        home = f"{prefix}{DIRECTORY.replace(os.sep, '/')}/"
        self.packed.size = self.packed.records = 0
        for i, group in enumerate(self._groups):
            index = bytearray()
            report, ends = self._merged(group, (lambda data: advance(len(data)), index))
            if not report.records:
                continue
            first = report.sources[0]
            when = first.path.name.partition(".")[0] if first.is_named else "0" * 13
            # What it is called follows from what is in it, so that a key never comes to mean another record.
            stem = f"{home}{when}.packed.{i}.{hashlib.sha256(index).hexdigest()[:12]}"
            size = report.size - len(index)
            with _added(archive, f"{stem}.data", size, deflated=size <= _SMALL) as data:

                def write(block: bytes, data: IO[bytes] = data) -> None:
                    data.write(block)
                    advance(len(block))

                try:
                    merge(report.sources, self._keep, (write, lambda entry: None), ends)
                except LeftAlone as alone:
                    raise OSError(f"{alone.segment.path.name} was changed while it was packed: {alone}") from None
            with _added(archive, f"{stem}.index", len(index), deflated=True) as member:
                member.write(index)
            self.packed.records += report.records
            self.packed.size += report.size
        for name, size in self._events.items():
            self.packed.size += size
            with _added(archive, prefix + name, size, deflated=True) as member:
                for start in range(0, size, _BLOCK):
                    block = self._files.read(str(self._directory / name), start, min(_BLOCK, size - start))
                    member.write(block)
                    advance(2 * len(block))

    def _merged(
        self, sources: Sequence[Segment], into: tuple[Write, bytearray] | None
    ) -> tuple[Rewritten, dict[Segment, int]]:
        """Go through what is chosen of segments, without those that are damaged."""
        sources = [*sources]
        while True:
            ends: dict[Segment, int] = {}
            try:
                return merge(sources, self._keep, into and (into[0], into[1].extend), ends), ends
            except LeftAlone as alone:
                self.packed.left_out[alone.segment.path.name] = str(alone)
                sources.remove(alone.segment)
                if into:
                    into[1].clear()


def _current(segments: Sequence[Segment]) -> list[Segment]:
    """Those that no other replaces."""
    replaced = {name for segment in segments for name in replaces(segment)}
    return [segment for segment in segments if segment.uid not in replaced]


def _chosen(segments: Sequence[Segment], shown: Shown, choice: Choice) -> Keep:
    """What is kept of a run: the records that are shown and chosen, and what they need."""
    records: dict[str, bytearray] = {}
    for series in shown.index.series():
        if choice.has_tag(series.declaration.tag):
            steps = shown.index.steps(series)
            shown.mark(records, [steps.keys[i] for i in np.flatnonzero(choice.of_steps(steps.step))])
    needed = blobs_needed(segments, shown.index, lambda segment, number: shown.marked(records, segment, number))

    def keep(segment: Segment, number: int, entry: pb.Entry) -> bool:
        if entry.kind in BLOBS:
            return entry.content_hash in needed
        if entry.kind == pb.SERIES:
            return choice.has_tag(entry.declaration.tag)
        if entry.kind == pb.FAILURE:
            return choice.has_tag(entry.failure.tag)
        return entry.kind not in RECORDS or shown.marked(records, segment, number)

    return keep


def _event_files(directory: Path, files: Files) -> dict[str, int]:
    """TensorBoard's own files of a run, with the bytes that they have now."""
    try:
        there = files.sizes(str(directory))
    except FileNotFoundError:  # an archive's directory that has no files of its own
        return {}
    return {
        name: size
        for name, size in sorted(there.items())
        # A link may lead to anything, and the archive is made to be sent away.
        if "tfevents" in name and (files is not LOCAL or contains(os.path.realpath(directory), str(directory / name)))
    }


@contextmanager
def _added(archive: zipfile.ZipFile, name: str, size: int, *, deflated: bool) -> Iterator[IO[bytes]]:
    """A new file in an archive, to write to."""
    member = zipfile.ZipInfo(name, _THEN)
    member.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    member.external_attr = 0o100644 << 16
    member.create_system = 3
    member.file_size = size
    with archive.open(member, "w") as file:
        yield file
