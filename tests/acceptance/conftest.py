"""Small networks that have learned the pictures of `data`, trained once a session in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from tests.acceptance.data import fruit8, scene_ab


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


def _train(model: nn.Module, images: Tensor, labels: Tensor, batch: int, epochs: int) -> None:
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
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
