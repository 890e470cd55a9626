"""A classifier, its feedback network, and the filter-space clusters of images that neither has seen."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain.methods.clusters import Clustered, FilterClusters, FilterSpaces
from tb_explain.methods.feedback import FeedbackNetwork


class LayeredNet(nn.Sequential):
    """Four convolutions, two Linear layers, for images or voxels of 16 along each axis; each layer with its rectifier is a module."""

    LAYERS = ("conv1", "conv2", "conv3", "conv4", "hidden")

    def __init__(self, axes: int, classes: int) -> None:
        conv = {2: nn.Conv2d, 3: nn.Conv3d}[axes]
        # Of images the first layer sees every pixel, which of voxels would be too many to train on in seconds.
        first, last = (conv(1, 16, 3, 1, 1), 4) if axes == 2 else (conv(1, 16, 4, 2, 1), 2)
        parts = [
            nn.Sequential(first, nn.ReLU()),
            nn.Sequential(conv(16, 32, 4, 2, 1), nn.ReLU()),
            nn.Sequential(conv(32, 48, 3, 1, 1), nn.ReLU()),
            nn.Sequential(conv(48, 64, 4, 2, 1), nn.ReLU()),
            nn.Sequential(nn.Flatten(), nn.Linear(64 * last**axes, 96), nn.ReLU()),
        ]
        super().__init__(OrderedDict([*zip(self.LAYERS, parts, strict=True), ("classes", nn.Linear(96, classes))]))


@dataclass(frozen=True, eq=False)
class Study:
    """What the acceptance tests of feedback networks and clusters look at."""

    model: nn.Sequential
    fitted: TensorDataset
    """(images, labels) that the network, its feedback network and its clusters were fitted to."""
    images: Tensor
    """That none of them has seen."""
    labels: Tensor
    feedback: FeedbackNetwork

    def loader(self) -> DataLoader[tuple[Tensor, ...]]:
        return DataLoader(self.fitted, 100)

    @cached_property
    def clustered(self) -> list[Clustered]:
        """Of the images, one a layer."""
        return self.spaces.explain(self.model, self.images)

    @cached_property
    def spaces(self) -> FilterSpaces:
        return FilterClusters(feedback=self.feedback).fit(self.model, self.loader())

    @cached_property
    def predicted(self) -> Tensor:
        with torch.no_grad():
            return self.model(self.images).argmax(1)

    @cached_property
    def wrong(self) -> Tensor:
        """bool [N]."""
        return self.predicted != self.labels

    def votes(self, path: str) -> Tensor:
        """int64 [layers, wrong images]: the class that each layer's clusters speak for, on a path, "forward" or "feedback"."""
        return torch.stack([getattr(layer, path).evidence[self.wrong].argmax(1) for layer in self.clustered])

    def rates(self, path: str, classes: Tensor) -> list[float]:
        """The share of the wrongly classified images whose clusters speak for these classes [N], a layer."""
        return (self.votes(path) == classes[self.wrong]).float().mean(1).tolist()

    def chance(self, path: str, classes: Tensor) -> list[float]:
        """The same if votes had nothing to do with the image: as often as votes and classes of different images agree."""
        return [agreement_by_chance(votes, classes[self.wrong]) for votes in self.votes(path)]


def agreement_by_chance(votes: Tensor, classes: Tensor) -> float:
    """How often votes would equal classes if they were dealt out anew."""
    most = int(max(votes.max(), classes.max())) + 1
    shares = [torch.bincount(each, minlength=most) / len(each) for each in (votes, classes)]
    return float((shares[0] * shares[1]).sum())
