"""From what is known about the channels of a layer to what is stored of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.channels import Channels, TopPatches
from tb_explain.payloads.samples import Samples
from tb_explain.pictures import Pictures
from tb_explain.probe import Probe
from tb_explain.projections.columns import CategoryColumn, NumberColumn

if TYPE_CHECKING:
    from torch import Tensor

    from tb_explain.methods import ChannelActivations, ChannelStatistics
    from tb_explain.methods.channel_statistics import TopPatches as Tops

_PATCHES_AT_ONCE = 1024


def of_activations(samples: Samples, result: ChannelActivations, probe: Probe) -> Channels:
    """The payload of the activations of a probe's images."""
    found = result.statistics
    return Channels(
        samples,
        len(found.mean),
        _numbers(result.activations),
        _statistics(found, probe.class_names),
        _numbers(found.class_means),
        None if found.tops is None else _tops(found.tops, probe),
        measures=result.scalars,
    )


def _statistics(found: ChannelStatistics, class_names: list[str] | None) -> dict[str, NumberColumn | CategoryColumn]:
    names = [str(i) for i in range(found.class_means.shape[1])] if class_names is None else class_names
    numbers = {
        name: NumberColumn(_numbers(getattr(found, name).float()))
        for name in ("mean", "maximum", "sparsity", "dead", "selectivity", "luminance")
    }
    return numbers | {"class": CategoryColumn(found.preferred.cpu().numpy(), tuple(names))}


def _tops(tops: Tops, probe: Probe) -> TopPatches:
    n = tops.values.numel()
    pixels = tops.pixels.flatten(0, 1)
    shown: list[NDArray[np.uint8]] = []
    for start in range(0, n, _PATCHES_AT_ONCE):
        some = probe.shown(pixels[start : start + _PATCHES_AT_ONCE])
        shown += [some.flat(i) for i in range(len(some))]
    missing = tops.values.flatten().isneginf().tolist()
    return TopPatches(
        Pictures([np.zeros_like(one) if lacks else one for one, lacks in zip(shown, missing, strict=True)]),
        _numbers(tops.values.where(~tops.values.isneginf(), float("nan"))),
        tops.ids.cpu().numpy().astype(np.uint64),
        tops.labels.cpu().numpy(),
        tops.boxes.flatten(2).cpu().numpy().astype(np.int32),
    )


def _numbers(values: Tensor) -> NDArray[np.float32]:
    return values.detach().float().cpu().numpy()
