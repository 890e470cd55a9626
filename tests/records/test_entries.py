"""Entries decoded all at once are those that protobuf decodes one by one, whatever the bytes."""

from __future__ import annotations

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from tb_explain.records import MAX_PAYLOAD
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.entries import decode
from tb_explain.records.framing import frame, frames, spans


def unsigned(bits: int) -> st.SearchStrategy[int]:
    """Numbers of every length, and those next to where a varint becomes longer."""
    edges = [0, 2**bits - 1, *(2**k + d for k in range(7, bits, 7) for d in (-1, 0))]
    return st.one_of(st.sampled_from(edges), st.integers(0, 2**bits - 1), st.integers(0, 1000))


ENTRIES = st.builds(
    pb.Entry,
    kind=st.one_of(st.sampled_from(list(pb.Kind.values())), st.integers(-(2**31), 2**31 - 1)),
    series=unsigned(32),
    step=unsigned(64).map(lambda n: (n >> 1) ^ -(n & 1)),
    wall_time=st.floats(width=64),
    offset=unsigned(64),
    length=st.one_of(unsigned(30), unsigned(64)),
    crc=unsigned(32),
    count=unsigned(32),
    content_hash=st.sampled_from([b"", b"", bytes(range(16)), b"\x4a" * 16, b"short", bytes(17)]),
    failure=st.sampled_from([None, None, None, pb.Failure(tag="t", message="m")]),
    declaration=st.sampled_from([None, None, pb.Series(tag="t")]),
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """The bytes of an entry, some of them lost, others in their place, or fields in another order."""
    data = draw(ENTRIES).SerializeToString() + draw(
        st.sampled_from([b"", b"\x68\x01", pb.Entry(kind=7).SerializeToString()])
    )
    cut, length = draw(st.integers(0, len(data))), draw(st.integers(0, 3))
    return data[:cut] + draw(st.binary(max_size=3)) + data[cut + length :]


def parsed(data: bytes | None) -> pb.Entry | None:
    """The entry that protobuf finds; None where an index counts damage."""
    try:
        entry = pb.Entry.FromString(data) if data is not None else None
    except DecodeError:
        return None
    refused = entry is None or entry.length > MAX_PAYLOAD or len(entry.content_hash) not in (0, 16)
    return None if refused else entry


@given(
    stretch=st.lists(st.one_of(ENTRIES.map(lambda entry: entry.SerializeToString()), spoilt()), max_size=12),
    flip=st.one_of(st.none(), st.integers(0, 2**20)),
    end=st.binary(max_size=20),
)
def test_entries_decoded_at_once_are_those_of_protobuf(stretch: list[bytes], flip: int | None, end: bytes) -> None:
    buffer = bytearray(b"".join(map(frame, stretch)))
    if flip is not None and stretch:
        buffer[12 + flip % max(1, len(stretch[0]) + 4)] ^= 1  # its data or its CRC
    whole = bytes(buffer)
    expected = [parsed(found.data) for found in frames(whole)]
    found = spans(whole + end)
    entries = decode(whole + end, found)
    n = len(expected)
    assert len(found.starts) >= n
    assert entries.sound[:n].tolist() == [entry is not None for entry in expected]
    for row, entry in enumerate(expected):
        if entry is None:
            continue
        columns = entries.columns[row]
        assert columns["kind"] == entry.kind & 0xFFFFFFFF
        for name in ("series", "step", "offset", "length", "crc", "count"):
            assert columns[name] == getattr(entry, name), name
        np.testing.assert_equal(float(columns["wall_time"]), entry.wall_time)
        assert columns["hash"].tobytes() == (entry.content_hash or bytes(16))
        if (
            entry.HasField("failure")
            or entry.HasField("declaration")
            or entry.kind in (pb.SEGMENT, pb.SERIES, pb.FAILURE)
        ):
            assert entries.messages[row].SerializeToString(deterministic=True) == entry.SerializeToString(
                deterministic=True
            )


@pytest.mark.parametrize("written", [b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01"], ids=["in 5 bytes", "in 10 bytes"])
def test_a_negative_kind_is_one_that_is_not_known(written: bytes) -> None:
    index = frame(b"\x08" + written)
    assert pb.Entry.FromString(b"\x08" + written).kind == -1
    entries = decode(index, spans(index))
    assert entries.sound.tolist() == [True]
    assert entries.columns["kind"].tolist() == [0xFFFFFFFF]


def test_what_is_logged_by_the_million_is_not_parsed_one_by_one() -> None:
    record = pb.Entry(
        kind=pb.HEATMAPS, series=300, step=-70_000, wall_time=1.7e9, offset=2**40, length=50_000, crc=1, count=3
    )
    image = pb.Entry(kind=pb.IMAGE, content_hash=bytes(range(16)), wall_time=1.7e9, offset=1, length=1, crc=2**32 - 1)
    buffer = frame(record.SerializeToString()) * 5 + frame(image.SerializeToString()) * 5
    assert decode(buffer, spans(buffer)).messages == {}
