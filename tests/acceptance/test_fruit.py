"""What maps of a network that knows eight fruits must show: where the fruit is, and which one is asked for."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from fruit_pictures import Pairs, fruit8, fruit_pairs
from torch import Tensor, nn

from tb_explain.methods import (
    CAM,
    AblationCAM,
    EigenCAM,
    GradCAM,
    GuidedBackprop,
    GuidedGradCAM,
    HiResCAM,
    LayerCAM,
    Occlusion,
    Saliency,
    XGradCAM,
    attribute,
)


class Seen(NamedTuple):
    """Pictures whose fruit the network recognises."""

    images: Tensor
    labels: Tensor
    masks: Tensor


@pytest.fixture(scope="session")
def seen(fruit8_model: nn.Module) -> Seen:
    fruits = fruit8(60, seed=7)
    with torch.no_grad():
        right = fruit8_model(fruits.images).softmax(1).gather(1, fruits.labels[:, None])[:, 0] > 0.5
    return Seen(*(part[right][:12] for part in fruits))


def test_cams_agree_behind_average_pooling(fruit8_model: nn.Module, seen: Seen) -> None:
    """Where one Linear follows the pooling, P Grad-CAM = CAM, and HiResCAM = XGrad-CAM = Grad-CAM."""
    methods = [CAM(relu=False), GradCAM(relu=False), HiResCAM(relu=False), XGradCAM(relu=False)]
    cam, grad, hires, x_grad = (result.maps for result in attribute(fruit8_model, seen.images, methods, seen.labels))
    sites = cam.shape[1] * cam.shape[2]
    for name, other in (("CAM", cam / sites), ("HiResCAM", hires), ("XGrad-CAM", x_grad)):
        difference = ((other - grad).abs().max() / grad.abs().max()).item()
        assert difference <= 1e-5, f"{name}: {difference:.1e}"


@pytest.fixture(scope="module")
def pairs(fruit8_model: nn.Module) -> Pairs:
    return fruit_pairs(24, seed=11)


def own_shares(maps: Tensor, pairs: Pairs) -> Tensor:
    """[N, T]: of what is above zero in a class's map and on one of both fruits, the share on its own."""
    shown = nn.functional.interpolate(maps.clamp(min=0), pairs.images.shape[2:], mode="bilinear")
    on = torch.einsum("nthw,nfhw->ntf", shown, pairs.masks.float())
    return on.diagonal(dim1=1, dim2=2) / on.sum(2)


def test_of_two_fruits_the_one_asked_for_is_shown(fruit8_model: nn.Module, pairs: Pairs) -> None:
    """Grad-CAM separates them, Guided Backprop little, Eigen-CAM, which knows no class, not at all."""
    methods = [GradCAM(), LayerCAM(), GuidedBackprop(), GuidedGradCAM(), EigenCAM()]
    results = attribute(fruit8_model, pairs.images, methods, pairs.labels)
    grad_cam, layer_cam, guided, guided_cam, eigen = (own_shares(one.maps, pairs).nanmean().item() for one in results)
    shares = f"{grad_cam:.3f} {layer_cam:.3f} {guided:.3f} {guided_cam:.3f} {eigen:.3f}"
    assert grad_cam >= 0.9 and guided_cam >= 0.9, shares
    assert 0.35 <= eigen <= 0.65, shares
    assert guided < layer_cam + 0.1 < grad_cam, shares
    highest = results[0].maps.flatten(2).argmax(2) % results[0].maps.shape[-1]
    own_half = (highest >= results[0].maps.shape[-1] // 2).long() == torch.arange(2)
    assert own_half.float().mean() >= 0.95, own_half.float().mean()


def test_a_trained_network_is_left_as_it_was(fruit8_model: nn.Module, seen: Seen) -> None:
    """Its rectifiers work in place and it has statistics: what is read before one is not what it leaves, and nothing is updated."""
    fruit8_model.train()
    fruit8_model.features[1].eval()  # a part that its owner keeps frozen
    modes = [module.training for module in fruit8_model.modules()]
    state = {name: tensor.clone() for name, tensor in fruit8_model.state_dict().items()}
    methods = [GradCAM("features.3.1", relu=False), AblationCAM(), Saliency(), GuidedBackprop(), Occlusion(sizes=24)]
    activations = []
    hook = fruit8_model.features[3][1].register_forward_hook(
        lambda _module, _given, output: activations.append(output.clone())
    )
    results = attribute(fruit8_model, seen.images, methods, seen.labels)
    hook.remove()
    assert activations[0].min() < 0 and results[0].maps.min() < 0
    assert modes == [module.training for module in fruit8_model.modules()]
    for name, tensor in fruit8_model.state_dict().items():
        assert torch.equal(tensor, state[name]), name
    assert all(parameter.grad is None for parameter in fruit8_model.parameters())
    fruit8_model.eval()
