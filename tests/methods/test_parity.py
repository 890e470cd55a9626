"""The CAM family against captum and pytorch-grad-cam on torchvision's networks, with random weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM as PeerGradCAM
from pytorch_grad_cam import HiResCAM as PeerHiResCAM
from pytorch_grad_cam import LayerCAM as PeerLayerCAM
from pytorch_grad_cam import XGradCAM as PeerXGradCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

from tb_explain.methods import GradCAM, HiResCAM, LayerCAM, XGradCAM, attribute

TOLERANCE = 1e-5

# Layers where both peers are right: nothing in-place follows before the next layer has read them.
NETWORKS = {
    "resnet18": ("layer4", 224),
    "vgg16": ("features.30", 224),
    "densenet121": ("features.denseblock4", 224),
    "efficientnet_b0": ("features", 224),
    "mobilenet_v3_large": ("features", 224),
    "inception_v3": ("Mixed_7c", 299),
}


def network(name: str, size: int, batch: int = 2) -> tuple[torch.nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    arguments = {"init_weights": True, "aux_logits": True} if name == "inception_v3" else {}
    model = torchvision.models.get_model(name, weights=None, **arguments).eval()
    return model, torch.randn(batch, 3, size, size)


def normalised(maps: torch.Tensor) -> torch.Tensor:
    flat = maps.flatten(1)
    low, high = flat.min(1).values[:, None, None], flat.max(1).values[:, None, None]
    return (maps - low) / (high - low)


def as_pytorch_grad_cam_scales(maps: torch.Tensor, size: int) -> np.ndarray:
    return scale_cam_image(np.maximum(scale_cam_image(maps.numpy(), (size, size)), 0))


@pytest.mark.parametrize("name", NETWORKS)
def test_grad_cam_equals_captum_and_pytorch_grad_cam(name: str) -> None:
    layer, size = NETWORKS[name]
    model, images = network(name, size)
    # Of the first classes those with the strongest maps: with random weights some are zero after the ReLU.
    strength = GradCAM(layer)(model, images, torch.arange(20).expand(2, 20)).maps.flatten(2).amax(2)
    targets = strength.argmax(1).tolist()
    assert strength.amax(1).min() > 0
    signed, ours = (
        result.maps for result in attribute(model, images, [GradCAM(layer, relu=False), GradCAM(layer)], targets)
    )
    module = model.get_submodule(layer)
    captum = LayerGradCam(model, module).attribute(images, targets)[:, 0].detach()
    assert signed.shape == captum.shape
    difference = (normalised(signed) - normalised(captum)).abs().max().item()
    assert difference <= TOLERANCE, f"captum: {difference:.2e}"
    with PeerGradCAM(model, [module]) as cam:
        peer = cam(images, [ClassifierOutputTarget(target) for target in targets])
    difference = np.abs(as_pytorch_grad_cam_scales(ours, size) - peer).max()
    assert difference <= TOLERANCE, f"pytorch-grad-cam: {difference:.2e}"


@pytest.mark.parametrize(
    ("ours", "peer"), [(LayerCAM, PeerLayerCAM), (HiResCAM, PeerHiResCAM), (XGradCAM, PeerXGradCAM)]
)
def test_other_cams_equal_pytorch_grad_cam(ours: type, peer: type) -> None:
    model, images = network("resnet18", 224)
    mine = ours("layer3")(model, images, [3, 700]).maps
    with peer(model, [model.layer3]) as cam:
        theirs = cam(images, [ClassifierOutputTarget(3), ClassifierOutputTarget(700)])
    difference = np.abs(as_pytorch_grad_cam_scales(mine, 224) - theirs).max()
    assert difference <= TOLERANCE, f"{difference:.2e}"


def without_inplace(model: torch.nn.Module) -> torch.nn.Module:
    for module in model.modules():
        if hasattr(module, "inplace"):
            module.inplace = False
    return model


class LastDenseNet(torch.nn.Module):
    """torchvision's DenseNet with the in-place ReLU of its forward written out-of-place."""

    def __init__(self, model: torchvision.models.DenseNet) -> None:
        super().__init__()
        self.features, self.classifier = model.features, model.classifier

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.relu(self.features(images)).mean((2, 3)))


@pytest.mark.parametrize(
    ("name", "layer"), [("densenet121", "features.norm5"), ("resnet18", "layer4.1.bn2"), ("vgg16", "features.28")]
)
def test_an_in_place_operation_behind_the_layer_does_not_change_the_map(name: str, layer: str) -> None:
    """pytorch-grad-cam is wrong here: it keeps the tensor that the next operation overwrites."""
    model, images = network(name, 224, batch=1)
    methods = [GradCAM(layer, relu=False), LayerCAM(layer), XGradCAM(layer, relu=False)]
    ours = attribute(model, images, methods, 5)
    truth_model = without_inplace(LastDenseNet(model) if name == "densenet121" else model)
    if name == "resnet18":
        # `out += identity` is in torchvision's block itself.
        block = truth_model.layer4[1]
        block.forward = lambda x: torch.relu(block.bn2(block.conv2(torch.relu(block.bn1(block.conv1(x))))) + x)
    module = truth_model.get_submodule(layer)
    truth = LayerGradCam(truth_model, module).attribute(images, 5)[:, 0].detach()
    difference = ((ours[0].maps - truth).abs().max() / truth.abs().max()).item()
    assert difference <= TOLERANCE, f"{difference:.2e}"
    for mine, right in zip(ours, attribute(truth_model, images, methods, 5), strict=True):
        assert ((mine.maps - right.maps).abs().max() / right.maps.abs().max()).item() <= TOLERANCE
