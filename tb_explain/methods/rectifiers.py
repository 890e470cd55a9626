"""Rectifiers that can be given another rule for the backward pass, however the model writes them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Rule: TypeAlias = Literal["gradient", "guided", "deconvnet"]
"""What a rectifier hands back of the gradient g that arrives at its output.

- "gradient": what it should.
- "guided": max(g, 0) where its input was above 0 (Springenberg et al. 2015).
- "deconvnet": max(g, 0) everywhere (Zeiler & Fergus 2014).
"""

# Activations that are no rectifiers, and have no gate whose rule could be changed.
_OTHERS = {
    "celu": "CELU",
    "elu": "ELU",
    "gelu": "GELU",
    "glu": "GLU",
    "hardswish": "Hardswish",
    "mish": "Mish",
    "multi_head_attention_forward": "attention",
    "scaled_dot_product_attention": "attention",
    "selu": "SELU",
    "silu": "SiLU",
    "softplus": "Softplus",
}


class Rectifiers(TorchFunctionMode):
    """A context in which rectifiers obey `rule`, which may be set anew before each backward pass.

    It sees functions and methods as torch calls them, so that modules, functional calls, in-place ones and shared modules are
    alike to it, and it changes nothing in the model.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rule: Rule = "gradient"
        self._met = False
        self._others: set[str] = set()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").strip("_")
        if name in _OTHERS:
            self._others.add(_OTHERS[name])
        x, rest = (args[0], args[1:]) if args else (kwargs.get("input"), ())
        if name not in _GATES or not isinstance(x, Tensor) or not (x.requires_grad and torch.is_grad_enabled()):
            return func(*args, **kwargs)
        kwargs = {key: value for key, value in kwargs.items() if key != "input"}
        gate = _GATES[name](*rest, **kwargs)
        if gate is None:
            return func(x, *rest, **kwargs)
        self._met = True
        return _Rectify.apply(x, gate, lambda value: func(value, *rest, **kwargs), self)

    def check(self, model: nn.Module) -> None:
        """Raises ValueError when the rules do not mean anything for the model that has run in this context."""
        advice = "use Saliency(), SmoothGrad() or IntegratedGradients()"
        if self._others:
            raise ValueError(
                "guided backpropagation and deconvnet are defined for rectifiers (ReLU and its like), and the model uses "
                f"{', '.join(sorted(self._others))}; {advice}"
            )
        hidden = next((name for name, part in model.named_modules() if isinstance(part, torch.jit.ScriptModule)), None)
        if hidden is not None:
            raise ValueError(f"the part {hidden!r} of the model is scripted, which hides its rectifiers; {advice}")
        if not self._met:
            raise ValueError(
                "the model has no rectifier (ReLU or its like) between images and scores, so that guided backpropagation "
                f"and deconvnet are the plain gradient; {advice}"
            )


class _Gate(NamedTuple):
    """A rectifier is open where its input, and so its output, is between `low` and `high`; elsewhere it has the slope."""

    low: float = 0.0
    high: float = math.inf
    slope: Any = 0.0


class _Rectify(torch.autograd.Function):
    """y = f(x), whose backward pass asks for the rule."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gate: _Gate, f: Callable[[Tensor], Tensor], rectifiers: Rectifiers) -> Tensor:
        y = f(x)
        if y is x:
            ctx.mark_dirty(x)
        # Slopes one a channel may be negative, and the output above 0 where the input is not.
        ctx.save_for_backward(x if isinstance(gate.slope, Tensor) else y)
        ctx.gate, ctx.rectifiers = gate, rectifiers
        return y

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        rule: Rule = ctx.rectifiers.rule
        if rule == "deconvnet":
            return g.clamp(min=0), None, None, None
        (value,) = ctx.saved_tensors
        low, high, slope = ctx.gate
        # g where the gate is open, 0 elsewhere: ten times as fast as `where`.
        passed = torch.ops.aten.hardtanh_backward(g, value, low, high)
        if rule == "guided":
            return passed.clamp_(min=0), None, None, None
        if isinstance(slope, Tensor):
            slope = slope.reshape(-1, *(1,) * (value.ndim - 2))
        elif slope == 0:
            return passed, None, None, None
        return passed + slope * (g - passed), None, None, None


# For each function, the gate by its arguments behind the input; None: with these it is no rectifier.


def _relu(inplace: bool = False) -> _Gate:
    return _Gate()


def _relu6(inplace: bool = False) -> _Gate:
    return _Gate(high=6.0)


def _hardtanh(min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> _Gate:
    return _Gate(min_val, max_val)


def _leaky_relu(negative_slope: float = 0.01, inplace: bool = False) -> _Gate | None:
    return _Gate(slope=negative_slope) if negative_slope >= 0 else None


def _rrelu(lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False) -> _Gate:
    return _Gate(slope=(lower + upper) / 2)


def _prelu(weight: Tensor) -> _Gate:
    return _Gate(slope=weight)


def _threshold(threshold: float, value: float, inplace: bool = False) -> _Gate | None:
    return _Gate(threshold) if value <= threshold else None


def _clamp(*limits: Any, **named: Any) -> _Gate | None:
    low, high = (limits[k] if len(limits) > k else named.get(name) for k, name in enumerate(("min", "max")))
    if isinstance(low, Tensor) or isinstance(high, Tensor) or low != 0:
        return None
    return _Gate() if high is None else _Gate(high=high)


_GATES: dict[str, Callable[..., _Gate | None]] = {
    "clamp": _clamp,
    "clamp_min": _clamp,
    "hardtanh": _hardtanh,
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "relu": _relu,
    "relu6": _relu6,
    "rrelu": _rrelu,
    "threshold": _threshold,
}
