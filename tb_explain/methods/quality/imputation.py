"""Filling in missing pixels from their neighbours, as ROAD does: a sparse linear system for each mask, solved on the device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRAIGHT, DIAGONAL = 1 / 6, 1 / 12
"""Weights of the four nearest neighbours and of the four at the corners (Rong et al. 2022)."""

SMALLEST = 4  # pixels a side of the coarsest grid
_MOST_STEPS = 100  # of conjugate gradients


def imputed(image: Tensor, missing: Tensor, tolerance: float = 1e-5) -> Tensor:
    """Copies [M, C, H, W] of an image [C, H, W] whose missing pixels (bool [M, H, W]) are weighted means of their eight neighbours.

    The neighbours may be missing themselves; those outside the image do not count. Solved for all of them by conjugate gradients with a
    multigrid cycle as preconditioner, until the error (in the norm of the system) is `tolerance` of that at the start.
    Each mask must leave a pixel. What rounding leaves in float32 is below 1e-3 of the image's range on 224 x 224 pixels.
    """
    image = image if image.dtype == torch.float64 else image.float()
    wanted = missing[:, None].to(image)
    known = image.nan_to_num(0, 0, 0) * (1 - wanted)
    grids = _grids(wanted)
    solution = known.new_zeros(known.shape)
    residual = _neighbours(known) * wanted
    search = corrected = _cycle(grids, residual)
    energy = first = _dot(residual, corrected)
    for _ in range(_MOST_STEPS):
        if bool((energy <= tolerance**2 * first).all()):
            break
        image_of_search = grids[0].apply(search)
        step = _ratio(energy, _dot(search, image_of_search))
        solution = solution + step * search
        residual = residual - step * image_of_search
        corrected = _cycle(grids, residual)
        energy, before = _dot(residual, corrected), energy
        search = corrected + _ratio(energy, before) * search
    return known + solution


class Grid:
    """The system on one grid: a graph of missing pixels, and how strongly each is tied to pixels that are known.

    Edges to the right, down, down right and down left are [M, 1, h, w] each, at the pixel where they start; 0: there is none.
    """

    def __init__(self, edges: list[Tensor], ties: Tensor) -> None:
        self.edges = edges
        self.ties = ties
        total = ties.clone()
        for weight, (here, there) in zip(edges, _ENDS, strict=True):
            total[here] += weight[here]
            total[there] += weight[here]
        self.total = total
        # A pixel that is not in the system, or that nothing is tied to, keeps its 0.
        self.inverse = torch.where(total > 1e-12, 1 / total.clamp(min=1e-12), 0)

    def apply(self, values: Tensor) -> Tensor:
        """The matrix times values [M, C, h, w]."""
        result = self.total * values
        for weight, (here, there) in zip(self.edges, _ENDS, strict=True):
            result[here].addcmul_(weight[here], values[there], value=-1)
            result[there].addcmul_(weight[here], values[here], value=-1)
        return result

    def coarser(self) -> Grid:
        """The same for blocks of 2 x 2: edges that cross a border of blocks count half, since they span twice the distance."""
        down, right = (extent % 2 for extent in self.ties.shape[2:])
        padded = [nn.functional.pad(values, (0, right, 0, down)) for values in (*self.edges, self.ties)]
        E, S, SE, SW, ties = padded
        odd, even = slice(1, None, 2), slice(0, None, 2)
        # An edge down left belongs to the block at its upper end, and reaches the block on the left from the left column only.
        crossing_right = E[..., even, odd] + E[..., odd, odd] + SE[..., even, odd]
        crossing_right[..., :-1] += SW[..., even, 2::2]
        crossing_down = S[..., odd, even] + S[..., odd, odd] + SE[..., odd, even] + SW[..., odd, odd]
        edges = [crossing_right, crossing_down, SE[..., odd, odd], SW[..., odd, even]]
        return Grid([0.5 * weight for weight in edges], _blocks(ties))


_FIRST, _REST, _ALL = slice(None, -1), slice(1, None), slice(None)
# Where the edges of each direction start and end.
_ENDS = [
    ((..., _ALL, _FIRST), (..., _ALL, _REST)),
    ((..., _FIRST, _ALL), (..., _REST, _ALL)),
    ((..., _FIRST, _FIRST), (..., _REST, _REST)),
    ((..., _FIRST, _REST), (..., _REST, _FIRST)),
]


def _grids(wanted: Tensor) -> list[Grid]:
    edges = []
    for (here, there), weight in zip(_ENDS, (STRAIGHT, STRAIGHT, DIAGONAL, DIAGONAL), strict=True):
        edge = torch.zeros_like(wanted)
        edge[here] = weight * wanted[here] * wanted[there]
        edges.append(edge)
    grids = [Grid(edges, _neighbours(1 - wanted) * wanted)]
    while min(grids[-1].ties.shape[2:]) > SMALLEST:
        grids.append(grids[-1].coarser())
    return grids


def _cycle(grids: list[Grid], residual: Tensor) -> Tensor:
    """A symmetric V-cycle: what to add, about, for the residual to vanish."""
    residuals, corrections = [residual], []
    for grid in grids[:-1]:
        correction = grid.inverse * residuals[-1]
        corrections.append(correction)
        residuals.append(_blocks(_even(residuals[-1] - grid.apply(correction))))
    correction = grids[-1].inverse * residuals[-1]
    for _ in range(2 * SMALLEST):
        correction = correction + grids[-1].inverse * (residuals[-1] - grids[-1].apply(correction))
    for grid, before, left in zip(reversed(grids[:-1]), reversed(corrections), reversed(residuals[:-1]), strict=True):
        height, width = before.shape[2:]
        spread = correction.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :height, :width]
        correction = before + spread * (grid.total > 0)
        correction = correction + grid.inverse * (left - grid.apply(correction))
    return correction


def _neighbours(values: Tensor) -> Tensor:
    """Weighted sums over the eight neighbours [M, C, h, w]; those outside are 0."""
    result = torch.zeros_like(values)
    for (here, there), weight in zip(_ENDS, (STRAIGHT, STRAIGHT, DIAGONAL, DIAGONAL), strict=True):
        result[here].add_(values[there], alpha=weight)
        result[there].add_(values[here], alpha=weight)
    return result


def _even(values: Tensor) -> Tensor:
    height, width = values.shape[2:]
    return nn.functional.pad(values, (0, width % 2, 0, height % 2))


def _blocks(values: Tensor) -> Tensor:
    """Sums over blocks of 2 x 2."""
    return nn.functional.avg_pool2d(values, 2) * 4


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum((2, 3), keepdim=True)


def _ratio(a: Tensor, b: Tensor) -> Tensor:
    """The quotient; 0 where b is, which is where everything is solved."""
    return torch.where(b > 0, a / b.clamp(min=1e-38), 0)
