"""Merges the small segments of a run, and drops what a purge hides; nothing that is shown changes."""

from __future__ import annotations

from pathlib import Path

from tb_explain.records import explain_pb2 as pb
from tb_explain.upkeep.segments import BLOBS, Segment
from tb_explain.upkeep.tidy import IDLE, Shown, Tidied, tidy


def compact(run: Path, *, idle: float = IDLE, dry_run: bool = False) -> Tidied:
    """Merge the segments of one run to which nothing will be appended. Raises OSError."""
    shown = Shown(run)

    def keep(segment: Segment, number: int, entry: pb.Entry) -> bool:
        return entry.kind in BLOBS or not shown.hides(segment, number)

    return tidy(run, keep, lambda report: len(report.sources) > 1 or report.dropped > 0, idle=idle, only_count=dry_run)
