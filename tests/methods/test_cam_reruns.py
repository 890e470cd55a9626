"""CAMs that run the model again, against closed forms, hand-written loops and the published packages."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from pytorch_grad_cam import AblationCAM as PeerAblationCAM
from pytorch_grad_cam import FinerCAM as PeerFinerCAM
from pytorch_grad_cam import GradCAMElementWise as PeerGradCAMElementWise
from pytorch_grad_cam import ScoreCAM as PeerScoreCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torchcam.methods import ScoreCAM as TorchCamScoreCAM

from tb_explain.methods import (
    AblationCAM,
    FinerCAM,
    GradCAM,
    GradCAMElementWise,
    GradCAMPlusPlus,
    ScoreCAM,
    SmoothGradCAMPlusPlus,
    attribute,
)
from tb_explain.methods.network import undisturbed
from tb_explain.methods.tail import tail

TOLERANCE = 1e-5


class Small(nn.Module):
    """Convolutions at the input's resolution, so that no package's way of resizing masks matters."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 5, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(5, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 9, 4))
        nn.init.uniform_(self.features[0].bias, 0.1, 0.5)  # no channel is dead
        nn.init.uniform_(self.features[2].bias, 0.1, 0.5)
        self.runs: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.runs.append(len(images))
        return self.head(self.features(images))


@pytest.fixture
def model() -> Small:
    return Small().eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 3, 10, 10, generator=torch.Generator().manual_seed(0))


def close(ours: torch.Tensor, truth: torch.Tensor | np.ndarray, tolerance: float = TOLERANCE) -> None:
    truth = torch.as_tensor(truth)
    assert ours.shape == truth.shape
    assert truth.abs().max() > 0
    difference = ((ours - truth).abs().max() / truth.abs().max()).item()
    assert difference <= tolerance, f"{difference:.2e}"


def peer_map(peer: Callable[..., Any], model: nn.Module, layer: nn.Module, images: torch.Tensor, target: int) -> Any:
    with peer(model, [layer]) as cam:
        return cam(images, [ClassifierOutputTarget(target)] * len(images))


def as_peer_scales(maps: torch.Tensor, size: int) -> np.ndarray:
    return scale_cam_image(scale_cam_image(maps.numpy(), (size, size)))


def test_score_cam_is_its_formula(model: Small, images: torch.Tensor) -> None:
    A = model.features(images).detach()
    low, high = A.amin((2, 3), keepdim=True), A.amax((2, 3), keepdim=True)
    masks = (A - low) / (high - low)
    truth = []
    for image, mask, activation in zip(images, masks, A, strict=True):
        w = model(image * mask[:, None])[:, 2].softmax(0)
        truth.append(torch.einsum("c,chw->hw", w, activation))
    close(ScoreCAM("features")(model, images, 2).maps, torch.stack(truth).detach())


@pytest.mark.parametrize("target", [0, 1, 2, 3])
def test_score_cam_equals_pytorch_grad_cam_and_torch_cam(model: Small, images: torch.Tensor, target: int) -> None:
    ours = ScoreCAM("features")(model, images, target).maps
    theirs = peer_map(PeerScoreCAM, model, model.features, images, target)
    assert np.abs(as_peer_scales(ours, 10) - theirs).max() <= TOLERANCE
    with TorchCamScoreCAM(model, "features") as extractor, torch.no_grad():
        out = model(images)
        (other,) = extractor([target] * 3, out, normalized=False)
    close(ours, other)


def test_score_cam_runs_once_a_channel_and_leaves_constant_channels_out(images: torch.Tensor) -> None:
    model = Small().eval()
    with torch.no_grad():
        model.features[2].weight[1] = 0
        model.features[2].bias[1] = 2  # the same everywhere
    model.runs.clear()
    found = ScoreCAM("features")(model, images[:1], 2)
    assert sum(model.runs) == 1 + 4, "the image, and the four channels that vary"
    A = model.features(images[:1])[0].detach()
    keep = [0, 2, 3, 4]
    masks = (A[keep] - A[keep].amin((1, 2), keepdim=True)) / (A[keep].amax((1, 2)) - A[keep].amin((1, 2)))[
        :, None, None
    ]
    w = model(images[:1] * masks[:, None])[:, 2].softmax(0)
    close(found.maps[0], torch.einsum("c,chw->hw", w, A[keep]).detach())


