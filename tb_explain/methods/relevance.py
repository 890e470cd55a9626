"""A model run so that value times gradient is relevance: what layer-wise relevance propagation hands back through each operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary


class Box(NamedTuple):
    """The least and the greatest value that each pixel may have, [N, C, *S]."""

    low: Tensor
    high: Tensor


class Layer(NamedTuple):
    """A convolution or Linear, without its bias: calling it with inputs and weights gives its outputs."""

    function: Callable[..., Tensor]
    weight: Tensor
    rest: tuple[Any, ...]
    named: dict[str, Any]

    def __call__(self, inputs: Tensor, weight: Tensor) -> Tensor:
        """The outputs for these inputs, with these weights in place of its own."""
        return self.function(inputs, weight, None, *self.rest, **self.named)

    def scaled(self, gain: Tensor) -> Layer:
        """With the weights of each output channel multiplied by `gain` [channels]."""
        transposed = "transpose" in self.function.__name__
        shape = (1, -1) if transposed else (-1, 1)
        return self._replace(weight=self.weight * gain.reshape(*shape, *(1,) * (self.weight.ndim - 2)))

    @property
    def grouped(self) -> bool:
        """Whether its output channels are not one axis of its weights."""
        return "transpose" in self.function.__name__ and self.weight.shape[1] != _channels(self)


LayerRule: TypeAlias = Callable[[Layer, Tensor], Tensor | None]
"""From a layer and its inputs a, the sum over inputs, with its graph, that outputs are shared out by; None: the outputs themselves."""


def epsilon_rule(layer: Layer, a: Tensor) -> Tensor | None:
    """In proportion to a_i w_ij and the bias."""
    return None


def positive_rule(layer: Layer, a: Tensor) -> Tensor | None:
    """In proportion to (a_i w_ij)+."""
    w = layer.weight
    if not (a.detach() < 0).any():
        return layer(a, w.clamp(min=0))
    return layer(a.clamp(min=0), w.clamp(min=0)) + layer(a.clamp(max=0), w.clamp(max=0))


def _box_rule(box: Box) -> LayerRule:
    def shares(layer: Layer, a: Tensor) -> Tensor:
        """In proportion to x_i w_ij - l_i w+_ij - h_i w-_ij."""
        w = layer.weight
        return layer(a, w) - layer(box.low, w.clamp(min=0)) - layer(box.high, w.clamp(max=0))

    return shares


class _Made(NamedTuple):
    """How an output of a layer came about."""

    layer: Layer
    rule: LayerRule
    a: Tensor
    outputs: Tensor
    shares: Tensor | None
    version: int


class Relevance(TorchFunctionMode):
    """A context in which a model computes what it does, and hands gradients back so that each value times its gradient is its
    relevance. Operations for which there is no rule are noted.
    """

    def __init__(self, for_linear: LayerRule, for_convolutions: LayerRule, epsilon: float) -> None:
        super().__init__()
        self._for_linear, self._for_convolutions, self._epsilon = for_linear, for_convolutions, epsilon
        self._inputs: Tensor | None = None
        self._box: Box | None = None
        self._made = WeakTensorKeyDictionary()
        self._gates = WeakTensorKeyDictionary()
        self._unknown: set[str] = set()

    def starts_at(self, inputs: Tensor, box: Box | None) -> None:
        """Says what the images are, and within which box they lie, for layers that read them."""
        self._inputs, self._box = inputs, box

    def check(self, model: nn.Module) -> None:
        """Raises ValueError when the model that has run in this context did what no rule is for."""
        hidden = [
            f"the scripted part {name!r}"
            for name, part in model.named_modules()
            if isinstance(part, torch.jit.ScriptModule)
        ]
        if self._unknown or hidden:
            raise ValueError(
                f"there is no rule for relevance through {', '.join([*sorted(self._unknown), *hidden[:1]])}; "
                "use IntegratedGradients() or GradCAM()"
            )

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").strip("_")
        if not (torch.is_grad_enabled() and any(x.requires_grad for x in _tensors((args, kwargs)))):
            return func(*args, **kwargs)
        if name in _LAYERS:
            return self._layer(name, func, *args, **kwargs)
        if name == "batch_norm":
            return self._batch_norm(func, *args, **kwargs)
        if name in _ACTIVATIONS:
            return self._activation(name, func, *args, **kwargs)
        if name in _PRODUCTS:
            return self._product(name, func, *args, **kwargs)
        output = func(*args, **kwargs)
        if name not in _PROPORTIONAL and any(x.requires_grad for x in _tensors(output)):
            self._unknown.add(name)
        return output

    def _layer(
        self,
        name: str,
        func: Callable[..., Any],
        input: Tensor,  # noqa: A002
        weight: Tensor,
        bias: Tensor | None = None,
        *rest: Any,
        **named: Any,
    ) -> Tensor:
        layer = Layer(func, weight, rest, named)
        rule = self._for_linear if name == "linear" else self._for_convolutions
        if self._box is not None and input is self._inputs:
            rule = _box_rule(self._box)
        shares = rule(layer, input)
        with torch.set_grad_enabled(shares is None):
            outputs = func(input, weight, bias, *rest, **named)
        return self._shared_out(layer, rule, input, outputs, shares)

    def _shared_out(self, layer: Layer, rule: LayerRule, a: Tensor, outputs: Tensor, shares: Tensor | None) -> Tensor:
        found: Tensor = _ShareOut.apply(outputs if shares is None else shares, outputs.detach(), self._epsilon)
        self._made[found] = _Made(layer, rule, a, outputs, shares, found._version)
        return found

    def _batch_norm(
        self,
        func: Callable[..., Any],
        input: Tensor,  # noqa: A002
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        if running_mean is None or running_var is None:
            self._unknown.add("batch_norm without running statistics")
        rest = (running_mean, running_var, weight, bias, training, momentum, eps)
        made: _Made | None = self._made.get(input)  # type: ignore[no-untyped-call]
        if made is None or made.version != input._version or running_var is None or made.layer.grouped:
            return func(input, *rest)  # type: ignore[no-any-return]
        # One layer with the convolution in front: its weights times the gain, which may turn what is positive.
        gain = (running_var + eps).rsqrt() * (1 if weight is None else weight)
        layer = made.layer.scaled(gain)
        if made.shares is None:
            return self._shared_out(layer, made.rule, made.a, func(made.outputs, *rest), None)
        turned = bool((gain < 0).any())
        channels = gain.reshape(-1, *(1,) * (input.ndim - 2))
        shares = made.rule(layer, made.a) if turned else made.shares * channels
        with torch.no_grad():
            outputs = func(made.outputs, *rest)
        return self._shared_out(layer, made.rule, made.a, outputs, shares)

    def _activation(self, name: str, func: Callable[..., Any], input: Tensor, *rest: Any, **named: Any) -> Any:  # noqa: A002
        if name == "relu":  # whose gradient is what it hands through
            return func(input, *rest, **named)
        output = _HandThrough.apply(input, lambda x: func(x, *rest, **named))
        if name in _GATES:
            self._gates[output] = True
        return output

    def _product(self, name: str, func: Callable[..., Any], a: Any, b: Any, *rest: Any, **named: Any) -> Any:
        if isinstance(a, Tensor) and isinstance(b, Tensor) and a.requires_grad and b.requires_grad:
            if name == "mul" and (a in self._gates) != (b in self._gates):
                a, b = (a.detach(), b) if a in self._gates else (a, b.detach())
            else:
                self._unknown.add("a product of activations")
        elif name != "mul" and isinstance(b, Tensor) and b.requires_grad:
            self._unknown.add("a division by activations")
        return func(a, b, *rest, **named)


class _ShareOut(torch.autograd.Function):
    """The value of `outputs`; their relevance goes to what `shares`, of the same shape, is the sum of."""

    @staticmethod
    def forward(ctx: Any, shares: Tensor, outputs: Tensor, epsilon: float) -> Tensor:
        ctx.save_for_backward(shares, outputs)
        ctx.epsilon = epsilon
        return outputs.clone()  # the next operation may be in-place

    @staticmethod
    def backward(ctx: Any, c: Tensor) -> Any:
        shares, outputs = ctx.saved_tensors
        norms = torch.linalg.vector_norm(shares.float().flatten(1), dim=1)
        e = ctx.epsilon * norms.to(shares.dtype) / shares[0].numel() ** 0.5
        divisor = shares + e.reshape(-1, *(1,) * (shares.ndim - 1)).copysign(shares)
        # Where nothing is shared out nothing gets anything. (`where` would take ten times as long.)
        return (outputs / divisor).nan_to_num_(0, 0, 0).mul_(c), None, None


class _HandThrough(torch.autograd.Function):
    """y = f(x), of which x gets the relevance of y."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, f: Callable[[Tensor], Tensor]) -> Tensor:
        before = x.clone()
        y = f(x)
        if y is x:
            ctx.mark_dirty(x)
        ctx.save_for_backward((y / before).nan_to_num_(0, 0, 0))
        return y

    @staticmethod
    def backward(ctx: Any, c: Tensor) -> Any:
        return c * ctx.saved_tensors[0], None


