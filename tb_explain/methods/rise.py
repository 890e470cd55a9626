"""RISE: the score of the image behind random masks, averaged over the masks that show a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tb_explain.methods.batch import Batch
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.results import Attribution, Flag, about, checked
from tb_explain.methods.targets import Score

_BETWEEN_LOOKS = 128  # masks; a multiple of what runs at once, so that where it stops does not depend on that
_HARDLY = 1e-3  # of a probability


@dataclass(frozen=True)
class RISE(ImageMethod):
    """M(u) = 1/(N p) sum_i s(x m_i) m_i(u) over N random masks m_i (Petsiuk et al. 2018, eq. 6): the mean score, a pixel being shown.

    In units of the score; only the differences between pixels mean something. A mask is a grid of `cells` + 1 numbers along each
    axis, 1 with probability p, else 0, interpolated linearly to cells of ceil(size / cells) pixels and cut out at a random offset
    within the first cell. All images and targets see the same masks. What a mask hides is 0 in the model's input.

    `errors` of the result are the standard errors of the map, a pixel at a time: the spread of its N terms over sqrt(N).
    """

    masks: int = 4000
    """N, or the most there may be when `precision` is given."""
    cells: int = 7
    p: float = 0.5
    seed: int = 0
    precision: float | None = None
    """Stop an image when, for each of its targets, the largest standard error of a pixel is at most this share of the map's range,
    max M - min M. That is looked at after every 128 masks; `forwards` of the result says how many there were. None: use all."""
    score: Score = "probability"
    centred: bool = True
    """Take the mean of all scores, S, off the scores and add it to the map: M(u) = S + 1/((N - 1) p) sum_i (s_i - S) m_i(u).
    The expectation is the same (E m = p), but the map no longer shows where masks happened to fall. False: as published."""

    def __post_init__(self) -> None:
        if self.masks < 2 or self.cells < 1:
            raise ValueError(f"RISE needs 2 masks and 1 cell or more, got masks={self.masks}, cells={self.cells}")
        if not 0 < self.p < 1:
            raise ValueError(f"p is the share of the image that a mask shows, between 0 and 1, got {self.p}")
        if self.precision is not None and not self.precision > 0:
            raise ValueError(f"precision is a share of the map's range above 0, or None, got {self.precision}")

    def explain(self, batch: Batch) -> Attribution:
        masks = _Masks(self, batch)
        sums = [self._run(batch, row, masks) for row in range(len(batch))]
        maps, flags = checked(torch.stack([each.maps() for each in sums]))
        for row, each in enumerate(sums):
            flags[row] |= torch.where(each.finite, 0, int(Flag.NOT_FINITE)).to(torch.uint8)
            if self.score == "probability":
                flags[row] |= torch.where(each.high - each.low < _HARDLY, int(Flag.SATURATED), 0).to(torch.uint8)
        return Attribution(
            maps=batch.targets.shaped(maps),
            errors=batch.targets.shaped(torch.stack([each.errors() for each in sums])),
            forwards=max(each.n for each in sums),
            **about(batch, self, flags),
        )

    def _run(self, batch: Batch, row: int, masks: _Masks) -> _Sums:
        image = batch.images[row : row + 1]
        sums = _Sums(self, batch)
        shown = torch.empty(0)

        def write(buffer: Tensor, start: int, stop: int) -> None:
            nonlocal shown
            shown = masks.at(start, stop)
            torch.mul(image, shown[:, None], out=buffer[: stop - start])

        for scores, _, _, stop in batch.passes(row, self.masks, write, self.score):
            sums.add(scores, shown)
            if self.precision is not None and stop % _BETWEEN_LOOKS == 0 and sums.precise(self.precision):
                break
        return sums


class _Masks:
    """The masks of a call, drawn at once as grids and offsets, and made when they are needed."""

    def __init__(self, method: RISE, batch: Batch) -> None:
        axes, nodes = len(batch.size), method.cells + 1
        # A row of numbers a mask, so that the first masks are the same however many follow.
        drawn = torch.rand(
            method.masks, axes + nodes**axes, device="cpu", generator=torch.Generator().manual_seed(method.seed)
        )
        self._device = batch.images.device
        self._grids = (drawn[:, axes:] < method.p).reshape(-1, *[nodes] * axes)
        self._offsets: list[Tensor] = []
        self._weights: list[Tensor] = []
        for axis, pixels in enumerate(batch.size):
            cell = -(-pixels // method.cells)
            self._offsets.append((drawn[:, axis] * cell).long())
            # How much of each number of the grid is in each pixel, [nodes, all pixels], and cut out at every offset.
            whole = nn.functional.interpolate(torch.eye(nodes)[None], nodes * cell, mode="linear", align_corners=False)[
                0
            ]
            self._weights.append(whole.unfold(1, pixels, 1).transpose(0, 1).to(self._device))  # [offset, nodes, pixels]

    def at(self, start: int, stop: int) -> Tensor:
        """Masks start to stop, float32 [stop - start, *S] in 0..1."""
        masks = self._grids[start:stop].to(self._device, torch.float32)
        with torch.autocast(self._device.type, enabled=False):
            for offsets, weights in zip(self._offsets, self._weights, strict=True):
                # Each turn interpolates the axis in front and puts it last, so that after all of them the order is the first one.
                chosen = weights[offsets[start:stop].to(self._device)]
                masks = torch.einsum("ma...,mal->m...l", masks, chosen)
        return masks


class _Sums:
    """Running sums over masks m [*S] and scores s [T] of an image, from which its maps and their standard errors follow."""

    def __init__(self, method: RISE, batch: Batch) -> None:
        sites, targets = batch.images[0, 0].numel(), batch.targets.classes.shape[1]
        device = batch.images.device
        self.n = 0
        self.finite = torch.ones(targets, dtype=torch.bool, device=device)
        self.low = torch.full((targets,), torch.inf, device=device)
        self.high = -self.low
        self._method = method
        self._size = batch.size
        self._reference = torch.zeros(targets, device=device)
        self._s = torch.zeros(targets, device=device)
        self._m = torch.zeros(1 + targets, sites, device=device)  # of m, and of s m
        self._mm = torch.zeros(1 + 2 * targets, sites, device=device)  # of m², s m², and s² m²

    def add(self, scores: Tensor, masks: Tensor) -> None:
        """Take in M masks [M, *S] and their scores [M, T]."""
        finite = scores.isfinite()
        if self.n == 0:
            # Sums are over s less this, so that nothing cancels where s hardly varies.
            self._reference = torch.where(finite, scores, 0).mean(0)
        self.finite &= finite.all(0)
        self.low, self.high = self.low.minimum(scores.amin(0)), self.high.maximum(scores.amax(0))
        s = torch.where(finite, scores - self._reference, 0).T
        one = torch.ones_like(s[:1])
        m = masks.flatten(1)
        with torch.autocast(m.device.type, enabled=False):
            self._m += torch.cat([one, s]) @ m
            self._mm += torch.cat([one, s, s.square()]) @ m.square()
        self._s += s.sum(1)
        self.n += len(masks)

    def maps(self) -> Tensor:
        """M, float32 [T, *S]."""
        mean, terms = self._reference + self._s / self.n, self._terms() / self._method.p
        maps = mean[:, None] + terms / (self.n - 1) if self._method.centred else terms / self.n
        return maps.reshape(-1, *self._size)

    def errors(self) -> Tensor:
        """The standard errors of M, float32 [T, *S]."""
        c = self._centre()
        one, s, ss = torch.split(self._mm, [1, len(c), len(c)])
        squares = ss - 2 * c * s + c.square() * one
        variance = (squares - self._terms().square() / self.n) / (self.n - 1)
        return ((variance.clamp(min=0) / self.n).sqrt() / self._method.p).reshape(-1, *self._size)

    def precise(self, share: float) -> bool:
        """Whether, for each target, no standard error is above this share of the map's range."""
        maps, errors = self.maps().flatten(1), self.errors().flatten(1)
        return bool((errors.amax(1) <= share * (maps.amax(1) - maps.amin(1))).all())

    def _centre(self) -> Tensor:
        """What is taken off the scores, less what already is, [T, 1]."""
        return (self._s / self.n if self._method.centred else -self._reference)[:, None]

    def _terms(self) -> Tensor:
        """sum_i (s_i - centre) m_i(u), [T, sites]."""
        return self._m[1:] - self._centre() * self._m[:1]
