"""Interpretable layers: each map of a filter is multiplied by a template around its peak, so that a filter can say one place an image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from tb_explain.methods.layers import Layers, bare, first_tensor, layer_names

Centre = Literal["peak", "centroid"]
Model = TypeVar("Model", bound=nn.Module)

SLOPE = 4.0  # β: a template is 0 at a distance of n / 4 and -1 from n / 2 on


def side(sites: Sequence[int]) -> float:
    """n: the side of the square, or cube, with as many positions as a map of `sites`."""
    return float(math.prod(sites) ** (1 / len(sites)))


def distances(at: Tensor, sites: Sequence[int]) -> Tensor:
    """float32 [*, *sites]: the city-block distance of each position of a map from positions `at`, int64 [*], flat indices."""
    total = torch.zeros((), device=at.device)
    rest = at
    for axis in reversed(range(len(sites))):
        index = rest % sites[axis]
        rest = rest // sites[axis]
        places = torch.arange(sites[axis], device=at.device)
        along = (places - index[..., None]).abs().float()
        shape = [1] * len(sites)
        shape[axis] = sites[axis]
        total = total + along.reshape(*at.shape, *shape)
    return total


def templates(at: Tensor, sites: Sequence[int], slope: float = SLOPE) -> Tensor:
    """float32 [*, *sites] in -1..1: T_μ(u) = max(1 − β |u − μ|₁ / n, −1), of Zhang et al. 2018, eq. 1, in units of τ."""
    return (1 - slope / side(sites) * distances(at, sites)).clamp(min=-1)


def centres(maps: Tensor, centre: Centre = "peak") -> Tensor:
    """int64 [N, C]: the flat index of the peak of each map [N, C, *s], the first of several; or of what is next to its centroid."""
    flat = maps.detach().flatten(2)
    if centre == "peak":
        return flat.argmax(2)
    weights = flat.float().clamp(min=0)
    weights = weights / weights.sum(2, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
    index = torch.zeros_like(flat[..., 0], dtype=torch.long)
    grid = weights.unflatten(2, maps.shape[2:])  # type: ignore[no-untyped-call]
    for axis, extent in enumerate(maps.shape[2:]):
        others = [2 + other for other in range(maps.ndim - 2) if other != axis]
        along = grid.sum(others) if others else grid
        where = (along * torch.arange(extent, device=maps.device)).sum(2).round().long()
        index = index * extent + where.clamp(0, extent - 1)
    return index


class Mask:
    """Multiplies what a layer gives, rectified, by the template of each map's own peak: relu(x ∘ T_μ / τ). A forward hook.

    It is copied and pickled with its layer, without the maps that it keeps for a filter loss.
    """

    def __init__(self, centre: Centre = "peak", slope: float = SLOPE) -> None:
        if centre not in ("peak", "centroid"):
            raise ValueError(f"centre must be 'peak' or 'centroid', got {centre!r}")
        if not slope > 0:
            raise ValueError(f"slope must be above 0, got {slope}")
        self.centre: Centre = centre
        self.slope = slope
        self.active = True
        self.listened = False
        """Whether a filter loss wants the maps of training."""
        self.kept: dict[int, Tensor] = {}
        """By device, the rectified maps [N, C, *s] of the last forward pass in training, before the template; with their graph."""
        self.handle: Any = None

    def attach(self, layer: nn.Module) -> None:
        """Mask a layer from now on, before whatever else hooks it."""
        # Kept here, so that unpickling in another process reserves the hook's number.
        self.handle = layer.register_forward_hook(self, prepend=True)

    def __call__(self, module: nn.Module, _args: Any, output: Any) -> Any:
        maps = first_tensor(output)
        if not isinstance(output, Tensor) or maps is None or maps.ndim not in (4, 5):
            got = list(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ValueError(
                f"an interpretable layer must give maps [N, C, h, w] or [N, C, d, h, w], this {type(module).__name__} gave "
                f"{got}; name a convolutional layer"
            )
        if not self.active:
            return output
        maps = maps.relu()
        if self.listened and module.training and torch.is_grad_enabled():
            self.kept[maps.get_device()] = maps
        template = templates(centres(maps, self.centre), maps.shape[2:], self.slope)
        return maps * template.clamp(min=0).to(maps.dtype)  # relu(x T) for x >= 0

    def taken(self) -> Tensor | None:
        """The maps kept, of all devices in their order, and none are kept any more."""
        parts = [self.kept.pop(device) for device in sorted(self.kept)]
        return torch.cat([part.to(parts[0].device) for part in parts]) if parts else None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "kept": {}}


class InterpretableConv2d(nn.Conv2d):
    """A convolution with a rectifier whose maps are masked by templates, in training and in evaluation (Zhang et al. 2018, section 3).

    It takes what `nn.Conv2d` takes, and its state is the same.
    """

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **how)
        Mask().attach(self)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (torch's own name)
        """relu(conv(x)); the mask follows as a hook."""
        return super().forward(input).relu()


def mask_of(layer: nn.Module) -> Mask | None:
    """The mask of a layer, if it has one."""
    return next((hook for hook in layer._forward_hooks.values() if isinstance(hook, Mask)), None)


def masked_layers(model: nn.Module) -> dict[str, Mask]:
    """The masks in a model, by the names of their layers."""
    found = {name: mask_of(module) for name, module in bare(model).named_modules()}
    return {name: mask for name, mask in found.items() if mask is not None}


def make_interpretable(model: Model, layer: Layers, *, centre: Centre = "peak", slope: float = SLOPE) -> Model:
    """Mask what layers of a model give, in place: x becomes relu(x ∘ T_μ / τ), μ the peak of each map (Zhang et al. 2018, eq. 1).

    Name the rectifier behind the last convolution, or the block that ends in it, before any pooling. Weights, names and `state_dict`
    stay as they are; the mask is part of the network in training and in evaluation, is copied and pickled with it, and is
    removed by `make_ordinary`. Returns the model.

    Args:
        layer: a dotted name or a module, or several, each giving maps [N, C, h, w] or [N, C, d, h, w]. A module that the model calls
            several times in a pass is masked each time.
        centre: of a template, the map's peak as in the paper, or its centroid as in the authors' code.
        slope: β, 4 in the paper: a template is 0 at a distance of n / β, n the side of the map.

    Raises:
        ValueError: the layer is not in the model, has a mask already, or (in the forward pass) gives something else than maps.
    """
    names = layer_names(bare(model), layer)
    if names is None:
        raise ValueError("no layer given; name the rectifier behind the last convolution, or the block that ends in it")
    chosen = [bare(model).get_submodule(name) for name in names]
    for name, module in zip(names, chosen, strict=True):
        if mask_of(module) is not None:
            raise ValueError(f"layer {name!r} is interpretable already; name another one, or call make_ordinary first")
    for module in chosen:
        Mask(centre, slope).attach(module)
    return model


def make_ordinary(model: Model, layer: Layers = None) -> Model:
    """Remove the masks of layers, of all if none is named: the weights stay as they are. Returns the model."""
    names = layer_names(bare(model), layer)
    for name in masked_layers(model) if names is None else names:
        module = bare(model).get_submodule(name)
        mask = mask_of(module)
        if mask is None:
            raise ValueError(f"layer {name!r} is not interpretable, so there is nothing to undo")
        for key in [key for key, hook in module._forward_hooks.items() if hook is mask]:
            del module._forward_hooks[key]
    return model


@contextmanager
def unmasked(model: nn.Module) -> Iterator[None]:
    """Inside, masked layers give their maps as they are, as those of another network would be."""
    masks = [mask for mask in masked_layers(model).values() if mask.active]
    try:
        for mask in masks:
            mask.active = False
        yield
    finally:
        for mask in masks:
            mask.active = True
