"""A pretrained network learns to tell fruits apart: which does it confuse, and what does it look at?

python examples/fruit.py                                         # drawn fruits and EfficientNet-Lite0, five minutes on a laptop
python examples/fruit.py --images FOLDER --model resnet152       # photographs, FOLDER/<class>/*.jpg, and torchvision's weights, downloaded
tensorboard --logdir runs/fruit                                  # tab "Explain"

After "Convolutional Neural Network Interpretability Analysis for Image Classification" (Fang).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import torch
from fruit_pictures import FRUITS, fruit8, fruit_pairs
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset, random_split
from tqdm import tqdm

import tb_explain
from tb_explain import ExplainWriter, Probe
from tb_explain.demo import Pretrained, pretrained
from tb_explain.methods import (
    LIME,
    EigenCAM,
    GradCAM,
    GuidedBackprop,
    GuidedGradCAM,
    Occlusion,
    OcclusionPairs,
    Projection,
)
from tb_explain.projections import PCA, UMAP


class Pictures(NamedTuple):
    images: Tensor  # [N, 3, H, W] as the network takes them
    labels: Tensor  # [N]
    masks: Tensor | None  # bool [N, H, W]: where the fruit is, if that is known


def drawn(network: Pretrained, n: int, size: int, seed: int) -> Pictures:
    images, labels, masks = fruit8(n, seed)
    return Pictures(network.normalised(scaled(images, size)), labels, scaled(masks[:, None].float(), size)[:, 0] > 0.5)


def scaled(images: Tensor, height: int) -> Tensor:
    return nn.functional.interpolate(images, scale_factor=height / images.shape[-2], mode="bilinear")


def photographs(network: Pretrained, folder: Path) -> tuple[Pictures, Pictures, list[str]]:
    """Four fifths of a folder's images to learn from, the rest, and the names of the classes."""
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import CenterCrop, Compose, Resize, ToTensor

    found = ImageFolder(folder, Compose([Resize(256), CenterCrop(224), ToTensor(), network.normalised]))
    parts = random_split(found, [0.8, 0.2], torch.Generator().manual_seed(0))
    fitted, fresh = (
        Pictures(*next(iter(DataLoader(part, len(part)))), None)
        for part in tqdm(parts, desc="reading photographs", disable=None)
    )
    return fitted, fresh, found.classes


def with_classes(model: nn.Module, n: int) -> nn.Module:
    """The network with another last Linear, of n classes."""
    name, last = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)][-1]
    parent, _, attribute_ = name.rpartition(".")
    setattr(model.get_submodule(parent), attribute_, nn.Linear(last.in_features, n))
    return model


@torch.no_grad()
def predictions(model: nn.Module, images: Tensor) -> Tensor:
    model.eval()
    return torch.cat([model(part).softmax(1) for part in images.split(64)])


def learn(
    model: nn.Module,
    fitted: Pictures,
    fresh: Pictures,
    probe: Probe,
    writer: ExplainWriter,
    epochs: int,
    reducer: PCA | UMAP,
) -> Tensor:
    """Fine-tune all layers, with features and maps logged after every epoch; returns the probabilities of the fresh pictures."""
    loader = DataLoader(TensorDataset(fitted.images, fitted.labels), 32, shuffle=True)
    held_out = DataLoader(TensorDataset(fresh.images, fresh.labels), 64)
    projection = Projection(data=held_out, reducer=reducer)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for epoch in range(epochs + 1):
        if epoch:
            model.train()
            for images, labels in tqdm(loader, desc=f"learning, epoch {epoch}", unit="batch", disable=None):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images), labels).backward()
                optimizer.step()
        found = predictions(model, fresh.images)
        writer.add_scalar("accuracy", (found.argmax(1) == fresh.labels).float().mean().item(), epoch)
        writer.explain(model, probe, epoch, [GradCAM(), projection])
    return found


def main(arguments: argparse.Namespace) -> None:
    torch.manual_seed(0)
    network = pretrained(arguments.model)
    if arguments.images is None:
        n, n_fresh = (128, 64) if arguments.quick else (1600, 800)
        fitted, fresh, names = (
            drawn(network, n, arguments.size, 0),
            drawn(network, n_fresh, arguments.size, 1),
            list(FRUITS),
        )
    else:
        fitted, fresh, names = photographs(network, arguments.images)
    model = with_classes(network.model, len(names))
    about = {"class_names": names, "mean": network.mean, "std": network.std}

    with ExplainWriter(arguments.logdir) as writer:
        some = slice(16)
        masks = None if fresh.masks is None else fresh.masks[some]
        probe = Probe(fresh.images[some], fresh.labels[some], name="fruit", masks=masks, **about)
        epochs = 1 if arguments.quick else arguments.epochs
        found = learn(model, fitted, fresh, probe, writer, epochs, PCA() if arguments.quick else UMAP())

        # What single pictures look like to it, those that it knows first.
        known_first = (found.gather(1, fresh.labels[:, None])[:, 0] <= 0.5).long().argsort(stable=True)
        rows = known_first[: 2 if arguments.quick else 8]
        known = Pictures(*(None if part is None else part[rows] for part in fresh))
        probe = Probe(known.images, known.labels, name="known", masks=known.masks, **about)
        hidden, pairs, *maps, lime = writer.explain(
            model,
            probe,
            epochs,
            [
                Occlusion(),
                OcclusionPairs("small" if arguments.images is None else "medium"),
                GradCAM(),
                GuidedBackprop(),
                GuidedGradCAM(),
                LIME(samples=300),
            ],
            targets=known.labels,
        )
        both = fruit_pairs(len(rows), seed=2) if arguments.images is None else None
        if both is not None:
            composites = Probe(network.normalised(scaled(both.images, arguments.size)), name="two fruits", **about)
            methods = [GradCAM(), GuidedBackprop(), GuidedGradCAM(), EigenCAM()]
            of_both = writer.explain(model, composites, epochs, methods, targets=both.labels)

    table = class_rows(arguments.logdir, names, fresh, found)
    if known.masks is not None:
        table += window_rows(hidden, pairs, known.masks)
        table += [
            (
                "two fruits in a picture: a map's share on the one asked for",
                "on its own",
                own_shares(of_both, both, arguments.size),
            ),
            ("share of a map on the fruit", "Guided Grad-CAM is the finest", inside(maps, known.masks)),
            (
                "LIME: the two strongest superpixels on the fruit",
                "on it",
                f"{on_fruit(lime, known.masks):.2f} of their area",
            ),
        ]
    print(f"{'':62}{'paper':44}here")
    for name, paper, here in table:
        print(f"{name:62}{paper:44}{here}")
    print(f"Look at it with:  tensorboard --logdir {arguments.logdir}")


