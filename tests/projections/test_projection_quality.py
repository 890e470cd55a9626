"""How far a projection can be trusted is measured as scikit-learn measures it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import manifold
from sklearn.neighbors import NearestNeighbors

from tb_explain.projections import quality
from tb_explain.projections.quality import displacement, knn_purity, knn_purity_of_positions, trustworthiness


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_trustworthiness_is_that_of_scikit_learn(metric: str) -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(300, 9))
    positions = (features[:, :2] + 0.3 * random.normal(size=(300, 2))).astype(np.float32)
    expected = manifold.trustworthiness(features, positions, n_neighbors=10, metric=metric)
    found = trustworthiness(features.astype(np.float32), positions, metric)  # type: ignore[arg-type]
    assert found == pytest.approx(expected, abs=1e-5)
    assert 0.5 < found < 0.95


def test_trustworthiness_of_many_rows_is_that_of_a_sample_always_the_same() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(3000, 3)).astype(np.float32)
    positions = features[:, :2].copy()
    found = trustworthiness(features, positions, "euclidean")
    assert found == trustworthiness(features, positions, "euclidean")
    assert found == pytest.approx(manifold.trustworthiness(features, positions, n_neighbors=10), abs=0.03)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 20, 21])
def test_trustworthiness_of_few_rows(n: int) -> None:
    features = np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)
    found = trustworthiness(features, features, "euclidean")
    assert math.isnan(found) if n < 3 else found == 1


def test_purity_counts_known_neighbours_among_the_first_ten() -> None:
    labels = np.array([0, 0, 1, -1, 1])
    neighbours = np.array([[1, 2, 3], [0, 2, 4], [3, 3, 3], [0, 1, 2], [2, 3, 0]])
    np.testing.assert_allclose(knn_purity(labels, neighbours), [0.5, 1 / 3, np.nan, np.nan, 0.5])
    assert np.isnan(knn_purity(labels, np.zeros((5, 0), np.int64))).all()
    far = np.array([[1] * 10 + [2] * 5] * 3)
    assert knn_purity(np.array([0, 0, 1]), far).tolist() == [1, 1, 0]


def test_purity_in_positions_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 500)
    positions = (random.normal(size=(500, 3)) + labels[:, None]).astype(np.float32)
    near = NearestNeighbors(n_neighbors=10).fit(positions).kneighbors(return_distance=False)
    expected = (labels[near] == labels[:, None]).mean()
    assert knn_purity_of_positions(labels, positions) == pytest.approx(expected, abs=1e-6)


def test_purity_in_positions_of_many_rows_looks_at_some_among_all() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 20_000)
    positions = (random.normal(size=(20_000, 2)) + labels[:, None]).astype(np.float32)
    near = NearestNeighbors(n_neighbors=10).fit(positions).kneighbors(return_distance=False)
    assert knn_purity_of_positions(labels, positions) == pytest.approx(
        (labels[near] == labels[:, None]).mean(), abs=0.01
    )


def test_purity_where_all_rows_are_in_one_place() -> None:
    """A row is never its own neighbour, also where it is not the nearest to its place."""
    assert knn_purity_of_positions(np.arange(50), np.zeros((50, 2), np.float32)) == 0
    assert knn_purity_of_positions(np.zeros(50, np.int64), np.zeros((50, 2), np.float32)) == 1
    assert knn_purity_of_positions(np.array([0, 0]), np.zeros((2, 2), np.float32)) == 1
    assert math.isnan(knn_purity_of_positions(np.array([0]), np.zeros((1, 2), np.float32)))
    assert math.isnan(knn_purity_of_positions(np.zeros(0, np.int64), np.zeros((0, 2), np.float32)))
    assert math.isnan(knn_purity_of_positions(np.full(3, -1), np.zeros((3, 2), np.float32)))


def test_displacement_is_over_the_spread_of_the_rows_in_both_steps() -> None:
    random = np.random.default_rng(0)
    ids = np.arange(1, 1001).astype(np.uint64)
    positions = random.normal(size=(1000, 2)).astype(np.float32) * [3, 1]
    moved = positions + np.array([0.3, 0.4])
    expected = 0.5 / math.sqrt((positions[:, 0].var() + positions[:, 1].var()) / 2)
    assert displacement((ids, positions), (ids, moved)) == pytest.approx(expected, rel=1e-5)
    shuffled = random.permutation(1000)
    assert displacement((ids, positions), (ids[shuffled], moved[shuffled])) == pytest.approx(expected, rel=1e-5)
    more = np.concatenate([moved, [[1e6, 1e6]]])
    assert displacement((ids, positions), (np.append(ids, np.uint64(5000)), more)) == pytest.approx(expected, rel=1e-5)
    assert displacement((ids, 100 * positions), (ids, 100 * moved)) == pytest.approx(expected, rel=1e-5), "no unit"


def test_displacement_of_what_cannot_be_compared_is_not_known() -> None:
    ids, positions = np.array([1, 2], np.uint64), np.zeros((2, 2), np.float32)
    assert math.isnan(displacement((ids, positions), (ids + np.uint64(2), positions)))
    assert math.isnan(displacement((ids, positions), (ids, np.zeros((2, 3), np.float32))))
    assert math.isnan(displacement((ids, positions), (ids, positions + 1)))
    assert displacement((ids, positions), (ids, positions)) == 0
    assert quality.K == 10