def test_ablation_cam_is_its_formula(model: Small, images: torch.Tensor) -> None:
    A = model.features(images).detach()
    y = model.head(A)[:, 1]
    w = []
    for k in range(5):
        without = A.clone()
        without[:, k] = 0
        w.append((y - model.head(without)[:, 1]) / y.abs())
    truth = torch.einsum("cn,nchw->nhw", torch.stack(w), A).detach()
    close(AblationCAM("features", relu=False)(model, images, 1).maps, truth)
    assert torch.equal(
        AblationCAM("features")(model, images, 1).maps,
        AblationCAM("features", relu=False)(model, images, 1).maps.relu(),
    )


@pytest.mark.slow
def test_ablation_cam_equals_pytorch_grad_cam_on_a_resnet() -> None:
    torch.manual_seed(0)
    model = torchvision.models.resnet18(weights=None, num_classes=10).eval()
    images = torch.randn(1, 3, 64, 64)
    target = int(model(images).argmax())  # a positive score, by which they divide
    ours = AblationCAM("layer4")(model, images, target).maps
    theirs = peer_map(PeerAblationCAM, model, model.layer4, images, target)
    assert np.abs(as_peer_scales(ours, 64) - theirs).max() <= 1e-4, "weights are differences of float32 scores"


def test_a_negative_score_does_not_turn_ablation_cam_round(model: Small, images: torch.Tensor) -> None:
    """pytorch-grad-cam divides by the score with its sign, so that its map then shows what speaks against the class."""
    with torch.no_grad():
        model.head[-1].bias -= 100
    shifted = AblationCAM("features", relu=False)(model, images[:1], 1).maps
    with torch.no_grad():
        model.head[-1].bias += 100
    before = AblationCAM("features", relu=False)(model, images[:1], 1).maps
    agreement = torch.corrcoef(torch.stack([shifted.flatten(), before.flatten()]))[0, 1]
    assert agreement > 0.999
    with torch.no_grad():
        model.head[-1].bias -= 100
    theirs = peer_map(PeerAblationCAM, model, model.features, images[:1], 1)
    assert np.corrcoef(theirs.ravel(), before.numpy().ravel())[0, 1] < 0


@pytest.mark.parametrize("method", [ScoreCAM, AblationCAM])
def test_a_part_of_the_channels(method: type, model: Small, images: torch.Tensor) -> None:
    whole = method("features", relu=False)(model, images, 1).maps
    close(method("features", channels=5, relu=False)(model, images, 1).maps, whole)
    model.runs.clear()
    part = method("features", channels=2, relu=False)(model, images, 1).maps
    assert not torch.allclose(part, whole)
    with pytest.raises(ValueError, match="channels must be 1 or more, or None for all; got 0"):
        method("features", channels=0)(model, images, 1)


@pytest.mark.parametrize("method", [ScoreCAM("features"), AblationCAM("features"), SmoothGradCAMPlusPlus("features")])
def test_several_targets_equal_single_ones(method: Any, model: Small, images: torch.Tensor) -> None:
    together = method(model, images, [[0, 2], [1, 3], [2, 0]]).maps
    for i, targets in enumerate(([0, 1, 2], [2, 3, 0])):
        assert torch.allclose(together[:, i], method(model, images, targets).maps, rtol=1e-4, atol=1e-7)


def test_smooth_grad_cam_plus_plus_without_noise_is_grad_cam_plus_plus(model: Small, images: torch.Tensor) -> None:
    plain = GradCAMPlusPlus("features", relu=False)(model, images, 1).maps
    close(SmoothGradCAMPlusPlus("features", samples=2, noise=0.0, relu=False)(model, images, 1).maps, plain)


