"""Quality figures beside the forwards that they need and torch-cam; ROAD's imputer beside pytorch-grad-cam's. CPU time, one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext

import torch
import torchvision
from torch import nn

from tb_explain.methods import GradCAM
from tb_explain.methods.quality import Deletion, Insertion, evaluate
from tb_explain.methods.quality.imputation import imputed

STEPS = 20
FIGURES = [Deletion(STEPS), Insertion(STEPS, baseline=0.0)]


class GivenMap:
    """What torch-cam's metric takes for an extractor: it has the map already."""

    def __init__(self, model: nn.Module, maps: torch.Tensor) -> None:
        self.model = model
        self.maps = maps

    def __call__(self, *_: object, **__: object) -> list[torch.Tensor]:
        return [self.maps]

    def fuse_cams(self, maps: list[torch.Tensor]) -> torch.Tensor:
        return maps[0]

    def _hooks_off(self) -> nullcontext[None]:
        return nullcontext()


def counted(model: nn.Module, run: Callable[[], object]) -> int:
    """How many images the model sees."""
    seen: list[int] = []
    hook = model.register_forward_pre_hook(lambda _module, given: seen.append(len(given[0])))
    run()
    hook.remove()
    return sum(seen)


def forwards(model: nn.Module, images: torch.Tensor, count: int) -> None:
    """The least that this many forwards cost, in the layout and the batches that are fastest on a CPU."""
    batch = images[:1].expand(16, -1, -1, -1).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        for start in range(0, count, 16):
            model(batch[: min(16, count - start)])


def curves(repetitions: int) -> None:
    torch.manual_seed(0)
    model, images = torchvision.models.resnet18().eval(), torch.randn(4, 3, 224, 224)
    result = GradCAM("layer4")(model, images)

    def torch_cam() -> None:
        from torchcam.metrics import DeletionInsertionMetric

        DeletionInsertionMetric(GivenMap(model, result.maps), lambda scores: scores.softmax(1), steps=STEPS).update(
            images
        )

    contenders = {
        "tb_explain": lambda: evaluate(model, images, [result], FIGURES, controls=False),
        "tb_explain with noise and Gaussian": lambda: evaluate(model, images, [result], FIGURES),
        "torch-cam": torch_cam,
    }
    print(f"{'deletion + insertion, 20 steps, ResNet-18, 4 x 224²':<54} {'forwards':>8} {'CPU s':>7} {'x floor':>8}")
    for name, run in contenders.items():
        count = counted(model, run)
        times, ratios = [], []
        for _ in range(repetitions):
            floor, own = cpu(lambda count=count: forwards(model, images, count)), cpu(run)
            times.append(own)
            ratios.append(own / floor)
        print(f"{name:<54} {count:8} {statistics.median(times):7.2f} {statistics.median(ratios):8.3f}")


def imputers(repetitions: int) -> None:
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer

    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(8, 1, 7, 7, generator=generator)
    maps = nn.functional.interpolate(coarse, (224, 224), mode="bilinear")[:, 0]
    image = nn.functional.interpolate(torch.rand(1, 3, 14, 14, generator=generator), (224, 224), mode="bicubic")[0]
    peer = NoisyLinearImputer(noise=0)
    print(
        f"\n{'ROAD, 224², CPU s a picture':<24} {'pytorch-grad-cam':>16} {'tb_explain':>12} {'ratio':>8} {'largest difference':>20}"
    )
    for share in (0.1, 0.2, 0.5, 0.8, 0.9):
        missing = maps >= maps.flatten(1).quantile(1 - share, 1)[:, None, None]
        times, difference = [], 0.0
        for _ in range(repetitions):
            theirs = cpu(lambda missing=missing: peer(image, (~missing[0]).float()))
            ours = cpu(lambda missing=missing: imputed(image, missing)) / len(missing)
            times.append((theirs, ours, theirs / ours))
        difference = (imputed(image, missing[:1])[0] - peer(image, (~missing[0]).float())).abs().max().item()
        theirs, ours, ratio = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{f'{share:.0%} removed':<24} {theirs:16.3f} {ours:12.3f} {ratio:8.1f} {difference:20.1e}")


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds."""
    started = time.process_time()
    run()
    return time.process_time() - started


def main(repetitions: int = 5) -> None:
    torch.set_num_threads(1)
    curves(repetitions)
    imputers(repetitions)
