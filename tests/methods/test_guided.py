"""Guided backpropagation however a model writes its rectifiers, against captum, pytorch-grad-cam and the rule written out."""

from __future__ import annotations

from collections.abc import Callable

import captum.attr
import pytest
import torch
import torchvision
from pytorch_grad_cam import GuidedBackpropReLUModel
from torch import nn

from tb_explain.methods import (
    Deconvnet,
    GradCAM,
    GuidedBackprop,
    GuidedGradCAM,
    InputXGradient,
    Method,
    Saliency,
    Top,
    attribute,
)
from tests.methods.test_gradients import difference

F = nn.functional

RULES = (GuidedBackprop(), Deconvnet(), GuidedGradCAM("second"))


class Net(nn.Module):
    """Two convolutions and two Linear, with a rectifier of some writing behind all but the last."""

    def __init__(self, rectify: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)
        self.third, self.fourth = nn.Linear(8 * 8 * 6, 12), nn.Linear(12, 5)
        self.rectify = rectify
        with torch.random.fork_rng():
            torch.manual_seed(3)
            for parameter in self.parameters():
                nn.init.normal_(parameter, std=0.2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.rectify(self.second(self.rectify(self.first(images))))
        return self.fourth(self.rectify(self.third(x.flatten(1))))


class Calls(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


def written_over(x: torch.Tensor) -> torch.Tensor:
    x.relu_()  # and what it returns is not used
    return x


def half_written_over(x: torch.Tensor) -> torch.Tensor:
    x[:, :5].relu_()
    return F.relu(x)


WRITINGS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "shared module": nn.ReLU(),
    "shared in-place module": nn.ReLU(inplace=True),
    "F.relu": F.relu,
    "F.relu in place": lambda x: F.relu(x, inplace=True),
    "F.relu by keyword": lambda x: F.relu(input=x),
    "torch.relu": torch.relu,
    "torch.relu_": torch.relu_,
    "method": lambda x: x.relu(),
    "in-place method": written_over,
    "in-place method on a view": half_written_over,
    "clamp": lambda x: x.clamp(min=0),
    "clamp_min": lambda x: torch.clamp_min(x, 0),
    "threshold": lambda x: F.threshold(x, 0, 0),
    "LeakyReLU without a slope": nn.LeakyReLU(0.0),
    "PReLU without a slope": lambda x: F.prelu(x, x.new_zeros(x.shape[1])),
}


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(3, 3, 12, 10, generator=torch.Generator().manual_seed(0))


def by_hand(model: Net, images: torch.Tensor, target: int, guided: bool) -> torch.Tensor:
    """The rule, layer by layer."""
    with torch.no_grad():
        z1 = model.first(images)
        z2 = model.second(z1.relu())
        z3 = model.third(z2.relu().flatten(1))
        g = model.fourth.weight[target].expand(len(images), -1)
        g = g.relu() * ((z3 > 0) if guided else 1)
        g = (g @ model.third.weight).reshape(z2.shape)
        g = g.relu() * ((z2 > 0) if guided else 1)
        g = F.conv_transpose2d(g, model.second.weight)
        g = g.relu() * ((z1 > 0) if guided else 1)
        return F.conv_transpose2d(g, model.first.weight)


@pytest.mark.parametrize("writing", WRITINGS)
def test_a_rectifier_is_a_rectifier_however_written(writing: str, images: torch.Tensor) -> None:
    model = Net(WRITINGS[writing])
    guided, deconvnet, with_cam = attribute(model, images, RULES, 3)
    plain = Saliency()(model, images, 3).maps
    assert difference(guided.maps, by_hand(model, images, 3, guided=True).abs().amax(1)) <= 1e-5
    assert difference(deconvnet.maps, by_hand(model, images, 3, guided=False).abs().amax(1)) <= 1e-5
    assert difference(guided.maps, plain) > 0.1
    cam = GradCAM("second")(model, images, 3)
    weight = F.interpolate(cam.maps[:, None], (12, 10), mode="bilinear")[:, 0]
    assert difference(with_cam.maps, guided.maps * weight) <= 1e-5


def test_captum_takes_functional_rectifiers_for_the_plain_gradient(images: torch.Tensor) -> None:
    """Where the network has modules captum is right, and we agree; written with F.relu it returns the plain gradient."""
    modules, functions = Net(nn.ReLU()), Net(F.relu)
    # captum hooks each module once: a shared one would be too.
    theirs = captum.attr.GuidedBackprop(modules).attribute(images, 3).abs().amax(1)
    assert difference(GuidedBackprop()(modules, images, 3).maps, theirs) <= 1e-5
    assert torch.equal(GuidedBackprop()(functions, images, 3).maps, GuidedBackprop()(modules, images, 3).maps)
    wrong = captum.attr.GuidedBackprop(functions).attribute(images, 3).abs().amax(1)
    assert difference(wrong, Saliency()(functions, images, 3).maps) <= 1e-5


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.resnet18(num_classes=10).eval()


def test_of_a_resnet_equal_captum(resnet: nn.Module) -> None:
    images, targets = torch.randn(2, 3, 64, 96), [3, 7]
    layer = "layer3"
    guided, deconvnet, with_cam = attribute(
        resnet, images, [GuidedBackprop(), Deconvnet(), GuidedGradCAM(layer)], targets
    )
    theirs = captum.attr.GuidedBackprop(resnet).attribute(images, targets).abs().amax(1)
    assert difference(guided.maps, theirs) <= 1e-5
    theirs = captum.attr.Deconvolution(resnet).attribute(images, targets).abs().amax(1)
    assert difference(deconvnet.maps, theirs) <= 1e-5
    theirs = captum.attr.GuidedGradCam(resnet, resnet.layer3).attribute(images, targets, interpolate_mode="bilinear")
    assert difference(with_cam.maps, theirs.abs().amax(1).detach()) <= 1e-5


def test_of_a_resnet_equals_pytorch_grad_cam(resnet: nn.Module) -> None:
    """One image at a time: of a batch pytorch-grad-cam returns the first image's only. It changes the model for good."""
    images = torch.randn(2, 3, 64, 96)
    ours = GuidedBackprop()(resnet, images, [3, 7]).maps
    peer = torchvision.models.resnet18(num_classes=10)
    peer.load_state_dict(resnet.state_dict())
    for row, target in enumerate((3, 7)):
        theirs = torch.from_numpy(GuidedBackpropReLUModel(peer)(images[row : row + 1], target)).abs().amax(2)
        assert difference(ours[row], theirs) <= 1e-5


@pytest.mark.parametrize(
    ("rectify", "gate"),
    [
        (nn.ReLU6(), lambda z: (z > 0) & (z < 6)),
        (nn.ReLU6(inplace=True), lambda z: (z > 0) & (z < 6)),
        (F.relu6, lambda z: (z > 0) & (z < 6)),
        (nn.Hardtanh(0.0, 2.0), lambda z: (z > 0) & (z < 2)),
        (lambda x: x.clamp(0, 2), lambda z: (z > 0) & (z < 2)),
        (nn.LeakyReLU(0.1), lambda z: z > 0),
        (nn.PReLU(8), lambda z: z > 0),
        (nn.RReLU(), lambda z: z > 0),
        (nn.Threshold(0.5, 0.0), lambda z: z > 0.5),
    ],
    ids=str,
)
def test_gates_of_other_rectifiers(rectify, gate, images: torch.Tensor) -> None:
    torch.manual_seed(4)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), Calls(rectify), nn.Flatten(), nn.Linear(8 * 10 * 8, 5)).eval()
    images = images * 4
    guided, plain = attribute(model, images, [GuidedBackprop(), Saliency()], 3)
    z = model[0](images)
    g = model[3].weight[3].reshape(1, 8, 10, 8)
    truth = F.conv_transpose2d(g.relu() * gate(z), model[0].weight)
    assert difference(guided.maps, truth.detach().abs().amax(1)) <= 1e-5
    # Where the rule is asked for together with the plain gradient, that one keeps its slopes.
    assert difference(plain.maps, Saliency()(model, images, 3).maps) <= 1e-6


