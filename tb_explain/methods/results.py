"""What methods return."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tb_explain.methods.cam import LayerMethod


class Flag(enum.IntFlag):
    """Why a map cannot be trusted; the numbers are those of `explain.proto`."""

    OK = 0
    NOT_FINITE = 1
    ALL_ZERO = 2
    ZERO_GRADIENT = 4


@dataclass(frozen=True, eq=False)
class Attribution:
    """Maps of one method at one layer for N images.

    `[N, *]` stands for `[N]`, or `[N, T]` when T targets a sample were asked for.
    """

    maps: Tensor
    """float32 [N, *, h, w] at the layer's own resolution, finite; in the units of activation times gradient."""
    targets: Tensor
    """int64 [N, *]: the class explained; -1 where the target was a callable."""
    probabilities: Tensor
    """float32 [N, *] in 0..1: the model's probability of the target; NaN where the target was a callable."""
    flags: Tensor
    """uint8 [N, *]: bits of `Flag`."""
    outputs: Tensor
    """float32 [N, K]: what the model said (logits)."""
    method: LayerMethod
    layer: str
    """Dotted name."""
    input_size: tuple[int, ...]
    """(H, W) of the explained images in pixels, which the maps cover entirely."""

    @property
    def signed(self) -> bool:
        """Whether values below zero speak against the target."""
        return self.method.signed


def checked(maps: Tensor, gradient_norms: Tensor | None) -> tuple[Tensor, Tensor]:
    """Maps [N, T, h, w] with what is not finite replaced by 0, and their flags [N, T]."""
    finite = maps.isfinite().flatten(2).all(2)
    maps = maps.nan_to_num(0.0, 0.0, 0.0)
    flags = torch.where(finite, 0, int(Flag.NOT_FINITE))
    flags |= torch.where((maps != 0).flatten(2).any(2), 0, int(Flag.ALL_ZERO))
    if gradient_norms is not None:
        flags |= torch.where(gradient_norms == 0, int(Flag.ZERO_GRADIENT), 0)
    return maps, flags.to(torch.uint8)
