"""What layers say about many images: a stream of activations from a loader, and a fair sample of their vectors in bounded memory."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from tb_explain.methods import targets as target_rules
from tb_explain.methods.defaults import our_defaults
from tb_explain.methods.engine import known_layer, last_spatial_layer
from tb_explain.methods.layers import Layers, as_grid, bare, last_linear_input, layer_names
from tb_explain.methods.loader import as_labels, check_loader, labelled, length
from tb_explain.methods.network import Network, undisturbed
from tb_explain.methods.taps import first_output, tapped
from tb_explain.methods.targets import MultiLabel, Output, Resolved, Targets

_log = logging.getLogger("tb_explain")


@dataclass(frozen=True, eq=False)
class FeatureBatch:
    """What a network did with some images."""

    images: Tensor
    """[n, C, *S], on the model's device."""
    given: Tensor
    """The same as the loader gave them."""
    labels: Tensor | None
    """int64 [n]: true classes, in the loader's own place; None: not known."""
    layers: dict[str, Tensor]
    """float32 [n, C, *s] of each layer, in the order in which the network calls them; of a layer without positions [n, C, 1, 1]."""
    resolved: Resolved
    """What the model said: classes predicted, and their probabilities."""
    first: int
    """How many images came before."""


@contextmanager
def stream(
    model: nn.Module,
    data: Any,
    layers: Layers,
    targets: Targets = None,
    *,
    doing: str = "reading features",
    any_labels: bool = False,
) -> Iterator[Iterator[FeatureBatch]]:
    """Yields the batches of a loader as a model sees them, undisturbed and without a graph; all layers are of one pass.

    Args:
        data: batches `(images, labels)` or `images`, to be gone through again at the next call; or a tensor of images.
        layers: of the model, or `<layer>.input`, what one is given; None: the input of the last Linear, or the last spatial layer.
        any_labels: labels need not be classes of the model.

    Raises TypeError or ValueError for another kind of data, or none; what the loader and the model raise passes through.
    """
    model = bare(model)
    names = layer_names(model, layers, inputs=True)
    with undisturbed(model) as network, same_draws(data):
        yield _read(network, data, names, targets, doing, any_labels)


@contextmanager
def same_draws(data: Any) -> Iterator[None]:
    """A loader may be read inside by whoever else is reading it: what it draws from is put back, and so is its place.

    It draws from Python, numpy, torch on the CPU, and generators of its own or of its samplers. One with persistent workers has a
    single iterator, which reading it anew would start again; inside it gets another one, with workers of its own.
    """
    batch_sampler = getattr(data, "batch_sampler", None)
    holders = (data, getattr(data, "sampler", None), batch_sampler, getattr(batch_sampler, "sampler", None))
    own = [
        one for one in (getattr(holder, "generator", None) for holder in holders) if isinstance(one, torch.Generator)
    ]
    states = [one.get_state() for one in own]
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    iterator = data._iterator if isinstance(data, DataLoader) else None
    if isinstance(data, DataLoader):
        data._iterator = None
    try:
        with our_defaults():
            yield
    finally:
        if isinstance(data, DataLoader):
            data._iterator = iterator
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        for one, state in zip(own, states, strict=True):
            one.set_state(state)


def _default(network: Network, image: Tensor, targets: Targets) -> str:
    with torch.no_grad():
        name = last_linear_input(network.module, lambda: first_output(network, image.clone()))
    if name is None:
        name = known_layer(network, image, targets)
    if name is None:
        name = last_spatial_layer(network, image, targets)
        _log.warning("%s has no Linear; its features are those of layer %r", type(network.module).__name__, name)
    return name


def _read(
    network: Network, data: Any, names: Sequence[str] | None, targets: Targets, doing: str, any_labels: bool
) -> Iterator[FeatureBatch]:
    first = 0
    data = torch.split(data, 16) if isinstance(data, Tensor) else data
    check_loader(data, "data")
    # The bar shows only for work long enough to wait for, and only on a terminal.
    bar = tqdm(labelled(data), total=length(data), desc=doing, unit="batch", leave=False, delay=2, disable=None)
    for given, labels in bar:
        images = given.detach().to(network.device, network.dtype)
        names = [_default(network, images[:1], targets)] if names is None else names
        with torch.no_grad():
            # Layers without positions have no grid: `sites` says which have one.
            found, output = tapped(network, images.clone(), set(names), set(), set(names))
            grids = {name: sites(name, layer, len(images), tuple(images.shape[2:])) for name, layer in found.items()}
            resolved = target_rules.resolve(targets, output)
        labels = None if labels is None else one_class_each(labels, targets)
        if labels is not None:
            labels = as_labels(labels, len(images), None if any_labels else resolved.outputs.shape[1])
        yield FeatureBatch(images, given, labels, grids, resolved, first)
        first += len(images)
    if not first:
        raise ValueError("the data have no images; give a loader of at least one batch (images, labels)")