def test_one_forward_pass_serves_all_rules(images: torch.Tensor) -> None:
    model = Net(F.relu)
    forwards: list[int] = []
    model.register_forward_hook(lambda *_: forwards.append(1))
    methods: list[Method] = [*RULES, Saliency(), InputXGradient(), GradCAM("second")]
    together = attribute(model, images, methods, Top(2))
    assert len(forwards) == 1
    for method, result in zip(methods, together, strict=True):
        alone = method(model, images, Top(2))
        assert difference(result.maps, alone.maps) <= 1e-5, method
        assert result.maps.shape[:2] == (3, 2)


def test_nothing_is_left_behind(resnet: nn.Module) -> None:
    """Also not after a failure in the model: rectifiers are themselves again, there is no mode and no hook."""
    x = torch.randn(1, 3, 64, 64)
    state = torch.get_rng_state()
    before = Saliency()(resnet, x, 1).maps
    modules = [id(module) for module in resnet.modules()]
    attribute(resnet, x, [GuidedBackprop(), GuidedGradCAM()], 1)
    handle = resnet.layer4.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("out of order")))
    with pytest.raises(RuntimeError, match="out of order"):
        GuidedBackprop()(resnet, x, 1)
    handle.remove()
    assert torch.overrides._len_torch_function_stack() == 0
    assert [id(module) for module in resnet.modules()] == modules
    assert not any(module._forward_hooks or module._backward_hooks for module in resnet.modules())
    assert torch.equal(torch.get_rng_state(), state)
    leaf = torch.tensor([-1.0, 2.0], requires_grad=True)
    F.relu(-leaf).sum().backward()
    assert leaf.grad.tolist() == [-1.0, 0.0]
    assert torch.equal(Saliency()(resnet, x, 1).maps, before)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_contexts_around_the_call_do_not_matter(context, resnet: nn.Module) -> None:
    x = torch.randn(1, 3, 64, 64)
    expected = GuidedBackprop()(resnet, x, 1).maps
    with context():
        assert difference(GuidedBackprop()(resnet, x + 0, 1).maps, expected) <= 1e-5


