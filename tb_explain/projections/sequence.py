"""Steps that are known as a whole, placed together: umap-learn's AlignedUMAP."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections import alignment
from tb_explain.projections.alignment import Start
from tb_explain.projections.reducers import UMAP, Reducer
from tb_explain.projections.reduction import Task, reduce
from tb_explain.projections.rows import Placed


def align(
    features: Sequence[NDArray[Any]],
    ids: Sequence[NDArray[np.uint64]] | None = None,
    reducer: Reducer | None = None,
    labels: NDArray[np.int64] | None = None,
) -> list[Placed]:
    """Place all steps of a series so that rows stay where they are unless their features move, each step regarding those around it.

    UMAP's steps are fitted together, by AlignedUMAP: no step is favoured for being first, at many times the cost of one after
    the other, and with several threads not the same twice. Other reductions, and steps that UMAP can do nothing with, follow each other.

    Args:
        features: [N, d] of each step, finite.
        ids: [N] of each step; None: rows are the same in all.
        reducer: None: `UMAP()`.
        labels: [N], of rows that are the same in all steps.
    """
    reducer = reducer or UMAP()
    if not features:
        raise ValueError("there is no step to align; give features [N, d] of each")
    known = [np.arange(1, len(step) + 1, dtype=np.uint64) for step in features] if ids is None else list(ids)
    if len(known) != len(features):
        raise ValueError(f"there are ids of {len(known)} steps for features of {len(features)}")
    before, tasks, found = None, list[Task](), list[Placed]()
    if isinstance(reducer, UMAP) and len(features) > 1:
        for step, of_step in zip(features, known, strict=True):
            task = Task.of(reducer, step, of_step, labels, before)
            # Only which rows it is fitted to is passed on.
            before = alignment.Layout(
                of_step, np.zeros((len(of_step), 2), np.float32), task.fitted_ids, task.neighbourhood
            )
            tasks.append(task)
        if all(isinstance(task.reducer, UMAP) for task in tasks) and _overlap(tasks):
            return [task.finish(at)[0] for task, at in zip(tasks, _together(tasks, reducer), strict=True)]
    for step, of_step in zip(features, known, strict=True):
        placed, before = reduce(reducer, step, of_step, labels, before if found else None)
        found.append(placed)
    return found


def _overlap(tasks: Sequence[Task]) -> bool:
    """Whether consecutive steps share rows."""
    return all(np.isin(b.fitted_ids, a.fitted_ids).any() for a, b in itertools.pairwise(tasks))


def _together(tasks: Sequence[Task], reducer: UMAP) -> list[NDArray[np.float32]]:
    import umap

    same = []
    for a, b in itertools.pairwise(tasks):
        _, here, there = np.intersect1d(a.fitted_ids, b.fitted_ids, return_indices=True)
        same.append(dict(zip(here.tolist(), there.tolist(), strict=True)))
    smallest = min(len(task.fitted) for task in tasks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed means one thread: as intended
        model = umap.AlignedUMAP(
            n_neighbors=min(reducer.n_neighbors, smallest - 1),
            n_components=reducer.dims,
            min_dist=reducer.min_dist,
            metric=reducer.metric,
            random_state=reducer.seed,
            transform_seed=reducer.seed,
        ).fit([task.z[task.fitted] for task in tasks], relations=same)
    return [
        _complete(np.asarray(at, np.float32), task, reducer) for at, task in zip(model.embeddings_, tasks, strict=True)
    ]


def _complete(positions: NDArray[np.float32], task: Task, reducer: UMAP) -> NDArray[np.float32]:
    """Rows that AlignedUMAP leaves out, since they are opposite to all others, go among their neighbours."""
    placed = np.logical_and.reduce(np.isfinite(positions), axis=1)
    if placed.all():
        return positions
    assert task.near is not None
    start = Start(np.nan_to_num(positions), placed, np.zeros(len(placed), np.float32))
    return np.where(placed[:, None], positions, alignment.begun(task.near, start, reducer.seed))
