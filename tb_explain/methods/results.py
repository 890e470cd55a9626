"""What methods return."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tb_explain.methods.batch import Batch
    from tb_explain.methods.method import Method
    from tb_explain.methods.targets import Score


class Flag(enum.IntFlag):
    """Why a map cannot be trusted; the numbers are those of `explain.proto`."""

    OK = 0
    NOT_FINITE = 1
    ALL_ZERO = 2
    ZERO_GRADIENT = 4
    ONE_SEGMENT = 8
    SATURATED = 16
    POOR_FIT = 32


@dataclass(frozen=True, eq=False, kw_only=True)
class Explained:
    """What every result says about the N images that were explained.

    `[N, *]` stands for `[N]`, or `[N, T]` when T targets a sample were asked for.
    """

    targets: Tensor
    """int64 [N, *]: the class explained; -1 where the target was a callable."""
    probabilities: Tensor
    """float32 [N, *] in 0..1: the model's probability of the target; NaN where the target was a callable."""
    outputs: Tensor
    """float32 [N, K]: what the model said (logits)."""
    predicted: Tensor
    """int64 [N]: the class with the largest score."""
    predicted_probabilities: Tensor
    """float32 [N] in 0..1."""
    flags: Tensor
    """uint8 [N, *]: bits of `Flag`."""
    method: Method
    layer: str
    """Dotted name; empty for a method that looks at no layer."""
    input_size: tuple[int, ...]
    """(H, W) of the explained images in pixels, which the maps cover entirely."""

    @property
    def signed(self) -> bool:
        """Whether values below zero speak against the target."""
        return self.method.signed

    if TYPE_CHECKING:  # a field of some results, computed by others

        @property
        def maps(self) -> Tensor:
            """float32 [N, *, h, w]: the explanation as a map."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Attribution(Explained):
    """Maps of one method, at one layer or of the input."""

    maps: Tensor
    """float32 [N, *, h, w] at the layer's own resolution, or the input's; finite."""
    errors: Tensor | None = None
    """float32 [N, *, h, w]: standard errors of the maps, of methods that draw at random."""
    forwards: int = 0
    """How often the model ran for an image (the largest number), of methods that run it often."""
    completeness: Tensor | None = None
    """float32 [N, *]: of integrated gradients, |sum of the map - (s(x) - s(b))| / |s(x) - s(b)|; 0: exact."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Superpixels(Explained):
    """A weight for each superpixel: a local linear model of the score (LIME), or Shapley values."""

    segments: Tensor
    """int64 [N, H, W]: the superpixel of each pixel, from 0 without gaps."""
    weights: Tensor
    """float32 [N, *, K]: above 0 for the target; 0 beyond a sample's own superpixels."""
    errors: Tensor | None = None
    """float32 [N, *, K]: standard errors of the weights."""
    intercepts: Tensor | None = None
    """float32 [N, *]: the local model with everything hidden."""
    r2: Tensor | None = None
    """float32 [N, *]: weighted R² of the local model, 1: exact."""
    forwards: int = 0
    """How often the model ran for an image (the largest number)."""

    @property
    def maps(self) -> Tensor:
        """float32 [N, *, H, W]: the weights, painted on their superpixels."""
        return painted(self.weights, self.segments)


@dataclass(frozen=True, eq=False, kw_only=True)
class Slider:
    """Windows of one size at all positions of a grid, one at a time hidden."""

    height: int
    width: int
    rows: tuple[int, ...]
    """The topmost pixel of the windows, ascending."""
    columns: tuple[int, ...]
    """Their leftmost pixel, ascending."""
    scores: Tensor
    """float32 [N, *, ny, nx]: the target's score with this window hidden."""
    predicted: Tensor
    """int64 [N, ny, nx]: the most probable class then; -1: the output has no classes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class OcclusionScores(Explained):
    """What a score becomes when a window of the image is hidden, for windows of one or several sizes."""

    score: Score
    scores: Tensor
    """float32 [N, *]: with nothing hidden."""
    sliders: tuple[Slider, ...]

    @property
    def maps(self) -> Tensor:
        """float32 [N, *, H, W]: what `map_of` gives for the slider in the middle of the list."""
        return self.map_of(self.sliders[len(self.sliders) // 2])

    def map_of(self, slider: Slider) -> Tensor:
        """float32 [N, *, H, W]: the score that hiding a pixel costs, averaged over the windows that cover it."""
        drops = self.scores[..., None, None] - slider.scores
        return averaged_over_windows(drops, slider, self.input_size)


@dataclass(frozen=True, eq=False, kw_only=True)
class Windows:
    """Windows of one size at M positions."""

    height: int
    width: int
    corners: tuple[tuple[int, int], ...]
    """(topmost row, leftmost column) of each."""
    alone: Tensor
    """float32 [N, *, M]: the target's score with only this window hidden."""


@dataclass(frozen=True, eq=False, kw_only=True)
class OcclusionPairScores(Explained):
    """What a score becomes when two windows are hidden at once: one held, one moved."""

    score: Score
    scores: Tensor
    """float32 [N, *]: with nothing hidden."""
    held: Windows
    moved: Windows
    pairs: Tensor
    """float32 [N, *, held, moved]: with both hidden."""

    @property
    def interactions(self) -> Tensor:
        """float32 [N, *, held, moved]: d(p) + d(q) - d(p, q); above 0: needed together, below: either will do.

        d is what hiding costs. Where two windows overlap, what they share counts twice, as a window with itself does altogether.
        """
        return (
            self.pairs + self.scores[..., None, None] - self.held.alone[..., :, None] - self.moved.alone[..., None, :]
        )


