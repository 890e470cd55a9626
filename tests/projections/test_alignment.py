"""From step to step rows keep their places unless their features moved, whether steps come one by one or are known as a whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tb_explain.projections import PCA, TSNE, UMAP, align
from tb_explain.projections.alignment import Layout, Start, begun, start, turned
from tb_explain.projections.neighbours import Neighbours
from tb_explain.projections.quality import displacement, trustworthiness
from tb_explain.projections.reducers import Reducer
from tb_explain.projections.reduction import reduce

Values = NDArray[np.float32]
N, K = 240, 4


def ids_of(n: int) -> NDArray[np.uint64]:
    return np.arange(1, n + 1, dtype=np.uint64)


@pytest.fixture(scope="module")
def features() -> Values:
    """Of K classes, rows in turn."""
    random = np.random.default_rng(0)
    return (3 * random.normal(size=(K, 12))[np.arange(N) % K] + random.normal(size=(N, 12))).astype(np.float32)


def moved(features: Values, seed: int = 1) -> Values:
    """A little, each row."""
    random = np.random.default_rng(seed)
    return features + 0.1 * random.normal(size=features.shape).astype(np.float32)


def spread(positions: Values) -> float:
    return float(np.sqrt(positions.var(axis=0).mean()))


def centres(positions: Values) -> Values:
    return np.stack([positions[np.arange(len(positions)) % K == k].mean(axis=0) for k in range(K)])


@pytest.fixture(scope="module")
def first(features: Values) -> Layout:
    return reduce(UMAP(), features, ids_of(N))[1]


@pytest.mark.parametrize("reducer", [UMAP(), UMAP(dims=3), TSNE(), PCA()], ids=repr)
def test_rows_whose_features_hardly_move_keep_their_places(features: Values, reducer: Reducer) -> None:
    _, before = reduce(reducer, features, ids_of(N))
    placed, after = reduce(reducer, moved(features), ids_of(N), before=before)
    fresh, other = reduce(reducer, moved(features), ids_of(N))
    by, of_other = (displacement((before.ids, before.positions), (one.ids, one.positions)) for one in (after, other))
    assert by < max(0.25, of_other / 5), f"{by:.3f}; fitted afresh {of_other:.3f}"
    kept, of_fresh = (trustworthiness(moved(features), one.positions) for one in (placed, fresh))
    assert kept > of_fresh - 0.02
    again, _ = reduce(reducer, moved(features), ids_of(N), before=before)
    assert (again.positions == placed.positions).all(), "a step is reproducible, given the one before"


def test_rows_whose_features_move_go_where_they_belong(features: Values, first: Layout) -> None:
    changed = moved(features)
    converts = np.arange(0, 40, K)  # of class 0
    changed[converts] = moved(features)[converts + 1]
    placed, _ = reduce(UMAP(), changed, ids_of(N), before=first)
    others = np.setdiff1d(np.arange(N), converts)
    stayed = np.linalg.norm(placed.positions - first.positions, axis=1)[others].mean() / spread(first.positions)
    assert stayed < 0.25, stayed
    distances = np.linalg.norm(placed.positions[converts, None] - centres(first.positions), axis=2)
    assert (distances.argmin(axis=1) == 1).mean() >= 0.8, distances.round(1)


def test_rows_are_known_by_their_ids(features: Values, first: Layout) -> None:
    random = np.random.default_rng(5)
    order = random.permutation(N)[:200]
    new = np.arange(30) % K
    more = np.concatenate([moved(features)[order], moved(features, 2)[new]])
    ids = np.concatenate([ids_of(N)[order], 1000 + ids_of(30)])
    placed, after = reduce(UMAP(), more, ids, before=first)
    by = displacement((first.ids, first.positions), (after.ids, after.positions))
    assert by < 0.25, by
    distances = np.linalg.norm(placed.positions[200:, None] - centres(first.positions), axis=2)
    assert (distances.argmin(axis=1) == new % K).all(), "new rows are placed among their like"


def test_what_has_nothing_in_common_is_placed_afresh(features: Values, first: Layout) -> None:
    alone, _ = reduce(UMAP(), features, ids_of(N) + np.uint64(N))
    after, _ = reduce(UMAP(), features, ids_of(N) + np.uint64(N), before=first)
    assert (alone.positions == after.positions).all()
    deeper, _ = reduce(UMAP(dims=3), features, ids_of(N), before=first)
    assert deeper.positions.shape == (N, 3)


def test_a_layout_does_not_drift_while_nothing_happens(features: Values, first: Layout) -> None:
    layout = first
    for _ in range(8):
        _, layout = reduce(UMAP(), features, ids_of(N), before=layout)
    assert displacement((first.ids, first.positions), (layout.ids, layout.positions)) < 0.4
    assert 0.85 < spread(layout.positions) / spread(first.positions) < 1.15


def test_the_landmarks_of_a_large_set_stay(features: Values) -> None:
    reducer = UMAP(max_fit=120)
    _, before = reduce(reducer, features, ids_of(N))
    order = np.random.default_rng(0).permutation(N)
    _, after = reduce(reducer, moved(features)[order], ids_of(N)[order], before=before)
    assert set(after.fitted.tolist()) == set(before.fitted.tolist()) and len(after.fitted) == 120
    assert displacement((before.ids, before.positions), (after.ids, after.positions)) < 0.3


def test_principal_components_that_swap_or_turn_round_are_turned_back(features: Values) -> None:
    placed, before = reduce(PCA(), features, ids_of(N))
    mirrored, _ = reduce(PCA(), -features[:, ::-1], ids_of(N), before=before)
    np.testing.assert_allclose(mirrored.positions, placed.positions, atol=1e-3)


def test_a_start_is_where_rows_were_and_how_many_neighbours_they_kept() -> None:
    ids = np.array([30, 10, 20, 40], np.uint64)
    near = np.array([[10, 20], [20, 40], [10, 30], [10, 20]], np.uint64)
    positions = np.arange(8, dtype=np.float32).reshape(4, 2)
    now = np.array([20, 50, 10, 30], np.uint64)
    found = start(Layout(ids, positions, ids, near), now, np.array([[10, 30], [10, 20], [50, 20], [50, 60]], np.uint64))
    assert found is not None
    assert found.known.tolist() == [True, False, True, True] and found.kept.tolist() == [1, 0, 0.5, 0]
    assert found.positions[[0, 2, 3]].tolist() == [[4, 5], [2, 3], [0, 1]]
    assert start(Layout(ids, positions, ids, near), now[:2], near[:2]) is None


def test_turning_undoes_any_rotation_mirroring_and_shift() -> None:
    random = np.random.default_rng(0)
    positions = random.normal(size=(50, 3)).astype(np.float32)
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    there = (positions @ turn + [5, -3, 1]).astype(np.float32)
    known = np.arange(50) % 3 > 0
    known_there = Start(np.where(known[:, None], there, 0), known, np.ones(50, np.float32))
    np.testing.assert_allclose(turned(positions, positions, known_there), there, atol=1e-5)


def test_new_rows_begin_amid_their_known_neighbours_or_anywhere() -> None:
    positions = np.array([[0, 0], [2, 0], [9, 9], [9, 9]], np.float32)
    near = Neighbours(np.array([[1], [0], [0], [2]]), np.ones((4, 1), np.float32))
    begins = begun(near, Start(positions, np.array([True, True, False, False]), np.zeros(4, np.float32)), seed=0)
    np.testing.assert_allclose(begins[:3], [[0, 0], [2, 0], [0, 0]], atol=1e-2)
    assert np.abs(begins[3] - [1, 0]).max() < 10 and len(np.unique(begins, axis=0)) == 4


@pytest.mark.slow
def test_steps_that_are_known_as_a_whole_are_aligned(features: Values) -> None:
    steps = [moved(features, seed) for seed in range(3)]
    order = np.random.default_rng(0).permutation(N)[:200]
    ids = [ids_of(N), ids_of(N), ids_of(N)[order]]
    found = align([*steps[:2], steps[2][order]], ids)
    assert [len(one.positions) for one in found] == [N, N, 200]
    for a, b in ((0, 1), (1, 2)):
        by = displacement((ids[a], found[a].positions), (ids[b], found[b].positions))
        assert by < 0.3, by
    assert trustworthiness(steps[0], found[0].positions) > 0.9
    assert not found[0].notes and found[0].neighbours.shape == (N, 10)


def test_steps_of_other_reductions_follow_each_other(features: Values) -> None:
    steps: list[Any] = [features, moved(features), moved(features, 2)]
    found = align(steps, reducer=PCA())
    before, expected = None, []
    for step in steps:
        placed, before = reduce(PCA(), step, ids_of(N), before=before)
        expected.append(placed.positions)
    np.testing.assert_array_equal([one.positions for one in found], expected)
    few = align([features[:3], features[1:4]], [ids_of(3), ids_of(3)])
    assert all("PCA instead" in one.notes[0] for one in few)
    assert len(align([features], reducer=UMAP())) == 1
    with pytest.raises(ValueError, match="there is no step to align"):
        align([])
    with pytest.raises(ValueError, match="ids of 1 steps for features of 3"):
        align(steps, [ids_of(N)])
