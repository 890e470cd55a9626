"""Filters that do nearly the same: copies, turned and recoloured ones, by their weights and by what they say about images."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from tb_explain.methods.channel_moments import ChannelMoments
from tb_explain.methods.features import same_draws, sites
from tb_explain.methods.filter_similarity import Similarity, colour_similarity, weight_similarity
from tb_explain.methods.layers import Layers, as_grid, bare, first_tensor, layer_names
from tb_explain.methods.loader import as_labels, check_loader, labelled
from tb_explain.methods.method import SetMethod
from tb_explain.methods.network import Network, undisturbed
from tb_explain.methods.taps import first_output, removed_after, replaced, tapped
from tb_explain.methods.targets import Targets, resolve

Relation = Literal["copy", "turned", "recoloured", "alike"]

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True, eq=False)
class FilterGroup:
    """Filters that do nearly the same."""

    channels: tuple[int, ...]
    """The one that stands for all first."""
    relation: Relation
    """How they are tied: equal weights, turned ones, ones of other colours, or other weights that say the same."""
    similarity: float
    """Of the least similar pair that ties the group."""
    cost: float | None = None
    """Accuracy lost, in 0..1, when all but the first are switched off; None: no labels were given."""


@dataclass(frozen=True, eq=False)
class Redundancy:
    """How many different filters a layer has."""

    layer: str
    weights: Similarity | None
    """None: the layer is no convolution, or a block of several."""
    colours: Similarity | None
    """Of a layer that sees three colours."""
    activations: Tensor | None
    """float32 [C, C] in -1..1: correlation over images and positions; 0 of channels that never change; None: without images."""
    turned_activations: Tensor | None
    """float32 [C, C]: the greatest correlation of what f says with what g says of the image turned by 90°, 180° or 270°, turned back."""
    dead: tuple[int, ...]
    """Channels whose weights are zero, or that never change."""
    groups: list[FilterGroup]
    """The costliest to remove last; without labels the largest first."""
    dimensions: float | None
    """(sum of eigenvalues)² / sum of squares of the covariance of the channels: as how many independent ones they count."""
    accuracy: float | None
    """In 0..1, of the whole network on the images; None: no labels were given."""
    method: FilterRedundancy

    @property
    def channels(self) -> int:
        """C."""
        found = self.activations if self.weights is None else self.weights.values
        return 0 if found is None else len(found)

    @property
    def similarity(self) -> Tensor:
        """float32 [C] in 0..1: of each channel to the one most like it, by weights or by activations, turned as suits best."""
        known = [None if self.weights is None else self.weights.values, self.activations, self.turned_activations]
        found = torch.stack([one.cpu() for one in known if one is not None]).amax(0)
        return found.clone().fill_diagonal_(0).amax(1).clamp(min=0)

    @property
    def scalars(self) -> dict[str, float]:
        """By name: the share of redundant filters, and as how many independent channels they count, as a share."""
        share = {} if self.dimensions is None else {"dimensions": self.dimensions / max(self.channels, 1)}
        return {"redundant": self.redundant} | share

    @property
    def redundant(self) -> float:
        """Share of the live filters in 0..1 that others could stand for."""
        alive = self.channels - len(self.dead)
        return sum(len(group.channels) - 1 for group in self.groups) / alive if alive else 0.0


@dataclass(frozen=True)
class FilterRedundancy(SetMethod):
    """Near-copies among a layer's filters, listed, not removed: cosine of weights and correlation of activations, turned as suits best.

    Filters are tied when they are `copy` alike or more, or by weights `turned` alike after a rotation, a reflection or a change of colour. Similar
    filters are no proof that one is superfluous: a group's `cost` says what the network loses. After "How the Deep Convolutional Networks see
    the World" (section 5.1), which remarks on such filters. `method.report(model)` needs no images.
    """

    layer: Layers = None
    """Dotted names or modules; None: all convolutions, with data those that run and have positions."""
    data: Any = field(default=None, repr=False, compare=False)
    """Loader of batches `images` or `(images, labels)`, gone through once, and once more for the groups' costs; None: weights only."""
    copy: float = 0.95
    turned: float = 0.9

    def __post_init__(self) -> None:
        for name in ("copy", "turned"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} must be a similarity above 0 and at most 1, got {getattr(self, name)}")

    def report(self, model: nn.Module) -> list[Redundancy]:
        """One report a layer, in the order of their names; without data only convolutions can be told."""
        model = bare(model)
        data = self.data
        if data is not None:
            data = torch.split(data, 16) if isinstance(data, Tensor) else data
            check_loader(data, "data")
        names = layer_names(model, self.layer)
        default = names is None
        if names is None:
            names = [name for name, module in model.named_modules() if isinstance(module, _CONVOLUTIONS)]
        if not names:
            raise ValueError(f"{type(model).__name__} has no convolutions; name a layer")
        with undisturbed(model) as network, same_draws(data):
            moments = _read(network, data, names, default) if data is not None else {}
            names = list(moments) if data is not None else names
            found = [self._of_layer(model, name, moments.get(name)) for name in names]
            return found if data is None else _with_costs(network, data, found)

    def explain_set(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor | None = None,
        targets: Targets = None,
        last: Sequence[Any] | None = None,
    ) -> list[Redundancy]:
        """The same, whatever the images."""
        return self.report(model)

    def _of_layer(self, model: nn.Module, name: str, seen: ChannelMoments | None) -> Redundancy:
        convolution = _convolution(model.get_submodule(name))
        if convolution is None and seen is None:
            raise ValueError(
                f"layer {name!r} is no convolution, so its filters have no weights to compare; give data too"
            )
        weights = None if convolution is None else weight_similarity(convolution.weight, convolution.groups)
        of_colours = convolution is not None and convolution.groups == 1 and convolution.in_channels == 3
        colours = colour_similarity(convolution.weight) if convolution is not None and of_colours else None
        correlation = None if seen is None else seen.correlation()
        turned_correlation = None if seen is None else seen.turned_correlation()
        dead = weights.values.diagonal().cpu() == 0 if weights is not None else torch.tensor(False)
        dead = dead | seen.still if seen is not None else dead
        ties: list[tuple[float, int, int, Relation]] = []
        for similarity, limit, relation in _kinds(
            weights, colours, correlation, turned_correlation, self.copy, self.turned
        ):
            alike = similarity.cpu().clone()
            alike[dead] = alike[:, dead] = 0
            alike.fill_diagonal_(0)
            for f, g in (alike.triu(1) >= limit).nonzero().tolist():
                ties.append((float(alike[f, g]), f, g, relation))
        return Redundancy(
            layer=name,
            weights=weights,
            colours=colours,
            activations=correlation,
            turned_activations=turned_correlation,
            dead=tuple(dead.nonzero()[:, 0].tolist()),
            groups=_groups(ties, None if seen is None else seen.strength()),
            dimensions=None if seen is None else seen.dimensions(),
            accuracy=None,
            method=self,
        )


