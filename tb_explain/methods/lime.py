"""LIME: which superpixels speak for a class, by an additive model of the scores of an image of which parts are hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from tb_explain.methods.baselines import Baseline
from tb_explain.methods.local import Array, Fit, collected, flagged, nothing_to_compare, standard_errors
from tb_explain.methods.masks import Design, masks
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.results import Flag, Superpixels
from tb_explain.methods.superpixels import Segmentation, count, scores_of_kept, segment, touching
from tb_explain.methods.targets import Score

if TYPE_CHECKING:
    from tb_explain.methods.batch import Batch

ROUND = 64
"""Forwards between two looks at the precision."""
POOR = 0.3
"""The local R² below which weights are flagged."""
FLAT = 1e-3
"""The range of the scores below which they hardly vary."""


@dataclass(frozen=True)
class LIME(ImageMethod):
    """LIME: min over β of Σ_z π(z) (f(z) - β_0 - Σ_k β_k z_k)² + Σ_k β_k², over masks z that keep or hide each superpixel.

    Ribeiro et al. 2016, as in the authors' package `lime`, whose regression this is: kernel π = exp(-d² / 2 kernel_width²) of the
    cosine distance d of z from "everything kept". Weights are in units of the score, positive for the target. Their standard errors
    say how far another choice of masks would have moved them: the sandwich over masks, or pairs of masks, corrected for leverage (CR2).
    What orthogonal masks avoid beyond pairs they do not know, and are up to half again too large.

    Flags: ONE_SEGMENT (nothing to compare; weights 0), POOR_FIT (local R² below 0.3), SATURATED (the scores range over less than
    0.001), NOT_FINITE (of some masks; the others were used), ALL_ZERO.
    """

    segmentation: Segmentation = "slic"
    n_segments: int = 40
    """About how many superpixels SLIC makes."""
    samples: int = 1000
    """Forwards an image; with a `precision`, at most."""
    baseline: Baseline = 0.0
    """What hidden superpixels are replaced with."""
    kernel_width: float = 0.25
    score: Score = "probability"
    design: Design = "orthogonal"
    """How masks are drawn."""
    precision: float | None = None
    """Stop when the largest standard error of a weight is at most `precision` times the range of the weights, for every target."""
    seed: int = 0
    """Of the masks, which are the same for all images with as many superpixels."""

    @property
    def signed(self) -> bool:
        """Weights below zero speak against the target."""
        return True

    def explain(self, batch: Batch) -> Superpixels:
        """Explain the images of a batch, one after the other."""
        if self.samples < 2:
            raise ValueError(f"LIME needs at least 2 samples, got {self.samples}")
        for name in ("kernel_width", "precision"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be above 0, got {value}")
        segments = segment(batch, self.segmentation, self.n_segments)
        return collected(self, batch, segments, [self._explain(batch, row, one) for row, one in enumerate(segments)])

    def _explain(self, batch: Batch, row: int, segments: Tensor) -> Fit:
        k = count(segments)
        kept = masks(self.design, k, self.samples, self.seed, touching(segments))
        if k < 2:
            return nothing_to_compare(batch.clean(self.score)[row].double().cpu().numpy(), k)
        scores = np.empty((0, batch.targets.classes.shape[1]))
        for stop in self._stops(k):
            found = scores_of_kept(batch, row, segments, kept[len(scores) : stop], self.baseline, self.score)
            scores = np.concatenate([scores, found.double().cpu().numpy()])
            fit = regression(
                kept[:stop].double().numpy(), scores, self.kernel_width, 1 if self.design == "random" else 2
            )
            if self.precision and (fit.errors.max(1) <= self.precision * np.ptp(fit.weights, 1)).all():
                break
        return fit

    def _stops(self, k: int) -> list[int]:
        """After how many forwards the precision is looked at, for the first time when there are two for each coefficient."""
        if self.precision is None:
            return [self.samples]
        first = -(-2 * (k + 1) // ROUND) * ROUND
        return [*range(first, self.samples, ROUND), self.samples]


def regression(masks: Array, scores: Array, kernel_width: float, together: int) -> Fit:
    """LIME's regression of scores [M, T] on masks [M, K], of which `together` consecutive ones make a draw.

    `lime.lime_base.LimeBase` fits: a ridge of strength 1 whose intercept is free. Masks with a score that is not finite count nothing.
    """
    from lime.lime_base import LimeBase

    finite = np.all(np.isfinite(scores), axis=1)
    if not finite.any():
        return nothing_to_compare(scores[0], masks.shape[1])._replace(forwards=len(scores))
    scores = np.where(finite[:, None], scores, 0)
    distances = 1 - np.sqrt(masks.mean(1))
    kernel = np.exp(-(distances**2) / (2 * kernel_width**2)) * finite
    base = LimeBase(lambda _: kernel)
    fits = [
        base.explain_instance_with_data(masks, scores, distances, t, masks.shape[1], "none")
        for t in range(scores.shape[1])
    ]
    # LimeBase lists pairs of superpixel and weight, the strongest first.
    weights = np.array([[weight for _, weight in sorted(listed)] for _, listed, _, _ in fits])
    weights[np.abs(weights) < 1e-12] = 0  # what rounding leaves of nothing
    intercepts = np.array([intercept for intercept, _, _, _ in fits])
    r2 = np.array([score for _, _, score, _ in fits])

    roots = np.sqrt(kernel)[:, None]
    rows = roots * (masks - kernel @ masks / kernel.sum())  # the free intercept
    errors = standard_errors(rows, roots * (scores - masks @ weights.T - intercepts), 1.0, together)
    flat = np.ptp(scores[finite], 0) < FLAT
    flags = flagged(
        (Flag.POOR_FIT, (r2 < POOR) & ~flat),
        (Flag.SATURATED, flat),
        (Flag.ALL_ZERO, np.all(weights == 0, axis=1)),
        (Flag.NOT_FINITE, not finite.all()),
    )
    return Fit(weights, errors, intercepts, r2, flags, len(scores))
