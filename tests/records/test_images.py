"""Pictures are stored so that they look as they were given."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from tb_explain.records import encode_image, image_media_type


def pixels_of(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)))


def photograph(height: int = 96, width: int = 128) -> np.ndarray:
    """Smooth colours with a little noise, and more than 256 of them."""
    y, x = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).normal(scale=2, size=(height, width, 3))
    smooth = np.stack([x / width * 255, y / height * 255, 127 + 100 * np.sin(x / 20)], 2)
    return (smooth + noise).clip(0, 255).astype(np.uint8)


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_small_pictures_come_back_exactly(pixels: np.ndarray) -> None:
    encoded = encode_image(pixels)
    assert image_media_type(encoded) == "image/png"
    np.testing.assert_array_equal(pixels_of(encoded), pixels)


def test_flat_coloured_pictures_of_any_size_come_back_exactly() -> None:
    pixels = np.kron(np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8), np.ones((40, 40, 1), np.uint8))
    encoded = encode_image(pixels)
    assert image_media_type(encoded) == "image/png"
    np.testing.assert_array_equal(pixels_of(encoded), pixels)


def test_photographs_become_jpeg_and_stay_close() -> None:
    pixels = photograph()
    encoded = encode_image(pixels)
    assert image_media_type(encoded) == "image/jpeg"
    error = np.abs(pixels_of(encoded).astype(int) - pixels)
    assert error.mean() < 2.5, f"mean error {error.mean():.2f} of 255"
    assert len(encoded) < pixels.nbytes / 4


def test_grey_pictures_with_and_without_a_channel_are_the_same() -> None:
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
    assert encode_image(grey) == encode_image(grey[:, :, None])
    np.testing.assert_array_equal(pixels_of(encode_image(grey)), grey)


def test_strided_pictures_are_taken() -> None:
    pixels = photograph()[::-3, ::5]
    np.testing.assert_array_equal(pixels_of(encode_image(pixels)), pixels)


@pytest.mark.parametrize("shape", [(3,), (4, 4, 2), (4, 4, 4), (1, 4, 4, 3), (0, 4, 3), (4, 0)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must have shape \[H, W\], \[H, W, 1\] or \[H, W, 3\], got \["):
        encode_image(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_other_dtypes_are_refused(dtype: type) -> None:
    with pytest.raises(TypeError, match="image pixels must be uint8"):
        encode_image(np.zeros((4, 4), dtype))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_the_media_type_is_told_from_the_first_bytes(kind: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(photograph(8, 8)).save(buffer, kind)
    known = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
    assert image_media_type(buffer.getvalue()) == known.get(kind)


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"RIFF\0\0\0\0WAVE", b"<svg onload=alert(1)>"])
def test_anything_else_has_no_media_type(data: bytes) -> None:
    assert image_media_type(data) is None
