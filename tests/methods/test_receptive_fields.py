"""Receptive fields against the gradient's support and against arithmetic."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from tb_explain.methods import ReceptiveFields, receptive_fields
from tb_explain.methods.layers import grid_of


def passing_everything(model: nn.Module) -> nn.Module:
    """A copy whose gradient vanishes only where there is no path: positive weights, so that nothing cancels and no rectifier is
    off, and averages in the place of maxima, whose gradient reaches one pixel of those that they look at.
    """
    model = copy.deepcopy(model).double().eval()
    for name, module in list(model.named_modules()):
        if isinstance(module, (nn.MaxPool2d, nn.MaxPool3d)):
            assert module.dilation == 1
            kind = nn.AvgPool2d if isinstance(module, nn.MaxPool2d) else nn.AvgPool3d
            model.set_submodule(
                name, kind(module.kernel_size, module.stride, module.padding, ceil_mode=module.ceil_mode)
            )
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.rand(parameter.shape, generator=generator, dtype=torch.float64) + 0.5)
            parameter.div_(parameter.mean() * max(1, parameter[0].numel()))
    return model


def support(model: nn.Module, layer: str, image: Tensor, positions: Sequence[tuple[int, ...]]) -> list[Any]:
    """Of each position the box around where the gradient of its channels' weighted sum is not zero, None where it is zero everywhere."""
    kept = {}
    hook = model.get_submodule(layer).register_forward_hook(lambda _m, _a, out: kept.update(out=out.clone()))
    images = image.repeat(len(positions), *(1,) * (image.ndim - 1)).requires_grad_()
    model(images)
    hook.remove()
    to_grid = grid_of(kept["out"].shape, len(positions), tuple(image.shape[2:]))
    out = to_grid(kept["out"]) if to_grid else kept["out"].reshape(*kept["out"].shape[:2], *(1,) * (image.ndim - 2))
    weights = torch.linspace(1, 2, out.shape[1], dtype=out.dtype)  # a normalised layer's plain sum is constant
    score = sum(out[(i, slice(None), *position)] @ weights for i, position in enumerate(positions))
    assert isinstance(score, Tensor)
    (gradient,) = torch.autograd.grad(score, images)
    boxes: list[Any] = []
    for hit in gradient.ne(0).any(1):
        where = hit.nonzero()
        box = (
            tuple(slice(int(a), int(b) + 1) for a, b in zip(where.amin(0), where.amax(0), strict=True))
            if len(where)
            else None
        )
        boxes.append(box)
    return boxes


def sites(fields: ReceptiveFields) -> list[tuple[int, ...]]:
    return list(itertools.product(*(range(len(starts)) for starts in fields.starts)))


def box_or_none(fields: ReceptiveFields, position: Sequence[int]) -> Any:
    box = fields.box(position)
    return None if any(part.start == part.stop for part in box) else box


def check_against_gradient(model: nn.Module, layers: Sequence[str], size: tuple[int, ...], most: int = 400) -> None:
    torch.manual_seed(1)
    channels = next(m.in_channels for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Conv3d)))
    image = torch.rand(1, channels, *size)
    found = receptive_fields(model, layers, image)
    assert list(found) == list(layers)
    positive = passing_everything(model)
    for layer, fields in found.items():
        assert fields.size == size
        positions = sites(fields)
        if len(positions) > most:
            positions = [positions[i] for i in torch.randperm(len(positions))[:most].tolist()] + [
                positions[0],
                positions[-1],
            ]
        for first in range(0, len(positions), 64):
            some = positions[first : first + 64]
            truth = support(positive, layer, image.double() + 0.1, some)
            for position, box in zip(some, truth, strict=True):
                assert box_or_none(fields, position) == box, (layer, position)


class Residual(nn.Module):
    def __init__(self, channels: int, out: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, dilation, dilation, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, dilation, dilation)
        self.shortcut = nn.Conv2d(channels, out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.conv2(functional.relu(self.norm(self.conv1(x)), inplace=True)) + self.shortcut(x))


