"""The one place where models are run: undisturbed, in batches, with everything that methods need from a single pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from tb_explain.methods import targets as target_rules
from tb_explain.methods.batch import Batch, gradients_of
from tb_explain.methods.layers import LastSpatialLayer, as_grid, bare, first_tensor, layer_names
from tb_explain.methods.method import ImageMethod, LayerMethod, LayerPass, Method
from tb_explain.methods.network import Network, undisturbed
from tb_explain.methods.results import Attribution, Explained, about, checked, joined
from tb_explain.methods.targets import Resolved, Targets


def attribute(
    model: nn.Module,
    images: Tensor,
    methods: Sequence[Method],
    targets: Targets = None,
    *,
    batch_size: int = 16,
) -> list[Explained]:
    """Explain images by several methods: those of layers share one forward pass, and one backward pass a target.

    The model is left as it was: modes, parameters, `.grad`, buffers, hooks and random state. It runs in evaluation mode, under
    the caller's autocast; `no_grad` and `inference_mode` around the call do not matter, wrappers (DistributedDataParallel,
    torch.compile) are looked through. A layer called several times in a pass counts with its last call.

    Args:
        images: float [N, C, H, W] (or [N, C, D, H, W]) as the model takes them; moved to its device and dtype.
        targets: see `Targets`.
        batch_size: images in one pass.

    Returns:
        For each method, in order, one result for each of its layers. Results stay on the model's device.

    Raises:
        TypeError, ValueError: the model, a layer, the images or the targets do not fit; one sentence says how.
        What the model itself raises passes through.
    """
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            "the model is scripted or traced, which hides its layers; give the nn.Module that it was made from"
        )
    if not isinstance(model, nn.Module):
        raise TypeError(f"the model must be a torch.nn.Module, got {type(model).__name__}")
    if (
        not isinstance(images, Tensor)
        or images.ndim not in (4, 5)
        or not images.is_floating_point()
        or images.numel() == 0
    ):
        got = f"{images.dtype} {list(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images must be a non-empty float tensor [N, C, H, W] as the model takes them, got {got}")
    if not methods:
        raise ValueError("no method given; give at least one, for example GradCAM()")
    model = bare(model)
    named = [layer_names(model, method.layer) if isinstance(method, LayerMethod) else [] for method in methods]
    parts = [slice(start, start + batch_size) for start in range(0, len(images), batch_size)]
    sliced = [target_rules.slice_targets(targets, len(images), part) for part in parts]
    with undisturbed(model) as network:
        images = _moved(images, network)
        one = target_rules.slice_targets(targets, len(images), slice(1))
        default = _default_layer(network, images[:1], one) if None in named else ""
        wanted = [names if names is not None else [default] for names in named]
        # The bar shows only for work long enough to wait for, and only on a terminal.
        bar = tqdm(parts, desc="explaining", unit="batch", leave=False, delay=2, disable=None)
        passes = [
            _explain_batch(network, images[part], methods, wanted, some, part.start)
            for part, some in zip(bar, sliced, strict=True)
        ]
    return [joined(results) for results in zip(*passes, strict=True)]


def _moved(images: Tensor, network: Network) -> Tensor:
    images = images.detach().to(network.device, network.dtype)
    return images.clone() if images.is_inference() else images


def _default_layer(network: Network, image: Tensor, targets: Targets) -> str:
    known = LastSpatialLayer.known(network.module)
    if known is not None:
        return known
    search = LastSpatialLayer(network.module, tuple(image.shape[2:]))
    with _removed_after(search.hooks()):
        output = _first_output(network, image.clone().requires_grad_())
        return search.result(lambda: target_rules.resolve(targets, output).scores.float().sum())


_SHAPE_ERRORS = ("shape", "size", "channels", "dimension")


def _first_output(network: Network, images: Tensor) -> Any:
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


@contextmanager
def _removed_after(handles: Sequence[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _explain_batch(
    network: Network,
    images: Tensor,
    methods: Sequence[Method],
    wanted: list[list[str]],
    targets: Targets,
    first: int,
) -> list[Explained]:
    asked = [
        (method, name)
        for method, names in zip(methods, wanted, strict=True)
        if isinstance(method, LayerMethod)
        for name in names
    ]
    with_gradients = {name for method, name in asked if method.needs_gradients}
    given = {name for method, name in asked if method.reshape_transform is not None}
    activations, output = _forward(network, images, {name for _, name in asked}, with_gradients, given)
    resolved = target_rules.resolve(targets, output)
    if len(resolved.classes) != len(images):
        raise ValueError(
            f"the model returned {len(resolved.classes)} scores for {len(images)} images; expected one row each"
        )
    gradients = _gradients({name: activations[name] for name in activations if name in with_gradients}, resolved)
    batch = Batch(network, images, resolved, output, first)
    return [
        result
        for method, names in zip(methods, wanted, strict=True)
        for result in (
            [_at_layer(method, name, batch, activations[name].detach(), gradients.get(name)) for name in names]
            if isinstance(method, LayerMethod)
            else [_of_image(method, batch)]
        )
    ]


def _of_image(method: Method, batch: Batch) -> Explained:
    if not isinstance(method, ImageMethod):
        raise TypeError(f"{method!r} is no method; give values such as GradCAM() or LIME()")
    return method.explain(batch)


def _at_layer(method: LayerMethod, name: str, batch: Batch, A: Tensor, G: Tensor | None) -> Attribution:
    # The formulas are computed in float32, whatever precision the model ran in.
    with torch.no_grad(), torch.autocast(A.device.type, enabled=False):
        layer = LayerPass(name, batch, A, G if method.needs_gradients else None, method.reshape_transform)
        maps, flags = checked(method.explain_layer(layer), layer.gradient_norms)
    return Attribution(maps=batch.targets.shaped(maps), **about(batch, method, flags, name))


def _forward(
    network: Network, images: Tensor, names: set[str], with_gradients: set[str], reshaped: set[str]
) -> tuple[dict[str, Tensor], Any]:
    """One pass: the activations of the named layers, and the output. Autograd records only what follows the first layer."""
    kept: dict[str, Tensor] = {}
    modules = dict(network.module.named_modules())

    def keep(name: str, output: Any) -> Any:
        tensor = first_tensor(output)
        if tensor is None:
            raise ValueError(f"layer {name!r} gives no tensor but {type(output).__name__}; name another one")
        if name not in reshaped:
            as_grid(name, tensor, len(images), images.shape[2:])
        with torch.enable_grad():
            if name in with_gradients and not tensor.requires_grad:
                kept[name] = tensor.detach().requires_grad_()
            else:
                kept[name] = tensor
            # The model goes on with a copy: the next operation may be in-place and would overwrite what was kept.
            return _replaced(output, tensor, kept[name].clone())

    hooks = [
        modules[name].register_forward_hook(lambda _module, _args, output, name=name: keep(name, output))
        for name in names
    ]
    with _removed_after(hooks):
        output = _first_output(network, images)
    missing = names - kept.keys()
    if missing:
        raise ValueError(f"layer {min(missing)!r} was not used in the model's forward pass; name another one")
    return kept, output


def _replaced(output: Any, old: Tensor, new: Tensor) -> Any:
    """A module's output with one tensor exchanged."""
    if output is old:
        return new
    if isinstance(output, dict):
        return type(output)({key: new if value is old else value for key, value in output.items()})
    items = [new if item is old else item for item in output]
    return type(output)(*items) if hasattr(output, "_fields") else type(output)(items)


def _gradients(activations: dict[str, Tensor], resolved: Resolved) -> dict[str, Tensor]:
    """Gradients of each target's score at each layer, [T, N, C, h, w]: one backward pass a target."""
    if not activations:
        return {}
    if not resolved.scores.requires_grad:
        raise ValueError(
            f"the model's output does not depend on layer {min(activations)!r} through differentiable operations; name another one"
        )
    found = gradients_of(resolved.scores, list(activations.values()))
    return dict(zip(activations, found, strict=True))
