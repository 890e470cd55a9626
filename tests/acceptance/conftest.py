"""Small networks that have learned the pictures of `data`, voxel objects or digits, trained once a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from fruit_pictures import fruit8
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from voxel_shapes import voxel_shapes

from tb_explain.methods.feedback import FeedbackNetwork
from tests.acceptance.data import scene_ab
from tests.acceptance.studies import LayeredNet, Study

VOXEL_CLASSES = ("chair", "table", "bathtub", "shelf", "bottle", "lamp")


@pytest.fixture(scope="session")
def fruit8_model() -> nn.Sequential:
    """Pixels in 0..1 -> logits of the eight fruits. Last spatial layer: "features"; average pooling, then one Linear."""
    with _seeded():
        model = FruitNet()
        _train(model, *fruit8(2400, seed=0)[:2], batch=48, epochs=6)
    fresh = fruit8(400, seed=1)
    accuracy = _accuracy(model, fresh.images, fresh.labels)
    assert accuracy >= 0.88, f"the reference network has learned only {accuracy:.3f}"
    return model


@pytest.fixture(scope="session")
def scene_ab_model() -> nn.Module:
    """Pixels in 0..1 -> logits of nothing, disc, square, both."""
    with _seeded():
        model = SceneNet()
        _train(model, *scene_ab(3000, seed=0)[:2], batch=64, epochs=3)
    fresh = scene_ab(200, seed=1)
    accuracy = _accuracy(model, fresh.images, fresh.labels)
    assert accuracy >= 0.97, f"the reference network has learned only {accuracy:.3f}"
    return model


@pytest.fixture(scope="session")
def voxel_study() -> Study:
    """1200 voxel objects to learn from, 1500 others of which some 5 % are taken for something else."""
    # Little noise: flipped voxels, which nothing can reconstruct, would outweigh all else in the errors.
    fitted, fresh = (
        voxel_shapes(n, VOXEL_CLASSES, seed=seed, chunks=0.8, noise=0.005) for n, seed in ((1200, 0), (1500, 1))
    )
    study = _study(3, len(VOXEL_CLASSES), fitted, fresh, epochs=2, feedback_epochs=10)
    assert 60 <= study.wrong.sum() <= 120, f"{study.wrong.sum()} of 1500 are taken for something else"
    return study


@pytest.fixture(scope="session")
def digits_study() -> Study:
    """600 of scikit-learn's digits to learn from, 1197 others of which some 8 % are misread."""
    digits = load_digits()
    images = torch.from_numpy(digits.images).float()[:, None] / 16
    images = nn.functional.interpolate(images, size=(16, 16), mode="bilinear")
    labels = torch.from_numpy(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    fitted, fresh = ((images[rows], labels[rows]) for rows in (order[:600], order[600:]))
    study = _study(2, 10, fitted, fresh, epochs=5, feedback_epochs=16)
    assert 60 <= study.wrong.sum() <= 140, f"{study.wrong.sum()} of 1197 are misread"
    return study


def _study(
    axes: int,
    classes: int,
    fitted: tuple[Tensor, Tensor],
    fresh: tuple[Tensor, Tensor],
    epochs: int,
    feedback_epochs: int,
) -> Study:
    with _seeded():
        model = LayeredNet(axes, classes)
        _train(model, *fitted, batch=32, epochs=epochs, rate=1e-3)
        data = TensorDataset(*fitted)
        feedback = FeedbackNetwork(model, LayeredNet.LAYERS)
        feedback.fit(DataLoader(data, 32, shuffle=True), epochs=feedback_epochs)
    return Study(model, data, *fresh, feedback)


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class FruitNet(nn.Module):
    """Four convolutions to 12 x 12 sites, average pooling, one Linear: where CAM is defined."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            _block(3, 16, stride=2), _block(16, 32), nn.MaxPool2d(2), _block(32, 48), _block(48, 48)
        )
        self.fc = nn.Linear(48, 8)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.features(images).mean((2, 3)))


class SceneNet(nn.Module):
    """Three convolutions, the maximum over sites, two Linear: says that something is there, wherever and however often."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(_block(3, 12, stride=2), _block(12, 24, stride=2), _block(24, 32))
        self.head = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images).amax((2, 3)))


@contextmanager
def _seeded() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
    torch.set_num_threads(threads)


def _train(model: nn.Module, images: Tensor, labels: Tensor, batch: int, epochs: int, rate: float = 3e-3) -> None:
    optimiser = torch.optim.Adam(model.parameters(), rate)
    if images.ndim == 4:
        images = images.contiguous(memory_format=torch.channels_last)
    for _ in range(epochs):
        for rows in torch.randperm(len(images)).split(batch):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
            optimiser.step()
    optimiser.zero_grad()
    model.eval()


def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()
