"""What every verb declares: a series, a step, a time."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any

from tb_explain.records import MAX_DECLARATION
from tb_explain.records import explain_pb2 as pb

_ROOM = 16  # bytes for the id, which comes later
# Characters that are left of each text of a declaration that is too long, until it is not.
_SHORTER = (20_000, 2000, 200, 20)


def as_series(
    kind: pb.Kind, tag: str, method: str, layer: str, parameters: Mapping[str, Any], description: str
) -> pb.Series:
    """A series' declaration, in which parameters and description are shortened if need be. Raises ValueError when its tag is too long."""
    declaration = pb.Series(
        kind=kind,
        tag=tag,
        method=method,
        layer=layer,
        parameters=json.dumps(parameters, default=repr) if parameters else "",
        description=description,
    )
    texts = (
        {name: json.dumps(value, default=repr) for name, value in parameters.items()} if _is_long(declaration) else {}
    )
    for longest in _SHORTER:
        if not _is_long(declaration):
            return declaration
        # Still an object of JSON: what of it is short stays as it is.
        kept = {
            name: value if len(texts[name]) <= longest else _cut(texts[name], longest)
            for name, value in parameters.items()
        }
        declaration.parameters = json.dumps(kept, default=repr) if kept else ""
        declaration.description = _cut(description, longest)
    if _is_long(declaration):
        raise ValueError(
            f"the tag {tag[:40]!r}… is too long: with all that describes it, it may take {MAX_DECLARATION >> 10} KiB"
        )
    return declaration


def _is_long(declaration: pb.Series) -> bool:
    return declaration.ByteSize() + _ROOM > MAX_DECLARATION


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "…"


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
