"""Relevance propagation against its rules written out, captum, and its own conservation."""

from __future__ import annotations

from collections.abc import Callable

import captum.attr
import pytest
import torch
import torchvision
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule
from torch import Tensor, nn

from tb_explain.methods import LRP, DeepTaylor, InputXGradient, Method, attribute

F = nn.functional

RULES = [LRP(), LRP("zplus"), LRP("composite"), DeepTaylor()]


def difference(ours: Tensor, truth: Tensor) -> float:
    assert ours.shape == truth.shape
    return ((ours.double() - truth.double()).abs().max() / truth.abs().max()).item()


def with_statistics(model: nn.Module, negative: bool = True) -> nn.Module:
    """Batch normalisations as after training; some of their gains negative."""
    generator = torch.Generator().manual_seed(5)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.BatchNorm3d)):
            module.running_mean.normal_(0, 0.3, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
            nn.init.normal_(module.bias, std=0.3, generator=generator)
            nn.init.uniform_(module.weight, -1.5 if negative else 0.5, 1.5, generator=generator)
    return model.eval()


class Flattened(nn.Sequential):
    """Spatial parts, then the others: captum's LRP knows no module that flattens."""

    def forward(self, x: Tensor) -> Tensor:
        for module in self:
            x = module(x.flatten(1) if isinstance(module, nn.Linear) else x)
        return x


def sequential(bias: bool = True) -> nn.Sequential:
    torch.manual_seed(1)
    return Flattened(
        nn.Conv2d(3, 8, 3, padding=1, bias=bias),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, bias=bias),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Linear(32, 10, bias=bias),
        nn.ReLU(),
        nn.Linear(10, 5, bias=bias),
    )


@pytest.fixture
def images() -> Tensor:
    return torch.rand(3, 3, 14, 12, generator=torch.Generator().manual_seed(0))


def handed_back(a: Tensor, w: Tensor, R: Tensor, b: Tensor | float, kind: str) -> Tensor:
    """A Linear's rule, sum by sum: a [N, I], w [J, I], R [N, J]."""
    z = a[:, None] * w
    if kind == "epsilon":
        return (z * (R / (z.sum(2) + b))[..., None]).sum(1)
    if kind == "zplus":
        z = z.clamp(min=0)
    if kind == "box":
        low, high = a.amin(1, keepdim=True), a.amax(1, keepdim=True)
        z = z - low[:, None] * w.clamp(min=0) - high[:, None] * w.clamp(max=0)
    return (z * (R / z.sum(2))[..., None]).sum(1)


@pytest.mark.parametrize(
    ("method", "kinds"),
    [
        (LRP(epsilon=0.0), ("epsilon", "epsilon")),
        (LRP("zplus"), ("zplus", "zplus")),
        (LRP("composite"), ("epsilon", "epsilon")),
        (DeepTaylor(), ("zplus", "box")),
    ],
    ids=repr,
)
def test_two_linear_layers_by_hand(method: Method, kinds: tuple[str, str]) -> None:
    torch.manual_seed(0)
    first, second = nn.Linear(12, 6).double(), nn.Linear(6, 4).double()
    model = nn.Sequential(nn.Flatten(), first, nn.ReLU(), second)
    x = torch.randn(5, 1, 3, 4, dtype=torch.double)
    if isinstance(
        method, DeepTaylor
    ):  # reads the images themselves only without Flatten before: as a 1 x 1 x 1 convolution would
        model = Rows(first, second)
    found = method(model, x, 2)
    with torch.no_grad():
        a = first(x.flatten(1)).relu()
        R = torch.where(torch.arange(4) == 2, second(a), 0)
        # Of the score alone: what other outputs would hand back does not count.
        R = handed_back(a, second.weight[2:3], R[:, 2:3], second.bias[2], kinds[0])
        R = torch.where(a > 0, R, 0)
        R = handed_back(x.flatten(1), first.weight, R, first.bias, kinds[1])
    assert difference(found.maps, R.reshape(5, 3, 4)) <= 1e-5


class Rows(nn.Module):
    """Two Linear, the first written as a convolution as large as the image, which reads the image itself."""

    def __init__(self, first: nn.Linear, second: nn.Linear) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, images: Tensor) -> Tensor:
        z = F.conv2d(images, self.first.weight.reshape(6, 1, 3, 4), self.first.bias)
        return self.second(z.relu().flatten(1))


@pytest.mark.parametrize("bias", [True, False])
def test_epsilon_equals_captum(images: Tensor, bias: bool) -> None:
    model = sequential(bias).eval()
    theirs = captum.attr.LRP(model).attribute(images, [1, 2, 3]).sum(1).detach()
    assert difference(LRP(epsilon=1e-9)(model, images, [1, 2, 3]).maps, theirs) <= 1e-5


