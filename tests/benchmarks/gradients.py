"""Gradient methods beside their peers: CPU time over the forward and backward passes that each needs at least."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torchvision
from torch import nn

from tests.benchmarks.table import Row

STEPS = 16

Run = Callable[[nn.Module, torch.Tensor], Any]


def passes(n: int) -> Run:
    """n times a forward pass and a backward pass to the input alone."""

    def run(model: nn.Module, images: torch.Tensor) -> None:
        parameters = [(p, p.requires_grad) for p in model.parameters()]
        for parameter, _ in parameters:
            parameter.requires_grad_(False)
        for _ in range(n):
            x = images.detach().requires_grad_()
            torch.autograd.grad(model(x)[:, 3].sum(), x)
        for parameter, wanted in parameters:
            parameter.requires_grad_(wanted)

    return run


def ours(name: str, **parameters: Any) -> Run:
    from tb_explain import methods

    method = getattr(methods, name)(**parameters)
    return lambda model, images: method(model, images, 3)


def captums(name: str, **arguments: Any) -> Run:
    import captum.attr

    return lambda model, images: getattr(captum.attr, name)(model).attribute(images, target=3, **arguments)


def peer_guided(model: nn.Module, images: torch.Tensor) -> None:
    """pytorch-grad-cam, which returns the map of the first image only: one after another."""
    from pytorch_grad_cam import GuidedBackpropReLUModel

    peer = GuidedBackpropReLUModel(model)
    for image in images:
        peer(image[None].clone(), 3)


def peer_fullgrad(model: nn.Module, images: torch.Tensor) -> None:
    from pytorch_grad_cam import FullGrad
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    with FullGrad(model, []) as cam:
        cam(images, [ClassifierOutputTarget(3)] * len(images))


def sequential() -> nn.Module:
    """VGG-11 as captum's LRP wants it: sequential, and flattened by no module."""
    vgg = torchvision.models.vgg11()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(*(nn.ReLU() if isinstance(m, nn.ReLU) else m for m in vgg.features))
            self.classifier = nn.Linear(512 * 49, 1000)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.classifier(self.features(images).flatten(1))

    return Net()


# Network, images, and the contenders: the floor first.
TABLES: dict[str, tuple[Callable[[], nn.Module], int, dict[str, Run]]] = {
    "guided backpropagation, ResNet-18, 8 x 224²": (
        torchvision.models.resnet18,
        8,
        {
            "forward + backward to the input (floor)": passes(1),
            "tb_explain": ours("GuidedBackprop"),
            "captum": captums("GuidedBackprop"),
            "pytorch-grad-cam": peer_guided,
        },
    ),
    f"integrated gradients, {STEPS} steps, ResNet-18, 4 x 224²": (
        torchvision.models.resnet18,
        4,
        {
            f"{STEPS} x forward + backward to the input (floor)": passes(STEPS),
            "tb_explain": ours("IntegratedGradients", steps=STEPS, tolerance=1e9),
            "captum": captums("IntegratedGradients", n_steps=STEPS, method="riemann_middle"),
        },
    ),
    "Full-Grad, ResNet-18, 2 x 224²": (
        torchvision.models.resnet18,
        2,
        {
            "forward + backward to the input (floor)": passes(1),
            "tb_explain": ours("FullGrad"),
            "pytorch-grad-cam": peer_fullgrad,
        },
    ),
    "LRP, epsilon, VGG-11 with one Linear, 2 x 224²": (
        sequential,
        2,
        {"forward + backward to the input (floor)": passes(1), "tb_explain": ours("LRP"), "captum": captums("LRP")},
    ),
}


def main(repetitions: int = 0, full: bool = False) -> Iterator[Row]:
    """One thread; rounds over all contenders, the median of the ratios within a round."""
    repetitions = repetitions or (5 if full else 3)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for title, (make, n, contenders) in TABLES.items():
        torch.manual_seed(0)
        state = make().eval().state_dict()
        rounds: list[dict[str, float]] = []
        for _ in range(repetitions + 1):
            times = {}
            for name, run in contenders.items():
                model = make().eval()  # a peer changes the one it gets
                model.load_state_dict(state)
                images = torch.randn(n, 3, 224, 224)
                started = time.process_time()
                run(model, images)
                times[name] = time.process_time() - started
            rounds.append(times)
        of = {name: statistics.median(times[name] for times in rounds[1:]) for name in contenders}
        for name in contenders:
            if name != "tb_explain":
                ratio = statistics.median(times["tb_explain"] / times[name] for times in rounds[1:])
                other = f"floor: {name.removesuffix(' (floor)')}" if name.endswith("(floor)") else name
                yield Row(title, of["tb_explain"], "s", of[name], other, ratio, "CPU time")