def test_compiled_and_autocast_models(resnet: nn.Module) -> None:
    x = torch.randn(1, 3, 64, 64)
    expected = GuidedBackprop()(resnet, x, 1).maps
    assert difference(GuidedBackprop()(torch.compile(resnet, backend="eager"), x, 1).maps, expected) <= 1e-6
    with torch.autocast("cpu", torch.bfloat16):
        found = GuidedBackprop()(resnet, x, 1).maps
    assert found.dtype == torch.float32
    assert difference(found, expected) <= 0.1


@pytest.mark.parametrize("method", [GuidedBackprop(), Deconvnet(), GuidedGradCAM()], ids=lambda m: type(m).__name__)
def test_models_without_a_rule_get_a_clear_error(method: Method) -> None:
    vit = torchvision.models.VisionTransformer(32, 8, 1, 2, 16, 32, num_classes=4)
    with pytest.raises(ValueError, match=r"the model uses GELU, attention; use Saliency"):
        method(vit, torch.randn(1, 3, 32, 32))
    smooth = nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3))
    with pytest.raises(ValueError, match=r"the model uses SiLU; use Saliency"):
        method(nn.Sequential(smooth, nn.AdaptiveAvgPool2d(1), nn.Flatten()), torch.randn(1, 3, 16, 16))
    with pytest.raises(ValueError, match=r"no rectifier.*are the plain gradient; use Saliency"):
        method(nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), torch.randn(1, 3, 16, 16))


def test_a_scripted_part_gets_a_clear_error() -> None:
    model = nn.Sequential(torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())), nn.ReLU(), nn.Flatten())
    with pytest.raises(ValueError, match=r"the part '0' of the model is scripted"):
        GuidedBackprop()(model, torch.randn(1, 3, 8, 8))