def one_class_each(labels: Tensor, targets: Targets) -> Tensor | None:
    """The labels, but not those of several classes an image where `MultiLabel` says that there are several: None."""
    several = False
    while isinstance(targets, (MultiLabel, Output)):
        several = several or isinstance(targets, MultiLabel)
        targets = targets.targets
    return None if several and labels.ndim > 1 else labels


def sites(name: str, output: Tensor, n: int, size: tuple[int, ...]) -> Tensor:
    """A layer's output as float32 [n, C, *s]; what has no positions, [n, C], as one position. Raises ValueError for other shapes."""
    if output.ndim == 2 and len(output) == n:
        return output.float()[(...,) + (None,) * len(size)]
    if output.ndim == len(size) + 2 and len(output) == n and output[0, 0].numel() == 1:
        return output.float()
    return as_grid(name, output, n, size)(output).float()


class Reservoir:
    """A uniform sample of each class's vectors from a stream, equally many of each class where there are enough.

    Every vector draws a random number; a class keeps those with the smallest ones, as many as leave room for all classes seen so far.
    Room only becomes less, so what is dropped would never have stayed: the sample is that of sorting the whole stream (Li, 1994).
    """

    def __init__(self, capacity: int, seed: int) -> None:
        self._capacity = self._room = capacity
        self._generator = np.random.default_rng(seed)
        self._limits: NDArray[np.float64] = np.empty(0)  # of each class: above this number nothing stays
        # One block for good, pruned when full: many small ones that stay would keep the allocator from giving back what lies between.
        slots = capacity + capacity // 4 + 1
        self._vectors: NDArray[np.float32] = np.empty((slots, 0), np.float32)
        self._drawn: NDArray[np.float64] = np.empty(slots)
        self._classes: NDArray[np.int64] = np.empty(slots, np.int64)
        self._filled = 0

    def add(self, vectors: Tensor, classes: Tensor) -> None:
        """Vectors [n, P, C] of the positions of n images, and their classes [n]. Those with a value that is not finite are left out."""
        n, positions, channels = vectors.shape
        if not self._filled:
            self._vectors = np.empty((len(self._drawn), channels), np.float32)
        drawn = self._generator.random(n * positions)
        of_class = classes.cpu().numpy().repeat(positions)
        self._limits = np.pad(
            self._limits, (0, max(0, int(of_class.max(initial=-1)) + 1 - len(self._limits))), constant_values=1
        )
        staying = np.flatnonzero(drawn <= self._limits[of_class])
        while len(staying):
            free = len(self._drawn) - self._filled
            some, staying = staying[:free], staying[free:]
            index = torch.from_numpy(some).to(vectors.device)
            chosen = vectors[index // positions, index % positions].cpu().float().numpy()
            finite = np.isfinite(chosen).all(1)
            if not finite.all():
                some, chosen = some[finite], chosen[finite]
            slots = slice(self._filled, self._filled + len(some))
            self._vectors[slots], self._drawn[slots], self._classes[slots] = chosen, drawn[some], of_class[some]
            self._filled = slots.stop
            if self._filled == len(self._drawn):
                self._prune()
                if self._filled == len(self._drawn):  # one of each class, of more classes than there is room for
                    columns = (self._vectors, self._drawn, self._classes)
                    self._vectors, self._drawn, self._classes = (np.concatenate([one, one]) for one in columns)
                staying = staying[drawn[staying] <= self._limits[of_class[staying]]]

    def sample(self) -> NDArray[np.float32]:
        """The vectors [M, C] that stayed, in random order; M is at most the capacity."""
        self._prune()
        return self._vectors[self._drawn[: self._filled].argsort()]

    def _prune(self) -> None:
        drawn, classes = self._drawn[: self._filled], self._classes[: self._filled]
        counts = np.bincount(classes)
        # What was dropped is not counted any more, so that there could seem to be more room than before.
        room = self._room = min(self._room, fair_share(counts, self._capacity))
        staying = np.ones(len(drawn), bool)
        for label in np.flatnonzero(counts > room):
            mine = np.flatnonzero(classes == label)
            order = np.argpartition(drawn[mine], room - 1)
            self._limits[label] = drawn[mine[order[:room]]].max()
            staying[mine[order[room:]]] = False
        # The last ones that stay fill the places that become free.
        self._filled = int(staying.sum())
        free = np.flatnonzero(~staying[: self._filled])
        moved = self._filled + np.flatnonzero(staying[self._filled :])
        for column in (self._vectors, self._drawn, self._classes):
            column[free] = column[moved]


def fair_share(counts: NDArray[np.int64], capacity: int) -> int:
    """The largest r for which `min(count, r)` of each class fit the capacity together; at least 1."""
    low, high = 1, max(int(counts.max(initial=0)), 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if np.minimum(counts, middle).sum() <= capacity else (low, middle - 1)
    return low
