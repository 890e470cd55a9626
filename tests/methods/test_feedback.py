"""The decoder mirrors whatever classifier it is attached to, and leaves that alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from tb_explain.methods import MultiLabel, Output
from tb_explain.methods.feedback import FeedbackNetwork


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def small(classes: int = 4) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, stride=2, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(8 * 2 * 2, 12),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(12, classes),
    )


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.fc1 = nn.Linear(8 * 2 * 2, 10)
        self.fc2 = nn.Linear(10, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = max_pool2d(self.conv1(x).relu(), 2)
        x = max_pool2d(self.conv2(x).relu(), 2)
        return self.fc2(self.fc1(x.flatten(1)).relu())


@st.composite
def chains(draw: st.DrawFn) -> tuple[nn.Sequential, Tensor]:
    """A chain of convolutions and poolings of odd sizes that ends in one linear layer, and images for it."""
    axes = draw(st.sampled_from([2, 3]))
    conv, pools = {
        2: (nn.Conv2d, (nn.MaxPool2d, nn.AvgPool2d)),
        3: (nn.Conv3d, (nn.MaxPool3d, nn.AvgPool3d)),
    }[axes]
    size = [draw(st.integers(7, 14 if axes == 2 else 10)) for _ in range(axes)]
    values = noise(2, 2, *size)
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(axes))  # noqa: E731
    modules: list[nn.Module] = []
    current = values
    for _ in range(draw(st.integers(1, 3))):
        groups, stride, dilation = draw(st.sampled_from([1, 2])), each(1, 3), each(1, 2)
        kernel, padding = each(1, 4), draw(st.sampled_from(["valid", "same", None]))
        if padding == "same":
            stride = (1,) * axes
        elif padding is None:
            padding = each(0, 2)
        unit: list[nn.Module] = [conv(current.shape[1], 4, kernel, stride, padding, dilation, groups), nn.ReLU()]
        if draw(st.booleans()):
            unit.append(draw(st.sampled_from(pools))(2, ceil_mode=draw(st.booleans())))
        try:
            current = nn.Sequential(*unit)(current)
        except RuntimeError:  # too small already
            break
        modules += unit
    modules += [nn.Flatten(), nn.Linear(current[0].numel(), 3)]
    return nn.Sequential(*modules), values


@settings(max_examples=60, deadline=None, derandomize=True)
@given(chains())
def test_every_code_has_the_shape_of_its_mirror(chain: tuple[nn.Sequential, Tensor]) -> None:
    model, images = chain
    convolutions = sum(isinstance(m, (nn.Conv2d, nn.Conv3d)) for m in model)
    if not convolutions:
        return
    feedback = FeedbackNetwork(model, images=images)
    codes = feedback.codes(images)
    assert len(feedback.layers) == convolutions
    for name in feedback.layers:
        assert codes.feedback[name].shape == codes.forward[name].shape
        assert feedback.reconstruct(images, name).shape == images.shape
    for conv in (m for m in model if isinstance(m, (nn.Conv2d, nn.Conv3d))):
        mirrors = [m for m in feedback.modules() if isinstance(m, (nn.ConvTranspose2d, nn.ConvTranspose3d))]
        assert any(
            (m.kernel_size, m.stride, m.dilation, m.groups, m.in_channels, m.out_channels)
            == (conv.kernel_size, conv.stride, conv.dilation, conv.groups, conv.out_channels, conv.in_channels)
            for m in mirrors
        )


def test_a_chain_is_cut_behind_each_unit_and_mirrored_module_by_module() -> None:
    feedback = FeedbackNetwork(small(), images=noise(2, 1, 8, 8))
    assert feedback.layers == ("2", "5", "9")
    kinds = [[type(module).__name__ for module in stage.mirror] for stage in feedback.stages]
    assert kinds == [
        ["ConvTranspose2d"],
        ["Upsample", "Conv2d", "ReLU", "ConvTranspose2d"],
        ["Linear", "_Reshape"],
        ["Linear"],
    ]
    assert [stage.rectified for stage in feedback.stages] == [False, True, True, True]
    assert all(code.min() >= 0 for code in feedback.codes(noise(9, 1, 8, 8)).feedback.values())
    assert feedback.reconstruct(noise(9, 1, 8, 8)).min() < 0
    assert not any(isinstance(module, nn.modules.batchnorm._NormBase) for module in feedback.modules())


def test_a_module_that_runs_several_times_ends_no_unit() -> None:
    torch.manual_seed(0)
    relu = nn.ReLU()
    model = nn.Sequential(nn.Conv2d(1, 4, 3), relu, nn.Conv2d(4, 6, 3), relu, nn.Flatten(), nn.Linear(96, 3))
    feedback = FeedbackNetwork(model, images=noise(2, 1, 8, 8))
    assert feedback.layers == ("0", "2")
    kinds = [[type(module).__name__ for module in stage.mirror] for stage in feedback.stages]
    assert kinds == [["ConvTranspose2d"], ["ConvTranspose2d"], ["Linear", "_Reshape"]]


def test_codes_of_signed_layers_may_be_negative() -> None:
    feedback = FeedbackNetwork(small(), ["1", "3"], images=noise(2, 1, 8, 8))
    assert [stage.rectified for stage in feedback.stages] == [False, False, False]
    codes = feedback.codes(noise(4, 1, 8, 8))
    assert codes.forward["1"].min() < 0  # not overwritten by the rectifier, which is in place, behind it
    assert codes.feedback["1"].min() < 0


def test_forward_codes_and_probabilities_are_the_classifiers() -> None:
    model, images = small().eval(), noise(100, 1, 8, 8)
    codes = FeedbackNetwork(model).codes(images)
    with torch.no_grad():
        expected = {"2": model[:3](images), "5": model[:6](images), "9": model[:10](images)}
        probabilities = model(images).softmax(1)
    for name, value in expected.items():
        torch.testing.assert_close(codes.forward[name], value)
    torch.testing.assert_close(codes.probabilities, probabilities)
    assert torch.equal(codes.predicted, probabilities.argmax(1))


def test_feedback_codes_are_what_comes_down_from_the_probabilities() -> None:
    images = noise(3, 1, 8, 8)
    feedback = FeedbackNetwork(small(), images=images)
    codes = feedback.codes(images)
    code = codes.probabilities
    with torch.no_grad():
        for name, stage in zip(["9", "5", "2"], list(feedback.stages)[:0:-1], strict=True):
            code = stage(code)
            torch.testing.assert_close(codes.feedback[name], code)
        torch.testing.assert_close(feedback.stages[0](code), feedback.reconstruct(images))
    torch.testing.assert_close(feedback.decode("5", codes.feedback["5"]), feedback.reconstruct(images))
    torch.testing.assert_close(feedback.decode(None, codes.probabilities), feedback.reconstruct(images))


def test_nothing_of_the_class_path_depends_on_the_images() -> None:
    """With skips, whatever the images are: at the same probabilities they have the same feedback codes and reconstruction."""
    model = small()
    nn.init.zeros_(model[-1].weight)
    one, other = noise(3, 1, 8, 8), 5 * noise(6, 1, 8, 8)[3:]
    feedback = FeedbackNetwork(model, skips=True, images=one)
    for name, code in feedback.codes(one).feedback.items():
        assert torch.equal(code, feedback.codes(other).feedback[name])
    assert torch.equal(feedback.reconstruct(one), feedback.reconstruct(other))
    without = FeedbackNetwork(model, images=one)
    with_skips = feedback.reconstruct(one, "9")
    assert not torch.allclose(with_skips, feedback.decode("9", feedback.codes(one).forward["9"]))
    assert sum(p.numel() for p in feedback.parameters()) > sum(p.numel() for p in without.parameters())


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool((self.conv(x) + x).relu()).flatten(1))


def test_residual_functional_and_large_networks_have_mirrors_too() -> None:
    torch.manual_seed(0)
    cases: list[tuple[nn.Module, Tensor, tuple[str, ...]]] = [
        (Functional(), noise(2, 1, 14, 14), ("conv1", "conv2", "fc1")),
        (Residual(), noise(2, 1, 8, 8), ("conv", "pool")),
        (
            torchvision.models.resnet18(num_classes=5),
            noise(2, 3, 64, 48),
            ("relu", "layer1", "layer2", "layer3", "layer4", "avgpool"),
        ),
        (
            torchvision.models.squeezenet1_1(num_classes=5),
            noise(2, 3, 64, 64),
            ("features.1", "features.4", "features.7", "features"),
        ),
    ]
    for model, images, layers in cases:
        feedback = FeedbackNetwork(model, images=images)
        assert feedback.layers == layers
        codes = feedback.codes(images)
        for name in layers:
            assert codes.feedback[name].shape == codes.forward[name].shape
            assert feedback.reconstruct(images, name).shape == images.shape


@pytest.mark.parametrize("name", ["efficientnet_b0", "densenet121", "googlenet", "mobilenet_v3_small"])
def test_torchvision(name: str) -> None:
    torch.manual_seed(0)
    options: dict[str, Any] = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    model, images = torchvision.models.get_model(name, num_classes=5, **options), noise(2, 3, 64, 64)
    feedback = FeedbackNetwork(model, images=images)
    codes = feedback.codes(images)
    assert len(feedback.layers) >= 5
    assert all(codes.feedback[layer].shape == codes.forward[layer].shape for layer in feedback.layers)
    assert feedback.reconstruct(images).shape == images.shape


def test_a_pooled_vector_is_decoded_to_more_than_one_value_a_channel() -> None:
    """Of nearest neighbours of one site all sites would be alike."""
    feedback = FeedbackNetwork(Residual(), images=noise(2, 1, 8, 8))
    code = feedback.codes(noise(2, 1, 8, 8)).feedback["conv"]
    assert code[..., 2:-2, 2:-2].flatten(2).std(2).min() > 1e-3


def test_single_logits_labels_and_one_output_of_several() -> None:
    images = noise(3, 1, 8, 8)
    single = small(1).eval()
    probabilities = FeedbackNetwork(single).codes(images).probabilities
    with torch.no_grad():
        logits = single(images)
    torch.testing.assert_close(probabilities, torch.cat([-logits, logits], 1).sigmoid())

    model = small().eval()
    with torch.no_grad():
        expected = model(images).sigmoid()
    torch.testing.assert_close(FeedbackNetwork(model, targets=MultiLabel()).codes(images).probabilities, expected)

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"other": x, "head": self.inner(x)}

    found = FeedbackNetwork(Two(), targets=Output("head")).codes(images)
    torch.testing.assert_close(found.probabilities, expected.logit().softmax(1))


def test_the_classifier_is_no_part_and_is_left_alone() -> None:
    model = small().train()
    model[3].eval()
    state, modes = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    random_state = torch.get_rng_state()
    feedback = FeedbackNetwork(model)
    with torch.inference_mode():
        feedback.codes(noise(3, 1, 8, 8))
    feedback.reconstruct(noise(3, 1, 8, 8), "5")
    own = {id(p) for p in model.parameters()}
    assert not own & {id(p) for p in feedback.parameters()}
    assert all(name.startswith(("stages.", "_extra_state")) for name in feedback.state_dict())
    assert [m.training for m in model.modules()] == modes
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert not any(p.is_inference() for p in feedback.parameters())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_classifiers_of_any_precision_are_mirrored_alike(dtype: torch.dtype) -> None:
    images = noise(3, 1, 8, 8)
    feedback, usual = FeedbackNetwork(small().to(dtype), images=images), FeedbackNetwork(small(), images=images)
    assert {p.dtype for p in feedback.parameters()} == {torch.float32}
    assert feedback.state_dict().keys() == usual.state_dict().keys()
    assert feedback.reconstruct(images.to(dtype), "5").dtype == torch.float32
    torch.testing.assert_close(feedback.reconstruct(images), usual.reconstruct(images), rtol=0.05, atol=0.02)


def test_a_state_builds_its_decoder() -> None:
    images = noise(3, 1, 8, 8)
    trained = FeedbackNetwork(small(), images=images, seed=7)
    other = FeedbackNetwork(small())
    other.load_state_dict(trained.state_dict())
    assert torch.equal(other.reconstruct(images), trained.reconstruct(images))
    with pytest.raises(ValueError, match=r"of a decoder of the layers \['2', '5', '9'\], this one is of \['2', '9'\]"):
        FeedbackNetwork(small(), ["2", "9"]).load_state_dict(trained.state_dict())


def test_the_seed_makes_the_weights() -> None:
    images = noise(2, 1, 8, 8)
    one, same, other = (FeedbackNetwork(small(), images=images, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.reconstruct(images), same.reconstruct(images))
    assert not torch.equal(one.reconstruct(images), other.reconstruct(images))


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 4, 4, 4)
        self.mix = nn.Linear(4, 4)
        self.lstm = nn.LSTM(4, 4, batch_first=True)
        self.last = nn.Identity()
        self.unused = nn.Linear(2, 2)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.mix(self.patches(x).flatten(2).mT)
        tokens, _ = self.lstm(tokens)
        self.last(tokens.unflatten(1, (2, 2)))
        return self.head(tokens.mean(1))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["mix"], r"'mix' gives \[4, 4, 4\] .*cannot be mirrored.*\[N, channels, \*sites\]"),
        (["lstm"], "'lstm' gives tuple, which cannot be mirrored"),
        (["unused"], "'unused' was not used"),
        (["patches", "patches"], "'patches' finishes after 'patches'"),
        (["nothing"], "no layer 'nothing'"),
    ],
)
def test_what_has_no_mirror_is_named(layers: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FeedbackNetwork(Tokens(), layers, images=noise(2, 1, 8, 8))


def test_bad_input_is_refused_in_one_sentence() -> None:
    images = noise(2, 1, 8, 8)
    feedback = FeedbackNetwork(small())
    with pytest.raises(RuntimeError, match="seen no images yet; call fit first"):
        feedback.decode("5", noise(2, 8, 2, 2))
    feedback.codes(images)
    for call, message in [
        (
            lambda: feedback.decode("5", noise(2, 8, 3, 2)),
            r"code of layer '5' must have the shape \[N, 8, 2, 2\], got \[2, 8, 3, 2\]",
        ),
        (lambda: feedback.decode("7", noise(2, 8, 2, 2)), "no layer '7'; it has '2', '5', '9'"),
        (lambda: feedback.decode(None, noise(2, 3)), r"probabilities must have the shape \[N, 4\]"),
        (lambda: feedback.codes(noise(2, 1, 9, 9)), r"built for images \[1, 8, 8\], got \[1, 9, 9\]"),
        (lambda: feedback.codes(noise(2, 64)), r"images must be a non-empty float tensor"),
        (lambda: FeedbackNetwork(small(), ["9", "2"], images=images), "'9' finishes after '2'; name each layer once"),
        (lambda: FeedbackNetwork(small(), targets=3), "starts from all classes"),
        (
            lambda: FeedbackNetwork(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), images=images),
            "no layer of Sequential was found",
        ),
        (lambda: FeedbackNetwork(nn.Conv2d(1, 3, 1), images=images), "a segmentation"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