def _tensors(values: Any) -> list[Tensor]:
    """The tensors in arguments or results."""
    if isinstance(values, Tensor):
        return [values]
    items = values.values() if isinstance(values, dict) else values if isinstance(values, (tuple, list)) else ()
    return [tensor for item in items for tensor in _tensors(item)]


def _channels(layer: Layer) -> int:
    groups = layer.named.get("groups", layer.rest[3] if len(layer.rest) > 3 else 1)
    return int(layer.weight.shape[1] * groups)


_LAYERS = {"linear", *(f"conv{kind}{axes}d" for kind in ("", "_transpose") for axes in (1, 2, 3))}
_GATES = {"sigmoid", "hardsigmoid"}
_ACTIVATIONS = _GATES | {
    *(
        "celu",
        "clamp",
        "clamp_min",
        "elu",
        "gelu",
        "hardswish",
        "hardtanh",
        "leaky_relu",
        "mish",
        "prelu",
        "relu",
        "relu6",
        "rrelu",
    ),
    *("selu", "silu", "softplus", "softsign", "tanh", "threshold"),
}
_PRODUCTS = {"mul", "multiply", "div", "divide", "true_divide", "truediv", "rtruediv", "rdiv"}
# Linear in what carries relevance, so that value times gradient shares it out in proportion, or picking the greatest.
_PROPORTIONAL = {
    *("add", "radd", "sub", "rsub", "neg", "mean", "sum", "amax", "max", "where", "identity"),
    *(f"{kind}_pool{axes}d" for kind in ("max", "avg", "adaptive_max", "adaptive_avg") for axes in (1, 2, 3)),
    *("alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"),
    *(
        "cat",
        "chunk",
        "concat",
        "concatenate",
        "getitem",
        "index_select",
        "narrow",
        "select",
        "split",
        "stack",
        "unbind",
    ),
    *("channel_shuffle", "flip", "interpolate", "pad", "pixel_shuffle", "pixel_unshuffle", "roll", "upsample"),
    *("expand", "expand_as", "flatten", "movedim", "permute", "repeat", "reshape", "squeeze", "t", "transpose"),
    *("unflatten", "unsqueeze", "view", "view_as", "swapaxes", "get", "moveaxis", "reshape_as"),
    *("bfloat16", "clone", "contiguous", "double", "float", "half", "to", "type", "type_as"),
}