def test_zplus_equals_captum(images: Tensor) -> None:
    """Without biases, of which captum hands positive ones a share, and with images of positive values."""
    model = sequential(bias=False).eval()
    for module in model:
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.rule = Alpha1_Beta0_Rule()
    theirs = captum.attr.LRP(model).attribute(images, [1, 2, 3]).sum(1).detach()
    assert difference(LRP("zplus", epsilon=1e-9)(model, images, [1, 2, 3]).maps, theirs) <= 1e-5


def test_of_rectifiers_epsilon_is_input_times_gradient(images: Tensor) -> None:
    model = sequential().eval()
    assert difference(LRP(epsilon=1e-9)(model, images, 1).maps, InputXGradient()(model, images, 1).maps) <= 1e-5


@pytest.mark.parametrize("method", RULES, ids=repr)
def test_relevance_is_conserved(method: Method, images: Tensor) -> None:
    """Without biases each rule hands back all of the score, to one percent."""
    model = sequential(bias=False).eval()
    found = method(model, images, [[0, 3]] * 3)
    scores = model(images)[:, [0, 3]].detach()
    assert ((found.maps.sum((2, 3)) - scores) / scores).abs().max() <= 0.01


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: with_statistics(torchvision.models.resnet18(num_classes=4), negative=False),
    "regnet_y_400mf": lambda: with_statistics(torchvision.models.regnet_y_400mf(num_classes=4), negative=False),
    "googlenet": lambda: with_statistics(
        torchvision.models.googlenet(num_classes=4, init_weights=False, aux_logits=False), negative=False
    ),
    # Where units of few inputs are on by their shift alone, nothing speaks for them and their relevance is lost: without shifts.
    "mobilenet_v2": lambda: torchvision.models.mobilenet_v2(num_classes=4),
    "densenet121": lambda: torchvision.models.densenet121(num_classes=4),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_zplus_is_conserved_through_real_networks(name: str) -> None:
    """Also with biases, branches, in-place operations, gates and batch normalisation."""
    torch.manual_seed(0)
    model = NETWORKS[name]().eval()
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        scores = model(x)[:, 1]
    for method in (LRP("zplus"), DeepTaylor()):
        found = method(model, x, 1)
        assert found.flags.tolist() == [0, 0]
        error = ((found.maps.sum((1, 2)) - scores) / scores).abs().max().item()
        assert error <= 0.1, f"{method}: {error:.3f}"


class Folded(nn.Module):
    """The network `Normalised` with each batch normalisation multiplied into the layer in front of it."""

    def __init__(self, model: Normalised) -> None:
        super().__init__()
        self.first, self.second, self.head = (
            fused(layer, norm)
            for layer, norm in ((model.first, model.n1), (model.second, model.n2), (model.head, model.n3))
        )

    def forward(self, images: Tensor) -> Tensor:
        x = F.relu(self.first(images))
        x = F.relu(self.second(x) + x)
        return self.head(x.mean((2, 3)))


