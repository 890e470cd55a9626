"""What every verb declares: a series, a step, a time."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any

from tb_explain.records import explain_pb2 as pb

_LONGEST_DECLARATION = 1 << 19  # bytes; a reader takes an entry of more than 1 MiB for damage


def as_series(
    kind: pb.Kind, tag: str, method: str, layer: str, parameters: Mapping[str, Any], description: str
) -> pb.Series:
    """A series' declaration. Raises ValueError when it is too long."""
    declaration = pb.Series(
        kind=kind,
        tag=tag,
        method=method,
        layer=layer,
        parameters=json.dumps(parameters, default=repr) if parameters else "",
        description=description,
    )
    if declaration.ByteSize() > _LONGEST_DECLARATION:
        raise ValueError(f"tag, description and parameters of {tag[:40]!r} exceed 512 KiB together")
    return declaration


def as_step(step: Any) -> int:
    """A step as the records have it. Raises ValueError when it does not fit."""
    value = int(step)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"the step must fit 64 bits, got {value}")
    return value


def as_time(walltime: float | None) -> float:
    """Seconds since 1970; None: now. Raises ValueError for what is no number."""
    time_ = time.time() if walltime is None else walltime
    if not math.isfinite(time_):
        raise ValueError(f"walltime must be seconds since 1970, got {walltime}")
    return time_
