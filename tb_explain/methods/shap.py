"""KernelSHAP: the Shapley values of superpixels, which share out what an image's score has over its baseline's."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tb_explain.methods.baselines import Baseline
from tb_explain.methods.local import Array, Fit, collected, flagged, nothing_to_compare, standard_errors
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.results import Flag, Superpixels
from tb_explain.methods.superpixels import Segmentation, count, scores_of_kept, segment
from tb_explain.methods.targets import Score

if TYPE_CHECKING:
    from tb_explain.methods.batch import Batch


@dataclass(frozen=True)
class KernelSHAP(ImageMethod):
    """Shapley values: φ_k = Σ_S |S|! (K - |S| - 1)! / K! (f(S ∪ k) - f(S)), S the sets of superpixels that may be kept beside k.

    Found as the minimum over φ of Σ_S π(S) (f(S) - f(∅) - Σ_{k in S} φ_k)², π(S) = (K - 1) / (C(K, |S|) |S| (K - |S|)), among the φ that
    add up to f(everything) - f(∅) (Lundberg & Lee 2017, theorem 2). Exact when `samples` suffice for all 2^K - 2 sets. Else sets of
    the sizes that weigh most are complete as far as `samples` go, and the others are drawn by their weights, each with its
    complement (Covert & Lee 2021); the values still add up exactly, and their standard errors are the sandwich over these pairs (CR2).

    Values are in units of the score. Flags: ONE_SEGMENT (weights 0), NOT_FINITE (weights 0 if f(everything) or f(∅) is not
    finite; else other sets that are not are left out), POOR_FIT (fewer than two forwards a superpixel), ALL_ZERO.
    """

    segmentation: Segmentation = "slic"
    n_segments: int = 40
    """About how many superpixels SLIC makes."""
    samples: int = 1000
    """Forwards an image at most, beside those of everything and of nothing."""
    baseline: Baseline = 0.0
    """What hidden superpixels are replaced with."""
    score: Score = "probability"
    seed: int = 0
    """Of the sets that are drawn, which are the same for all images with as many superpixels."""

    @property
    def signed(self) -> bool:
        """Values below zero speak against the target."""
        return True

    def explain(self, batch: Batch) -> Superpixels:
        """Explain the images of a batch, one after the other."""
        if self.samples < 2:
            raise ValueError(f"KernelSHAP needs at least 2 samples, got {self.samples}")
        segments = segment(batch, self.segmentation, self.n_segments)
        return collected(self, batch, segments, [self._explain(batch, row, one) for row, one in enumerate(segments)])

    def _explain(self, batch: Batch, row: int, segments: Tensor) -> Fit:
        k = count(segments)
        if k < 2:
            return nothing_to_compare(batch.clean(self.score)[row].double().cpu().numpy(), k)._replace(r2=None)
        kept, weights, complete = coalitions(k, self.samples, self.seed)
        ends = np.stack([np.ones(k, bool), np.zeros(k, bool)])
        asked = torch.from_numpy(np.concatenate([ends, kept]))
        scores = scores_of_kept(batch, row, segments, asked, self.baseline, self.score).double().cpu().numpy()
        return shapley(kept.astype(np.float64), weights, scores[2:], scores[:2], complete)


def coalitions(k: int, samples: int, seed: int) -> tuple[NDArray[np.bool_], Array, int]:
    """Sets of superpixels bool [M, K] with their weights [M], pairs of complements; the first so many are all there are of their sizes."""
    sizes = np.arange(1, k // 2 + 1)
    mass = (k - 1) / (sizes * (k - sizes))  # of a size and its complement's, but for a factor
    mass[2 * sizes == k] /= 2
    mass /= mass.sum()
    parts: list[NDArray[np.bool_]] = []
    weights: list[Array] = []
    left = samples
    for size in sizes:
        number = comb(k, size) * (1 if 2 * size == k else 2)
        # Complete a size once as many sets of it would be drawn anyway.
        if number > left * mass[size - 1] / mass[size - 1 :].sum() + 1e-9:
            break
        sets = np.zeros((comb(k, size), k), bool)
        np.put_along_axis(sets, np.array([*combinations(range(k), int(size))]), True, 1)
        parts.append(sets if 2 * size == k else np.stack([sets, ~sets], 1).reshape(-1, k))
        weights.append(np.full(number, mass[size - 1] / number))
        left -= number
    complete = samples - left
    rest = sizes[len(parts) :]
    if len(rest) and left >= 2:
        generator = torch.Generator().manual_seed(seed)
        pairs = left // 2
        chance = torch.from_numpy(mass[rest - 1])
        drawn = torch.from_numpy(rest)[torch.multinomial(chance, pairs, replacement=True, generator=generator)]
        ranks = torch.rand(pairs, k, device="cpu", generator=generator).argsort(1).argsort(1)
        sets = (ranks < drawn[:, None]).numpy()
        parts.append(np.stack([sets, ~sets], 1).reshape(-1, k))
        weights.append(np.full(2 * pairs, mass[rest - 1].sum() / (2 * pairs)))
    return np.concatenate(parts), np.concatenate(weights), complete


def shapley(kept: Array, weights: Array, scores: Array, ends: Array, complete: int) -> Fit:
    """The values from scores [M, T] of sets [M, K], and those of everything and of nothing, `ends` [2, T]."""
    m, k = kept.shape
    if not np.isfinite(ends).all():
        return nothing_to_compare(ends[0], k)._replace(r2=None, forwards=m + 2)
    finite = np.all(np.isfinite(scores), axis=1)
    gain = ends[0] - ends[1]
    roots = np.sqrt(weights * finite)[:, None]
    # Coordinates of the plane in which values add up to nothing: equal shares of the gain, and a step within it.
    plane = np.linalg.svd(np.ones((1, k)))[2][1:].T
    rows = roots * (kept @ plane)
    beside = roots * (np.where(finite[:, None], scores, 0) - ends[1] - kept.mean(1)[:, None] * gain)
    step = np.linalg.lstsq(rows, beside, rcond=None)[0]
    values = (gain / k + plane @ step).T
    errors = standard_errors(rows, beside - rows @ step, 0.0, 2, complete, plane)
    flags = flagged(
        (Flag.ALL_ZERO, np.all(values == 0, axis=1)),
        (Flag.NOT_FINITE, not finite.all()),
        (Flag.POOR_FIT, m < min(2 * k, 2**k - 2)),
    )
    return Fit(values, errors, ends[1], None, flags, m + 2)
