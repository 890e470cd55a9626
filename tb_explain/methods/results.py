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


Result = TypeVar("Result")


def joined(parts: Sequence[Result]) -> Result:
    """Results of one method for consecutive batches as one: tensors end to end, padded with 0 behind the first axis where needed."""
    first = parts[0]
    if len(parts) == 1:
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
