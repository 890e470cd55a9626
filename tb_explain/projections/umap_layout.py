"""UMAP's layouts: fitted afresh, or from where rows were a step before and held to it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections import alignment, landmarks
from tb_explain.projections.alignment import Start
from tb_explain.projections.neighbours import Neighbours
from tb_explain.projections.reducers import UMAP

_ROUNDS = 20  # of a step that starts from the one before
_EPOCHS = 10  # of a round
_HOLD = 0.5  # of its way a row goes back after a round, if it has kept all its neighbours and has not got far
_EPOCHS_AMONG = 30  # of rows placed among fitted ones
_AT_ONCE = 100_000  # of them, for memory's sake


def fresh(z: NDArray[np.float32], near: Neighbours, reducer: UMAP) -> NDArray[np.float32]:
    """A layout from the spectrum of the neighbourhood graph. The first in a process compiles for some ten seconds."""
    return np.asarray(_model(z, near, reducer, "embedding").embedding_, np.float32)


def held(z: NDArray[np.float32], near: Neighbours, reducer: UMAP, start: Start) -> NDArray[np.float32]:
    """A layout that starts from where rows were; what is left of a row's neighbourhood holds it there.

    After every few epochs of UMAP each row goes back some of its way. How much falls off with the way, as UMAP's own attraction
    does: rows that belong where they were hardly move, those whose neighbours pull them elsewhere get away.
    """
    from umap.layouts import optimize_layout_euclidean

    model = _model(z, near, reducer, "graph")
    graph = model.graph_.tocoo()
    graph.sum_duplicates()
    # What an edge's weight says is how often it is drawn; the weakest less than once in so few epochs.
    often = graph.data / graph.data.max() * _EPOCHS
    hold = _HOLD * start.kept[:, None] ** 2
    random = np.random.RandomState(reducer.seed)
    positions = alignment.begun(near, start, reducer.seed)
    for i in range(_ROUNDS):
        drawn = random.random_sample(len(often)) < often
        positions = optimize_layout_euclidean(
            positions, positions, graph.row[drawn], graph.col[drawn], _EPOCHS, len(z), _EPOCHS / np.maximum(often[drawn], 1),
            model._a, model._b, _state(random), initial_alpha=1 - i / _ROUNDS, move_other=True,
        )  # fmt: skip
        positions = alignment.turned(positions, positions, start)  # the layout as a whole drifts, which says nothing
        back = start.positions - positions
        positions += hold / (1 + np.square(back).sum(axis=1, keepdims=True)) * back
    return positions


def among(near: Neighbours, positions: NDArray[np.float32], reducer: UMAP) -> NDArray[np.float32]:
    """Further rows, whose nearest fitted rows are known, in a layout that stays as it is: UMAP's transform, with exact neighbours."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import compute_membership_strengths, find_ab_params, make_epochs_per_sample, smooth_knn_dist

    a, b = find_ab_params(1.0, reducer.min_dist)
    landed = landmarks.between(near, positions)
    state = _state(np.random.RandomState(reducer.seed))
    fixed = positions.astype(np.float32, order="C", copy=True)
    for i in range(0, len(landed), _AT_ONCE):
        some = Neighbours(near.indices[i : i + _AT_ONCE].astype(np.int32), near.distances[i : i + _AT_ONCE])
        sigmas, rhos = smooth_knn_dist(some.distances, float(some.indices.shape[1]), local_connectivity=0.0)
        head, tail, weights, _ = compute_membership_strengths(
            some.indices, some.distances, sigmas, rhos, bipartite=True
        )
        strong = weights >= weights.max() / _EPOCHS_AMONG
        landed[i : i + _AT_ONCE] = optimize_layout_euclidean(
            landed[i : i + _AT_ONCE].copy(), fixed, head[strong], tail[strong], _EPOCHS_AMONG, len(positions),
            make_epochs_per_sample(weights[strong], _EPOCHS_AMONG), a, b, state,
            initial_alpha=0.25, move_other=False,
        )  # fmt: skip
    return landed


def _model(z: NDArray[np.float32], near: Neighbours, reducer: UMAP, mode: str) -> Any:
    import umap

    k = min(reducer.n_neighbors - 1, near.indices.shape[1])
    own = np.arange(len(z))[:, None]
    indices = np.concatenate([own, near.indices[:, :k]], axis=1).astype(np.int32)
    distances = np.concatenate([np.zeros((len(z), 1)), near.distances[:, :k]], axis=1).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # that a seed means one thread, that there is no index for more rows: as intended
        return umap.UMAP(
            n_neighbors=k + 1,
            n_components=reducer.dims,
            min_dist=reducer.min_dist,
            metric=reducer.metric,
            random_state=reducer.seed,
            n_jobs=1,
            precomputed_knn=(indices, distances),
            force_approximation_algorithm=True,  # that is, take those neighbours
            disconnection_distance=np.inf,  # opposite features are far apart, not missing
            transform_mode=mode,
        ).fit(z)


def _state(random: np.random.RandomState) -> NDArray[np.int64]:
    """Of the generator that umap-learn's compiled code has."""
    return random.randint(-(2**31) + 1, 2**31 - 1, 3).astype(np.int64)
