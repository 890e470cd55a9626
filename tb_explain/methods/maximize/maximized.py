"""What maximising gives: the images, and how each came about."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tb_explain.methods.maximize.objectives import Objective
from tb_explain.methods.maximize.recipes import Plain, Recipe
from tb_explain.methods.results import Flag


@dataclass(frozen=True, eq=False, kw_only=True)
class Maximized:
    """An image for each of M objectives."""

    objectives: tuple[Objective, ...]
    images: Tensor
    """[M, C, *S] as the model takes them: of each objective the one of all its steps with the highest score; grey where it is dead."""
    scores: Tensor
    """[M, steps + 1]: after each step, the first before any; finite. After an objective has ended, its highest."""
    steps: Tensor
    """int64 [M]: steps made; fewer than its recipe's where an objective had converged, failed, or is dead."""
    flags: Tensor
    """uint8 [M]: bits of `Flag`. NOT_FINITE: stopped at a score or gradient that is none. ZERO_GRADIENT: dead."""
    recipes: tuple[Recipe, ...]
    """Of each objective."""
    seed: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    """C numbers each: images are (pixels - mean) / std."""

    @property
    def names(self) -> list[str]:
        """The objectives as text."""
        return [str(objective) for objective in self.objectives]

    @property
    def dead(self) -> Tensor:
        """Bool [M]: no gradient reached the image from several random starts; its image is grey."""
        return (self.flags & Flag.ZERO_GRADIENT) != 0

    @property
    def gains(self) -> Tensor:
        """[M]: by how much the score has risen."""
        return self.scores.amax(1) - self.scores[:, 0]

    @property
    def pixels(self) -> Tensor:
        """[M, C, *S] in 0..1, to look at: what was before normalisation; images bound by no range are stretched, 0.5 + z / (4 std(z))."""
        images = self.images
        axes = (-1, *(1,) * (images.ndim - 2))
        mean, std = (torch.tensor(values).to(images).reshape(axes) for values in (self.mean, self.std))
        shown = images * std + mean
        for row, recipe in enumerate(self.recipes):
            if isinstance(recipe, Plain) and not recipe.box and not self.dead[row]:
                shown[row] = 0.5 + 0.25 * images[row] / images[row].std().clamp(min=1e-8)
        return shown.clamp(0, 1)
