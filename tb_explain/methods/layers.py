"""Finding the layer to look at."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias
from weakref import WeakKeyDictionary

from torch import Tensor, nn

Layer: TypeAlias = str | nn.Module
Layers: TypeAlias = Layer | Sequence[Layer] | None
"""A dotted name, a module, several of them, or None: found by the rule of `default_layer`."""

_WRAPPERS = ("module.", "_orig_mod.")


def bare(model: nn.Module) -> nn.Module:
    """The module inside DataParallel, DistributedDataParallel and torch.compile wrappers."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            inner = model.module
        if not isinstance(inner, nn.Module):
            return model
        model = inner


def layer_names(model: nn.Module, layers: Layers) -> list[str] | None:
    """Dotted names of `layers` in a bare model, or None for the default. Raises ValueError for one that is not in it."""
    if layers is None:
        return None
    if isinstance(layers, (str, nn.Module)):
        layers = [layers]
    if not layers:
        raise ValueError("no layer given; give at least one, or None for the default")
    return [_name(model, layer) for layer in layers]


def _name(model: nn.Module, layer: Layer) -> str:
    if isinstance(layer, nn.Module):
        inner = bare(layer)
        name: str
        for name, module in model.named_modules():
            if module is layer or module is inner:
                return name
        raise ValueError(
            f"the given {type(layer).__name__} is not part of the model; give one of its own modules, or a dotted name"
        )
    names = [name for name, _ in model.named_modules() if name]
    wanted = layer
    while wanted not in names and wanted.startswith(_WRAPPERS):
        wanted = wanted.partition(".")[2]
    if wanted not in names:
        close = difflib.get_close_matches(wanted, names, n=3) or names[-3:]
        hint = f"did you mean {', '.join(map(repr, close))}?" if close else "it has no named layers"
        raise ValueError(f"the model has no layer {layer!r}; {hint}")
    return wanted


def first_tensor(output: Any) -> Tensor | None:
    """The tensor that stands for a module's output: itself, or the first floating-point one of a tuple, list or dict."""
    if isinstance(output, Tensor):
        return output if output.is_floating_point() else None
    items = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
    return next((item for item in items if isinstance(item, Tensor) and item.is_floating_point()), None)


def is_spatial(output: Tensor) -> bool:
    """Whether a tensor [N, C, h, w] (or [N, C, d, h, w]) has more than one site."""
    return output.ndim in (4, 5) and output.shape[2:].numel() > 1


class LastSpatialLayer:
    """The rule for the default layer: the module, in a forward pass, that finishes last with a spatial output.

    Poolings, dropouts and identities do not count, nor does the model itself. Containers finish after their parts, so that
    a ResNet's is `layer4` and a VGG's `features`.
    """

    _known: ClassVar[WeakKeyDictionary[nn.Module, str]] = WeakKeyDictionary()

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.found: str | None = None

    @classmethod
    def known(cls, model: nn.Module) -> str | None:
        """What an earlier pass over this model found, if its layer is still there."""
        name = cls._known.get(model)
        return name if name is not None and any(name == other for other, _ in model.named_modules()) else None

    def hooks(self) -> list[Any]:
        """Register forward hooks that watch one pass; the caller removes them."""
        return [
            module.register_forward_hook(lambda _module, _args, output, name=name: self._finished(name, output))
            for name, module in self.model.named_modules()
            if name and not self._passes_through(module)
        ]

    @staticmethod
    def _passes_through(module: nn.Module) -> bool:
        return "Pool" in type(module).__name__ or isinstance(
            module, (nn.Identity, nn.Dropout, nn.Dropout2d, nn.Dropout3d)
        )

    def _finished(self, name: str, output: Any) -> None:
        tensor = first_tensor(output)
        if tensor is not None and is_spatial(tensor):
            self.found = name

    def result(self) -> str:
        """The layer found. Raises ValueError when the pass had none."""
        if self.found is None:
            raise ValueError(
                f"no layer of {type(self.model).__name__} has a spatial output [N, C, h, w]; name one with layer=..., or use a method without layers"
            )
        self._known[self.model] = self.found
        return self.found
