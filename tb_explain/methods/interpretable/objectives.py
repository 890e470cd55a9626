"""What a filter loss minimises, of the maps of a layer's filters over a batch: three forms of the same mutual information."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from tb_explain.methods.interpretable.templates import centres, templates

_SCORES = 1 << 24  # inner products of maps and templates at once, 64 MB
_TEMPERATURE = 0.5
_LARGEST_EXPONENT = 20.0


def all_templates(sites: tuple[int, ...], device: torch.device | None = None) -> Tensor:
    """float32 [P + 1, P]: the positive template of each of P positions, and the negative one, −1 everywhere, last."""
    positive = templates(torch.arange(math.prod(sites), device=device), sites).flatten(1)
    return torch.cat([positive, -torch.ones_like(positive[:1])])


def mutual_information(maps: Tensor, gain: float) -> Tensor:
    """MI(X; T) in nats, [C], of each filter's maps [N, C, *s] over the images of the batch; all templates are alike probable.

    Σ_T p(T) Σ_x p(x|T) log(p(x|T) / p(x)), where p(x|T) = exp(g <x, T>) / Σ_x exp(g <x, T>), p(T) = 1 / (P + 1), p(x) = Σ_T p(T) p(x|T).
    At most log N.
    """
    found: Tensor = _MutualInformation.apply(maps.flatten(2), tuple(maps.shape[2:]), gain)
    return found


class _MutualInformation(torch.autograd.Function):
    """With its gradient in closed form, some filters at a time: ∂MI/∂x_b = g Σ_T T p(T) q_T(b) [log(q_T(b)/p(b)) − KL(q_T‖p)].

    What Zhang et al. 2018, eq. 4, has is this without the KL term, Z_T taken for a constant.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, sites: tuple[int, ...], gain: float) -> Tensor:
        n, channels, _ = maps.shape
        bank = all_templates(sites, maps.device).to(maps.dtype)
        values, gradients = [], []
        for some in torch.split(maps, max(1, _SCORES // (n * len(bank))), 1):
            log_q = torch.log_softmax(gain * some @ bank.T, 0)  # [N, c, P + 1]
            log_p = log_q.logsumexp(2, keepdim=True) - math.log(len(bank))
            terms = log_q.exp() * (log_q - log_p)
            divergence = terms.sum(0)  # KL(q_T‖p), [c, P + 1]
            values.append(divergence.mean(1))
            if ctx.needs_input_grad[0]:
                weights = (terms - log_q.exp() * divergence) / len(bank)
                gradients.append(gain * weights @ bank)
        if gradients:
            ctx.save_for_backward(torch.cat(gradients, 1))
        return torch.cat(values) if values else maps.new_zeros(channels)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *above: Any) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient * above[0][:, None], None, None


def single_template(maps: Tensor, own: Tensor, gain: float) -> Tensor:
    """The paper's gradient with one template an image, as a surrogate whose value is not the loss: a number.

    ∂Loss/∂x_b ∝ −T̂ q_T̂(b) log(q_T̂(b) / p(b)), T̂ that of the map's peak for images of the filter's class (bool `own` [N, C]), T⁻ for
    others; times N in the place of the constant p(T̂), so that it depends neither on the batch's nor on the map's size.
    """
    flat = maps.flatten(2)
    n, channels, positions = flat.shape
    sites = tuple(maps.shape[2:])
    with torch.no_grad():
        bank = all_templates(sites, flat.device).to(flat.dtype)
        chosen = torch.where(own, centres(maps), positions)  # the last template is the negative one
        weights = []
        parts = max(1, _SCORES // (n * len(bank)))
        for some, at in zip(torch.split(flat, parts, 1), torch.split(chosen, parts, 1), strict=True):
            log_q = torch.log_softmax(gain * some @ bank.T, 0)
            log_p = log_q.logsumexp(2) - math.log(len(bank))
            mine = log_q.gather(2, at[..., None])[..., 0]
            weights.append(n * mine.exp() * (mine - log_p))
        pull = torch.cat(weights, 1)[..., None] * bank[chosen]
    return -gain * (pull * flat).sum() / (n * channels)


def pull_and_push(maps: Tensor, own: Tensor) -> Tensor:
    """Pulls the maps of a filter's own images to the template of their peak, pushes those of others down; a number.

    1/(N C) Σ [−own w⁺ <x, T_μ> + (1 − own) w⁻ <x, 1>], as the code released with Zhang et al. 2018 goes about it. Weights are
    w = max(0, e^(s−ℓ) (s−ℓ+1)), s the mean of x ∘ T over positions by 0.5, ℓ the log-mean-exp of s over the images of the same kind,
    and have a mean of 1 over them; where a filter has no own or no other images, that term is left out.
    """
    flat = maps.flatten(2)
    n, channels, positions = flat.shape
    template = templates(centres(maps), tuple(maps.shape[2:])).flatten(2).to(flat.dtype)
    fits = (flat * template).sum(2)
    total = flat.sum(2)
    with torch.no_grad():
        pull = _weights(fits / (positions * _TEMPERATURE), own)
        push = _weights(-total / (positions * _TEMPERATURE), ~own)
    return (push * total - pull * fits).sum() / (n * channels)


def _weights(scores: Tensor, among: Tensor) -> Tensor:
    """[N, C] of mean 1 over the images `among`, 0 of others."""
    count = among.sum(0)
    level = scores.masked_fill(~among, -torch.inf).logsumexp(0) - count.clamp(min=1).log()
    above = torch.where(among, scores - level, 0)
    weights = torch.where(among, above.clamp(max=_LARGEST_EXPONENT).exp() * (above + 1), 0).clamp(min=0)
    mean = weights.sum(0) / count.clamp(min=1)
    return weights / torch.where(mean > 0, mean, 1)
