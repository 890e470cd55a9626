"""Occlusion: what a score becomes when windows of the image are hidden, one at a time or two at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from tb_explain.methods.baselines import Baseline, baseline_image
from tb_explain.methods.batch import Batch
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.results import Flag, OcclusionPairScores, OcclusionScores, Slider, Windows, about
from tb_explain.methods.targets import Score
from tb_explain.methods.windows import (
    Grid,
    Stride,
    Window,
    WindowSize,
    check_size,
    check_stride,
    covering,
    side_by_side,
)

_HARDLY = 1e-3  # of a probability


@dataclass(frozen=True)
class Occlusion(ImageMethod):
    """d(p) = s(x) - s(x with window p hidden);  M(u) = mean of d(p) over the windows p that cover u (Zeiler & Fergus 2014, sec. 4.2).

    In units of the score. Windows stand `stride` apart from the upper left corner on, and the last of a row or column at the border.
    A window larger than the image is cut down to it. The most probable class is kept for each position, from the same passes.
    """

    sizes: WindowSize | Sequence[WindowSize] = ("small", "medium", "large")
    """One window size or several: (16, 32) are two squares, [(16, 32)] is one rectangle. A size that comes out twice counts once."""
    stride: Stride | None = None
    """Rows and columns from one window to the next; None: a third of the window's."""
    baseline: Baseline = 0.0
    """What the window shows."""
    score: Score = "probability"

    def __post_init__(self) -> None:
        if not self._sizes:
            raise ValueError(
                "sizes is empty; give at least one window size, or leave it out for small, medium and large"
            )
        for size in self._sizes:
            check_size(size)
        check_stride(self.stride)

    @property
    def signed(self) -> bool:
        return True

    @property
    def _sizes(self) -> Sequence[WindowSize]:
        return [self.sizes] if isinstance(self.sizes, (int, str)) else self.sizes

    def explain(self, batch: Batch) -> OcclusionScores:
        image = _image_size(batch, self)
        grids = list(dict.fromkeys(covering(size, self.stride, image) for size in self._sizes))
        hidden = [(window,) for grid in grids for window in grid.windows]
        clean, scores, predicted, flags = _scores_with_hidden(batch, hidden, self.baseline, self.score)
        parts = [len(grid) for grid in grids]
        shaped = batch.targets.shaped
        return OcclusionScores(
            score=self.score,
            scores=shaped(clean),
            sliders=tuple(
                Slider(
                    height=grid.height,
                    width=grid.width,
                    rows=grid.rows,
                    columns=grid.columns,
                    scores=shaped(of_grid.reshape(*clean.shape, len(grid.rows), len(grid.columns))),
                    predicted=classes.reshape(len(classes), len(grid.rows), len(grid.columns)),
                )
                for grid, of_grid, classes in zip(
                    grids, torch.split(scores, parts, 2), torch.split(predicted, parts, 1), strict=True
                )
            ),
            **about(batch, self, flags),
        )


@dataclass(frozen=True)
class OcclusionPairs(ImageMethod):
    """J(p, q) = s(x) - s(x with windows p and q hidden);  I(p, q) = d(p) + d(q) - J(p, q), d as in `Occlusion`.

    One window is held, one moved over all positions. In units of the score. I is above 0 where two regions are needed together and
    below 0 where either will do: the interaction index of two players (Grabisch & Roubens 1999) with the rest of the image in place.
    Without a stride the windows stand side by side, as many as fit, evenly spread, and none overlaps another; with one, as in `Occlusion`.
    Windows of one size make a symmetric table, of which each pair is run once, and a window with itself is that window alone.
    """

    size: WindowSize = "small"
    """Of the window that is held, and of the one that is moved too unless `moved_size` is given."""
    stride: Stride | None = None
    """Rows and columns from one window to the next, for both."""
    baseline: Baseline = 0.0
    """What the windows show."""
    score: Score = "probability"
    max_evals: int = 4096
    """How often the model may run for an image. Where all pairs are more, the window is held at fewer positions, evenly chosen from
    its grid, the same for all images: at as many rows and columns as allowed. `held.corners` of the result says which."""
    moved_size: WindowSize | None = None

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.moved_size is not None:
            check_size(self.moved_size)
        check_stride(self.stride)

    @property
    def signed(self) -> bool:
        return True

    def explain(self, batch: Batch) -> OcclusionPairScores:
        image = _image_size(batch, self)
        moved = self._grid(self.size if self.moved_size is None else self.moved_size, image)
        held = self._held(self._grid(self.size, image), moved)

        # Each set of windows is run once, however often it is asked for.
        numbers: dict[tuple[Window, ...], int] = {}

        def number(*windows: Window) -> int:
            return numbers.setdefault(tuple(sorted(set(windows))), len(numbers))

        alone = [torch.tensor([number(window) for window in grid.windows]) for grid in (held, moved)]
        table = torch.tensor([[number(p, q) for q in moved.windows] for p in held.windows])
        clean, scores, _, flags = _scores_with_hidden(batch, list(numbers), self.baseline, self.score)
        return OcclusionPairScores(
            score=self.score,
            scores=batch.targets.shaped(clean),
            held=_described(held, batch.targets.shaped(scores[:, :, alone[0].to(scores.device)])),
            moved=_described(moved, batch.targets.shaped(scores[:, :, alone[1].to(scores.device)])),
            pairs=batch.targets.shaped(scores[:, :, table.to(scores.device)]),
            **about(batch, self, flags),
        )

    def _grid(self, size: WindowSize, image: tuple[int, int]) -> Grid:
        return side_by_side(size, image) if self.stride is None else covering(size, self.stride, image)

    def _held(self, grid: Grid, moved: Grid) -> Grid:
        """The grid, coarsened until the pairs are not too many."""
        held = grid
        while (evals := _evals(held, moved)) > self.max_evals:
            ny, nx = len(held.rows), len(held.columns)
            if ny * nx == 1:
                raise ValueError(
                    f"max_evals={self.max_evals} is too few for the {len(moved)} positions of the moved window while the other is "
                    f"held at one; give {evals} or more, or a larger stride"
                )
            held = grid.coarsened(ny - 1, nx) if ny >= nx else grid.coarsened(ny, nx - 1)
        return held