def test_smooth_grad_cam_plus_plus_is_its_formula(model: Small, images: torch.Tensor) -> None:
    """torch-cam takes activation and first power from the last noisy copy alone, and multiplies G³ by A where the paper has sum A."""
    method = SmoothGradCAMPlusPlus("features", samples=5, noise=0.2, seed=7, relu=False)
    generator = torch.Generator().manual_seed(7)
    sigma = 0.2 * (images.flatten(1).amax(1) - images.flatten(1).amin(1))[:, None, None, None]
    gradients = []
    for _ in range(5):
        noisy = images + sigma * torch.randn(images.shape[1:], generator=generator)
        A = model.features(noisy).detach().requires_grad_()
        gradients.append(torch.autograd.grad(model.head(A)[:, 1].sum(), A)[0].double())
    G = torch.stack(gradients)
    A = model.features(images).detach().double()
    second, third = (G**2).mean(0), (G**3).mean(0)
    a = torch.where(second > 0, second / (2 * second + third * A.sum((2, 3), keepdim=True)), 0)
    w = (a * G.mean(0).relu()).sum((2, 3))
    close(method(model, images, 1).maps.double(), torch.einsum("nc,nchw->nhw", w, A))
    again = method(model, images, 1).maps
    assert torch.equal(again, method(model, images, 1).maps)
    assert not torch.equal(again, SmoothGradCAMPlusPlus("features", 5, 0.2, 8, relu=False)(model, images, 1).maps)


def test_element_wise_grad_cam_equals_pytorch_grad_cam(model: Small, images: torch.Tensor) -> None:
    ours = GradCAMElementWise("features")(model, images, 1).maps
    theirs = peer_map(PeerGradCAMElementWise, model, model.features, images, 1)
    assert np.abs(as_peer_scales(ours, 10) - theirs).max() <= TOLERANCE


def test_finer_cam_equals_pytorch_grad_cam(model: Small, images: torch.Tensor) -> None:
    ours, plain = (r.maps for r in attribute(model, images, [FinerCAM("features"), GradCAM("features")]))
    cam = PeerFinerCAM(model, [model.features])
    assert np.abs(as_peer_scales(ours, 10) - cam(images)).max() <= TOLERANCE
    assert not torch.allclose(ours, plain)
    weak = FinerCAM("features", strength=0.0)(model, images)
    # Without strength what is left is the target's own score, but for the 1e-9 in the denominator.
    close(weak.maps, plain, 1e-4)


def test_finer_cam_wants_classes(model: Small, images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"FinerCAM compares classes: it needs scores \[N, classes\]"):
        FinerCAM("features")(model, images, lambda output: output[:, 0])


# --- the tail of a model ----------------------------------------------------------------------------------------------


def counted(model: nn.Module) -> dict[str, int]:
    """How often each module's `forward` ran, from now on."""
    counts: dict[str, int] = {}
    for name, module in model.named_modules():
        original = module.forward

        def forward(*args: Any, _name: str = name, _original: Any = original, **kwargs: Any) -> Any:
            counts[_name] = counts.get(_name, 0) + 1
            return _original(*args, **kwargs)

        module.forward = forward
    return counts


@pytest.mark.parametrize(
    ("name", "layer", "skipped"),
    [
        ("resnet18", "layer4", ["conv1", "layer1.0.conv1", "layer3.1.conv2", "layer4.0.conv1"]),
        ("resnet18", "layer3.0.bn2", ["conv1", "layer2.1.conv2", "layer3.0.conv1"]),
        ("densenet121", "features.denseblock3", ["features.conv0", "features.denseblock2"]),
        ("vgg11", "features.10", ["features.0", "features.8"]),
        ("mobilenet_v3_small", "features.7", ["features.0", "features.6"]),
        ("swin_t", "features.3", ["features.0", "features.2"]),
        ("vit_b_32", "encoder.layers.encoder_layer_7", ["conv_proj", "encoder.layers.encoder_layer_6"]),
        ("googlenet", "inception4c", ["conv1", "inception4b"]),
    ],
)
def test_only_what_follows_a_layer_runs_again(name: str, layer: str, skipped: list[str]) -> None:
    torch.manual_seed(0)
    arguments = {"init_weights": False} if name == "googlenet" else {}
    size = 224 if name == "vit_b_32" else 64
    model = torchvision.models.get_model(name, weights=None, num_classes=5, **arguments).eval()
    if name == "vit_b_32":
        nn.init.normal_(model.heads.head.weight)
    image = torch.randn(1, 3, size, size)
    captured: list[torch.Tensor] = []
    handle = model.get_submodule(layer).register_forward_hook(lambda _m, _a, output: captured.append(output.clone()))
    with torch.no_grad():
        model(image)
    handle.remove()
    noise = captured[0].std() * torch.randn(captured[0].shape)
    changed = torch.cat([captured[0], captured[0] + noise, captured[0].roll(1, 1)])
    handle = model.get_submodule(layer).register_forward_hook(lambda _m, _a, _output: changed.clone())
    with torch.no_grad():
        truth = model(image.expand(3, -1, -1, -1))
    handle.remove()
    counts = counted(model)
    with undisturbed(model) as network, tail(network, image, layer) as run:
        counts.clear()
        ours = run(changed.clone())
    assert not [module for module in skipped if counts.get(module)], counts
    close(ours, truth, 1e-4)
    assert not torch.allclose(truth[0], truth[1], rtol=1e-3, atol=0)


