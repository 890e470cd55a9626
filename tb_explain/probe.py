"""The fixed images that are explained again and again while a network learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_explain.pictures import Pictures, as_array, as_pixels, pictures_of

if TYPE_CHECKING:
    import torch


class Probe:
    """Images to follow through training, as the model takes them, with what is known about them.

    Args:
        images: float tensor or array [N, C, H, W] (or voxels [N, C, D, H, W]), in model space (normalised); copied.
        labels: N true classes, or None.
        class_names: K names, or None.
        name: first part of the tags of its explanations.
        mean, std: C numbers each, in 0..1: the normalisation, undone for display. Without them images are shown as they are if
            all lie in 0..1; else all are stretched, each from its least to its greatest value.
        pixels: uint8, or floats in 0..1, [N, H, W], [N, H, W, 1] or [N, H, W, 3] to show instead.
        sample_names: N texts, such as file names.
        masks: bool [N, H, W] (of voxels [N, D, H, W]), where the labelled object is, for figures that ask whether maps lie on it.

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
        if self.images.ndim not in (4, 5) or not self.images.is_floating_point() or not len(self.images):
            raise ValueError(
                f"probe images must be floats [N, C, H, W] or [N, C, D, H, W], got {self.images.dtype} {list(self.images.shape)}"
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
            self.pictures = pictures_of(self.images.float().cpu().numpy(), mean, std, shared=True)
        self.normalisation = mean, std
        """(mean, std) as they were given."""
        self._as_they_are = mean is None and std is None and self.images.min() >= 0 and self.images.max() <= 1

    def shown(self, images: torch.Tensor) -> Pictures:
        """Other images in model space [N, C, *S], or parts of some, shown as the probe's own are."""
        values = images.detach().float().cpu().numpy()  # a value a little outside 0..1 is no reason to stretch
        return pictures_of(values, *self.normalisation, stretched=not self._as_they_are)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return f"Probe({len(self)} images {list(self.images.shape[1:])}, name={self.name!r})"


def as_labels(name: str, labels: Any, n: int) -> NDArray[np.int64]:
    """N class indices as an array. Raises ValueError when they are something else."""
    given = as_array(labels)
    if given.shape != (n,) or given.dtype.kind not in "iu" or (given < 0).any():
        raise ValueError(f"{name} must be {n} class indices (integers from 0), got {given.dtype} {list(given.shape)}")
    return given.astype(np.int64)
