"""Receptive fields of models of all sorts: what they are not told by, what is refused, and what is left of them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional

from tb_explain.methods import ReceptiveFields, receptive_fields


class Sees(nn.Module):
    """Positions depend on what a function does to the image."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.before = nn.Conv2d(3, 4, 3, padding=1)
        self.inner = nn.Identity()
        self.after = nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.inner(self.function(self.before(x))))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * torch.sigmoid(x.mean((2, 3), keepdim=True)),  # squeeze and excitation
        lambda x: functional.group_norm(x, 2),
        lambda x: functional.instance_norm(x),
        nn.BatchNorm2d(4, track_running_stats=False),
        lambda x: functional.adaptive_avg_pool2d(x, 1).expand_as(x),
        lambda x: (
            functional.scaled_dot_product_attention(*[x.flatten(2).transpose(1, 2)] * 3).transpose(1, 2).view_as(x)
        ),
        lambda x: torch.fft.fft2(x).real,
    ],
)
@pytest.mark.parametrize("size", [(12, 9), (20, 70)])
def test_what_mixes_all_positions_sees_the_whole_image(
    function: Callable[[Tensor], Tensor], size: tuple[int, int]
) -> None:
    h, w = size
    found = receptive_fields(Sees(function), ["before", "inner", "after"], torch.rand(1, 3, h, w))
    assert found["before"].box((5, 5)) == (slice(4, 7), slice(4, 7))
    for layer in ("inner", "after"):
        assert found[layer].starts == ((0,) * h, (0,) * w)
        assert found[layer].stops == ((h,) * h, (w,) * w)


def test_a_model_that_takes_one_layout_of_memory_only() -> None:
    model = Sees(lambda x: x.view(len(x), -1).view(x.shape))
    found = receptive_fields(model, ["before", "inner"], torch.rand(1, 3, 12, 9))
    assert found["inner"] == found["before"]
    assert found["inner"].box((5, 5)) == (slice(4, 7), slice(4, 7))


