"""Features of many images, with what is known about them: the rows of a projection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DistributedSampler

from tb_explain.methods.chosen import VALUES, Choice, Chosen
from tb_explain.methods.features import FeatureBatch, stream
from tb_explain.methods.layers import Layers, bare, layer_names
from tb_explain.methods.targets import Targets
from tb_explain.pictures import Pictures, pictures_one_by_one
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
    choice: Choice | None = None
    """Which images of the loader these are; None: all that there were."""

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

    Of a rank's share of a data set it is that share; `gather_features` makes one of all ranks'. The few images that a DistributedSampler repeats are
    left out. Raises ValueError for a loader, a layer or labels that do not fit, and for values that float16 cannot hold.
    """

    def shown(images: Tensor, _first: int) -> Pictures:
        return pictures_one_by_one(images.float().cpu().numpy(), mean, std)

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
    chosen = Chosen(max_rows, seed)
    of_model = True
    repeated_from = _repeated_from(loader)
    with stream(model, loader, layer, targets, doing="collecting features", any_labels=True) as batches:
        for batch in batches:
            pictures = shown(batch.given.detach(), batch.first)
            labels, predicted = _classes(batch)
            of_model = of_model and int(labels.max()) < batch.resolved.outputs.shape[1]
            own = slice(None if repeated_from is None else max(0, repeated_from - batch.first))
            rows = chosen.offer(pictures.ids[own], labels[own])
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
                columns[VALUES + name] = _as_stored(name, _POOLS[pool](sites[at].flatten(2)), dtype)
            chosen.take(rows, columns)
    return _found(chosen, asked, of_model)


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


def _repeated_from(loader: Any) -> int | None:
    """How many images come before those that are there only so that all ranks have equally many."""
    sampler = getattr(loader, "sampler", None)
    if not isinstance(sampler, DistributedSampler):
        return None
    return len(range(sampler.rank, len(sampler.dataset), sampler.num_replicas))  # type: ignore[arg-type]


def _found(chosen: Chosen, asked: list[str] | None, of_model: bool) -> list[Features]:
    columns = chosen.sorted_by("indices")
    if not of_model or (columns["predicted"] < 0).any():
        columns["predicted"] = columns["probabilities"] = None  # type: ignore[assignment]
    names = [name.removeprefix(VALUES) for name in columns if name.startswith(VALUES)]
    return [
        Features(
            values=columns[VALUES + name],
            layer=name,
            ids=columns["ids"],
            indices=columns["indices"],
            labels=columns["labels"] if (columns["labels"] >= 0).any() else None,
            predicted=columns["predicted"],
            probabilities=columns["probabilities"],
            tiles=columns.get("tiles"),
            choice=chosen.choice,
        )
        for name in asked or names
    ]
