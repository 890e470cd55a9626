"""Building the mirror of what a classifier does between two codes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.feedback.path import Stage, Step

_Shape = tuple[int, ...]
# By the number of axes. Any: their arguments are tuples of just this length.
_CONVOLUTIONS: dict[int, Any] = {2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED: dict[int, Any] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


class MirrorStage(nn.Module):
    """D_l: the code of one layer to that of the layer before, or to the images.

    Codes may be very small or large, or far from 0. Inside, they are less the mean of each channel, over the size of what is left.
    """

    def __init__(self, stage: Stage, *, skip: bool) -> None:
        super().__init__()
        self.mirror = _joined(_mirrored(stage))
        self.rectified = stage.rectified
        self.mean: Tensor
        self.mean_before: Tensor
        self.scale: Tensor
        self.scale_before: Tensor
        self.register_buffer("mean", torch.zeros(stage.after[0], *(1 for _ in stage.after[1:])))
        self.register_buffer("mean_before", torch.zeros(stage.before[0], *(1 for _ in stage.before[1:])))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("scale_before", torch.ones(()))
        channels = stage.before[0]
        self.skip: nn.Module | None = None
        if skip:
            axes = len(stage.before) - 1
            self.skip = _CONVOLUTIONS[axes](channels, channels, 1) if axes else nn.Linear(channels, channels)

    def measure(self, means: Sequence[Tensor], scales: Sequence[Tensor]) -> None:
        """What the code before and the code are around, [C] each, and how far from it."""
        for ours, theirs in zip((self.mean_before, self.mean), means, strict=True):
            ours.copy_(theirs.view_as(ours))
        for ours, theirs in zip((self.scale_before, self.scale), scales, strict=True):
            ours.copy_(theirs)

    def forward(self, code: Tensor, before: Tensor | None = None) -> Tensor:
        """The code before, from `code`; `before` is the true one, which a skip connection adds, mixed over channels."""
        values: Tensor = self.mirror((code - self.mean) / self.scale) * self.scale_before + self.mean_before
        if before is not None and self.skip is not None:
            values = values + self.skip(before)
        return values.relu() if self.rectified else values


class _Crop(nn.Module):
    """The first sites along each axis."""

    def __init__(self, sites: _Shape) -> None:
        super().__init__()
        self.sites = sites

    def forward(self, values: Tensor) -> Tensor:
        index: Any = (..., *(slice(extent) for extent in self.sites))
        return values[index]


def _joined(units: Sequence[Sequence[nn.Module]]) -> nn.Sequential:
    """Units one after the other, with a rectifier between two of them."""
    parts: list[nn.Module] = []
    for unit in units:
        learned = any(True for module in unit for _ in module.parameters())
        if learned and any(True for part in parts for _ in part.parameters()):
            parts.append(nn.ReLU())
        parts += unit
    return nn.Sequential(*parts)


def _mirrored(stage: Stage) -> list[list[nn.Module]]:
    """Module by module where the stage is a chain whose modules have mirrors, else from the shapes alone."""
    if stage.steps is not None:
        units = _of_steps(stage.steps, stage.after)
        if units is not None and any(True for unit in units for module in unit for _ in module.parameters()):
            return units
    return [_of_shapes(stage)]


def _of_steps(steps: Sequence[Step], code: _Shape) -> list[list[nn.Module]] | None:
    units = []
    for step in reversed(steps):
        unit = _of_step(step, code)
        if unit is None:
            return None
        units.append(unit)
        code = step.before
    return units


def _of_step(step: Step, code: _Shape) -> list[nn.Module] | None:
    """What maps a code of the step's outcome to one of its beginning; None: nothing is known that does."""
    module = step.module
    if isinstance(module, nn.Linear) and len(step.before) == 1:
        return [nn.Linear(code[0], module.in_features)]  # a single logit has two probabilities
    if code != step.after:
        return None
    if isinstance(module, (nn.Conv2d, nn.Conv3d)):
        return _transposed(module, step.before[1:], step.after[1:])
    if step.before == step.after:
        return []  # norms, activations, dropout
    if module is None or isinstance(module, (nn.Flatten, nn.Unflatten)):
        return [_Reshape(step.before)]
    pooled = len(step.before) == len(step.after) > 2 and step.before[0] == step.after[0]
    if pooled and all(small <= large for small, large in zip(step.after[1:], step.before[1:], strict=True)):
        return _unpooled(step.before[0], step.before[0], step.after[1:], step.before[1:])
    return None


