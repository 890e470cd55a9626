"""Quality figures beside the forwards that they need and torch-cam; ROAD's imputer beside pytorch-grad-cam's. CPU time, one thread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import torch
import torchvision
from torch import nn

from tb_explain.methods import GradCAM
from tb_explain.methods.quality import Deletion, Insertion, evaluate
from tb_explain.methods.quality.imputation import imputed
from tests.benchmarks.table import Row

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


def curves(repetitions: int) -> Iterator[Row]:
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
    title, middle = f"deletion + insertion, {STEPS} steps, ResNet-18, 4 × 224²", {}
    for name, run in contenders.items():
        count = counted(model, run)
        times, ratios = [], []
        for _ in range(repetitions):
            floor, own = cpu(lambda count=count: forwards(model, images, count)), cpu(run)
            times.append(own)
            ratios.append(own / floor)
        middle[name] = statistics.median(times)
        if name != "torch-cam":
            also = name.removeprefix("tb_explain")
            least = statistics.median(own / ratio for own, ratio in zip(times, ratios, strict=True))
            yield Row(
                title + also,
                middle[name],
                "s",
                least,
                f"floor: {count} forwards",
                statistics.median(ratios),
                "CPU time",
            )
    yield Row(title, middle["tb_explain"], "s", middle["torch-cam"], "torch-cam", meaning="CPU time")


def imputers(repetitions: int) -> Iterator[Row]:
    from pytorch_grad_cam.metrics.road import NoisyLinearImputer

    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(8, 1, 7, 7, generator=generator)
    maps = nn.functional.interpolate(coarse, (224, 224), mode="bilinear")[:, 0]
    image = nn.functional.interpolate(torch.rand(1, 3, 14, 14, generator=generator), (224, 224), mode="bicubic")[0]
    peer = NoisyLinearImputer(noise=0)
    for share in (0.1, 0.2, 0.5, 0.8, 0.9):
        missing = maps >= maps.flatten(1).quantile(1 - share, 1)[:, None, None]
        times, difference = [], 0.0
        for _ in range(repetitions):
            theirs = cpu(lambda missing=missing: peer(image, (~missing[0]).float()))
            ours = cpu(lambda missing=missing: imputed(image, missing)) / len(missing)
            times.append((theirs, ours, ours / theirs))
        difference = (imputed(image, missing[:1])[0] - peer(image, (~missing[0]).float())).abs().max().item()
        theirs, ours, ratio = (statistics.median(column) for column in zip(*times, strict=True))
        name = f"ROAD's filling in, 224², {share:.0%} removed"
        yield Row(name, ours, "s", theirs, "pytorch-grad-cam", ratio, f"CPU time a picture; differ by {difference:.0e}")


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds."""
    started = time.process_time()
    run()
    return time.process_time() - started


def main(repetitions: int = 0, full: bool = False) -> Iterator[Row]:
    repetitions = repetitions or (5 if full else 3)
    torch.set_num_threads(1)
    yield from curves(repetitions)
    yield from imputers(repetitions)
