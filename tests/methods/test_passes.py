"""Perturbed copies of images pass through models that make it hard: in-place, by `view`, short of memory, failing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import torch
from torch import nn

from tb_explain.methods import LIME, RISE, Explained, ImageMethod, Occlusion, OcclusionPairs
from tb_explain.methods.results import OcclusionPairScores, OcclusionScores

METHODS = [
    Occlusion([4, 7], stride=3),
    OcclusionPairs(4),
    RISE(masks=50, cells=4),
    LIME(n_segments=12, samples=50),
]
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)


class Plain(nn.Module):
    """Normalises, convolves, flattens."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 6, 3, stride=2)
        self.norm = nn.BatchNorm2d(6)
        self.fc = nn.Linear(6 * 8 * 6, 4)
        with torch.no_grad():
            self.norm.running_mean.normal_()
            self.fc.weight *= 5

    def normalised(self, images: torch.Tensor) -> torch.Tensor:
        return (images - 0.3) * 2

    def flat(self, features: torch.Tensor) -> torch.Tensor:
        return features.flatten(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.flat(self.norm(self.conv(self.normalised(images))).relu()))


class InPlace(Plain):
    def normalised(self, images: torch.Tensor) -> torch.Tensor:
        return images.sub_(0.3).mul_(2)


class Viewing(Plain):
    """`view` fails on the output of a convolution that was given channels last."""

    def flat(self, features: torch.Tensor) -> torch.Tensor:
        return features.view(len(features), -1)


class InPlaceAndViewing(InPlace, Viewing):
    """By the time it fails its input has changed."""


class ShortOfMemory(Plain):
    """Has room for three images."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > 3:
            raise torch.OutOfMemoryError("no room")
        return super().forward(images)


class InPlaceAndShortOfMemory(InPlace, ShortOfMemory):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if len(images) > 3:
            images.zero_()
        return ShortOfMemory.forward(self, images)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 3, 17, 14, generator=torch.Generator().manual_seed(0))


def values(found: object) -> list[torch.Tensor]:
    """All that a method measured."""
    assert isinstance(found, Explained)
    if isinstance(found, OcclusionScores):
        return [found.scores, *(slider.scores for slider in found.sliders)]
    if isinstance(found, OcclusionPairScores):
        return [found.scores, found.pairs, found.held.alone, found.moved.alone]
    return [found.maps]


def assert_equal(ours: object, truth: object, tolerance: float = 1e-5) -> None:
    for mine, true in zip(values(ours), values(truth), strict=True):
        assert mine.dtype == torch.float32
        difference = ((mine - true).abs().max() / true.abs().max()).item()
        assert difference <= tolerance, f"{difference:.2e}"
    assert max(float(true.std()) for true in values(truth)) > 0.01


@every_method
@pytest.mark.parametrize(
    "awkward",
    [InPlace, Viewing, InPlaceAndViewing, ShortOfMemory, InPlaceAndShortOfMemory],
    ids=lambda kind: kind.__name__,
)
def test_an_awkward_model_gives_what_a_plain_one_does(
    method: ImageMethod, awkward: Callable[[], nn.Module], images: torch.Tensor
) -> None:
    given = images.clone()
    ours = method(awkward(), given, 1)
    assert torch.equal(given, images)
    assert_equal(ours, method(Plain(), images, 1))


def test_a_model_that_has_no_room_for_one_image_says_so(images: torch.Tensor) -> None:
    class NoRoom(Plain):
        calls = 0

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            if self.calls > 1:
                raise torch.OutOfMemoryError("no room")
            return super().forward(images)

    model = NoRoom()
    with pytest.raises(torch.OutOfMemoryError, match="no room"):
        Occlusion(4)(model, images)
    assert model.calls == 1 + 5  # chunks of 16, 8, 4, 2, 1


class Failing(Plain):
    """Fails on its fourth pass."""

    passes = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        if self.passes == 4:
            raise RuntimeError("something of the model's own")
        return super().forward(images)


@every_method
def test_the_models_own_exception_passes_and_the_model_is_as_before(method: ImageMethod, images: torch.Tensor) -> None:
    model = Failing().train()
    model.norm.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="something of the model's own"):
        method(model, images)
    assert (model.training, model.conv.training, model.norm.training) == (True, True, False)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


@every_method
def test_training_is_undisturbed(method: ImageMethod, images: torch.Tensor) -> None:
    model = Plain().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    found = method(model, images, 1)
    assert model.training
    assert model.norm.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert_equal(found, method(Plain().eval(), images, 1), tolerance=0)


@every_method
@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode], ids=lambda mode: mode.__name__)
def test_no_grad_and_inference_mode_do_not_matter(
    method: ImageMethod, around: Callable[[], AbstractContextManager[None]], images: torch.Tensor
) -> None:
    with around():
        found = method(Plain(), images + 0, 1)
    assert_equal(found, method(Plain(), images, 1), tolerance=0)


@every_method
def test_the_model_runs_under_the_callers_autocast_and_results_are_float32(
    method: ImageMethod, images: torch.Tensor
) -> None:
    seen: list[torch.dtype] = []

    class Watched(Plain):
        def flat(self, features: torch.Tensor) -> torch.Tensor:
            seen.append(features.dtype)
            return super().flat(features)

    with torch.autocast("cpu", torch.bfloat16):
        found = method(Watched(), images, 1)
    assert set(seen) == {torch.bfloat16}
    for mine, true in zip(values(found), values(method(Plain(), images, 1)), strict=True):
        assert mine.dtype == torch.float32
        assert (mine - true).abs().max() < 0.1


@every_method
def test_the_methods_own_arithmetic_is_float32_under_autocast(method: ImageMethod, images: torch.Tensor) -> None:
    class Exact(Plain):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cpu", enabled=False):
                return super().forward(images)

    with torch.autocast("cpu", torch.bfloat16):
        found = method(Exact(), images, 1)
        ours = values(found)
    for mine, true in zip(ours, values(method(Plain(), images, 1)), strict=True):
        assert torch.allclose(mine, true, atol=1e-6)


@every_method
def test_a_model_in_bfloat16(method: ImageMethod, images: torch.Tensor) -> None:
    found = method(Plain().bfloat16(), images, 1)
    for mine, true in zip(values(found), values(method(Plain(), images, 1)), strict=True):
        assert mine.dtype == torch.float32
        assert (mine - true).abs().max() < 0.1
