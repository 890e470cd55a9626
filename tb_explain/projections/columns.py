"""What is known of each row beside its features: numbers, categories, and a small picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_explain.records import encode_image

UNKNOWN = -1  # as a label, a prediction or a category
MAX_CODES = 65534  # classes, or categories of a column: 65535 is what uint16 has for none

_SHEET = 512  # pixels of a sheet of thumbnails along each side: a few hundred tiles, some 60 KB


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """A number for each row, [N]; NaN: not known."""

    values: NDArray[np.float32]

    def __post_init__(self) -> None:
        freeze(self, "values", np.asarray(self.values, np.float32))
        if self.values.ndim != 1:
            raise ValueError(f"a column must have one value a row, got shape {list(self.values.shape)}")

    def take(self, kept: NDArray[Any]) -> NumberColumn:
        """Those rows only."""
        return NumberColumn(self.values[kept])


@dataclass(frozen=True, eq=False)
class CategoryColumn:
    """One of several names for each row: `values` [N] are their indices, -1: none."""

    values: NDArray[np.int64]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        if len(self.names) > MAX_CODES:
            raise ValueError(f"a column can have {MAX_CODES} categories, got {len(self.names)}")
        freeze(self, "values", codes("the categories", self.values, len(self.names)))

    def take(self, kept: NDArray[Any]) -> CategoryColumn:
        """Those rows only; the names stay, so that colours do."""
        return CategoryColumn(self.values[kept], self.names)


def column_of(name: str, values: ArrayLike) -> NumberColumn | CategoryColumn:
    """What a caller knows of each row: numbers as they are, strings and booleans as categories (None: none).

    Categories are in the order of their names, so that they keep theirs from step to step. Raises ValueError, naming the column.
    """
    given = np.asarray(values)
    if given.ndim != 1:
        raise ValueError(f"column {name!r} must have one value a row, got shape {list(given.shape)}")
    if given.dtype.kind in "iuf":
        return NumberColumn(given.astype(np.float32))
    if given.dtype.kind == "b":
        return CategoryColumn(given.astype(np.int64), ("false", "true"))
    if given.dtype.kind == "O":
        known = [value for value in given if not _nothing(value)]
        if known and all(isinstance(value, (int, float, np.number)) and not isinstance(value, bool) for value in known):
            return NumberColumn(np.array([np.nan if _nothing(value) else value for value in given], np.float32))
    elif given.dtype.kind not in "US":
        raise ValueError(f"column {name!r} must hold numbers, booleans or strings, got {given.dtype}")
    texts = [None if _nothing(value) else _text(value) for value in given.tolist()]
    names = sorted({text for text in texts if text is not None})
    if len(names) > MAX_CODES:
        raise ValueError(f"column {name!r} has {len(names)} different values; categories can be {MAX_CODES} at most")
    place = {text: i for i, text in enumerate(names)}
    return CategoryColumn(np.array([-1 if text is None else place[text] for text in texts], np.int64), tuple(names))


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures of all rows on encoded sheets of `down` by `across` tiles; the last sheet may be lower."""

    sheets: tuple[bytes, ...]
    height: int  # of a tile, in pixels
    width: int
    down: int
    across: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "sheets", tuple(self.sheets))
        if min(self.height, self.width, self.down, self.across) < 1:
            raise ValueError(
                f"thumbnails need tiles of a pixel or more and sheets of a tile or more, got tiles of {self.height} x "
                f"{self.width} pixels, {self.down} x {self.across} on a sheet"
            )

    @classmethod
    def of(cls, tiles: NDArray[np.uint8]) -> Thumbnails:
        """Tiles [N, h, w] or [N, h, w, C], C 1 or 3, laid out on as many sheets as they need. Raises ValueError for another shape."""
        if tiles.ndim == 3:
            tiles = tiles[..., None]
        if tiles.ndim != 4 or tiles.shape[3] not in (1, 3) or 0 in tiles.shape:
            raise ValueError(f"thumbnails must be uint8 [N, h, w] or [N, h, w, 1 or 3], got shape {list(tiles.shape)}")
        n, height, width, channels = tiles.shape
        down, across = max(1, _SHEET // height), max(1, min(n, _SHEET // width))
        sheets = []
        for start in range(0, n, down * across):
            some = tiles[start : start + down * across]
            rows = math.ceil(len(some) / across)
            sheet = np.zeros((rows * across, height, width, channels), np.uint8)
            sheet[: len(some)] = some
            sheet = sheet.reshape(rows, across, height, width, channels).swapaxes(1, 2)
            sheets.append(encode_image(sheet.reshape(rows * height, across * width, channels)))
        return cls(tuple(sheets), height, width, down, across)


def codes(name: str, given: Any, below: int, n: int | None = None) -> NDArray[np.int64]:
    """Integers from -1 to `below` - 1."""
    found = np.asarray(given)
    if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be one integer a row, got {found.dtype} {list(found.shape)}")
    if n is not None and len(found) != n:
        raise ValueError(f"{name} must be one a row, got {len(found)} for {n} rows")
    if found.size and not UNKNOWN <= found.min() <= found.max() < below:
        raise ValueError(f"{name} must lie in -1 (not known) to {below - 1}, got {found.min()} to {found.max()}")
    return found.astype(np.int64)


def freeze(of: object, name: str, values: NDArray[Any]) -> None:
    """Set a frozen dataclass's array to a view that cannot be written to."""
    view = values.view()
    view.flags.writeable = False
    object.__setattr__(of, name, view)


def _nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (float, np.floating)) and math.isnan(value))


def _text(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return value.decode() if isinstance(value, bytes) else str(value)