class Inception(nn.Module):
    """Branches of different reach, and functions between modules."""

    def __init__(self, border: str = "replicate") -> None:
        super().__init__()
        self.border = border
        self.narrow = nn.Conv2d(3, 4, 1, stride=2)
        self.wide = nn.Conv2d(3, 4, (5, 3), stride=2, padding=(2, 1))
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.mixed = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        joined = torch.cat([self.narrow(x), self.wide(x), self.pool(x)], 1)
        shifted = functional.pad(joined, (0, 1, 2, 0), self.border)[:, :, :-2, 1:]
        return self.mixed(joined + functional.avg_pool2d(shifted, 3, 1, 1) * 0.5)


NETWORKS: dict[str, tuple[Callable[[], nn.Module], list[str], tuple[int, ...]]] = {
    "chain": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 5, 2, 1),
            nn.ReLU6(),
            nn.MaxPool2d(3, 2, 1),
        ),
        ["0", "2", "3", "5"],
        (21, 18),
    ),
    "residual": (
        lambda: nn.Sequential(Residual(3, 4), Residual(4, 4, 2), Residual(4, 4)),
        ["0", "0.conv1", "1", "2"],
        (19, 16),
    ),
    "dilated": (
        lambda: nn.Sequential(
            Residual(3, 4, dilation=2), nn.Conv2d(4, 4, 3, dilation=3), nn.Conv2d(4, 4, 2, dilation=(4, 2))
        ),
        ["0", "1", "2"],
        (22, 19),
    ),
    "holes wider than strides": (
        lambda: nn.Sequential(nn.Conv2d(3, 2, 1, 3), nn.Conv2d(2, 2, 3, 2, dilation=2)),
        ["0", "1"],
        (30, 24),
    ),
    "rounded up": (
        lambda: nn.Sequential(
            nn.MaxPool2d(3, 2, ceil_mode=True), nn.Conv2d(3, 2, 3), nn.AvgPool2d(2, 2, 1, ceil_mode=True)
        ),
        ["0", "1", "2"],
        (20, 17),
    ),
    "asymmetric": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, (7, 1), (1, 3), (3, 0)), nn.ZeroPad2d((2, 0, 0, 1)), nn.Conv2d(3, 3, (1, 4), (2, 1), (0, 3))
        ),
        ["0", "1", "2"],
        (13, 20),
    ),
    "depthwise": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 6, 1),
            nn.Conv2d(6, 6, 5, 2, 2, groups=6),
            nn.BatchNorm2d(6),
            nn.Hardswish(),
            nn.Conv2d(6, 4, 1),
        ),
        ["1", "4"],
        (18, 15),
    ),
    "transposed": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 4, 3, 2, 1),
            nn.ConvTranspose2d(4, 4, 4, 2, 1),
            nn.ConvTranspose2d(4, 2, 1, 2),
            nn.Upsample(scale_factor=2),
        ),
        ["0", "1", "2", "3"],
        (14, 12),
    ),
    "only padding": (lambda: nn.Sequential(nn.Conv2d(3, 4, 1, padding=2), nn.Conv2d(4, 4, 2)), ["0", "1"], (6, 7)),
    "around the border": (lambda: nn.Sequential(nn.Conv2d(3, 2, 3, padding=1, padding_mode="circular")), ["0"], (8, 9)),
    "voxels": (
        lambda: nn.Sequential(
            nn.Conv3d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool3d(2), nn.Conv3d(4, 4, (3, 1, 2), (2, 1, 1))
        ),
        ["0", "2", "3"],
        (9, 8, 10),
    ),
    "branches": (Inception, ["narrow", "wide", "mixed"], (17, 20)),
    "ends in a vector": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)),
        ["0", "1", "2", "3"],
        (13, 15),
    ),
    "adaptive": (lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d((3, 5))), ["1"], (15, 16)),
    "wide": (lambda: nn.Sequential(Residual(3, 4, 2), nn.MaxPool2d(3, 2), Residual(4, 4, 2)), ["0", "2"], (40, 130)),
    "high": (lambda: nn.Sequential(Residual(3, 4, 2), nn.MaxPool2d(3, 2), Residual(4, 4, 2)), ["0", "2"], (130, 40)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_boxes_are_the_support_of_the_gradient(name: str) -> None:
    build, layers, size = NETWORKS[name]
    torch.manual_seed(0)
    check_against_gradient(build(), layers, size)


def test_where_the_axes_depend_on_each_other_the_ranges_are_those_of_all_positions_in_line() -> None:
    # In row 0 the branch that looks to the right is empty, so that the columns that a position sees depend on its row.
    model, image = Inception("constant"), torch.rand(1, 3, 17, 20)
    fields = receptive_fields(model, ["mixed"], image)["mixed"]
    truth = dict(
        zip(
            sites(fields), support(passing_everything(model), "mixed", image.double() + 0.1, sites(fields)), strict=True
        )
    )
    assert truth[0, 0] != fields.box((0, 0))
    for axis, (starts, stops) in enumerate(zip(fields.starts, fields.stops, strict=True)):
        for i, span in enumerate(zip(starts, stops, strict=True)):
            line = [box[axis] for position, box in truth.items() if position[axis] == i]
            assert span == (min(part.start for part in line), max(part.stop for part in line))


def test_boxes_of_a_resnet_are_the_support_of_the_gradient() -> None:
    torch.manual_seed(0)
    layers = ["conv1", "maxpool", "layer1", "layer2", "layer3", "layer4.0.conv1", "layer4", "fc"]
    check_against_gradient(torchvision.models.resnet18(weights=None), layers, (64, 64), most=48)


Step = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int], str]
pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
steps = st.tuples(
    pairs,
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(["conv", "depthwise", "max"]),
)


