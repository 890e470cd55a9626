"""Gradient methods against closed forms and captum."""

from __future__ import annotations

import captum.attr
import pytest
import torch
import torchvision
from torch import nn

from tb_explain.methods import (
    Flag,
    GradCAM,
    InputXGradient,
    IntegratedGradients,
    Method,
    MultiLabel,
    Saliency,
    SmoothGrad,
    attribute,
)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.resnet18(num_classes=10).eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(3, 3, 64, 48, generator=torch.Generator().manual_seed(0))


def linear(channels: int = 3, size: tuple[int, int] = (8, 6), classes: int = 4) -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size[0] * size[1], classes))


@pytest.fixture
def curved() -> nn.Sequential:
    """A small network whose gradient depends much on where it is taken."""
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.Tanh(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 8 * 6, 4)
    )


def difference(ours: torch.Tensor, truth: torch.Tensor) -> float:
    assert ours.shape == truth.shape
    return ((ours - truth).abs().max() / truth.abs().max()).item()


def test_of_a_linear_model_all_is_known() -> None:
    model, x = linear(), torch.randn(2, 3, 8, 6)
    w = model[1].weight.detach()[[2, 0]].reshape(2, 3, 8, 6)
    b = torch.randn(2, 3, 1, 1)
    found = attribute(
        model,
        x,
        [Saliency(), InputXGradient(), InputXGradient(b), SmoothGrad(samples=3), IntegratedGradients(b, steps=2)],
        [2, 0],
    )
    truth = [w.abs().amax(1), (w * x).sum(1), (w * (x - b)).sum(1), w.abs().amax(1), (w * (x - b)).sum(1)]
    for result, right in zip(found, truth, strict=True):
        assert difference(result.maps, right) <= 1e-5, result.method
        assert not result.flags.any()
    assert found[4].completeness is not None and found[4].completeness.max() <= 1e-5
    assert [result.signed for result in found] == [False, True, True, False, True]


def test_saliency_equals_captum(network: nn.Module, images: torch.Tensor) -> None:
    theirs = captum.attr.Saliency(network).attribute(images, [1, 2, 3]).amax(1)
    assert difference(Saliency()(network, images, [1, 2, 3]).maps, theirs) <= 1e-5


def test_input_x_gradient_equals_captum(network: nn.Module, images: torch.Tensor) -> None:
    theirs = captum.attr.InputXGradient(network).attribute(images, [1, 2, 3]).sum(1).detach()
    assert difference(InputXGradient()(network, images, [1, 2, 3]).maps, theirs) <= 1e-5


