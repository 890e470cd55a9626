"""Payloads: arrays and columns are decoded or refused, summaries made or not, without more memory than what they hold."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from tb_explain.plugin.summaries import summarise
from tb_explain.records import decode_array, decode_column, image_media_type, image_size
from tb_explain.records import explain_pb2 as pb

_SAMPLES = frozenset(["#0", "#2", "00" * 16])


def check(data: bytes) -> None:
    """The first byte tells as what the rest is read."""
    if not data:
        return
    how, rest = data[0] % 4, data[1:]
    if how == 0:
        _check_array(rest)
    elif how == 1:
        _check_column(rest)
    elif how == 2:
        _check_summary(rest)
    else:
        size = image_size(rest)
        assert size is None or (image_media_type(rest) is not None and min(size) > 0)


def _check_array(data: bytes) -> None:
    try:
        values = decode_array(pb.Array.FromString(data))
    except (DecodeError, ValueError):
        return
    assert values.nbytes <= 4 * len(data)


def _check_column(data: bytes) -> None:
    size = int.from_bytes(data[:1], "little")
    try:
        values = decode_column(pb.Column.FromString(data[1 + size :]), data[1 : 1 + size])
    except (DecodeError, ValueError):
        return
    assert values.nbytes <= 4 * size


def _check_summary(data: bytes) -> None:
    whole = summarise(data, frozenset())
    some = summarise(data, _SAMPLES)
    for answer in (whole, some):
        if answer is not None:
            assert len(answer) <= len(data) + 64
            pb.Summary.FromString(answer)
    if whole is not None:
        assert summarise(whole, frozenset()) == whole, "a summary of a summary is the same"
