"""Features of many images, with what is known about them: the rows of a projection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tb_explain.methods.features import FeatureBatch, fair_share, stream
from tb_explain.methods.layers import Layers, bare, layer_names
from tb_explain.methods.targets import Targets
from tb_explain.pictures import Pictures, pictures_of
from tb_explain.thumbnails import tiles_of

Pool = Literal["mean", "max", "flatten"]

_POOLS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": lambda sites: sites.mean(2),
    "max": lambda sites: sites.amax(2),
    "flatten": lambda sites: sites.flatten(1),
}


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """What one layer says about N images of a loader, in the loader's order."""

    values: NDArray[np.floating[Any]]
    """float32 or float16 [N, d]."""
    layer: str
    """Dotted name; `<name>.input`: what that layer is given."""
    ids: NDArray[np.uint64]
    """[N]: of the pictures, the same for the same picture everywhere; they tie rows to the samples of a probe."""
    indices: NDArray[np.int64]
    """[N]: places in the loader, ascending."""
    labels: NDArray[np.int64] | None
    """[N]: true classes, -1: not known; None: of no image."""
    predicted: NDArray[np.int64] | None
    """[N]: what the model takes them for; None where labels are not classes of the model."""
    probabilities: NDArray[np.float32] | None
    """[N] in 0..1: of the predicted class."""
    tiles: NDArray[np.uint8] | None
    """[N, h, w, 1 or 3]: thumbnails."""

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Features({len(self)} rows of {self.values.shape[1]} values, layer={self.layer!r})"


def collect_features(
    model: nn.Module,
    loader: Any,
    layer: Layers = None,
    *,
    pool: Pool = "mean",
    dtype: Literal["float32", "float16"] = "float32",
    max_rows: int | None = 5000,
    targets: Targets = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    thumbnail: int | None = 32,
    seed: int = 0,
) -> Features | list[Features]:
    """What layers say about the images of a loader: one vector an image, of all layers in the same pass; the model is undisturbed.

    Args:
        loader: batches `(images, labels)` or `images` as the model takes them, or a tensor of images.
        layer: a dotted name, a module, `<name>.input` for what that layer is given, or several of them, which gives a list; None:
            the input of the last Linear, or the last spatial layer where there is none.
        pool: what becomes of a layer's positions: their mean, their maximum, or all of them ("flatten").
        dtype: float16 takes half the room.
        max_rows: how many images to keep, equally many of each class where there are enough; which ones depends on their pixels,
            classes and `seed` alone, so that these are the same at every step and in every order. None: all.
        targets: `MultiLabel()` or `Output(name)`, where the model has such outputs.
        mean, std: the normalisation, undone for pictures and their ids, as a `Probe` does.
        thumbnail: pixels on the longer side of a picture; None: no pictures.

    Raises ValueError for a loader, a layer or labels that do not fit, and for values that float16 cannot hold.
    """

    def shown(images: Tensor, _first: int) -> Pictures:
        values = images.float().cpu().numpy()
        if mean is None and std is None:  # whether a picture is stretched must not depend on what else is in its batch
            flat = values.reshape(len(values), -1)
            return pictures_of(values, stretched=~((flat >= 0) & (flat <= 1) | np.isnan(flat)).all(1))
        return pictures_of(values, mean, std)

    found = read_features(
        model,
        loader,
        layer,
        shown,
        pool=pool,
        dtype=dtype,
        max_rows=max_rows,
        targets=targets,
        thumbnail=thumbnail,
        seed=seed,
    )
    return found[0] if layer is None or isinstance(layer, (str, nn.Module)) else found


def read_features(
    model: nn.Module,
    loader: Any,
    layer: Layers,
    shown: Callable[[Tensor, int], Pictures],
    *,
    pool: Pool,
    dtype: str,
    max_rows: int | None,
    targets: Targets,
    thumbnail: int | None,
    seed: int,
) -> list[Features]:
    """The same, of images that `shown` makes pictures of, given how many came before; one result a layer, in the order asked for."""
    if pool not in _POOLS:
        raise ValueError(f"pool must be 'mean', 'max' or 'flatten', got {pool!r}")
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype must be 'float32' or 'float16', got {dtype!r}")
    if max_rows is not None and max_rows < 1:
        raise ValueError(f"max_rows must be at least 1, or None for all; got {max_rows}")
    if thumbnail is not None and thumbnail < 1:
        raise ValueError(f"thumbnail must be at least 1 pixel, or None for none; got {thumbnail}")
    asked = layer_names(bare(model), layer, inputs=True)
    chosen = _Chosen(max_rows, seed)
    of_model = True
    with stream(model, loader, layer, targets, doing="collecting features", any_labels=True) as batches:
        for batch in batches:
            pictures = shown(batch.given.detach(), batch.first)
            labels, predicted = _classes(batch)
            of_model = of_model and int(labels.max()) < batch.resolved.outputs.shape[1]
            rows = chosen.offer(pictures.ids, labels)
            if not len(rows):
                continue
            columns: dict[str, NDArray[Any]] = {
                "indices": batch.first + rows,
                "predicted": predicted[rows],
                "probabilities": batch.resolved.predicted_probabilities.cpu().numpy()[rows],
            }
            if thumbnail is not None:
                columns["tiles"] = tiles_of(pictures, rows, thumbnail, chosen.columns.get("tiles"))
            at = torch.from_numpy(rows).to(batch.images.device)
            for name, sites in batch.layers.items():
                columns[_VALUES + name] = _as_stored(name, _POOLS[pool](sites[at].flatten(2)), dtype)
            chosen.take(rows, columns)
    return _found(chosen, asked, of_model)


