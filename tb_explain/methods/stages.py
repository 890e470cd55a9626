"""The layers that stand for a network when its user names none."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.loader import labelled
from tb_explain.methods.network import undisturbed
from tb_explain.methods.targets import Targets, outputs_of


def stages(model: nn.Module, data: Any, targets: Targets) -> list[str]:
    """Dotted names of a bare model's stages, first to last, its output not among them; found by a pass over one image of the data.

    `targets` say which output of several it is.
    """
    from tb_explain.methods.features import same_draws
    from tb_explain.methods.feedback.path import default_layers

    with undisturbed(model) as network, torch.no_grad(), same_draws(data):
        images, _ = next(labelled(torch.split(data, 1) if isinstance(data, Tensor) else data))
        return default_layers(network, images[:1].to(network.device, network.dtype), outputs_of(targets))
