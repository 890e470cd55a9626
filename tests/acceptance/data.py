"""Scenes whose evidence is known: a red disc, a blue square, both or neither."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

SCENE_SIZE = 64
SCENE_MEAN = torch.full((3, 1, 1), 0.42)  # what hides without being evidence

Array = NDArray[np.float64]


class Scenes(NamedTuple):
    """Pictures of nothing (0), a red disc (1), a blue square (2) or both (3) among green distractors."""

    images: Tensor  # float32 [n, 3, H, W] in 0..1
    labels: Tensor  # int64 [n]
    discs: Tensor  # bool [n, H, W]
    squares: Tensor  # bool [n, H, W]


def scene_ab(n: int, seed: int = 0, distance: tuple[float, float] = (18, 99), label: int | None = None) -> Scenes:
    """Scenes whose objects each cover about 1/40 of the picture, their centres `distance` (least, most) pixels apart."""
    random = np.random.default_rng(seed)
    labels = random.integers(4, size=n) if label is None else np.full(n, label)
    drawn = [_scene(random, bool(kind & 1), bool(kind & 2), distance) for kind in labels]
    images, discs, squares = (torch.from_numpy(np.stack(parts)) for parts in zip(*drawn, strict=True))
    return Scenes(images.float(), torch.from_numpy(labels), discs, squares)


def _pixels(size: int) -> tuple[Array, Array]:
    """The rows and the columns of all pixels."""
    rows, columns = np.meshgrid(np.arange(float(size)), np.arange(float(size)), indexing="ij")
    return rows, columns


def _scene(
    random: np.random.Generator, disc: bool, square: bool, distance: tuple[float, float]
) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]:
    rows, columns = _pixels(SCENE_SIZE)
    clouds = gaussian_filter(random.normal(size=(3, SCENE_SIZE, SCENE_SIZE)), (0, 6, 6), mode="nearest")
    image = random.uniform(0.25, 0.6, (3, 1, 1)) + 1.2 * clouds + random.normal(0, 0.03, clouds.shape)

    def place() -> Array:
        return random.uniform(10, SCENE_SIZE - 10, 2)

    for _ in range(2):  # green diamonds, which mean nothing
        y, x = place()
        diamond = np.abs(rows - y) + np.abs(columns - x) <= random.uniform(4, 7)
        image[:, diamond] = np.array([[0.3], [0.8], [0.35]]) * random.uniform(0.8, 1)
    a, b = place(), place()
    while not distance[0] < np.hypot(*(a - b)) < distance[1]:
        a, b = place(), place()
    radius = 5.8
    in_square = np.maximum(np.abs(rows - b[0]), np.abs(columns - b[1])) <= 0.87 * radius
    in_disc = np.hypot(rows - a[0], columns - a[1]) <= radius
    discs, squares = in_disc & disc, in_square & square
    image[:, discs] = np.array([[0.9], [0.15], [0.15]]) * random.uniform(0.85, 1)
    image[:, squares] = np.array([[0.15], [0.25], [0.95]]) * random.uniform(0.85, 1)
    return np.clip(image + random.normal(0, 0.02, image.shape), 0, 1), discs & ~squares, squares