class Normalised(nn.Module):
    """Residual, in place, with batch normalisation behind every layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, bias=False), nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 4)
        self.n1, self.n2, self.n3 = nn.BatchNorm2d(8), nn.BatchNorm2d(8), nn.BatchNorm1d(4)

    def forward(self, images: Tensor) -> Tensor:
        x = self.n1(self.first(images)).relu_()
        y = self.n2(self.second(x))
        y += x
        return self.n3(self.head(F.relu(y, inplace=True).mean((2, 3))))


def fused(layer: nn.Module, norm: nn.Module) -> nn.Module:
    gain = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
    fused = (
        nn.Linear(8, 4) if isinstance(layer, nn.Linear) else nn.Conv2d(layer.in_channels, 8, 3, padding=layer.padding)
    )
    bias = 0 if layer.bias is None else layer.bias.detach()
    fused.weight.data = layer.weight.detach() * gain.reshape(-1, *(1,) * (layer.weight.ndim - 1))
    fused.bias.data = (bias - norm.running_mean) * gain + norm.bias.detach()
    return fused


@pytest.mark.parametrize("negative", [True, False])
@pytest.mark.parametrize("method", [LRP(epsilon=1e-9), *RULES[1:]], ids=repr)
def test_batch_normalisation_belongs_to_the_layer_in_front(method: Method, negative: bool, images: Tensor) -> None:
    torch.manual_seed(2)
    model = with_statistics(Normalised(), negative)
    folded = Folded(model).eval()
    assert torch.allclose(model(images), folded(images), atol=1e-5)
    assert difference(method(model, images, 1).maps, method(folded, images, 1).maps) <= 1e-4


@pytest.mark.parametrize("method", RULES, ids=repr)
@pytest.mark.parametrize(
    "activation",
    [nn.LeakyReLU(0.1, inplace=True), nn.ReLU6(), nn.SiLU(inplace=True), nn.GELU(), nn.Tanh(), nn.PReLU()],
    ids=str,
)
def test_activations_hand_relevance_through(method: Method, activation: nn.Module, images: Tensor) -> None:
    torch.manual_seed(2)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False),
        activation,
        nn.Conv2d(8, 8, 3, bias=False),
        nn.Flatten(),
        nn.LazyLinear(4, bias=False),
    )
    scores = model(images)[:, 1].detach()
    maps = method(model.eval(), images, 1).maps
    # A unit that no input speaks for has relevance that nothing can take.
    assert ((maps.sum((1, 2)) - scores) / scores).abs().max() <= 0.05


class Gated(nn.Module):
    """Squeeze and excitation, with gates of either order."""

    def __init__(self, gate: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.squeeze, self.head = (
            nn.Conv2d(3, 6, 3, bias=False),
            nn.Conv2d(6, 6, 1),
            nn.Linear(6, 4, bias=False),
        )
        self.gate = gate

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv(images).relu()
        gate = self.gate(self.squeeze(x.mean((2, 3), keepdim=True)))
        return self.head((gate * x * 2 / 3).mean((2, 3)))


@pytest.mark.parametrize("method", RULES, ids=repr)
@pytest.mark.parametrize("gate", [torch.sigmoid, F.hardsigmoid])
def test_gates_get_nothing(method: Method, gate: Callable[[Tensor], Tensor], images: Tensor) -> None:
    torch.manual_seed(2)
    model = Gated(gate)
    scores = model(images)[:, 1].detach()
    assert ((method(model, images, 1).maps.sum((1, 2)) - scores) / scores).abs().max() <= 0.01


def test_a_deep_taylor_map_has_the_sign_of_the_score(images: Tensor) -> None:
    model = sequential().eval()
    found = DeepTaylor(low=0.0, high=torch.ones(3, 1, 1))(model, images, torch.arange(5).expand(3, 5))
    scores = model(images).detach()
    assert (scores > 0).any() and (scores < 0).any()
    assert (found.maps * scores.sign()[..., None, None] >= -1e-6).all()
    other = DeepTaylor(low=-3.0, high=3.0)(model, images, 0)
    assert difference(other.maps, found.maps[:, 0]) > 0.01


def test_several_targets_are_each_as_alone(images: Tensor) -> None:
    for method in RULES:
        both = method(sequential(), images, [[0, 3]] * 3)
        for column, target in enumerate((0, 3)):
            assert difference(both.maps[:, column], method(sequential(), images, target).maps) <= 1e-5


def test_values_are_those_of_the_model(images: Tensor) -> None:
    """Relevance is handed back through the very numbers that the model computes."""
    torch.manual_seed(2)
    model = with_statistics(Normalised())
    expected = model(images).detach()
    seen: list[Tensor] = []
    handle = model.register_forward_hook(lambda _module, _args, output: seen.append(output.detach().clone()))
    attribute(model, images, RULES, 1)
    handle.remove()
    assert len(seen) == 1 + len(RULES)
    assert all(torch.allclose(output, expected, atol=1e-6) for output in seen)


def test_operations_without_a_rule_are_named(images: Tensor) -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            x = F.layer_norm(x, x.shape[1:])
            x = x * x.relu() + x.exp()
            return F.log_softmax(x.mean((2, 3)), 1)

    expected = r"no rule for relevance through a product of activations, exp, layer_norm, log_softmax; use Integrated"
    for method in RULES:
        with pytest.raises(ValueError, match=expected):
            method(Odd(), images, 1)
    vit = torchvision.models.VisionTransformer(32, 8, 1, 2, 16, 32, num_classes=4)
    with pytest.raises(ValueError, match=r"layer_norm, multi_head_attention_forward"):
        LRP()(vit, torch.rand(1, 3, 32, 32), 1)
    scripted = nn.Sequential(torch.jit.script(nn.Conv2d(3, 2, 3)), nn.Flatten(), nn.LazyLinear(2))
    scripted(images)
    with pytest.raises(ValueError, match=r"the scripted part '0'"):
        LRP()(scripted, images, 1)


def test_nothing_is_left_behind(images: Tensor) -> None:
    model = sequential()
    before = InputXGradient()(model, images, 1).maps
    handle = model[4].register_forward_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("out of order")))
    with pytest.raises(RuntimeError, match="out of order"):
        LRP()(model, images, 1)
    handle.remove()
    LRP("zplus")(model, images, 1)
    assert torch.overrides._len_torch_function_stack() == 0
    assert torch.equal(InputXGradient()(model, images, 1).maps, before)


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="'epsilon', 'zplus' or 'composite', got 'alpha'"):
        LRP("alpha")
    with pytest.raises(ValueError, match="0 or more, got -1"):
        LRP(epsilon=-1.0)
