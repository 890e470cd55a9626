"""The codes that images pass through in a classifier, and the modules that run between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.layers import grid_of
from tb_explain.methods.network import Network
from tb_explain.methods.taps import first_output, removed_after
from tb_explain.methods.targets import Targets, resolve, with_classes


@dataclass(frozen=True)
class Step:
    """A module that ran on the way from one code to the next; None: a flattening that the model did by itself."""

    module: nn.Module | None
    before: tuple[int, ...]
    """Shape of one sample, without the batch."""
    after: tuple[int, ...]


@dataclass(frozen=True)
class Stage:
    """What happens between two codes."""

    name: str
    """Of the layer at its end; empty for the classes."""
    before: tuple[int, ...]
    """Shape of one sample's code at its beginning, (channels, *sites) or (features,)."""
    after: tuple[int, ...]
    rectified: bool
    """Whether the code at its beginning is never negative."""
    steps: tuple[Step, ...] | None
    """The modules one after the other, where they are all that happens."""


@dataclass(frozen=True)
class _Call:
    """A module that has finished."""

    name: str
    module: nn.Module
    shape: tuple[int, ...] | None
    """Of its output, batch included; None: no tensor."""

    @property
    def leaf(self) -> bool:
        return next(self.module.children(), None) is None

    @property
    def computes(self) -> bool:
        """Whether it is more than another form of what it was given."""
        passing = (nn.Flatten, nn.Unflatten, nn.Identity, nn.modules.dropout._DropoutNd)
        return not isinstance(self.module, passing)


def read(
    network: Network, images: Tensor, layers: Sequence[str], targets: Targets = None
) -> tuple[list[Tensor], Tensor]:
    """Codes of layers, each [N, C, *sites] or [N, features], and the probabilities [N, K]: float32, outside of any graph."""
    kept: dict[str, Tensor] = {}

    def keep(name: str, output: Any) -> None:
        if not isinstance(output, Tensor):
            raise ValueError(
                f"layer {name!r} gives {type(output).__name__}, which cannot be mirrored; name one that gives one tensor"
            )
        kept[name] = output.detach().clone()  # the next operation may be in-place

    modules = dict(network.module.named_modules())
    hooks = [
        modules[name].register_forward_hook(lambda _module, _args, output, name=name: keep(name, output))
        for name in layers
    ]
    with removed_after(hooks), torch.no_grad():
        # The model gets a copy, which it may change in place.
        probabilities = _probabilities(first_output(network, images.clone()), targets)
    for name in layers:
        if name not in kept:
            raise ValueError(f"layer {name!r} was not used in the model's forward pass; name another one")
        if len(kept[name]) != len(images) or kept[name].ndim not in (2, images.ndim):
            raise ValueError(
                f"layer {name!r} gives {list(kept[name].shape)} for {len(images)} images, which cannot be mirrored; "
                "name layers that give [N, channels, *sites] or [N, features]"
            )
    return [kept[name].float() for name in layers], probabilities


def _probabilities(output: Any, targets: Targets) -> Tensor:
    scores = resolve(targets, output).outputs
    every = torch.arange(scores.shape[1], device=scores.device).expand(len(scores), -1)
    return resolve(with_classes(targets, every), output).probabilities


def path(network: Network, images: Tensor, layers: Sequence[str] | None, targets: Targets = None) -> list[Stage]:
    """What happens between the images and the classes, cut at the layers, or at those that `_default` finds.

    Modules that ran between two cuts are run again, one after the other; where that does not give the second code, something else
    happens there (a branch, a function), and the stage has no steps.
    """
    calls, scores = _recorded(network, images, targets)
    if scores.ndim != 2:
        raise ValueError(
            "the model gives scores of sites, a segmentation; a feedback network starts from one row of classes a sample"
        )
    if layers is None:
        layers = _default(network, images, calls, scores)
    codes, probabilities = read(network, images, layers, targets)
    ends = [max(i for i, call in enumerate(calls) if call.name == name) for name in layers]
    for i in range(1, len(layers)):
        if ends[i] <= ends[i - 1]:
            raise ValueError(
                f"layer {layers[i - 1]!r} finishes after {layers[i]!r}; name each layer once, from first to last"
            )
    ends = [-1, *ends, len(calls)]
    codes = [images, *codes, scores]
    stages = []
    for i, name in enumerate([*layers, ""]):
        between = [call.module for call in calls[ends[i] + 1 : ends[i + 1] + 1] if call.leaf]
        steps = _steps(between, codes[i].to(network.dtype), codes[i + 1])
        after = codes[i + 1] if name else probabilities
        if steps is None:
            _check_sites(name, after, images)
        stages.append(
            Stage(
                name=name,
                before=tuple(codes[i].shape[1:]),
                after=tuple(after.shape[1:]),
                rectified=i > 0 and _never_negative(calls[ends[i]].module, codes[i]),
                steps=steps,
            )
        )
    return stages


def default_layers(network: Network, images: Tensor, targets: Targets = None) -> list[str]:
    """The layers that stand for a network, first to last. Raises ValueError where there are none."""
    return _default(network, images, *_recorded(network, images, targets))


def _default(network: Network, images: Tensor, calls: Sequence[_Call], scores: Tensor) -> list[str]:
    whole = _steps([call.module for call in calls if call.leaf], images.to(network.dtype), scores)
    layers = _default_of_chain(calls) if whole else _default_of_graph(network.module, calls, images)
    if not layers:
        raise ValueError(
            f"no layer of {type(network.module).__name__} was found whose code can be mirrored; name some with layers=..."
        )
    return layers


