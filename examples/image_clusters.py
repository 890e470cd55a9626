"""Which features does each layer of an image classifier know, which classes say them, and at which layer does an image turn?

python examples/image_clusters.py                      # scikit-learn's handwritten digits, a minute on a laptop
python examples/image_clusters.py --images FOLDER      # your own: FOLDER/<class>/*.jpg
tensorboard --logdir runs/clusters                     # tab "Explain"
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import FeedbackNetwork, FilterClusters, Reconstruction

LAYERS = ("conv1", "conv2", "conv3", "conv4", "hidden")


def digits() -> tuple[Tensor, Tensor, list[str]]:
    """Images [N, 1, 16, 16] in 0..1, labels, class names."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = torch.from_numpy(found.images).float()[:, None] / 16
    return (
        nn.functional.interpolate(images, size=(16, 16), mode="bilinear"),
        torch.from_numpy(found.target),
        [*map(str, range(10))],
    )


def folder(path: Path, size: int) -> tuple[Tensor, Tensor, list[str]]:
    """The images of a folder with one folder a class, their central squares, [N, 3, size, size] in 0..1."""
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import CenterCrop, Compose, Resize, ToTensor

    found = ImageFolder(path, Compose([Resize(size), CenterCrop(size), ToTensor()]))
    read = [found[i] for i in tqdm(range(len(found)), desc="reading images", unit="image", disable=None)]
    return torch.stack([image for image, _ in read]), torch.tensor(found.targets), found.classes


def network(images: Tensor, classes: int) -> nn.Sequential:
    """Four convolutions and two linear layers. Each layer ends in its rectifier, so that its name stands for what it passes on."""
    _, channels, size, _ = images.shape
    parts = nn.Sequential()
    for name, outputs, kernel, stride in (
        ("conv1", 16, 3, 1),
        ("conv2", 32, 4, 2),
        ("conv3", 48, 3, 1),
        ("conv4", 64, 4, 2),
    ):
        parts.add_module(name, nn.Sequential(nn.Conv2d(channels, outputs, kernel, stride, padding=1), nn.ReLU()))
        channels = outputs
    parts.add_module("hidden", nn.Sequential(nn.Flatten(), nn.Linear(64 * (size // 4) ** 2, 96), nn.ReLU()))
    parts.add_module("classes", nn.Linear(96, classes))
    return parts


def main(arguments: argparse.Namespace) -> None:
    images, labels, names = digits() if arguments.images is None else folder(arguments.images, arguments.size)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    if arguments.quick:
        order = order[:400]
    fitted, fresh = (TensorDataset(images[rows], labels[rows]) for rows in order.tensor_split([2 * len(order) // 3]))
    loader, in_order = DataLoader(fitted, 32, shuffle=True), DataLoader(fitted, 100)

    torch.manual_seed(0)
    model = network(images, len(names))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    clusters = FilterClusters(LAYERS, data=in_order)
    epochs = 2 if arguments.quick else 6
    with ExplainWriter(arguments.logdir) as writer:
        some = Probe(fresh.tensors[0][:24], fresh.tensors[1][:24], class_names=names, name="images")
        writer.explain(model, some, 0, [clusters])
        for epoch in range(1, epochs + 1):
            for batch, truth in tqdm(loader, desc=f"learning, epoch {epoch}", unit="batch", disable=None):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(batch), truth).backward()
                optimizer.step()
            writer.explain(model, some, epoch, [clusters])  # clusters keep their colours from epoch to epoch

        feedback = FeedbackNetwork(model, LAYERS)
        feedback.fit(loader, epochs=1 if arguments.quick else 8)
        predicted = torch.cat([feedback.codes(batch).predicted for batch, _ in DataLoader(fresh, 100)])
        images, labels = fresh.tensors
        wrong = (predicted != labels).nonzero().flatten()
        rows = torch.cat([wrong[:16], (predicted == labels).nonzero().flatten()[:8]])
        mistakes = Probe(images[rows], labels[rows], class_names=names, name="mistakes")
        both_paths = FilterClusters(LAYERS, data=in_order, feedback=feedback)
        spaces = both_paths.fit(model)
        writer.explain(model, mistakes, epochs, [both_paths, Reconstruction(feedback, data=in_order, spaces=spaces)])

    print(f"{len(wrong)} of {len(labels)} new images are misread.")
    if len(wrong):
        found = spaces.explain(model, images[wrong], labels=labels[wrong])
        turned = Counter([*LAYERS, "the output"][at] for at in found[0].turning.tolist())
        print("They turn at: " + ", ".join(f"{name} {turned[name]}" for name in [*LAYERS, "the output"]))
    for layer in LAYERS:
        space = spaces.spaces[layer, "forward"]
        print(
            f"  {layer:<8}{space.k:3d} clusters, purity {space.purity:.2f}, association with the class {space.association:.2f}"
        )
    print("Reconstruction errors, summed over an image (y stands for the predicted class):")
    print(feedback.errors(images, in_order).table(labels))
    print(f"Look at it with:  tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="images, one folder a class; default: digits")
    parser.add_argument(
        "--size", type=int, default=32, help="pixels that a folder's images are scaled to, a multiple of 4"
    )
    parser.add_argument("--logdir", type=Path, default=Path("runs/clusters"))
    parser.add_argument("--quick", action="store_true", help="little data, to see that it runs")
    given = parser.parse_args()
    if given.size < 8 or given.size % 4:
        parser.error(f"--size must be a multiple of 4 from 8, got {given.size}")
    main(given)
