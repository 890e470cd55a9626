"""Entries of an index file, decoded many at once: what is logged by the million is not parsed one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import Spans

# No record is larger; a longer one is damage, refused before memory is set aside for it.
MAX_PAYLOAD = 1 << 30

# Nor does any declaration of a series have more bytes.
MAX_DECLARATION = 64 << 10

ENTRY = np.dtype(
    [
        ("kind", "<u4"),
        ("series", "<u4"),
        ("step", "<i8"),
        ("wall_time", "<f8"),
        ("offset", "<u8"),
        ("length", "<u8"),
        ("crc", "<u4"),
        ("count", "<u4"),
        ("hash", "<u8", (2,)),
    ]
)

# The fields in the order in which protobuf writes them, with the byte that announces each.
_FIELDS = (
    ("kind", 0x08),
    ("series", 0x10),
    ("step", 0x18),
    ("wall_time", 0x21),
    ("offset", 0x28),
    ("length", 0x30),
    ("crc", 0x3D),
    ("count", 0x40),
    ("hash", 0x4A),
)
_OF_32_BITS = ("kind", "series", "count")
# Kinds whose entries hold a message of their own.
_IN_FULL = np.isin(np.arange(16), (pb.SEGMENT, pb.SERIES, pb.FAILURE))

_WORD = np.arange(8)
_HASH_SIZE = 16
_PADDING = bytes(32)  # so that a field may be looked for behind the last entry


@dataclass(frozen=True)
class Entries:
    """The entries of a stretch of an index file."""

    columns: NDArray[np.void]  # [n] of ENTRY
    sound: NDArray[np.bool_]  # [n] whether it is an entry at all
    messages: dict[int, pb.Entry]  # those that hold more than the columns do, by their place among the n


def decode(buffer: bytes, spans: Spans) -> Entries:
    """What lies in these spans of `buffer`.

    Entries as protobuf writes them, of the fields that records and pictures have, are decoded field by field for all at once;
    any other bytes by protobuf.
    """
    columns = np.zeros(len(spans.starts), ENTRY)
    data = np.frombuffer(buffer + _PADDING, np.uint8)
    at = spans.starts.copy()
    for name, announced in _FIELDS:
        rows = np.flatnonzero((data[at] == announced) & (at < spans.stops))
        if len(rows):
            columns[name][rows], sizes = _values(name, data, at[rows] + 1)
            at[rows] = np.minimum(at[rows] + 1 + sizes, len(buffer))
    sound = spans.sound & (columns["length"] <= MAX_PAYLOAD)
    plain = (at == spans.stops) & (at > spans.starts) & ~_IN_FULL[np.minimum(columns["kind"], len(_IN_FULL) - 1)]
    messages = {}
    for row in np.flatnonzero(spans.sound & ~plain).tolist():
        try:
            entry = pb.Entry.FromString(buffer[spans.starts[row] : spans.stops[row]])
        except DecodeError:
            sound[row] = False
            continue
        sound[row] = _put(columns, row, entry)
        messages[row] = entry
    return Entries(columns, sound, messages)


def _values(name: str, data: NDArray[np.uint8], at: NDArray[np.int64]) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    """A field's values at these places, and how many bytes each takes: very many where it is not as it should be."""
    words = _words(data, at)
    if name == "wall_time":
        return words.view("<f8"), np.full(len(at), 8)
    if name == "crc":
        return (words & 0xFFFFFFFF).astype(np.uint32), np.full(len(at), 4)
    if name == "hash":
        sizes = np.where(data[at] == _HASH_SIZE, 1 + _HASH_SIZE, len(data))
        return np.stack([_words(data, at + 1), _words(data, at + 9)], -1), sizes
    values, sizes = _varints(words)
    if name == "step":
        return (values >> 1).view(np.int64) ^ -(values & 1).view(np.int64), sizes
    if name in _OF_32_BITS:
        sizes[values >> 32 > 0] = len(data)
    return values, sizes


def _words(data: NDArray[np.uint8], at: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The 8 bytes from each of these places on, as one number."""
    places = np.minimum(at, len(data) - 8)
    return data[places[:, None] + _WORD].view("<u8")[:, 0]


def _varints(words: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The varints that the bytes of these words begin with, and how many bytes they take; at most 8, or very many."""
    ends = ~words & np.uint64(0x8080808080808080)  # the first byte without its top bit is a varint's last
    up_to = ends ^ (ends - np.uint64(1))
    sizes = ((up_to & 0x0101010101010101) * 0x0101010101010101 >> 56).astype(np.int64)
    sizes[ends == 0] = 1 << 32
    # Seven bits of each byte, pushed together in pairs, fours and eights.
    values = words & up_to & 0x7F7F7F7F7F7F7F7F
    values = (values & 0x007F007F007F007F) | ((values & 0x7F007F007F007F00) >> 1)
    values = (values & 0x00003FFF00003FFF) | ((values & 0x3FFF00003FFF0000) >> 2)
    return (values & 0x000000000FFFFFFF) | ((values & 0x0FFFFFFF00000000) >> 4), sizes


def _put(columns: NDArray[np.void], row: int, entry: pb.Entry) -> bool:
    """Set a row of the columns; returns whether the entry makes sense."""
    if entry.length > MAX_PAYLOAD or len(entry.content_hash) not in (0, _HASH_SIZE):
        return False
    name = np.frombuffer(entry.content_hash or bytes(_HASH_SIZE), "<u8")
    columns[row] = (
        entry.kind & 0xFFFFFFFF,  # of none that there is, if it is negative
        entry.series,
        entry.step,
        entry.wall_time,
        entry.offset,
        entry.length,
        entry.crc,
        entry.count,
        name,
    )
    return True