def _recorded(network: Network, images: Tensor, targets: Targets) -> tuple[list[_Call], Tensor]:
    """The calls of one pass in the order in which they finished, and the scores, [N, K] or [N, K, *sites]."""
    calls: list[_Call] = []

    def finished(name: str, module: nn.Module, output: Any) -> None:
        calls.append(_Call(name, module, tuple(output.shape) if isinstance(output, Tensor) else None))

    hooks = [
        module.register_forward_hook(lambda module, _args, output, name=name: finished(name, module, output))
        for name, module in network.module.named_modules()
    ]
    with removed_after(hooks), torch.no_grad():
        output = first_output(network, images.clone())
    resolved = resolve(targets, output)
    scores = resolved.outputs if resolved.every is None else resolved.every.float()
    single = scores.shape[1] == 2 and torch.equal(scores[:, 0], -scores[:, 1])  # a single logit, made two classes
    return calls[:-1] if calls[-1].name == "" else calls, scores[:, 1:] if single else scores


def _steps(modules: Sequence[nn.Module], start: Tensor, end: Tensor) -> tuple[Step, ...] | None:
    """The modules, one after the other, with their shapes, when they lead from one code to another."""
    steps = []
    values = start.clone()
    with torch.no_grad():
        for module in modules:
            if isinstance(module, nn.Linear) and values.ndim > 2:
                steps.append(Step(None, tuple(values.shape[1:]), (values[0].numel(),)))
                values = values.flatten(1)
            before = tuple(values.shape[1:])
            try:
                values = module(values)
            except Exception:  # whatever a module says that does not follow upon the one before
                return None
            if not isinstance(values, Tensor) or len(values) != len(start):
                return None
            steps.append(Step(module, before, tuple(values.shape[1:])))
    if values.shape != end.shape and values.numel() == end.numel() and end.ndim == 2:
        steps.append(Step(None, tuple(values.shape[1:]), tuple(end.shape[1:])))
        values = values.flatten(1)
    tolerance = 1e-3 * float(end.abs().max())
    if values.shape != end.shape or not torch.allclose(values.float(), end.float(), rtol=1e-3, atol=tolerance):
        return None
    return tuple(steps)


def _never_negative(module: nn.Module, code: Tensor) -> bool:
    signed = (nn.modules.conv._ConvNd, nn.Linear, nn.modules.batchnorm._NormBase)
    return not isinstance(module, signed) and bool((code >= 0).all())


def _check_sites(name: str, code: Tensor, images: Tensor) -> None:
    """Raises ValueError where the axes are not what mirroring by shape takes them for."""
    if code.ndim > 2 and not _is_grid(tuple(code.shape), images):
        raise ValueError(
            f"layer {name!r} gives {list(code.shape)}, channels last, which cannot be mirrored; "
            "name layers that give [N, channels, *sites] or [N, features]"
        )


def _is_grid(shape: tuple[int, ...], images: Tensor) -> bool:
    """Whether a shape is [N, C, *sites]."""
    if len(shape) != images.ndim or shape[0] != len(images):
        return False
    probe = torch.empty(shape, device="meta")
    grid = grid_of(shape, len(images), tuple(images.shape[2:]))
    return grid is None or grid(probe).shape == probe.shape


def _default_of_chain(calls: Sequence[_Call]) -> list[str]:
    """The last call of each unit, a convolution or linear layer with what follows it up to the next; not of the last unit."""
    counts = Counter(call.name for call in calls)
    found: list[str] = []
    last: str | None = None
    for call in calls:
        if not call.leaf:
            continue
        if isinstance(call.module, (nn.modules.conv._ConvNd, nn.Linear)):
            found += [last] if last is not None else []
            last = call.name
        elif last is not None and call.computes and counts[call.name] == 1:
            last = call.name
    return [name for name in found if counts[name] == 1]


def _default_of_graph(model: nn.Module, calls: Sequence[_Call], images: Tensor) -> list[str]:
    """The last code of each size, of the parts that the model runs one after the other; and the last vector before the scores."""
    names = _backbone(model, calls, images)
    counts = Counter(call.name for call in calls)
    head = max(
        (i for i, call in enumerate(calls) if call.leaf and any(True for _ in call.module.parameters())), default=0
    )
    by_size: dict[tuple[int, ...], str] = {}
    vector: list[str] = []
    for call in calls[:head]:
        if call.name not in names or counts[call.name] != 1 or call.shape is None or not call.computes:
            continue
        if _is_grid(call.shape, images):
            by_size[call.shape[2:]] = call.name
        elif len(call.shape) == 2 and call.shape[0] == len(images):
            vector = [call.name]
    order = {call.name: i for i, call in enumerate(calls)}
    return sorted([*by_size.values(), *vector], key=order.__getitem__)


def _backbone(model: nn.Module, calls: Sequence[_Call], images: Tensor) -> set[str]:
    """The model's children and those of its sequences; also those of a child that hides what it makes of the images."""
    shapes = {call.name: call.shape for call in calls}
    found: set[str] = set()

    def enter(module: nn.Module, prefix: str) -> None:
        for child_name, child in module.named_children():
            name = f"{prefix}{child_name}"
            found.add(name)
            shape = shapes.get(name)
            if isinstance(child, nn.Sequential) or shape is None or not _is_grid(shape, images):
                enter(child, f"{name}.")

    enter(model, "")
    return found
