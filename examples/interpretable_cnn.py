"""The same network trained twice, as usual and with interpretable filters: does each filter find one part of the thing?

python examples/interpretable_cnn.py                   # two minutes on a laptop
tensorboard --logdir runs/interpretable                # "Scalars", and in "Explain" the view "Features": runs "ordinary" and "interpretable"
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch
from part_shapes import PARTS, Things, things
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import (
    Activations,
    FilterLoss,
    GradCAM,
    LocationInstability,
    Patterns,
    UpConvolution,
    location_instability,
    make_interpretable,
    mine_patterns,
    part_interpretability,
)
from tb_explain.methods.interpretable.templates import SLOPE

LAYER = "block3"
FILTERS = 12
SHOWN = 16  # pictures that are logged


def network() -> nn.Sequential:
    """Three convolutions; the last, with its norm and rectifier, is the layer whose filters are looked at."""
    model = nn.Sequential()
    for name, inputs, outputs, stride in (("block1", 3, 12, 2), ("block2", 12, 16, 1), (LAYER, 16, FILTERS, 1)):
        convolution = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        model.add_module(name, nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU()))
    head = nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(FILTERS * 64, 32), nn.ReLU(), nn.Linear(32, 2))
    model.add_module("head", head)
    return model


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a training."""

    accuracy: float
    instability: LocationInstability
    interpretability: float
    patterns: Patterns


def run(fitted: Things, fresh: Things, logdir: Path, epochs: int, *, interpretable: bool) -> Outcome:
    """Train a network, log how its filters form, and say where they ended."""
    torch.manual_seed(0)
    loader = DataLoader(TensorDataset(fitted.images, fitted.labels), 64, shuffle=True)
    model = network()
    filter_loss = None
    if interpretable:
        make_interpretable(model, LAYER)
        filter_loss = FilterLoss(model, positive=1, steps_per_epoch=len(loader), epochs=epochs)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3, weight_decay=1e-4)
    with_thing = fresh.labels == 1
    seen = Things(*(each[with_thing] for each in fresh))
    probe = Probe(seen.images[:SHOWN], seen.labels[:SHOWN], class_names=["clutter", "thing"], name="things")
    examined = TensorDataset(fresh.images, fresh.labels)
    with ExplainWriter(logdir) as writer:
        for epoch in range(1, epochs + 1):
            for images, labels in tqdm(loader, desc=f"{logdir.name}, epoch {epoch}", unit="batch", disable=None):
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(images), labels)
                if filter_loss is not None:
                    loss = loss + filter_loss(labels)
                loss.backward()
                optimizer.step()
            instability = location_instability(model, LAYER, seen.images, seen.landmarks)
            parts = part_interpretability(model, LAYER, fresh.images, fresh.masks)
            scalars = {"accuracy": accuracy(model, fresh), **instability.scalars(), **parts.scalars()}
            if filter_loss is not None:
                scalars |= filter_loss.figures()[0].scalars()
            for tag, value in scalars.items():
                writer.add_scalar(tag, value, epoch)
            log_filters(writer, model, probe, epoch, instability, masked=interpretable)
            writer.explain(model, probe, epoch, [GradCAM(LAYER), Activations(LAYER, data=DataLoader(examined, 64))])
        patterns = mine_patterns(model, LAYER, fresh.images, 1, labels=fresh.labels)
        decoder = UpConvolution(model, LAYER).fit(loader, epochs=max(1, epochs // 2))
        for f in range(0, FILTERS, 4):
            energy = decoder.synthesise(probe.images, [f]).energy
            writer.add_heatmaps(f"synthesis/filter {f}", energy, probe, epochs, method="up-convolution", layer=LAYER)
    return Outcome(scalars["accuracy"], instability, parts.value, patterns)


def log_filters(
    writer: ExplainWriter,
    model: nn.Sequential,
    probe: Probe,
    epoch: int,
    instability: LocationInstability,
    *,
    masked: bool,
) -> None:
    """What the filters pass on, with the part that each follows and how steadily, for the view "Features"."""
    model.eval()
    with torch.no_grad():
        maps = model[:3](probe.images)
    model.train()
    wandering = instability.wandering.nan_to_num(torch.inf)
    alive = wandering.isfinite().any(1).tolist()
    followed = [PARTS[part] if lives else None for part, lives in zip(wandering.argmin(1).tolist(), alive, strict=True)]
    writer.add_activations(
        "things/filters",
        maps,
        probe,
        epoch,
        statistics={"instability": instability.deviations.nanmean(1), "follows": followed},
        template_slope=SLOPE if masked else 0,
        layer=LAYER,
    )


def accuracy(model: nn.Module, fresh: Things) -> float:
    model.eval()
    with torch.no_grad():
        right = (model(fresh.images).argmax(1) == fresh.labels).float().mean().item()
    model.train()
    return right


def main(arguments: argparse.Namespace) -> None:
    n, epochs = (320, 2) if arguments.quick else (2400, 8)
    fitted, fresh = things(n, seed=0), things(n // 3, seed=1)
    found = {
        name: run(fitted, fresh, arguments.logdir / name, epochs, interpretable=name == "interpretable")
        for name in ("ordinary", "interpretable")
    }
    print(f"{'':32}{'ordinary':>16}{'interpretable':>16}")
    for line, figure in (
        ("accuracy", lambda one: one.accuracy),
        ("location instability", lambda one: one.instability.value),
        ("  of the vector to the best part", lambda one: one.instability.vector_value),
        ("part interpretability", lambda one: one.interpretability),
        ("places of a filter", lambda one: one.patterns.modes.float().mean().item()),
        ("their spread, in positions", lambda one: mean([node.spread for node in one.patterns.nodes])),
    ):
        print(f"{line:32}" + "".join(f"{figure(one):16.3f}" for one in found.values()))
    of_parts = found["interpretable"].instability.wandering.nan_to_num(torch.inf).argmin(1)
    print("Part that each interpretable filter follows: " + ", ".join(PARTS[part] for part in of_parts.tolist()))
    print(f"Look at it with:  tensorboard --logdir {arguments.logdir}")


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--logdir", type=Path, default=Path("runs/interpretable"))
    parser.add_argument("--quick", action="store_true", help="little data, to see that it runs")
    main(parser.parse_args())
