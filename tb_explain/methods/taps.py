"""Reading layers while a model runs: activations, kept from what follows, and the start of the graph behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.layers import INPUT, as_grid, first_tensor
from tb_explain.methods.network import Network


@contextmanager
def removed_after(handles: Sequence[Any]) -> Iterator[None]:
    """Removes hooks on the way out."""
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def tapped(
    network: Network, images: Tensor, names: set[str], with_gradients: set[str], reshaped: set[str]
) -> tuple[dict[str, Tensor], Any]:
    """One pass: the activations of the named layers, and the output. Autograd records only what follows the first layer.

    `<layer>.input` names what a layer is given. `reshaped`: layers whose sites only the caller knows; the others must have a grid.
    """
    kept: dict[str, Tensor] = {}
    modules = dict(network.module.named_modules())

    def keep(name: str, output: Any) -> Any:
        tensor = first_tensor(output)
        if tensor is None:
            raise ValueError(f"layer {name!r} gives no tensor but {type(output).__name__}; name another one")
        if name not in reshaped:
            as_grid(name, tensor, len(images), tuple(images.shape[2:]))
        with torch.enable_grad():
            if name in with_gradients and not tensor.requires_grad:
                kept[name] = tensor.detach().requires_grad_()
            else:
                kept[name] = tensor
            # The model goes on with a copy: the next operation may be in-place and would overwrite what was kept.
            return replaced(output, tensor, kept[name].clone())

    hooks = [
        modules[name].register_forward_hook(lambda _module, _args, output, name=name: keep(name, output))
        if name in modules
        else modules[name.removesuffix(INPUT)].register_forward_pre_hook(
            lambda _module, args, name=name: keep(name, args)
        )
        for name in names
    ]
    with removed_after(hooks):
        output = first_output(network, images)
    missing = names - kept.keys()
    if missing:
        raise ValueError(f"layer {min(missing)!r} was not used in the model's forward pass; name another one")
    return kept, output


def replaced(output: Any, old: Tensor, new: Tensor) -> Any:
    """A module's output with one tensor exchanged."""
    if output is old:
        return new
    if isinstance(output, dict):
        return type(output)({key: new if value is old else value for key, value in output.items()})
    items = [new if item is old else item for item in output]
    return type(output)(*items) if hasattr(output, "_fields") else type(output)(items)


_SHAPE_ERRORS = ("shape", "size", "channels", "dimension")


def first_output(network: Network, images: Tensor) -> Any:
    """The output, with one sentence about the images when their shape is what the model fails on."""
    try:
        return network(images)
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        if isinstance(error, torch.OutOfMemoryError) or not any(word in reason.lower() for word in _SHAPE_ERRORS):
            raise
        expected = next((m.in_channels for m in network.module.modules() if isinstance(m, nn.Conv2d)), None)
        if expected is not None and images.ndim == 4 and images.shape[1] != expected:
            wanted = f"images of {expected} channels, as its first convolution does"
        else:
            wanted = "images of the shape that it was trained on"
        raise ValueError(f"the model does not take images {list(images.shape)} ({reason}); give {wanted}") from error
