"""One payload where it lies: read whole, or piece by piece without ever holding it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import google_crc32c

from tb_explain.records.files import Files
from tb_explain.records.framing import crc32c

PIECE = 256 << 10  # bytes


class DamagedRecord(Exception):
    """A payload that is not what its entry says: truncated, or with another CRC."""


T = TypeVar("T")


class Payload(NamedTuple):
    """A range of a data file, by what its entry says of it."""

    files: Files
    path: str
    offset: int
    length: int
    crc: int

    def read(self) -> bytes:
        """All of it. Raises DamagedRecord or OSError."""
        data = self.files.read(self.path, self.offset, self.length)
        if len(data) < self.length:
            raise self._cut_short()
        if crc32c(data) != self.crc:
            raise self._damaged()
        return data

    def pieces(self) -> Iterator[bytes]:
        """All of it in order. The last piece is kept back until the CRC is known: who got `length` bytes got the right ones."""
        crc, position, piece = 0, 0, b""
        while position < self.length:
            if piece:
                yield piece
            piece = self.files.read(self.path, self.offset + position, min(PIECE, self.length - position))
            if not piece:
                raise self._cut_short()
            position += len(piece)
            crc = google_crc32c.extend(crc, piece)
        if crc != self.crc:
            raise self._damaged()
        if piece:
            yield piece

    def start(self, length: int) -> bytes:
        """Its first bytes, unchecked."""
        return self.files.read(self.path, self.offset, min(length, self.length))

    def _cut_short(self) -> DamagedRecord:
        return DamagedRecord(f"{os.path.basename(self.path)} ends before the record at byte {self.offset} does")

    def _damaged(self) -> DamagedRecord:
        return DamagedRecord(
            f"the record at byte {self.offset} of {os.path.basename(self.path)} does not match its CRC"
        )


def of_any_copy(copies: Sequence[Payload], made: Callable[[Payload], T]) -> T:
    """What is made of the first of these that is sound. Raises DamagedRecord or OSError, as of the last, when none is."""
    for copy in copies[:-1]:
        with contextlib.suppress(DamagedRecord, OSError):
            return made(copy)
    return made(copies[-1])
