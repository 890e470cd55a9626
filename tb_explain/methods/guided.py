"""Gradients whose backward pass lets through only what speaks for the target: guided backpropagation and its relatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tb_explain.methods.batch import Batch
from tb_explain.methods.gradients import attribution, largest
from tb_explain.methods.layers import resized
from tb_explain.methods.method import AtLayer, ImageMethod, LayerMethod
from tb_explain.methods.rectifiers import Rule
from tb_explain.methods.results import Attribution


@dataclass(frozen=True)
class GuidedBackprop(ImageMethod):
    """M(u) = max_c |g_c(u)|, g the gradient of the logit with respect to the image when each rectifier hands back max(g, 0) where
    its input was above 0 (Springenberg et al. 2015, section 3.4). Not signed; score units per unit of input.

    For networks of rectifiers: ReLU, ReLU6, Hardtanh, LeakyReLU, PReLU, thresholds, as modules, functions, in-place or shared.
    Raises ValueError for a model with GELU, SiLU or attention, or without a rectifier. It shows edges that the network
    sees more than what speaks for a class: with another last layer the map stays nearly the same (Adebayo et al. 2018).
    Costs one backward pass a target beside the pass that all methods share.
    """

    input_gradients: ClassVar[Rule | None] = "guided"

    def explain(self, batch: Batch) -> Attribution:
        g = batch.input_gradients["guided"].float()
        return attribution(batch, self, largest(g), g)


@dataclass(frozen=True)
class Deconvnet(ImageMethod):
    """M(u) = max_c |g_c(u)|, g the gradient of the logit with respect to the image when each rectifier hands back max(g, 0),
    whatever its input was (Zeiler & Fergus 2014, section 2.1). Not signed; score units per unit of input.

    The same models, costs and caveat as `GuidedBackprop`.
    """

    input_gradients: ClassVar[Rule | None] = "deconvnet"

    def explain(self, batch: Batch) -> Attribution:
        g = batch.input_gradients["deconvnet"].float()
        return attribution(batch, self, largest(g), g)


@dataclass(frozen=True)
class GuidedGradCAM(LayerMethod):
    """M(u) = max_c |g_c(u)| L(u), g as in `GuidedBackprop` and L = Grad-CAM at the layer, in its own units, brought bilinearly to
    the size of the image (Selvaraju et al. 2017, section 3.1). Not signed.

    The same models as `GuidedBackprop`. Costs two backward passes a target, one of them down to the layer only, beside the
    pass that all methods share.
    """

    input_gradients: ClassVar[Rule | None] = "guided"

    def maps(self, at: AtLayer) -> Tensor:
        g = at.input_gradients("guided").float()
        w = at.G.flatten(2).mean(2)
        L = torch.einsum("nc,nc...->n...", w, at.A).relu()
        return g.abs().amax(1) * resized(L[:, None], at.batch.size)[:, 0]
