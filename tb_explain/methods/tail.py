"""Running a model again from one of its layers on, without what comes before."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.layers import first_tensor
from tb_explain.methods.network import Network
from tb_explain.methods.taps import removed_after, replaced


@dataclass
class _Call:
    """One call of a module in a pass: the calls `start + 1` to `stop - 1` happened inside it."""

    module: nn.Module
    start: int
    stop: int = 0
    output: Any = field(default=None, repr=False)


@contextmanager
def tail(network: Network, image: Tensor, layer: str) -> Iterator[Callable[[Tensor], Any]]:
    """Yields a function from activations [M, ...] of a layer (of its last call), in its own shape, to the model's output for
    them, all for one image [1, C, *S].

    A recorded pass says which modules had finished when the layer was called. They do not run again: their outputs are handed on,
    expanded without being copied. What a model computes between its modules does run. Should the output with the layer's own
    activations not be the recorded one (a model that computes outside of its modules, or writes into what was expanded), the whole
    model runs instead, with the layer's output exchanged.
    """
    calls, output, activations = _recorded(network, image, layer)
    last = max(i for i, call in enumerate(calls) if call.module is network.module.get_submodule(layer))
    for quick in (True, False):
        with _patched(_plan(calls, last, quick), last, quick) as hand_over:
            run = partial(_run, network, image, hand_over, quick)
            if not quick or _reproduces(run, activations, output):
                yield run
                return


def _run(network: Network, image: Tensor, hand_over: Callable[[Tensor], None], quick: bool, values: Tensor) -> Any:
    hand_over(values)
    shape = len(values), *image.shape[1:]
    with torch.no_grad():
        # The model gets a copy, which it may change in place; of one sample, which it may not, where little is done with it.
        return network(image.clone().expand(shape) if quick else image.expand(shape).clone())


def _recorded(network: Network, image: Tensor, layer: str) -> tuple[list[_Call], Any, Tensor]:
    """The calls of one pass in the order in which they began, the model's output, and the layer's."""
    calls: list[_Call] = []
    running: list[_Call] = []

    def begin(module: nn.Module, _args: Any) -> None:
        calls.append(_Call(module, len(calls)))
        running.append(calls[-1])

    def end(_module: nn.Module, _args: Any, output: Any) -> None:
        call = running.pop()
        call.stop = len(calls)
        call.output = _mapped(output, torch.Tensor.clone)  # the next operation may be in-place

    modules = [module for name, module in network.module.named_modules() if name]
    hooks: list[Any] = [module.register_forward_pre_hook(begin) for module in modules]
    hooks += [module.register_forward_hook(end) for module in modules]
    with removed_after(hooks), torch.no_grad():
        output = network(image.clone())
    mine = [call.output for call in calls if call.module is network.module.get_submodule(layer)]
    activations = first_tensor(mine[-1])
    assert activations is not None, "the layer was looked at before"
    return calls, output, activations


def _plan(calls: list[_Call], last: int, quick: bool) -> dict[nn.Module, deque[_Call | None]]:
    """For each module that is not simply run: of its calls in a later pass, those to answer from the record (None: run it)."""
    answered: dict[nn.Module, deque[_Call | None]] = defaultdict(deque)
    i = 0
    while i < len(calls):
        call = calls[i]
        done = quick and call.stop <= last
        answered[call.module].append(call if done or i == last else None)
        i = call.stop if done or i == last else i + 1
    return {module: plan for module, plan in answered.items() if any(call is not None for call in plan)}


@contextmanager
def _patched(plan: dict[nn.Module, deque[_Call | None]], last: int, quick: bool) -> Iterator[Callable[[Tensor], None]]:
    """Modules answer as planned until the end; what is yielded takes the layer's next output and starts the plan anew.

    Answers are given by hooks behind all others, which what was recorded has been through already.
    """
    values: Tensor | None = None
    answering: dict[nn.Module, _Call] = {}
    pending: dict[nn.Module, deque[_Call | None]] = {}

    def hand_over(new: Tensor) -> None:
        nonlocal values
        values = new
        answering.clear()
        pending.update({module: deque(calls) for module, calls in plan.items()})

    def skip(module: nn.Module, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        call = pending[module].popleft() if pending[module] else None
        if call is None:
            return original(*args, **kwargs)
        answering[module] = call
        assert values is not None
        # Hooks may write into what they are given.
        return _for_all(call, len(values), torch.Tensor.clone) if quick else original(*args, **kwargs)

    def answer(module: nn.Module, _args: Any, _output: Any) -> Any:
        call = answering.pop(module, None)
        if call is None:
            return None
        assert values is not None
        if call.start == last:
            recorded = first_tensor(call.output)
            assert recorded is not None
            rest = _mapped(call.output, lambda t: t if t is recorded else _expanded(t, len(values)))
            return replaced(rest, recorded, values)
        return _for_all(call, len(values))

    own = {module: module.__dict__["forward"] for module in plan if "forward" in module.__dict__}
    hooks = [module.register_forward_hook(answer) for module in plan]
    try:
        for module in plan:
            original = module.forward
            module.forward = lambda *args, _m=module, _f=original, **kwargs: skip(_m, _f, *args, **kwargs)
        with removed_after(hooks):
            yield hand_over
    finally:
        for module in plan:
            module.__dict__.pop("forward", None)
            module.__dict__.update({"forward": own[module]} if module in own else {})


def _for_all(call: _Call, m: int, change: Callable[[Tensor], Tensor] = lambda t: t) -> Any:
    """What a module gave for one sample, for m samples."""
    return _mapped(call.output, lambda t: _expanded(change(t), m))


def _expanded(tensor: Tensor, m: int) -> Tensor:
    """One sample's tensor for m samples, without a copy; the batch is its first axis, or its second in sequences."""
    if tensor.ndim and tensor.shape[0] == 1:
        return tensor.expand(m, *tensor.shape[1:])
    if tensor.ndim == 3 and tensor.shape[1] == 1:
        return tensor.expand(-1, m, -1)
    return tensor


def _mapped(output: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A module's output with each tensor changed."""
    if isinstance(output, Tensor):
        return change(output)
    if isinstance(output, dict):
        return type(output)({key: _mapped(value, change) for key, value in output.items()})
    if isinstance(output, (tuple, list)):
        items = [_mapped(item, change) for item in output]
        return type(output)(*items) if hasattr(output, "_fields") else type(output)(items)
    return output


def _reproduces(run: Callable[[Tensor], Any], activations: Tensor, output: Any) -> bool:
    """Whether two copies of the recorded activations give the recorded output twice."""
    try:
        twice = _tensors(run(_expanded(activations, 2).clone()))
    except RuntimeError:
        return False
    once = _tensors(output)
    return len(once) == len(twice) and all(
        new.shape[:1] == (2 * len(old),)
        and new.shape[1:] == old.shape[1:]
        and torch.allclose(new.float(), old.float().expand_as(new), rtol=1e-3, atol=1e-4, equal_nan=True)
        for old, new in zip(once, twice, strict=True)
    )


def _tensors(output: Any) -> list[Tensor]:
    found: list[Tensor] = []

    def collect(tensor: Tensor) -> Tensor:
        found.append(tensor)
        return tensor

    _mapped(output, collect)
    return found
