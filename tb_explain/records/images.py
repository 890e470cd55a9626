"""Images as they are stored: encoded once, in the format that suits their content."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Below this many pixels, or with this few colours, lossless PNG is small and JPEG's ringing would be seen.
_SMALL = 64 * 64
_FEW_COLOURS = 256


def encode_image(pixels: NDArray[np.uint8]) -> bytes:
    """Encode uint8 pixels [H, W], [H, W, 1] or [H, W, 3]: PNG for small or flat-coloured images, else JPEG at quality 90.

    Raises ValueError for another shape and TypeError for another dtype.
    """
    if pixels.dtype != np.uint8:
        raise TypeError(f"image pixels must be uint8 in 0..255, got {pixels.dtype}")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3) or 0 in pixels.shape:
        raise ValueError(f"an image must have shape [H, W], [H, W, 1] or [H, W, 3], got {list(pixels.shape)}")
    image = Image.fromarray(np.ascontiguousarray(pixels))
    buffer = io.BytesIO()
    if image.width * image.height <= _SMALL or image.getcolors(_FEW_COLOURS) is not None:
        image.save(buffer, "PNG", compress_level=6)
    else:
        image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def image_media_type(encoded: bytes) -> str | None:
    """The media type told by an image's first bytes, or None for anything that is not PNG, JPEG or WebP."""
    if encoded.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if encoded.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return "image/webp"
    return None
