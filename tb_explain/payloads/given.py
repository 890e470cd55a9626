"""Arrays as callers give them, numpy, torch or lists, as what a payload holds: checked and copied."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.pictures import as_array


def as_targets(targets: Any, n: int, t: int) -> NDArray[np.int64]:
    """Target classes as [N, T]; -1 where none are given. Raises ValueError for another shape or no integers."""
    given = as_array(-1 if targets is None else targets)
    if given.dtype.kind not in "iu" or given.shape not in ((), (n,), (n, t)) or (t > 1 and given.shape == (n,)):
        raise ValueError(
            f"targets must be integers [{n}, {t}]{'' if t > 1 else f', [{n}]'} or one for all, got {given.dtype} {list(given.shape)}"
        )
    return np.broadcast_to(given.reshape(-1, t) if given.ndim else given, (n, t)).astype(np.int64)


def as_numbers(name: str, values: Any, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """Floats of one shape, or None. [N] serves as [N, 1]. Raises ValueError for another shape."""
    if values is None:
        return None
    given = as_array(values)
    if given.dtype.kind not in "fiu" or given.size != np.prod(shape) or given.shape[:1] != shape[:1]:
        raise ValueError(f"{name} must be numbers {list(shape)}, got {given.dtype} {list(given.shape)}")
    return given.astype(np.float32).reshape(shape)


def as_weights(name: str, values: Any, n: int) -> NDArray[np.float32]:
    """Values of superpixels as finite float32 [N, T, K], from [N, K] or [N, T, K]. Raises ValueError for another shape."""
    given = as_array(values)
    if given.ndim == 2:
        given = given[:, None]
    if given.ndim != 3 or len(given) != n or given.dtype.kind not in "fiu":
        raise ValueError(f"{name} must be numbers [{n}, K] or [{n}, T, K], got {given.dtype} {list(given.shape)}")
    return np.nan_to_num(given.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def as_segments(segments: Any) -> NDArray[np.int64]:
    """Label maps as int64 [N, h, w], from [h, w] or [N, h, w]. Raises ValueError for another shape, or labels that do not fit 16 bits."""
    given = as_array(segments)
    if given.ndim == 2:
        given = given[None]
    if given.ndim != 3 or given.dtype.kind not in "iu" or not given.size:
        raise ValueError(f"segments must be integers [N, h, w], got {given.dtype} {list(given.shape)}")
    if given.min() < 0 or given.max() > 65535:
        raise ValueError(f"segments must be numbered from 0 to 65535, got {given.min()} to {given.max()}")
    return given.astype(np.int64)
