"""From what is known about the channels of a layer to what is stored of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.channels import DEAD, NOT_FINITE, RAISED, Channels, Maximised, TopPatches
from tb_explain.payloads.samples import Samples
from tb_explain.pictures import Pictures, pictures_of
from tb_explain.probe import Probe
from tb_explain.projections.columns import CategoryColumn, NumberColumn
from tb_explain.records import explain_pb2 as pb

if TYPE_CHECKING:
    from torch import Tensor

    from tb_explain.methods import ChannelActivations, ChannelStatistics, LayerImages, Redundancy
    from tb_explain.methods.channel_statistics import TopPatches as Tops

_PATCHES_AT_ONCE = 1024


def of_activations(samples: Samples, result: ChannelActivations, probe: Probe) -> Channels:
    """The payload of the activations of a probe's images."""
    found = result.statistics
    return Channels(
        samples,
        len(found.mean),
        as_float32(result.activations),
        _statistics(found, probe.class_names),
        as_float32(found.class_means),
        None if found.tops is None else _tops(found.tops, probe),
        measures=result.scalars,
    )


def of_redundancy(found: Redundancy) -> Channels:
    """The payload of a report on a layer's filters, which is of no images."""
    groups = []
    for one in found.groups:
        groups.append(pb.ChannelGroup(channels=one.channels, relation=one.relation, similarity=one.similarity))
        if one.cost is not None:
            groups[-1].cost = one.cost
    return Channels(
        no_samples(),
        found.channels,
        statistics={"similarity": NumberColumn(as_float32(found.similarity))},
        groups=groups,
        measures=found.scalars,
    )


def of_feature_images(found: LayerImages, probe: Probe) -> Channels:
    """The payload of images that maximise channels of a layer."""
    made = found.maximized
    names = probe.class_names or []
    words = [
        names[i] if found.layer == "output" and i < len(names) else str(objective)
        for i, objective in zip(found.chosen, made.objectives, strict=True)
    ]
    flags, ended = made.flags.cpu().numpy(), made.steps.cpu().numpy()
    traces = as_float32(made.scores)
    traces[np.arange(traces.shape[1]) > ended[:, None]] = np.nan
    states = np.where(flags & pb.ZERO_GRADIENT, DEAD, np.where(flags & pb.NOT_FINITE, NOT_FINITE, RAISED))
    recipe = found.method.recipe
    return Channels(
        no_samples(),
        found.channels,
        maximised=Maximised(
            pictures_of(as_float32(made.pixels), stretched=False),
            words,
            np.array(found.chosen, np.int64),
            traces,
            states,
            recipe if isinstance(recipe, str) else type(recipe).__name__.lower(),
        ),
        measures=found.scalars,
    )


def no_samples() -> Samples:
    """Of payloads that are about no images."""
    none = np.zeros((0, 1), np.int64)
    return Samples(targets=none, flags=none)


def _statistics(found: ChannelStatistics, class_names: list[str] | None) -> dict[str, NumberColumn | CategoryColumn]:
    names = [str(i) for i in range(found.class_means.shape[1])] if class_names is None else class_names
    numbers = {
        name: NumberColumn(as_float32(getattr(found, name).float()))
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
        as_float32(tops.values.where(~tops.values.isneginf(), float("nan"))),
        tops.ids.cpu().numpy().astype(np.uint64),
        tops.labels.cpu().numpy(),
        tops.boxes.flatten(2).cpu().numpy().astype(np.int32),
    )


def as_float32(values: Tensor) -> NDArray[np.float32]:
    """As numpy has them."""
    return values.detach().float().cpu().numpy()
