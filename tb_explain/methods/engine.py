"""The one place where models are run: undisturbed, in batches, with everything that methods need from a single pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from tqdm import tqdm

from tb_explain.methods import targets as target_rules
from tb_explain.methods.cam import AtLayer, LayerMethod
from tb_explain.methods.layers import LastSpatialLayer, bare, first_tensor, is_spatial, layer_names
from tb_explain.methods.results import Attribution, checked
from tb_explain.methods.targets import Resolved, Targets


def attribute(
    model: nn.Module,
    images: Tensor,
    methods: Sequence[LayerMethod],
    targets: Targets = None,
    *,
    batch_size: int = 16,
) -> list[Attribution]:
    """Explain images by several methods from one forward pass, and one backward pass a target from the scores to the layers.

    The model is left as it was: modes, parameters, `.grad`, buffers, hooks and random state. It runs in evaluation mode, under
    the caller's autocast; `no_grad` and `inference_mode` around the call do not matter, wrappers (DistributedDataParallel,
    torch.compile) are looked through. A layer called several times in a pass counts with its last call.

    Args:
        images: float [N, C, H, W] (or [N, C, D, H, W]) as the model takes them; moved to its device and dtype.
        targets: see `Targets`.
        batch_size: images in one pass.

    Returns:
        For each method, in order, one `Attribution` for each of its layers. Results stay on the model's device.

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
    named = [layer_names(model, method.layer) for method in methods]
    parts = [slice(start, start + batch_size) for start in range(0, len(images), batch_size)]
    sliced = [target_rules.slice_targets(targets, len(images), part) for part in parts]
    with undisturbed(model) as run:
        default = _default_layer(model, run, images[:1]) if None in named else ""
        wanted = [names if names is not None else [default] for names in named]
        # The bar shows only for work long enough to wait for, and only on a terminal.
        bar = tqdm(parts, desc="explaining", unit="batch", leave=False, delay=2, disable=None)
        passes = [
            _explain_batch(model, run, images[part], methods, wanted, some)
            for part, some in zip(bar, sliced, strict=True)
        ]
    return [_concatenated(results) for results in zip(*passes, strict=True)]


Run = Callable[[Tensor], Any]


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[Run]:
    """Yields a function that runs a bare model on a batch and leaves no trace in it.

    Evaluation mode for each sub-module and back, parameters outside the graph and buffers as copies, the random state of the
    CPU and of the model's devices put back. Gradients are recorded, but only behind tensors that a caller makes require one.
    """
    modes = [(module, module.training) for module in model.modules()]
    tensors = [*model.parameters(), *model.buffers()]
    devices = {tensor.device.index for tensor in tensors if tensor.device.type == "cuda"}
    device = tensors[0].device if tensors else torch.device("cpu")
    dtype = next((parameter.dtype for parameter in model.parameters() if parameter.is_floating_point()), torch.float32)
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.random.fork_rng(devices=sorted(devices)))
        stack.enter_context(torch.compiler.set_stance("force_eager"))
        stack.callback(_set_modes, modes)
        _set_modes([(module, False) for module, _ in modes])
        state = {name: _outside_graph(parameter) for name, parameter in model.named_parameters()}
        state |= {name: buffer.clone() for name, buffer in model.named_buffers()}

        def run(images: Tensor) -> Any:
            images = images.detach().to(device, dtype)
            return functional_call(model, state, (images.clone() if images.is_inference() else images,))

        yield run


def _set_modes(modes: Sequence[tuple[nn.Module, bool]]) -> None:
    for module, training in modes:  # not by train(), which models override and which would reach their parts
        module.training = training


def _outside_graph(parameter: Tensor) -> Tensor:
    return parameter.clone() if parameter.is_inference() else parameter.detach()


def _default_layer(model: nn.Module, run: Run, image: Tensor) -> str:
    known = LastSpatialLayer.known(model)
    if known is not None:
        return known
    search = LastSpatialLayer(model)
    with _removed_after(search.hooks()):
        run(image)
    return search.result()


