"""The rows of a projection as a caller gives them: checked, cleared of what cannot be placed, in the order of their ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.pictures import as_array
from tb_explain.projections import Rows, column_of


@dataclass(frozen=True, eq=False)
class GivenRows:
    """Rows that can be placed, without thumbnails."""

    rows: Rows
    order: NDArray[np.int64]  # [N]: the place of each among those that were given
    features: NDArray[np.floating[Any]] | None  # [N, d]
    positions: NDArray[np.float32] | None  # [N, 2] or [N, 3]


def as_rows(
    features: Any,
    positions: Any,
    ids: Any,
    images: int | None,
    columns: Mapping[str, Any],
    *,
    labels: Any = None,
    predicted: Any = None,
    probabilities: Any = None,
    class_names: Any = None,
) -> GivenRows:
    """Rows, whose ids are those given or count from 1; `images` is how many there are, if any. They come in the order of their ids, so that
    what is known about them is the same at each step, however a loader shuffles, and is stored once; what is not finite is left out and
    counted.

    Raises ValueError when their numbers do not agree.
    """
    known = [
        (name, values)
        for name, values in (("features", _features(features)), ("positions", _positions(positions)))
        if values is not None
    ]
    if not known:
        raise ValueError(
            "there is nothing to show; give features [N, d] to reduce, or positions [N, 2] that were found elsewhere"
        )
    (name, first), *others = known
    n = len(first)
    for other, values in others:
        if len(values) != n:
            raise ValueError(f"got {n} rows of {name} and {len(values)} of {other}; give one a row")
    if not n:
        raise ValueError(f"{name} have no row; give those of at least one image")
    if images not in (None, n):
        raise ValueError(f"got {images} images for {n} rows; give one a row")
    whole = Rows(
        ids=_one_a_row("ids", np.arange(1, n + 1) if ids is None else as_array(ids), n),
        labels=None if labels is None else _one_a_row("labels", as_array(labels), n),
        predicted=None if predicted is None else _one_a_row("predicted", as_array(predicted), n),
        probabilities=None if probabilities is None else _one_a_row("probabilities", as_array(probabilities), n),
        class_names=None if class_names is None else tuple(str(name) for name in class_names),
        columns={
            str(name): column_of(str(name), _one_a_row(f"column {name!r}", as_array(values), n))
            for name, values in columns.items()
        },
    )
    finite = np.logical_and.reduce([np.isfinite(values).all(1) for _, values in known])
    order = np.flatnonzero(finite)
    order = order[whole.ids[order].argsort(kind="stable")]
    taken = {name: values[order] for name, values in known}
    return GivenRows(_taken(whole, order), order, taken.get("features"), taken.get("positions"))


def _features(given: Any) -> NDArray[np.floating[Any]] | None:
    if given is None:
        return None
    values = _numpy(given)
    if values.ndim != 2 or values.dtype.kind not in "fiu" or (len(values) and not values.shape[1]):
        hint = "; pool or flatten them first" if values.ndim > 2 else ""
        raise ValueError(f"features must be numbers [N, d], got {values.dtype} {list(values.shape)}{hint}")
    if values.dtype == np.float16:
        return values
    with np.errstate(over="ignore"):  # what float32 cannot hold is not finite
        return values.astype(np.float32, copy=False)


def _positions(given: Any) -> NDArray[np.float32] | None:
    if given is None:
        return None
    values = _numpy(given)
    if values.ndim != 2 or values.shape[1] not in (2, 3) or values.dtype.kind not in "fiu":
        raise ValueError(f"positions must be numbers [N, 2] or [N, 3], got {values.dtype} {list(values.shape)}")
    with np.errstate(over="ignore"):
        return values.astype(np.float32, copy=False)


def _numpy(values: Any) -> NDArray[Any]:
    """Uncopied where possible: what is taken of it is."""
    if hasattr(values, "detach"):
        values = values.detach()
        values = (values if str(values.dtype) != "torch.bfloat16" else values.float()).cpu().numpy()
    return np.asarray(values)


def _one_a_row(name: str, values: NDArray[Any], n: int) -> NDArray[Any]:
    if values.shape != (n,):
        raise ValueError(f"{name} must be one a row, [{n}]; got shape {list(values.shape)}")
    return values


def _taken(rows: Rows, order: NDArray[np.int64]) -> Rows:
    return Rows(
        ids=rows.ids[order],
        labels=None if rows.labels is None else rows.labels[order],
        predicted=None if rows.predicted is None else rows.predicted[order],
        probabilities=None if rows.probabilities is None else rows.probabilities[order],
        class_names=rows.class_names,
        columns={name: column.take(order) for name, column in rows.columns.items()},
        dropped=len(rows) - len(order),
    )