def _evals(held: Grid, moved: Grid) -> int:
    """How many sets of windows there are to hide: alone and two at once."""
    h, m = len(held), len(moved)
    if (held.height, held.width) != (moved.height, moved.width):
        return h + m + h * m
    return m + h * (m - 1) - h * (h - 1) // 2


def _described(grid: Grid, alone: Tensor) -> Windows:
    corners = tuple((top, left) for top, left, _, _ in grid.windows)
    return Windows(height=grid.height, width=grid.width, corners=corners, alone=alone)


def _image_size(batch: Batch, method: ImageMethod) -> tuple[int, int]:
    if len(batch.size) != 2:
        raise ValueError(
            f"{type(method).__name__} moves windows over images [N, C, H, W], got {list(batch.images.shape)}; "
            "use RISE for volumes"
        )
    return batch.size[0], batch.size[1]


def _scores_with_hidden(
    batch: Batch, hidden: Sequence[tuple[Window, ...]], baseline: Baseline, score: Score
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Clean scores [N, T]; scores [N, T, M] and predicted classes [N, M] with each of M sets of windows hidden; flags [N, T].

    What is not finite is replaced: clean scores by 0, others by the clean score, as if hiding cost nothing.
    """
    n, targets = batch.targets.classes.shape
    device = batch.images.device
    scores = torch.empty(n, targets, len(hidden), device=device)
    predicted = torch.full((n, len(hidden)), -1, device=device)
    places = [[_pixels(window) for window in windows] for windows in hidden]
    for row in range(n):
        for found, output, start, stop in _passes(batch, row, places, baseline, score):
            scores[row, :, start:stop] = found.T
            classes = batch.targets.predict(output)
            if classes is not None:
                predicted[row, start:stop] = classes
    clean = batch.clean(score)
    finite = scores.isfinite().all(2) & clean.isfinite()
    clean = torch.where(clean.isfinite(), clean, 0)
    scores = torch.where(scores.isfinite(), scores, clean[..., None])
    largest = (scores - clean[..., None]).abs().amax(2)
    flags = torch.where(finite, 0, int(Flag.NOT_FINITE)) | torch.where(largest == 0, int(Flag.ALL_ZERO), 0)
    if score == "probability":
        flags |= torch.where(largest < _HARDLY, int(Flag.SATURATED), 0)
    return clean, scores, predicted, flags.to(torch.uint8)


_Pixels: TypeAlias = tuple[slice, slice, slice]


def _pixels(window: Window) -> _Pixels:
    top, left, height, width = window
    return slice(None), slice(top, top + height), slice(left, left + width)


def _passes(
    batch: Batch, row: int, hidden: list[list[_Pixels]], baseline: Baseline, score: Score
) -> Iterator[tuple[Tensor, Any, int, int]]:
    layout = batch.network.memory_format
    image = batch.images[row : row + 1].contiguous(memory_format=layout)[0]
    nothing = baseline_image(baseline, image, batch.first + row)
    number = baseline if isinstance(baseline, (int, float)) else None
    left: dict[int, list[_Pixels]] = {}  # what is hidden at each place of the buffer

    def write(buffer: Tensor, start: int, stop: int) -> None:
        for place, windows in enumerate(hidden[start:stop]):
            copy = buffer[place]
            for window in left.get(place, ()):
                copy[window] = image[window]
            for window in windows:
                copy[window] = nothing[window] if number is None else number  # which is twice as fast
            left[place] = windows

    return batch.passes(row, len(hidden), write, score)
