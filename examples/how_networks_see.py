"""What do the layers of a network pass on, what does each channel look for, and what does it take a class to look like?

python examples/how_networks_see.py                              # scikit-learn's digits and EfficientNet-Lite0, five minutes on a laptop
python examples/how_networks_see.py --mnist data --model vgg16   # MNIST and torchvision's weights, downloaded
tensorboard --logdir runs/see                                    # tab "Explain", view "Features"

After "How the Deep Convolutional Networks see the World" (Tang, Yao, Jiang, Liu).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from tb_explain import ExplainWriter, Probe
from tb_explain.demo import photographs, pretrained
from tb_explain.methods import Activations, FeatureImages, FilterRedundancy, class_means, maximize

LAYERS = ("conv1", "conv2")
Row = tuple[str, str, str]  # what, what the paper says, what is found here


def digits(mnist: Path | None) -> tuple[TensorDataset, TensorDataset]:
    """Images [N, 1, 28, 28] in 0..1 and labels: to learn from, and others."""
    if mnist is not None:
        from torchvision.datasets import MNIST

        found = [MNIST(mnist, train=train, download=True) for train in (True, False)]
        fitted, fresh = (TensorDataset(one.data[:, None] / 255, one.targets) for one in found)
        return fitted, fresh
    from sklearn.datasets import load_digits

    found = load_digits()
    images = torch.from_numpy(found.images).float()[:, None] / 16
    images = nn.functional.interpolate(images, size=(28, 28), mode="bilinear")
    labels = torch.from_numpy(found.target)
    return TensorDataset(images[:1400], labels[:1400]), TensorDataset(images[1400:], labels[1400:])


def network() -> nn.Sequential:
    """Two convolutions, of 32 and 64 filters."""
    model = nn.Sequential()
    for name, inputs, outputs in (("conv1", 1, 32), ("conv2", 32, 64)):
        model.add_module(name, nn.Sequential(nn.Conv2d(inputs, outputs, 3), nn.ReLU()))
        model.add_module(f"pool{name[-1]}", nn.MaxPool2d(2))
    model.add_module("classes", nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * 25, 10)))
    return model


def learn(model: nn.Module, fitted: TensorDataset, fresh: TensorDataset, logdir: Path, steps: int) -> list[Row]:
    """Train on digits, and log what filters pass on, look for and have in common while they form."""
    images, labels = fresh.tensors
    held_out = DataLoader(fresh, 200)
    probe = Probe(images[:16], labels[:16], class_names=[*map(str, range(10))], name="digits")
    methods = [
        Activations(LAYERS, data=held_out),
        FeatureImages(LAYERS, channels=32, classes=10, recipe="paper"),
        FilterRedundancy(LAYERS, data=held_out),
    ]
    batches = DataLoader(fitted, 64, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    step = 0
    with ExplainWriter(logdir) as writer, tqdm(total=steps, desc="learning digits", unit="step", disable=None) as bar:
        writer.explain(model, probe, 0, methods)
        while step < steps:
            for some, classes in batches:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model.train()(some), classes).backward()
                optimizer.step()
                step += 1
                bar.update()
                if step % (steps // 4) == 0:
                    writer.explain(model, probe, step, methods)
                if step == steps:
                    break
        model.eval()
        rows = of_digits(model, probe.images)
        rows += of_classes(model, fitted, writer, steps)
    return rows


@torch.no_grad()
def of_digits(model: nn.Sequential, images: Tensor) -> list[Row]:
    """How much the channels still look like the image, and how many say nothing."""
    likeness, silent = [], []
    activations = images
    for name, module in model.named_children():
        activations = module(activations)
        if name in LAYERS:
            small = nn.functional.interpolate(images, size=activations.shape[2:], mode="bilinear")
            channels = (activations - activations.mean((2, 3), keepdim=True)).flatten(2)
            inputs = (small - small.mean((2, 3), keepdim=True)).flatten(2)
            products = (channels * inputs).sum(2) / (channels.norm(dim=2) * inputs.norm(dim=2))
            alive = activations.amax((0, 2, 3)) > 1e-6
            likeness.append(products[:, alive].abs().nanmean().item())
            silent.append(int((~alive).sum()))
    return [
        ("channels of the first layer: |correlation| with the image", "variations of the image", f"{likeness[0]:.2f}"),
        ("… of the second layer", "less like it", f"{likeness[1]:.2f}"),
        ("channels that pass nothing on", "some", f"{silent[0]} of 32, {silent[1]} of 64"),
    ]


def of_classes(model: nn.Module, fitted: TensorDataset, writer: ExplainWriter, step: int) -> list[Row]:
    """Images that raise a class, from noise and from the class's mean image."""
    means = class_means(DataLoader(fitted, 200), range(10))
    objectives = [f"class:{k}" for k in range(10)]
    noise = maximize(model, objectives, size=28)
    from_means = maximize(model, objectives, start=means)
    for name, found in (("noise", noise), ("class means", from_means)):
        writer.add_feature_images(f"digits/classes from {name}", found.pixels, step, traces=found.scores)
    kept = [likeness(found.images, means).mean().item() for found in (noise, from_means)]
    return [
        (
            "score of a class, from noise: before and after",
            "rises",
            f"{noise.scores[:, 0].mean():.1f}, {noise.scores.amax(1).mean():.1f}",
        ),
        ("coarse likeness to the class's mean, from noise, from it", "it stays seen", f"{kept[0]:.2f}, {kept[1]:.2f}"),
    ]


