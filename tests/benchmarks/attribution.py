"""CAMs beside captum, torch-cam and pytorch-grad-cam: CPU time over one forward without gradients, and peak memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from tests.benchmarks.table import Row

LAYER = "layer4"
# Shallower layers need a longer backward pass, whatever the method: the floor for each choice is printed beside it.
THREE_LAYERS = {
    "layer3, layer4.0, layer4.1": ("layer3", "layer4.0", "layer4.1"),
    "layer2, layer3, layer4": ("layer2", "layer3", "layer4"),
}


def batch() -> tuple[nn.Module, torch.Tensor]:
    torch.manual_seed(0)
    return torchvision.models.resnet18().eval(), torch.randn(16, 3, 224, 224)


def forward(model: nn.Module, images: torch.Tensor) -> None:
    with torch.no_grad():
        model(images)


def head_backward(layers: tuple[str, ...]) -> Callable[[nn.Module, torch.Tensor], None]:
    """The least that any gradient method does: one forward, one backward from the scores to the earliest layer."""

    def run(model: nn.Module, images: torch.Tensor) -> None:
        kept: list[torch.Tensor] = []

        def keep(_module: nn.Module, _args: object, output: torch.Tensor) -> torch.Tensor:
            kept.append(output.detach().requires_grad_())
            return kept[0]

        for parameter in model.parameters():
            parameter.requires_grad_(False)
        handle = model.get_submodule(layers[0]).register_forward_hook(keep)
        score = model(images).max(1).values.sum()
        handle.remove()
        torch.autograd.grad(score, kept)

    return run


def ours(model: nn.Module, images: torch.Tensor) -> None:
    from tb_explain.methods import GradCAM

    GradCAM(LAYER)(model, images)


def ours_seven(layers: tuple[str, ...]) -> Callable[[nn.Module, torch.Tensor], None]:
    from tb_explain.methods import CAM, EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, XGradCAM, attribute

    # CAM is defined at the last layer only.
    methods = [method(layers) for method in (GradCAM, GradCAMPlusPlus, XGradCAM, HiResCAM, LayerCAM, EigenCAM)]
    return lambda model, images: attribute(model, images, [*methods, CAM(layers[-1])]) and None


def captum(model: nn.Module, images: torch.Tensor) -> None:
    from captum.attr import LayerGradCam

    targets = model(images[:1]).argmax(1).item()
    LayerGradCam(model, model.layer4).attribute(images, targets)


def torch_cam(model: nn.Module, images: torch.Tensor) -> None:
    from torchcam.methods import GradCAM

    with GradCAM(model, LAYER) as extractor:
        output = model(images)
        extractor(output.argmax(1).tolist(), output)


def pytorch_grad_cam(model: nn.Module, images: torch.Tensor) -> None:
    from pytorch_grad_cam import GradCAM

    with GradCAM(model, [model.layer4]) as cam:
        cam(images, None)


CONTENDERS: dict[str, Callable[[nn.Module, torch.Tensor], None]] = {
    "forward without gradients (floor)": forward,
    "tb_explain Grad-CAM": ours,
    "captum Grad-CAM": captum,
    "torch-cam Grad-CAM": torch_cam,
    "pytorch-grad-cam Grad-CAM": pytorch_grad_cam,
    **{
        label: run
        for name, layers in THREE_LAYERS.items()
        for label, run in (
            (f"forward + backward to {layers[0]} (floor)", head_backward(layers)),
            (f"tb_explain seven CAMs at {name}", ours_seven(layers)),
        )
    },
}


def main(repetitions: int = 5, full: bool = False) -> Iterator[Row]:
    """ResNet-18, batch 16 at 224 x 224, one thread; rounds over all contenders, the median of the ratios within a round."""
    torch.set_num_threads(1)
    rounds: list[dict[str, float]] = []
    for _ in range(repetitions + 1):
        seconds = {}
        for name, run in CONTENDERS.items():
            model, images = batch()
            started = time.process_time()
            run(model, images)
            seconds[name] = time.process_time() - started
        rounds.append(seconds)
    floor = next(iter(CONTENDERS))
    print(f"{'ResNet-18, 16 x 224²':<58} {'CPU s':>7} {'x floor':>8} {'peak MB':>8} {'x floor':>8}")
    memory = {name: _peak_memory(name) for name in CONTENDERS}
    least = ""
    for name in CONTENDERS:
        times = sorted(seconds[name] for seconds in rounds[1:])
        ratios = sorted(seconds[name] / seconds[floor] for seconds in rounds[1:])
        middle = len(ratios) // 2
        print(
            f"{name:<58} {times[middle]:7.2f} {ratios[middle]:8.2f} {memory[name]:8.0f} {memory[name] / memory[floor]:8.2f}"
        )

    def beside(name: str, other: str) -> dict[str, Any]:
        """CPU time, as the middle of the ratios within a round has it."""
        mine, theirs = (statistics.median(seconds[of] for seconds in rounds[1:]) for of in (name, other))
        ratio = statistics.median(seconds[name] / seconds[other] for seconds in rounds[1:])
        return {"ours": mine, "unit": "s", "against": theirs, "ratio": ratio}

    for name in CONTENDERS:
        if name.endswith("(floor)"):
            least = name
        elif name.startswith("tb_explain"):
            title = f"{name.removeprefix('tb_explain ')}, ResNet-18, 16 × 224²"
            yield Row(
                title, other=f"floor: {least.removesuffix(' (floor)')}", meaning="CPU time", **beside(name, least)
            )
        else:
            mine = "tb_explain Grad-CAM"
            yield Row("Grad-CAM", other=name.removesuffix(" Grad-CAM"), meaning="CPU time", **beside(mine, name))
            yield Row(
                "Grad-CAM",
                memory[mine],
                "MB",
                memory[name],
                name.removesuffix(" Grad-CAM"),
                meaning="peak above the model",
            )


def _peak_memory(name: str) -> float:
    """MB of resident memory above the loaded model, in a process of its own."""
    code = f"from tests.benchmarks.attribution import measure_memory; measure_memory({name!r})"
    return float(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()[-1]
    )


def measure_memory(name: str) -> None:
    """Print the peak of one contender, its imports paid before."""
    torch.set_num_threads(1)
    run = CONTENDERS[name]
    model, images = batch()
    run(model, images[:1, :, :64, :64])
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from what is resident now (Linux)
    before = _status("VmRSS")
    run(model, images)
    print((_status("VmHWM") - before) / 1024)


def _status(field: str) -> int:
    """A figure of this process in KB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))
