"""What a record refers to by content hash: columns, names, and sheets of small pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections.columns import MAX_CODES, UNKNOWN, CategoryColumn, NumberColumn, Thumbnails
from tb_explain.records import Record, SegmentWriter, content_hash, encode_column
from tb_explain.records import explain_pb2 as pb

_NONE = MAX_CODES + 1  # what uint16 codes have for -1


class Blobs:
    """Payloads that a record refers to. They go to the segment last: one that was announced must be appended."""

    def __init__(self) -> None:
        self._payloads: list[tuple[pb.Kind, bytes]] = []

    def column(self, values: NDArray[Any], scale: float = 0, offset: float = 0) -> pb.Column:
        """An array of a dtype that is stored."""
        column, payload = encode_column(values, scale, offset)
        if payload:
            column.values = self._add(pb.COLUMN, payload)
        return column

    def codes(self, values: NDArray[np.int64]) -> pb.Column:
        """Indices of names, -1: none."""
        return self.column(np.where(values == UNKNOWN, _NONE, values).astype(np.uint16))

    def names(self, names: tuple[str, ...]) -> bytes:
        """Their hash."""
        return self._add(pb.CLASSES, pb.ClassNames(names=names).SerializeToString())

    def named(self, name: str, column: NumberColumn | CategoryColumn) -> pb.NamedColumn:
        """Numbers or categories."""
        if isinstance(column, CategoryColumn):
            return pb.NamedColumn(name=name, values=self.codes(column.values), categories=self.names(column.names))
        known = column.values[np.isfinite(column.values)]
        return pb.NamedColumn(
            name=name,
            values=self.column(column.values),
            low=float(known.min()) if known.size else math.nan,
            high=float(known.max()) if known.size else math.nan,
        )

    def thumbnails(self, given: Thumbnails) -> pb.Thumbnails:
        """Sheets of small pictures."""
        hashes = b"".join(self._add(pb.IMAGE, sheet) for sheet in given.sheets)
        return pb.Thumbnails(
            height=given.height,
            width=given.width,
            down=given.down,
            across=given.across,
            sheets=self.column(np.frombuffer(hashes, np.uint8).reshape(-1, 16)),
        )

    def records(self, segment: SegmentWriter) -> list[Record]:
        """What the segment does not have yet."""
        return [record for kind, payload in self._payloads for record in segment.blob(kind, payload)[1]]

    def _add(self, kind: pb.Kind, payload: bytes) -> bytes:
        self._payloads.append((kind, payload))
        return content_hash(payload)