def _convolution(module: nn.Module) -> Any:
    """The one convolution that a layer is, or consists of besides normalisation and rectifiers."""
    found = [part for part in module.modules() if isinstance(part, _CONVOLUTIONS)]
    return found[0] if len(found) == 1 else None


def _kinds(
    weights: Similarity | None,
    colours: Similarity | None,
    correlation: Tensor | None,
    turned_correlation: Tensor | None,
    copy: float,
    turned: float,
) -> Iterator[tuple[Tensor, float, Relation]]:
    """The matrices to find ties in, symmetric, the strongest claim first."""
    if weights is not None:
        as_they_are = torch.where(weights.turned == 0, weights.values, 0)
        yield as_they_are, copy, "copy"
        yield torch.where(weights.turned != 0, weights.values, 0), turned, "turned"
    if colours is not None:
        yield colours.values, turned, "recoloured"
    if correlation is not None:
        yield correlation, copy, "alike"
    if turned_correlation is not None:
        yield turned_correlation, copy, "turned"


_CLAIMS: tuple[Relation, ...] = ("copy", "turned", "recoloured", "alike")


def _groups(ties: list[tuple[float, int, int, Relation]], strength: Tensor | None) -> list[FilterGroup]:
    """Connected filters. A group's relation is the weakest claim that it needs to hold together."""
    parent: dict[int, int] = {}

    def root(f: int) -> int:
        parent.setdefault(f, f)
        while parent[f] != f:
            f = parent[f]
        return f

    used: list[tuple[float, int, Relation]] = []
    for similarity, f, g, relation in sorted(ties, key=lambda tie: (_CLAIMS.index(tie[3]), -tie[0])):
        a, b = root(f), root(g)
        if a != b:
            parent[b] = a
            used.append((similarity, f, relation))
    members: dict[int, list[int]] = {}
    for f in sorted(parent):
        members.setdefault(root(f), []).append(f)
    found = []
    for representative, channels in members.items():
        mine = [(similarity, relation) for similarity, f, relation in used if root(f) == representative]
        if strength is not None:
            channels.sort(key=lambda f: -float(strength[f]))
        relation = max((relation for _, relation in mine), key=_CLAIMS.index)
        found.append(FilterGroup(tuple(channels), relation, min(similarity for similarity, _ in mine)))
    return sorted(found, key=lambda group: (-len(group.channels), -group.similarity))