def module_of(step: Step) -> nn.Module:
    kernel, stride, padding, dilation, kind = step
    if kind == "max":
        padding = (min(padding[0], kernel[0] // 2), min(padding[1], kernel[1] // 2))
        return nn.MaxPool2d(kernel, stride, padding, dilation)
    return nn.Conv2d(4, 4, kernel, stride, padding, dilation, groups=4 if kind == "depthwise" else 1)


def pixels(chain: Sequence[nn.Module], axis: int, extent: int) -> list[set[int]]:
    """The pixels that each index of the last module depends on along an axis, by going through the taps of every kernel."""

    def at(value: Any) -> int:
        return int(value if isinstance(value, int) else value[axis])

    seen = [{i} for i in range(extent)]
    for m in chain:
        kernel, stride, padding, dilation = (at(v) for v in (m.kernel_size, m.stride, m.padding, m.dilation))
        n = (len(seen) + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        taps = [[q * stride - padding + t * dilation for t in range(kernel)] for q in range(n)]
        seen = [set().union(*(seen[i] for i in row if 0 <= i < len(seen))) for row in taps]
    return seen


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, min_size=1, max_size=4), st.tuples(st.integers(9, 24), st.integers(9, 24)))
def test_boxes_of_a_chain_follow_from_its_kernels(chain: list[Step], size: tuple[int, int]) -> None:
    modules = [module_of(step) for step in chain]
    layer = str(len(modules) - 1)
    truth = [pixels(modules, axis, size[axis]) for axis in (0, 1)]
    if not all(any(rows) for rows in truth):
        return  # the network does not take images so small, or sees none of them
    fields = receptive_fields(nn.Sequential(*modules), [layer], torch.rand(1, 4, *size))[layer]
    for axis in (0, 1):
        # A position sees nothing where it sees nothing along either axis.
        spans = list(zip(fields.starts[axis], fields.stops[axis], strict=True))
        assert [None if a == b else (a, b) for a, b in spans] == [
            (min(rows), max(rows) + 1) if rows else None for rows in truth[axis]
        ]
        reach, jump, start = 1, 1, 0
        for m in modules:
            kernel, stride, padding, dilation = (
                v if isinstance(v, int) else v[axis] for v in (m.kernel_size, m.stride, m.padding, m.dilation)
            )
            start -= padding * jump
            reach += dilation * (kernel - 1) * jump
            jump *= stride
        for q, span in enumerate(spans):
            if start + q * jump >= 0 and start + q * jump + reach <= size[axis]:
                assert span == (start + q * jump, start + q * jump + reach), "size, jump and start of the textbook"


def test_tokens_of_a_vision_transformer_see_patches_then_the_whole_image() -> None:
    torch.manual_seed(0)
    model = torchvision.models.VisionTransformer(64, 16, 2, 2, 32, 64, num_classes=5)
    nn.init.normal_(model.heads.head.weight)
    layers = ["conv_proj", "encoder.dropout", "encoder.layers.encoder_layer_0", "encoder.ln", "heads.head"]
    found = receptive_fields(model, layers, torch.rand(2, 3, 64, 64))
    for layer in layers[:2]:
        assert found[layer].starts == ((0, 16, 32, 48),) * 2
        assert found[layer].stops == ((16, 32, 48, 64),) * 2
    for layer in layers[2:]:
        n = 1 if layer == "heads.head" else 4
        assert found[layer] == ReceptiveFields(((0,) * n,) * 2, ((64,) * n,) * 2, (64, 64))


def test_tokens_of_swin_see_their_windows() -> None:
    torch.manual_seed(0)
    model, image = (
        torchvision.models.SwinTransformer([4, 4], 8, [2], [2], [2, 2], num_classes=3),
        torch.rand(1, 3, 32, 64),
    )
    found = receptive_fields(model, ["features.0", "features.1.0", "features.1.1"], image)
    assert found["features.0"].box((1, 15)) == (slice(4, 8), slice(60, 64))
    assert found["features.1.0"].starts[0] == (0, 0, 8, 8, 16, 16, 24, 24)
    assert found["features.1.0"].box((3, 15)) == (slice(8, 16), slice(56, 64))
    assert found["features.1.1"].box((3, 4)) == (slice(8, 24), slice(8, 24)), "windows moved by one, of windows"
    for layer in found:
        truth = support(model.double().eval(), layer, image.double(), [(3, 4), (5, 7)])
        assert truth == [found[layer].box((3, 4)), found[layer].box((5, 7))]


@pytest.mark.parametrize("name", ["chain", "dilated", "transposed", "only padding", "voxels", "ends in a vector"])
def test_touching_is_the_box_of_all_positions_that_overlap(name: str) -> None:
    build, layers, size = NETWORKS[name]
    model = build()
    channels = next(m.in_channels for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Conv3d)))
    for fields in receptive_fields(model, layers, torch.rand(1, channels, *size)).values():
        every = sites(fields)
        masks = torch.zeros(len(every), *size, dtype=torch.bool)
        for mask, position in zip(masks, every, strict=True):
            mask[fields.box(position)] = True
        for i in torch.randperm(len(every), generator=torch.Generator().manual_seed(0))[:60].tolist():
            axes = range(len(size))
            if masks[i].any():
                overlap = (masks & masks[i]).flatten(1).any(1).nonzero().flatten().tolist()
                assert i in overlap
            else:  # no other overlaps nothing, but a range along one axis may still be seen
                continue
            where = torch.tensor([every[j] for j in overlap])
            box = tuple(slice(int(where[:, a].min()), int(where[:, a].max()) + 1) for a in axes)
            assert fields.touching(every[i]) == box
            shape = [len(starts) for starts in fields.starts]
            inside = torch.zeros(shape, dtype=torch.bool)
            inside[box] = True
            if name != "only padding" and name != "transposed":  # there some positions between see nothing
                assert int(inside.sum()) == len(overlap), "the box holds no other positions"


def test_a_position_that_sees_nothing_touches_itself_only() -> None:
    fields = receptive_fields(
        nn.Sequential(nn.Conv2d(1, 1, 1, padding=1)),
        ["0"],
        torch.rand(1, 1, 4, 5),
    )["0"]
    assert fields.starts == ((0, 0, 1, 2, 3, 4), (0, 0, 1, 2, 3, 4, 5))
    assert fields.stops == ((0, 1, 2, 3, 4, 4), (0, 1, 2, 3, 4, 5, 5))
    assert fields.touching((0, 3)) == (slice(0, 1), slice(3, 4))
