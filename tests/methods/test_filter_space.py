"""Clusters in filter space against scikit-learn: centroids, statistics, evidence, the choice of k; and the sample they are fitted to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.naive_bayes import CategoricalNB

from tb_explain.methods.features import Reservoir
from tb_explain.methods.filter_space import FilterSpace, place_of, places_in
from tb_explain.methods.k_means import CANDIDATES, cluster
from tb_explain.methods.tally import Tally


def blobs(m: int, k: int, channels: int = 5, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (
        random.normal(size=(k, channels))[random.integers(k, size=m)] * 4 + random.normal(size=(m, channels))
    ).astype(np.float32)


@pytest.mark.parametrize(("m", "peer"), [(3000, KMeans), (12_000, MiniBatchKMeans)])
def test_centroids_are_those_of_scikit_learn(m: int, peer: type) -> None:
    sample = blobs(m, 6)
    more = {"n_init": 3} if peer is KMeans else {"n_init": 1, "batch_size": 2048}
    theirs = peer(6, random_state=3, **more).fit(sample)
    ours, _ = cluster(sample, 6, 3)
    np.testing.assert_array_equal(ours, theirs.cluster_centers_)
    space = FilterSpace(torch.from_numpy(ours), torch.zeros(1, 6, 2), (1,))
    features = torch.from_numpy(sample[:600]).reshape(10, 6, 10, 5).movedim(-1, 1)
    assigned, distances = space.assign(features)
    np.testing.assert_array_equal(assigned.flatten(), theirs.predict(sample[:600]))
    np.testing.assert_allclose(distances.flatten(), theirs.transform(sample[:600]).min(1), atol=1e-4)


def test_k_means_goes_on_from_where_it_was() -> None:
    sample = blobs(500, 4)
    start = torch.from_numpy(sample[[3, 1, 4, 15]])
    ours, _ = cluster(sample, 4, 0, start)
    theirs = KMeans(4, init=start.numpy(), n_init=1, random_state=0).fit(sample).cluster_centers_
    np.testing.assert_array_equal(ours, theirs)
    of_other_channels, _ = cluster(sample, 4, 0, start[:, :2])
    assert of_other_channels.shape == (4, 5), "centroids of another space are no start"


def test_the_choice_of_k_rests_on_scikit_learns_silhouette() -> None:
    sample = np.concatenate([np.random.default_rng(i).normal(i * 20, 1, (100, 3)) for i in range(6)]).astype(np.float32)
    centroids, study = cluster(sample, "auto", 0)
    assert len(centroids) == 6
    assert [k for k, _ in study] == list(CANDIDATES)
    for k, value in study[:4]:
        labels = KMeans(k, n_init=3, random_state=0).fit_predict(sample)
        assert value == pytest.approx(metrics.silhouette_score(sample, labels), abs=1e-6)


def test_there_are_no_more_clusters_than_distinct_vectors() -> None:
    assert cluster(np.ones((50, 4), np.float32), 8, 0)[0].tolist() == [[1, 1, 1, 1]]
    assert len(cluster(np.eye(3, dtype=np.float32).repeat(9, 0), 8, 0)[0]) == 3
    assert cluster(np.ones((50, 4), np.float32), "auto", 0)[1] == ()
    with pytest.raises(ValueError, match="no finite vector"):
        cluster(np.empty((0, 0), np.float32), 8, 0)


def tallied(assigned: np.ndarray, classes: np.ndarray, k: int, number: int) -> FilterSpace:
    """The space of k one-hot centroids, after positions [n, h, w] of these clusters went by, of images of these classes."""
    tally = Tally.of(torch.eye(k), number, assigned.shape[1:], 0, None)
    features = torch.nn.functional.one_hot(torch.from_numpy(assigned), k).movedim(-1, 1).float()
    tally.add(features, torch.from_numpy(classes), torch.zeros(len(assigned), 1, 8, 8), [0] * len(assigned), 0)
    return tally.result(())


def test_statistics_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    classes = random.integers(4, size=60)
    assigned = (classes[:, None, None] + random.integers(3, size=(60, 3, 2))) % 5
    space = tallied(assigned, classes, 5, 4)
    clusters, of_class = assigned.ravel(), classes.repeat(6)
    contingency = metrics.cluster.contingency_matrix(clusters, of_class)
    np.testing.assert_array_equal(space.histogram, contingency)
    np.testing.assert_allclose(space.shares, contingency.sum(1) / contingency.sum())
    assert space.purity == pytest.approx(contingency.max(1).sum() / contingency.sum())
    assert space.association == pytest.approx(metrics.homogeneity_score(of_class, clusters))
    mutual = metrics.mutual_info_score(clusters, of_class) / np.log(2)
    whole = float(-(np.bincount(of_class) / 360 * np.log2(np.bincount(of_class) / 360)).sum())
    assert space.entropy == pytest.approx(whole - mutual)
    for j in range(5):
        p = contingency[j] / contingency[j].sum()
        assert float(space.entropies[j]) == pytest.approx(-(p[p > 0] * np.log2(p[p > 0])).sum())
        assert float(space.purities[j]) == pytest.approx(p.max())


def test_evidence_is_that_of_a_naive_bayes_classifier() -> None:
    random = np.random.default_rng(1)
    classes = random.integers(3, size=80)
    assigned = (classes[:, None, None] * np.arange(6).reshape(2, 3) + random.integers(3, size=(80, 2, 3))) % 4
    space = tallied(assigned, classes, 4, 3)
    assert space.places == (2, 3)
    theirs = CategoricalNB(alpha=0.5, fit_prior=False, min_categories=4).fit(assigned.reshape(80, 6), classes)
    evidence, support = space.evidence(torch.from_numpy(assigned[:20]), torch.from_numpy(classes[:20]))
    np.testing.assert_allclose(
        evidence, theirs.predict_joint_log_proba(assigned[:20].reshape(20, 6)) + np.log(3), atol=1e-4
    )
    said = np.stack([theirs.feature_log_prob_[u][:, assigned.reshape(80, 6)[:20, u]] for u in range(6)])  # [P, K, n]
    said -= np.log(np.exp(said).sum(1, keepdims=True))
    expected = said[:, classes[:20], np.arange(20)].T
    np.testing.assert_allclose(support.flatten(1), expected, atol=1e-5)


def test_strangeness_of_the_usual_images_is_as_if_they_had_not_been_counted() -> None:
    random = np.random.default_rng(2)
    classes = random.integers(3, size=12)
    assigned = (classes[:, None, None] + random.integers(2, size=(12, 2, 3))) % 4
    space = tallied(assigned, classes, 4, 3)
    expected = []
    for i in range(12):
        others = [j for j in range(12) if j != i]
        joint = []
        for c in range(3):
            # Only the counts of an image's own class change when it is left out.
            rows = [j for j in (others if c == classes[i] else range(12)) if classes[j] == c]
            seen = (assigned[rows].reshape(len(rows), 6) == assigned[i].ravel()).sum(0)
            joint.append(np.log((seen + 0.5) / (len(rows) + 2)).sum())
        expected.append(-max(joint))
    assert space.usual is not None
    np.testing.assert_allclose(space.usual[1], sorted(expected), atol=1e-5)
    assert not space.usual[0].any(), "the vectors are the centroids themselves"


def test_novelty_is_the_rank_among_usual_images() -> None:
    usual = torch.stack([torch.arange(9.0) ** 2, torch.arange(9.0)]).double()
    space = FilterSpace(torch.eye(2), torch.zeros(1, 2, 2), (1,), usual=usual)
    distances = torch.tensor([[3.5, 3.5], [0.0, 0.0], [99.0, 99.0]])
    likelihood = torch.tensor([[-50.0, -1.5], [-0.5, -9.0], [0.0, -9.0]])
    found = space.novelty(distances, likelihood)  # 5, 9, 0 are as far; 7, 8, 9 as unlikely
    assert found.tolist() == pytest.approx([1.0, 1.0, 0.2])
    one = space.novelty(distances[:, :1], likelihood)
    assert one.tolist() == pytest.approx([0.6, 1.0, 0.1]), "one position: by its distance alone"
    assert space.__class__(torch.eye(2), torch.zeros(1, 2, 2), (1,)).novelty(distances, likelihood).isnan().all()


def test_one_class_alone_is_associated_with_nothing() -> None:
    space = tallied(np.array([[[0, 1]], [[1, 1]]]), np.array([0, 0]), 2, 1)
    assert (space.purity, space.entropy, space.association) == (1, 0, 0)


@pytest.mark.parametrize(
    ("shape", "k", "classes", "places"),
    [((8, 8), 60, 10, (8, 8)), ((8, 8, 8), 60, 6, (8, 8, 8)), ((56, 56), 60, 1000, (8, 8)), ((1, 1), 9, 9, (1, 1))],
)
def test_places_stay_few(shape: tuple[int, ...], k: int, classes: int, places: tuple[int, ...]) -> None:
    found = places_in(shape, k, classes)
    assert found == places
    index = place_of(shape, found)
    assert index.shape == (np.prod(shape),)
    assert set(index.tolist()) == set(range(int(np.prod(found))))


def test_places_are_cells_of_a_grid() -> None:
    assert place_of((4, 6), (2, 3)).reshape(4, 6).tolist() == [
        [0, 0, 1, 1, 2, 2],
        [0, 0, 1, 1, 2, 2],
        [3, 3, 4, 4, 5, 5],
        [3, 3, 4, 4, 5, 5],
    ]


@given(
    counts=st.lists(st.integers(0, 60), min_size=1, max_size=6),
    capacity=st.integers(6, 80),
    chunk=st.integers(1, 40),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_the_sample_is_a_fair_share_of_each_class(counts: list[int], capacity: int, chunk: int, seed: int) -> None:
    classes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    values = torch.arange(len(classes)).float()[:, None]
    reservoir = Reservoir(capacity, seed)
    for start in range(0, len(classes), chunk):
        reservoir.add(values[start : start + chunk, None], torch.from_numpy(classes[start : start + chunk]))
    kept = reservoir.sample().astype(int).ravel()
    # By hand: each class's vectors by their random numbers, as many as leave room for all.
    drawn = np.random.default_rng(seed).random(len(classes))
    room = max(r for r in range(1, 61) if r == 1 or sum(min(r, n) for n in counts) <= capacity)
    expected = [
        i for c in range(len(counts)) for i in sorted(np.flatnonzero(classes == c), key=lambda i: drawn[i])[:room]
    ]
    assert sorted(kept) == sorted(expected)


def test_vectors_that_are_not_finite_are_left_out() -> None:
    values = torch.arange(400.0).reshape(200, 2)
    values[::3, 1], values[5, 0] = torch.nan, torch.inf
    kept = torch.from_numpy(np.delete(values.numpy(), [5, *range(0, 200, 3)], 0))
    reservoirs = Reservoir(1000, 0), Reservoir(20, 0)
    for start in range(0, 200, 50):  # also when not all stay
        for reservoir in reservoirs:
            reservoir.add(values[start : start + 50, None], torch.zeros(50, dtype=torch.long))
    whole, some = (reservoir.sample() for reservoir in reservoirs)
    drawn = np.delete(np.random.default_rng(0).random(200), [5, *range(0, 200, 3)])
    np.testing.assert_array_equal(whole, kept[drawn.argsort()])
    np.testing.assert_array_equal(some, kept[drawn.argsort()[:20]])


def test_of_more_classes_than_there_is_room_for_one_each_stays() -> None:
    reservoir = Reservoir(4, 0)
    for _ in range(3):
        reservoir.add(torch.arange(20.0)[:, None, None], torch.arange(20))
    assert sorted(reservoir.sample().ravel()) == list(range(20))


def test_what_was_added_may_be_changed() -> None:
    values = torch.zeros(10, 3)
    reservoir = Reservoir(100, 0)
    reservoir.add(values[:, None], torch.zeros(10, dtype=torch.long))
    values += 1
    assert not reservoir.sample().any()


def test_a_reservoir_holds_no_more_than_it_may() -> None:
    reservoir = Reservoir(1000, 0)
    for _ in range(50):
        reservoir.add(torch.rand(2000, 1, 4), torch.randint(0, 10, (2000,)))
        assert len(reservoir._vectors) == 1251
    sample = reservoir.sample()
    assert sample.shape == (1000, 4)
    assert abs(sample.mean() - 0.5) < 0.05
