"""What a filter loss remembers of one layer's filters between batches: how strong they are, and which class each belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.interpretable.objectives import mutual_information
from tb_explain.methods.interpretable.templates import centres, distances, side

DEAD = 1e-6
"""A filter whose maps never exceed this says nothing."""

_SCALE_MOMENTUM = 0.9
_CLASS_MOMENTUM = 0.98
_LEAST_SCALE = 1e-3


@dataclass(frozen=True)
class FilterFigures:
    """How far the filters of a layer have come: since the figures were last asked for, or of the last batch."""

    layer: str
    loss: float
    """What was added to the loss because of this layer, mean of the batches since."""
    information: float
    """Mutual information of maps and templates of the last batch, in nats, mean of the filters; at most the log of the batch's size."""
    concentration: float
    """In 0..1: share of a map's sum within n / 4 of its peak, mean of the maps of the last batch that have any; NaN: none has."""
    active: float
    """In 0..1: share of the positions of the last batch's maps above 0."""
    dead: int
    """Filters that have said nothing since."""
    flipped: float
    """In 0..1: share of the filters that belong to another class than when the epoch began."""

    def scalars(self, prefix: str = "explain/filters") -> dict[str, float]:
        """By tag, `<prefix>/<layer>/<figure>`, as `SummaryWriter.add_scalar` takes them one by one."""
        return {f"{prefix}/{self.layer}/{name}": value for name, value in vars(self).items() if name != "layer"}


class Filters(nn.Module):
    """The filters of one layer. What is remembered are buffers, which take their size from the first maps or from a loaded state."""

    scale: Tensor
    """float [C]: moving average of the maps' peaks."""
    excitement: Tensor
    """float [K, C]: moving average of the maps' sums over images of each class; NaN of a class not seen yet."""
    owner: Tensor
    """int64 [C]: the class of each filter."""
    began: Tensor
    """int64 [C]: the same when the epoch began."""

    def __init__(self, layer: str, classes: int) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("scale", torch.empty(0))
        self.register_buffer("excitement", torch.empty(classes, 0))
        self.register_buffer("owner", torch.empty(0, dtype=torch.long))
        self.register_buffer("began", torch.empty(0, dtype=torch.long))
        self.forget()

    def forget(self) -> None:
        """Start anew what is counted between two questions for figures."""
        self._added: Tensor | float = 0.0
        self._batches = 0
        self._peaks: Tensor | None = None
        self._last: Tensor | None = None

    def normalised(self, maps: Tensor) -> Tensor:
        """Maps by the moving average of their filter's peak, in single precision at least."""
        maps = maps if maps.dtype == torch.float64 else maps.float()
        scale = self.scale.to(maps.dtype).clamp(min=_LEAST_SCALE)
        return maps / scale.reshape(-1, *(1,) * (maps.ndim - 2))

    @torch.no_grad()
    def update(self, maps: Tensor, members: Tensor | None, group: Any, *, frozen: bool, new_epoch: bool) -> None:
        """Learn from the maps [N, C, *s] of a batch, whose images belong to classes as bool `members` [N, K] says.

        `group`: processes whose batches count as one. `frozen`: filters keep their class.
        """
        self.to(maps.device)
        flat = maps.detach().flatten(2).float()
        peaks = flat.amax(2)
        n = torch.full_like(peaks[:1], len(flat))
        told = [n, peaks.sum(0, keepdim=True)]
        if members is not None:
            each = members.to(flat)
            told += [each.T @ flat.sum(2), each.sum(0)[:, None].expand(-1, flat.shape[1])]
        told = _summed(told, group)
        mean_peak = (told[1] / told[0])[0]
        first = len(self.scale) == 0
        self.scale = mean_peak if first else self.scale.lerp(mean_peak, 1 - _SCALE_MOMENTUM)
        if first:
            self.excitement = self.excitement.new_full((len(self.excitement), len(mean_peak)), torch.nan)
            self.owner = self.began = torch.zeros_like(mean_peak, dtype=torch.long)
        if new_epoch:
            self.began = self.owner
        if members is not None:
            sums, counts = told[2], told[3]
            mean = sums / counts.clamp(min=1)
            known = torch.where(self.excitement.isnan(), mean, self.excitement.lerp(mean, 1 - _CLASS_MOMENTUM))
            self.excitement = torch.where(counts > 0, known, self.excitement)
            if not frozen:
                self.owner = self.excitement.nan_to_num(-torch.inf).argmax(0)
        if first:
            self.began = self.owner
        self._peaks = peaks.amax(0) if self._peaks is None else torch.maximum(self._peaks, peaks.amax(0))
        self._last = maps.detach()

    def count(self, added: Tensor) -> None:
        """Remember what was added to the loss."""
        self._added, self._batches = self._added + added.detach(), self._batches + 1

    @torch.no_grad()
    def figures(self, gain: float) -> FilterFigures:
        """See `FilterLoss.figures`."""
        if self._last is None or self._peaks is None:
            raise RuntimeError(
                "there was no batch since the figures were last asked for; call the filter loss in the training loop first"
            )
        with torch.autocast(self._last.device.type, enabled=False):
            maps = self.normalised(self._last)
            near = distances(centres(maps), maps.shape[2:]) < side(maps.shape[2:]) / 4
            total = maps.flatten(2).sum(2)
            inside = (maps * near).flatten(2).sum(2)[total > 0] / total[total > 0]
            found = FilterFigures(
                self.layer,
                float(self._added) / self._batches,
                float(mutual_information(maps, gain).mean()),
                float(inside.mean()),
                float((maps > 0).float().mean()),
                int((self._peaks <= DEAD).sum()),
                float((self.owner != self.began).float().mean()),
            )
        self.forget()
        return found

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any) -> None:
        for name, buffer in self.named_buffers():
            given = state_dict.get(prefix + name)
            if isinstance(given, Tensor) and not (name == "excitement" and len(given) != len(buffer)):
                setattr(self, name, buffer.new_empty(given.shape))
        super()._load_from_state_dict(state_dict, prefix, *args)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": None, "_peaks": None}


def _summed(parts: list[Tensor], group: Any) -> list[Tensor]:
    """Rows [r, C] added up over the processes of a group, in one message."""
    if group is None:
        return parts
    whole = torch.cat(parts)
    torch.distributed.all_reduce(whole, group=group)
    return list(torch.split(whole, [len(part) for part in parts]))
