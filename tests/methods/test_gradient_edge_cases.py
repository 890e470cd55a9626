"""Each method that differentiates, on images, heads and targets out of the ordinary: finite maps, or an error that says why not."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn

from tb_explain.methods import (
    LRP,
    XRAI,
    Deconvnet,
    DeepTaylor,
    Explained,
    Flag,
    FullGrad,
    GuidedBackprop,
    GuidedGradCAM,
    InputXGradient,
    IntegratedGradients,
    Method,
    MultiLabel,
    Saliency,
    SmoothGrad,
    attribute,
)

METHODS: list[Method] = [
    Saliency(),
    InputXGradient("blur"),
    SmoothGrad(samples=2),
    IntegratedGradients(("mean", 0.0), steps=4),
    GuidedBackprop(),
    Deconvnet(),
    GuidedGradCAM("features"),
    FullGrad(),
    XRAI(steps=4),
    LRP(),
    LRP("zplus"),
    LRP("composite"),
    DeepTaylor(),
]
each_method = pytest.mark.parametrize("method", METHODS, ids=repr)


class Net(nn.Module):
    """Convolution, batch normalisation, rectifier, Linear; or a score for each class at each site."""

    def __init__(self, channels: int = 3, classes: int = 4, axes: int = 2, dense: bool = False) -> None:
        super().__init__()
        conv, norm = (nn.Conv2d, nn.BatchNorm2d) if axes == 2 else (nn.Conv3d, nn.BatchNorm3d)
        with torch.random.fork_rng():
            torch.manual_seed(6)
            self.features = nn.Sequential(
                conv(channels, 8, 3, 2, 1), norm(8), nn.ReLU(inplace=True), conv(8, 8, 3, 1, 1)
            )
            self.head = conv(8, classes, 1) if dense else nn.Linear(8, classes)
        self.dense = dense

    def forward(self, images: Tensor) -> Tensor:
        x = self.features(images).relu()
        return self.head(x if self.dense else x.flatten(2).mean(2))


def pictures(n: int = 2, channels: int = 3, size: tuple[int, ...] = (16, 12)) -> Tensor:
    return torch.rand(n, channels, *size, generator=torch.Generator().manual_seed(0))


def checked(method: Method, model: nn.Module, images: Tensor, targets: Any, shape: tuple[int, ...]) -> Explained:
    (found,) = attribute(model, images, [method], targets)
    assert found.maps.shape == shape
    assert found.flags.shape == shape[: -len(images.shape[2:])]
    assert found.maps.dtype == torch.float32
    assert found.maps.isfinite().all()
    return found


CASES: dict[str, tuple[nn.Module, Tensor, Any, tuple[int, ...]]] = {
    "one channel": (Net(1), pictures(channels=1), 1, (2, 16, 12)),
    "six channels": (Net(6), pictures(channels=6), 1, (2, 16, 12)),
    "a single logit": (Net(classes=1), pictures(), [0, 1], (2, 16, 12)),
    "labels": (Net(), pictures(), MultiLabel([[0, 3, 1]] * 2), (2, 3, 16, 12)),
    "several targets each": (Net(), pictures(), [[0, 3], [2, 1]], (2, 2, 16, 12)),
    "a target for each": (Net(), pictures(), [3, 0], (2, 16, 12)),
    "a callable": (Net(), pictures(), lambda output: output[:, 1] - output[:, 0], (2, 16, 12)),
    "one image, predicted": (Net(), pictures(1), None, (1, 16, 12)),
    "a segmentation": (Net(dense=True), pictures(), [1, 2], (2, 16, 12)),
}


@pytest.mark.parametrize("case", CASES)
@each_method
def test_inputs_heads_and_targets(method: Method, case: str) -> None:
    found = checked(method, *CASES[case])
    # Grad-CAM, and what is multiplied with it, is zero where nothing at the layer speaks for the target.
    assert isinstance(method, GuidedGradCAM) or not found.flags.any()
    assert torch.equal(found.flags != 0, (found.maps == 0).flatten(-2).all(-1))


@each_method
def test_the_two_classes_of_a_single_logit_are_opposites(method: Method) -> None:
    found = checked(method, Net(classes=1), pictures(), [[0, 1]] * 2, (2, 2, 16, 12))
    negative, positive = found.maps.unbind(1)
    if isinstance(method, (LRP, InputXGradient, IntegratedGradients)):
        assert torch.allclose(negative, -positive, rtol=1e-4, atol=1e-7)
    elif isinstance(method, (Saliency, SmoothGrad, FullGrad)):
        assert torch.allclose(negative, positive, rtol=1e-4, atol=1e-7)
    else:
        assert not torch.allclose(negative, positive)


@each_method
def test_a_constant_image(method: Method) -> None:
    images = torch.full((2, 3, 16, 12), 0.5)
    images[1] = pictures(1)[0]
    found = checked(method, Net(), images, 1, (2, 16, 12))
    alone = checked(method, Net(), images[1:], 1, (1, 16, 12))
    assert torch.allclose(found.maps[1:], alone.maps, rtol=1e-3, atol=1e-6)
    if isinstance(method, XRAI):
        assert found.flags[0] == Flag.ONE_SEGMENT | Flag.ALL_ZERO
    elif isinstance(method, DeepTaylor):  # whose default box has no room
        assert found.flags[0] == Flag.ALL_ZERO


@each_method
def test_a_pixel_that_is_not_a_number(method: Method) -> None:
    images = pictures()
    images[0, 1, 3, 4] = torch.nan
    found = checked(method, Net(), images, 1, (2, 16, 12))
    assert found.flags[0] & Flag.NOT_FINITE
    assert found.flags[1] == 0
    assert torch.allclose(
        found.maps[1], checked(method, Net(), images[1:], 1, (1, 16, 12)).maps[0], rtol=1e-3, atol=1e-6
    )


@each_method
def test_weights_that_are_not_numbers(method: Method) -> None:
    model = copy.deepcopy(Net())
    model.head.weight.data.fill_(torch.nan)
    found = checked(method, model, pictures(), 1, (2, 16, 12))
    assert (found.flags & Flag.NOT_FINITE != 0).all()


@each_method
def test_voxels(method: Method) -> None:
    model, voxels = Net(1, axes=3), pictures(channels=1, size=(8, 6, 10))
    if isinstance(method, XRAI):
        with pytest.raises(ValueError, match="XRAI cuts images"):
            attribute(model, voxels, [method], 1)
    else:
        checked(method, model, voxels, 1, (2, 8, 6, 10))


@each_method
def test_a_bfloat16_model(method: Method) -> None:
    images = pictures()
    exact = checked(method, Net(), images, 1, (2, 16, 12)).maps
    found = checked(method, Net().bfloat16(), images, 1, (2, 16, 12)).maps
    if not isinstance(
        method, (XRAI, FullGrad, LRP, DeepTaylor)
    ):  # where a small difference may put a region first, or a unit out
        assert ((found - exact).abs().max() / exact.abs().max()).item() <= 0.1


@each_method
def test_under_autocast(method: Method) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        checked(method, Net(), pictures(), 1, (2, 16, 12))


@each_method
def test_a_vision_transformer(method: Method) -> None:
    torch.manual_seed(0)
    model = torchvision.models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=4)
    nn.init.normal_(model.heads.head.weight)
    images = pictures(size=(32, 32))
    if isinstance(method, GuidedGradCAM):
        method = GuidedGradCAM()
    if isinstance(method, (GuidedBackprop, Deconvnet, GuidedGradCAM)):
        with pytest.raises(ValueError, match=r"defined for rectifiers .* the model uses GELU, attention"):
            attribute(model, images, [method], 1)
    elif isinstance(method, (LRP, DeepTaylor)):
        with pytest.raises(ValueError, match="no rule for relevance through layer_norm, multi_head_attention_forward"):
            attribute(model, images, [method], 1)
    else:
        found = checked(method, model, images, 1, (2, 32, 32))
        assert not found.flags.any()


@each_method
def test_a_training_run_is_not_disturbed(method: Method) -> None:
    model = Net().train()
    model(pictures()).sum().backward()
    state = copy.deepcopy(model.state_dict())
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    images, random_state = pictures(), torch.get_rng_state()
    before = images.clone()
    with torch.no_grad():
        checked(method, model, images, 1, (2, 16, 12))
    assert torch.equal(images, before)
    assert images.grad is None
    assert not images.requires_grad
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, gradient) for p, gradient in zip(model.parameters(), gradients, strict=True))
    assert torch.overrides._len_torch_function_stack() == 0
