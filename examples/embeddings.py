"""Which images does a pretrained network find alike, layer by layer, and which classes would it confuse?

python examples/embeddings.py                      # scikit-learn's handwritten digits, two minutes on a laptop
python examples/embeddings.py --images FOLDER      # your own: FOLDER/<class>/*.jpg
tensorboard --logdir runs/embeddings               # tab "Explain", view "Projection"
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

from tb_explain import ExplainWriter
from tb_explain.demo import pretrained
from tb_explain.methods import collect_features
from tb_explain.projections import PCA, UMAP

NETWORK = pretrained()  # EfficientNet-Lite0, which has learned ImageNet's thousand classes
LAYERS = ("_blocks.2", "_blocks.10", "_fc.input")  # early, late, and what the classifier is given


def digits(size: int) -> tuple[Dataset[Any], list[str]]:
    """Handwritten digits, enlarged."""
    from sklearn.datasets import load_digits

    found = load_digits()
    small = torch.from_numpy(found.images).float()[:, None] / 16
    images = nn.functional.interpolate(small, size=(size, size), mode="bilinear").expand(-1, 3, -1, -1)
    return TensorDataset(NETWORK.normalised(images), torch.from_numpy(found.target)), [*map(str, range(10))]


def folder(path: Path, size: int) -> tuple[Dataset[Any], list[str]]:
    """The images of a folder with one folder a class, their central squares."""
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import CenterCrop, Compose, Resize, ToTensor

    found = ImageFolder(path, Compose([Resize(size), CenterCrop(size), ToTensor(), NETWORK.normalised]))
    return found, found.classes


def main(arguments: argparse.Namespace) -> None:
    images, names = digits(arguments.size) if arguments.images is None else folder(arguments.images, arguments.size)
    if arguments.quick:
        images = Subset(images, torch.randperm(len(images))[:60].tolist())  # type: ignore[arg-type]
    loader = DataLoader(images, 32)

    # One pass for all layers. The same pictures, by the same ids, in each of the projections: what is selected in one is so in all.
    features = collect_features(
        NETWORK.model, loader, LAYERS, max_rows=2000, mean=NETWORK.mean, std=NETWORK.std, thumbnail=48
    )
    reducer = PCA() if arguments.quick else UMAP()
    brightness = features[0].tiles.mean((1, 2, 3))
    with ExplainWriter(arguments.logdir) as writer:
        for of_layer in features:
            writer.add_projection(
                f"images/{of_layer.layer}",
                of_layer,
                reducer=reducer,
                class_names=names,
                predicted=None,  # its thousand classes are not these
                probabilities=None,
                columns={"brightness": brightness},
            )
    print(f"{len(features[0])} images at {len(features)} layers.")
    print(f"Look at them with:  tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="images, one folder a class; default: digits")
    parser.add_argument(
        "--size", type=int, default=None, help="pixels that images are scaled to (default: 64 for digits, else 224)"
    )
    parser.add_argument("--logdir", type=Path, default=Path("runs/embeddings"))
    parser.add_argument("--quick", action="store_true", help="little data, to see that it runs")
    given = parser.parse_args()
    if given.images is not None and not any(given.images.glob("*/*")):
        parser.error(f"{given.images} has no folders <class> with images")
    given.size = given.size or (64 if given.images is None else 224)
    main(given)
