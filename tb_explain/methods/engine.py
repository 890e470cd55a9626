"""The one place where models are run: undisturbed, in batches, with everything that methods need from a single pass."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from tqdm import tqdm

from tb_explain.methods import targets as target_rules
from tb_explain.methods.batch import Batch, gradients_of
from tb_explain.methods.layers import LastSpatialLayer, layer_names
from tb_explain.methods.method import ImageMethod, LayerMethod, LayerPass, Method, SetMethod
from tb_explain.methods.network import Network, checked_inputs, undisturbed
from tb_explain.methods.rectifiers import Rectifiers, Rule
from tb_explain.methods.results import Attribution, Explained, about, checked, joined
from tb_explain.methods.taps import first_output, removed_after, tapped
from tb_explain.methods.targets import Targets


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
    model = checked_inputs(model, images)
    if not methods:
        raise ValueError("no method given; give at least one, for example GradCAM()")
    for method in methods:
        if isinstance(method, SetMethod):
            raise TypeError(
                f"{type(method).__name__} looks at a set of images at once; call it with the model and the images"
            )
        if not isinstance(method, (ImageMethod, LayerMethod)):
            raise TypeError(f"{method!r} is no method; give values such as GradCAM() or LIME()")
    named = [layer_names(model, method.layer) if isinstance(method, LayerMethod) else [] for method in methods]
    parts = [slice(start, start + batch_size) for start in range(0, len(images), batch_size)]
    sliced = [target_rules.slice_targets(targets, len(images), part) for part in parts]
    with undisturbed(model) as network:
        images = _moved(images, network)
        one = target_rules.slice_targets(targets, len(images), slice(1))
        default = last_spatial_layer(network, images[:1], one) if None in named else ""
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


def last_spatial_layer(network: Network, image: Tensor, targets: Targets) -> str:
    """The default layer of maps, by a pass over one image [1, C, *S]. Raises ValueError when there is none."""
    known = known_layer(network, image, targets)
    if known is not None:
        return known
    search = LastSpatialLayer(network.module, tuple(image.shape[2:]), _layer_key(image, targets))
    with removed_after(search.hooks()):
        output = first_output(network, image.detach().requires_grad_().clone())
        return search.result(lambda: target_rules.resolve(targets, output).scores.float().sum())


def known_layer(network: Network, image: Tensor, targets: Targets) -> str | None:
    """The default layer, if it was looked for before."""
    return LastSpatialLayer.known(network.module, _layer_key(image, targets))


def _layer_key(image: Tensor, targets: Targets) -> Hashable:
    return tuple(image.shape[1:]), target_rules.outputs_of(targets)


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
    rules = {method.input_gradients for method in methods if method.input_gradients is not None}
    inputs = images.detach().requires_grad_(bool(rules))
    rectifiers = Rectifiers() if rules - {"gradient"} else None
    with rectifiers or nullcontext():
        # The model gets a copy, which it may change in place.
        activations, output = tapped(network, inputs.clone(), {name for _, name in asked}, with_gradients, given)
    if rectifiers is not None:
        rectifiers.check(network.module)
    resolved = target_rules.resolve(targets, output)
    if len(resolved.classes) != len(images):
        raise ValueError(
            f"the model returned {len(resolved.classes)} scores for {len(images)} images; expected one row each"
        )
    batch = Batch(network, images, resolved, output, first)
    at_layers = {name: activations[name] for name in with_gradients}
    gradients = _gradients(batch, at_layers, [method for method, _ in asked], inputs, rules, rectifiers)
    batch.input_gradients = {rule: gradients[rule, _IMAGES] for rule in rules}
    found: list[Explained] = []
    for method, names in zip(methods, wanted, strict=True):
        if isinstance(method, ImageMethod):
            found.append(method.explain(batch))
        elif isinstance(method, LayerMethod):
            found += [_at_layer(method, name, batch, activations[name].detach(), gradients) for name in names]
    return found


# Of an objective (that of the method with this id, or the targets' scores by some rule) at a layer, or at the images.
_Gradients = dict[tuple[int | Rule, str], Tensor]
_IMAGES = ""


def _gradients(
    batch: Batch,
    activations: dict[str, Tensor],
    methods: Sequence[LayerMethod],
    images: Tensor,
    rules: set[Rule],
    rectifiers: Rectifiers | None,
) -> _Gradients:
    """Gradients [T, N, *raw] of each objective at each layer, and by each rule at the images: one backward pass a target and
    objective or rule; the targets' plain gradients at layers and images are of the same pass.
    """
    if activations and not batch.targets.scores.requires_grad:
        raise ValueError(
            f"the model's output does not depend on layer {min(activations)!r} through differentiable operations; name another one"
        )
    passes: dict[int | Rule, tuple[Tensor, dict[str, Tensor]]] = {}
    for method in methods:
        if method.needs_gradients:
            own = method.objective(batch)
            passes["gradient" if own is None else id(method)] = (
                batch.targets.scores if own is None else own,
                activations,
            )
    for rule in rules:
        also = passes[rule][1] if rule in passes else {}
        passes[rule] = (batch.targets.scores, also | {_IMAGES: images})
    found: _Gradients = {}
    for i, (owner, (scores, inputs)) in enumerate(passes.items()):
        if rectifiers is not None:
            rectifiers.rule = "gradient" if isinstance(owner, int) else owner
        each = gradients_of(scores, list(inputs.values()), keep_graph=i < len(passes) - 1)
        found |= {(owner, name): gradient for name, gradient in zip(inputs, each, strict=True)}
    return found


def _at_layer(method: LayerMethod, name: str, batch: Batch, A: Tensor, gradients: _Gradients) -> Attribution:
    # The formulas are computed in float32, whatever precision the model ran in.
    with torch.no_grad(), torch.autocast(A.device.type, enabled=False):
        G = gradients.get((id(method), name), gradients.get(("gradient", name))) if method.needs_gradients else None
        layer = LayerPass(name, batch, A, G, method.reshape_transform)
        maps, flags = checked(method.explain_layer(layer), layer.gradient_norms)
    return Attribution(maps=batch.targets.shaped(maps), **about(batch, method, flags, name))