class Wide(nn.Module):
    """Is another network for narrow images."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what
        self.small, self.large = nn.Conv2d(3, 2, 3, padding=1), nn.Conv2d(3, 2, 5, padding=2)
        self.last = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        narrow = min(x.shape[2:]) < 100
        if narrow and self.what == "raises":
            raise KeyError("no such size")
        if narrow and self.what == "fewer calls":
            return self.small(x)
        return self.last(self.small(x) if narrow else self.large(x))


@pytest.mark.parametrize("what", ["raises", "is another", "fewer calls"])
def test_narrow_images_count_only_where_they_say_the_same(what: str) -> None:
    fields = receptive_fields(Wide(what), ["last"], torch.rand(1, 3, 110, 120))["last"]
    assert fields.starts == tuple(tuple(max(0, i - 2) for i in range(n)) for n in (110, 120))
    assert fields.stops == tuple(tuple(min(n, i + 3) for i in range(n)) for n in (110, 120))


def test_most_rows_are_found_from_narrow_images() -> None:
    model, passed = nn.Sequential(nn.Conv2d(3, 2, 5, padding=2)), Counter[int]()
    model.register_forward_pre_hook(lambda _model, args: passed.update({min(args[0].shape[2:]): len(args[0])}))
    fields = receptive_fields(model, ["0"], torch.rand(1, 3, 110, 120))["0"]
    assert fields.box((50, 60)) == (slice(48, 53), slice(58, 63))
    assert passed[32] == 110 + 120
    assert passed[110] < 40, "the sample of rows and the check"


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.more = nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(4, 2)
        self.n_heads, self.n_images = 0, 0

    def forward(self, x: Tensor) -> Tensor:
        self.n_images += len(x)
        x.sub_(0.5)  # its own input
        x = self.relu(self.more(self.relu(self.conv(x))))
        self.n_heads += 1
        return self.head(x.mean((2, 3)))


def test_the_last_call_of_a_layer_counts_and_what_follows_does_not_run() -> None:
    model, images = Counting(), torch.rand(2, 3, 40, 40)
    before = images.clone()
    found = receptive_fields(model, ["relu", "conv"], images)
    assert found["relu"].box((20, 20)) == (slice(18, 23), slice(18, 23))
    assert found["conv"].box((20, 20)) == (slice(19, 22), slice(19, 22))
    assert model.n_heads == 1, "the first pass goes to the end to count the calls"
    assert torch.equal(images, before)


@pytest.mark.parametrize("size", [(1, 9), (3, 3), (8, 8), (9, 200)])
def test_images_of_any_size(size: tuple[int, int]) -> None:
    fields = receptive_fields(nn.Sequential(nn.Conv2d(1, 2, 3, padding=1)), ["0"], torch.rand(1, 1, *size))["0"]
    assert fields.starts == tuple(tuple(max(0, i - 1) for i in range(n)) for n in size)
    assert fields.stops == tuple(tuple(min(n, i + 2) for i in range(n)) for n in size)


@pytest.mark.parametrize("how", ["bfloat16", "float16", "float64", "autocast"])
def test_precision_does_not_matter(how: str) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 32, (7, 3), padding=(2, 0), dilation=(2, 1))  # oneDNN in bfloat16 lets NaN reach its neighbours
    model = nn.Sequential(conv, nn.Conv2d(32, 5, (3, 1), dilation=(2, 1)))
    image = torch.rand(1, 1, 30, 23)
    expected = receptive_fields(model, ["0", "1"], image)
    assert expected["0"].box((5, 5)) == (slice(3, 16), slice(5, 8))
    if how == "autocast":
        with torch.autocast("cpu", torch.bfloat16):
            assert receptive_fields(model, ["0", "1"], image) == expected
    else:
        assert receptive_fields(model.to(getattr(torch, how)), ["0", "1"], image) == expected


def test_winograd_convolutions_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", False)  # then batches of 16 go to NNPACK, where there is one
    fields = receptive_fields(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1)), ["0"], torch.rand(1, 3, 40, 24))["0"]
    assert fields.starts == tuple(tuple(max(0, i - 1) for i in range(n)) for n in (40, 24))
    assert fields.stops == tuple(tuple(min(n, i + 2) for i in range(n)) for n in (40, 24))


def test_the_model_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    model = torchvision.models.resnet18(weights=None, num_classes=3)
    model.train()
    model.layer1.eval()
    model.conv1.weight.requires_grad_(False)
    images = torch.rand(2, 3, 40, 64)
    model(images).sum().backward()
    state = copy.deepcopy(model.state_dict())
    gradients = {name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()}
    modes = [module.training for module in model.modules()]
    random, given_images = torch.get_rng_state(), images.clone()
    with torch.inference_mode():
        first = receptive_fields(model, ["layer1", "fc"], images)
    assert first == receptive_fields(nn.DataParallel(model), [model.layer1, "module.fc"], images)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == (name != "conv1.weight")
        assert parameter.grad is None if gradients[name] is None else torch.equal(parameter.grad, gradients[name])
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.equal(images, given_images)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_backends_are_left_as_they_were(monkeypatch: pytest.MonkeyPatch, enabled: bool, fails: bool) -> None:
    backends = [torch.backends.cudnn, torch.backends.mkldnn]
    for backend in backends:
        monkeypatch.setattr(backend, "enabled", enabled)
    with torch.backends.nnpack.flags(enabled=enabled):
        model = Sees(torch.nan_to_num if fails else torch.relu).bfloat16()
        with pytest.raises(ValueError, match="NaN") if fails else nullcontext():
            receptive_fields(model, ["inner"], torch.rand(1, 3, 8, 8))
        assert [backend.enabled for backend in backends] == [enabled] * 2
        assert torch._C._get_nnpack_enabled() is enabled


def test_what_the_image_shows_does_not_matter() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    images = [torch.zeros(1, 3, 12, 10), -torch.rand(1, 3, 12, 10) * 1e4, torch.full((1, 3, 12, 10), torch.nan)]
    images.append(torch.full((1, 3, 12, 10), -torch.inf))
    found = [receptive_fields(model, ["2"], image) for image in images]
    assert all(fields == found[0] for fields in found)
    assert found[0]["2"].box((1, 1)) == (slice(1, 5), slice(1, 5))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
        torch.nan_to_num,
        lambda x: torch.fmax(x, torch.zeros_like(x)),
        lambda x: x + torch.nan_to_num(functional.avg_pool2d(x, 5, 1, 2)),  # one of two paths
        lambda x: (x * 10).round().int().float().clamp(-100, 100),
    ],
)
@pytest.mark.parametrize("size", [(16, 16), (16, 90)])
def test_a_model_that_replaces_nan_is_refused(function: Callable[[Tensor], Tensor], size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    model = Sees(function)
    with pytest.raises(ValueError, match="layer 'inner' depends on more of the image than NaN reaches"):
        receptive_fields(model, ["before", "inner", "after"], torch.rand(1, 3, *size))
    assert receptive_fields(model, ["before"], torch.rand(1, 3, *size))["before"].box((3, 3)) == (slice(2, 5),) * 2


def refuses_nan(x: Tensor) -> Tensor:
    if x.isnan().any():
        raise RuntimeError("not a number")
    return x


class Unused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.constant, self.integer, self.odd = nn.Identity(), nn.Identity(), nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        self.constant(torch.ones(len(x), 4, 5, 5))
        self.integer((x > 0).long())
        self.odd(torch.zeros(len(x), 4, 5))
        return self.used(x)


@pytest.mark.parametrize(
    ("model", "layers", "images", "error", "message"),
    [
        (
            Unused(),
            ["unused"],
            torch.rand(1, 3, 9, 9),
            ValueError,
            "layer 'unused' was not used in the model's forward pass",
        ),
        (
            Unused(),
            ["used", "constant"],
            torch.rand(1, 3, 9, 9),
            ValueError,
            "layer 'constant' does not depend on the images",
        ),
        (Unused(), ["integer"], torch.rand(1, 3, 9, 9), ValueError, "layer 'integer' gives no float tensor but Tensor"),
        (Unused(), ["odd"], torch.rand(1, 3, 9, 9), ValueError, r"layer 'odd' gives \[1, 4, 5\], expected"),
        (Unused(), ["usde"], torch.rand(1, 3, 9, 9), ValueError, "no layer 'usde'; did you mean 'used'"),
        (Unused(), [], torch.rand(1, 3, 9, 9), ValueError, "no layer given"),
        (Unused(), None, torch.rand(1, 3, 9, 9), ValueError, "no layer given"),
        (Unused(), ["used"], torch.rand(3, 9, 9), ValueError, "images must be a non-empty float tensor"),
        (
            Unused(),
            ["used"],
            torch.zeros(1, 3, 9, 9, dtype=torch.uint8),
            ValueError,
            "images must be a non-empty float tensor",
        ),
        (Unused(), ["used"], torch.rand(0, 3, 9, 9), ValueError, "images must be a non-empty float tensor"),
        (Unused(), ["used"], torch.rand(1, 1, 9, 9), ValueError, "images of 3 channels"),
        ("model", ["used"], torch.rand(1, 3, 9, 9), TypeError, "must be a torch.nn.Module, got str"),
        (
            Sees(refuses_nan),
            ["inner"],
            torch.rand(1, 3, 9, 9),
            ValueError,
            r"fails on images that hold NaN.*\(not a number\)",
        ),
        (
            Sees(lambda x: x * torch.nan),
            ["inner"],
            torch.rand(1, 3, 9, 9),
            ValueError,
            "layer 'inner' is NaN for the first image",
        ),
    ],
)
def test_bad_input_is_one_clear_sentence(model: Any, layers: Any, images: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        receptive_fields(model, layers, images)


@pytest.mark.parametrize("position", [(0,), (0, 0, 0), (-1, 0), (0, 5)])
def test_a_position_outside_of_the_layer_is_refused(position: Any) -> None:
    fields = ReceptiveFields(((0, 1), (0, 1, 2, 3, 4)), ((2, 3), (2, 3, 4, 5, 6)), (3, 6))
    for ask in (fields.box, fields.touching):
        with pytest.raises(ValueError, match=r"the layer has \[2, 5\] positions, there is no \["):
            ask(position)
