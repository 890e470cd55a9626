"""What the documents suppose that their reader has: a residual network and pictures, here of digits and small."""

from __future__ import annotations

from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

N = 4  # of so few rows a projection is PCA, which spares UMAP's compilation


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.way = nn.Conv2d(inputs, outputs, 1, stride)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.bn1(self.conv1(x)) + self.way(x))


class SmallResNet(nn.Module):
    """Has the names of torchvision's."""

    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(_Block(3, 8, 4))
        self.layer2 = nn.Sequential(_Block(8, 8, 1))
        self.layer3 = nn.Sequential(_Block(8, 16, 2))
        self.layer4 = nn.Sequential(_Block(16, 32, 1))
        self.fc = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3)))


def supposed() -> dict[str, Any]:
    """The names that the code of the documents uses without defining them."""
    torch.manual_seed(0)
    model = SmallResNet().eval()
    digits = load_digits()
    pixels = nn.functional.interpolate(torch.tensor(digits.images[:N]).float()[:, None] / 16, 32).repeat(1, 3, 1, 1)
    images, labels = pixels * 2 - 1, torch.tensor(digits.target[:N]).long()
    dataset = TensorDataset(images, labels)
    return {
        "model": model,
        "images": images,
        "labels": labels,
        "names": [f"class {i}" for i in range(10)],
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
        "dataset": dataset,
        "loader": DataLoader(dataset, 2),
        "val_loader": DataLoader(dataset, 2),
        "step": 0,
        "loss": 1.0,
        "criterion": nn.functional.cross_entropy,
        "optimizer": torch.optim.SGD(model.parameters(), 1e-3),
        "others": images,
        "landmarks": torch.full((N, 1, 2), 20.0),
        "camera": ["left", "right"] * 2,
        "embeddings": torch.randn(N, 5).numpy(),
        "pictures": pixels,
        "classes": labels,
        "points": torch.rand(N, 2).numpy(),
        "background": images,
        "pixels": pixels[0].permute(1, 2, 0).double().numpy(),
        "classify": lambda some: (
            model(torch.tensor(some).permute(0, 3, 1, 2).float()).softmax(1).detach().double().numpy()
        ),
        "resumed_at": 100,
    }
