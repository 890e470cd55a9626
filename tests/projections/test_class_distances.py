"""Distances of classes are those of scikit-learn, and hold for one class, for a thousand, and for rows that say nothing."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import confusion_matrix, silhouette_samples
from sklearn.metrics.pairwise import cosine_distances
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from tb_explain.projections import class_distances as module
from tb_explain.projections.class_distances import ClassDistances, class_distances

Values = NDArray[np.float64]


def blobs(n: int, k: int, d: int = 12, seed: int = 0, spread: float = 0.35) -> tuple[Values, NDArray[np.int64]]:
    """Rows of k classes around random centres, in no order; all classes occur if n allows it."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(n) % k)
    return random.normal(size=(k, d))[labels] + spread * random.normal(size=(n, d)), labels


def neighbours_of(features: Values, k: int = 10) -> NDArray[np.int64]:
    found = NearestNeighbors(n_neighbors=min(k, len(features) - 1), metric="cosine").fit(features)
    return found.kneighbors(return_distance=False)


@pytest.fixture(scope="module")
def data() -> tuple[Values, NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Features, labels 3, 5, 7, ... with gaps, some of them unknown, predictions of which some are wrong or unknown, neighbours."""
    random = np.random.default_rng(1)
    features, labels = blobs(600, 7, spread=0.9)
    labels = 2 * labels + 3
    predicted = np.where(random.random(600) < 0.3, random.integers(0, 20, 600), labels)
    labels[random.random(600) < 0.1] = -1
    predicted[random.random(600) < 0.1] = -1
    return features, labels, predicted, neighbours_of(features, 15)


@pytest.fixture(scope="module")
def found(data: tuple[Values, ...]) -> ClassDistances:
    return class_distances(data[0].astype(np.float32), *data[1:])


def test_silhouettes_are_those_of_scikit_learn(data: tuple[Values, ...], found: ClassDistances) -> None:
    features, labels, *_ = data
    known = labels >= 0
    expected = silhouette_samples(features[known], labels[known], metric="cosine")
    np.testing.assert_allclose(found.row_silhouettes[known], expected, atol=1e-5)
    assert np.isnan(found.row_silhouettes[~known]).all()
    assert found.silhouette == pytest.approx(expected.mean(), abs=1e-5)
    by_class = [expected[labels[known] == c].mean() for c in found.classes]
    np.testing.assert_allclose(found.silhouettes, by_class, atol=1e-5)


def test_centroids_are_as_far_apart_as_scikit_learn_says(data: tuple[Values, ...], found: ClassDistances) -> None:
    features, labels, *_ = data
    assert found.classes.tolist() == [3, 5, 7, 9, 11, 13, 15]
    assert found.counts.tolist() == [(labels == c).sum() for c in found.classes]
    z = normalize(features)
    centroids = [z[labels == c].mean(axis=0) for c in found.classes]
    np.testing.assert_allclose(found.distances, cosine_distances(centroids), atol=1e-5)
    spreads = [
        cosine_distances(z[labels == c], [centre]).mean() for c, centre in zip(found.classes, centroids, strict=True)
    ]
    np.testing.assert_allclose(found.spreads, spreads, atol=1e-5)
    np.testing.assert_allclose(found.separability, found.distances / np.add.outer(spreads, spreads), atol=1e-5)


def test_neighbourhoods_are_counted_one_by_one(data: tuple[Values, ...], found: ClassDistances) -> None:
    _, labels, _, neighbours = data
    assert found.neighbours is not None
    purity = np.full(len(labels), np.nan)
    shares: dict[int, list[int]] = {c: [] for c in found.classes.tolist()}
    for row, label in enumerate(labels.tolist()):
        near = [one for one in labels[neighbours[row, :10]].tolist() if one >= 0]
        if label >= 0:
            purity[row] = near.count(label) / len(near)
            shares[label] += near
    np.testing.assert_allclose(found.row_purities, purity, atol=1e-6)
    np.testing.assert_allclose(found.purities, [np.mean(purity[labels == c]) for c in found.classes], atol=1e-6)
    expected = [[near.count(other) / len(near) for other in shares] for near in shares.values()]
    np.testing.assert_allclose(found.neighbours, expected, atol=1e-6)
    assert found.knn_purity == pytest.approx(np.nanmean(purity))


def test_confusions_are_those_of_scikit_learn(data: tuple[Values, ...], found: ClassDistances) -> None:
    _, labels, predicted, _ = data
    assert found.confusions is not None
    known = (labels >= 0) & np.isin(predicted, found.classes)
    np.testing.assert_array_equal(
        found.confusions, confusion_matrix(labels[known], predicted[known], labels=found.classes)
    )
    first, second = np.triu_indices(7, 1)
    confused = (found.confusions + found.confusions.T)[first, second]
    expected = spearmanr(-found.distances[first, second], confused).statistic
    assert found.agreement == pytest.approx(expected, abs=1e-9)


def test_pairs_are_ranked_by_confusions_and_say_what_the_matrices_say(found: ClassDistances) -> None:
    assert found.confusions is not None and found.neighbours is not None
    assert len(found.pairs) == 21
    counts = [pair.confusions for pair in found.pairs]
    assert counts == sorted(counts, reverse=True)
    place = {c: i for i, c in enumerate(found.classes.tolist())}
    for pair in found.pairs:
        a, b = place[pair.first], place[pair.second]
        assert a < b
        assert pair.confusions == found.confusions[a, b] + found.confusions[b, a]
        assert pair.distance == found.distances[a, b]
        assert pair.separability == found.separability[a, b]
        assert pair.neighbours == pytest.approx((found.neighbours[a, b] + found.neighbours[b, a]) / 2)


def test_rows_between_two_classes_are_those_nearest_to_both(data: tuple[Values, ...], found: ClassDistances) -> None:
    features, labels, *_ = data
    z = normalize(features)
    for pair in found.pairs[:5]:
        centres = [z[labels == c].mean(axis=0) for c in (pair.first, pair.second)]
        rows = np.flatnonzero((labels == pair.first) | (labels == pair.second))
        farther = cosine_distances(z[rows], centres).max(axis=1)
        assert list(pair.rows) == rows[np.argsort(farther)][: module.BETWEEN].tolist()


def test_without_predictions_pairs_are_ranked_by_neighbourhoods_then_by_separability(
    data: tuple[Values, ...],
) -> None:
    features, labels, _, neighbours = data
    found = class_distances(features, labels, None, neighbours)
    assert found.confusions is None and np.isnan(found.agreement)
    shares = [pair.neighbours for pair in found.pairs]
    assert shares == sorted(shares, reverse=True)
    assert all(pair.confusions == 0 for pair in found.pairs)
    nothing = class_distances(features, labels)
    assert nothing.neighbours is None and np.isnan(nothing.purities).all() and np.isnan(nothing.knn_purity)
    ratios = [pair.separability for pair in nothing.pairs]
    assert ratios == sorted(ratios)
    assert all(np.isnan(pair.neighbours) for pair in nothing.pairs)


def test_blocks_do_not_change_what_is_found(
    data: tuple[Values, ...], found: ClassDistances, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK", 12 * 7)
    again = class_distances(*data)
    np.testing.assert_allclose(again.row_silhouettes, found.row_silhouettes, atol=1e-6)
    np.testing.assert_allclose(again.distances, found.distances, atol=1e-6)
    assert [pair.rows for pair in again.pairs] == [pair.rows for pair in found.pairs]


def test_one_class_has_no_silhouette_and_no_pairs() -> None:
    features, _ = blobs(30, 3)
    found = class_distances(features, np.full(30, 4), np.full(30, 4), neighbours_of(features))
    assert found.classes.tolist() == [4]
    assert (found.distances.tolist(), found.pairs) == ([[0.0]], ())
    assert np.isnan(found.silhouettes).all() and np.isnan(found.silhouette) and np.isnan(found.agreement)
    assert found.knn_purity == 1
    assert found.confusions is not None and found.confusions.tolist() == [[30]]


def test_classes_of_fewer_than_three_rows_are_left_out_of_silhouettes() -> None:
    features, labels = blobs(60, 4)
    labels[:2], labels[2], labels[3:6] = 8, 9, 7
    found = class_distances(features, labels, None, neighbours_of(features))
    large = labels < 8
    expected = silhouette_samples(features[large], labels[large], metric="cosine")
    np.testing.assert_allclose(found.row_silhouettes[large], expected, atol=1e-5)
    assert np.isnan(found.row_silhouettes[~large]).all()
    assert np.isnan(found.silhouettes).tolist() == [False] * 5 + [True] * 2
    assert np.isfinite(found.distances).all() and found.counts.tolist()[-3:] == [3, 2, 1]
    assert found.purities[-1] == 0, "its neighbours are of other classes"


def test_rows_that_say_nothing_have_the_silhouettes_of_scikit_learn() -> None:
    """Duplicates, zeros, constant features: no NaN, and no number that rounding made up."""
    labels = np.arange(12) % 2
    constant = class_distances(np.full((12, 5), 0.3, np.float32), labels)
    assert constant.row_silhouettes.tolist() == [0] * 12
    assert constant.distances.tolist() == [[0, 0], [0, 0]] and constant.spreads.tolist() == [0, 0]
    zeros = class_distances(np.zeros((12, 5), np.float32), labels)
    assert zeros.row_silhouettes.tolist() == [0] * 12
    assert zeros.distances.tolist() == [[0, 1], [1, 0]], "what has no direction is at distance 1 from all"
    features, _ = blobs(6, 2)
    doubled, twice = np.concatenate([features, features, np.zeros((2, 12))]), np.arange(14) % 2
    found = class_distances(doubled, twice, None, neighbours_of(doubled))
    np.testing.assert_allclose(found.row_silhouettes, silhouette_samples(doubled, twice, metric="cosine"), atol=1e-5)
    # Each class the same row many times: as far apart as can be, and no row away from its centroid.
    same = class_distances(np.eye(2)[labels], labels)
    assert same.row_silhouettes.tolist() == [1] * 12 and same.spreads.tolist() == [0, 0]


def test_features_that_hardly_differ_are_told_apart() -> None:
    """An untrained network's: nearly parallel, so that distances are small."""
    features, labels = blobs(80, 3)
    features = 1 + 1e-4 * features
    found = class_distances(features, labels)
    assert found.distances.max() < 1e-7
    np.testing.assert_allclose(found.row_silhouettes, silhouette_samples(features, labels, metric="cosine"), atol=1e-4)


def test_three_rows() -> None:
    found = class_distances(np.eye(3), np.array([0, 0, 1]), np.array([0, 1, 1]), neighbours_of(np.eye(3)))
    assert np.isnan(found.row_silhouettes).all()
    assert found.pairs[0].confusions == 1 and sorted(found.pairs[0].rows) == [0, 1, 2]


@pytest.mark.parametrize("labels", [np.full(5, -1), np.arange(module.MAX_CLASSES + 1)], ids=["none", "too many"])
def test_no_class_and_too_many_are_refused_in_a_sentence(labels: NDArray[np.int64]) -> None:
    with pytest.raises(ValueError, match=r"between 1 to 2000 classes, the rows have \d+"):
        class_distances(np.ones((len(labels), 2)), labels)


def test_rows_of_a_large_class_are_not_all_held_at_once() -> None:
    features = np.random.default_rng(0).random((200_000, 64)).astype(np.float16)
    labels = np.repeat([0, 1], 100_000)
    tracemalloc.start()
    class_distances(features, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 130e6, f"{peak / 1e6:.0f} MB; a class in double precision has {100_000 * 64 * 8 / 1e6:.0f} MB"


def test_a_thousand_classes_of_many_rows_fit_into_bounded_memory() -> None:
    features, labels = blobs(20_000, 1000, d=64, spread=0.2)
    features = features.astype(np.float32)
    random = np.random.default_rng(0)
    predicted = np.where(random.random(20_000) < 0.1, (labels + 1) % 1000, labels)
    neighbours = random.integers(0, 20_000, (20_000, 10))
    tracemalloc.start()
    found = class_distances(features, labels, predicted, neighbours)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 250e6, f"{peak / 1e6:.0f} MB; all distances would be {20_000**2 * 4 / 1e6:.0f} MB"
    assert found.distances.shape == (1000, 1000) and len(found.pairs) == module.MAX_PAIRS
    some = random.choice(20_000, 100, replace=False)
    z = normalize(features.astype(np.float64))
    by_class = np.stack([1 - z[some] @ z[labels == c].mean(axis=0) for c in range(1000)], 1)
    own = by_class[np.arange(100), labels[some]] * 20 / 19
    by_class[np.arange(100), labels[some]] = np.inf
    other = by_class.min(axis=1)
    np.testing.assert_allclose(found.row_silhouettes[some], (other - own) / np.maximum(own, other), atol=1e-5)
