"""Objectives are read from text as they are written, and the pictures' prior is what it says it is."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
import torch
from sklearn.datasets import load_sample_images
from torch import Tensor, nn

from tb_explain import ExplainWriter
from tb_explain.methods import Channel, ClassScore, Direction, Natural, Objective, Plain, class_means, maximize
from tb_explain.methods.maximize.canvas import Frame
from tb_explain.methods.maximize.fourier import COLOURS, Spectra, _gradient_of_variation
from tb_explain.methods.maximize.objectives import Sum, parsed

TEXTS: dict[str, Objective] = {
    "layer4:17": Channel("layer4", 17),
    "layer4.0.conv1:0": Channel("layer4.0.conv1", 0),
    "layer4:17@3,5": Channel("layer4", 17, (3, 5)),
    "a:1@0,2,4": Channel("a", 1, (0, 2, 4)),
    "layer4:17@centre": Channel("layer4", 17, "centre"),
    "class:281": ClassScore(281),
    "layer4:17 - 0.5 * class:3": Channel("layer4", 17) - 0.5 * ClassScore(3),
    "-1 * a:1 + 2 * b:2@1,1": 2 * Channel("b", 2, (1, 1)) + -Channel("a", 1),
}


@pytest.mark.parametrize("text", TEXTS)
def test_text(text: str) -> None:
    found = parsed(text)
    expected = TEXTS[text]
    if isinstance(expected, Sum):
        assert isinstance(found, Sum) and set(found.terms) == set(expected.terms)
    else:
        assert found == expected
    assert str(found) == text
    assert parsed(f"  {text} ") == found


def test_objectives_are_values() -> None:
    assert Channel("a", 1) + Channel("b", 2) == parsed("a:1 + b:2")
    assert 2 * (Channel("a", 1) - ClassScore(3)) == parsed("2 * a:1 - 2 * class:3")
    assert Direction("a", torch.tensor([1.0, 0])) == Direction("a", [1, 0])
    assert len({Channel("a", 1), Channel("a", 1), Direction("a", [1]), Plain(), Plain(), Natural()}) == 4
    with pytest.raises(TypeError, match="objectives are added to objectives, got int"):
        Channel("a", 1) + 3  # type: ignore[operator]


def net() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh()), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
        )


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (
            {"objectives": "0.0"},
            "objective '0.0' is not understood at '0.0'; expected 'layer:channel', 'layer:channel@y,x'",
        ),
        ({"objectives": "0.0:x"}, "expected 'layer:channel'"),
        ({"objectives": "class:1@2,3"}, "not understood"),
        ({"objectives": "0.0:1 + "}, "not understood"),
        ({"objectives": "00:1"}, "the model has no layer '00'; did you mean '0.0', '0'"),
        ({"objectives": "0.0:4"}, "layer '0.0' has channels 0 to 3, got 4"),
        ({"objectives": "0.0:1@6,0"}, r"layer '0.0' has 6 x 6 positions, so none at \(6, 0\)"),
        ({"objectives": "0.0:1@1"}, "6 x 6 positions"),
        ({"objectives": Channel("0.0", -1)}, "channels 0 to 3, got -1"),
        ({"objectives": "class:3"}, "the model has classes 0 to 2, got 3"),
        ({"objectives": Direction("0.0", [1.0, 2])}, "layer '0.0' has 4 channels, the direction 2"),
        ({"objectives": []}, "no objective given"),
        ({"recipe": "nice"}, "no recipe 'nice'; give one of 'paper', 'soft', 'natural'"),
        ({"channels": 1}, "the model does not take images .1, 1, 8, 8.* images of 3 channels"),
        ({"size": (8, 0)}, r"size must be \(H, W\)"),
        ({"mean": [0.5]}, "mean must be 3 numbers"),
        ({"std": [1, 1, 0]}, "std must be 3 numbers above 0"),
        ({"start": torch.zeros(2, 3, 8, 8)}, "start must be images .3, 8, 8., one or 1"),
        ({"start": torch.zeros(3, 8, 8, dtype=torch.long)}, "start must be float images"),
        ({"batch": 0}, "batch must be at least 1"),
        ({"steps": 0}, "steps and patience must be at least 1"),
    ],
)
def test_one_sentence_for_what_cannot_be(how: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        maximize(net(), **{"objectives": "0.0:1", "size": 8} | how)


def test_one_sentence_for_networks_that_cannot_be() -> None:
    class Total(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images.sum((1, 2, 3))

    with pytest.raises(ValueError, match=r"layer '0' gives \[1\], in which there are no channels"):
        maximize(nn.Sequential(Total()), "0:0", size=4, channels=1)
    with pytest.raises(
        ValueError, match="Sequential has no convolution to tell the images' channels by; give channels"
    ):
        maximize(nn.Sequential(nn.Flatten()), "0:0", size=4)
    with pytest.raises(ValueError, match="the network takes voxels; give their size"):
        maximize(nn.Conv3d(1, 2, 3), "class:0")
    with pytest.raises(ValueError, match="natural recipe makes images"):
        maximize(nn.Sequential(nn.Conv3d(1, 2, 3)), "0:0", size=5, recipe="natural")
    frozen = net()
    frozen[0][0].register_forward_hook(lambda _m, _a, output: output.detach())
    with pytest.raises(ValueError, match="does not depend on the image through differentiable operations"):
        maximize(frozen, "0.0:1", size=8)
    with pytest.raises(TypeError, match="an objective is a text such as 'layer4:17'"):
        maximize(net(), [17], size=8)  # type: ignore[list-item]


def frame(channels: int = 3, size: tuple[int, int] = (12, 16), mean: float = 0.4, std: float = 0.2) -> Frame:
    shape = (channels, 1, 1)
    return Frame(
        channels, size, torch.full(shape, mean, dtype=torch.float64), torch.full(shape, std, dtype=torch.float64)
    )


def spectra(of: Frame, **how: Any) -> Spectra:
    canvas = Natural(**how).canvas(of, 0)
    assert isinstance(canvas, Spectra)
    return canvas


def test_colours_vary_as_those_of_photographs() -> None:
    data = skimage.data
    photos = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket(), *load_sample_images().images]
    covariance = np.mean([np.cov(photo.reshape(-1, 3).T / 255) for photo in photos], 0)
    colours = np.array(COLOURS)
    assert np.abs(colours @ colours.T - covariance).max() < 5e-4
    axes = colours.T @ colours
    assert np.abs(axes - np.diag(np.diag(axes))).max() < 5e-4, "principal axes"


@pytest.mark.parametrize("size", [(12, 16), (11, 15), (1, 1), (8, 1)])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_an_image_has_a_spectrum_that_shows_it(channels: int, size: tuple[int, int]) -> None:
    of = frame(channels, size)
    pixels = 0.05 + 0.9 * torch.rand(
        2, channels, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    canvas = spectra(of)
    assert torch.allclose(of.pixels(canvas.images(canvas.of(of.normalised(pixels)))), pixels, atol=1e-9)


def test_spectra_start_as_noise_of_the_frequencies_and_the_contrast_of_photographs() -> None:
    of = frame(3, (128, 128), 0, 1)
    canvas = spectra(of, contrast=0.02)
    logits = canvas.images(canvas.noise(3)).logit()[0]
    assert logits[0].std() == pytest.approx(0.02, rel=0.3)  # of the channel that varies most
    energy = torch.fft.rfft2(logits[1]).abs().square()
    frequency = (torch.fft.fftfreq(128)[:, None].square() + torch.fft.rfftfreq(128).square()).sqrt()
    low, high = (energy[(frequency > f) & (frequency < 1.2 * f)].mean() for f in (0.05, 0.4))
    assert float(low / high) == pytest.approx(64, rel=0.4), "energy falls with the square of the frequency"
    covariance, expected = np.cov(logits.flatten(1).numpy()), np.array(COLOURS) @ np.array(COLOURS).T
    assert np.corrcoef(logits.flatten(1).numpy())[0, 1] > 0.5
    assert np.abs(covariance / np.trace(covariance) - expected / np.trace(expected)).max() < 0.1


def test_the_natural_step_is_adam_on_the_score_less_total_variation() -> None:
    of = frame(3, (8, 10))
    canvas = spectra(of, rate=0.05, total_variation=0.2)
    p = canvas.noise(0, attempt=1).repeat(2, 1, 1, 1, 1)
    other = p.clone().requires_grad_()
    adam = torch.optim.Adam([other], lr=0.05, maximize=True)
    weight = torch.randn(2, 3, 8, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    unit = weight / (weight.square().mean((1, 2, 3), keepdim=True).sqrt() + 1e-5)
    for _ in range(4):
        p = p.detach().requires_grad_()
        p = canvas.stepped(p, canvas.images(p), weight)
        adam.zero_grad()
        z = canvas.images(other)
        dx = nn.functional.pad(z.diff(dim=3), (0, 1))
        dy = nn.functional.pad(z.diff(dim=2), (0, 0, 0, 1))
        ((unit * z).sum() - 0.2 * (dx.square() + dy.square() + 1e-3).sqrt().sum()).backward()
        adam.step()
    assert torch.allclose(p, other, atol=1e-5)


def test_variation_is_smoothed() -> None:
    z = torch.randn(2, 3, 5, 7, dtype=torch.float64).requires_grad_()
    dx, dy = nn.functional.pad(z.diff(dim=3), (0, 1)), nn.functional.pad(z.diff(dim=2), (0, 0, 0, 1))
    (expected,) = torch.autograd.grad((dx.square() + dy.square() + 1e-3).sqrt().sum(), z)
    assert torch.allclose(_gradient_of_variation(z.detach()), expected, atol=1e-12)
    noise = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Hardtanh())
    rough, smooth = (
        maximize(noise, "1:0", size=16, recipe=Natural(steps=20, contrast=0.5, total_variation=tv)).images
        for tv in (0.0, 1.0)
    )
    assert smooth.diff(dim=3).abs().mean() < 0.7 * rough.diff(dim=3).abs().mean()


def test_images_are_moved_a_little_and_not_deformed() -> None:
    of = frame(1, (40, 80), 0, 1)
    canvas = spectra(of, steps=64, jitter=0.1, zoom=0.2, turn=10)
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(80.0), indexing="ij")
    spots = torch.stack([((y - a) ** 2 + (x - b) ** 2 < 6).double() for a, b in ((20, 40), (20, 60), (30, 40))])[
        :, None
    ]
    shifts, scales, angles = [], [], []
    for step in range(64):
        seen = canvas.shown(spots, step)[:, 0]
        seen = seen / seen.sum((1, 2), keepdim=True)
        (cy, cx), (ry, rx), (dy, dx) = ([float((one * y).sum()), float((one * x).sum())] for one in seen)
        shifts.append([(cy - 20) / 40, (cx - 40) / 80])
        right, down = complex(rx - cx, ry - cy), complex(dx - cx, dy - cy)
        scales.append(abs(right) / 20)
        angles.append(math.degrees(math.atan2(right.imag, right.real)))
        assert abs(down / right - 0.5j) < 0.05, "equally long and at right angles, whatever the image's proportions"
    assert 0.08 < np.abs(shifts).max() < 0.14
    assert 1.1 < max(scales) < 1.28 and 0.8 < min(scales) < 0.9
    assert 7 < max(angles) < 11 and -11 < min(angles) < -7
    still = spectra(of, jitter=0, zoom=0, turn=0)
    assert still.shown(spots, 0) is spots


def test_natural_images_are_made_of_pixels_whatever_the_score() -> None:
    found = maximize(
        net(), ["0.0:1", "class:2"], size=(9, 12), recipe="natural", steps=20, mean=[0.5] * 3, std=[0.3] * 3
    )
    assert (found.gains > 0).all()
    raw = found.images * 0.3 + 0.5
    assert raw.min() >= 0 and raw.max() <= 1 and torch.allclose(found.pixels, raw, atol=1e-6)


def test_class_means_are_where_to_start() -> None:
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(50, 3, 8, 8, generator=generator), torch.arange(50) % 3
    loader = list(zip(images.split(7), labels.split(7), strict=True))
    means = class_means(loader, [2, 0])
    assert torch.allclose(means, torch.stack([images[labels == k].mean(0) for k in (2, 0)]), atol=1e-6)
    for recipe in ("paper", "natural"):
        found = maximize(net(), ["class:2", "class:0"], start=means, recipe=recipe, steps=1)
        with torch.no_grad():
            first = net()(means).gather(1, torch.tensor([[2], [0]]))[:, 0]
        # The other shows them moved, and comes to no pixels of 0 and 1.
        assert torch.allclose(found.scores[:, 0], first, atol=1e-6 if recipe == "paper" else 0.1)
    with pytest.raises(ValueError, match="the loader has no images of class 5"):
        class_means(loader, [0, 5])
    with pytest.raises(ValueError, match="gives no labels"):
        class_means([images], [0])


def test_the_example_of_the_documentation_runs(tmp_path: Path) -> None:
    text = (
        (Path(__file__).parents[2] / "docs" / "methods.md")
        .read_text()
        .partition("## Feature visualisation")[2]
        .replace("128", "16")
        .replace("224", "32")
    )
    model = OrderedDict(
        layer3=nn.Conv2d(3, 16, 3, padding=1),
        layer4=nn.Conv2d(16, 31, 5, stride=4),
        pool=nn.AdaptiveAvgPool2d(1),
        flat=nn.Flatten(),
        head=nn.Linear(31, 3),
    )
    loader = [(torch.rand(6, 3, 32, 32), torch.arange(6) % 3)]
    with ExplainWriter(tmp_path, strict=True) as writer:
        given = {"model": nn.Sequential(model), "loader": loader, "writer": writer}
        exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], given)
    found: Any = given["classes"]
    assert found.names == ["class:1", "class:2"] and (found.gains > 0).all()
