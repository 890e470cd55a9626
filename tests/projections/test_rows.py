"""Rows, their columns and their places are checked once, where they are made, and nobody changes them afterwards."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tb_explain.projections import CategoryColumn, NumberColumn, Placed, Rows, Thumbnails, column_of, distinct_ids

N = 4
IDS = np.arange(1, N + 1)


def placed(**changed: Any) -> Placed:
    given: dict[str, Any] = {
        "positions": np.zeros((N, 2)),
        "fitted": N,
        "neighbours": np.array([[1], [0], [3], [2]]),
        "distances": np.zeros((N, 1)),
    }
    return Placed(**given | changed)


def sheets(n: int) -> Thumbnails:
    return Thumbnails.of(np.zeros((n, 2, 2), np.uint8))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ids": IDS - 1}, "ids must lie in 1 to 2\\^53 - 1, got 0 to 3"),
        ({"ids": IDS.astype(np.uint64) + np.uint64(2**53 - 4)}, "got 9007199254740989 to 9007199254740992"),
        ({"ids": [1, 2, 2, 3]}, "ids must be unique, but 2 is that of 2 rows"),
        ({"ids": [1.0, 2, 3, 4]}, "ids must be one integer a row, got float64"),
        ({"ids": IDS[:, None]}, "ids must be one integer a row"),
        ({"labels": [0, 1, 2]}, "labels must be one a row, got 3 for 4 rows"),
        ({"labels": [0, 1, 2, 65535]}, "labels must lie in -1 .* to 65534, got 0 to 65535"),
        ({"labels": [0, -2, 2, 3]}, "labels must lie in -1"),
        ({"labels": [0.0, 1, 2, 3]}, "labels must be one integer a row"),
        ({"predicted": [0, 1, 2, 65535]}, "predicted must lie in"),
        ({"probabilities": [0, 1, 0.5]}, "probabilities must be one a row"),
        ({"probabilities": [0, 1, 0.5, 1.5]}, "probabilities must lie in 0 to 1, got 0 to 1.5"),
        ({"columns": {"age": NumberColumn(np.zeros(3))}}, "column 'age' has 3 values for 4 rows"),
        ({"columns": {"silhouette": NumberColumn(np.zeros(4))}}, "cannot be called 'silhouette'"),
        ({"columns": {"": NumberColumn(np.zeros(4))}}, "cannot be called ''"),
        (
            {"thumbnails": Thumbnails((b"",), 9, 9, 1, 3)},
            "thumbnails of 4 rows, 1 x 3 on a sheet, need 2 sheets, got 1",
        ),
        ({"dropped": -1}, "dropped"),
    ],
)
def test_rows_that_contradict_themselves_are_refused_in_a_sentence(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Rows(**{"ids": IDS} | given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"positions": np.zeros((N, 4))}, r"\[N, 2\] or \[N, 3\], got shape \[4, 4\]"),
        ({"positions": np.full((N, 2), np.nan)}, "positions must be finite"),
        ({"fitted": N + 1}, "4 rows cannot be fitted to 5"),
        ({"neighbours": np.ones((3, 1), int)}, r"\[N, k\] of 4 rows, got \[3, 1\] and \[4, 1\]"),
        ({"distances": np.zeros((N, 2))}, r"\[N, k\] of 4 rows"),
        ({"neighbours": np.array([[1], [0], [4], [2]])}, "rows 0 to 3, got 0 to 4"),
        ({"neighbours": np.array([[1], [0], [-1], [2]])}, "rows 0 to 3, got -1 to 2"),
        ({"neighbours": np.array([[1], [1], [3], [2]])}, "neighbour of itself"),
    ],
)
def test_places_that_contradict_themselves_are_refused_in_a_sentence(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        placed(**given)


def test_what_may_be_is_taken_as_it_is() -> None:
    rows = Rows(
        IDS,
        labels=[0, -1, 65534, 3],
        predicted=np.array([0, 1, 2, 3], np.uint8),
        probabilities=[0, 1, np.nan, 0.25],
        class_names=["a"],
        columns={"site": column_of("site", ["x", "y", "x", None])},
        thumbnails=sheets(N),
        dropped=2,
    )
    assert len(rows) == N
    assert rows.ids.dtype == np.uint64
    assert rows.labels is not None and rows.labels.tolist() == [0, -1, 65534, 3]
    assert len(Rows(np.array([2**53 - 1]))) == 1
    assert len(Rows(np.array([]), dropped=9)) == 0, "all were dropped"
    assert len(placed().positions) == N
    none = Placed(np.zeros((0, 2)), 0, np.zeros((0, 0)), np.zeros((0, 0)))
    assert len(none.positions) == 0
    again = pickle.loads(pickle.dumps(rows))
    assert again.ids.tolist() == rows.ids.tolist() and again.columns["site"].names == ("x", "y")


def test_nobody_changes_what_rows_hold_and_they_do_not_lock_what_they_were_given() -> None:
    ids, positions = IDS.astype(np.uint64), np.zeros((N, 2), np.float32)
    rows, at = Rows(ids, labels=[0] * N), placed(positions=positions)
    for array in (rows.ids, rows.labels, at.positions, at.neighbours, at.distances):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    positions[0] = 1
    with pytest.raises(AttributeError):
        rows.dropped = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 1, 1, 2], [3, 1, 1, 2]),
        (np.array([0.5, np.inf], np.float16), [0.5, np.inf]),
        ([1, None], [1, np.nan]),
        (np.array([np.float32(2), float("nan"), None], object), [2, np.nan, np.nan]),
    ],
)
def test_numbers_are_numbers_however_few_there_are(values: Any, expected: list[float]) -> None:
    column = column_of("c", values)
    assert isinstance(column, NumberColumn)
    np.testing.assert_array_equal(column.values, np.array(expected, np.float32))


@pytest.mark.parametrize(
    ("values", "codes", "names"),
    [
        (["b", "a", "b"], [1, 0, 1], ("a", "b")),
        (["7", "10"], [1, 0], ("10", "7")),
        ([True, True], [1, 1], ("false", "true")),
        (["x", None, float("nan")], [0, -1, -1], ("x",)),
        (np.array([True, None], object), [0, -1], ("true",)),
        ([None, None], [-1, -1], ()),
        (np.array([b"cat"]), [0], ("cat",)),
    ],
)
def test_strings_and_booleans_are_categories(values: Any, codes: list[int], names: tuple[str, ...]) -> None:
    column = column_of("c", values)
    assert isinstance(column, CategoryColumn)
    assert (column.values.tolist(), column.names) == (codes, names)


def test_columns_that_cannot_be_shown_are_refused_by_their_name() -> None:
    with pytest.raises(ValueError, match="column 'c' has 65535 different values"):
        column_of("c", [str(i) for i in range(65535)])
    assert len(column_of("c", [str(i) for i in range(65534)]).values) == 65534
    with pytest.raises(ValueError, match=r"column 'c' must have one value a row, got shape \[2, 2\]"):
        column_of("c", [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="column 'c' must hold numbers, booleans or strings, got complex"):
        column_of("c", [1j])
    with pytest.raises(ValueError, match="categories must lie in -1"):
        CategoryColumn(np.array([2]), ("a", "b"))


def test_rows_that_are_not_kept_are_counted() -> None:
    rows = Rows(
        IDS,
        labels=[0, 1, 2, 3],
        probabilities=[0, 1, 0.5, 0.25],
        class_names=["a", "b"],
        columns={"n": column_of("n", [1, 2, 3, 4]), "s": column_of("s", ["p", "q", "p", "q"])},
        thumbnails=sheets(N),
        dropped=2,
    )
    some = rows.kept(np.array([True, False, False, True]))
    assert some.labels is not None and some.probabilities is not None
    assert (some.ids.tolist(), some.labels.tolist(), some.dropped) == ([1, 4], [0, 3], 4)
    assert some.probabilities.tolist() == [0, 0.25]
    assert (some.class_names, some.predicted, some.thumbnails) == (("a", "b"), None, None)
    assert [column.values.tolist() for column in some.columns.values()] == [[1, 4], [0, 1]]
    assert len(rows.kept(np.zeros(N, bool))) == 0
    with pytest.raises(ValueError, match="4 booleans"):
        rows.kept(np.array([0, 3]))


def test_a_thumbnail_is_found_where_the_format_says() -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (700, 20, 40, 3), np.uint8)
    tiles[:] = tiles[:, :1, :1]  # flat, so that what JPEG loses is little
    sheet = Thumbnails.of(tiles)
    assert (sheet.height, sheet.width, sheet.down, sheet.across, len(sheet.sheets)) == (20, 40, 25, 12, 3)
    for row in (0, 11, 12, 299, 300, 699):
        pixels = np.asarray(Image.open(io.BytesIO(sheet.sheets[row // 300])).convert("RGB"))
        y, x = row % 300 // 12 * 20, row % 12 * 40
        assert np.abs(pixels[y + 8 : y + 12, x + 8 : x + 32].astype(int) - tiles[row, 0, 0]).max() <= 24, row
    assert Image.open(io.BytesIO(sheet.sheets[2])).size == (480, 180), "no longer than its tiles"
    assert len(Thumbnails.of(np.zeros((1, 900, 9), np.uint8)).sheets) == 1, "tiles larger than a sheet"
    with pytest.raises(ValueError, match="thumbnails must be uint8"):
        Thumbnails.of(np.zeros((3, 8, 8, 2), np.uint8))
    with pytest.raises(ValueError, match="a tile or more"):
        Thumbnails((b"",), 8, 8, 0, 1)


def test_equal_pictures_get_ids_of_their_own_always_the_same() -> None:
    ids = [5, 7, 5, 5, 9, 7]
    distinct = distinct_ids(ids)
    assert len(set(distinct.tolist())) == 6
    assert distinct[[0, 1, 4]].tolist() == [5, 7, 9], "the first of each keeps that of its picture"
    assert distinct.tolist() == distinct_ids(ids).tolist()
    assert distinct_ids([5, 5]).tolist() == distinct[[0, 2]].tolist(), "whatever else there is"
    Rows(distinct)
    taken = int(distinct[2])
    assert distinct_ids([5, 5, taken])[2] == taken, "also where another's own id would be the same"
    assert len(set(distinct_ids([5, 5, taken]).tolist())) == 3
