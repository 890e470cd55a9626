"""The fixed images that are explained again and again while a network learns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_explain.records import encode_image


class Pictures:
    """N pictures to show, encoded when first needed and only once. `shared`: a probe holds them, whatever waits to be written."""

    def __init__(self, pixels: NDArray[np.uint8], *, shared: bool = False) -> None:
        self._pixels = pixels
        self.shared = shared

    @cached_property
    def encoded(self) -> list[bytes]:
        """Each picture as PNG or JPEG."""
        return [encode_image(picture) for picture in self._pixels]

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._pixels.nbytes

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self._pixels.shape[1], self._pixels.shape[2]

    def __len__(self) -> int:
        return len(self._pixels)


class Probe:
    """Images to follow through training, as the model takes them, with what is known about them.

    Args:
        images: float tensor or array [N, C, H, W], in model space (normalised); copied.
        labels: N true classes, or None.
        class_names: K names, or None.
        name: first part of the tags of its explanations.
        mean, std: C numbers each, in 0..1: the normalisation, undone for display. Without them images in 0..1 are shown as they
            are and others are stretched, each from its least to its greatest value.
        pixels: uint8 [N, H, W], [N, H, W, 1] or [N, H, W, 3] to show instead.
        sample_names: N texts, such as file names.
        masks: bool [N, H, W], where the labelled object is, for figures that ask whether maps lie on it.

    Raises ValueError when their numbers do not agree.
    """

    def __init__(
        self,
        images: Any,
        labels: ArrayLike | None = None,
        *,
        class_names: Sequence[str] | None = None,
        name: str = "probe",
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        pixels: ArrayLike | None = None,
        sample_names: Sequence[str] | None = None,
        masks: Any = None,
    ) -> None:
        try:
            import torch
        except ImportError as error:
            raise ImportError('a probe needs PyTorch: pip install "tb-explain[train]"') from error

        self.images: torch.Tensor = torch.as_tensor(images).detach().clone()
        self.name = name
        if self.images.ndim != 4 or not self.images.is_floating_point() or not len(self.images):
            raise ValueError(
                f"probe images must be floats [N, C, H, W], got {self.images.dtype} {list(self.images.shape)}"
            )
        n = len(self.images)
        self.labels = None if labels is None else as_labels("labels", labels, n)
        self.class_names = None if class_names is None else [str(c) for c in class_names]
        self.sample_names = None if sample_names is None else [str(s) for s in sample_names]
        if self.sample_names is not None and len(self.sample_names) != n:
            raise ValueError(f"got {len(self.sample_names)} sample_names for {n} images; give one an image")
        if self.labels is not None and self.class_names is not None and self.labels.max() >= len(self.class_names):
            raise ValueError(f"label {self.labels.max()} has no name: there are {len(self.class_names)} class_names")
        self.masks: torch.Tensor | None = None if masks is None else torch.as_tensor(masks).detach().clone() != 0
        expected = (n, *self.images.shape[2:])
        if self.masks is not None and self.masks.shape != expected:
            raise ValueError(f"masks must be {list(expected)}, one an image; got {list(self.masks.shape)}")
        if pixels is not None:
            self.pictures = Pictures(as_pixels(pixels, "NHWC"), shared=True)
            if len(self.pictures) != n:
                raise ValueError(f"got pixels of {len(self.pictures)} images for {n} images")
        else:
            self.pictures = Pictures(_displayed(self.images.float().cpu().numpy(), mean, std), shared=True)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"Probe({len(self)} images {list(self.images.shape[1:])}, name={self.name!r})"


def as_array(values: Any) -> NDArray[Any]:
    """A copy of numbers from numpy, torch or lists."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if values.is_floating_point() else values).numpy()  # numpy has no bfloat16
    return np.array(values)


def as_labels(name: str, labels: Any, n: int) -> NDArray[np.int64]:
    """N class indices as an array. Raises ValueError when they are something else."""
    given = as_array(labels)
    if given.shape != (n,) or given.dtype.kind not in "iu" or (given < 0).any():
        raise ValueError(f"{name} must be {n} class indices (integers from 0), got {given.dtype} {list(given.shape)}")
    return given.astype(np.int64)


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


def _displayed(
    images: NDArray[np.float32], mean: Sequence[float] | None, std: Sequence[float] | None
) -> NDArray[np.uint8]:
    channels = images.shape[1]
    if mean is not None or std is not None:
        shift = np.asarray([0.0] * channels if mean is None else mean, np.float32)
        scale = np.asarray([1.0] * channels if std is None else std, np.float32)
        if shift.shape != (channels,) or scale.shape != (channels,):
            raise ValueError(
                f"mean and std must have {channels} numbers each, one a channel; got {shift.size} and {scale.size}"
            )
        images = images * scale[:, None, None] + shift[:, None, None]
    elif images.min() < 0 or images.max() > 1:
        low, high = images.min((1, 2, 3), keepdims=True), images.max((1, 2, 3), keepdims=True)
        images = (images - low) / np.maximum(high - low, 1e-12)
    if channels not in (1, 3):
        images = images[:, :3] if channels > 3 else images[:, :1]
    return _to_uint8(images.transpose(0, 2, 3, 1))


def _to_uint8(images: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(np.nan_to_num(images).clip(0, 1) * 255).astype(np.uint8)
    return levels
