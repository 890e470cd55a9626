"""Full-Grad: what the input and what each bias contributes to a score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from tb_explain.methods.batch import Batch, gradients_of
from tb_explain.methods.gradients import attribution
from tb_explain.methods.layers import resized
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.results import Attribution


@dataclass(frozen=True)
class FullGrad(ImageMethod):
    """M(u) = sum_c psi(x_c ds/dx_c)(u) + sum_l sum_c psi(b_lc ds/dz_lc)(u), z_l the output of a biased layer l, c its channels,
    psi(v) = |v| scaled to 0..1 and brought bilinearly to the size of the image (Srinivas & Fleuret 2019, eq. 7).

    Not signed; in number of channels. Biased layers are convolutions and batch normalisations, found as the model calls
    them; the bias of the latter is all that they add to w x / std, beta - w mean / std. Those of Linear layers have no place in the
    image and are left out, as are what non-linearities other than rectifiers add. The published code scales a layer as a
    whole; the equation, and this, each channel: what contributes little counts as much as what contributes most.
    Costs a forward pass, and one backward a target.
    """

    def explain(self, batch: Batch) -> Attribution:
        x = batch.images.detach().requires_grad_()
        total = torch.zeros(len(x), *batch.size, device=x.device)

        def add(term: Tensor) -> None:
            total.add_(_psi(term, batch.size))

        with torch.enable_grad():
            with BiasTerms(add):
                output = batch.network(x.clone())
            scores = batch.targets.read(output, torch.arange(len(x), device=x.device)).float()
        maps, gradients = [], []
        for t in range(scores.shape[1]):
            total.zero_()
            (G,) = gradients_of(scores[:, t : t + 1], [x], keep_graph=t < scores.shape[1] - 1)
            add(x.detach().float() * G[0].float())
            maps.append(total.clone())
            gradients.append(G[0].float())
        return attribution(batch, self, torch.stack(maps), torch.stack(gradients))


class BiasTerms(TorchFunctionMode):
    """A context in which convolutions and batch normalisations tell `take`, in the backward pass, their bias times the gradient at
    their output, [N, C, *sites].
    """

    def __init__(self, take: Callable[[Tensor], None]) -> None:
        super().__init__()
        self._take = take

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        find = _BIASES.get(getattr(func, "__name__", ""))
        bias = None if find is None else find(*args, **(kwargs or {}))
        if bias is not None and output.requires_grad:
            b = bias.detach().float().reshape(-1, *(1,) * (output.ndim - 2))
            # A hook keeps to the value as it is now, even if the next operation is in-place.
            output.register_hook(lambda g: self._take(b * g.float()))
        return output


def _of_convolution(input: Tensor, weight: Tensor, bias: Tensor | None = None, *_: Any, **__: Any) -> Tensor | None:  # noqa: A002
    return bias


def _of_batch_norm(
    input: Tensor,  # noqa: A002
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor | None:
    if running_mean is None or running_var is None:
        return bias
    implicit = -running_mean / (running_var + eps).sqrt()
    implicit = implicit if weight is None else implicit * weight
    return implicit if bias is None else implicit + bias


_BIASES: dict[str, Callable[..., Tensor | None]] = {
    "batch_norm": _of_batch_norm,
    **{f"conv{kind}{axes}d": _of_convolution for kind in ("", "_transpose") for axes in (1, 2, 3)},
}


def _psi(term: Tensor, size: tuple[int, ...]) -> Tensor:
    """psi, summed over channels: [N, C, *sites] -> [N, *size]."""
    v = term.abs()
    axes = tuple(range(2, v.ndim))
    low, high = v.amin(axes, keepdim=True), v.amax(axes, keepdim=True)
    scale = torch.where(high > low, 1 / (high - low), 0)
    scaled = ((v - low) * scale).sum(1, keepdim=True)
    return resized(scaled, size)[:, 0]
