"""What is known of a projection comes back from the store as it went in, and steps share what did not change."""

from __future__ import annotations

import dataclasses
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_explain.projections import Placed, Rows, Thumbnails, column_of
from tb_explain.projections.class_distances import MAX_CLASSES, class_distances
from tb_explain.projections.quality import knn_purity_of_positions, trustworthiness
from tb_explain.projections.record import record_of
from tb_explain.records import RunIndex, SegmentWriter, content_hash, decode_column
from tb_explain.records import explain_pb2 as pb


def series(tag: str = "val/features") -> pb.Series:
    return pb.Series(tag=tag, kind=pb.PROJECTION, method="UMAP", layer="fc.input", parameters='{"seed":0}')


def rows_of(n: int, seed: int = 0, **changed: Any) -> Rows:
    """Everything that can be known of n rows of up to three classes."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    given: dict[str, Any] = {
        "ids": random.choice(2**52, n, replace=False) + 1,
        "labels": np.where(random.random(n) < 0.1, -1, labels),
        "predicted": np.where(random.random(n) < 0.2, random.integers(-1, 5, n), labels),
        "probabilities": random.random(n),
        "class_names": ["cat", "Hündchen", "鳥"],
        "columns": {
            "age": column_of("age", np.where(random.random(n) < 0.2, np.nan, random.normal(size=n))),
            "site": column_of("site", [["here", "there", None][i] for i in random.integers(0, 3, n)]),
        },
        "thumbnails": Thumbnails.of(random.integers(0, 256, (n, 8, 8, 3), np.uint8)),
        "dropped": 2,
    }
    return Rows(**given | changed)


def features_of(rows: Rows, seed: int = 0, d: int = 6) -> Any:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(3, d))
    return (centres[np.arange(len(rows)) % 3] + random.normal(size=(len(rows), d))).astype(np.float32)


def placed_of(features: Any, dims: int = 2, **changed: Any) -> Placed:
    n = len(features)
    z = features / np.linalg.norm(features, axis=1, keepdims=True)
    distances = np.maximum(1 - z @ z.T, 0)
    np.fill_diagonal(distances, np.inf)
    near = distances.argsort(axis=1)[:, : min(12, n - 1)]
    return Placed(
        **{
            "positions": 4 * features[:, :dims] - 1,
            "fitted": n - 1,
            "neighbours": near,
            "distances": np.take_along_axis(distances, near, 1),
            "notes": ("Fitted to all rows but one.",),
            "measures": {"displacement": 0.25, "landmark_error": float("nan")},
        }
        | changed
    )


class Store:
    """A run with one segment."""

    def __init__(self, directory: Path) -> None:
        self.segment = SegmentWriter(directory)
        self.index = RunIndex(directory)

    def log(self, rows: Rows, placed: Placed, features: Any = None, step: int = 0, **more: Any) -> pb.Projection:
        """The record, read back."""
        records, self.measures = record_of(self.segment, series(), step, step + 0.5, rows, placed, features, **more)
        self.appended = records
        self.segment.append(records)
        self.index.refresh()
        (declared,) = self.index.series()
        steps = self.index.steps(declared)
        (at,) = np.flatnonzero(steps.step == step)
        assert (steps.count[at], steps.wall_time[at]) == (len(rows), step + 0.5)
        return pb.Projection.FromString(self.index.read(steps.keys[at]))

    def column(self, column: pb.Column) -> Any:
        return decode_column(column, self.index.read_blob(pb.COLUMN, column.values) if column.values else b"")

    def names(self, name: bytes) -> list[str]:
        return list(pb.ClassNames.FromString(self.index.read_blob(pb.CLASSES, name)).names)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def level(column: pb.Column) -> float:
    """Half a level, and what float32 rounds where the page computes a position."""
    return 0.5 * column.scale + 4e-7 * (abs(column.offset) + 65535 * column.scale)


@pytest.mark.parametrize("dims", [2, 3])
def test_everything_comes_back(store: Store, dims: int) -> None:
    rows = rows_of(300)
    features = features_of(rows)
    placed = placed_of(features, dims)
    found = store.log(rows, placed, features, 7)
    assert (found.rows, found.dropped, found.fitted) == (300, 2, 299)
    assert list(found.notes) == list(placed.notes)
    positions = store.column(found.positions)
    assert positions.shape == (300, dims)
    assert found.positions.dtype == pb.UINT16
    assert np.abs(positions - placed.positions).max() <= level(found.positions)
    assert (found.ids.dtype, store.column(found.ids).tolist()) == (pb.UINT64, rows.ids.tolist())
    for column, expected in ((found.labels, rows.labels), (found.predicted, rows.predicted)):
        assert expected is not None and column.dtype == pb.UINT16
        assert store.column(column).tolist() == np.where(expected < 0, 65535, expected).tolist()
    np.testing.assert_allclose(store.column(found.probabilities), rows.probabilities, atol=0.51 / 65535)
    assert store.names(found.classes) == ["cat", "Hündchen", "鳥"]
    assert found.neighbours.dtype == pb.UINT32
    np.testing.assert_array_equal(store.column(found.neighbours), placed.neighbours)
    assert found.distances.dtype == pb.FLOAT16
    np.testing.assert_allclose(store.column(found.distances), placed.distances, rtol=1e-3, atol=1e-6)


def test_columns_come_back_with_those_that_were_computed(store: Store) -> None:
    rows = rows_of(300)
    features = features_of(rows)
    placed = placed_of(features)
    found = store.log(rows, placed, features)
    assert rows.labels is not None
    expected = class_distances(features, rows.labels, rows.predicted, placed.neighbours)
    columns = {column.name: column for column in found.columns}
    assert list(columns) == ["age", "site", "silhouette", "knn_purity"]
    for name, values in (
        ("age", rows.columns["age"].values),
        ("silhouette", expected.row_silhouettes),
        ("knn_purity", expected.row_purities),
    ):
        column = columns[name]
        assert (column.categories, column.values.dtype) == (b"", pb.FLOAT32)
        np.testing.assert_array_equal(store.column(column.values), values)
        assert (column.low, column.high) == (np.nanmin(values), np.nanmax(values))
    codes = store.column(columns["site"].values)
    site = rows.columns["site"].values
    assert codes.dtype == np.uint16 and codes.tolist() == np.where(site < 0, 65535, site).tolist()
    assert store.names(columns["site"].categories) == ["here", "there"]


def test_class_distances_and_measures_come_back(store: Store) -> None:
    rows = rows_of(300)
    features = features_of(rows)
    placed = placed_of(features)
    message = store.log(rows, placed, features)
    found = message.class_distances
    assert rows.labels is not None
    expected = class_distances(features, rows.labels, rows.predicted, placed.neighbours)
    assert expected.neighbours is not None and expected.confusions is not None
    assert (list(found.classes), list(found.counts)) == ([0, 1, 2], expected.counts.tolist())
    for name in ("spreads", "silhouettes", "purities"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-6)
    np.testing.assert_allclose(store.column(found.distances), expected.distances, rtol=1e-3)
    np.testing.assert_allclose(store.column(found.neighbours), expected.neighbours, rtol=1e-3)
    np.testing.assert_array_equal(store.column(found.confusions), expected.confusions)
    assert found.agreement == pytest.approx(expected.agreement)
    assert len(found.pairs) == 3
    for pair, other in zip(found.pairs, expected.pairs, strict=True):
        assert tuple(pair.rows) == other.rows
        assert (pair.first, pair.second, pair.confusions) == (other.first, other.second, other.confusions)
        for name in ("distance", "separability", "neighbours"):
            assert getattr(pair, name) == pytest.approx(getattr(other, name))
    measures = {
        "displacement": 0.25,
        "silhouette": expected.silhouette,
        "knn_purity": expected.knn_purity,
        "knn_purity_2d": knn_purity_of_positions(rows.labels, placed.positions),
        "trustworthiness": trustworthiness(features, placed.positions),
    }
    assert store.measures == pytest.approx(measures), "and none that is not known"
    assert {one.name: one.value for one in message.measures} == pytest.approx(measures)
    better = {one.name: one.better for one in message.measures}
    assert (better["displacement"], better["silhouette"], better["trustworthiness"]) == (
        pb.NEITHER,
        pb.HIGHER,
        pb.HIGHER,
    )


def test_trustworthiness_is_by_the_metric_of_the_reduction(store: Store) -> None:
    rows = rows_of(100)
    features = features_of(rows)
    placed = placed_of(features)
    store.log(rows, placed, features, metric="euclidean")
    expected = trustworthiness(features, placed.positions, "euclidean")
    assert store.measures["trustworthiness"] == pytest.approx(expected)
    assert expected != pytest.approx(trustworthiness(features, placed.positions))


def test_thumbnails_are_images_named_in_a_column(store: Store) -> None:
    rows = rows_of(
        300, thumbnails=Thumbnails.of(np.arange(300, dtype=np.uint8)[:, None, None].repeat(60, 1).repeat(60, 2))
    )
    assert rows.thumbnails is not None and len(rows.thumbnails.sheets) == 5
    found = store.log(rows, placed_of(features_of(rows))).thumbnails
    assert (found.height, found.width, found.down, found.across) == (60, 60, 8, 8)
    hashes = store.column(found.sheets)
    assert (hashes.dtype, hashes.shape) == (np.uint8, (5, 16))
    assert tuple(store.index.read_blob(pb.IMAGE, one.tobytes()) for one in hashes) == rows.thumbnails.sheets


def test_steps_share_what_did_not_change(store: Store) -> None:
    rows = rows_of(200)
    first = store.log(rows, placed_of(features_of(rows, 0)), features_of(rows, 0), 0)
    again = dataclasses.replace(rows, ids=rows.ids.copy())
    second = store.log(again, placed_of(features_of(rows, 1)), features_of(rows, 1), 1)
    for name in ("ids", "labels", "predicted", "probabilities", "classes", "thumbnails"):
        assert getattr(first, name) == getattr(second, name), name
    stored = [record for record in store.appended if record.entry.content_hash]
    changed = {
        column.values
        for column in (
            second.positions,
            second.neighbours,
            second.distances,
            *(one.values for one in second.columns if one.name in ("silhouette", "knn_purity")),
            second.class_distances.distances,
            second.class_distances.neighbours,
        )
    }
    assert {record.entry.content_hash for record in stored} == changed, "the rest was stored with the first step"
    assert all(content_hash(record.payload) == record.entry.content_hash for record in stored)
    assert sum(record.entry.kind == pb.SERIES for record in store.appended) == 0


def test_what_a_failed_record_announced_is_stored_by_the_next(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(50)
    features = features_of(rows)
    with monkeypatch.context() as patch:
        patch.setattr("tb_explain.projections.record._classes", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store.log(rows, placed_of(features), features)
    found = store.log(rows, placed_of(features), features)
    assert store.column(found.ids).tolist() == rows.ids.tolist()


@pytest.mark.parametrize(
    "positions",
    [
        [[0, 0], [1, 10]],
        [[48.1, 2.3], [48.2, 2.4], [48.3, 2.2]],
        [[1e-20, 2e-20], [3e-20, 0]],
        [[1e6, 0], [1e6 + 1, 1]],
        [[-3e38, 3e38], [0, 0]],
        [[0.1, 0.1]],
        [[0, 0], [0, 0]],
        [[5e5, 5e5], [5e5, 5e5]],
    ],
)
def test_positions_are_off_by_half_a_level_at_most(store: Store, positions: Any) -> None:
    given = np.array(positions, np.float32)
    n = len(given)
    placed = Placed(given, n, np.zeros((n, 0), np.int64), np.zeros((n, 0)))
    column = store.log(Rows(np.arange(n) + 1), placed).positions
    found = store.column(column)
    given = given.clip(-1e38, 1e38)  # as maps are
    assert np.abs(found.astype(float) - given).max() <= level(column)
    middle = column.offset + 32767.5 * column.scale
    spread = given.max() - given.min()
    if spread >= 1e-6:
        assert column.scale <= 1.01 * spread / 65535, "no level is wasted"
    elif n < 2 or spread == 0:
        assert abs(middle - given[0, 0]) <= 1e-4 * max(1, abs(given[0, 0])), "in the middle of the frame"


def test_large_distances_do_not_leave_half_precision(store: Store) -> None:
    rows = rows_of(20)
    placed = placed_of(features_of(rows))
    for factor in (1e9, 1e-9):
        placed = dataclasses.replace(placed, distances=(placed_of(features_of(rows)).distances * factor))
        found = store.log(rows, placed, step=int(factor > 1))
        np.testing.assert_allclose(store.column(found.distances), placed.distances, rtol=1e-3, atol=1e-3 * factor)


def test_rows_of_which_nothing_is_known(store: Store) -> None:
    rows = Rows(np.arange(1, 41))
    features = features_of(rows)
    found = store.log(rows, placed_of(features), features)
    for name in ("labels", "predicted", "probabilities", "thumbnails", "class_distances"):
        assert not found.HasField(name), name
    assert (found.classes, list(found.columns)) == (b"", [])
    assert set(store.measures) == {"displacement", "trustworthiness"}
    unknown = store.log(Rows(rows.ids, labels=np.full(40, -1)), placed_of(features), features, 1)
    assert not unknown.HasField("class_distances")
    assert (store.column(unknown.labels) == 65535).all()


def test_positions_without_features(store: Store) -> None:
    rows = rows_of(30)
    none = np.zeros((30, 0))
    found = store.log(rows, placed_of(features_of(rows), neighbours=none.astype(int), distances=none))
    assert not found.HasField("class_distances") and not found.HasField("neighbours")
    assert [column.name for column in found.columns] == ["age", "site"]
    assert set(store.measures) == {"displacement", "knn_purity_2d"}


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows(store: Store, n: int) -> None:
    rows = rows_of(n, labels=[0, 1, 1][:n])
    features = features_of(rows)
    found = store.log(rows, placed_of(features), features)
    assert found.rows == n == len(store.column(found.positions))
    assert len(found.class_distances.classes) == min(n, 2)
    assert ("trustworthiness" in store.measures) == (n == 3)


def test_no_rows_because_all_were_dropped(store: Store) -> None:
    rows = rows_of(5).kept(np.zeros(5, bool))
    empty = np.zeros((0, 2), np.float32)
    found = store.log(rows, Placed(empty, 0, empty.astype(int), empty), empty)
    assert (found.rows, found.dropped) == (0, 7)
    assert store.column(found.positions).shape == (0, 2)
    assert (store.column(found.ids).shape, found.ids.values) == ((0,), b"")
    assert store.measures == {}


def test_more_classes_than_can_be_compared_are_said_to_be(store: Store) -> None:
    n = MAX_CLASSES + 1
    rows = Rows(np.arange(1, n + 1), labels=np.arange(n))
    features = features_of(rows)
    found = store.log(rows, placed_of(features), features)
    assert not found.HasField("class_distances")
    assert found.notes[-1] == "Distances between classes are found for up to 2000 classes; these rows have 2001."
    assert store.measures["knn_purity"] == 0


def test_constant_features(store: Store) -> None:
    rows = rows_of(20)
    features = np.ones((20, 4), np.float32)
    near = (np.arange(20)[:, None] + [1, 2]) % 20
    found = store.log(rows, Placed(np.zeros((20, 2)), 20, near, np.zeros((20, 2))), features)
    assert np.isfinite(store.column(found.class_distances.distances)).all()
    assert store.measures["silhouette"] == 0
    assert np.isfinite(list(store.measures.values())).all()


def test_columns_without_a_number_have_no_range(store: Store) -> None:
    rows = Rows(np.arange(1, 4), columns={"loss": column_of("loss", [np.nan, np.inf, -np.inf])})
    found = store.log(rows, placed_of(features_of(rows)))
    (column,) = found.columns
    assert np.isnan([column.low, column.high]).all()
    np.testing.assert_array_equal(store.column(column.values), [np.nan, np.inf, -np.inf])


def test_probabilities_that_are_not_known_are_zero(store: Store) -> None:
    rows = Rows(np.arange(1, 4), probabilities=[np.nan, 1, 0.5])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what a NaN becomes as an integer depends on the processor
        found = store.log(rows, placed_of(features_of(rows)))
    np.testing.assert_allclose(store.column(found.probabilities), [0, 1, 0.5], atol=1e-5)


@pytest.mark.parametrize(
    ("places", "values", "says"),
    [(9, None, "got 9 positions for 10 rows"), (10, 9, "got 10 positions and 9 rows of features for 10 rows")],
)
def test_as_many_places_as_rows(store: Store, places: int, values: int | None, says: str) -> None:
    rows = rows_of(10)
    features = features_of(rows)
    with pytest.raises(ValueError, match=says):
        store.log(rows, placed_of(features[:places]), None if values is None else features[:values])


def test_a_hundred_thousand_rows_of_a_thousand_classes_are_written_in_bounded_memory(store: Store) -> None:
    n, d = 100_000, 16
    random = np.random.default_rng(0)
    labels = np.arange(n) % 1000
    features = (random.normal(size=(1000, d))[labels] + 0.1 * random.normal(size=(n, d))).astype(np.float32)
    rows = Rows(np.arange(1, n + 1), labels=labels, predicted=np.roll(labels, 3))
    near = (np.arange(n)[:, None] + 1000 * np.arange(1, 16)) % n
    placed = Placed(features[:, :2], n, near, np.zeros((n, 15), np.float32))
    tracemalloc.start()
    found = store.log(rows, placed, features)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6, f"{peak / 1e6:.0f} MB"
    assert store.measures["knn_purity"] == 1 and len(found.class_distances.pairs) == 50
    assert found.ByteSize() < 100_000, "the header is small"
    assert store.column(found.class_distances.distances).shape == (1000, 1000)
