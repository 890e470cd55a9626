"""Reading images off whatever a user calls a loader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any

import torch
from torch import Tensor

from tb_explain.methods.defaults import their_defaults

Loader = Iterable[Any]
"""Batches of images, or of (images, labels, ...): a DataLoader, a list of batches. It is gone through several times."""


def check_loader(loader: Loader, name: str = "loader") -> None:
    """Raises TypeError or ValueError for what cannot be gone through twice."""
    if isinstance(loader, Tensor):
        raise TypeError(f"{name} is one tensor; give a DataLoader, or a list of batches such as images.split(32)")
    if not isinstance(loader, Iterable):
        raise TypeError(f"{name} must be a DataLoader or another iterable over batches, got {type(loader).__name__}")
    if isinstance(loader, Iterator):
        raise ValueError(
            f"{name} is a {type(loader).__name__}, which is used up after one epoch; give a DataLoader or a list of batches"
        )


def length(loader: Loader) -> int | None:
    """How many batches there are, where the loader knows."""
    try:
        return len(loader) if isinstance(loader, Sized) else None
    except TypeError:  # a DataLoader over an iterable
        return None


def batches(loader: Loader, device: torch.device) -> Iterator[Tensor]:
    """The images of each batch, float32 on a device."""
    for images, _ in labelled(loader):
        images = images.detach().to(device, torch.float32, non_blocking=True)
        yield images.clone() if images.is_inference() else images


def labelled(loader: Loader) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The images of each batch, and their labels, int64 [n], if it has any. Raises ValueError for what is neither."""
    for batch in _as_theirs(loader):
        images, *more = batch if isinstance(batch, (tuple, list)) and len(batch) else (batch,)
        if not isinstance(images, Tensor) or not images.is_floating_point() or images.ndim not in (4, 5):
            got = f"{images.dtype} {list(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
            raise ValueError(
                f"the loader gives {got}; expected batches of float images [N, C, H, W] or [N, C, D, H, W], or (images, labels)"
            )
        if len(images):
            yield images, more[0] if more and isinstance(more[0], Tensor) else None


def _as_theirs(loader: Loader) -> Iterator[Any]:
    with their_defaults():
        batches = iter(loader)
    while True:
        with their_defaults():
            try:
                batch = next(batches)
            except StopIteration:
                return
        yield batch


def as_labels(labels: Tensor, n: int, classes: int | None) -> Tensor:
    """Labels of n images as int64. Raises ValueError where they are not classes of the model; None: of any."""
    if labels.shape != (n,) or labels.is_floating_point():
        raise ValueError(f"labels must be {n} class indices (integers), got {labels.dtype} {list(labels.shape)}")
    if classes is None:
        if (labels < 0).any():
            raise ValueError(f"labels must be class indices from 0; got {int(labels.min())}")
        return labels.long()
    outside = labels[(labels < 0) | (labels >= classes)]
    if len(outside):
        raise ValueError(f"labels must be classes of the model, 0 to {classes - 1}; got {int(outside[0])}")
    return labels.long()


def is_binary(images: Tensor) -> bool:
    """Whether all values are exactly 0 or 1, and some are 1."""
    return bool(((images == 0) | (images == 1)).all() and (images == 1).any())
