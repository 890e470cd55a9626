"""The perturbed copies of an image that figures ask for: values, so that two figures that need the same copies share them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tb_explain.methods.baselines import Baseline
from tb_explain.methods.quality.imputation import imputed
from tb_explain.methods.quality.subject import IMPUTATION, Subject


@dataclass(frozen=True)
class Copies:
    """A sequence of copies of a subject's image; those of the first map come first."""

    def count(self, subject: Subject) -> int:
        """How many there are."""
        raise NotImplementedError

    def write(self, subject: Subject, out: Tensor, start: int, stop: int) -> None:
        """Make `out` [stop - start, C, *S] the copies start to stop."""
        raise NotImplementedError


@dataclass(frozen=True)
class Hidden(Copies):
    """The baseline itself: one copy."""

    baseline: Baseline

    def count(self, subject: Subject) -> int:
        return 1

    def write(self, subject: Subject, out: Tensor, start: int, stop: int) -> None:
        out.copy_(subject.hidden(self.baseline).expand_as(out))


@dataclass(frozen=True)
class Exchanged(Copies):
    """A growing number of the highest pixels exchanged: hidden, or kept where all others are hidden; steps - 1 copies a map."""

    steps: int
    baseline: Baseline
    kept: bool

    def counts(self, pixels: int) -> list[int]:
        """How many pixels are exchanged, from none to all."""
        steps = min(self.steps, pixels)
        return [round(pixels * step / steps) for step in range(steps + 1)]

    def count(self, subject: Subject) -> int:
        return len(subject.native) * (len(self.counts(subject.ranks.shape[1])) - 2)

    def write(self, subject: Subject, out: Tensor, start: int, stop: int) -> None:
        counts = torch.tensor(self.counts(subject.ranks.shape[1])[1:-1], device=out.device)
        copies = torch.arange(start, stop, device=out.device)
        ranks = subject.ranks[copies // len(counts)]
        exchanged = (ranks < counts[copies % len(counts), None]).reshape(len(copies), 1, *subject.size)
        hidden = subject.hidden(self.baseline)
        here, there = (subject.image, hidden) if self.kept else (hidden, subject.image)
        torch.where(exchanged, here, there, out=out)


@dataclass(frozen=True)
class Veiled(Copies):
    """The image as far as a map shows it, M x + (1 - M) b with M in 0..1: one copy a map."""

    baseline: Baseline

    def count(self, subject: Subject) -> int:
        return len(subject.native)

    def write(self, subject: Subject, out: Tensor, start: int, stop: int) -> None:
        hidden = subject.hidden(self.baseline)
        out.copy_(hidden + subject.opacities[start:stop, None] * (subject.image - hidden))


@dataclass(frozen=True)
class Imputed(Copies):
    """The highest pixels filled in from their neighbours, or the lowest: one copy a map and percentile."""

    percentiles: tuple[int, ...]
    noise: float
    lowest: bool

    def count(self, subject: Subject) -> int:
        return len(subject.native) * len(self.percentiles)

    def write(self, subject: Subject, out: Tensor, start: int, stop: int) -> None:
        pixels = subject.ranks.shape[1]
        # As many as there are at and above a percentile, whose place among P values is percentile / 100 of P - 1.
        removed = [min(pixels + (pixels - 1) * -percentile // 100, pixels - 1) for percentile in self.percentiles]
        copies = torch.arange(start, stop, device=out.device)
        places = subject.ranks[copies // len(removed)]
        places = pixels - 1 - places if self.lowest else places
        missing = places < torch.tensor(removed, device=out.device)[copies % len(removed), None]
        missing = missing.reshape(len(copies), *subject.size)
        noise = torch.randn(subject.image.shape, device="cpu", generator=subject.generator(IMPUTATION)).to(out.device)
        out.copy_(imputed(subject.image, missing) + self.noise * noise * missing[:, None])
