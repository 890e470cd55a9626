"""Windows over an image: how large they are, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

NamedSize: TypeAlias = Literal["small", "medium", "large"]
WindowSize: TypeAlias = int | tuple[int, int] | NamedSize
"""Height and width in pixels, one number for a square, or a name: a tenth, three tenths or 45 % of the image's shorter side."""

Stride: TypeAlias = int | tuple[int, int]
"""Rows and columns from one window to the next."""

Window: TypeAlias = tuple[int, int, int, int]
"""Topmost row, leftmost column, height, width."""

_SHARES = {"small": 0.10, "medium": 0.30, "large": 0.45}


@dataclass(frozen=True)
class Grid:
    """Windows of one size at the crossings of rows and columns (their topmost and leftmost pixels, ascending)."""

    height: int
    width: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    @property
    def windows(self) -> list[Window]:
        """All of them, row by row."""
        return [(top, left, self.height, self.width) for top in self.rows for left in self.columns]

    def coarsened(self, ny: int, nx: int) -> Grid:
        """Those at `ny` of the rows and `nx` of the columns, evenly chosen."""
        return Grid(self.height, self.width, _evenly(self.rows, ny), _evenly(self.columns, nx))


def covering(size: WindowSize, stride: Stride | None, image: tuple[int, int]) -> Grid:
    """Windows in strides (None: a third of the window) from the upper left corner on, the last of a row or column at the border."""
    height, width = _extent(size, image)
    down, right = _both(stride) if stride is not None else (max(1, round(height / 3)), max(1, round(width / 3)))
    return Grid(height, width, _in_strides(image[0], height, down), _in_strides(image[1], width, right))


def side_by_side(size: WindowSize, image: tuple[int, int]) -> Grid:
    """As many windows as fit without overlap, spread from border to border."""
    height, width = _extent(size, image)
    return Grid(height, width, _spread(image[0], height), _spread(image[1], width))


def check_size(size: WindowSize) -> None:
    """Raises ValueError for what is no window size."""
    if size not in get_args(NamedSize) and not (not isinstance(size, str) and _is_pixels(size)):
        raise ValueError(
            f'a window size is a number of pixels, (height, width), "small", "medium" or "large", got {size!r}'
        )


def check_stride(stride: Stride | None) -> None:
    """Raises ValueError for what is no stride."""
    if stride is not None and not _is_pixels(stride):
        raise ValueError(f"the stride is a number of pixels, (rows, columns) or None, got {stride!r}")


def _is_pixels(value: int | tuple[int, int]) -> bool:
    numbers = value if isinstance(value, tuple) else (value, value)
    return len(numbers) == 2 and all(type(number) is int and number > 0 for number in numbers)


def _extent(size: WindowSize, image: tuple[int, int]) -> tuple[int, int]:
    """Height and width in pixels, at most those of the image."""
    height, width = _both(max(1, round(_SHARES[size] * min(image))) if isinstance(size, str) else size)
    return min(height, image[0]), min(width, image[1])


def _both(pixels: int | tuple[int, int]) -> tuple[int, int]:
    return (pixels, pixels) if isinstance(pixels, int) else pixels


def _in_strides(pixels: int, extent: int, stride: int) -> tuple[int, ...]:
    starts = range(0, pixels - extent + 1, stride)
    return tuple(starts) if starts[-1] == pixels - extent else (*starts, pixels - extent)


def _spread(pixels: int, extent: int) -> tuple[int, ...]:
    count = pixels // extent
    return tuple(i * (pixels - extent) // max(count - 1, 1) for i in range(count))


def _evenly(starts: tuple[int, ...], count: int) -> tuple[int, ...]:
    """From the first to the last; the middle one alone."""
    if count == 1:
        return (starts[len(starts) // 2],)
    return tuple(starts[i * (len(starts) - 1) // (count - 1)] for i in range(count))
