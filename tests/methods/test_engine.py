"""A model is explained wherever it is called from, and is afterwards what it was before."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torchvision
from torch import nn

from tb_explain.methods import (
    LIME,
    RISE,
    AblationCA,
    AblationCAM,
    EigenCAM,
    Flag,
    GradCAM,
    GuidedBackprop,
    IntegratedGradients,
    KernelSHAP,
    LayerCAM,
    Occlusion,
    Output,
    Saliency,
    ScoreCAM,
    attribute,
)

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(scope="module")
def reference() -> nn.Module:
    torch.manual_seed(0)
    return torchvision.models.resnet18(num_classes=10)


@pytest.fixture
def model(reference: nn.Module) -> nn.Module:
    return copy.deepcopy(reference)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def expected(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    return GradCAM("layer4")(model, images, 3).maps


def difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    return ((found - expected).abs().max() / expected.abs().max()).item()


@pytest.mark.parametrize("device", DEVICES)
def test_a_call_leaves_no_trace(device: str, model: nn.Module, images: torch.Tensor) -> None:
    model.to(device).train()
    model.layer2.eval()
    for parameter in model.layer1.parameters():
        parameter.requires_grad_(False)
    model(images.to(device)).sum().backward()
    modes = [module.training for module in model.modules()]
    frozen = [parameter.requires_grad for parameter in model.parameters()]
    gradients = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
    state = copy.deepcopy(model.state_dict())
    identities = [id(p) for p in (*model.parameters(), *model.buffers(), *model.modules())]
    random_state = torch.get_rng_state()
    cuda_state = torch.cuda.get_rng_state() if device == "cuda" else None

    attribute(model, images, [GradCAM(["layer2", "layer4"]), EigenCAM("layer3"), GradCAM()], targets=[1, 2, 3])

    assert [module.training for module in model.modules()] == modes
    assert [parameter.requires_grad for parameter in model.parameters()] == frozen
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        assert (parameter.grad is None) == (gradient is None)
        assert gradient is None or torch.equal(parameter.grad, gradient)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert [id(p) for p in (*model.parameters(), *model.buffers(), *model.modules())] == identities
    assert torch.equal(torch.get_rng_state(), random_state)
    assert device == "cpu" or torch.equal(torch.cuda.get_rng_state(), cuda_state)
    assert not any(module._forward_hooks for module in model.modules())


def test_a_model_in_training_is_explained_as_in_evaluation(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Dropout(0.5), nn.Flatten(), nn.LazyLinear(4))
    model(images)
    in_training = GradCAM("1")(model.train(), images, 3)
    assert torch.equal(in_training.maps, GradCAM("1")(model.eval(), images, 3).maps)


def test_an_exception_in_the_model_leaves_no_trace(model: nn.Module, images: torch.Tensor) -> None:
    model.train()
    handle = model.layer4.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(RuntimeError("out of order")))
    with pytest.raises(RuntimeError, match="out of order"):
        GradCAM("layer3")(model, images)
    handle.remove()
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.is_grad_enabled()


@contextlib.contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    yield


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, frozen])
def test_contexts_around_the_call_do_not_matter(context, model, images, expected) -> None:
    with context(model) if context is frozen else context():
        inside = images + 0  # made inside: under inference_mode an inference tensor
        found = GradCAM("layer4")(model, inside, 3)
    assert difference(found.maps, expected) <= 1e-6


@pytest.mark.parametrize("device", DEVICES)
def test_bfloat16_autocast(device: str, model: nn.Module, images: torch.Tensor, expected: torch.Tensor) -> None:
    with torch.autocast(device, torch.bfloat16):
        found = attribute(model.to(device), images, [GradCAM("layer4"), EigenCAM("layer4")], 3)
    assert found[0].maps.dtype == torch.float32
    assert found[0].maps.device.type == device
    assert difference(found[0].maps.cpu(), expected) <= 0.05


def test_a_bfloat16_model(model: nn.Module, images: torch.Tensor, expected: torch.Tensor) -> None:
    found = GradCAM("layer4")(model.bfloat16(), images, 3)
    assert difference(found.maps, expected) <= 0.05


def test_channels_last(model: nn.Module, images: torch.Tensor, expected: torch.Tensor) -> None:
    found = GradCAM("layer4")(
        model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last), 3
    )
    assert difference(found.maps, expected) <= 1e-4


def test_a_compiled_model(model: nn.Module, images: torch.Tensor, expected: torch.Tensor) -> None:
    compiled = torch.compile(model, backend="eager")
    compiled.train()
    compiled(images)
    model.load_state_dict(model.state_dict())
    expected = GradCAM("layer4")(model, images, 3).maps
    for layer in ("layer4", "_orig_mod.layer4", model.layer4):
        assert difference(GradCAM(layer)(compiled, images, 3).maps, expected) <= 1e-6


def test_explaining_compiles_nothing(model: nn.Module, images: torch.Tensor, expected: torch.Tensor) -> None:
    compilations = []

    def backend(graph: torch.fx.GraphModule, _inputs: list[torch.Tensor]) -> Callable[..., Any]:
        compilations.append(graph)
        return graph.forward

    model.compile(backend=backend)
    model.layer4 = torch.compile(model.layer4, backend=backend)
    assert difference(GradCAM("layer4")(model, images, 3).maps, expected) <= 1e-6
    assert not compilations
    model(images)
    assert compilations


@pytest.fixture
def process_group(tmp_path) -> Iterator[None]:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/rendezvous", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("process_group")
def test_a_distributed_model(model: nn.Module, images: torch.Tensor, expected: torch.Tensor) -> None:
    wrapped = nn.parallel.DistributedDataParallel(model)
    for layer in ("layer4", "module.layer4", model.layer4):
        assert difference(GradCAM(layer)(wrapped, images, 3).maps, expected) <= 1e-6


def test_data_parallel(model: nn.Module, images: torch.Tensor, expected: torch.Tensor) -> None:
    assert difference(GradCAM("layer4")(nn.DataParallel(model), images, 3).maps, expected) <= 1e-6


def test_a_traced_model_gets_a_clear_error(model: nn.Module, images: torch.Tensor) -> None:
    traced = torch.jit.trace(model.eval(), images)
    with pytest.raises(TypeError, match=r"scripted or traced.*nn\.Module that it was made from"):
        GradCAM("layer4")(traced, images)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("resnet18", "layer4"),
        ("vgg16", "features"),
        ("densenet121", "features"),
        ("efficientnet_b0", "features"),
        ("mobilenet_v3_large", "features"),
        ("googlenet", "inception5b"),
        ("convnext_tiny", "features"),
    ],
)
def test_the_default_layer_is_the_last_spatial_one(name: str, layer: str) -> None:
    model = torchvision.models.get_model(name, weights=None, **({"init_weights": False} if name == "googlenet" else {}))
    found = LayerCAM()(model, torch.randn(1, 3, 96, 96))
    assert found.layer == layer


class TwoHeads(nn.Module):
    """A head of classes, and a decoder that runs behind it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU())
        self.classes = nn.Linear(4, 5)
        self.decoder = nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        features = self.features(images)
        return {"logits": self.classes(features.mean((2, 3))), "image": self.decoder(features)}


