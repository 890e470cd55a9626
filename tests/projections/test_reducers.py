"""Reductions place rows reproducibly, small, large and degenerate sets included, and find their true neighbours."""

from __future__ import annotations

import importlib.util
import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from tb_explain.projections import PCA, TSNE, UMAP, Placed, landmarks, neighbours, reduction
from tb_explain.projections.neighbours import Neighbours, nearest, prepared
from tb_explain.projections.reducers import Reducer
from tb_explain.projections.reduction import reduce

Values = NDArray[np.float32]


def blobs(n: int, k: int = 5, d: int = 16, seed: int = 0) -> tuple[Values, NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    labels = np.arange(n) % k
    return (4 * random.normal(size=(k, d))[labels] + random.normal(size=(n, d))).astype(np.float32), labels


def ids_of(n: int) -> NDArray[np.uint64]:
    return np.arange(1, n + 1, dtype=np.uint64)


def placed(reducer: Reducer, features: NDArray[Any], labels: NDArray[np.int64] | None = None) -> Placed:
    return reduce(reducer, features, ids_of(len(features)), labels)[0]


@pytest.mark.parametrize("reducer", [UMAP(), UMAP(dims=3, metric="euclidean"), TSNE(), PCA(3)], ids=repr)
def test_the_same_features_get_the_same_places_and_keep_their_neighbours(reducer: Reducer) -> None:
    features, _ = blobs(150)
    first, second = placed(reducer, features), placed(reducer, features)
    assert first.positions.shape == (150, reducer.dims) and (first.positions == second.positions).all()
    assert first.fitted == 150 and not first.notes and not first.measures
    metric = getattr(reducer, "metric", "cosine")
    kept = trustworthiness(features, first.positions, n_neighbors=10, metric=metric)
    assert kept > (0.8 if isinstance(reducer, PCA) else 0.9), kept
    exact = NearestNeighbors(n_neighbors=10, metric=metric).fit(features)
    distances, indices = exact.kneighbors()
    assert (first.neighbours == indices).mean() > 0.999
    np.testing.assert_allclose(first.distances, distances, atol=1e-4)


def test_another_seed_gives_another_layout() -> None:
    features, _ = blobs(60)
    assert (placed(UMAP(), features).positions != placed(UMAP(seed=1), features).positions).any()


@pytest.mark.parametrize("reducer", [UMAP(), UMAP(dims=3), TSNE(), PCA()], ids=repr)
@pytest.mark.parametrize(("n", "d"), list(itertools.product([1, 2, 3, 4, 5, 8, 16], [1, 6])))
def test_few_rows_are_placed(reducer: Reducer, n: int, d: int) -> None:
    found = placed(reducer, np.random.default_rng(n).normal(size=(n, d)))
    assert found.positions.shape == (n, reducer.dims) and found.neighbours.shape == (n, min(10, n - 1))
    assert found.fitted == n
    if n >= 5 or isinstance(reducer, PCA):
        assert not found.notes
    else:
        assert found.notes == (f"{type(reducer).__name__} needs at least 5 rows: PCA instead.",)
    if n > 1:
        assert len(np.unique(found.positions, axis=0)) == n


@pytest.mark.parametrize("reducer", [UMAP(), TSNE(), PCA()], ids=repr)
def test_features_that_say_little_are_placed(reducer: Reducer) -> None:
    constant = placed(reducer, np.full((40, 3), 7.0))
    assert not constant.positions.any()
    if not isinstance(reducer, PCA):
        said = f"{type(reducer).__name__} needs features that differ, and all rows have the same: PCA instead."
        assert constant.notes == (said,)
    repeated = np.repeat(np.eye(4), 20, axis=0)
    some_zero = blobs(60)[0] * (np.arange(60) % 3 > 0)[:, None]
    opposite = np.tile([[1.0], [-1.0]], (6, 1))
    for features in (repeated, some_zero, opposite, blobs(60)[0] * np.float32(1e30), np.eye(30, dtype=np.float16)):
        assert np.isfinite(placed(reducer, features).positions).all()


def test_what_cannot_be_reduced_is_refused_in_a_sentence() -> None:
    features, _ = blobs(20)
    features[3, 2] = np.inf
    for given, said in (
        (features, "features must be finite"),
        (features[:, 0], r"features must be numbers \[20, d\], got float32 \[20\]"),
        (np.zeros((20, 0)), "nothing to reduce"),
        (np.array([["a"]] * 20), "features must be numbers"),
    ):
        with pytest.raises(ValueError, match=said):
            reduce(UMAP(), given, ids_of(20))
    for reducer, given, said in (
        (UMAP, {"dims": 4}, "dims must be 2 or 3, got 4"),
        (UMAP, {"n_neighbors": 1}, "n_neighbors must be at least 2"),
        (UMAP, {"min_dist": -1}, "min_dist"),
        (UMAP, {"metric": "jaccard"}, "metric must be 'cosine' or 'euclidean', got 'jaccard'"),
        (TSNE, {"perplexity": 0.5}, "perplexity"),
        (PCA, {"seed": -1}, "seed"),
        (PCA, {"max_fit": 5}, "max_fit"),
    ):
        with pytest.raises(ValueError, match=said):
            reducer(**given)


def test_without_umap_learn_pca_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "umap" else real(name, *rest))
    features, _ = blobs(30)
    found = placed(UMAP(), features)
    assert found.notes == ('UMAP needs umap-learn (pip install "tb-explain[train]"): PCA instead.',)
    assert (found.positions == placed(PCA(), features).positions).all()


