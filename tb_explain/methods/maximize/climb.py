"""Many images climbing at once: each by its own gradient, each leaving the batch when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from tb_explain.methods.maximize.canvas import Frame, lengths
from tb_explain.methods.maximize.objectives import Objective
from tb_explain.methods.maximize.partial import Partial
from tb_explain.methods.maximize.recipes import Recipe
from tb_explain.methods.results import Flag

_NO_GRADIENT = 1e-12  # the norm of an image's below which there is none
_RISE = 0.01  # of a score, in parts of it, for which it is worth going on


@dataclass(frozen=True, eq=False)
class Climbed:
    """Where one objective arrived."""

    image: Tensor
    """[C, *S]."""
    scores: Tensor
    """[steps + 1]."""
    steps: int
    flag: Flag


class Climb:
    """Objectives of one recipe climbing together. To be run once."""

    def __init__(
        self, part: Partial, objectives: Sequence[Objective], recipe: Recipe, frame: Frame, seed: int, bar: tqdm[Any]
    ) -> None:
        self._part, self._objectives, self._recipe, self._seed, self._bar = part, objectives, recipe, seed, bar
        self._canvas = recipe.canvas(frame, seed)
        self._frame = frame
        n, grey = len(objectives), frame.grey()
        self._rows = torch.arange(n, device=grey.device)  # those still climbing
        self._images = grey.expand(n, *grey.shape).clone()
        self._best = grey.new_full((n,), -torch.inf)
        self._scores = grey.new_zeros(n, recipe.steps + 1)
        # The score from which the next rise counts, and the step of the last one.
        self._milestone = self._best.clone()
        self._risen = torch.zeros_like(self._rows)
        self._steps = [recipe.steps] * n
        self._flags = [Flag.OK] * n

    def run(self, starts: Tensor | None) -> list[Climbed]:
        """From noise, the same for all; or each from an image of its own, [n, C, *S]."""
        canvas, steps = self._canvas, self._recipe.steps
        if starts is None:
            noise = canvas.noise(self._seed)
            p = noise.expand(len(self._rows), *noise.shape[1:])
        else:
            p = canvas.of(starts)
        if p.ndim == 4:  # else each step would go from one layout to the other and back
            p = p.contiguous(memory_format=self._part.memory_format)
        for step in range(steps):
            p, images, scores, gradients = self._looked(p, self._rows, step)
            if step == 0:
                p, images, scores, gradients = self._tried_again(starts, p, images, scores, gradients)
            staying = self._noted(step, images, scores, gradients)
            p = canvas.stepped(p, images, gradients).detach()
            self._bar.update(len(self._rows))
            if not staying.all():
                self._bar.update((steps - step - 1) * int((~staying).sum()))
                self._rows, p = self._rows[staying], p[staying]
                canvas.keep(staying)
                if not len(self._rows):
                    break
        else:
            with torch.no_grad():
                images = canvas.images(p)
                scores = self._part.scores(images, [self._objectives[row] for row in self._rows.tolist()])
            self._noted(steps, images, scores, None)
        return [
            Climbed(self._images[row], self._scores[row], self._steps[row], self._flags[row])
            for row in range(len(self._objectives))
        ]

    def _looked(self, p: Tensor, rows: Tensor, step: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """p, and its images [m, C, *S] with their graph; the scores [m] of these rows' objectives, and their gradients by the images."""
        p = p.detach().requires_grad_()
        images = self._canvas.images(p)
        shown = self._canvas.shown(images, step)
        scores = self._part.scores(shown, [self._objectives[row] for row in rows.tolist()])
        if not scores.requires_grad:
            names = ", ".join(str(self._objectives[row]) for row in rows.tolist()[:3])
            raise ValueError(
                f"{names} does not depend on the image through differentiable operations; name another layer"
            )
        # Images do not meet in a network in evaluation mode, so that the gradient of the sum is that of each.
        (gradients,) = torch.autograd.grad(scores.sum(), images, allow_unused=True, materialize_grads=True)
        return p, images, scores.detach(), gradients

    def _tried_again(
        self, starts: Tensor | None, p: Tensor, images: Tensor, scores: Tensor, gradients: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same, with other starts for those that the first left without a gradient."""
        canvas = self._canvas
        for attempt in range(1, max(objective.starts() for objective in self._objectives)):
            more = torch.tensor([attempt < objective.starts() for objective in self._objectives], device=p.device)
            stuck = (_stuck(scores, gradients) & more).nonzero()[:, 0]
            if not len(stuck):
                break
            if starts is None:
                other = canvas.noise(self._seed, attempt).expand(len(stuck), *p.shape[1:])
            else:
                noise = self._frame.noise(*starts.shape[1:], seed=self._seed + attempt)
                other = canvas.of(starts[stuck] + 1e-3 * noise)
            other, _, other_scores, other_gradients = self._looked(other, stuck, 0)
            p = p.detach().index_copy(0, stuck, other.detach()).requires_grad_()
            scores = scores.index_copy(0, stuck, other_scores)
            gradients = gradients.index_copy(0, stuck, other_gradients)
            images = canvas.images(p)
        return p, images, scores, gradients

    def _noted(self, step: int, images: Tensor, scores: Tensor, gradients: Tensor | None) -> Tensor:
        """Bool [m]: which go on; of the rest it is noted why."""
        rows = self._rows
        finite = scores.isfinite()
        stuck = torch.zeros_like(finite)
        if gradients is not None:
            finite &= lengths(gradients).isfinite()
            if step == 0:
                stuck = _stuck(scores, gradients)
        better = finite & (scores > self._best[rows])
        self._best[rows[better]] = scores[better]
        drawn = better & ~stuck
        if drawn.all() and len(rows) == len(self._images):
            self._images = images.detach()  # which nothing changes in place
        else:
            self._images = self._images.index_copy(0, rows[drawn], images.detach()[drawn])
        self._scores[rows, step] = torch.where(finite, scores, self._best[rows] if step else 0.0)
        risen = finite & (scores > self._milestone[rows])
        self._milestone[rows[risen]] = scores[risen] + _RISE * scores[risen].abs()
        self._risen[rows[risen]] = step
        staying = finite & ~stuck
        if self._recipe.patience is not None:
            staying &= step - self._risen[rows] < self._recipe.patience
        for row, is_finite, is_stuck in zip(
            rows[~staying].tolist(), finite[~staying].tolist(), stuck[~staying].tolist(), strict=True
        ):
            self._steps[row] = step
            self._flags[row] = Flag.NOT_FINITE if not is_finite else Flag.ZERO_GRADIENT if is_stuck else Flag.OK
            self._scores[row, step + 1 :] = self._scores[row, : step + 1].max()
        return staying


def _stuck(scores: Tensor, gradients: Tensor) -> Tensor:
    """Bool [m]: no gradient reaches the image."""
    return scores.isfinite() & (lengths(gradients) < _NO_GRADIENT)
