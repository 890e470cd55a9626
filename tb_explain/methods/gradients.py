"""Gradients of a score with respect to the pixels: plain, times the input, averaged over noise, averaged along a path.

In the docstrings x is an image, b its baseline, s the target's score (logit), u a pixel, c a colour channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor
from tqdm import tqdm

from tb_explain.methods.baselines import Baseline, baseline_image
from tb_explain.methods.batch import Batch
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.rectifiers import Rule
from tb_explain.methods.results import Attribution, about, checked

_MOST_STEPS = 256


@dataclass(frozen=True)
class Saliency(ImageMethod):
    """M(u) = max_c |ds/dx_c(u)| (Simonyan et al. 2014, section 3.1). Not signed; score units per unit of input.

    Costs one backward pass a target beside the pass that all methods share.
    """

    input_gradients: ClassVar[Rule | None] = "gradient"

    def explain(self, batch: Batch) -> Attribution:
        G = batch.input_gradients["gradient"].float()
        return attribution(batch, self, largest(G), G)


@dataclass(frozen=True)
class InputXGradient(ImageMethod):
    """M(u) = sum_c (x_c(u) - b_c(u)) ds/dx_c(u) (Shrikumar et al. 2016, section 2.1, there with b = 0). Signed; score units.

    Costs one backward pass a target beside the pass that all methods share.
    """

    baseline: Baseline = 0.0
    """What x is measured from."""

    input_gradients: ClassVar[Rule | None] = "gradient"

    @property
    def signed(self) -> bool:
        return True

    def explain(self, batch: Batch) -> Attribution:
        G = batch.input_gradients["gradient"].float()
        return attribution(batch, self, ((_images(batch) - baselines(self.baseline, batch)) * G).sum(2), G)


@dataclass(frozen=True)
class SmoothGrad(ImageMethod):
    """M(u) = max_c |mean_k ds/dx_c(u) at x + sigma e_k|, e_k standard normal (Smilkov et al. 2017, section 2). Not signed.

    All targets, and all images of a call, see the same noise. Costs `samples` forward passes, and as many backward a target.
    """

    samples: int = 25
    noise: float = 0.15
    """sigma as a share of the image's range, max(x) - min(x)."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise ValueError(f"SmoothGrad needs at least one sample, got samples={self.samples}")
        if not self.noise >= 0:
            raise ValueError(f"the noise is a share of the image's range, 0 or more, got {self.noise}")

    def explain(self, batch: Batch) -> Attribution:
        x = _images(batch)
        sigma = self.noise * (x.flatten(1).amax(1) - x.flatten(1).amin(1)).reshape(-1, *(1,) * (x.ndim - 1))
        # A seed for each sample: its noise does not depend on how many are drawn at once, nor on the images of the call.
        seeds = torch.randint(
            2**62, (self.samples,), device="cpu", generator=torch.Generator().manual_seed(self.seed)
        ).tolist()

        def noisy(rows: Tensor, samples: range) -> Tensor:
            drawn = [
                torch.randn(x.shape[1:], device="cpu", generator=torch.Generator().manual_seed(seeds[k]))
                for k in samples
            ]
            return x[rows] + sigma[rows] * torch.stack(drawn).to(x.device)[:, None]

        G = _mean_gradients(batch, torch.arange(len(x), device=x.device), self.samples, noisy)
        return attribution(batch, self, largest(G), G)


@dataclass(frozen=True)
class IntegratedGradients(ImageMethod):
    """M(u) = sum_c (x_c(u) - b_c(u)) mean_k ds/dx_c(u) at b + (k - 1/2) / n (x - b), k = 1..n (Sundararajan et al. 2017, eq. 1
    and 3, by the midpoint rule). Signed; score units: the sum over pixels is s(x) - s(b), as far as n steps suffice.

    How far they did is the result's `completeness`. Several baselines are averaged, and the worst is reported.
    Costs n forward passes a baseline, and as many backward a target; each doubling costs as much again.
    """

    baseline: Baseline | Sequence[Baseline] = 0.0
    steps: int = 32
    """n to begin with."""
    tolerance: float = 0.05
    """Where the completeness error is larger, n is doubled, up to 256."""

    def __post_init__(self) -> None:
        check_steps(self.steps, self.tolerance)
        if not _each(self.baseline):
            raise ValueError("no baseline given; give at least one, for example 0.0")

    @property
    def signed(self) -> bool:
        return True

    def explain(self, batch: Batch) -> Attribution:
        each = [baselines(baseline, batch) for baseline in _each(self.baseline)]
        values, errors = integrated(batch, each, self.steps, self.tolerance)
        return attribution(batch, self, values.sum(2), completeness=batch.targets.shaped(errors))