@pytest.mark.parametrize("chunk", [3, 16])
def test_integrated_gradients_equal_captum(network: nn.Module, images: torch.Tensor, chunk: int, monkeypatch) -> None:
    monkeypatch.setattr("tb_explain.methods.gradients._MOST_STEPS", 0)
    baseline = torch.randn(1, 3, 1, 1, generator=torch.Generator().manual_seed(1)).expand(1, 3, 64, 48)
    theirs = (
        captum.attr.IntegratedGradients(network)
        .attribute(images, baseline, [1, 2, 3], n_steps=10, method="riemann_middle")
        .sum(1)
    )
    images, targets = images.repeat(2, 1, 1, 1)[: 3 + chunk // 16], [1, 2, 3, 1][: 3 + chunk // 16]
    ours = IntegratedGradients(baseline, steps=10)(network, images, targets).maps[:3]
    assert difference(ours, theirs.float()) <= 1e-5


class Kinked(nn.Module):
    """s = 40 relu(mean x - 0.97): rises only in the last 3 % of the way from black to white."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        m = images.mean((1, 2, 3))
        return torch.stack([40 * torch.relu(m - 0.97), m], 1)


def test_steps_are_doubled_until_the_path_is_seen() -> None:
    model, x = Kinked(), torch.ones(1, 1, 4, 4)
    rough = IntegratedGradients(steps=16, tolerance=10.0)(model, x, [[0, 1]])
    fine = IntegratedGradients(steps=16)(model, x, [[0, 1]])
    assert rough.completeness is not None and fine.completeness is not None
    assert rough.completeness[0, 0] > 0.5  # one of 16 points in the last 3 %, where one half should be
    assert fine.completeness[0, 0] <= 0.05
    assert abs(fine.maps[0, 0].sum() - 1.2) <= 0.05 * 1.2
    assert rough.completeness[0, 1] <= 1e-5
    hopeless = IntegratedGradients(steps=200, tolerance=1e-9)(model, x, 0)
    assert hopeless.completeness is not None and hopeless.completeness[0] > 1e-9  # it says so, and ends


def test_only_what_needs_more_steps_gets_them() -> None:
    model = Kinked()
    passes: list[int] = []
    model.register_forward_hook(lambda _module, args, _output: passes.append(len(args[0])))
    x = torch.stack([torch.full((1, 4, 4), value) for value in (0.5, 1.0, 0.25)])
    IntegratedGradients(steps=16)(model, x, 0)
    # One clean pass and one of baselines; 16 steps for all three; then 32, 64, ... for the one at white.
    assert (sum(passes) - 6 - 48) in (32, 32 + 64, 32 + 64 + 128), passes


def test_baselines_are_averaged(network: nn.Module, images: torch.Tensor) -> None:
    each = torch.rand(3, 3, 1, 1)
    many = IntegratedGradients((0.0, "mean", each), steps=4, tolerance=100.0)(network, images, 3)
    parts = [IntegratedGradients(b, steps=4, tolerance=100.0)(network, images, 3) for b in (0.0, "mean", each)]
    assert difference(many.maps, torch.stack([part.maps for part in parts]).mean(0)) <= 1e-5
    assert many.completeness is not None
    assert torch.allclose(many.completeness, torch.stack([part.completeness for part in parts]).amax(0), rtol=1e-3)


def test_an_image_at_its_baseline_is_explained_by_nothing() -> None:
    found = IntegratedGradients()(linear(), torch.zeros(1, 3, 8, 6), 0)
    assert found.completeness is not None and found.completeness.item() == 0
    assert found.flags.item() == Flag.ALL_ZERO


def test_smooth_grad_is_the_mean_gradient_over_noise(curved: nn.Module) -> None:
    """Against the same written out, with other noise: many samples agree as far as chance allows."""
    x = torch.rand(1, 3, 12, 10) * 5
    ours = SmoothGrad(samples=400)(curved, x, 2).maps
    sigma = 0.15 * (x.max() - x.min())
    noisy = (x + sigma * torch.randn(400, *x.shape[1:], generator=torch.Generator().manual_seed(9))).requires_grad_()
    (G,) = torch.autograd.grad(curved(noisy)[:, 2].sum(), noisy)
    truth = G.mean(0).abs().amax(0)
    error = (G.std(0) / 400**0.5 * 2**0.5).amax(0)
    plain = Saliency()(curved, x, 2).maps
    assert ((ours[0] - truth).abs() / error).max() < 6
    assert ((plain[0] - truth).abs() / error).max() > 6


def test_smooth_grad_does_not_depend_on_batches_or_other_targets(curved: nn.Module) -> None:
    x = torch.rand(5, 3, 12, 10) * torch.arange(1, 6).reshape(5, 1, 1, 1)
    method = SmoothGrad(samples=7)
    whole = method(curved, x, torch.tensor([[0, 3]] * 5)).maps
    assert difference(method(curved, x[3:4], 3).maps, whole[3:4, 1]) <= 1e-5
    (parts,) = attribute(curved, x, [method], 0, batch_size=2)
    assert difference(parts.maps, whole[:, 0]) <= 1e-5
    assert torch.equal(method(curved, x, 0).maps, method(curved, x, 0).maps)
    assert difference(SmoothGrad(samples=7, seed=1)(curved, x, 0).maps, whole[:, 0]) > 1e-2


def test_one_backward_pass_serves_all(network: nn.Module, images: torch.Tensor) -> None:
    """Saliency, input x gradient and Grad-CAM: one forward, one backward."""
    alone = [method(network, images, 3).maps for method in (Saliency(), InputXGradient(), GradCAM("layer3"))]
    forwards: list[int] = []
    backwards: list[int] = []

    def watch(_module: nn.Module, _args: object, output: torch.Tensor) -> None:
        forwards.append(1)
        output.register_hook(lambda _gradient: backwards.append(1))

    handle = network.register_forward_hook(watch)
    together = attribute(network, images, [Saliency(), InputXGradient(), GradCAM("layer3")], 3)
    handle.remove()
    assert (len(forwards), len(backwards)) == (1, 1)
    for result, right in zip(together, alone, strict=True):
        assert difference(result.maps, right) <= 1e-5


def test_multi_label_targets_give_the_same_gradients(network: nn.Module, images: torch.Tensor) -> None:
    assert torch.equal(
        Saliency()(network, images, MultiLabel([[1, 2]] * 3)).maps, Saliency()(network, images, [[1, 2]] * 3).maps
    )


class Greedy(nn.Module):
    """Changes its input in place before it looks at it."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mul_(2).mean((2, 3))


@pytest.mark.parametrize("method", [Saliency(), IntegratedGradients(), SmoothGrad(samples=2)], ids=repr)
def test_a_model_may_change_its_input(method: Method) -> None:
    images = torch.rand(2, 3, 4, 4)
    before = images.clone()
    found = method(Greedy(), images, 1)
    assert torch.equal(images, before)
    if isinstance(method, IntegratedGradients):
        assert torch.allclose(found.maps, images[:, 1] * 2 / 16)
    else:
        assert torch.allclose(found.maps, torch.full((2, 4, 4), 2 / 16))


class Detached(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.detach().mean((2, 3))


@pytest.mark.parametrize("method", [Saliency(), IntegratedGradients()], ids=repr)
def test_a_model_without_gradients_gets_a_clear_error(method: Method) -> None:
    with pytest.raises(ValueError, match=r"does not depend on the images.*only runs the model"):
        method(Detached(), torch.rand(1, 3, 4, 4), 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SmoothGrad(samples=0), "at least one sample, got samples=0"),
        (lambda: SmoothGrad(noise=-1.0), "share of the image's range, 0 or more, got -1.0"),
        (lambda: IntegratedGradients(steps=0), "at least one step, got steps=0"),
        (lambda: IntegratedGradients(tolerance=0.0), "relative error above 0, got 0.0"),
        (lambda: IntegratedGradients(()), "at least one, for example 0.0"),
    ],
)
def test_bad_parameters_are_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