_VALUES = "values of "  # before a layer's name, among the columns


def _classes(batch: FeatureBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True classes, -1: not known; and predicted ones."""
    labels = torch.full((len(batch.images),), -1) if batch.labels is None else batch.labels
    return labels.cpu().numpy(), batch.resolved.predicted.cpu().numpy()


def _as_stored(name: str, values: Tensor, dtype: str) -> NDArray[np.floating[Any]]:
    stored: NDArray[np.floating[Any]] = values.cpu().numpy()
    if dtype == "float16":
        with np.errstate(over="ignore"):
            half = stored.astype(np.float16)
        beyond = np.isinf(half) & np.isfinite(stored)
        if beyond.any():
            raise ValueError(
                f"layer {name!r} gives {np.abs(stored[beyond]).max():.3g}, float16 holds 65504 at most; use dtype='float32'"
            )
        stored = half
    return stored


def _found(chosen: _Chosen, asked: list[str] | None, of_model: bool) -> list[Features]:
    columns = chosen.sorted_by("indices")
    if not of_model or (columns["predicted"] < 0).any():
        columns["predicted"] = columns["probabilities"] = None  # type: ignore[assignment]
    names = [name.removeprefix(_VALUES) for name in columns if name.startswith(_VALUES)]
    return [
        Features(
            values=columns[_VALUES + name],
            layer=name,
            ids=columns["ids"],
            indices=columns["indices"],
            labels=columns["labels"] if (columns["labels"] >= 0).any() else None,
            predicted=columns["predicted"],
            probabilities=columns["probabilities"],
            tiles=columns.get("tiles"),
        )
        for name in asked or names
    ]


class _Chosen:
    """Rows that stay of a stream: of each class those whose ids, scrambled, are smallest, as many as leave room for all classes.

    The choice depends on what is in the stream and not on its order. Counts only grow and room only becomes less, so what was turned
    away would never have stayed.
    """

    def __init__(self, capacity: int | None, seed: int) -> None:
        self.columns: dict[str, NDArray[Any]] = {}
        """With room for more rows than there are."""
        self._capacity = capacity
        self._seed = np.uint64(seed & (1 << 64) - 1)
        self._filled = 0
        self._counts: dict[int, int] = {}  # of each class, all that was offered
        self._limits: dict[int, int] = {}  # of each class: above this key nothing stays
        self._offered: dict[str, NDArray[Any]] = {}

    def offer(self, ids: NDArray[np.uint64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of some rows may stay; to be handed to `take`."""
        for label, count in zip(*np.unique(labels, return_counts=True), strict=True):
            self._counts[int(label)] = self._counts.get(int(label), 0) + int(count)
        keys = _scrambled(ids, self._seed)
        self._offered = {"ids": ids, "labels": labels, "keys": keys}
        limits = np.array([self._limits.get(label, (1 << 64) - 1) for label in labels.tolist()], np.uint64)
        return np.flatnonzero(keys <= limits)

    def take(self, rows: NDArray[np.int64], columns: dict[str, NDArray[Any]]) -> None:
        """Keep columns of the rows that were offered last."""
        columns |= {name: values[rows] for name, values in self._offered.items()}
        needed = self._filled + len(rows)
        for name, values in columns.items():
            known = self.columns.get(name)
            if known is not None and known.shape[1:] != values.shape[1:]:
                name = name.removeprefix(_VALUES)
                raise ValueError(
                    f"layer {name!r} gave {values.shape[1]} values an image after {known.shape[1]}; give images of one size, or pool"
                )
            if known is None or len(known) < needed:
                slots = needed if known is None else max(needed, 2 * len(known))
                if self._capacity is not None:
                    slots = max(needed, min(slots, self._capacity + self._capacity // 4 + 1))
                grown = np.empty((slots, *values.shape[1:]), values.dtype)
                if known is not None:
                    grown[: self._filled] = known[: self._filled]
                self.columns[name] = grown
            self.columns[name][self._filled : needed] = values
        self._filled = needed
        if self._capacity is not None and needed > self._capacity + self._capacity // 4:
            self._prune()

    def sorted_by(self, name: str) -> dict[str, NDArray[Any]]:
        """All columns of the rows that stay."""
        self._prune()
        order = self.columns[name][: self._filled].argsort(kind="stable")
        return {other: values[order] for other, values in self.columns.items()}

    def _prune(self) -> None:
        if self._capacity is None or self._filled <= self._capacity:
            return
        keys, labels = self.columns["keys"][: self._filled], self.columns["labels"][: self._filled]
        room = fair_share(np.array(list(self._counts.values())), self._capacity)
        order = np.lexsort((keys, labels))
        starts = np.r_[0, np.flatnonzero(np.diff(labels[order])) + 1]
        ranks = np.arange(len(order)) - starts.repeat(np.diff([*starts, len(order)]))
        staying = order[ranks < room]
        if len(staying) > self._capacity:  # of more classes than rows, one each, and not of all
            staying = staying[keys[staying].argsort(kind="stable")[: self._capacity]]
        for last in order[ranks == room - 1]:
            self._limits[int(labels[last])] = int(keys[last])
        self._filled = len(staying)
        for values in self.columns.values():
            values[: self._filled] = values[staying]


def _scrambled(ids: NDArray[np.uint64], seed: np.uint64) -> NDArray[np.uint64]:
    """Keys in random order, the same for the same ids (SplitMix64; Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = ids + (seed + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        keys: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return keys
