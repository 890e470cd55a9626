"""Finding the layer to look at, and the grid of sites in what it gives."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, ClassVar, TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

Layer: TypeAlias = str | nn.Module
Layers: TypeAlias = Layer | Sequence[Layer] | None
"""A dotted name, a module, several of them, or None: found by the rule of `LastSpatialLayer`."""

INPUT = ".input"
"""Behind a layer's name: what it is given, where features are read."""

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


def layer_names(model: nn.Module, layers: Layers, *, inputs: bool = False) -> list[str] | None:
    """Dotted names of `layers` in a bare model, or None for the default. Raises ValueError for one that is not in it.

    `inputs`: a name may also be `<layer>.input`, what that layer is given.
    """
    if layers is None:
        return None
    if isinstance(layers, (str, nn.Module)):
        layers = [layers]
    if not layers:
        raise ValueError("no layer given; give at least one, or None for the default")
    return [_name(model, layer, inputs) for layer in layers]


def _name(model: nn.Module, layer: Layer, inputs: bool) -> str:
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
    if inputs and wanted not in names and wanted.removesuffix(INPUT) in names:
        return wanted
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


def widened(values: Tensor, ndim: int) -> Tensor:
    """Values with axes of one element appended, so that they broadcast over what has `ndim` axes."""
    return values.reshape(*values.shape, *(1,) * (ndim - values.ndim))