@dataclass(frozen=True, eq=False)
class Related:
    """Pairs and groups of superpixels of one image and target, most important first."""

    pairs: Tensor
    """int64 [P, 2]."""
    correlations: Tensor
    """float32 [P]: S_i + S_j - S_ij. Above 0: needed together; below 0: either will do; 0: independent."""
    errors: Tensor | None
    """float32 [P]: standard errors of the correlations."""
    joint: Tensor
    """float32 [P]: S_ij, the score lost when both are ablated."""
    groups: tuple[tuple[tuple[int, ...], float], ...]
    """(superpixels, sum of what each loses alone less what all lose together)."""
    block_counts: tuple[tuple[int, float], ...]
    """(number of superpixels, largest correlation of a pair), one for each segmentation studied."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Correlations(Explained):
    """What superpixels contribute to a score, alone and two by two."""

    score: Score
    scores: Tensor
    """float32 [N, *]: with nothing ablated."""
    segments: Tensor
    """int64 [N, H, W]: the superpixel of each pixel, from 0 without gaps."""
    sensitivities: Tensor
    """float32 [N, *, K]: the score lost when the superpixel is ablated; 0 beyond a sample's own superpixels."""
    errors: Tensor | None
    """float32 [N, *, K]: their standard errors."""
    related: list[Related]
    """N * T, in order of samples, then targets."""

    @property
    def maps(self) -> Tensor:
        """float32 [N, *, H, W]: the sensitivities, painted on their superpixels."""
        return painted(self.sensitivities, self.segments)


def painted(weights: Tensor, segments: Tensor) -> Tensor:
    """Values of superpixels [N, *, K] as maps [N, *, H, W]."""
    index = segments.flatten(1)
    if weights.ndim == 3:
        index = index[:, None].expand(-1, weights.shape[1], -1)
    return weights.gather(-1, index).unflatten(-1, segments.shape[1:])  # type: ignore[no-any-return, no-untyped-call]


def averaged_over_windows(values: Tensor, slider: Slider, size: tuple[int, ...]) -> Tensor:
    """Maps [..., H, W] of the mean of values [..., ny, nx] over the windows that cover a pixel; 0 where none does."""
    rows, columns = (
        _covers(starts, extent, pixels).to(values)
        for starts, extent, pixels in ((slider.rows, slider.height, size[0]), (slider.columns, slider.width, size[1]))
    )
    with torch.autocast(values.device.type, enabled=False):
        total = rows.T @ values @ columns  # windows are products of intervals
    covered = rows.sum(0)[:, None] * columns.sum(0)
    return torch.where(covered > 0, total / covered.clamp(min=1), 0)


def _covers(starts: tuple[int, ...], extent: int, pixels: int) -> Tensor:
    """[windows, pixels]: whether a window covers a pixel, along one axis."""
    start, position = torch.tensor(starts)[:, None], torch.arange(pixels)
    return (start <= position) & (position < start + extent)


Result = TypeVar("Result")


def joined(parts: Sequence[Result]) -> Result:
    """Results of one method for consecutive batches as one: tensors end to end, padded with 0 behind the first axis where needed."""
    first = parts[0]
    if all(part is first for part in parts):
        return first
    if isinstance(first, Tensor):
        return _end_to_end(parts)  # type: ignore[arg-type, return-value]
    if dataclasses.is_dataclass(first) and not isinstance(first, type) and not first.__dataclass_params__.eq:  # type: ignore[attr-defined]
        fields = dataclasses.fields(first)
        return dataclasses.replace(first, **{f.name: joined([getattr(part, f.name) for part in parts]) for f in fields})
    if isinstance(first, list):
        return [item for part in parts for item in part]  # type: ignore[attr-defined, return-value]
    if isinstance(first, tuple) and first and dataclasses.is_dataclass(first[0]):
        return tuple(joined(each) for each in zip(*parts, strict=True))  # type: ignore[return-value]
    if isinstance(first, int):
        return max(parts)  # type: ignore[type-var]
    return first


def _end_to_end(parts: Sequence[Tensor]) -> Tensor:
    shape = [max(extents) for extents in zip(*(part.shape[1:] for part in parts), strict=True)]
    whole = parts[0].new_zeros(sum(len(part) for part in parts), *shape)
    start = 0
    for part in parts:
        place = (slice(start, start + len(part)), *(slice(extent) for extent in part.shape[1:]))
        whole[place] = part
        start += len(part)
    return whole


def checked(maps: Tensor, gradient_norms: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Maps [N, T, h, w] with what is not finite replaced by 0, and their flags [N, T]."""
    finite = maps.isfinite().flatten(2).all(2)
    maps = maps.nan_to_num(0.0, 0.0, 0.0)
    flags = torch.where(finite, 0, int(Flag.NOT_FINITE))
    flags |= torch.where((maps != 0).flatten(2).any(2), 0, int(Flag.ALL_ZERO))
    if gradient_norms is not None:
        flags |= torch.where(gradient_norms == 0, int(Flag.ZERO_GRADIENT), 0)
    return maps, flags.to(torch.uint8)


def about(batch: Batch, method: Method, flags: Tensor, layer: str = "") -> dict[str, Any]:
    """The fields of `Explained` for a batch; `flags` [N, T]."""
    targets = batch.targets
    return {
        "targets": targets.shaped(targets.classes),
        "probabilities": targets.shaped(targets.probabilities),
        "outputs": targets.outputs,
        "predicted": targets.predicted,
        "predicted_probabilities": targets.predicted_probabilities,
        "flags": targets.shaped(flags),
        "method": method,
        "layer": layer,
        "input_size": batch.size,
    }
