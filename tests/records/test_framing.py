"""Frames are found as long as they are sound, and nothing else is taken for one."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tb_explain.records.framing import MAX_FRAME, OVERHEAD, UnreadableTail, crc32c, frame, frames

ENTRIES = [b"first", b"", b"third" * 20]


def sound(buffer: bytes) -> list[bytes | None]:
    return [found.data for found in frames(buffer)]


def headed(length: int) -> bytes:
    """The head of a frame of that length, with its right CRC."""
    packed = struct.pack("<Q", length)
    return packed + frame(packed)[-4:]


@given(st.lists(st.binary(max_size=300)))
def test_what_is_framed_is_found(entries: list[bytes]) -> None:
    buffer = b"".join(map(frame, entries))
    assert sound(buffer) == entries
    assert [found.end for found in frames(buffer)][-1:] == ([len(buffer)] if entries else [])


def test_the_crc_is_castagnoli() -> None:
    assert crc32c(b"123456789") == 0xE3069283


@given(st.binary(max_size=100))
def test_frames_are_those_of_tensorboards_record_files(data: bytes) -> None:
    framed = frame(data)
    assert struct.unpack_from("<Q", framed)[0] == len(data)
    assert struct.unpack_from("<I", framed, 8)[0] == masked_crc32c(framed[:8])
    assert struct.unpack("<I", framed[-4:])[0] == masked_crc32c(data)
    assert len(framed) == len(data) + OVERHEAD


def test_a_tail_torn_at_any_byte_ends_the_frames_silently() -> None:
    buffer = b"".join(map(frame, ENTRIES))
    ends = [found.end for found in frames(buffer)]
    for size in range(len(buffer) + 1):
        assert sound(buffer[:size]) == ENTRIES[: sum(end <= size for end in ends)], f"torn after {size} bytes"


def test_a_flipped_bit_costs_its_own_frame_or_all_behind_a_length() -> None:
    buffer = b"".join(map(frame, ENTRIES))
    starts = [0, *(found.end for found in frames(buffer))]
    for position in range(8 * len(buffer)):
        byte = position // 8
        flipped = bytearray(buffer)
        flipped[byte] ^= 1 << position % 8
        hit = max(i for i, start in enumerate(starts[:-1]) if start <= byte)
        if byte - starts[hit] < 12:  # in the length or its CRC
            found = []
            with pytest.raises(UnreadableTail) as raised:
                found.extend(f.data for f in frames(bytes(flipped)))
            assert raised.value.position == starts[hit]
        else:
            assert sound(bytes(flipped)) == [None if i == hit else data for i, data in enumerate(ENTRIES)]


@pytest.mark.parametrize("length", [MAX_FRAME + 1, 1 << 31, 1 << 40, (1 << 64) - 1])
def test_an_absurd_length_is_refused_although_its_crc_is_right(length: int) -> None:
    found = []
    with pytest.raises(UnreadableTail) as raised:
        found.extend(f.data for f in frames(frame(b"sound") + headed(length) + b"\0" * 64))
    assert found == [b"sound"]
    assert raised.value.position == len(frame(b"sound"))


def test_the_largest_frame_is_read() -> None:
    largest = bytes(MAX_FRAME)
    assert sound(frame(largest)) == [largest]


def test_zeros_are_no_frames() -> None:
    """What some file systems leave behind after a power cut."""
    with pytest.raises(UnreadableTail):
        sound(b"\0" * 64)
