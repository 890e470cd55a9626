"""Images climb each by its own objective, and the network neither runs further than it must nor notices."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods import Channel, ClassScore, Direction, Flag, Natural, Plain, maximize

NORMALISED: Any = {"mean": [0.5] * 3, "std": [0.25] * 3}


class Restless(nn.Module):
    """Draws random numbers and counts its calls in evaluation mode too."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        self.calls += 1
        return nn.functional.dropout(features, 0.1, training=True)


class Net(nn.Sequential):
    """Two blocks and a head; Python's own counter of how often and how far it ran."""

    def __init__(self, channels: int = 3, dtype: torch.dtype = torch.float32) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            super().__init__(
                nn.Sequential(nn.Conv2d(channels, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)),
                nn.Sequential(nn.Conv2d(6, 8, 3, padding=1, stride=2), nn.BatchNorm2d(8), nn.ReLU(inplace=True)),
                Restless(),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(8, 4),
            )
        self.to(dtype)
        self.ran = 0
        self[5].register_forward_hook(lambda *_: setattr(self, "ran", self.ran + 1))


def everything(model: nn.Module) -> dict[str, Any]:
    """What must be as before."""
    return {
        "state": {name: tensor.clone() for name, tensor in model.state_dict().items()},
        "grads": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "wanted": [p.requires_grad for p in model.parameters()],
        "modes": [module.training for module in model.modules()],
        "hooks": [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()],
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state()[1].tolist(),
        "python": random.getstate(),
        "grad mode": torch.is_grad_enabled(),
    }


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def in_training() -> Net:
    model = Net().train()
    model[1][1].eval()
    next(model.parameters()).requires_grad_(False)
    model(torch.randn(2, 3, 8, 8)).sum().backward()
    return model


@pytest.mark.parametrize("context", [torch.enable_grad, torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("recipe", ["paper", "natural"])
def test_training_does_not_notice(recipe: str, context: Callable[[], Any]) -> None:
    model = in_training()
    with context():
        before = everything(model)
        found = maximize(model, ["0:1", "1:2", "class:3"], size=8, steps=10, recipe=recipe, **NORMALISED)
        assert same(before, everything(model))
    assert found.gains[1] > 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_stays_behind_when_it_is_interrupted(error: type[BaseException]) -> None:
    model = in_training()
    calls = iter(range(100))

    def fail(*_: Any) -> None:
        if next(calls) == 4:
            raise error("now")

    model[0].register_forward_hook(fail)
    before = everything(model)
    with pytest.raises(error, match="now"):
        maximize(model, "1:2", size=8)
    assert same(before, everything(model))


def test_the_pass_stops_at_the_layer() -> None:
    model = Net().eval()
    maximize(model, ["0:1", "1:2"], size=8, steps=5)
    assert model.ran == 2, "once for each layer, to see what the objectives look at; and never again"
    maximize(model, "class:1", size=8, steps=5)
    assert model.ran == 2 + 1 + 6


def test_images_that_only_the_head_does_not_take_are_good_enough_for_layers() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 6, 2))
    assert maximize(model, "0:1", size=12, steps=2).images.shape == (1, 1, 12, 12)
    with pytest.raises(ValueError, match=r"does not take images \[1, 1, 12, 12\].*size=\(H, W\)"):
        maximize(model, "class:1", size=12, steps=2)


def by_hand(model: nn.Module, k: int, z: Tensor, steps: int, l1: float, low: float, high: float) -> Tensor:
    """The paper's recipe for a class, written out for one image."""
    for _ in range(steps):
        z = z.detach().requires_grad_()
        (g,) = torch.autograd.grad(model(z)[0, k], z)
        z = (z + 0.5 * (g / (g.square().mean().sqrt() + 1e-5) - l1 * z.sign())).clamp(low, high)
    return z.detach()


def plain_net() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1), nn.Softplus(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 4)
        ).double()


def test_plain_is_the_papers_formula() -> None:
    model = plain_net()
    start = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64).clamp(-2, 2)
    found = maximize(model, "class:2", start=start, steps=6, **NORMALISED)
    assert found.recipes == (Plain(steps=6, l1=0.1, box=True),)
    expected = [by_hand(model, 2, start[None], steps, 0.1, -2, 2) for steps in range(7)]
    with torch.no_grad():
        scores = torch.stack([model(z)[0, 2] for z in expected])
    assert torch.allclose(found.scores[0], scores, atol=1e-12)
    assert torch.allclose(found.images[0], expected[int(scores.argmax())][0], atol=1e-12)
    free = maximize(model, "class:2", start=start, recipe=Plain(steps=6))
    assert torch.allclose(free.images[0], by_hand(model, 2, start[None], 6, 0, -1e9, 1e9)[0], atol=1e-12)
    assert free.gains[0] > found.gains[0] > 0


