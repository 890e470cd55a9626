"""Features in, places out: one door for all reductions, which sees to large, small and degenerate sets."""

from __future__ import annotations

import functools
import importlib.util
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections import alignment, landmarks, umap_layout
from tb_explain.projections.alignment import Layout, Start
from tb_explain.projections.neighbours import Metric, Neighbours, nearest, prepared
from tb_explain.projections.reducers import PCA, TSNE, UMAP, Reducer
from tb_explain.projections.rows import Placed

K = 10  # neighbours of each row that are kept
_AROUND = 15  # neighbours by which rows are placed, and a neighbourhood is compared with that of the step before
_FEWEST = 5  # rows that are worth a manifold
_ALL_PAIRS = 100_000  # rows whose neighbours are looked for among all of them
_AMONG = 10_000  # rows among which those of more are looked for
_LISTED = 250_000  # rows whose neighbours are kept
_FAR = np.float32(1e15)  # beyond this squares of positions would leave float32


def reduce(
    reducer: Reducer,
    features: NDArray[Any],
    ids: NDArray[np.uint64],
    labels: NDArray[np.int64] | None = None,
    before: Layout | None = None,
) -> tuple[Placed, Layout]:
    """Place rows, and say what the next step is to start from. The same arguments give the same places.

    Args:
        reducer: PCA takes its place, with a note, where it cannot do anything sensible.
        features: [N, d] numbers. Raises ValueError when they are not finite.
        ids: [N], by which rows are known from step to step.
        labels: [N], so that classes have their shares of the rows that large sets are fitted to.
        before: of the step before; rows are kept where they were, unless their features moved.
    """
    if before is not None and before.positions.shape[1] != reducer.dims:
        before = None
    task = Task.of(reducer, features, ids, labels, before)
    start = None if before is None else alignment.start(before, task.fitted_ids, task.neighbourhood)
    if isinstance(task.reducer, PCA):
        return task.finish(_components(task.values, task.fitted, task.reducer, start))
    assert task.near is not None
    return task.finish(_manifold(task.z[task.fitted], task.near, task.reducer, start))


def given(positions: NDArray[Any], features: NDArray[Any] | None) -> Placed:
    """Places that are known already; with features, neighbours in their space."""
    n, notes = len(positions), list[str]()
    near = Neighbours.none(n)
    if features is not None:
        z = prepared(_checked(features, n), "cosine")
        near = _neighbours(z, "cosine", None, None, notes).first(K)
    return Placed(np.asarray(positions, np.float32), n, near.indices, near.distances, tuple(notes))


@dataclass(frozen=True, eq=False)
class Task:
    """Features that are to be placed, and the rows of them that a reduction is to be fitted to."""

    reducer: Reducer
    ids: NDArray[np.uint64]
    labels: NDArray[np.int64] | None
    values: NDArray[Any]  # [N, d] as given
    z: NDArray[np.float32]  # [N, d] as compared
    metric: Metric
    fitted: NDArray[np.int64]  # [M] ascending
    near: Neighbours | None  # [M, k] of the fitted rows among each other; of no use to PCA
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        reducer: Reducer,
        features: NDArray[Any],
        ids: NDArray[np.uint64],
        labels: NDArray[np.int64] | None,
        before: Layout | None,
    ) -> Task:
        """Fitted rows are those that were `before`, as far as they are here."""
        values = _checked(features, len(ids))
        reducer, notes = _possible(reducer, values)
        metric: Metric = reducer.metric if isinstance(reducer, UMAP) else "cosine"
        chosen_before = None if before is None else np.isin(ids, before.fitted)
        fitted = landmarks.choose(len(values), reducer.max_fit, labels, chosen_before, reducer.seed)
        z = prepared(values, metric)
        near = None
        if not isinstance(reducer, PCA):
            looked_at = reducer.n_neighbors - 1 if isinstance(reducer, UMAP) else 0
            near = nearest(z[fitted], max(_AROUND, looked_at), metric)
        return cls(reducer, ids, labels, values, z, metric, fitted, near, notes)

    @property
    def fitted_ids(self) -> NDArray[np.uint64]:
        """[M] of the fitted rows."""
        return self.ids[self.fitted]

    @property
    def neighbourhood(self) -> NDArray[np.uint64]:
        """[M, k] ids of the fitted rows that are nearest to each."""
        if self.near is None:
            return np.zeros((len(self.fitted), 0), np.uint64)
        return self.fitted_ids[self.near.indices[:, :_AROUND]]

    def finish(self, positions: NDArray[np.float32]) -> tuple[Placed, Layout]:
        """Given positions of the fitted rows, or of all, place the others; find all rows' neighbours."""
        n, m = len(self.ids), len(self.fitted)
        notes, measures = list(self.notes), dict[str, float]()
        near = self.near if n == m else None
        around = None
        if len(positions) < n:
            assert self.near is not None
            assert not isinstance(self.reducer, PCA)
            around = nearest(self.z, _AROUND, self.metric, self.fitted)
            rest = np.setdiff1d(np.arange(n), self.fitted)
            place = functools.partial(_amid, positions=positions, reducer=self.reducer)
            measures["landmark_error"] = landmarks.error(self.near.first(_AROUND), positions, place, self.reducer.seed)
            everywhere = np.empty((n, positions.shape[1]), np.float32)
            everywhere[self.fitted] = positions
            local = np.searchsorted(self.fitted, around.indices[rest])
            everywhere[rest] = place(Neighbours(local, around.distances[rest]))
            positions = everywhere
        if m < n:
            notes.append(f"Fitted to {m} of {n} rows; the others are placed among them.")
        near = (near or _neighbours(self.z, self.metric, around, self.labels, notes)).first(K)
        placed = Placed(positions, m, near.indices, near.distances, tuple(notes), measures)
        return placed, Layout(self.ids, placed.positions, self.fitted_ids, self.neighbourhood)


