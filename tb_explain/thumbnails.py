"""Small pictures of many rows, all of one size."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tb_explain.pictures import Pictures


def tiles_of(
    pictures: Pictures, rows: Iterable[int], longest: int, like: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Some pictures as uint8 [n, h, w, 1 or 3], antialiased, at most `longest` pixels on a side and never enlarged.

    All have the extents of the first, or those of the tiles `like`; a picture of another form is centred on black.
    """
    found = [_shrunk(pictures.flat(row), longest) for row in rows]
    extents = found[0].shape if like is None and found else (0, 0, 1) if like is None else like.shape[1:]
    return np.stack([_fitted(one, extents) for one in found]) if found else np.empty((0, *extents), np.uint8)


def _shrunk(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    share = longest / max(height, width)
    if share >= 1:
        return pixels
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    size = max(1, round(width * share)), max(1, round(height * share))
    small = np.asarray(image.resize(size, Image.Resampling.HAMMING, reducing_gap=2.0))
    return small.reshape(size[1], size[0], pixels.shape[2])


def _fitted(tile: NDArray[np.uint8], extents: tuple[int, ...]) -> NDArray[np.uint8]:
    if tile.shape == extents:
        return tile
    height, width, channels = extents
    tile = _shrunk(tile, max(1, int(max(tile.shape[:2]) * min(height / tile.shape[0], width / tile.shape[1], 1))))
    tile = tile[:height, :width]
    if tile.shape[2] != channels:
        tile = tile.repeat(3, 2) if channels == 3 else tile.mean(2, keepdims=True).astype(np.uint8)
    whole = np.zeros(extents, np.uint8)
    top, left = (height - tile.shape[0]) // 2, (width - tile.shape[1]) // 2
    whole[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return whole
