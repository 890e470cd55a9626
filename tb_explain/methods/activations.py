"""Activations: what every channel of a layer says of some images, and what it responds to among many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from tb_explain.methods.channel_statistics import ChannelStatistics, RunningStatistics
from tb_explain.methods.features import FeatureBatch, stream
from tb_explain.methods.fields import fields_of
from tb_explain.methods.layers import Layers, bare, layer_names
from tb_explain.methods.method import SetMethod
from tb_explain.methods.receptive_fields import ReceptiveFields
from tb_explain.methods.results import Explained, Flag, joined
from tb_explain.methods.stages import stages
from tb_explain.methods.targets import Targets, outputs_of

if TYPE_CHECKING:
    from tb_explain.pictures import Pictures
    from tb_explain.probe import Probe


Shown = Callable[[Tensor, slice], "Pictures"]
"""Makes pictures of images of the data, given which these are."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ChannelActivations(Explained):
    """The activations of N images at one layer of C channels, and what these respond to."""

    activations: Tensor
    """float32 [N, C, *s]; larger maps are averaged down to 64 positions an axis. Not finite where the layer was not."""
    statistics: ChannelStatistics
    """Over the method's data, or over these images."""
    fields: ReceptiveFields | None
    """What the layer's positions see; None: not asked for."""

    @property
    def scalars(self) -> dict[str, float]:
        """By name: shares of dead channels and of silent positions, and the mean selectivity, of live channels."""
        of = self.statistics
        alive = ~of.dead
        found = {"dead": float(of.dead.float().mean())}
        if alive.any():
            found["sparsity"] = float(of.sparsity[alive].mean())
        known = of.selectivity[alive & of.selectivity.isfinite()]
        return found | ({"selectivity": float(known.mean())} if len(known) else {})


@dataclass(frozen=True)
class Activations(SetMethod):
    """What every channel of a layer says: its map over each image, and statistics and strongest patches over a loader.

    Per channel: mean, maximum, share of positions at or below 0 (sparsity), whether it is dead, |correlation| with the brightness of the image, mean
    response to each class, and by these the class selectivity (m - r) / (m + r) (Morcos et al. 2018, "On the importance of single directions for
    generalization").
    """

    layer: Layers = None
    """Dotted names or modules; None: the stages of the network."""
    data: Any = field(default=None, repr=False, compare=False)
    """Loader of batches (images, labels) for the statistics, gone through once; None: the explained images themselves."""
    patches: int = 4
    """The images that a channel responds to most: how many to keep, cut to what the place of the response sees."""
    patch_size: int = 48
    """Their extent in pixels, at most."""

    def explain_set(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor | None = None,
        targets: Targets = None,
        last: Sequence[Explained] | None = None,
    ) -> list[ChannelActivations]:
        """One result a layer, in the order in which the network calls them."""
        return self._explain(model, images, labels, targets, last, None)

    def of_probe(
        self, model: nn.Module, probe: Probe, targets: Targets = None, last: Sequence[Explained] | None = None
    ) -> list[ChannelActivations]:
        """The same, with the ids of the images that channels respond to most."""
        labels = None if probe.labels is None else torch.from_numpy(probe.labels)
        # Of its own images the probe may show other pixels than the model is given.
        shown = (
            (lambda images, _: probe.shown(images)) if self.data is not None else (lambda _, part: probe.pictures[part])
        )
        return self._explain(model, probe.images, labels, targets, last, shown)

    def kept(self, found: Sequence[ChannelActivations]) -> Sequence[ChannelActivations]:
        """What the layers see, which stays as it is, without the maps."""
        return [replace(one, activations=one.activations.new_empty(0)) for one in found]

    def _explain(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor | None,
        targets: Targets,
        last: Sequence[Explained] | None,
        shown: Shown | None,
    ) -> list[ChannelActivations]:
        if self.patches < 0 or self.patch_size < 1:
            raise ValueError(f"patches must be 0 or more of a pixel or more, got {self.patches} of {self.patch_size}")
        model = bare(model)
        parts = [slice(start, start + 16) for start in range(0, len(images), 16)]
        own = [(images[part], None if labels is None else labels[part]) for part in parts]
        data = own if self.data is None else self.data
        names = layer_names(model, self.layer) or stages(model, data, targets)
        targets = outputs_of(targets)
        known = {one.layer: one.fields for one in last or () if isinstance(one, ChannelActivations)}
        statistics, fields = self._statistics(model, data, names, targets, known, shown)
        found = []
        with stream(model, images, names, targets, doing="reading activations") as batches:
            for batch in batches:
                found.append(
                    [
                        ChannelActivations(
                            targets=batch.resolved.predicted,
                            probabilities=batch.resolved.predicted_probabilities,
                            outputs=batch.resolved.outputs,
                            predicted=batch.resolved.predicted,
                            predicted_probabilities=batch.resolved.predicted_probabilities,
                            flags=_flags(values),
                            method=self,
                            layer=name,
                            input_size=tuple(batch.images.shape[2:]),
                            activations=_small(values),
                            statistics=statistics[name],
                            fields=fields.get(name),
                        )
                        for name, values in batch.layers.items()
                    ]
                )
        return [joined(of_layer) for of_layer in zip(*found, strict=True)]

    def _statistics(
        self,
        model: nn.Module,
        data: Any,
        names: Sequence[str],
        targets: Targets,
        known: dict[str, ReceptiveFields | None],
        shown: Shown | None,
    ) -> tuple[dict[str, ChannelStatistics], dict[str, ReceptiveFields]]:
        running: dict[str, RunningStatistics] = {}
        fields: dict[str, ReceptiveFields] = {}
        with stream(model, data, names, targets, doing="reading channels") as batches:
            for batch in batches:
                if not running and self.patches:
                    fields = self._fields(model, batch, known)
                classes = batch.resolved.predicted if batch.labels is None else batch.labels
                part = slice(batch.first, batch.first + len(batch.images))
                ids = shown(batch.given, part).ids.tolist() if shown and self.patches else []
                for name, values in batch.layers.items():
                    if name not in running:
                        k = batch.resolved.outputs.shape[1]
                        running[name] = RunningStatistics(
                            values.shape[1], k, fields.get(name), self.patches, self.patch_size
                        )
                    running[name].add(values, batch.images, classes, batch.labels, ids)
        return {name: one.result() for name, one in running.items()}, fields

    @staticmethod
    def _fields(
        model: nn.Module, batch: FeatureBatch, known: dict[str, ReceptiveFields | None]
    ) -> dict[str, ReceptiveFields]:
        """Found with images at which the layers are finite: none are, when the network has diverged."""
        finite = torch.stack([values.flatten(1).isfinite().all(1) for values in batch.layers.values()]).all(0)
        images = batch.images[finite.to(batch.images.device)]
        return fields_of(model, list(batch.layers), images, known, "patches of what channels respond to")


_LONGEST_MAP = 64


def _small(values: Tensor) -> Tensor:
    extents = tuple(min(extent, _LONGEST_MAP) for extent in values.shape[2:])
    return values if extents == tuple(values.shape[2:]) else interpolate(values, extents, mode="area")


def _flags(values: Tensor) -> Tensor:
    finite = values.flatten(1).isfinite().all(1)
    return torch.where(finite, int(Flag.OK), int(Flag.NOT_FINITE)).to(torch.uint8)