def _read(network: Network, data: Any, names: Sequence[str], default: bool) -> dict[str, ChannelMoments]:
    """What layers say of the data; of default ones those that say something."""
    found: dict[str, ChannelMoments] = {}
    for images, _ in labelled(data):
        images = images.detach().to(network.device, network.dtype)
        if default and not found:
            names = _running(network, images[:1], names)
        # Voxels could be turned by 23 rotations; each would cost a pass.
        square = images.ndim == 4 and images.shape[2] == images.shape[3]
        said: dict[str, dict[int, Tensor]] = {name: {} for name in names}
        for turns in (0, 1, 2, 3) if square else (0, 2) if images.ndim == 4 else (0,):
            with torch.no_grad():
                seen, _ = tapped(network, images.rot90(turns, (2, 3)).clone(), set(names), set(), set(names))
            for name, output in seen.items():
                grid = sites(name, output, len(images), tuple(images.shape[2:]))
                said[name][turns] = grid.rot90(-turns, (2, 3))
        for name in names:
            moments = found.setdefault(name, ChannelMoments(said[name][0].shape[1]))
            moments.add({turns: one for turns, one in said[name].items() if one.shape == said[name][0].shape})
    if not any(moments.count for moments in found.values()):
        raise ValueError("the data have no images that a layer says something finite about; give a loader of some")
    return found


def _running(network: Network, image: Tensor, names: Sequence[str]) -> list[str]:
    """Those of the layers that run in evaluation and have positions: a head may serve training alone."""
    found: set[str] = set()

    def finished(name: str, output: Any) -> None:
        with suppress(ValueError):
            sites(name, output, 1, tuple(image.shape[2:]))
            found.add(name)

    hooks = [
        network.module.get_submodule(name).register_forward_hook(lambda _m, _args, out, name=name: finished(name, out))
        for name in names
    ]
    with removed_after(hooks), torch.no_grad():
        first_output(network, image.clone())
    if not found:
        raise ValueError(f"no convolution of {type(network.module).__name__} runs; name a layer")
    return [name for name in names if name in found]


def _with_costs(network: Network, data: Any, found: list[Redundancy]) -> list[Redundancy]:
    """The same with what the network's accuracy loses when a group is reduced to its first filter."""
    jobs = [(row, group) for row, one in enumerate(found) for group in one.groups]
    right: dict[int, int] = dict.fromkeys(range(-1, len(jobs)), 0)
    n = 0
    for images, labels in labelled(data):
        if labels is None:
            return found
        images = images.detach().to(network.device, network.dtype)
        for job in right:
            row, group = jobs[job] if job >= 0 else (0, None)
            with torch.no_grad(), _switched_off(network, found[row].layer, group, images):
                logits = resolve(None, first_output(network, images.clone())).outputs
            true = as_labels(labels, len(images), logits.shape[1]).to(logits.device)
            right[job] += int((logits.argmax(1) == true).sum())
        n += len(images)
    accuracy = right[-1] / n
    costs = {(row, group.channels): accuracy - right[job] / n for job, (row, group) in enumerate(jobs)}
    ranked = []
    for row, one in enumerate(found):
        groups = [dataclasses.replace(group, cost=costs[row, group.channels]) for group in one.groups]
        groups.sort(key=lambda group: (group.cost, -len(group.channels)))
        ranked.append(dataclasses.replace(one, groups=groups, accuracy=accuracy))
    return ranked


def _switched_off(network: Network, layer: str, group: FilterGroup | None, images: Tensor) -> Any:
    if group is None:
        return removed_after(())
    others, size = list(group.channels[1:]), tuple(images.shape[2:])

    def switch_off(_module: nn.Module, _args: Any, output: Any) -> Any:
        tensor = first_tensor(output)
        assert tensor is not None, "the layer was looked at before"
        copy = tensor.clone()
        single = copy.ndim == 2 or (copy.ndim == len(size) + 2 and copy[0, 0].numel() == 1)
        grid = copy if single else as_grid(layer, copy, len(images), size)(copy)  # a view of the copy
        grid[:, others] = 0
        return replaced(output, tensor, copy)

    return removed_after([network.module.get_submodule(layer).register_forward_hook(switch_off)])
