"""Pictures of things with known parts: a disc, a box and a triangle that hang together, among clutter of other colours."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SIZE = 32
PARTS = ("disc", "box", "triangle")

_OFFSETS = ((-6.0, -5.5), (0.0, 0.0), (5.5, 6.0))  # (down, right) of the thing's centre, in pixels
_RADII = (3.2, 3.8, 3.2)
_COLOURS = ((0.9, 0.2, 0.2), (0.2, 0.4, 0.95), (0.9, 0.85, 0.2))
_CLUTTER = ((0.3, 0.75, 0.35), (0.7, 0.3, 0.75), (0.55, 0.55, 0.55), (0.2, 0.2, 0.2), (0.9, 0.9, 0.9))


class Things(NamedTuple):
    """Pictures with (labels 1 and up, its kind) and without (label 0) a thing of three parts."""

    images: Tensor  # float32 [n, 3, 32, 32] in 0..1
    labels: Tensor  # int64 [n]
    landmarks: Tensor  # float32 [n, 3, 2]: (row, column) of the parts' centres; NaN without a thing
    masks: Tensor  # bool [n, 3, 32, 32]: the parts


def things(n: int, seed: int = 0, kinds: int = 1) -> Things:
    """`n` pictures, as many without a thing as of each kind; kinds, up to 6, are told by which part has which colour.

    Each part has a contrast of its own, so that none can be relied on.
    """
    random = np.random.default_rng(seed)
    labels = random.integers(kinds + 1, size=n)
    colours = list(itertools.permutations(_COLOURS))
    images = np.zeros((n, 3, SIZE, SIZE), np.float32)
    landmarks = np.full((n, len(PARTS), 2), np.nan, np.float32)
    masks = np.zeros((n, len(PARTS), SIZE, SIZE), bool)
    for i, label in enumerate(labels):
        image = np.broadcast_to(random.uniform(0.3, 0.6, (3, 1, 1)), (3, SIZE, SIZE)).copy()
        for _ in range(5 if label else 8):
            shape = _shape(PARTS[random.integers(3)], random.uniform(1, SIZE - 1, 2), random.uniform(2, 3.8))
            _paint(image, shape, _CLUTTER[random.integers(len(_CLUTTER))], random.uniform(0.4, 1))
        if label:
            landmarks[i] = _place(random)
            for k in (1, 0, 2):  # the box is behind
                masks[i, k] = _shape(PARTS[k], landmarks[i, k], _RADII[k] * random.uniform(0.9, 1.1))
                _paint(image, masks[i, k], colours[label - 1][k], random.uniform(0.35, 1))
        images[i] = np.clip(image + random.normal(0, 0.05, image.shape), 0, 1)
    return Things(*(torch.from_numpy(each) for each in (images, labels, landmarks, masks)))


def _place(random: np.random.Generator) -> NDArray[np.float64]:
    """Centres of the parts, turned together, each moved a little by itself."""
    angle = random.normal(0, 0.3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = SIZE / 2 + random.uniform(-5, 5, 2)
    return centre + np.array(_OFFSETS) @ turn.T + random.normal(0, 0.4, (3, 2))


def _shape(kind: str, centre: NDArray[np.floating], radius: float) -> NDArray[np.bool_]:
    down, right = np.indices((SIZE, SIZE), dtype=np.float32) - centre.reshape(2, 1, 1)
    if kind == "disc":
        return np.hypot(down, right) <= radius
    if kind == "box":
        return np.maximum(abs(down), abs(right)) <= 0.85 * radius
    height = (down + radius) / (2 * radius)
    return (height >= 0) & (height <= 1) & (abs(right) <= radius * height)


def _paint(image: NDArray[np.float64], shape: NDArray[np.bool_], colour: tuple[float, ...], contrast: float) -> None:
    image[:, shape] += contrast * (np.array(colour)[:, None] - image[:, shape])
