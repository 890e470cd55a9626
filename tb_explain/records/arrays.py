"""Arrays as they are stored: little-endian, with an affine quantisation for maps that are looked at rather than computed with."""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.records import explain_pb2 as pb

# As numpy has them.
DTYPES: dict[pb.DType, np.dtype[Any]] = {
    pb.UINT8: np.dtype("u1"),
    pb.UINT16: np.dtype("<u2"),
    pb.INT32: np.dtype("<i4"),
    pb.FLOAT16: np.dtype("<f2"),
    pb.FLOAT32: np.dtype("<f4"),
    pb.UINT32: np.dtype("<u4"),
    pb.UINT64: np.dtype("<u8"),
}
_STORED_AS = {dtype: code for code, dtype in DTYPES.items()}

# No array has more axes; a shape of a million extents is not worth multiplying.
_MOST_AXES = 16

# Beyond this, a range of values or 255 scales would leave float32.
_LARGEST = np.float32(1e38)


def encode_array(values: NDArray[np.generic]) -> pb.Array:
    """Store `values` exactly: integers or floats of a stored type, of any shape. Raises TypeError for another dtype."""
    code, data = _stored(values)
    return pb.Array(dtype=code, shape=values.shape, data=data)


def encode_column(values: NDArray[np.generic], scale: float = 0, offset: float = 0) -> tuple[pb.Column, bytes]:
    """Describe `values` as a column that has no name yet, and the payload to store them in. Raises TypeError for another dtype."""
    code, data = _stored(values)
    return pb.Column(dtype=code, shape=values.shape, scale=scale, offset=offset), data


def decode_column(column: pb.Column, payload: bytes) -> NDArray[Any]:
    """The values of a column: float32 if it has a scale, else as stored. Raises ValueError when it contradicts its payload."""
    array = pb.Array(dtype=column.dtype, shape=column.shape, data=payload)
    if column.scale:
        array.scale.append(column.scale)
        array.offset.append(column.offset)
    return decode_array(array)


def _stored(values: NDArray[np.generic]) -> tuple[pb.DType, bytes]:
    little = values.dtype.newbyteorder("<")
    if little not in _STORED_AS:
        known = ", ".join(dtype.name for dtype in _STORED_AS)
        raise TypeError(f"arrays of dtype {values.dtype} cannot be stored; convert to one of {known}")
    return _STORED_AS[little], np.ascontiguousarray(values, dtype=little).tobytes()


def quantise(maps: NDArray[np.float32], *, signed: bool) -> pb.Array:
    """Store float maps as uint8, each with a range of its own.

    Args:
        maps: float32, finite, shape [N, T, h, w].
        signed: the range is symmetric about zero and zero is stored as exactly 128. Otherwise the range is [min, max].

    The largest error of a value is half a level: (max - min) / 510, or max|value| / 254 when signed; and float32's rounding.
    Values beyond 1e38 are stored as that.
    """
    if not maps.size:
        raise ValueError(f"maps must have at least one value each, got shape {maps.shape}")
    flat = maps.reshape(math.prod(maps.shape[:2]), -1).astype(np.float32, copy=False).clip(-_LARGEST, _LARGEST)
    if signed:
        scale = np.abs(flat).max(axis=1) / np.float32(127)
        offset = np.float32(-128) * scale
        # Both sides end alike, even where the scale is so small that its rounding counts.
        levels = np.rint(flat / _nonzero(scale)[:, None]).clip(-127, 127) + 128
    else:
        offset = flat.min(axis=1)
        scale = (flat.max(axis=1) - offset) / np.float32(255)
        levels = np.rint((flat - offset[:, None]) / _nonzero(scale)[:, None])
    return pb.Array(
        dtype=pb.UINT8,
        shape=maps.shape,
        data=levels.clip(0, 255).astype(np.uint8).tobytes(),
        scale=scale.tolist(),
        offset=offset.tolist(),
    )


def _nonzero(scale: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(scale == 0, np.float32(1), scale)


def decode_array(array: pb.Array) -> NDArray[Any]:
    """The values of a stored array: float32 if it was quantised, else as stored. Raises ValueError when it contradicts itself."""
    if array.dtype not in DTYPES:
        raise ValueError(f"array of unknown dtype {array.dtype}; a newer version of tb-explain may read it")
    dtype = DTYPES[array.dtype]
    if len(array.shape) > _MOST_AXES:
        raise ValueError(f"array of {len(array.shape)} axes; at most {_MOST_AXES} can be read")
    shape = tuple(array.shape)
    if math.prod(shape) * dtype.itemsize != len(array.data):
        raise ValueError(f"array of shape {shape} and dtype {dtype} cannot have {len(array.data)} bytes")
    stored: NDArray[Any] = np.frombuffer(array.data, dtype=dtype).reshape(shape)
    if not array.scale and not array.offset:
        return stored
    scale = np.array(array.scale or [1.0], np.float32)
    offset = np.array(array.offset or [0.0], np.float32)
    maps = max(len(scale), len(offset))
    blocks = itertools.accumulate(shape, operator.mul, initial=1)
    if len(scale) not in (1, maps) or len(offset) not in (1, maps) or maps not in blocks:
        raise ValueError(f"array of shape {shape} cannot have {len(scale)} scales and {len(offset)} offsets")
    # What is infinite or no number stays so, as in the formula.
    with np.errstate(over="ignore", invalid="ignore"):
        values: NDArray[np.float32] = offset[:, None] + scale[:, None] * stored.reshape(maps, -1).astype(np.float32)
    return values.reshape(shape)
