"""What the filters of one layer say about many images, masks aside, and above which value they speak loudly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.features import FeatureBatch, stream
from tb_explain.methods.interpretable.filters import DEAD
from tb_explain.methods.interpretable.templates import unmasked
from tb_explain.methods.layers import Layer, bare, layer_names
from tb_explain.methods.loader import check_loader, labelled


@contextmanager
def read_maps(model: nn.Module, layer: Layer, data: Any) -> Iterator[Iterator[tuple[FeatureBatch, Tensor]]]:
    """Yields batches and a layer's maps float32 [n, C, *s] of them, without the mask of an interpretable layer, undisturbed.

    What is not finite is −inf. Raises ValueError for a layer without positions.
    """
    name = name_of(model, layer)
    with unmasked(bare(model)), stream(model, data, [name], any_labels=True) as batches:
        yield _checked(batches, name)


def _checked(batches: Iterator[FeatureBatch], name: str) -> Iterator[tuple[FeatureBatch, Tensor]]:
    for batch in batches:
        maps = batch.layers[name]
        if math.prod(maps.shape[2:]) == 1:
            raise ValueError(
                f"layer {name!r} has one position, so nothing can be told of places; name an earlier layer"
            )
        yield batch, torch.where(maps.isfinite(), maps, -torch.inf)


def name_of(model: nn.Module, layer: Layer) -> str:
    """The dotted name of one layer. Raises ValueError where it is not in the model."""
    names = layer_names(bare(model), layer)
    if names is None or len(names) != 1:
        raise ValueError(f"name one layer whose filters to look at, got {names}")
    return names[0]


def n_images(data: Any) -> int:
    """How many images a loader has, counted by going through it; of a tensor at once."""
    if isinstance(data, Tensor):
        return len(data)
    check_loader(data, "data")
    return sum(len(images) for images, _ in labelled(data))


class LoudestValues:
    """The largest values of each of C filters over all positions of N images: what lies above their quantile."""

    def __init__(self, n: int, quantile: float) -> None:
        if not 0 < quantile < 1:
            raise ValueError(f"quantile must lie between 0 and 1, got {quantile}")
        self._n = n
        self._share = 1 - quantile
        self._parts: list[Tensor] = []  # all but the first not looked through yet
        self._waiting = 0

    def add(self, maps: Tensor) -> None:
        """Look at maps [n, C, *s]."""
        self._parts.append(maps.movedim(1, 0).flatten(1))
        self._waiting += self._parts[-1].shape[1]
        self._room = max(1, round(self._share * self._n * math.prod(maps.shape[2:])))
        if self._waiting >= self._room:
            self._known()

    def peaks(self) -> Tensor:
        """Float32 [C]: the largest value of each."""
        return self._known()[:, 0]

    def thresholds(self) -> Tensor:
        """T_f, float32 [C]: a share 1 − quantile of the values is as large or larger. Where that is dead, the least value that is not."""
        values = self._known()
        return torch.where(values > DEAD, values, torch.inf).amin(1)

    def _known(self) -> Tensor:
        """The largest so far, float32 [C, k], descending."""
        whole = torch.cat(self._parts, 1)
        self._parts = [whole.topk(min(self._room, whole.shape[1]), 1).values]
        self._waiting = 0
        return self._parts[0]
