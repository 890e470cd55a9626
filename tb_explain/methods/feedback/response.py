"""What one position of a layer stands for in the input: decoded alone, with its response field, and with all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from tb_explain.methods.feedback.results import ResponseField
from tb_explain.methods.receptive_fields import ReceptiveFields

if TYPE_CHECKING:
    from tb_explain.methods.feedback.decoder import FeedbackNetwork

_TOGETHER = 64  # codes decoded at once


def response_fields(
    feedback: FeedbackNetwork,
    images: Tensor,
    layer: str,
    positions: Sequence[Sequence[int]],
    fields: ReceptiveFields,
) -> list[ResponseField]:
    """See `FeedbackNetwork.respond`."""
    code = feedback.codes(images).forward[layer]
    images = images.detach().to(code)
    sites = code.ndim - 2
    wanted = [tuple(position) or (0,) * (images.ndim - 2) for position in positions]
    places = [(position, fields.box(position), fields.touching(position)) for position in wanted]
    full = feedback.decode(layer, code)
    together = max(1, _TOGETHER // (2 * len(code)))
    found = []
    for start in range(0, len(places), together):
        some = places[start : start + together]
        masked = [
            _only(code, where)
            for position, _, field in some
            for where in (tuple(slice(i, i + 1) for i in position[:sites]), field[:sites])
        ]
        decoded = iter(feedback.decode(layer, torch.cat(masked)).split(len(code)))  # type: ignore[no-untyped-call]
        for position, box, field in some:
            found.append(
                ResponseField(
                    layer=layer,
                    position=position[:sites],
                    receptive_field=box,
                    response_field=field[:sites],
                    input=_crop(images, box),
                    isolated=_crop(next(decoded), box),
                    field=_crop(next(decoded), box),
                    full=_crop(full, box),
                )
            )
    return found


def only_at(code: Tensor, positions: Sequence[Sequence[int]]) -> Tensor:
    """The code [N, C, *s] at some positions, 0 elsewhere. Raises ValueError for positions that it does not have."""
    extents = tuple(code.shape[2:])
    for position in positions:
        if len(position) != len(extents) or not all(0 <= i < n for i, n in zip(position, extents, strict=False)):
            raise ValueError(f"there is no position {tuple(position)}: the layer has {list(extents)}, numbered from 0")
    mask = code.new_zeros(extents)
    for position in positions:
        mask[tuple(position)] = 1
    return torch.where(mask > 0, code, 0)


def _only(code: Tensor, where: tuple[slice, ...]) -> Tensor:
    """The code at some positions, 0 elsewhere."""
    masked = torch.zeros_like(code)
    index = (slice(None), slice(None), *where)
    masked[index] = code[index]
    return masked


def _crop(images: Tensor, box: tuple[slice, ...]) -> Tensor:
    index = (slice(None), slice(None), *box)
    return images[index].clone()
