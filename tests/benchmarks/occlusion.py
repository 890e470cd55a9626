"""Occlusion beside captum, a version by hand and the forward passes alone; and the masks that RISE needs, as published and centred."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence

import torch
import torchvision
from captum.attr import Occlusion as PeerOcclusion
from torch import nn

from tb_explain import demo
from tb_explain.methods import RISE, Attribution, Occlusion
from tests.benchmarks.table import Row

TARGET = 3
SIZE = 16
Contender = Callable[[nn.Module, torch.Tensor], object]


class Stub(nn.Module):
    """Costs nothing, so that what is left is the method's own."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.arange(10.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, :1, 8, 8] * self.weight


def by_hand(stride: int) -> Contender:
    """Patches one buffer of sixteen in place, and puts the image back."""

    def run(model: nn.Module, image: torch.Tensor) -> torch.Tensor:
        starts = range(0, image.shape[2] - SIZE + 1, stride)
        places = [(slice(None), slice(y, y + SIZE), slice(x, x + SIZE)) for y in starts for x in starts]
        drops = []
        with torch.no_grad():
            score = model(image)[0, TARGET]
            buffer = image.expand(16, -1, -1, -1).clone(memory_format=torch.channels_last)
            for start in range(0, len(places), 16):
                some = places[start : start + 16]
                for copy, place in zip(buffer, some, strict=False):
                    copy[place] = 0
                drops.append(score - model(buffer[: len(some)])[:, TARGET])
                for copy, place in zip(buffer, some, strict=False):
                    copy[place] = image[0][place]
        return torch.cat(drops)

    return run


def forwards(count: int) -> Contender:
    """The least that occlusion does: as many images through the model, sixteen at a time, channels last."""

    def run(model: nn.Module, image: torch.Tensor) -> None:
        with torch.no_grad():
            buffer = image.expand(16, -1, -1, -1).clone(memory_format=torch.channels_last)
            for start in range(0, count, 16):
                model(buffer[: min(16, count - start)])

    return run


def ours(stride: int) -> Contender:
    return lambda model, image: Occlusion(SIZE, stride, score="logit")(model, image, TARGET)


def captum(stride: int, at_once: int) -> Contender:
    return lambda model, image: PeerOcclusion(model).attribute(
        image, (3, SIZE, SIZE), (3, stride, stride), target=TARGET, perturbations_per_eval=at_once
    )


def measure(title: str, model: nn.Module, contenders: dict[str, Contender], repetitions: int) -> Iterator[Row]:
    """CPU time of ours beside that of each other: the median of the ratios within a round."""
    image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    rounds: list[dict[str, float]] = []
    for _ in range(repetitions + 1):
        seconds = {}
        for name, run in contenders.items():
            started = time.process_time()
            run(model, image)
            seconds[name] = time.process_time() - started
        rounds.append(seconds)
    of = {name: statistics.median(seconds[name] for seconds in rounds[1:]) for name in contenders}
    for name in contenders:
        if name != "tb_explain":
            ratio = statistics.median(seconds["tb_explain"] / seconds[name] for seconds in rounds[1:])
            yield Row(title, of["tb_explain"], "s", of[name], name, ratio, "CPU time")


class Recording(nn.Module):
    """Keeps what a model said, to say it again."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.said: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.said.append(self.model(images))
        return self.said[-1]


class Replaying(nn.Module):
    """Says what was said before, in the same order, at no cost."""

    def __init__(self, said: Sequence[torch.Tensor]) -> None:
        super().__init__()
        self.said = iter(said)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return next(self.said)[: len(images)]


def rank_correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    ranks = [values.flatten().argsort().argsort().double() for values in (a, b)]
    return torch.corrcoef(torch.stack(ranks))[0, 1].item()


def masks_needed(photographs: int, reference: int = 2000, masks: int = 1504) -> Iterator[Row]:
    """Spearman's correlation with a reference of other masks, and the largest standard error over the map's range."""
    network = demo.pretrained()
    model = network.model
    steps = [length for length in (96, 192, 384, 752, 1504) if length <= masks]
    table: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for image in network.normalised(demo.photographs()[0][:photographs]).split(1):
        truth = RISE(reference, seed=1)(model, image)
        recording = Recording(model)
        RISE(masks)(recording, image)
        for name, centred in (("as published", False), ("centred", True)):
            for step in steps:
                found = RISE(step, centred=centred)(Replaying(recording.said), image)
                assert isinstance(found, Attribution)
                assert found.errors is not None
                share = (found.errors.max() / (found.maps.max() - found.maps.min())).item()
                table.setdefault((name, step), []).append((rank_correlation(found.maps, truth.maps), share))
    for step in steps:
        (mine, error), (published, _) = (
            [sum(column) / len(column) for column in zip(*table[name, step], strict=True)]
            for name in ("centred", "as published")
        )
        meaning = f"rank correlation with {reference} other masks, photographs: {photographs}; more is better; error ± {error:.2f}"
        yield Row(f"RISE, EfficientNet-Lite0, {step} masks", mine, "", published, "as published", meaning=meaning)


def main(full: bool = False) -> Iterator[Row]:
    """One image at 224 x 224, windows of 16 x 16, one thread."""
    torch.set_num_threads(1)
    yield from measure(
        "occlusion, 729 positions, a model that costs nothing",
        Stub().eval(),
        {
            "by hand": by_hand(8),
            "tb_explain": ours(8),
            "captum, perturbations_per_eval=1": captum(8, 1),
            "captum, perturbations_per_eval=16": captum(8, 16),
        },
        repetitions=9,
    )
    torch.manual_seed(0)
    yield from measure(
        "occlusion, ResNet-18, 196 positions",
        torchvision.models.resnet18().eval(),
        {
            "floor: 196 forward passes": forwards(196),
            "by hand": by_hand(16),
            "tb_explain": ours(16),
            "captum, perturbations_per_eval=1": captum(16, 1),
            "captum, perturbations_per_eval=16": captum(16, 16),
        },
        repetitions=3 if full else 1,
    )
    yield from masks_needed(*((4,) if full else (1, 1000, 752)))
