"""Images and voxels to show: made from what a model takes, encoded when first needed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.records import encode_image
from tb_explain.records import explain_pb2 as pb


class Pictures:
    """N pictures, encoded when first needed and only once.

    Args:
        pixels: uint8 [H, W, C] each, or voxels [D, H, W], 0 for empty.
        voxels: which of the two they are.
        shared: a probe holds them, whatever waits to be written.
    """

    def __init__(
        self, pixels: Sequence[NDArray[np.uint8]] | NDArray[np.uint8], *, voxels: bool = False, shared: bool = False
    ) -> None:
        self._pixels = pixels
        self._voxels = voxels
        self.shared = shared

    @cached_property
    def encoded(self) -> list[tuple[bytes, bytes]]:
        """Each picture as PNG or JPEG (of voxels: their projections), and its `Volume` message (of an image: nothing)."""
        if not self._voxels:
            return [(encode_image(one), b"") for one in self._pixels]
        return [(encode_image(projections(one)), _volume(one)) for one in self._pixels]

    @cached_property
    def ids(self) -> NDArray[np.uint64]:
        """[N]: the same for the same pixels, 1 to 2^53 - 1; what ties samples to the rows of projections."""
        return np.array([picture_id(one) for one in self._pixels], np.uint64)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(one.nbytes for one in self._pixels)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels of the first as an image."""
        shape = self._pixels[0].shape
        return projected_size(shape) if self._voxels else (shape[0], shape[1])

    def flat(self, i: int) -> NDArray[np.uint8]:
        """One of them as an image, [H, W, C]; of voxels their projections."""
        return projections(self._pixels[i])[..., None] if self._voxels else self._pixels[i]

    def __getitem__(self, part: slice) -> Pictures:
        return Pictures(self._pixels[part], voxels=self._voxels, shared=self.shared)

    def __len__(self) -> int:
        return len(self._pixels)


def picture_id(pixels: NDArray[np.uint8]) -> int:
    """53 bits of the SHA-256 of a picture's extents and pixels, as a double can hold them; never 0."""
    digest = hashlib.sha256(np.array(pixels.shape, "<u4").tobytes() + np.ascontiguousarray(pixels).tobytes()).digest()
    return int.from_bytes(digest[:8], "little") >> 11 or 1


def pictures_of(
    images: NDArray[np.floating[Any]],
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    *,
    shared: bool = False,
    stretched: bool | NDArray[np.bool_] | None = None,
) -> Pictures:
    """What a model takes, floats [N, C, H, W] or [N, C, D, H, W], as pictures.

    `mean` and `std` are undone; without them values in 0..1 are shown as they are and others stretched, each picture from its least to its
    greatest. `stretched`: which are, [N] or all; None: all, if any has values outside 0..1. Of channels that are neither grey nor RGB the first three are shown, or the first; of voxels the first.
    """
    channels, axes = images.shape[1], tuple(range(1, images.ndim))
    if mean is not None or std is not None:
        shift = np.asarray([0.0] * channels if mean is None else mean, np.float32)
        scale = np.asarray([1.0] * channels if std is None else std, np.float32)
        if shift.shape != (channels,) or scale.shape != (channels,):
            raise ValueError(
                f"mean and std must have {channels} numbers each, one a channel; got {shift.size} and {scale.size}"
            )
        wide = (channels,) + (1,) * (images.ndim - 2)
        images = images * scale.reshape(wide) + shift.reshape(wide)
    else:
        known = np.isfinite(images)
        low = images.min(axes, keepdims=True, where=known, initial=np.inf)
        high = images.max(axes, keepdims=True, where=known, initial=-np.inf)
        none = high < low  # no number in the whole picture
        low[none] = high[none] = 0
        if stretched is None:
            stretched = bool(low.min() < 0 or high.max() > 1)
        if np.any(stretched):
            whole = (np.where(known, images, low) - low) / np.maximum(high - low, 1e-12)
            images = np.where(np.reshape(stretched, (-1,) + (1,) * (images.ndim - 1)), whole, images)
    if images.ndim == 5:
        return Pictures(_to_uint8(images[:, 0]), voxels=True, shared=shared)
    if channels not in (1, 3):
        images = images[:, :3] if channels > 3 else images[:, :1]
    return Pictures(_to_uint8(images.transpose(0, 2, 3, 1)), shared=shared)


