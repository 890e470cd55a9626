"""Records without their maps: who was explained, how sure the model was, and the figures, small enough for a whole history."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from tb_explain.records import explain_pb2 as pb

# Of what a summary is made of.
_MOST_FIELDS = 1 << 17
_MOST_BYTES = 64 << 20

_SHARED = frozenset(field.number for field in pb.Summary.DESCRIPTOR.fields)
_VARINT, _SIZED, _FIXED = 0, 2, {1: 8, 5: 4}  # forms of fields, and how many bytes those of one size have


def summarise(payload: bytes, samples: frozenset[str]) -> bytes | None:
    """What the payloads of all kinds share, of these samples or of all if none is named.

    Samples are named by the content hash of their image, or `#` and their place in the record if they have none, and the
    answer has them in the order of the record. None: the payload is damaged, or contradicts itself.
    """
    try:
        summary = pb.Summary.FromString(_shared(payload))
    except (DecodeError, ValueError):
        return None
    summary.DiscardUnknownFields()  # those of samples
    if samples:
        names = [sample.image.hex() or f"#{i}" for i, sample in enumerate(summary.samples)]
        if not _keep(summary, [i for i, name in enumerate(names) if name in samples]):
            return None
    return summary.SerializeToString()


def _shared(payload: bytes) -> bytes:
    """The fields that all kinds have, without those that only one has: neither copied nor parsed.

    Raises ValueError when there are too many: parsed, a sample of two bytes takes a hundred.
    """
    kept: list[bytes] = []
    at = size = 0
    for _ in range(_MOST_FIELDS):
        if at >= len(payload):
            return b"".join(kept)
        start = at
        key, at = _varint(payload, at)
        wire = key & 7
        if wire == _SIZED:
            length, at = _varint(payload, at)
            at += length
        elif wire == _VARINT:
            _, at = _varint(payload, at)
        elif wire in _FIXED:
            at += _FIXED[wire]
        else:
            raise ValueError("a field of an unknown form")
        if at > len(payload):
            raise ValueError("the payload ends inside a field")
        if key >> 3 in _SHARED:
            size += at - start
            if size > _MOST_BYTES:
                break
            kept.append(payload[start:at])
    raise ValueError("the payload has more samples than anything would show")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise ValueError("the payload ends inside a number")
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise ValueError("a number without an end")


def _keep(summary: pb.Summary, kept: list[int]) -> bool:
    n = len(summary.samples)
    per_target: list[Any] = [summary.targets, summary.probabilities, summary.flags]
    per_target += [column for figure in summary.figures for column in (figure.values, figure.random, figure.centred)]
    if n == 0 or len(summary.targets) % n or any(len(column) not in (0, len(summary.targets)) for column in per_target):
        return n == 0
    t = len(summary.targets) // n
    for column in per_target:
        if column:
            column[:] = [column[i * t + j] for i in kept for j in range(t)]
    chosen = [summary.samples[i] for i in kept]
    del summary.samples[:]
    summary.samples.extend(chosen)
    return True