@pytest.mark.parametrize("reducer", [UMAP(max_fit=400), TSNE(max_fit=400), PCA(max_fit=400)], ids=repr)
def test_rows_of_a_large_set_are_placed_among_those_it_is_fitted_to(reducer: Reducer) -> None:
    features, labels = blobs(1200)
    found = placed(reducer, features, labels)
    assert found.fitted == 400
    assert found.notes == ("Fitted to 400 of 1200 rows; the others are placed among them.",)
    near = NearestNeighbors(n_neighbors=10).fit(found.positions).kneighbors(return_distance=False)
    assert (labels[near] == labels[:, None]).mean() > (0.7 if isinstance(reducer, PCA) else 0.98)
    exact = NearestNeighbors(n_neighbors=10, metric="cosine").fit(features).kneighbors(return_distance=False)
    assert (found.neighbours == exact).mean() > 0.999, "neighbours are those among all rows"
    if not isinstance(reducer, PCA):
        assert 0 < found.measures["landmark_error"] < 0.3, found.measures


def test_landmarks_are_of_all_classes_and_stay() -> None:
    labels = np.repeat([0, 1, 2], [9000, 960, 40])
    chosen = landmarks.choose(10_000, 1000, labels, None, seed=0)
    assert len(chosen) == 1000 and (np.diff(chosen) > 0).all()
    counts = np.bincount(labels[chosen])
    assert counts[2] >= 15 and abs(counts[0] - 885) < 20, counts
    again = landmarks.choose(10_000, 1000, labels, None, seed=0)
    assert (again == chosen).all()
    before = np.zeros(10_000, bool)
    before[5000:5700] = True
    kept = landmarks.choose(10_000, 1000, labels, before, seed=3)
    assert len(kept) == 1000 and np.isin(np.arange(5000, 5700), kept).all()
    assert len(landmarks.choose(10_000, 1000, np.arange(10_000), None, 0)) == 1000
    assert (landmarks.choose(50, 100, None, None, 0) == np.arange(50)).all()


def test_the_landmark_error_is_how_far_they_land_from_where_they_were() -> None:
    positions = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    near = Neighbours(*reversed(NearestNeighbors(n_neighbors=5).fit(positions).kneighbors()))
    offset = np.array([3, 4], np.float32)
    shifted = landmarks.error(near, positions, lambda some: positions_of(some, near, positions) + offset, seed=0)
    assert shifted == pytest.approx(5 / np.sqrt(positions.var(axis=0).mean()), rel=1e-5)
    assert landmarks.error(near, positions, lambda some: positions_of(some, near, positions), seed=0) == 0


def positions_of(some: Neighbours, near: Neighbours, positions: Values) -> Values:
    """Of the rows whose neighbours these are."""
    rows = {tuple(neighbours): row for row, neighbours in enumerate(near.indices.tolist())}
    return positions[[rows[tuple(neighbours)] for neighbours in some.indices.tolist()]]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_neighbours_are_those_of_scikit_learn_however_the_matrix_is_cut(
    metric: neighbours.Metric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_BLOCK", 70)
    monkeypatch.setattr(neighbours, "_WIDE", 90)
    features, _ = blobs(500)
    z = prepared(features, metric)
    found = nearest(z, 12, metric)
    distances, indices = NearestNeighbors(n_neighbors=12, metric=metric).fit(features).kneighbors()
    assert (found.indices == indices).mean() > 0.999
    np.testing.assert_allclose(found.distances, distances, atol=1e-4)
    among = np.arange(3, 500, 4)
    some = nearest(z, 12, metric, among)
    distances, indices = NearestNeighbors(n_neighbors=13, metric=metric).fit(features[among]).kneighbors(features)
    other = np.flatnonzero(~np.isin(np.arange(500), among))
    assert (some.indices[other] == among[indices[other, :12]]).mean() > 0.999
    assert (some.indices[among] == among[indices[among, 1:]]).mean() > 0.999
    assert not (some.indices == np.arange(500)[:, None]).any()


def test_neighbours_of_very_many_rows_are_looked_for_among_some_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = blobs(800)
    monkeypatch.setattr(reduction, "_ALL_PAIRS", 500)
    monkeypatch.setattr(reduction, "_AMONG", 300)
    some = placed(PCA(), features, labels)
    assert some.notes == ("Nearest neighbours are looked for among 300 of the rows only.",)
    assert len(np.unique(some.neighbours)) <= 300 and (labels[some.neighbours] == labels[:, None]).mean() > 0.95
    monkeypatch.setattr(reduction, "_LISTED", 700)
    none = placed(PCA(), features, labels)
    assert none.neighbours.shape == (800, 0) and "are left out" in none.notes[0]


def test_memory_grows_with_the_rows_not_with_their_pairs() -> None:
    features, _ = blobs(20_000, d=8)
    tracemalloc.start()
    try:
        placed(PCA(), features)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 250 << 20, f"{peak >> 20} MB; all pairs would take {20_000**2 * 4 >> 20}"
