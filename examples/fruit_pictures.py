"""Pictures of eight fruits, drawn at random, whose place is known; two of them differ in their fine texture only."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FRUITS = ("apple", "banana", "orange", "kiwi", "cucumber", "bitter melon", "lemon", "grape")
FRUIT_SIZE = 48
FRUIT_MEAN = torch.tensor([0.64, 0.63, 0.60]).reshape(3, 1, 1)  # what hides without being evidence

Array = NDArray[np.float64]


class Pictures(NamedTuple):
    """Pictures of one object each."""

    images: Tensor  # float32 [n, 3, H, W] in 0..1
    labels: Tensor  # int64 [n]
    masks: Tensor  # bool [n, H, W]: the object


class Pairs(NamedTuple):
    """Pictures of two objects of different classes, side by side."""

    images: Tensor  # float32 [n, 3, H, 2 W]
    labels: Tensor  # int64 [n, 2]: left, right
    masks: Tensor  # bool [n, 2, H, 2 W]


def fruit8(n: int, seed: int = 0) -> Pictures:
    """Eight fruits on coloured ground with clutter. Cucumber and bitter melon differ in their fine texture only."""
    random = np.random.default_rng(seed)
    labels = random.integers(len(FRUITS), size=n)
    drawn = [_fruit_picture(random, label) for label in labels]
    images, masks = (np.stack(parts) for parts in zip(*drawn, strict=True))
    return Pictures(torch.from_numpy(images).float(), torch.from_numpy(labels), torch.from_numpy(masks))


def fruit_pairs(n: int, seed: int = 0) -> Pairs:
    """Composites: a picture of `fruit8` on the left, one of another class on the right."""
    pool = fruit8(4 * n, seed)
    left = torch.arange(n)
    # For each the first of the rest that shows something else; none is used twice.
    right: list[int] = []
    rest = list(range(n, 4 * n))
    for label in pool.labels[:n]:
        right.append(next(i for i in rest if pool.labels[i] != label))
        rest.remove(right[-1])
    nothing = torch.zeros_like(pool.masks[:n])
    return Pairs(
        torch.cat([pool.images[left], pool.images[right]], 3),
        torch.stack([pool.labels[left], pool.labels[right]], 1),
        torch.stack([torch.cat([pool.masks[left], nothing], 2), torch.cat([nothing, pool.masks[right]], 2)], 1),
    )


def _colour(*rgb: float) -> Array:
    return np.array(rgb).reshape(3, 1, 1)


# Each fruit: its coordinates, turned about its centre, and its scale -> what it covers, and its colours there.
Draw = Callable[[Array, Array, float], tuple[NDArray[np.bool_], Array]]


def _apple(u: Array, v: Array, s: float) -> tuple[NDArray[np.bool_], Array]:
    return np.hypot(u, v) <= 9.5 * s, _colour(0.85, 0.12, 0.12)


def _banana(u: Array, v: Array, s: float) -> tuple[NDArray[np.bool_], Array]:
    arc = np.abs(np.hypot(u, v + 9 * s) - 11 * s) <= 3.2 * s
    return arc & (v > -7 * s), _colour(0.95, 0.85, 0.15)


def _orange(u: Array, v: Array, s: float) -> tuple[NDArray[np.bool_], Array]:
    pores = np.sin(1.9 * u) * np.sin(1.9 * v) > 0.6
    return np.hypot(u, v) <= 9.5 * s, _colour(0.95, 0.55, 0.1) * np.where(pores, 0.8, 1.0)


def _kiwi(u: Array, v: Array, s: float) -> tuple[NDArray[np.bool_], Array]:
    radius = np.hypot(u, v)
    flesh = np.where(radius <= 6.5 * s, _colour(0.45, 0.8, 0.2), _colour(0.45, 0.3, 0.15))
    return radius <= 9 * s, np.where(radius <= 1.8 * s, 0.95, flesh)


def _cucumber(u: Array, v: Array, s: float) -> tuple[NDArray[np.bool_], Array]:
    ridges = 1 + 0.06 * np.sin(0.9 * u)
    return (u / (14 * s)) ** 2 + (v / (4.6 * s)) ** 2 <= 1, _colour(0.20, 0.62, 0.22) * ridges


def _bitter_melon(u: Array, v: Array, s: float) -> tuple[NDArray[np.bool_], Array]:
    height = 4.6 * s + 0.7 * np.sin(1.6 * u)
    warts = 1 + 0.13 * np.sin(1.5 * u) * np.cos(1.6 * v)
    return (u / (14 * s)) ** 2 + (v / height) ** 2 <= 1, _colour(0.24, 0.62, 0.24) * warts


def _lemon(u: Array, v: Array, s: float) -> tuple[NDArray[np.bool_], Array]:
    return (u / (10.5 * s)) ** 2 + (v / (7 * s)) ** 2 <= 1, _colour(0.95, 0.9, 0.2)


def _grape(u: Array, v: Array, s: float) -> tuple[NDArray[np.bool_], Array]:
    berries = [(-5, -4), (0, -5), (5, -4), (-3, 1), (3, 1), (0, 6)]
    covered = np.any([np.hypot(u - x * s, v - y * s) <= 3.4 * s for x, y in berries], 0)
    return covered, _colour(0.45, 0.15, 0.55)


_DRAW: tuple[Draw, ...] = (_apple, _banana, _orange, _kiwi, _cucumber, _bitter_melon, _lemon, _grape)


def _fruit_picture(random: np.random.Generator, label: int) -> tuple[Array, NDArray[np.bool_]]:
    rows, columns = np.meshgrid(np.arange(float(FRUIT_SIZE)), np.arange(float(FRUIT_SIZE)), indexing="ij")
    image = np.broadcast_to(random.uniform(0.35, 0.95, (3, 1, 1)), (3, FRUIT_SIZE, FRUIT_SIZE)).copy()
    for _ in range(3):
        y, x, radius = *random.uniform(0, FRUIT_SIZE, 2), random.uniform(2, 5)
        image[:, np.hypot(rows - y, columns - x) <= radius] = random.uniform(0.2, 0.9, (3, 1))
    y, x = FRUIT_SIZE / 2 + random.uniform(-7, 7, 2)
    angle = random.uniform(-0.6, 0.6)
    u = np.cos(angle) * (columns - x) + np.sin(angle) * (rows - y)
    v = np.cos(angle) * (rows - y) - np.sin(angle) * (columns - x)
    mask, surface = _DRAW[label](u, v, random.uniform(0.85, 1.15))
    shade = 1 - 0.25 * np.clip((u**2 + v**2) / 144, 0, 1.5)
    image = np.where(mask, surface * random.uniform(0.88, 1.05) * shade, image)
    return np.clip(image + random.normal(0, 0.04, image.shape), 0, 1), mask
