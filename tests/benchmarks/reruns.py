"""CAMs that run the model again: CPU time beside pytorch-grad-cam's, and over the forward passes that are needed."""

from __future__ import annotations

import contextlib
import io
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torchvision
from torch import nn

from tests.benchmarks.table import Row


def seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    with contextlib.redirect_stderr(io.StringIO()):  # the peer's progress bars
        found = run()
    return time.process_time() - started, found


def as_peer_scales(maps: torch.Tensor) -> np.ndarray:
    from pytorch_grad_cam.utils.image import scale_cam_image

    return np.asarray(scale_cam_image(scale_cam_image(maps.numpy(), (224, 224))))


def ablation(model: nn.Module, image: torch.Tensor, repetitions: int) -> Iterator[Row]:
    from pytorch_grad_cam import AblationCAM as PeerAblationCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    from tb_explain.methods import AblationCAM

    target = int(model(image).argmax())
    ours = [seconds(lambda: AblationCAM("layer4")(model, image, target)) for _ in range(repetitions + 1)][1:]
    with PeerAblationCAM(model, [model.layer4]) as cam:
        theirs, their_map = seconds(lambda: cam(image, [ClassifierOutputTarget(target)]))
    middle = statistics.median(time for time, _ in ours)
    difference = np.abs(as_peer_scales(ours[0][1].maps) - their_map).max()
    name = "Ablation-CAM, ResNet-18, layer4, one image of 224²"
    yield Row(name, middle, "s", theirs, "pytorch-grad-cam", meaning=f"CPU time; maps differ by {difference:.0e}")


def score(model: nn.Module, image: torch.Tensor, repetitions: int) -> Iterator[Row]:
    from pytorch_grad_cam import ScoreCAM as PeerScoreCAM

    from tb_explain.methods import ScoreCAM
    from tb_explain.methods.network import undisturbed

    layer = "layer2"  # 128 channels
    image_of = image.to(memory_format=torch.channels_last)

    def floor() -> None:
        with undisturbed(model) as network:
            network(image)
            for _ in range(8):
                network.forward_only(image_of.expand(16, -1, -1, -1).contiguous(memory_format=torch.channels_last))

    floors, ours = [], []
    for _ in range(repetitions + 1):
        floors.append(seconds(floor)[0])
        ours.append(seconds(lambda: ScoreCAM(layer)(model, image, 3))[0])
    with PeerScoreCAM(model, [model.layer2]) as cam:
        theirs, _ = seconds(lambda: cam(image, None))
    ratio = statistics.median(mine / least for mine, least in zip(ours[1:], floors[1:], strict=True))
    name, mine = "Score-CAM, layer2 (128 channels)", statistics.median(ours[1:])
    yield Row(name, mine, "s", statistics.median(floors[1:]), "floor: the forward passes", ratio, "CPU time")
    yield Row(name, mine, "s", theirs, "pytorch-grad-cam", meaning="CPU time")


def eigen(repetitions: int) -> Iterator[Row]:
    from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

    from tb_explain.methods.cam import _first_principal_scores

    for channels, side in ((512, 7), (256, 14), (128, 28), (64, 56)):
        A = torch.rand(16, channels, side, side)
        X = A.flatten(2).transpose(1, 2)
        X = X - X.mean(1, keepdim=True)
        ours = statistics.median(seconds(lambda X=X: _first_principal_scores(X))[0] for _ in range(repetitions))
        theirs = statistics.median(seconds(lambda A=A: get_2d_projection(A.numpy()))[0] for _ in range(repetitions))
        name = f"Eigen-CAM's decomposition, 16 × {channels} × {side}²"
        yield Row(name, ours, "s", theirs, "pytorch-grad-cam", meaning="CPU time")


def main(repetitions: int = 3, full: bool = False) -> Iterator[Row]:
    """One thread, medians."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = torchvision.models.resnet18().eval()
    image = torch.randn(1, 3, 224, 224)
    yield from ablation(model, image, repetitions)
    yield from score(model, image, repetitions)
    yield from eigen(repetitions)
