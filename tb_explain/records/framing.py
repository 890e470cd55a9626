"""TFRecord framing of the index files: length, masked CRC of the length, data, masked CRC of the data."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

import google_crc32c
import numpy as np
from numpy.typing import NDArray

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


class Spans(NamedTuple):
    """Where the data of the complete frames of a buffer lie, and whether they match their CRC."""

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    sound: NDArray[np.bool_]
    end: int  # where the next one starts
    unreadable: bool  # none does: what follows is no frame


def spans(buffer: bytes) -> Spans:
    """As `frames`, for all at once."""
    position, last = 0, len(buffer) - OVERHEAD
    lengths: dict[bytes, int] = {}  # by sound head: frames of one length all begin alike
    starts, stops, crcs = [], [], []
    unreadable = False
    while position <= last:
        head = buffer[position : position + _HEAD.size]
        length = lengths.get(head)
        if length is None:
            length, length_crc = _HEAD.unpack(head)
            if length > MAX_FRAME or length_crc != _masked(crc32c(head[:8])):
                unreadable = True
                break
            lengths[head] = length
        start = position + _HEAD.size
        stop = start + length
        if stop + _FOOT.size > len(buffer):
            break
        starts.append(start)
        stops.append(stop)
        crcs.append(crc32c(buffer[start:stop]))
        position = stop + _FOOT.size
    ends = np.array(stops, np.int64)
    feet = np.frombuffer(buffer, np.uint8)[ends[:, None] + np.arange(_FOOT.size)].view("<u4")[:, 0]
    found = np.array(crcs, np.uint32)
    masked = ((found >> 15) | (found << 17)) + np.uint32(0xA282EAD8)
    return Spans(np.array(starts, np.int64), ends, masked == feet, position, unreadable)
