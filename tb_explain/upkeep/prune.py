"""Drops the steps of a run that are not to be kept, and the pictures that nothing refers to any more."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tb_explain.records import LOCAL, DamagedRecord, RunIndex
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.listing import RecordKey
from tb_explain.upkeep.rewrite import Rewritten
from tb_explain.upkeep.segments import BLOBS, RECORDS, Segment, segments_of
from tb_explain.upkeep.tidy import IDLE, Shown, Tidied, tidy

_NAME = 16  # bytes of a content hash
_BLOCK = 4 << 20  # bytes of a payload looked through at a time


@dataclass(frozen=True)
class KeepSteps:
    """Which steps of a series are kept: those that any of the rules names, and always the newest."""

    last: int = 0  # so many of the newest
    every: int = 0  # multiples of this; 0: none
    spread: int = 0  # so many from the first to the newest, as evenly as they were logged

    @classmethod
    def parse(cls, text: str) -> KeepSteps:
        """Of rules such as `last:10` or `every:1000,last:5`. Raises ValueError."""
        rules = {}
        for rule in text.split(","):
            name, _, number = rule.strip().partition(":")
            if name not in ("last", "every", "spread") or not number.isdecimal() or int(number) < 1:
                raise ValueError(
                    f"--keep-steps {text} is no such rule; expected last:N, every:N, spread:N, or several with commas between"
                )
            rules[name] = int(number)
        return cls(**rules)

    def of(self, steps: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Of these steps, ascending, each once: whether it is kept."""
        kept = np.zeros(len(steps), bool)
        kept[-max(1, self.last) :] = True
        if self.every:
            kept |= steps % self.every == 0
        if self.spread > 1:
            kept[np.linspace(0, len(steps) - 1, self.spread).round().astype(int)] = True
        return kept


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a run or a series is named as any of the patterns says. Without patterns all are."""
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@dataclass
class Pruned:
    """What became, or would become, of a run, and of each of its series by tag: how many steps of how many are kept."""

    tidied: Tidied
    steps: dict[str, tuple[int, int]]


def prune(
    run: Path,
    keep_steps: KeepSteps,
    *,
    tags: Sequence[str] = (),
    idle: float = IDLE,
    dry_run: bool = False,
) -> Pruned:
    """Drop records of one run, of the series whose tags match any of the patterns (none: of all). Raises OSError.

    What is in segments that may still grow stays until they are done.
    """
    segments = segments_of(run)
    # What is logged from here on may refer to anything, and going through all payloads takes minutes in a large run.
    known = {segment.uid: segment.index.stat().st_size for segment in segments}
    shown = Shown(run)
    dropped: dict[str, bytearray] = {}
    kept_of: dict[str, tuple[int, int]] = {}
    for series in shown.index.series():
        if not matches(series.declaration.tag, tags):
            continue
        listed = shown.index.steps(series)
        if len(listed.step):
            steps, which = np.unique(listed.step, return_inverse=True)
            kept = keep_steps.of(steps)
            kept_of[series.declaration.tag] = int(kept.sum()), len(steps)
            gone = np.flatnonzero(~kept[which])
            shown.mark(dropped, [RecordKey(listed.segment[i], int(listed.entry[i])) for i in gone])

    def keep_record(segment: Segment, number: int) -> bool:
        return not (shown.marked(dropped, segment, number) or shown.hides(segment, number))

    needed = blobs_needed(segments, shown.index, keep_record)

    def keep(segment: Segment, number: int, entry: pb.Entry) -> bool:
        return entry.content_hash in needed if entry.kind in BLOBS else keep_record(segment, number)

    def worthwhile(report: Rewritten) -> bool:
        return report.dropped + report.blobs_dropped > 0

    tidied = tidy(run, keep, worthwhile, idle=idle, only_count=dry_run, known=known)
    return Pruned(tidied, kept_of)


def blobs_needed(segments: Sequence[Segment], index: RunIndex, keep: Callable[[Segment, int], bool]) -> set[bytes]:
    """The names of the blobs of a run to which something refers that is kept. Raises OSError when that cannot be read."""
    names: set[bytes] = set()
    for segment in segments:
        for found in (entries := segment.entries()):
            if found.entry and found.entry.kind in BLOBS:
                names.add(found.entry.content_hash)
        if entries.newer:
            return names  # who knows what it refers to
    needed = {name for name in names if len(name) != _NAME}  # not as the library calls them: nothing is known of these
    for segment in segments:
        if segment.files is LOCAL and not segment.data.is_file():
            continue
        for found in segment.entries():
            entry = found.entry
            if entry is None or found.wrong or entry.kind in BLOBS or not entry.length:
                continue
            if entry.kind not in RECORDS or keep(segment, found.number):
                needed |= _named_in(segment, entry, names)
    columns, seen = [*needed], set(needed)
    while columns:
        try:
            payload = index.read_blob(pb.COLUMN, columns.pop())
        except (KeyError, DamagedRecord):
            continue
        if len(payload) % _NAME == 0:  # it may be a list of names
            listed = {payload[i : i + _NAME] for i in range(0, len(payload), _NAME)} & names
            columns += listed - seen
            seen |= listed
    return seen


def _named_in(segment: Segment, entry: pb.Entry, names: set[bytes]) -> set[bytes]:
    """Those of the names that a payload refers to.

    A reference is a field of 16 bytes, whatever the message and whatever a newer version adds to it: that length, then the name.
    """
    named: set[bytes] = set()
    for start in range(0, entry.length, _BLOCK):
        block = segment.files.read(str(segment.data), entry.offset + start, min(entry.length - start, _BLOCK + _NAME))
        for i in np.flatnonzero(np.frombuffer(block, np.uint8) == _NAME).tolist():
            if (name := block[i + 1 : i + 1 + _NAME]) in names:
                named.add(name)
        if len(block) < _BLOCK:
            break  # a damaged entry may tell of more than there is
    return named