def resized(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    """Maps [N, C, *sites], interpolated linearly along each axis to [N, C, *size]."""
    if tuple(maps.shape[2:]) == tuple(size):
        return maps
    mode = {1: "linear", 2: "bilinear", 3: "trilinear"}[len(size)]
    return nn.functional.interpolate(maps, size, mode=mode, align_corners=False)


# Class, distillation and register tokens stand before those of the patches.
_MOST_SPECIAL_TOKENS = 16


def as_grid(
    name: str, output: Tensor, n: int, size: tuple[int, ...], reshape: Callable[[Tensor], Tensor] | None = None
) -> Callable[[Tensor], Tensor]:
    """What turns a layer's output for n images of `size` into [N, C, *sites]. Raises ValueError when nothing fits."""
    if reshape is None:
        found = grid_of(output.shape, n, size)
        if found is None:
            raise ValueError(
                f"layer {name!r} gives {list(output.shape)}, expected [N, C, h, w] with more than one site, or tokens "
                "that fit a grid; name an earlier layer, or give reshape_transform"
            )
        return found
    reshaped = reshape(output)
    if not isinstance(reshaped, Tensor) or reshaped.ndim not in (4, 5) or len(reshaped) != n:
        got = list(reshaped.shape) if isinstance(reshaped, Tensor) else type(reshaped).__name__
        raise ValueError(f"reshape_transform made {got} of {list(output.shape)}, expected [{n}, C, h, w]")
    return reshape


def grid_of(shape: Sequence[int], n: int, size: tuple[int, ...]) -> Callable[[Tensor], Tensor] | None:
    """What turns outputs of a shape into [N, C, *sites], or None where there are no sites.

    Convolutional outputs stay as they are. [N, h, w, C], as Swin has it, and tokens [N, L, C] or [L, N, C] are told by their fit:
    each site stands for a square patch of whole pixels. Of the tokens the last h * w count.
    """
    axes = len(size)
    if len(shape) == axes + 2 and shape[0] == n:
        first, last = shape[2:], shape[1:-1]
        if axes == 2 and _fits(last, size) and not _fits(first, size):
            return lambda values: values.movedim(-1, 1)
        return (lambda values: values) if torch.Size(first).numel() > 1 else None
    if len(shape) != 3 or axes != 2:
        return None
    sequence_first = shape[0] != n and shape[1] == n
    if shape[0] != n and not sequence_first:
        return None
    length = shape[0] if sequence_first else shape[1]
    for special in range(min(_MOST_SPECIAL_TOKENS, length - 2) + 1):
        h = round((size[0] * (length - special) / size[1]) ** 0.5)
        if h and (length - special) % h == 0 and _fits((h, (length - special) // h), size):
            grid = (n, -1, h, (length - special) // h)
            return partial(_tokens_as, grid, special, sequence_first)
    return None


def _tokens_as(grid: tuple[int, ...], special: int, sequence_first: bool, values: Tensor) -> Tensor:
    tokens = (values.transpose(0, 1) if sequence_first else values)[:, special:]
    return tokens.transpose(1, 2).view(grid)  # a view, so that writing into it writes into the layer's output


def _fits(sites: Sequence[int], size: tuple[int, ...]) -> bool:
    """Whether patches of one whole size tile the image."""
    return (
        torch.Size(sites).numel() > 1
        and all(pixels % extent == 0 for extent, pixels in zip(sites, size, strict=True))
        and len({pixels // extent for extent, pixels in zip(sites, size, strict=True)}) == 1
    )


def last_linear_input(model: nn.Module, run: Callable[[], Any]) -> str | None:
    """`<layer>.input` of the last Linear that a pass over one image, `run`, gives one vector; None: it gives none."""
    found: list[str] = []

    def watch(name: str, args: Any) -> None:
        given = first_tensor(args)
        if given is not None and given.ndim == 2 and len(given) == 1:
            found.append(name)

    hooks = [
        module.register_forward_pre_hook(lambda _module, args, name=name: watch(name, args))
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name
    ]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return found[-1] + INPUT if found else None


class LastSpatialLayer:
    """The rule for the default layer: the module, in a forward pass, that finishes last with a spatial output.

    Poolings, dropouts and identities do not count, nor does the model itself. Containers finish after their parts, so that
    a ResNet's is `layer4` and a VGG's `features`. Only layers count on which the scores depend, not those of another head; of layers
    of tokens those on whose patches they do: what the last block of a vision transformer does to them is often not looked at.
    """

    _known: ClassVar[WeakKeyDictionary[nn.Module, dict[Hashable, str]]] = WeakKeyDictionary()

    def __init__(self, model: nn.Module, size: tuple[int, ...], key: Hashable) -> None:
        self.model = model
        self._key = key
        self._size = size
        self._found: list[tuple[str, Tensor]] = []

    @classmethod
    def known(cls, model: nn.Module, key: Hashable) -> str | None:
        """What an earlier pass over this model found with the same key, what else it depends on, if its layer is still there."""
        name = cls._known.get(model, {}).get(key)
        return name if name is not None and any(name == other for other, _ in model.named_modules()) else None

    def hooks(self) -> list[Any]:
        """Register forward hooks that watch a pass over one image, which requires a gradient; the caller removes them."""
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
        if tensor is None or grid_of(tensor.shape, 1, self._size) is None:
            return
        self._found.append((name, tensor))

    def result(self, score: Callable[[], Tensor]) -> str:
        """The layer found, given what computes the sum of the pass's scores. Raises ValueError when the pass had none."""
        if not self._found:
            raise ValueError(
                f"no layer of {type(self.model).__name__} has a spatial output [N, C, h, w]; name one with layer=..., or use a method without layers"
            )
        name = self._last_that_matters(score())
        self._known.setdefault(self.model, {})[self._key] = name
        return name

    def _last_that_matters(self, score: Tensor) -> str:
        for name, tensor in reversed(self._found) if score.requires_grad else ():
            if not tensor.requires_grad:
                continue
            (gradient,) = torch.autograd.grad(score, [tensor], retain_graph=True, allow_unused=True)
            grid = grid_of(tensor.shape, 1, self._size)
            # Of a layer with axes of sites it is enough to be on the way: its gradient may be zero while weights are.
            if gradient is not None and grid is not None and (tensor.ndim > 3 or grid(gradient).any()):
                return name
        return self._found[-1][0]
