"""Records without their maps: who was explained, how sure the model was, and the figures, small enough for a whole history."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from tb_explain.records import explain_pb2 as pb


def summarise(payload: bytes, samples: frozenset[str]) -> bytes | None:
    """What the payloads of all kinds share, of these samples or of all if none is named.

    Samples are named by the content hash of their image, or `#` and their place in the record if they have none, and the
    answer has them in the order of the record. None: the payload is damaged, or contradicts itself.
    """
    try:
        summary = pb.Summary.FromString(payload)
    except DecodeError:
        return None
    summary.DiscardUnknownFields()
    if samples:
        names = [sample.image.hex() or f"#{i}" for i, sample in enumerate(summary.samples)]
        if not _keep(summary, [i for i, name in enumerate(names) if name in samples]):
            return None
    return summary.SerializeToString()


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