def _checked(features: NDArray[Any], n: int) -> NDArray[Any]:
    values = np.asarray(features)
    if values.ndim != 2 or len(values) != n or values.dtype.kind not in "fiub":
        raise ValueError(f"features must be numbers [{n}, d], got {values.dtype} {list(values.shape)}")
    if not values.size:
        raise ValueError(f"there is nothing to reduce in features of shape {list(values.shape)}")
    if not all(np.isfinite(values[i : i + _AMONG]).all() for i in range(0, n, _AMONG)):
        raise ValueError("features must be finite; drop the rows that are not")
    return values


def _possible(reducer: Reducer, values: NDArray[Any]) -> tuple[Reducer, tuple[str, ...]]:
    """The reducer itself, or PCA and why."""
    if isinstance(reducer, PCA):
        return reducer, ()
    name = type(reducer).__name__
    if len(values) < _FEWEST:
        why = f"{name} needs at least {_FEWEST} rows"
    elif (values == values[0]).all():
        why = f"{name} needs features that differ, and all rows have the same"
    elif isinstance(reducer, UMAP) and importlib.util.find_spec("umap") is None:
        why = 'UMAP needs umap-learn (pip install "tb-explain[train]")'
    else:
        return reducer, ()
    return PCA(reducer.dims, reducer.seed), (f"{why}: PCA instead.",)


def _components(
    values: NDArray[Any], fitted: NDArray[np.int64], reducer: PCA, start: Start | None
) -> NDArray[np.float32]:
    """All rows by their principal components, zeros where there are fewer than dimensions asked for."""
    from sklearn import decomposition

    positions = np.zeros((len(values), reducer.dims), np.float32)
    some = values[fitted].astype(np.float32)
    largest = np.abs(some).max() or np.float32(1)
    count = min(reducer.dims, *some.shape)
    if (some != some[0]).any():
        model = decomposition.PCA(count, random_state=reducer.seed).fit(some / largest)  # squares stay within float32
        for i in range(0, len(values), _AMONG):
            block = values[i : i + _AMONG].astype(np.float32) / largest
            positions[i : i + _AMONG, :count] = model.transform(block) * min(largest, _FAR)
    return positions if start is None else alignment.turned(positions, positions[fitted], start)


def _manifold(
    z: NDArray[np.float32], near: Neighbours, reducer: UMAP | TSNE, start: Start | None
) -> NDArray[np.float32]:
    if isinstance(reducer, UMAP):
        return umap_layout.fresh(z, near, reducer) if start is None else umap_layout.held(z, near, reducer, start)
    from sklearn import manifold

    begin: Any = "pca" if min(z.shape) >= reducer.dims else "random"
    more: dict[str, Any] = {}
    if start is not None:
        begin = alignment.begun(near, start, reducer.seed)
        more["early_exaggeration"] = 1.0  # which would gather all rows first and spread them out anew
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = manifold.TSNE(
            reducer.dims,
            perplexity=min(reducer.perplexity, (len(z) - 1) / 3),
            metric="cosine",
            init=begin,
            random_state=reducer.seed,
            n_jobs=1,
            **more,
        )
        positions: NDArray[np.float32] = model.fit_transform(z).astype(np.float32)
    return positions


def _amid(near: Neighbours, positions: NDArray[np.float32], reducer: UMAP | TSNE) -> NDArray[np.float32]:
    """Further rows among the fitted ones."""
    if isinstance(reducer, UMAP):
        return umap_layout.among(near, positions, reducer)
    return landmarks.between(near, positions)


def _neighbours(
    z: NDArray[np.float32],
    metric: Metric,
    around: Neighbours | None,
    labels: NDArray[np.int64] | None,
    notes: list[str],
) -> Neighbours:
    """Of all rows, among all rows as far as that can be afforded."""
    n = len(z)
    if n > _LISTED:
        notes.append(f"Nearest neighbours are left out: those of {n} rows would take up {n * K * 6 >> 20} MB a step.")
        return Neighbours.none(n)
    if n <= _ALL_PAIRS:
        return nearest(z, K, metric)
    notes.append(f"Nearest neighbours are looked for among {_AMONG} of the rows only.")
    return around or nearest(z, K, metric, landmarks.choose(n, _AMONG, labels, None, 0))
