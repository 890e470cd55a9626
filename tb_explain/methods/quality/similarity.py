"""How alike maps are, where they lie and how concentrated they are: statistics of maps alone, NaN where they are not defined."""

from __future__ import annotations

import torch
from torch import Tensor


def spearman(a: Tensor, b: Tensor) -> Tensor:
    """Rank correlations [...] of values [..., P] in -1..1, ties sharing their mean rank; NaN where either is constant or not finite."""
    first, second = _ranks(a), _ranks(b)
    spread = (first * first).sum(-1) * (second * second).sum(-1)
    correlation = (first * second).sum(-1) / spread.sqrt()
    known = (spread > 0) & a.isfinite().all(-1) & b.isfinite().all(-1)
    return torch.where(known, correlation.clamp(-1, 1), torch.nan)


def _ranks(values: Tensor) -> Tensor:
    """Ranks about their mean, in units of P so that single precision suffices for sums of their squares."""
    values = values.float().nan_to_num(0, 0, 0).contiguous()
    ordered = values.sort(-1).values
    below = torch.searchsorted(ordered, values)
    not_above = torch.searchsorted(ordered, values, right=True)
    # Each is at places below + 1 to not_above; the mean of all places is (P + 1) / 2.
    return (below + not_above - values.shape[-1]).float() / (2 * values.shape[-1])


def gini(values: Tensor) -> Tensor:
    """Gini coefficients [...] of magnitudes |values| [..., P] (Hurley & Rickard 2009): 0 where all are equal, towards 1 where few matter."""
    ordered = values.float().abs().sort(-1).values
    n = values.shape[-1]
    weights = (2 * torch.arange(1, n + 1, device=values.device) - n - 1) / n
    return (ordered * weights).sum(-1) / ordered.sum(-1)


def centres(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    """Centres of mass [..., len(size)] of |maps| [..., *s], in pixels of images of `size` that the maps cover entirely; NaN where all is 0."""
    axes = tuple(range(-len(size), 0))
    mass = maps.float().abs()
    total = mass.sum(axes)
    found = []
    for axis, pixels in zip(axes, size, strict=True):
        cells = maps.shape[axis]
        along = mass.sum(tuple(other for other in axes if other != axis))
        places = (torch.arange(cells, device=maps.device) + 0.5) * pixels / cells - 0.5
        found.append((along * places).sum(-1) / total)
    return torch.stack(found, -1)
