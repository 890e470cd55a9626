"""Layer-wise relevance propagation and deep Taylor decomposition: a score handed back, layer by layer, to what made it up.

In the docstrings a_i are a layer's inputs, w_ij its weights, z_j = sum_i a_i w_ij + b_j its outputs, R relevance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from tb_explain.methods.batch import Batch, gradients_of
from tb_explain.methods.gradients import attribution, baselines
from tb_explain.methods.method import ImageMethod
from tb_explain.methods.relevance import Box, Relevance, epsilon_rule, positive_rule
from tb_explain.methods.results import Attribution

_Rule = Literal["epsilon", "zplus", "composite"]


@dataclass(frozen=True)
class LRP(ImageMethod):
    """M(u) = sum_c R_c(u), the logit s handed back by one of these rules in each layer (Bach et al. 2015, eq. 58 and 60). Signed; score
    units: the sum over pixels is s, less what biases made up of it under the first rule.

    - "epsilon": R_i = a_i sum_j w_ij R_j / (z_j + e sign z_j).
    - "zplus": R_i = sum_j (a_i w_ij)+ R_j / sum_k (a_k w_kj)+, of which biases get nothing.
    - "composite": "zplus" for convolutions, "epsilon" for Linear (Montavon et al. 2019, section 10.3).

    Batch normalisation is part of the convolution or Linear in front of it, and elsewhere a layer of its own under "epsilon".
    Activations hand relevance through, the maximum of a pooling gets all, averages and sums share in proportion, gates (a
    sigmoid that something is multiplied with) get none. Raises ValueError for a model with other operations, and names them.
    Costs a forward and a backward pass a target, of which convolutions and Linear under "zplus" run twice forward.
    """

    rule: _Rule = "epsilon"
    epsilon: float = 1e-6
    """e, in units of the root mean square of the layer's outputs for the image."""

    def __post_init__(self) -> None:
        if self.rule not in get_args(_Rule):
            raise ValueError(f"the rule must be 'epsilon', 'zplus' or 'composite', got {self.rule!r}")
        if not self.epsilon >= 0:
            raise ValueError(f"epsilon must be 0 or more, got {self.epsilon}")

    @property
    def signed(self) -> bool:
        return True

    def explain(self, batch: Batch) -> Attribution:
        for_linear = positive_rule if self.rule == "zplus" else epsilon_rule
        for_convolutions = epsilon_rule if self.rule == "epsilon" else positive_rule
        R = _propagated(batch, Relevance(for_linear, for_convolutions, self.epsilon))
        return attribution(batch, self, R.sum(2))


@dataclass(frozen=True)
class DeepTaylor(ImageMethod):
    """M(u) = sum_c R_c(u), the logit s handed back by R_i = sum_j (a_i w_ij)+ R_j / sum_k (a_k w_kj)+, and in layers that read the
    image, of pixels l <= x <= h, by R_i = sum_j q_ij R_j / sum_k q_kj, q_ij = x_i w_ij - l_i w+_ij - h_i w-_ij (Montavon et al.
    2017, eq. 13 and 15). The sign of s everywhere; score units: the sum over pixels is s.

    The same models and costs as `LRP`. A layer that does not read the images themselves, because the model
    prepares them first, has the first rule.
    """

    low: float | Tensor | None = None
    """l, in the space of the model's input: a number, or what broadcasts to [N, C, H, W]. None: the least of each image's channel."""
    high: float | Tensor | None = None
    """h likewise. None: the greatest value of each image's channel."""

    @property
    def signed(self) -> bool:
        return True

    def explain(self, batch: Batch) -> Attribution:
        x = batch.images
        axes = tuple(range(2, x.ndim))
        low = x.amin(axes, keepdim=True).expand_as(x) if self.low is None else baselines(self.low, batch).to(x)
        high = x.amax(axes, keepdim=True).expand_as(x) if self.high is None else baselines(self.high, batch).to(x)
        R = _propagated(batch, Relevance(positive_rule, positive_rule, 1e-9), Box(low, high)).sum(2)
        # Where a box has no room, as that of a constant image, what is shared out is rounding errors.
        room = (high > low).flatten(1).any(1).reshape(-1, *(1,) * (R.ndim - 2))
        return attribution(batch, self, torch.where(room | R.isnan(), R, 0))


def _propagated(batch: Batch, relevance: Relevance, box: Box | None = None) -> Tensor:
    """R [T, N, C, *S] at the images."""
    x = batch.images.detach().requires_grad_()
    leaves = [x] if box is None else [x, box.low.detach().requires_grad_(), box.high.detach().requires_grad_()]
    with torch.enable_grad():
        inputs = x.clone()  # the model may change it in place
        relevance.starts_at(inputs, None if box is None else Box(*leaves[1:]))
        with relevance:
            output = batch.network(inputs)
        relevance.check(batch.network.module)
        scores = batch.targets.read(output, torch.arange(len(x), device=x.device)).float()
        gradients = gradients_of(scores, leaves)
    with torch.no_grad():
        return torch.stack([leaf.float() * G.float() for leaf, G in zip(leaves, gradients, strict=True)]).sum(0)
