"""Maximising channels: CPU time beside the part of the network that it needs, and beside lucent to an equal activation.

lucent (torch-lucent 0.1.8) is compared where it is installed, in an environment of its own or `pip install --no-deps torch-lucent kornia decorator`. It calls two
functions of kornia by names that kornia has moved away from; they are put back for it.
"""

from __future__ import annotations

import ctypes
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from tb_explain.demo import pretrained
from tb_explain.methods import maximize
from tests.benchmarks.table import Row

STEPS = 20
LAYER, CHANNELS = "_blocks.8", (3, 7)
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's mallopt


def main(repetitions: int = 0, full: bool = False) -> Iterator[Row]:
    """One thread. Memory is kept between steps: whether the C library gives it back, and pays in page faults, is chance."""
    repetitions = repetitions or (5 if full else 3)
    torch.set_num_threads(1)
    if sys.platform == "linux":
        for parameter in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
            ctypes.CDLL(None).mallopt(parameter, 1 << 30)
    yield from _beside_the_part(repetitions)
    yield from _beside_lucent(full)


def _beside_the_part(repetitions: int) -> Iterator[Row]:
    torch.manual_seed(0)
    model = torchvision.models.resnet18().eval().requires_grad_(False)
    for layer, parts in (("layer1", 5), ("layer3", 7)):
        part = nn.Sequential(*list(model.children())[:parts])
        contenders: dict[str, Callable[[], Any]] = {
            f"forward + backward of {layer}'s part (floor)": lambda part=part: _floor(part),
            "the same, channels first": lambda part=part: _floor(part, torch.contiguous_format),
            f"tb_explain, {layer}, {STEPS} steps": lambda layer=layer: maximize(
                model, [f"{layer}:{k}" for k in range(16)], size=128, steps=STEPS
            ),
        }
        rounds = []
        for _ in range(repetitions + 1):
            rounds.append({name: _seconds(run) for name, run in contenders.items()})
        floor, first, mine = contenders
        of = {name: statistics.median(one[name] for one in rounds[1:]) / STEPS / 16 for name in contenders}
        for name, other in ((floor, "floor: its part of the network"), (first, "the same, channels first")):
            ratio = statistics.median(one[mine] / one[name] for one in rounds[1:])
            title = f"maximising, ResNet-18, {layer}, 16 channels of 128²"
            yield Row(title, of[mine], "s", of[name], other, ratio, "CPU time, a channel and step")


def _floor(part: nn.Module, layout: torch.memory_format = torch.channels_last) -> None:
    z = torch.randn(16, 3, 128, 128).contiguous(memory_format=layout)
    for _ in range(STEPS):
        z = z.detach().requires_grad_()
        part(z)[torch.arange(16), torch.arange(16)].mean((1, 2)).sum().backward()


def _beside_lucent(full: bool) -> Iterator[Row]:
    try:
        import kornia
        from lucent.optvis.render import render_vis
    except ImportError as error:
        print(f"lucent not installed ({error})")
        return
    for name in ("get_rotation_matrix2d", "warp_affine"):
        setattr(kornia, name, getattr(kornia.geometry.transform, name))
    print(f"{'EfficientNet-Lite0, _blocks.8, 2 channels':<44} {'steps':>6} {'CPU s':>7} {'at 128²':>8} {'at 224²':>8}")
    mine = {}
    for size in (128, 224) if full else (224,):
        for steps in (16, 32, 64, 128) if full else (16, 32):
            mine[size, steps] = _report(
                f"tb_explain natural, {size} px", steps, lambda steps=steps, size=size: _ours(steps, size)
            )
    for steps in (64, 128) if full else (64,):
        theirs, reached = _report("lucent, 128 px", steps, lambda steps=steps: _lucents(render_vis, steps))
        first = next(
            (steps for (size, steps), (_, found) in mine.items() if size == 224 and found >= 0.97 * reached), None
        )
        if first:
            name, other = f"maximising, EfficientNet-Lite0, {first} steps", f"lucent, {steps} steps"
            meaning = f"CPU time to an activation of {mine[224, first][1]:.1f}; lucent's: {reached:.1f}"
            yield Row(name, mine[224, first][0], "s", theirs, other, meaning=meaning)


def _ours(steps: int, size: int) -> Tensor:
    model, objectives = pretrained().model, [f"{LAYER}:{k}" for k in CHANNELS]
    return maximize(model, objectives, size=size, recipe="natural", steps=steps, mean=MEAN, std=STD).pixels


def _lucents(render_vis: Callable[..., Any], steps: int) -> Tensor:
    """One channel at a time, upsampled to 224 pixels for the network, as it does by itself."""
    model = pretrained().model.eval()
    found = []
    for k in CHANNELS:
        objective = f"{LAYER.replace('.', '_')}:{k}"
        found += render_vis(model, objective, show_image=False, progress=False, thresholds=(steps,))
    return torch.cat([torch.from_numpy(one).permute(0, 3, 1, 2) for one in found])


def _report(name: str, steps: int, run: Callable[[], Tensor]) -> tuple[float, float]:
    """CPU time, and what is reached at 224²."""
    pixels: list[Tensor] = []
    seconds = _seconds(lambda: pixels.append(run()))
    reached = [_activation(pixels[0], size) for size in (128, 224)]
    print(f"{name:<44} {steps:6} {seconds:7.1f} {reached[0]:8.1f} {reached[1]:8.1f}", flush=True)
    return seconds, reached[1]


def _activation(pixels: Tensor, size: int) -> float:
    """Mean over channels of what the images make of their own, brought to a size and not moved in any way."""
    model = pretrained().model.eval()
    sized = nn.functional.interpolate(pixels, (size, size), mode="bilinear")
    images = (sized - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
    kept: list[Tensor] = []
    model.get_submodule(LAYER).register_forward_hook(lambda _m, _a, output: kept.append(output))
    with torch.no_grad():
        model(images)
    return float(kept[0].mean((2, 3))[torch.arange(len(CHANNELS)), torch.tensor(CHANNELS)].mean())


def _seconds(run: Callable[[], Any]) -> float:
    started = time.process_time()
    run()
    return time.process_time() - started