@pytest.mark.parametrize("recipe", [Plain(), Natural(steps=12), Plain(steps=12, patience=2)])
def test_an_objective_gets_the_same_image_alone_and_among_others(recipe: Any) -> None:
    model = Net(dtype=torch.float64).eval()
    model[2] = nn.Identity()
    model[0][0].weight.data[3] = 0
    model[0][0].bias.data[3] = -9
    objectives = [f"0:{k}" for k in range(6)] + ["1:2@0,1", "1:3", "class:0", "class:3 - 0.5 * class:1"]
    together = maximize(model, objectives, size=8, recipe=recipe, **NORMALISED)
    chunks = maximize(model, objectives, size=8, recipe=recipe, batch=4, **NORMALISED)
    for row, objective in enumerate(objectives):
        alone = maximize(model, objective, size=8, recipe=recipe, **NORMALISED)
        assert alone.steps[0] == together.steps[row] and alone.flags[0] == together.flags[row], objective
        for others in (together, chunks):
            assert (alone.images[0] - others.images[row]).abs().max() < 1e-10, objective
            assert (alone.scores[0] - others.scores[row]).abs().max() < 1e-10, objective
    assert together.dead.nonzero().flatten().tolist() == [3]


def test_seeds() -> None:
    model = Net().eval()
    model[2] = nn.Identity()
    a, b, c = (maximize(model, ["0:1", "0:2"], size=8, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(a.images, b.images) and torch.equal(a.scores, b.scores)
    assert not torch.allclose(a.images, c.images, atol=0.1)


def test_dead_channels_are_named_and_skipped() -> None:
    model = Net().eval()
    with torch.no_grad():
        for k in (1, 4):
            model[0][0].weight[k] = 0
            model[0][0].bias[k] = -1
        model[0][1].bias[2] = (
            -3.5 * model[0][1].weight[2]
        )  # silent for the noise of the start, but not for three times as much
        model[0][0].bias[2] = 0
        model[0][0].weight[2] /= model[0][0].weight[2].norm()
    for recipe in ("paper", "natural"):
        found = maximize(model, [f"0:{k}" for k in range(6)], size=8, recipe=recipe, mean=[0.4] * 3, std=[0.2] * 3)
        assert set(found.dead.nonzero().flatten().tolist()) - {2} == {1, 4}
        assert torch.allclose(found.pixels[[1, 4]], torch.tensor(0.5)), "grey"
        assert found.steps[[1, 4]].tolist() == [0, 0] and (found.flags[[1, 4]] == Flag.ZERO_GRADIENT).all()
        assert found.images.isfinite().all() and found.scores.isfinite().all()
        assert (found.gains[[0, 3, 5]] > 0).all()


def test_a_channel_that_is_silent_at_first_gets_another_start() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU())
    with torch.no_grad():
        model[0].weight.fill_(1)
        model[0].bias.fill_(-5)
    found = maximize(model, "1:0", size=8)  # no normal number of 64 reaches 5, but some three times as large do
    assert not found.dead[0] and found.gains[0] > 0
    model[0].bias.data.fill_(-50)
    assert maximize(model, "1:0", size=8).dead[0]


def test_a_channel_that_no_white_noise_wakes_is_tried_with_smooth_images() -> None:
    model = nn.Sequential(nn.AvgPool2d(4, stride=1), nn.Conv2d(1, 2, 1), nn.ReLU())
    with torch.no_grad():
        model[1].weight.fill_(1)
        model[1].bias.copy_(torch.tensor([-3.0, -30]))
    found = maximize(model, ["2:0", "2:1", "2:0@1,1"], size=16)
    assert found.dead.tolist() == [False, True, False] and (found.gains[[0, 2]] > 1).all()


def test_a_constant_image_to_start_from_gets_a_little_noise() -> None:
    class Contrast(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return (images - images.mean((2, 3), keepdim=True)).square()

    found = maximize(nn.Sequential(Contrast(), nn.Conv2d(1, 1, 1)), "0:0", start=torch.full((1, 6, 6), 0.3))
    assert not found.dead[0] and found.gains[0] > 1


class Fragile(nn.Module):
    """Breaks for an image whose mean is above a limit."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where

    def forward(self, features: Tensor) -> Tensor:
        limit = torch.where(features[:, :1].mean((2, 3), keepdim=True) > 2, torch.nan, 1.0)
        return features * limit if self.where == "score" else Scaled.apply(features, limit)


class Scaled(torch.autograd.Function):
    """Leaves values as they are and multiplies their gradients."""

    @staticmethod
    def forward(context: Any, values: Tensor, factor: Tensor) -> Tensor:
        context.save_for_backward(factor)
        return values.clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Any:
        return gradient * context.saved_tensors[0], None


@pytest.mark.parametrize("where", ["score", "gradient"])
def test_what_is_not_finite_stops_its_own_image_alone(where: str) -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), Fragile(where))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
        model[0].bias.zero_()
    found = maximize(model, ["1:0", "1:1"], size=4)
    assert found.flags.tolist() == [Flag.NOT_FINITE, 0]
    assert 0 < found.steps[0] < found.steps[1] == 20
    assert found.images.isfinite().all() and found.scores.isfinite().all()
    assert 1 < found.scores[0, -1] <= 2.01 and found.scores[1, -1] > 5, (
        "the best so far, and what it would have reached"
    )
    assert found.images[0].mean() == pytest.approx(float(found.scores[0].max()), rel=1e-5)


def test_nothing_finite_from_the_start_is_a_grey_image() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1))
    model[0].bias.data[1] = torch.nan
    found = maximize(model, ["0:0", "0:1"], size=4, steps=3)
    assert found.flags.tolist() == [0, Flag.NOT_FINITE] and found.steps.tolist() == [3, 0]
    assert torch.allclose(found.images[1], torch.tensor(0.5)) and found.scores[1].tolist() == [0, 0, 0, 0]


def test_an_image_is_finished_when_its_score_rises_no_more() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Hardtanh(-1, 1))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([1.0, 1e-3]).reshape(2, 1, 1, 1))
        model[0].bias.zero_()
    seen: list[int] = []
    model[1].register_forward_hook(lambda _m, _a, output: seen.append(len(output)))
    found = maximize(model, ["1:0", "1:1"], start=torch.zeros(1, 4, 4), recipe=Plain(steps=30, patience=3))
    assert found.steps[0] < 15 and found.steps[1] == 30 and not found.flags.any()
    assert found.scores[0, -1] == found.scores[0].max() == pytest.approx(1, abs=1e-3)
    assert seen[1] == 2 and seen[-1] == 1, "what is finished leaves the batch"


def test_the_best_image_of_all_steps_is_kept() -> None:
    class Hill(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return -(images - 0.2).abs()

    found = maximize(nn.Sequential(Hill()), "0:0", start=torch.full((1, 2, 2), 1.9), steps=8)
    best = int(found.scores[0].argmax())
    assert 0 < best < 8, "steps of 0.5 go back and forth across the top"
    assert found.images[0].mean() == pytest.approx(0.4, abs=1e-4)


def test_memory_that_runs_out_makes_batches_smaller() -> None:
    model = nn.Sequential(nn.Conv2d(1, 8, 3))
    seen: list[int] = []

    def small(_module: nn.Module, args: Any) -> None:
        seen.append(len(args[0]))
        if len(args[0]) > 3:
            raise torch.OutOfMemoryError("too much")

    expected = maximize(model, [f"0:{k}" for k in range(8)], size=8, steps=2)
    model[0].register_forward_pre_hook(small)
    found = maximize(model, [f"0:{k}" for k in range(8)], size=8, steps=2)
    assert max(seen) == 8 and set(seen[3:]) == {2}
    assert torch.allclose(found.images, expected.images, atol=1e-5)


def test_sums_directions_and_neurons_are_what_they_say() -> None:
    model = plain_net()
    start = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        A = model[:2](start[None])[0]
        scores = model(start[None])[0]
    vector = [0.5, -1, 0, 2, 0, 0.25]
    expected = {
        Channel("1", 2): A[2].mean(),
        Channel("1", 2, (3, 5)): A[2, 3, 5],
        Channel("1", 2, "centre"): A[2, 4, 4],
        Direction("1", vector): (torch.tensor(vector)[:, None, None] * A).sum(0).mean(),
        Direction(model[1], torch.tensor(vector), (0, 1)): (torch.tensor(vector)[:, None, None] * A).sum(0)[0, 1],
        ClassScore(3): scores[3],
        Channel("1", 2) - 0.5 * Channel("0", 1) + ClassScore(1): A[2].mean()
        - 0.5 * model[0](start[None])[0, 1].mean()
        + scores[1],
        -(2 * Channel("1", 0) - Channel("1", 1)): A[1].mean() - 2 * A[0].mean(),
    }
    found = maximize(model, list(expected), start=start, recipe=Plain(steps=1))
    assert torch.allclose(found.scores[:, 0], torch.stack(list(expected.values())), atol=1e-12)
    assert (found.gains > 0).all()
    # A neuron of a 3 x 3 convolution sees 3 x 3 pixels.
    moved = (found.images[1] - start).abs().sum(0) > 0
    assert moved.nonzero().tolist() == [[y, x] for y in (2, 3, 4) for x in (4, 5, 6)]


class TwoLogits(nn.Module):
    """One logit, as binary classifiers have."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.head = nn.Linear(2, 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.conv(images).mean((2, 3)))


class Patches(nn.Module):
    """Tokens with a class token before them."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 4, stride=4)
        self.block = nn.Linear(8, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embed(images).flatten(2).transpose(1, 2)
        tokens = self.block(torch.cat([tokens.mean(1, keepdim=True), tokens], 1))
        return self.head(tokens[:, 0])


class Viewing(nn.Sequential):
    """`view`, which channels last do not allow."""

    def forward(self, images: Tensor) -> Tensor:
        features = self[0](images)
        return self[1](features.view(len(images), -1))


class Shared(nn.Module):
    """One rectifier called twice, in place, on the images too."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 5, 3)
        self.act = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        return self.act(self.second(self.act(self.first(images.mul_(2))))).mean((2, 3))


@pytest.mark.parametrize(
    ("model", "objective", "size", "shape"),
    [
        (TwoLogits(), "class:0", 6, (1, 6, 6)),
        (TwoLogits(), "conv:1@0,0", 3, (1, 3, 3)),
        (TwoLogits(), "conv:1", (3, 9), (1, 3, 9)),
        (Net(), "3:7", 8, (3, 8, 8)),
        (Net(), "4:7", 8, (3, 8, 8)),
        (Net(2), "0:0 + class:1", (8, 6), (2, 8, 6)),
        (Patches(), "block:3@1,0", 8, (3, 8, 8)),
        (nn.Sequential(Viewing(nn.Conv2d(2, 3, 3), nn.Linear(48, 4))), "0.0:1", 6, (2, 6, 6)),
        (Viewing(nn.Conv2d(2, 3, 3), nn.Linear(48, 4)), "1:1", 6, (2, 6, 6)),
        (Shared(), "act:4", 8, (1, 8, 8)),
        (nn.Sequential(nn.Conv3d(1, 4, 3), nn.ReLU()), "1:2@0,1,2", 5, (1, 5, 5, 5)),
        (nn.Sequential(nn.Conv3d(1, 1, 3)), "0:0", (3, 4, 5), (1, 3, 4, 5)),
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), "class:2", (3, 4), (1, 3, 4)),
    ],
)
def test_every_kind_of_network(model: nn.Module, objective: str, size: Any, shape: tuple[int, ...]) -> None:
    channels = None if any(isinstance(m, (nn.Conv2d, nn.Conv3d)) for m in model.modules()) else 1
    recipes = ["paper"] if len(shape) == 4 else ["paper", "natural"]
    for recipe in recipes:
        found = maximize(model, objective, size=size, channels=channels, recipe=recipe, steps=4)
        assert found.images.shape == (1, *shape) and found.images.isfinite().all()
        assert found.dead[0] or (found.gains[0] > 0 and found.scores.shape == (1, 5))
        assert found.pixels.min() >= 0 and found.pixels.max() <= 1


def test_a_layer_called_twice_is_looked_at_the_last_time() -> None:
    model = Shared()
    image = torch.randn(1, 8, 8)
    found = maximize(model, [f"act:{k}" for k in range(5)], start=image, steps=1)
    with torch.no_grad():
        assert torch.allclose(found.scores[:, 0], model(image[None].clone())[0], atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_finds_what_the_cpu_does() -> None:
    model = Net().eval()
    model[2] = nn.Identity()
    on_cpu = maximize(model, ["0:1", "1:2", "class:1"], size=8, steps=5)
    on_gpu = maximize(model.cuda(), ["0:1", "1:2", "class:1"], size=8, steps=5)
    assert on_gpu.images.is_cuda
    assert torch.allclose(on_gpu.scores.cpu(), on_cpu.scores, rtol=1e-2)