Row = tuple[str, str, str]


def class_rows(logdir: Path, names: list[str], fresh: Pictures, found: Tensor) -> list[Row]:
    """What was logged of the classes, read back."""
    tags = tb_explain.open(logdir).runs["."].tags
    record = next(tag for tag in tags.values() if tag.kind == "PROJECTION").read()
    pairs = record.class_distances.pairs
    measures = {measure.name: measure.value for measure in record.measures}
    nearest = min(pairs, key=lambda pair: pair.distance)
    confused = max(pairs, key=lambda pair: pair.confusions)
    accuracy = (found.argmax(1) == fresh.labels).float().mean().item()
    return [
        ("accuracy on new pictures", "not given", f"{accuracy:.3f}"),
        ("neighbours of the same class, among the features", "classes form clusters", f"{measures['knn_purity']:.2f}"),
        ("the two classes that lie nearest to each other", "those that look alike", named(nearest, names)),
        ("the two classes confused most", "the same", f"{named(confused, names)}, {confused.confusions} times"),
    ]


def named(pair: tb_explain.reading.Part, names: list[str]) -> str:
    return f"{names[pair.first]} and {names[pair.second]}"


def window_rows(hidden: object, pairs: object, masks: Tensor) -> list[Row]:
    """How much probability windows on the fruit take."""
    drops = {}
    for name, slider in zip(("small", "medium", "large"), hidden.sliders, strict=True):
        corners = [(top, left) for top in slider.rows for left in slider.columns]
        on = covered(masks, corners, slider.height, slider.width) > 0.5
        drops[name] = (hidden.scores[:, None, None] - slider.scores).flatten(1)[on].mean().item()
    held, moved = (
        covered(masks, windows.corners, windows.height, windows.width) > 0.5 for windows in (pairs.held, pairs.moved)
    )
    apart = torch.tensor([[one != other for other in pairs.moved.corners] for one in pairs.held.corners])
    two = (pairs.scores[:, None, None] - pairs.pairs)[held[:, :, None] & moved[:, None] & apart].mean().item()
    return [
        ("probability lost to one small window on the fruit", "hardly any", f"{drops['small']:.3f}"),
        ("… to two small windows", "a little", f"{two:.3f}"),
        ("… to a medium and to a large one", "much", f"{drops['medium']:.3f}, {drops['large']:.3f}"),
    ]


def covered(masks: Tensor, corners: object, height: int, width: int) -> Tensor:
    """How much of each window [N, M] is fruit."""
    return torch.stack([masks[:, y : y + height, x : x + width].float().mean((1, 2)) for y, x in corners], 1)


def own_shares(results: list, both: object, height: int) -> str:
    """Of what is above zero on either fruit, the share on the one that was asked for."""
    shares = []
    masks = scaled(both.masks.float(), height)
    for result in results:
        maps = nn.functional.interpolate(result.maps.clamp(min=0), masks.shape[2:], mode="bilinear")
        on = torch.einsum("nthw,nfhw->ntf", maps, masks)
        share = (on.diagonal(dim1=1, dim2=2) / on.sum(2)).nanmean().item()
        shares.append(f"{type(result.method).__name__} {share:.2f}")
    return ", ".join(shares)


def inside(results: list, masks: Tensor) -> str:
    shares = []
    for result in results:
        maps = nn.functional.interpolate(result.maps[:, None].clamp(min=0), masks.shape[1:], mode="bilinear")[:, 0]
        share = ((maps * masks).sum((1, 2)) / maps.sum((1, 2))).nanmean().item()
        shares.append(f"{type(result.method).__name__} {share:.2f}")
    return ", ".join(shares)


def on_fruit(lime: object, masks: Tensor) -> float:
    strongest = lime.weights.topk(2).indices
    chosen = torch.stack([torch.isin(one, best) for one, best in zip(lime.segments, strongest, strict=True)])
    return ((chosen & masks).sum((1, 2)) / chosen.sum((1, 2))).mean().item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--images", type=Path, metavar="FOLDER", help="photographs, one folder a class; default: drawn fruits"
    )
    parser.add_argument("--model", help="a torchvision classifier by name, downloaded (default: EfficientNet-Lite0)")
    parser.add_argument("--size", type=int, default=96, help="of drawn fruits, in pixels")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--logdir", type=Path, default=Path("runs/fruit"))
    parser.add_argument("--quick", action="store_true", help="little data, to see that it runs")
    given = parser.parse_args()
    if given.images is not None and not any(given.images.glob("*/*")):
        parser.error(f"{given.images} has no folders <class> with images")
    main(given)
