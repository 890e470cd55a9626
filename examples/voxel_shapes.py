"""Voxel objects to learn from: furniture and household things drawn at random, and ModelNet's meshes for those who have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Numbers = NDArray[np.float64]
Range = tuple["Numbers | float", "Numbers | float"]

GRID = 16.0  # the drawings' unit: a sixteenth of the grid's side, whatever the resolution


class Shapes(NamedTuple):
    """Voxel objects, standing on the floor of their grid."""

    voxels: Tensor  # float32 [n, 1, R, R, R] in {0, 1}: height, depth, width
    labels: Tensor  # int64 [n], into the given classes


def voxel_shapes(
    n: int,
    classes: Sequence[str] | None = None,
    resolution: int = 16,
    seed: int = 0,
    chunks: float = 0.6,
    noise: float = 0.01,
) -> Shapes:
    """`n` objects of `classes` (all of `CLASSES`), whose sizes overlap.

    A share `chunks` of them lacks a block; a share `noise` of all voxels is flipped. The same seed draws the same objects
    at every resolution.
    """
    names = tuple(CLASSES if classes is None else classes)
    if unknown := [name for name in names if name not in _DRAW]:
        raise ValueError(f"there is no drawing of {', '.join(unknown)}; there are {', '.join(CLASSES)}")
    if resolution < GRID:
        raise ValueError(f"resolution is {resolution}; thin parts need at least {GRID:.0f}")
    random = np.random.default_rng(seed)
    labels = random.integers(len(names), size=n)
    voxels = np.zeros((n, *(resolution,) * 3), bool)
    for label, name in enumerate(names):
        rows = np.flatnonzero(labels == label)
        canvas = _Canvas(random, len(rows), resolution)
        _DRAW[name](canvas)
        canvas.break_off(chunks)
        voxels[rows] = canvas.voxels
    voxels ^= random.random(voxels.shape, np.float32) < noise
    return Shapes(torch.from_numpy(voxels).float()[:, None], torch.from_numpy(labels))


class _Canvas:
    """Objects of one class, drawn all at once: every number is an array with one entry an object."""

    def __init__(self, random: np.random.Generator, n: int, resolution: int) -> None:
        self.random = random
        self.n = n
        self.voxels = np.zeros((n, *(resolution,) * 3), bool)
        self._centres = (np.arange(resolution) + 0.5) * GRID / resolution

    def between(self, least: float, most: float) -> Numbers:
        return self.random.uniform(least, most, self.n)

    def some(self, share: float) -> NDArray[np.bool_]:
        """A share of the objects."""
        return self.random.random(self.n) < share

    def stand(self, width: Numbers, depth: Numbers) -> tuple[Range, Range]:
        """Where an object of that size stands, near the middle: its extent in depth and in width."""
        extents = []
        for size in (depth, width):
            start = np.clip((GRID - size) / 2 + self.between(-1, 1), 0, GRID - size)
            extents.append((start, start + size))
        return extents[0], extents[1]

    def box(
        self, height: Range, depth: Range, width: Range, solid: bool = True, of: NDArray[np.bool_] | None = None
    ) -> None:
        """Fill a box, or empty it; of some of the objects only."""
        z, y, x = (self._inside(extent) for extent in (height, depth, width))
        if of is not None:
            z &= of[:, None]
        self._write(z[:, :, None, None] & y[:, None, :, None] & x[:, None, None, :], solid)

    def cylinder(self, height: Range, depth: Numbers, width: Numbers, radius: Numbers) -> None:
        """Fill an upright cylinder about an axis at (depth, width)."""
        y, x = (self._centres - middle[:, None] for middle in (depth, width))
        disc = y[:, :, None] ** 2 + x[:, None, :] ** 2 <= (radius**2)[:, None, None]
        self._write(self._inside(height)[:, :, None, None] & disc[:, None], True)

    def legs(self, height: Numbers, depth: Range, width: Range) -> None:
        """One leg under each corner."""
        thick = self.between(1, 2)
        for y in ((depth[0], depth[0] + thick), (depth[1] - thick, depth[1])):
            for x in ((width[0], width[0] + thick), (width[1] - thick, width[1])):
                self.box((0.0, height), y, x)

    def break_off(self, share: float) -> None:
        """Take a block away."""
        size = self.between(3, 5.5)
        starts = [self.between(0, 12) for _ in range(3)]
        extents = [(start, start + size) for start in starts]
        self.box(extents[0], extents[1], extents[2], solid=False, of=self.some(share))

    def _inside(self, extent: Range) -> NDArray[np.bool_]:
        least, end = (np.broadcast_to(bound, self.n)[:, None] for bound in extent)
        inside: NDArray[np.bool_] = (self._centres >= least) & (self._centres < end)
        return inside

    def _write(self, where: NDArray[np.bool_], solid: bool) -> None:
        if solid:
            self.voxels |= where
        else:
            self.voxels &= ~where


def _inner(extent: Range, margin: Numbers | float) -> Range:
    return extent[0] + margin, extent[1] - margin


def _chair(c: _Canvas) -> None:
    depth, width = c.stand(c.between(6, 10), c.between(6, 10))
    under, seat = c.between(3.5, 6.5), c.between(1, 2.5)
    c.legs(under, depth, width)
    c.box((under, under + seat), depth, width)
    c.box((under, under + seat + c.between(3, 7)), (depth[0], depth[0] + c.between(1, 2)), width)


def _table(c: _Canvas) -> None:
    depth, width = c.stand(c.between(8, 14), c.between(6, 12))
    under = c.between(2.5, 8)
    c.legs(under, depth, width)
    c.box((under, under + c.between(1, 2.5)), depth, width)


def _bed(c: _Canvas) -> None:
    depth, width = c.stand(c.between(10, 15), c.between(6, 11))
    under, mattress = c.between(1, 4.5), c.between(1, 3.5)
    top = under + mattress
    c.legs(under, depth, width)
    c.box((under, top), depth, width)
    c.box((under, top + c.between(0, 4)), depth, (width[0], width[0] + c.between(1, 1.5)))
    c.box((under, top + c.between(0, 2.5)), depth, (width[1] - 1, width[1]), of=c.some(0.35))


def _bathtub(c: _Canvas) -> None:
    depth, width = c.stand(c.between(10, 15), c.between(6, 11))
    rim, wall = c.between(3, 6.5), c.between(1, 2.2)
    c.box((0.0, rim), depth, width)
    c.box((c.between(1, 2.2), rim), _inner(depth, wall), _inner(width, wall), solid=False)


def _bench(c: _Canvas) -> None:
    depth, width = c.stand(c.between(8.5, 15), c.between(4, 7.5))
    under, seat = c.between(2.5, 6), c.between(1, 2.2)
    c.legs(under, depth, width)
    c.box((under, under + seat), depth, width)
    c.box((under, under + seat + c.between(2, 5)), (depth[0], depth[0] + 1), width, of=c.some(0.6))


def _shelf(c: _Canvas) -> None:
    depth, width = c.stand(c.between(6.5, 13), c.between(4, 7))
    top = c.between(8, 15)
    c.box((0.0, top), depth, width)
    boards = c.random.integers(2, 5, c.n)  # compartments, one above another
    for compartment in range(4):
        low, high = top * compartment / boards, top * (compartment + 1) / boards
        c.box((low + 1, high - 0.5), (depth[0] + 1, depth[1]), _inner(width, 1), solid=False, of=compartment < boards)


def _sofa(c: _Canvas) -> None:
    depth, width = c.stand(c.between(9, 15), c.between(6, 9.5))
    seat, arms = c.between(2.5, 5), c.between(1.2, 2.5)
    c.box((c.between(0, 1), seat), depth, width)
    c.box((0.0, seat + c.between(2, 5.5)), (depth[0], depth[0] + c.between(1.2, 2.5)), width)
    height = seat + c.between(0, 2.5)
    for x in ((width[0], width[0] + arms), (width[1] - arms, width[1])):
        c.box((0.0, height), depth, x)


def _bottle(c: _Canvas) -> None:
    y, x = c.between(6, 10), c.between(6, 10)
    body, shoulder, radius = c.between(5, 10), c.between(0.5, 1.5), c.between(1.8, 4)
    c.cylinder((0.0, body), y, x, radius)
    c.cylinder((body, body + shoulder), y, x, 0.7 * radius)
    c.cylinder((body, body + shoulder + c.between(1.5, 4)), y, x, c.between(0.8, 1.5))


def _lamp(c: _Canvas) -> None:
    y, x = c.between(6.5, 9.5), c.between(6.5, 9.5)
    shade = c.between(6, 11)
    c.cylinder((0.0, c.between(1, 2)), y, x, c.between(2, 4.5))
    c.cylinder((0.0, shade), y, x, c.between(0.8, 1.3))
    c.cylinder((shade, shade + c.between(2.5, 5)), y, x, c.between(2.5, 5))


_DRAW: dict[str, Callable[[_Canvas], None]] = {
    "chair": _chair,
    "table": _table,
    "bed": _bed,
    "bathtub": _bathtub,
    "bench": _bench,
    "shelf": _shelf,
    "sofa": _sofa,
    "bottle": _bottle,
    "lamp": _lamp,
}
CLASSES = tuple(_DRAW)


def modelnet(
    root: str | Path, split: str, classes: Sequence[str], resolution: int = 16, cache: str | Path | None = None
) -> Shapes:
    """ModelNet's meshes `root/<class>/<split>/*.off` as solid voxel objects, as large as the grid allows.

    A class is voxelised once and kept in an .npz file in its own folder, or in the folder `cache`.
    """
    voxels, labels = [], []
    for label, name in enumerate(classes):
        folder = Path(root) / name / split
        kept = (Path(cache) / name if cache else folder.parent) / f"{split}_{resolution}.npz"
        voxels.append(_voxelised(folder, resolution, kept))
        labels += [label] * len(voxels[-1])
    return Shapes(torch.from_numpy(np.concatenate(voxels)).float()[:, None], torch.tensor(labels))


def _voxelised(folder: Path, resolution: int, kept: Path) -> NDArray[np.bool_]:
    """All meshes of a folder, from `kept` while the folder's files are those it was made from."""
    from tqdm import tqdm

    files = sorted(folder.glob("*.off"))
    if not files:
        raise ValueError(f"{folder} has no .off files; ModelNet's are at <root>/<class>/<train|test>/*.off")
    made_from = np.array([f"{file.name} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files])
    if kept.exists():
        with np.load(kept) as arrays:
            if np.array_equal(arrays["made_from"], made_from):
                return np.unpackbits(arrays["bits"], axis=-1, count=resolution).astype(bool)
    progress = tqdm(files, desc=f"{folder.parent.name}/{folder.name} to voxels", unit="mesh", disable=None)
    voxels = np.stack([_solid(file, resolution) for file in progress])
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".unfinished.npz")
    np.savez_compressed(unfinished, made_from=made_from, bits=np.packbits(voxels, axis=-1))
    unfinished.replace(kept)
    return voxels


def _solid(file: Path, resolution: int) -> NDArray[np.bool_]:
    """A mesh whose longest side spans the grid, standing in the middle of the floor, its closed inside filled."""
    import trimesh

    try:
        mesh = trimesh.load_mesh(file, process=False)
        if not len(mesh.faces) or not np.isfinite(mesh.vertices).all() or (side := mesh.extents.max()) <= 0:
            raise ValueError("it has no faces, or no finite extent")
        mesh.apply_translation(-mesh.bounds[0])
        # A voxel stands for the points nearest to its centre; the centres span the longest side.
        grid = mesh.voxelized(side / (resolution - 1)).fill()
    except Exception as error:  # whatever the reader stumbles over in a damaged file
        raise ValueError(f"{file} is not a readable .off mesh: {error}") from error
    solid = grid.matrix.transpose(2, 1, 0)  # ModelNet's z is up; ours is the first axis
    voxels = np.zeros((resolution,) * 3, bool)
    _, y, x = ((resolution - size) // 2 for size in solid.shape)
    voxels[: solid.shape[0], y : y + solid.shape[1], x : x + solid.shape[2]] = solid
    return voxels