def likeness(images: Tensor, others: Tensor) -> Tensor:
    """Correlation [N] of what is left of both after blurring."""
    coarse = [nn.functional.adaptive_avg_pool2d(each, 7).flatten(1) for each in (images, others)]
    return nn.functional.cosine_similarity(*(each - each.mean(1, keepdim=True) for each in coarse))


def look_into(name: str | None, logdir: Path, *, quick: bool) -> list[Row]:
    """The same of a network that has learned photographs: what its stages pass on, look for, and hold twice."""
    network = pretrained(name)
    images, names = photographs(size=224)
    if quick:
        images, names = images[:2], names[:2]
    probe = Probe(
        network.normalised(images),
        class_names=network.class_names,
        name="photographs",
        mean=network.mean,
        std=network.std,
        sample_names=names,
    )
    with ExplainWriter(logdir) as writer:
        writer.explain(
            network.model,
            probe,
            0,
            [
                Activations(),
                FeatureImages(channels=2 if quick else 8, classes=[281, 954], recipe="paper" if quick else "natural"),
            ],
        )
    convolution = next(part for part, module in network.model.named_modules() if isinstance(module, nn.Conv2d))
    [first] = FilterRedundancy(convolution).report(network.model)
    alike = sum(len(group.channels) for group in first.groups)
    return [("filters of the first convolution that nearly repeat another", "some, turned or recoloured", f"{alike}")]


def main(arguments: argparse.Namespace) -> None:
    torch.manual_seed(0)
    model = network()
    rows = learn(model, *digits(arguments.mnist), arguments.logdir / "digits", 40 if arguments.quick else 400)
    rows += look_into(arguments.model, arguments.logdir / "photographs", quick=arguments.quick)
    print(f"{'':62}{'paper':32}here")
    for name, paper, here in rows:
        print(f"{name:62}{paper:32}{here}")
    print(f"Look at it with:  tensorboard --logdir {arguments.logdir}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--mnist",
        type=Path,
        metavar="FOLDER",
        help="where torchvision keeps MNIST, or puts it; default: scikit-learn's digits",
    )
    parser.add_argument("--model", help="a torchvision classifier by name, downloaded (default: EfficientNet-Lite0)")
    parser.add_argument("--logdir", type=Path, default=Path("runs/see"))
    parser.add_argument("--quick", action="store_true", help="few steps and channels, to see that it runs")
    main(parser.parse_args())
