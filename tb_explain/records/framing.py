"""TFRecord framing of the index files: length, masked CRC of the length, data, masked CRC of the data."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import google_crc32c

crc32c = google_crc32c.value  # (bytes) -> int, unmasked

_HEAD = struct.Struct("<QI")
_FOOT = struct.Struct("<I")
OVERHEAD = _HEAD.size + _FOOT.size

# An index entry is some 50 bytes; a longer frame than this is damage and not worth an allocation.
MAX_FRAME = 1 << 20


def _masked(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """`data` as one TFRecord."""
    length = struct.pack("<Q", len(data))
    head = length + _FOOT.pack(_masked(crc32c(length)))
    return head + data + _FOOT.pack(_masked(crc32c(data)))


class Frame(NamedTuple):
    """`data` is None for a frame whose length is sound but whose data is damaged; `end` is where the next one starts."""

    data: bytes | None
    end: int


class UnreadableTail(Exception):
    """The bytes at `position` are no frame: from here on nothing in the file can be found."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no record starts at byte {position}")
        self.position = position


def frames(buffer: bytes) -> Iterator[Frame]:
    """The complete frames of `buffer`, stopping silently at a torn tail; raises `UnreadableTail` at a damaged length."""
    position, size = 0, len(buffer)
    while position + OVERHEAD <= size:
        length, length_crc = _HEAD.unpack_from(buffer, position)
        start = position + _HEAD.size
        if length > MAX_FRAME or length_crc != _masked(crc32c(buffer[position : position + 8])):
            raise UnreadableTail(position)
        end = start + length
        if end + _FOOT.size > size:
            return
        data = buffer[start:end]
        sound = _FOOT.unpack_from(buffer, end)[0] == _masked(crc32c(data))
        position = end + _FOOT.size
        yield Frame(data if sound else None, position)