@contextmanager
def _removed_after(handles: Sequence[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _explain_batch(
    model: nn.Module,
    run: Run,
    images: Tensor,
    methods: Sequence[LayerMethod],
    wanted: list[list[str]],
    targets: Targets,
) -> list[Attribution]:
    with_gradients = {
        name for method, names in zip(methods, wanted, strict=True) for name in names if method.needs_gradients
    }
    activations, output = _forward(model, run, images, {name for names in wanted for name in names}, with_gradients)
    resolved = target_rules.resolve(targets, output)
    if len(resolved.classes) != len(images):
        raise ValueError(
            f"the model returned {len(resolved.classes)} scores for {len(images)} images; expected one row each"
        )
    gradients = _gradients({name: activations[name] for name in activations if name in with_gradients}, resolved)
    outputs = (
        output.detach().float() if isinstance(output, Tensor) else target_rules.class_scores(output).detach().float()
    )
    return [
        _attribution(
            method, name, model, activations[name].detach(), gradients.get(name), resolved, output, outputs, images
        )
        for method, names in zip(methods, wanted, strict=True)
        for name in names
    ]


def _forward(
    model: nn.Module, run: Run, images: Tensor, names: set[str], with_gradients: set[str]
) -> tuple[dict[str, Tensor], Any]:
    """One pass: the activations of the named layers, and the output. Autograd records only what follows the first layer."""
    kept: dict[str, Tensor] = {}
    modules = dict(model.named_modules())

    def keep(name: str, output: Any) -> Any:
        tensor = first_tensor(output)
        if tensor is None or not is_spatial(tensor):
            got = type(output).__name__ if tensor is None else list(tensor.shape)
            raise ValueError(
                f"layer {name!r} gives {got}, expected [N, C, h, w] with more than one site; name an earlier, convolutional layer"
            )
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
        output = run(images)
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
    columns = resolved.scores.float().sum(0).unbind()
    inputs = list(activations.values())
    by_target = [
        torch.autograd.grad(
            score, inputs, retain_graph=score is not columns[-1], allow_unused=True, materialize_grads=True
        )
        for score in columns
    ]
    return {name: torch.stack(gradients) for name, *gradients in zip(activations, *by_target, strict=True)}


def _attribution(
    method: LayerMethod,
    name: str,
    model: nn.Module,
    A: Tensor,
    G: Tensor | None,
    resolved: Resolved,
    output: Any,
    outputs: Tensor,
    images: Tensor,
) -> Attribution:
    # The formulas are computed in float32, whatever precision the model ran in.
    with torch.no_grad(), torch.autocast(A.device.type, enabled=False):
        t = resolved.classes.shape[1]
        if not method.needs_gradients:
            G = None
        # A method that does not look at the target gives one map for all of them.
        distinct = t if method.class_dependent else 1
        each = [
            method.maps(AtLayer(name, model, A, None if G is None else G[i], resolved.classes[:, i], output))
            for i in range(distinct)
        ]
        maps = torch.stack(each, 1)
        norms = None if G is None else G.detach().abs().flatten(2).amax(2).transpose(0, 1)
        maps, flags = checked(maps, norms)
        maps, flags = maps.expand(-1, t, *maps.shape[2:]), flags.expand(-1, t)
        classes = resolved.classes
        probabilities = torch.full(classes.shape, torch.nan, device=classes.device)
        if (classes >= 0).all():
            probabilities = target_rules.class_probabilities(output).detach().gather(1, classes)
        if not resolved.several:
            maps, flags, classes, probabilities = (part.squeeze(1) for part in (maps, flags, classes, probabilities))
    return Attribution(maps, classes, probabilities, flags, outputs, method, name, tuple(images.shape[2:]))


def _concatenated(results: Sequence[Attribution]) -> Attribution:
    if len(results) == 1:
        return results[0]
    first = results[0]

    def joined(column: str) -> Tensor:
        return torch.cat([getattr(result, column) for result in results])

    return replace(
        first,
        maps=joined("maps"),
        targets=joined("targets"),
        probabilities=joined("probabilities"),
        flags=joined("flags"),
        outputs=joined("outputs"),
    )