def pictures_one_by_one(
    images: NDArray[np.floating[Any]], mean: Sequence[float] | None = None, std: Sequence[float] | None = None
) -> Pictures:
    """The same, but whether a picture is stretched does not depend on the others, so that it has the same id in every batch."""
    if mean is not None or std is not None:
        return pictures_of(images, mean, std)
    flat = images.reshape(len(images), -1)
    return pictures_of(images, stretched=~((flat >= 0) & (flat <= 1) | np.isnan(flat)).all(1))


def given_pictures(images: Any, dataformats: str) -> Pictures:
    """Images as a caller gives them (see `as_pixels`), or voxels [N, 1, D, H, W], uint8 or floats in 0..1."""
    given = as_array(images)
    if given.ndim != 5:
        return Pictures(as_pixels(given, dataformats))
    if given.shape[1] != 1 or not given.size:
        raise ValueError(f"voxels to show must be [N, 1, D, H, W], none of them 0; got shape {list(given.shape)}")
    flat = as_pixels(given.reshape(len(given), 1, given.shape[2], -1), "NCHW")
    return Pictures(flat.reshape(len(given), *given.shape[2:]), voxels=True)


def as_pixels(images: Any, dataformats: str) -> NDArray[np.uint8]:
    """Images to show as uint8 [N, H, W, C], copied; floats are taken as 0..1. `dataformats` as in `SummaryWriter.add_images`.

    Raises ValueError for another shape or for values outside their range.
    """
    given = as_array(images)
    if given.ndim == 3:
        given = given[..., None]
        dataformats = "NHWC"
    if given.ndim != 4 or sorted(dataformats.upper()) != sorted("NCHW"):
        raise ValueError(
            f"images must be [N, H, W] or four axes as dataformats={dataformats!r} says, got shape {list(given.shape)}"
        )
    ordered: NDArray[Any] = given.transpose([dataformats.upper().index(axis) for axis in "NHWC"])
    if ordered.shape[3] not in (1, 3):
        raise ValueError(
            f"images to show must have 1 or 3 channels, got {ordered.shape[3]} (shape {list(given.shape)}, dataformats={dataformats!r})"
        )
    if ordered.dtype == np.uint8:
        pixels: NDArray[np.uint8] = ordered
        return pixels
    if ordered.dtype.kind != "f":
        raise ValueError(f"images to show must be uint8 in 0..255 or floats in 0..1, got {ordered.dtype}")
    low, high = float(ordered.min(initial=0)), float(ordered.max(initial=0))
    if not (low >= -1e-6 and high <= 1 + 1e-6):
        raise ValueError(
            f"float images to show must lie in 0..1, got values from {low:.3g} to {high:.3g}; undo the normalisation first"
        )
    return _to_uint8(ordered)


def projections(voxels: NDArray[Any]) -> NDArray[Any]:
    """Voxels [..., D, H, W] along each axis, side by side: the greatest magnitude along depth, width and height.

    Gives [..., max(H, D), W + D + W]; below the lower ones there is 0.
    """
    depth, width = voxels.shape[-3], voxels.shape[-1]
    found = np.zeros((*voxels.shape[:-3], *projected_size(voxels.shape[-3:])), voxels.dtype)
    for axis, start in ((-3, 0), (-1, width), (-2, width + depth)):
        strongest = np.abs(voxels).argmax(axis) if voxels.dtype.kind == "f" else voxels.argmax(axis)
        flat = np.take_along_axis(voxels, np.expand_dims(strongest, axis), axis).squeeze(axis)
        if axis == -1:  # depth runs to the right
            flat = flat.swapaxes(-1, -2)
        found[..., : flat.shape[-2], start : start + flat.shape[-1]] = flat
    return found


def projected_size(shape: Sequence[int]) -> tuple[int, int]:
    """(rows, columns) of the projections of voxels [D, H, W]."""
    depth, height, width = shape
    return max(height, depth), width + depth + width


def _volume(voxels: NDArray[np.uint8]) -> bytes:
    depth, height, width = voxels.shape
    deflated = zlib.compress(np.ascontiguousarray(voxels).tobytes(), 6)
    return pb.Volume(depth=depth, height=height, width=width, deflated=deflated).SerializeToString()


def as_array(values: Any) -> NDArray[Any]:
    """A copy of numbers from numpy, torch or lists."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if values.is_floating_point() else values).numpy()  # numpy has no bfloat16
    return np.array(values)


def _to_uint8(images: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(np.nan_to_num(images).clip(0, 1) * 255).astype(np.uint8)
    return levels
