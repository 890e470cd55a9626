"""Runs written record by record, as other writers of the format would."""

from __future__ import annotations

from pathlib import Path

from tb_explain.records import SegmentWriter
from tb_explain.records import explain_pb2 as pb


class Recording:
    """A segment to which records are appended one by one."""

    def __init__(self, directory: Path) -> None:
        self.segment = SegmentWriter(directory)

    def blob(self, kind: pb.Kind, payload: bytes) -> bytes:
        """Store what records share; its content hash."""
        name, records = self.segment.blob(kind, payload)
        self.segment.append(records)
        return name
