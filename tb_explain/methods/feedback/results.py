"""What a feedback network returns."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(eq=False)
class History:
    """How a fit went, an entry an epoch."""

    losses: list[float] = field(default_factory=list)
    """Mean loss of the batches."""
    validation: list[float] = field(default_factory=list)
    """Mean loss of the validation batches; empty without any."""
    skipped: list[int] = field(default_factory=list)
    """Batches left out because their loss was no number."""
    stopped_early: bool = False

    @property
    def best_epoch(self) -> int:
        """That with the smallest validation loss, or else loss; from 0."""
        values = self.validation or self.losses
        return min(range(len(values)), key=values.__getitem__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Codes:
    """Two codes of equal shape at every layer, [N, C, *sites] or [N, features], float32 and outside of any graph."""

    forward: dict[str, Tensor]
    """h_l: what the classifier makes of the images on the way up."""
    feedback: dict[str, Tensor]
    """g_l: what the decoder makes of the probabilities on the way down."""
    probabilities: Tensor
    """float32 [N, K]: the last code."""

    @property
    def predicted(self) -> Tensor:
        """int64 [N]: the most probable class."""
        return self.probabilities.argmax(1)


@dataclass(frozen=True, eq=False, kw_only=True)
class ResponseField:
    """What one position of a layer stands for in the input, of N images. Crops [N, C, *box] are in the model's input space."""

    layer: str
    position: tuple[int, ...]
    """Empty at a layer of vectors, which has one position."""
    receptive_field: tuple[slice, ...]
    """The box of the input that the position sees, and that the crops show."""
    response_field: tuple[slice, ...]
    """The box of positions whose receptive fields overlap that one."""
    input: Tensor
    isolated: Tensor
    """Decoded from the position alone."""
    field: Tensor
    """Decoded from the positions of the response field."""
    full: Tensor
    """Decoded from all positions."""

    @property
    def isolated_error(self) -> Tensor:
        """[N]: mean squared difference from what all positions give."""
        return (self.isolated - self.full).square().flatten(1).mean(1)

    @property
    def field_error(self) -> Tensor:
        """[N]: mean squared difference from what all positions give."""
        return (self.field - self.full).square().flatten(1).mean(1)


@dataclass(frozen=True, eq=False, kw_only=True)
class ErrorTable:
    """Mean reconstruction errors of images classified correctly and wrongly, in the order E1 to E4; NaN where there are none."""

    correct: tuple[float, ...]
    wrong: tuple[float, ...]
    n_correct: int
    n_wrong: int

    def __str__(self) -> str:
        rows = zip(ReconstructionErrors.names, self.correct, self.wrong, strict=True)
        lines = [f"{'':34}{f'correct ({self.n_correct})':>16}{f'wrong ({self.n_wrong})':>16}"]
        lines += [f"{name:34}{correct:16.4g}{wrong:16.4g}" for name, correct, wrong in rows]
        lines.append(f"{'E4 / E1':34}{self.correct[3] / self.correct[0]:16.4g}{self.wrong[3] / self.wrong[0]:16.4g}")
        return "\n".join(lines)


@dataclass(frozen=True, eq=False, kw_only=True)
class ReconstructionErrors:
    """How far images, their reconstructions, and what stands for the predicted class are from each other.

    For an image x of predicted class y: x' is decoded from the code of `layer`, y is the representative of the class, y' is
    decoded from the probabilities of y. Of an image whose class no training sample was given, all but E1 is NaN.
    """

    names = ("E1  x, x'", "E2  y, y'", "E3  x', y'", "E4  x, y'")

    layer: str
    """That from whose codes images are reconstructed best."""
    layer_errors: dict[str, float]
    """Mean summed squared error of reconstructions from each layer, by which `layer` was chosen; empty where it was given."""
    predicted: Tensor
    """int64 [N]: the most probable class."""
    sums: Tensor
    """float32 [N, 4]: E1 to E4, squared differences summed over an image."""
    means: Tensor
    """float32 [N, 4]: the same by value."""
    reconstructions: Tensor
    """[N, C, *S]: x'."""
    representatives: Tensor
    """[N, C, *S]: y, the training sample of the predicted class with the nearest feedback code in the last layer."""
    representative_indices: Tensor
    """int64 [N]: their places in the order of the loader; -1: none."""
    class_reconstructions: Tensor
    """[N, C, *S]: y'."""

    def table(self, labels: Tensor) -> ErrorTable:
        """Mean `sums` of images predicted as their labels [N] say, and of the others. Images that have NaN are left out."""
        if labels.shape != self.predicted.shape:
            raise ValueError(f"got labels {list(labels.shape)} for {len(self.predicted)} images; give one each")
        right = labels.to(self.predicted.device) == self.predicted
        known = self.sums.isfinite().all(1)
        correct, wrong = self.sums[right & known], self.sums[~right & known]
        return ErrorTable(correct=_means(correct), wrong=_means(wrong), n_correct=len(correct), n_wrong=len(wrong))


def _means(sums: Tensor) -> tuple[float, ...]:
    return tuple(sums.double().mean(0).tolist()) if len(sums) else (torch.nan,) * sums.shape[1]