def check_steps(steps: int, tolerance: float) -> None:
    """Raises ValueError for parameters that are none of integrated gradients."""
    if steps < 1:
        raise ValueError(f"integrated gradients need at least one step, got steps={steps}")
    if not tolerance > 0:
        raise ValueError(f"the tolerance is a relative error above 0, got {tolerance}")


def integrated(batch: Batch, baselines: Sequence[Tensor], steps: int, tolerance: float) -> tuple[Tensor, Tensor]:
    """Integrated gradients [T, N, C, *S], averaged over the baselines, and the largest of their completeness errors [N, T]."""
    found = [_integrated(batch, baseline, steps, tolerance) for baseline in baselines]
    values, errors = zip(*found, strict=True)
    return torch.stack(values).mean(0), torch.stack(errors).amax(0)


def _integrated(batch: Batch, b: Tensor, steps: int, tolerance: float) -> tuple[Tensor, Tensor]:
    x = _images(batch)
    rows = torch.arange(len(x), device=x.device)
    rise = batch.clean() - batch.scores(b.clone(), rows)
    values = x.new_empty(rise.shape[1], *x.shape)
    errors = torch.empty_like(rise)
    while True:

        def between(rows: Tensor, ks: range, n: int = steps) -> Tensor:
            share = (torch.tensor(ks, device=x.device) + 0.5) / n
            return b[rows] + share.reshape(-1, *(1,) * x.ndim) * (x[rows] - b[rows])

        values[:, rows] = (x[rows] - b[rows]) * _mean_gradients(batch, rows, steps, between)
        total = values[:, rows].flatten(2).sum(2).T
        error = (total - rise[rows]).abs()
        errors[rows] = torch.where(error == 0, 0, error / rise[rows].abs())
        steps *= 2
        rows = rows[(errors[rows] > tolerance).any(1)]
        if steps > _MOST_STEPS or not len(rows):
            return values, errors


def _mean_gradients(batch: Batch, rows: Tensor, count: int, points: Callable[[Tensor, range], Tensor]) -> Tensor:
    """Mean over k < `count` of the gradients at `points(rows, ks)` [K, R, C, *S], float32 [T, R, C, *S]; as many at once as fit."""
    means: list[Tensor] = []
    with tqdm(total=count * len(rows), desc="gradients", unit="image", leave=False, delay=2, disable=None) as bar:
        start = 0
        while start < len(rows):
            some = rows[start : start + batch.chunk]
            try:
                total: Tensor | float = 0.0
                at_once = max(1, batch.chunk // len(some))
                for k in range(0, count, at_once):
                    ks = range(k, min(k + at_once, count))
                    _, G = batch.gradients(points(some, ks).flatten(0, 1), some.repeat(len(ks)))
                    total = total + G.float().reshape(len(G), len(ks), *some.shape, *G.shape[2:]).sum(1)
                    bar.update(len(ks) * len(some))
            except torch.OutOfMemoryError:
                if batch.chunk == 1:
                    raise
                batch.chunk //= 2
                continue
            means.append(total / count)  # type: ignore[arg-type]
            start += len(some)
    return torch.cat(means, 1)


def attribution(
    batch: Batch, method: ImageMethod, maps: Tensor, G: Tensor | None = None, completeness: Tensor | None = None
) -> Attribution:
    """The result for maps [T, N, *S]; flagged where the gradients G [T, N, ...] that they were made of vanished."""
    # Rectifiers stop what is not a number: a map may be finite where the score that it explains is not.
    known = batch.clean().isfinite().T.reshape(*maps.shape[:2], *(1,) * (maps.ndim - 2))
    maps = torch.where(known, maps, torch.nan)
    maps, flags = checked(maps.transpose(0, 1), None if G is None else G.flatten(2).abs().amax(2).T)
    return Attribution(maps=batch.targets.shaped(maps), completeness=completeness, **about(batch, method, flags))


def largest(G: Tensor) -> Tensor:
    """The largest magnitude over the colour channels: [T, N, C, *S] -> [T, N, *S]."""
    return G.abs().amax(2)


def _each(baseline: Baseline | Sequence[Baseline]) -> Sequence[Baseline]:
    return baseline if isinstance(baseline, (list, tuple)) else [cast(Baseline, baseline)]


def _images(batch: Batch) -> Tensor:
    return batch.images.float()


def baselines(baseline: Baseline, batch: Batch) -> Tensor:
    """The baseline of each image of a batch, float32 [N, C, *S]."""
    x = _images(batch)
    with torch.autocast(x.device.type, enabled=False):
        return torch.stack([baseline_image(baseline, image, batch.first + row) for row, image in enumerate(x)])