class _Reshape(nn.Module):
    """Another form of each sample."""

    def __init__(self, shape: _Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, values: Tensor) -> Tensor:
        return values.reshape(len(values), *self.shape)


def _transposed(conv: nn.Conv2d | nn.Conv3d, large: _Shape, small: _Shape) -> list[nn.Module]:
    """The transposed convolution in which each position reaches the sites that it came from, and no others."""
    axes = range(len(large))
    k, s, d = conv.kernel_size, conv.stride, conv.dilation
    if conv.padding == "same":  # an odd sum has one site more at the end
        p = tuple(d[a] * (k[a] - 1) // 2 for a in axes)
    else:
        p = tuple(0 for _ in axes) if isinstance(conv.padding, str) else conv.padding
    missing = tuple(large[a] - ((small[a] - 1) * s[a] - 2 * p[a] + d[a] * (k[a] - 1) + 1) for a in axes)
    return [
        _TRANSPOSED[len(large)](
            conv.out_channels,
            conv.in_channels,
            k,
            s,
            p,
            tuple(max(m, 0) for m in missing),
            conv.groups,
            dilation=d,
        ),
        *([_Crop(large)] if min(missing) < 0 else []),
    ]


def _unpooled(channels: int, wanted: int, small: _Shape, large: _Shape) -> list[nn.Module]:
    """Nearest neighbours and a convolution of 3 sites; from a single site one learned pattern a channel, mixed by it."""
    spread: nn.Module
    if math.prod(small) == 1:
        # Neighbours of one site are all alike, so that nothing could tell where.
        spread = _TRANSPOSED[len(large)](channels, channels, large, groups=channels)
    else:
        spread = nn.Upsample(size=large)
    return [spread, _CONVOLUTIONS[len(large)](channels, wanted, 3, padding=1)]


def _of_shapes(stage: Stage) -> list[nn.Module]:
    """One transposed convolution whose stride is the ratio of the sizes, or its like for vectors."""
    before, after = stage.before, stage.after
    if len(before) == 1 and len(after) == 1:
        return [nn.Linear(after[0], before[0])]
    if len(before) == 1:
        raise ValueError(
            f"layer {stage.name!r} gives sites {list(after)} behind a layer that gives a vector {list(before)}, "
            "which cannot be mirrored; leave one of them out"
        )
    large = before[1:]
    if len(after) == 1:
        after = (after[0], *(1 for _ in large))
    small = after[1:]
    reshape: list[nn.Module] = [_Reshape(after)] if len(stage.after) == 1 else []
    if math.prod(small) == 1 < math.prod(large) or any(a > b for a, b in zip(small, large, strict=True)):
        return [*reshape, *_unpooled(after[0], before[0], small, large)]
    stride = tuple(-(-b // a) for a, b in zip(small, large, strict=True))
    padding = tuple((s + 1) // 2 for s in stride)
    kernel = tuple(s + 2 * p for s, p in zip(stride, padding, strict=True))
    grown = tuple(a * s for a, s in zip(small, stride, strict=True))
    crop = [_Crop(large)] if grown != large else []
    return [*reshape, _TRANSPOSED[len(large)](after[0], before[0], kernel, stride, padding), *crop]


def check_mirrored(stages: Sequence[MirrorStage], path: Sequence[Stage]) -> None:
    """One dry run. Raises ValueError, which names the layer, when a code does not come out as it should."""
    for built, stage in zip(stages, path, strict=True):
        name = repr(stage.name) if stage.name else "of the classes"
        with torch.no_grad():
            found = tuple(built(torch.zeros(2, *stage.after, dtype=torch.float32)).shape[1:])
        if found != stage.before:
            raise ValueError(
                f"layer {name} cannot be mirrored: its code {list(stage.after)} gives {list(found)} instead of {list(stage.before)}"
            )
