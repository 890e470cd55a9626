"""How alike filters are by their weights: whatever their size, and turned, mirrored or recoloured as suits best."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

NOTHING = 1e-6
"""Relative size of what rounding leaves of zero."""

_ONE_COLOUR = 0.8  # share of a filter's energy in its strongest colour, from which on it is a pattern of one colour


@dataclass(frozen=True)
class Turn:
    """A symmetry of the square or the cube: where the axes of a kernel go, and which are reversed."""

    axes: tuple[int, ...]
    reversed: tuple[bool, ...]

    def __call__(self, kernels: Tensor) -> Tensor:
        """Kernels [..., *k] turned."""
        first = kernels.ndim - len(self.axes)
        turned = kernels.permute(*range(first), *(first + axis for axis in self.axes))
        return turned.flip([first + axis for axis, back in enumerate(self.reversed) if back])

    @property
    def name(self) -> str:
        """Such as "rotated 90°"; in three dimensions by its axes, such as "-zxy"."""
        if len(self.axes) == 2:
            return _NAMES.get((self.axes, self.reversed), "")
        return "".join(("-" if back else "") + "zyx"[axis] for axis, back in zip(self.axes, self.reversed, strict=True))


_NAMES: dict[tuple[tuple[int, ...], tuple[bool, ...]], str] = {
    ((0, 1), (False, False)): "as it is",
    ((1, 0), (True, False)): "rotated 90°",
    ((0, 1), (True, True)): "rotated 180°",
    ((1, 0), (False, True)): "rotated 270°",
    ((0, 1), (False, True)): "mirrored left to right",
    ((0, 1), (True, False)): "mirrored top to bottom",
    ((1, 0), (False, False)): "mirrored along the diagonal",
    ((1, 0), (True, True)): "mirrored along the other diagonal",
}


def turns(extents: Sequence[int]) -> list[Turn]:
    """The symmetries of a kernel of these extents, the identity first: 8 of a square, 48 of a cube, 1 of a single weight."""
    axes = range(len(extents))
    if all(extent == 1 for extent in extents):
        return [Turn(tuple(axes), (False,) * len(axes))]
    return [
        Turn(order, back)
        for order in itertools.permutations(axes)
        if all(extents[to] == extents[axis] for axis, to in enumerate(order))
        for back in itertools.product((False, True), repeat=len(axes))
        if not any(back[axis] and extents[axis] == 1 for axis in axes)
    ]


@dataclass(frozen=True, eq=False)
class Similarity:
    """How alike filters f and g are when g is turned as suits best."""

    values: Tensor
    """float32 [C, C] in -1..1; 0 where a filter is zero, or sees other channels."""
    turned: Tensor
    """int64 [C, C]: index of the turn in `turns`."""
    turns: list[Turn]


def weight_similarity(weight: Tensor, groups: int = 1) -> Similarity:
    """Cosine of filters [C, C_in, *k], each less its mean, under all turns: max_t <f, t g> / |f||g|."""
    filters = weight.detach().float()
    filters = filters - filters.flatten(1).mean(1).reshape(-1, *(1,) * (filters.ndim - 1))
    if filters[0].numel() == 1:  # nothing is left of a single weight less its mean
        filters = weight.detach().float()
    size = filters.flatten(1).norm(dim=1)
    # Rounding leaves some 1e-8 of a constant filter: what is far below the weights themselves is nothing.
    alive = size > NOTHING * weight.detach().float().flatten(1).norm(dim=1).clamp(min=torch.finfo(torch.float32).tiny)
    unit = torch.where(
        _wide(alive, filters), filters / _wide(size.clamp(min=torch.finfo(torch.float32).tiny), filters), 0
    )
    found = _best_turn(unit)
    same_inputs = torch.arange(len(weight), device=weight.device) // (len(weight) // groups)
    found.values.mul_(same_inputs[:, None] == same_inputs)
    return found


def colour_similarity(weight: Tensor) -> Similarity:
    """The same of the spatial patterns of filters [C, C_in, *k] of colours, whatever their colour and sign.

    A filter is taken for its strongest colour times a pattern (its first singular vectors); where that leaves out more than a fifth
    of its energy it resembles nothing.
    """
    matrices = weight.detach().float().flatten(2)
    _, strengths, patterns = torch.linalg.svd(matrices, full_matrices=False)
    energy = strengths.square()
    one_colour = energy[:, 0] > _ONE_COLOUR * energy.sum(1).clamp(min=torch.finfo(torch.float32).tiny)
    patterns = patterns[:, 0].reshape(len(weight), 1, *weight.shape[2:]) * _wide(one_colour, weight)
    plain, negative = _best_turn(patterns), _best_turn(patterns, -patterns)
    opposite = negative.values > plain.values
    return Similarity(
        torch.where(opposite, negative.values, plain.values),
        torch.where(opposite, negative.turned, plain.turned),
        plain.turns,
    )


def _best_turn(unit: Tensor, others: Tensor | None = None) -> Similarity:
    others = unit if others is None else others
    possible = turns(unit.shape[2:])
    flat = unit.flatten(1)
    values, turned = torch.full((len(unit),) * 2, -torch.inf, device=unit.device), torch.zeros((len(unit),) * 2).long()
    turned = turned.to(unit.device)
    for i, turn in enumerate(possible):
        cosine = flat @ turn(others).flatten(1).T
        better = cosine > values + NOTHING  # of equals the simplest
        values, turned = torch.where(better, cosine, values), torch.where(better, i, turned)
    return Similarity(values.clamp(-1, 1), turned, possible)


def _wide(values: Tensor, like: Tensor) -> Tensor:
    return values.reshape(-1, *(1,) * (like.ndim - 1))
