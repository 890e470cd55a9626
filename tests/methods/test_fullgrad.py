"""Full-Grad: its terms add up to the score, and its maps are those of pytorch-grad-cam."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision
from pytorch_grad_cam import FullGrad as PeerFullGrad
from torch import nn

from tb_explain.methods import FullGrad
from tb_explain.methods.fullgrad import BiasTerms


def with_statistics(model: nn.Module) -> nn.Module:
    """Batch normalisations and biases as after training, not those that contribute nothing."""
    generator = torch.Generator().manual_seed(5)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            nn.init.normal_(module.bias, std=0.3, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
    return model.eval()


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    torch.manual_seed(0)
    return with_statistics(torchvision.models.resnet18(num_classes=10))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


class Functional(nn.Module):
    """Convolutions with and without bias, called as functions, one of them twice, with in-place additions and rectifiers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first = nn.Conv2d(3, 6, 3, padding=1)
        self.twice = nn.Conv2d(6, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.up = nn.ConvTranspose2d(6, 4, 2, 2)
        self.head = nn.Linear(4, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.first(images).relu_()
        y = nn.functional.conv2d(x, self.twice.weight, self.twice.bias, padding=1)
        y += x
        y = self.norm(self.twice(y.relu_())).relu_()
        return self.head(self.up(nn.functional.max_pool2d(y, 2)).relu().mean((2, 3)))


@pytest.mark.parametrize("name", ["resnet", "functional"])
def test_all_terms_add_up_to_the_score(name: str, resnet: nn.Module, images: torch.Tensor) -> None:
    model = resnet if name == "resnet" else with_statistics(Functional())
    head = model.fc if name == "resnet" else model.head
    terms: list[torch.Tensor] = []
    x = images.clone().requires_grad_()
    with BiasTerms(lambda term: terms.append(term.flatten(1).sum(1))):
        scores = model(x)[:, 3]
    (G,) = torch.autograd.grad(scores.sum(), x)
    total = (x * G).flatten(1).sum(1) + torch.stack(terms).sum(0) + head.bias[3]
    assert torch.allclose(total, scores, rtol=1e-4, atol=1e-4), (total, scores)
    assert len(terms) == (20 if name == "resnet" else 5)
    without = (x * G).flatten(1).sum(1) + head.bias[3]
    assert (without - scores).abs().min() > 0.01  # biases are no detail


def scaled(target: int, factor: float):
    return lambda output: factor * (output[..., target])


def normalised(maps: torch.Tensor) -> np.ndarray:
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return ((maps - low) / (high - low)).numpy()


def test_equals_pytorch_grad_cam(resnet: nn.Module, images: torch.Tensor) -> None:
    """It adds 1e-7 to what it divides by, so that its maps depend on the score's units: compared where that does not show."""
    factor = 1e6
    ours = FullGrad()(resnet, images, scaled(3, factor))
    with PeerFullGrad(resnet, []) as peer:
        theirs = peer(images, [scaled(3, factor)] * 2)
        at_small_scores = peer(images, [scaled(3, 1e-4)] * 2)
    assert np.abs(normalised(ours.maps) - theirs).max() <= 1e-5
    small = FullGrad()(resnet, images, scaled(3, 1e-4))
    assert np.abs(normalised(small.maps) - theirs).max() <= 1e-4
    assert np.abs(at_small_scores - theirs).max() > 1e-2


def test_several_targets_are_each_as_alone(resnet: nn.Module, images: torch.Tensor) -> None:
    both = FullGrad()(resnet, images, [[3, 1], [0, 2]])
    assert both.maps.shape == (2, 2, 64, 64)
    for column, targets in enumerate(([3, 0], [1, 2])):
        alone = FullGrad()(resnet, images, targets).maps
        assert ((both.maps[:, column] - alone).abs().max() / alone.max()).item() <= 1e-5


def test_a_map_is_counted_in_channels() -> None:
    """Two constant biases: no place is above another, and psi of a constant is 0; of the input, each channel is at most 1."""
    model = nn.Sequential(nn.Conv2d(2, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    found = FullGrad()(model, torch.tensor([[[[0.0, 1.0]], [[3.0, 0.0]]]]), 1)
    assert torch.allclose(found.maps, torch.ones(1, 1, 2), atol=1e-6)


def test_nothing_is_left_behind(resnet: nn.Module, images: torch.Tensor) -> None:
    FullGrad()(resnet, images)
    handle = resnet.layer4.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("out of order")))
    with pytest.raises(RuntimeError, match="out of order"):
        FullGrad()(resnet, images)
    handle.remove()
    assert torch.overrides._len_torch_function_stack() == 0
    assert not any(module._forward_hooks for module in resnet.modules())
