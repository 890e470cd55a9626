"""Sanity checks that ask the method again: about another class, and about a network that has unlearned."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from tb_explain.methods.engine import attribute
from tb_explain.methods.layers import bare
from tb_explain.methods.method import LayerMethod, Method
from tb_explain.methods.network import undisturbed
from tb_explain.methods.quality.figures import Better, Figure
from tb_explain.methods.quality.similarity import spearman
from tb_explain.methods.results import Explained
from tb_explain.methods.targets import Targets, with_classes


@dataclass(frozen=True)
class MethodFigure(Figure):
    """A figure of the method that made a map, which explains again; it costs as much as the explanation, once or several times."""

    def of(
        self,
        model: nn.Module,
        images: Tensor,
        results: Sequence[Explained],
        targets: Targets,
        seed: int,
        batch_size: int,
    ) -> Tensor:
        """[N, results, 1, T]."""
        raise NotImplementedError


@dataclass(frozen=True)
class RandomLogit(MethodFigure):
    """Spearman correlation of the map with the same method's map for another class, chosen at random (Sixt et al. 2020); -1..1, lower:
    the map says something about its class. NaN for callable targets.
    """

    name: ClassVar[str] = "random_logit"
    better: ClassVar[Better] = "lower"

    def of(
        self,
        model: nn.Module,
        images: Tensor,
        results: Sequence[Explained],
        targets: Targets,
        seed: int,
        batch_size: int,
    ) -> Tensor:
        classes, n_classes = results[0].targets.cpu(), results[0].outputs.shape[1]
        if n_classes < 2 or (classes < 0).any():
            return _as_asked(results, [torch.full(classes.shape, torch.nan)] * len(results))
        steps = torch.randint(1, n_classes, classes.shape, device="cpu", generator=torch.Generator().manual_seed(seed))
        others = with_classes(targets, (classes + steps) % n_classes)
        again = attribute(model, images, _methods(results), others, batch_size=batch_size)
        pairs = zip(results, again, strict=True)
        return _as_asked(results, [_similarity(one.maps, other.maps, one) for one, other in pairs])


@dataclass(frozen=True)
class Randomisation(MethodFigure):
    """Spearman correlation of |map| with that of a network whose layers have been randomised from the top down to some layer, mean over
    such layers (Adebayo et al. 2018); -1..1, lower: the map depends on what was learned.

    Parameters get normal values of their own mean and standard deviation. Maps that become constant count at no layer.
    """

    stages: int = 8  # explanations; the layers are divided evenly among them

    name: ClassVar[str] = "randomisation"
    better: ClassVar[Better] = "lower"

    def __post_init__(self) -> None:
        if self.stages < 1:
            raise ValueError(f"stages must be 1 or more, got {self.stages}")

    def of(
        self,
        model: nn.Module,
        images: Tensor,
        results: Sequence[Explained],
        targets: Targets,
        seed: int,
        batch_size: int,
    ) -> Tensor:
        model = bare(model)
        layers = _parameters_from_the_top(model, images[:1])
        stages = min(self.stages, len(layers))
        generator = torch.Generator().manual_seed(seed)
        unlearned: dict[str, Tensor] = {}
        similarities: list[list[Tensor]] = [[] for _ in results]
        parameters = dict(model.named_parameters())
        for stage in range(stages):
            chosen = layers[len(layers) * stage // stages : len(layers) * (stage + 1) // stages]
            unlearned |= {name: _fresh(parameters[name], generator) for layer in chosen for name in layer}
            network = _with_parameters(model, unlearned)
            again = attribute(network, images, _methods(results), targets, batch_size=batch_size)
            for found, one, other in zip(similarities, results, again, strict=True):
                found.append(_similarity(one.maps.abs(), other.maps.abs(), one))
        nothing = torch.full(results[0].targets.shape, torch.nan)
        return _as_asked(results, [torch.stack(found).nanmean(0) if found else nothing for found in similarities])


def _methods(results: Sequence[Explained]) -> list[Method]:
    """The methods, each at the one layer of its result."""
    return [
        dataclasses.replace(result.method, layer=result.layer)
        if isinstance(result.method, LayerMethod)
        else result.method
        for result in results
    ]


def _similarity(maps: Tensor, others: Tensor, result: Explained) -> Tensor:
    return spearman(maps.flatten(result.targets.ndim), others.to(maps.device).flatten(result.targets.ndim))


def _as_asked(results: Sequence[Explained], values: Iterable[Tensor]) -> Tensor:
    """Values [N, *] of each result as [N, results, 1, T]."""
    device = results[0].maps.device
    return torch.stack([one.to(device).reshape(len(one), 1, -1) for one in values], 1)


def _parameters_from_the_top(model: nn.Module, image: Tensor) -> list[list[str]]:
    """The names of each layer's own parameters, the layer that runs last first."""
    order: dict[str, list[str]] = {}

    def remember(name: str) -> None:
        order.setdefault(name, [])

    with undisturbed(model) as network:
        hooks = [
            module.register_forward_pre_hook(lambda _module, _args, name=name: remember(name))
            for name, module in model.named_modules()
        ]
        try:
            network.forward_only(image)
        finally:
            for hook in hooks:
                hook.remove()
    # A part that is never called as a module, such as the projection in an attention, belongs to what contains it.
    for name, _ in model.named_parameters():
        owner = name.rpartition(".")[0]
        while owner not in order:
            owner = owner.rpartition(".")[0]
        order[owner].append(name)
    return [names for names in reversed(order.values()) if names]


def _fresh(parameter: Tensor, generator: torch.Generator) -> Tensor:
    values = parameter.detach().float()
    spread, mean = torch.std_mean(values, correction=0)
    noise = torch.randn(parameter.shape, device="cpu", generator=generator).to(values.device)
    return (mean + spread * noise).to(parameter.dtype)


def _with_parameters(model: nn.Module, replaced: dict[str, Tensor]) -> nn.Module:
    """Another model with some parameters replaced, which shares all other tensors with this one."""
    memo: dict[int, object] = {id(buffer): buffer for buffer in model.buffers()}
    for name, parameter in model.named_parameters():
        new = replaced.get(name)
        memo[id(parameter)] = parameter if new is None else nn.Parameter(new, requires_grad=False)
    return copy.deepcopy(model, memo)
