"""Where do a voxel classifier's mistakes begin? Watch its features become classes, and see what each layer still knows of an object.

    python examples/voxel_feedback.py                      # objects drawn at random, two minutes on a laptop
    python examples/voxel_feedback.py --modelnet ModelNet10
    tensorboard --logdir runs/voxels                       # tab "Explain"

After "Interpretation of Deep CNN Recognition with Filter Space Clustering in Feature Extraction and Reconstruction".
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm
from voxel_shapes import CLASSES, Shapes, modelnet, voxel_shapes

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import Clustered, FeedbackNetwork, FilterClusters, Reconstruction

LAYERS = ("conv1", "conv2", "conv3", "conv4", "hidden")


def voxel_network(classes: int, resolution: int) -> nn.Sequential:
    """Four convolutions and two linear layers. Each layer ends in its rectifier, so that its name stands for what it passes on."""
    network = nn.Sequential()
    for name, inputs, outputs, kernel, stride in (
        ("conv1", 1, 16, 4, 2),
        ("conv2", 16, 32, 4, 2),
        ("conv3", 32, 48, 3, 1),
        ("conv4", 48, 64, 4, 2),
    ):
        network.add_module(name, nn.Sequential(nn.Conv3d(inputs, outputs, kernel, stride, padding=1), nn.ReLU()))
    features = 64 * (resolution // 8) ** 3
    network.add_module("hidden", nn.Sequential(nn.Flatten(), nn.Linear(features, 96), nn.ReLU()))
    network.add_module("classes", nn.Linear(96, classes))
    return network


def main(arguments: argparse.Namespace) -> None:
    if arguments.modelnet is None:
        classes: tuple[str, ...] = CLASSES
        n, n_fresh = (300, 200) if arguments.quick else (1800, 900)
        fitted, fresh = (voxel_shapes(m, classes, arguments.resolution, seed) for seed, m in enumerate((n, n_fresh)))
    else:
        classes = tuple(sorted(folder.parent.name for folder in arguments.modelnet.glob("*/train")))
        if not classes:
            raise SystemExit(
                f"{arguments.modelnet} has no folders <class>/train; give that of ModelNet10 or ModelNet40"
            )
        fitted, fresh = (
            modelnet(arguments.modelnet, split, classes, arguments.resolution) for split in ("train", "test")
        )

    torch.manual_seed(0)
    model = voxel_network(len(classes), arguments.resolution)
    loader = DataLoader(TensorDataset(*fitted), 32, shuffle=True)
    clusters = FilterClusters(LAYERS, data=DataLoader(TensorDataset(*fitted), 100))
    epochs = 1 if arguments.quick else 3
    with ExplainWriter(arguments.logdir) as writer:
        some = Probe(fresh.voxels[:24], fresh.labels[:24], class_names=classes, name="objects")
        learn(model, loader, fresh, epochs, writer, some, clusters)

        feedback = FeedbackNetwork(model, LAYERS)
        feedback.fit(loader, epochs=1 if arguments.quick else 6, learning_rate=5e-3)

        # Now for the mistakes, with what the feedback network makes of them.
        predicted = predictions(model, fresh.voxels)
        wrong = (predicted != fresh.labels).nonzero().flatten()
        rows = torch.cat([wrong[:16], (predicted == fresh.labels).nonzero().flatten()[:8]])
        mistakes = Probe(fresh.voxels[rows], fresh.labels[rows], class_names=classes, name="mistakes")
        both_paths = FilterClusters(LAYERS, data=clusters.data, feedback=feedback)
        spaces = both_paths.fit(model)
        writer.explain(
            model, mistakes, epochs, [both_paths, Reconstruction(feedback, data=clusters.data, spaces=spaces)]
        )

    print(f"{len(wrong)} of {len(fresh.labels)} new objects are taken for something else.")
    if len(wrong):
        describe(spaces.explain(model, fresh.voxels[wrong], labels=fresh.labels[wrong]), fresh.labels[wrong])
    # conv1 keeps nearly all of an object, and would reconstruct it best.
    print("Reconstruction errors from conv2, summed over an object (y stands for the predicted class):")
    print(feedback.errors(fresh.voxels, clusters.data, layer="conv2").table(fresh.labels))
    print(f"Look at it with:  tensorboard --logdir {arguments.logdir}")


def describe(mistakes: list[Clustered], truth: Tensor) -> None:
    """Where mistakes turn, and which class each layer's clusters speak for, on the way up and on the way down."""
    places = [*LAYERS, "the output"]
    turned = Counter(places[at] for at in mistakes[0].turning.tolist())
    print("They turn at: " + ", ".join(f"{place} {turned[place]}" for place in places))
    print("Share of them whose clusters speak for          the true class    the predicted class")
    for path in ("forward", "feedback"):
        for layer in mistakes:
            votes = getattr(layer, path).evidence.argmax(1)
            shares = [(votes == given).float().mean().item() for given in (truth, layer.predicted)]
            print(f"  {path:>10} {layer.layer:<24}{shares[0]:18.2f}{shares[1]:23.2f}")


def learn(
    model: nn.Module,
    loader: DataLoader[tuple[Tensor, ...]],
    fresh: Shapes,
    epochs: int,
    writer: ExplainWriter,
    probe: Probe,
    clusters: FilterClusters,
) -> None:
    """Train, with the clusters of some objects logged before and after each epoch."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    writer.explain(model, probe, 0, [clusters])
    for epoch in range(1, epochs + 1):
        for voxels, labels in tqdm(loader, desc=f"learning, epoch {epoch}", unit="batch", disable=None):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(voxels), labels).backward()
            optimizer.step()
        accuracy = (predictions(model, fresh.voxels) == fresh.labels).float().mean().item()
        writer.add_scalar("accuracy", accuracy, epoch)
        writer.explain(model, probe, epoch, [clusters])


@torch.no_grad()
def predictions(model: nn.Module, voxels: Tensor) -> Tensor:
    return torch.cat([model(part).argmax(1) for part in voxels.split(256)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modelnet", type=Path, metavar="PATH", help="folder of ModelNet10 or ModelNet40")
    parser.add_argument("--resolution", type=int, default=16, choices=(16, 32), help="voxels along each axis")
    parser.add_argument("--logdir", type=Path, default=Path("runs/voxels"))
    parser.add_argument("--quick", action="store_true", help="little data, to see that it runs")
    main(parser.parse_args())
