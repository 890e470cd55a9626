"""Features of all ranks' images, as if one process had gone through them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import torch.distributed as dist
from numpy.typing import NDArray

from tb_explain.methods.chosen import Chosen
from tb_explain.methods.collect import Features


@overload
def gather_features(features: Features) -> Features | None: ...
@overload
def gather_features(features: Sequence[Features]) -> list[Features] | None: ...
@overload
def gather_features(features: None) -> Features | list[Features] | None: ...


def gather_features(features: Features | Sequence[Features] | None) -> Features | list[Features] | None:
    """What `collect_features` would have given for the images of all ranks, ordered by their ids: on rank 0; None on the others.

    A collective of the default process group (gloo, nccl): every rank calls it, with the features of its share of the images, collected with
    the same arguments as the others', or None if it has no image. Which images stay of more than `max_rows` is decided for all of them.
    `indices` count through the ranks' loaders, one after the other.

    Raises RuntimeError where there is no process group, ValueError when ranks do not agree, on rank 0.
    """
    if not (dist.is_available() and dist.is_initialized()):
        raise RuntimeError("there is no process group; call torch.distributed.init_process_group first")
    mine = [features] if isinstance(features, Features) else features
    all_ranks: list[Any] | None = [None] * dist.get_world_size() if dist.get_rank() == 0 else None
    dist.gather_object((mine, isinstance(features, Features)), all_ranks)
    if all_ranks is None:
        return None
    known = [(of_rank, is_one) for of_rank, is_one in all_ranks if of_rank]
    if not known:
        raise ValueError("no rank has features of any image")
    if len({(is_one, *(one.layer for one in of_rank)) for of_rank, is_one in known}) > 1:
        raise ValueError("ranks have features of different layers; collect the same ones everywhere")
    joined = [_joined(layer) for layer in zip(*(of_rank for of_rank, _ in known), strict=True)]
    return joined[0] if known[0][1] else joined


def _joined(ranks: Sequence[Features]) -> Features:
    first = ranks[0]
    if len({one.values.shape[1:] for one in ranks}) > 1:
        raise ValueError(
            f"ranks have different numbers of values an image at layer {first.layer!r}; give images of one size"
        )
    rules = {(one.choice.max_rows, one.choice.seed) if one.choice else (None, 0) for one in ranks}
    if len(rules) > 1:
        raise ValueError("ranks chose their images differently; give the same max_rows and seed everywhere")
    chosen = Chosen(*rules.pop())
    # What not all ranks know is not known of the union.
    named = [f.name for f in dataclasses.fields(Features) if f.name not in ("layer", "choice", "labels")]
    kept = [name for name in named if all(getattr(one, name) is not None for one in ranks)]
    if len({one.tiles.shape[1:] for one in ranks if one.tiles is not None}) > 1:
        kept.remove("tiles")
    before = 0
    for one in ranks:
        labels = np.full(len(one), -1) if one.labels is None else one.labels
        columns: dict[str, NDArray[Any]] = {name: getattr(one, name) for name in kept} | {"labels": labels}
        counts = one.choice.counts if one.choice else _counted(labels)
        chosen.join(counts, columns | {"indices": one.indices + before})
        before += sum(counts.values())
    columns = chosen.sorted_by("ids")
    return Features(
        layer=first.layer,
        labels=columns["labels"] if (columns["labels"] >= 0).any() else None,
        choice=chosen.choice,
        **{name: columns.get(name) for name in named},  # type: ignore[arg-type]
    )


def _counted(labels: NDArray[np.int64]) -> dict[int, int]:
    found, counts = np.unique(labels, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
