"""Images as they are stored: encoded once, in the format that suits their content."""

from __future__ import annotations

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Below this many pixels, or with this few colours, lossless PNG is small and JPEG's ringing would be seen.
_SMALL = 64 * 64
_FEW_COLOURS = 256

# Two sides, as each format writes them.
_PNG, _JPEG, _WEBP = struct.Struct(">II"), struct.Struct(">HH"), struct.Struct("<HH")


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


def image_size(encoded: bytes) -> tuple[int, int] | None:
    """Height and width as the image's header has them, without decoding anything; None where it has none that makes sense."""
    kind = image_media_type(encoded)
    if kind == "image/png":
        width, height = _PNG.unpack_from(encoded, 16) if len(encoded) >= 24 and encoded[12:16] == b"IHDR" else (0, 0)
    elif kind == "image/jpeg":
        height, width = _jpeg_size(encoded)
    elif kind == "image/webp":
        height, width = _webp_size(encoded)
    else:
        return None
    return (height, width) if height and width else None


def _jpeg_size(encoded: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(encoded) and encoded[at] == 0xFF:
        marker = encoded[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame: baseline, progressive, …
            height, width = _JPEG.unpack_from(encoded, at + 5)
            return height, width
        if marker == 0xFF or marker == 0x01 or 0xD0 <= marker <= 0xD8:  # filling, or without a length
            at += 1 if marker == 0xFF else 2
        else:
            at += 2 + int.from_bytes(encoded[at + 2 : at + 4], "big")
    return 0, 0


def _webp_size(encoded: bytes) -> tuple[int, int]:
    head = encoded[12:30]
    if len(head) == 18 and head[:4] == b"VP8 " and head[11:14] == b"\x9d\x01\x2a":
        width, height = _WEBP.unpack_from(head, 14)
        return height & 0x3FFF, width & 0x3FFF
    if len(head) >= 13 and head[:4] == b"VP8L" and head[8] == 0x2F:
        bits = int.from_bytes(head[9:13], "little")
        return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1
    if len(head) == 18 and head[:4] == b"VP8X":
        return int.from_bytes(head[15:18], "little") + 1, int.from_bytes(head[12:15], "little") + 1
    return 0, 0