class Outside(nn.Module):
    """Computes much outside of its modules: in place on what a module gave, and from the image once more."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.shared = nn.ReLU()
        self.fc = nn.Linear(4, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.first(images)
        x += images.mean(1, keepdim=True)
        x = self.shared(x)
        y = self.shared(self.second(x).add_(x))
        return self.fc((y * F.softplus(images).mean(1, keepdim=True)).mean((2, 3)))


def ablated_at_last(
    kept: list[torch.Tensor], call: int, _module: nn.Module, _args: Any, output: torch.Tensor
) -> torch.Tensor:
    """Of five copies the first is left alone, and each other one loses a channel, at the module's `call`th call."""
    kept.append(output.clone())
    if len(kept) < call:
        return output
    mask = torch.ones(5, 4, 1, 1)
    mask[torch.arange(1, 5), torch.arange(4)] = 0
    return output * mask


@pytest.mark.parametrize("layer", ["first", "second", "shared"])
def test_a_model_that_computes_outside_of_its_modules_is_run_right(layer: str, images: torch.Tensor) -> None:
    model = Outside()
    found = AblationCAM(layer, relu=False)(model, images, 1).maps
    truth = []
    for image in images:
        with undisturbed(model) as network:
            kept: list[torch.Tensor] = []
            exchange = partial(ablated_at_last, kept, 2 if layer == "shared" else 1)
            handle = model.get_submodule(layer).register_forward_hook(exchange)
            with torch.no_grad():
                scores = network(image.expand(5, -1, -1, -1))[:, 1]
            handle.remove()
        w = (scores[0] - scores[1:]) / scores[0].abs()
        truth.append(torch.einsum("c,chw->hw", w, kept[-1][0]))
    close(found, torch.stack(truth), 1e-4)
    assert not any("forward" in module.__dict__ for module in model.modules())


class InPlace(nn.Module):
    """Begins by writing into its images."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.model(images.sub_(0.5).mul_(2))


def test_a_model_that_changes_its_images_in_place_leaves_the_callers_alone(model: Small, images: torch.Tensor) -> None:
    before = images.clone()
    found = AblationCAM("model.features", relu=False)(InPlace(model), images, 1).maps
    assert torch.equal(images, before)
    close(found, AblationCAM("features", relu=False)(model, (images - 0.5) * 2, 1).maps)


@pytest.mark.parametrize("in_place", [False, True])
def test_hooks_of_a_layer_run_once(model: Small, images: torch.Tensor, in_place: bool) -> None:
    """Such as the masks of interpretable filters."""

    def squared(_module: nn.Module, _args: Any, output: torch.Tensor) -> torch.Tensor:
        return output.square_() if in_place else output**2

    class Square(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x**2

    plain = Small().eval()
    plain.load_state_dict(model.state_dict())
    plain.features[1] = nn.Sequential(nn.ReLU(), Square())
    model.features[1].register_forward_hook(squared)
    found = AblationCAM("features.1", relu=False)(model, images, 1).maps
    close(found, AblationCAM("features.1", relu=False)(plain, images, 1).maps)


def test_an_exception_in_the_tail_leaves_no_trace(model: Small, images: torch.Tensor) -> None:
    model.train()
    calls = 0

    def fail(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise RuntimeError("out of order")

    handle = model.head.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="out of order"):
        AblationCAM("features")(model, images, 1)
    handle.remove()
    assert all(module.training for module in model.modules())
    assert not any("forward" in module.__dict__ for module in model.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_models_own_forward_attribute_is_put_back(model: Small, images: torch.Tensor) -> None:
    original = model.features[0].forward
    model.features[0].forward = lambda x: original(x)  # as accelerate wraps modules
    mine = model.features[0].forward
    found = AblationCAM("features", relu=False)(model, images, 1).maps
    assert model.features[0].forward is mine
    del model.features[0].forward
    close(found, AblationCAM("features", relu=False)(model, images, 1).maps)
