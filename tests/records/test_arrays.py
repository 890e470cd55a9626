"""Arrays come back as they were stored, or as near as docs/file-format.md promises."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tb_explain.records import decode_array, decode_column, encode_array, encode_column, quantise
from tb_explain.records import explain_pb2 as pb

STORED = ["u1", "<u2", "<i4", "<f2", "<f4", "<u4", "<u8"]
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.sampled_from(STORED).flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))))
def test_every_dtype_and_shape_comes_back_bit_for_bit(values: np.ndarray) -> None:
    back = decode_array(pb.Array.FromString(encode_array(values).SerializeToString()))
    assert back.dtype == values.dtype
    assert back.shape == values.shape
    assert back.tobytes() == values.tobytes()


@given(st.sampled_from(STORED).flatmap(lambda d: hnp.arrays(d, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))))
def test_columns_come_back_bit_for_bit_from_what_describes_them(values: np.ndarray) -> None:
    column, payload = encode_column(values)
    assert payload == values.tobytes()
    back = decode_column(pb.Column.FromString(column.SerializeToString()), payload)
    assert (back.dtype, back.shape, back.tobytes()) == (values.dtype, values.shape, values.tobytes())


def test_a_column_with_a_scale_is_float32() -> None:
    column, payload = encode_column(np.array([[0, 65535], [2, 3]], np.uint16), scale=0.5, offset=-1)
    np.testing.assert_array_equal(decode_column(column, payload), np.float32([[-1, 32766.5], [0, 0.5]]))


def test_a_column_of_another_length_than_described_is_refused() -> None:
    column, payload = encode_column(np.arange(4, dtype=np.uint32))
    with pytest.raises(ValueError, match="cannot have 15 bytes"):
        decode_column(column, payload[:-1])


@pytest.mark.parametrize("dtype", [">u2", ">i4", ">f2", ">f4"])
def test_big_endian_arrays_are_stored_little_endian(dtype: str) -> None:
    values = np.array([1, 2, 300], dtype)
    stored = encode_array(values)
    assert stored.data == values.astype(values.dtype.newbyteorder("<")).tobytes()
    np.testing.assert_array_equal(decode_array(stored), values)


def test_strided_arrays_are_stored_in_order() -> None:
    values = np.arange(24, dtype=np.int32).reshape(4, 6)[::-2, ::3].T
    np.testing.assert_array_equal(decode_array(encode_array(values)), values)


@pytest.mark.parametrize("dtype", ["f8", "i8", "?", "c8", "S3", "O"])
def test_other_dtypes_are_refused_with_those_that_are_not(dtype: str) -> None:
    with pytest.raises(TypeError, match="convert to one of uint8, uint16, int32, float16, float32"):
        encode_array(np.zeros(3, dtype))


def largest_error(values: np.ndarray, signed: bool) -> np.ndarray:
    """What the document allows, a map: half a level, and float32's rounding of the result."""
    flat = values.reshape(-1, values.shape[-2] * values.shape[-1]).astype(np.float64).clip(-1e38, 1e38)
    level = np.abs(flat).max(1) / 127 if signed else (flat.max(1) - flat.min(1)) / 255
    rounding = 4 * np.finfo(np.float32).eps * np.maximum(np.abs(flat).max(1), level * 255) + 1e-42
    return level / 2 + rounding


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=4, max_dims=4, max_side=4), elements=FLOATS),
    st.booleans(),
)
@example(np.full((1, 1, 2, 2), np.finfo(np.float32).max, np.float32), True)
@example(np.array([[[[-3.4e38, 3.4e38]]]], np.float32), False)
@example(np.array([[[[1e-45, 3e-43]]]], np.float32), True)
@example(np.array([[[[1e6, 1e6 + 0.25]]]], np.float32), False)
def test_quantised_values_are_off_by_half_a_level_at_most(values: np.ndarray, signed: bool) -> None:
    stored = quantise(values, signed=signed)
    assert len(stored.scale) == len(stored.offset) == values.shape[0] * values.shape[1]
    assert len(stored.data) == values.size
    back = decode_array(pb.Array.FromString(stored.SerializeToString()))
    assert back.shape == values.shape
    assert back.dtype == np.float32
    error = np.abs(back.astype(np.float64) - values.astype(np.float64).clip(-1e38, 1e38))
    allowed = largest_error(values, signed).reshape(values.shape[:2])
    assert (error.max((2, 3)) <= allowed).all(), (error.max((2, 3)), allowed)


@given(hnp.arrays(np.float32, (2, 1, 3, 3), elements=FLOATS))
def test_zero_of_a_signed_map_is_exactly_level_128_and_comes_back_as_zero(values: np.ndarray) -> None:
    values[:, :, 1, 1] = 0
    stored = quantise(values, signed=True)
    levels = np.frombuffer(stored.data, np.uint8).reshape(values.shape)
    assert (levels[:, :, 1, 1] == 128).all()
    assert (decode_array(stored)[:, :, 1, 1] == 0).all()