@pytest.mark.parametrize("methods", [[GradCAM()], [GradCAM(), Saliency()]])
def test_the_default_layer_is_one_that_the_scores_depend_on(methods: list[Any], images: torch.Tensor) -> None:
    heads = TwoHeads()
    found = attribute(heads, images, methods)[0]
    assert found.layer == "features"
    assert found.maps.any()
    with torch.no_grad():
        heads.classes.weight.zero_()
    assert attribute(heads, images, methods)[0].layer == "features"
    assert attribute(heads, images, methods, Output("image", 1))[0].layer == "decoder"
    assert attribute(heads, images, methods)[0].layer == "features"


def test_the_default_layer_is_that_of_the_images_size() -> None:
    model = nn.Sequential(*(nn.Sequential(nn.Conv2d(3, 3, 3, 4, 1), nn.ReLU()) for _ in range(2)))
    model.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)])
    for size, layer in ((16, "0"), (32, "1"), (16, "0")):
        assert GradCAM()(model, torch.rand(1, 3, size, size)).layer == layer


class Reused(nn.Module):
    """One convolution called twice, tuple outputs, and an unused layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.unused = nn.Conv2d(3, 3, 3)
        self.pair = Pair()
        self.fc = nn.Linear(3, 4)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        features, _ = self.pair(self.conv(self.conv(images).relu_()))
        return {"logits": self.fc(features.mean((2, 3)))}


class Pair(nn.Module):
    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, str]:
        return features * 2, "and something else"


def test_a_layer_called_twice_counts_with_its_last_call(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    model = Reused()
    found = GradCAM("conv", relu=False)(model, images, 1)
    A = model.conv(model.conv(images).relu())
    truth = torch.einsum("c,nchw->nhw", model.fc.weight[1] * 2 / A[0, 0].numel(), A)
    assert difference(found.maps, truth.detach()) <= 1e-5
    through_tuple = GradCAM("pair", relu=False)(model, images, 1)
    assert difference(through_tuple.maps, truth.detach()) <= 1e-5


def broken(model: nn.Module) -> nn.Module:
    model.forward = lambda images: images.mean((1, 2, 3))  # type: ignore[method-assign]
    return model


def sized() -> nn.Module:
    """Takes images of 64 x 64 only."""
    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 62 * 62, 4))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m, x: GradCAM("layer5")(m, x), r"no layer 'layer5'; did you mean 'layer[1-4]'"),
        (lambda m, x: GradCAM(nn.Conv2d(1, 1, 1))(m, x), "is not part of the model"),
        (lambda m, x: GradCAM([])(m, x), "no layer given"),
        (lambda m, x: GradCAM("fc")(m, x), r"layer 'fc' gives \[3, 10\], expected \[N, C, h, w\]"),
        (lambda m, x: GradCAM("avgpool")(m, x), "more than one site"),
        (lambda m, x: GradCAM("layer4")(m, x, [1, 2]), "got 2 targets for 3 images"),
        (lambda m, x: GradCAM("layer4")(m, x, 10), "target 10 is out of range: the model has 10 classes, 0 to 9"),
        (lambda m, x: GradCAM("layer4")(m, x, [0.5, 1, 2]), "targets must be class indices"),
        (lambda m, x: GradCAM("layer4")(m, x, lambda out: out), r"one score a sample, a tensor \[N\]"),
        (lambda m, x: GradCAM("layer4")(m, x[0]), r"images must be a non-empty float tensor \[N, C, H, W\]"),
        (lambda m, x: GradCAM("layer4")(m, x[:0]), "non-empty"),
        (lambda m, x: GradCAM("layer4")(m, x.byte()), "float tensor"),
        (
            lambda m, x: GradCAM("layer4")(m, x[:, :1]),
            r"does not take images \[3, 1, 64, 64\] .*give images of 3 channels, as its first convolution does",
        ),
        (
            lambda m, x: GradCAM("0")(sized(), x[..., :32]),
            r"does not take images \[3, 3, 64, 32\] .*give images of the shape that it was trained on",
        ),
        (lambda m, x: GradCAM("layer4")(m, x[..., :0]), "non-empty"),
        (lambda m, x: attribute(m, x, ["GradCAM"]), "'GradCAM' is no method; give values such as"),
        (lambda m, x: GradCAM("layer4")("resnet", x), "must be a torch.nn.Module, got str"),
        (lambda m, x: attribute(m, x, []), "no method given"),
        (lambda m, x: GradCAM("conv1")(broken(m), x), "layer 'conv1' was not used"),
        (lambda m, x: GradCAM("unused")(Reused(), x), "layer 'unused' was not used"),
        (
            lambda m, x: GradCAM()(nn.Sequential(nn.Flatten(), nn.Linear(12288, 2)), x),
            "no layer of Sequential has a spatial output",
        ),
    ],
)
def test_bad_input_gets_one_clear_sentence(call, sentence: str, model: nn.Module, images: torch.Tensor) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        call(model, images)
    assert "\n" not in str(caught.value)


# Each looks at the model in a way of its own: layers, pixels, rectifiers, hidden parts, channels, regression.
KINDS = [
    GradCAM("layer4"),
    AblationCAM("layer4", channels=8),
    ScoreCAM("layer4", channels=8),
    IntegratedGradients(steps=2),
    GuidedBackprop(),
    Occlusion(sizes=32),
    RISE(masks=16),
    LIME(n_segments=9, samples=32),
    KernelSHAP(n_segments=9, samples=32),
    AblationCA(n_segments=9),
]


@pytest.mark.parametrize("method", KINDS, ids=lambda method: type(method).__name__)
def test_weights_that_are_not_finite_are_marked(method, model: nn.Module, images: torch.Tensor) -> None:
    with torch.no_grad():
        model.layer4[1].conv2.weight[0] = torch.nan
    (found,) = attribute(model, images, [method], 3)
    assert found.maps.isfinite().all()
    assert (found.flags & Flag.NOT_FINITE).all()


@pytest.mark.parametrize("method", KINDS, ids=lambda method: type(method).__name__)
def test_a_constant_image_has_a_finite_map(method, model: nn.Module) -> None:
    (found,) = attribute(model, torch.zeros(2, 3, 64, 64), [method], 3)
    assert found.maps.isfinite().all()
    assert not (found.flags & Flag.NOT_FINITE).any()


@pytest.mark.parametrize("method", KINDS, ids=lambda method: type(method).__name__)
def test_a_model_in_half_precision_on_a_cpu(method, model: nn.Module, images: torch.Tensor) -> None:
    (expected,) = attribute(copy.deepcopy(model), images[:1], [method], 3)
    (found,) = attribute(model.half(), images[:1], [method], 3)
    assert found.maps.dtype == torch.float32
    assert torch.corrcoef(torch.stack([found.maps.flatten(), expected.maps.flatten()]))[0, 1] > 0.9