@given(hnp.arrays(np.float32, (2, 1, 3, 3), elements=st.floats(-1, 1, width=32)))
def test_a_signed_map_and_its_negative_mirror_each_other(values: np.ndarray) -> None:
    levels, mirrored = (
        np.frombuffer(quantise(v, signed=True).data, np.uint8).astype(int) - 128 for v in (values, -values)
    )
    np.testing.assert_array_equal(levels, -mirrored)


@given(FLOATS.filter(lambda value: abs(value) < 1e38), st.booleans())
def test_a_constant_map_comes_back_as_that_constant(value: float, signed: bool) -> None:
    values = np.full((1, 1, 2, 3), value, np.float32)
    back = decode_array(quantise(values, signed=signed))
    if signed:
        np.testing.assert_allclose(back, values, rtol=1e-6, atol=2e-43)
    else:
        np.testing.assert_array_equal(back, values)


def test_each_map_has_a_range_of_its_own() -> None:
    values = np.stack([np.linspace(0, 1e-6, 6), np.linspace(0, 1e6, 6)]).astype(np.float32).reshape(2, 1, 2, 3)
    np.testing.assert_allclose(decode_array(quantise(values, signed=False)), values, rtol=0.02)


def test_maps_without_values_are_refused() -> None:
    for shape in ((0, 1, 2, 2), (1, 0, 2, 2), (1, 1, 0, 2)):
        with pytest.raises(ValueError, match="at least one value"):
            quantise(np.zeros(shape, np.float32), signed=False)


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(pb.Array(dtype=pb.UINT8, shape=[2, 3], data=bytes(5)), id="too few bytes"),
        pytest.param(pb.Array(dtype=pb.UINT8, shape=[2, 3], data=bytes(7)), id="too many bytes"),
        pytest.param(pb.Array(dtype=pb.FLOAT32, shape=[2], data=bytes(2)), id="bytes of another dtype"),
        pytest.param(pb.Array(dtype=pb.UINT8, shape=[2**32 - 1] * 4, data=bytes(1)), id="absurd extents"),
        pytest.param(pb.Array(dtype=pb.UINT8, data=b""), id="a number without bytes"),
        pytest.param(pb.Array(shape=[1], data=bytes(1)), id="no dtype"),
        pytest.param(pb.Array(dtype=99, shape=[1], data=bytes(1)), id="unknown dtype"),
        pytest.param(pb.Array(dtype=pb.UINT8, shape=[2, 3], data=bytes(6), scale=[1] * 3), id="scales of no block"),
        pytest.param(pb.Array(dtype=pb.UINT8, shape=[2, 3], data=bytes(6), offset=[1] * 4), id="offsets of no block"),
        pytest.param(pb.Array(dtype=pb.UINT8, shape=[2, 3], data=bytes(6), scale=[1] * 12), id="more than values"),
        pytest.param(
            pb.Array(dtype=pb.UINT8, shape=[2, 3], data=bytes(6), scale=[1] * 2, offset=[0] * 6),
            id="two kinds of block",
        ),
        pytest.param(pb.Array(dtype=pb.UINT8, shape=[0, 3], scale=[1] * 2), id="scales of nothing"),
    ],
)
def test_an_array_that_contradicts_itself_is_rejected(array: pb.Array) -> None:
    with pytest.raises(ValueError, match="array of"):
        decode_array(array)


@pytest.mark.parametrize("n_scale", [0, 1, 2, 6, 24])
@pytest.mark.parametrize("n_offset", [0, 1, 2, 6, 24])
def test_scales_and_offsets_are_for_the_whole_or_for_leading_blocks(n_scale: int, n_offset: int) -> None:
    array = pb.Array(dtype=pb.UINT8, shape=[2, 3, 4], data=bytes(range(24)))
    array.scale.extend(range(2, 2 + n_scale))
    array.offset.extend(range(100, 100 + n_offset))
    if n_scale > 1 and n_offset > 1 and n_scale != n_offset:
        with pytest.raises(ValueError, match="scales"):
            decode_array(array)
        return
    scale = np.repeat(array.scale or [1], 24 // (n_scale or 1))
    offset = np.repeat(array.offset or [0], 24 // (n_offset or 1))
    np.testing.assert_array_equal(decode_array(array).ravel(), offset + scale * np.arange(24))


@given(st.binary(max_size=60))
def test_any_bytes_are_an_array_or_a_valueerror(data: bytes) -> None:
    try:
        array = pb.Array.FromString(data)
    except Exception:  # not a message at all
        return
    with contextlib.suppress(ValueError):
        decode_array(array)
