"""A projection as it is stored: measured, encoded, and split into payloads that the steps of a series share."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections.blobs import Blobs
from tb_explain.projections.class_distances import MAX_CLASSES, ClassDistances, class_distances
from tb_explain.projections.columns import CategoryColumn, NumberColumn
from tb_explain.projections.quality import knn_purity, knn_purity_of_positions, mean, trustworthiness
from tb_explain.projections.rows import Placed, Rows
from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb

_NEIGHBOURS = 15  # kept of each row, however many a reduction looked at
_BETTER = {
    "trustworthiness": pb.HIGHER,
    "silhouette": pb.HIGHER,
    "knn_purity": pb.HIGHER,
    "knn_purity_2d": pb.HIGHER,
    "knn_purity_3d": pb.HIGHER,
    "landmark_error": pb.LOWER,
}


class Recorded(NamedTuple):
    """What to append to a segment, and what was measured on the way."""

    records: list[Record]
    measures: dict[str, float]  # finite ones


def record_of(
    segment: SegmentWriter,
    series: pb.Series,
    step: int,
    wall_time: float,
    rows: Rows,
    placed: Placed,
    features: NDArray[Any] | None = None,
    metric: Literal["cosine", "euclidean"] = "cosine",
) -> Recorded:
    """Measure a projection and encode it: the payloads that the segment does not have yet, the series if new, and the record.

    Args:
        features: [N, d], finite, of the rows; None where positions were given without.
        metric: by which the reduction compared features. Classes are always compared by cosine.

    Measures are those that `placed` came with and `trustworthiness`, `silhouette`, `knn_purity` (of features) and `knn_purity_2d`
    (of positions; `_3d` of three). Raises ValueError when rows, places and features are not equally many.
    """
    n = len(rows)
    if len(placed.positions) != n or (features is not None and len(features) != n):
        have = f"{len(placed.positions)} positions" + (
            "" if features is None else f" and {len(features)} rows of features"
        )
        raise ValueError(f"a projection needs as many places as rows, got {have} for {n} rows")
    notes = list(placed.notes)
    columns: dict[str, NumberColumn | CategoryColumn] = dict(rows.columns)
    measures = dict(placed.measures)
    found = None
    labelled = rows.labels is not None and bool((rows.labels >= 0).any())
    if rows.labels is not None and labelled:
        purity = knn_purity(rows.labels, placed.neighbours)
        classes = len(np.unique(rows.labels[rows.labels >= 0]))
        if classes > MAX_CLASSES:
            notes.append(
                f"Distances between classes are found for up to {MAX_CLASSES} classes; these rows have {classes}."
            )
        elif features is not None:
            found = class_distances(features, rows.labels, rows.predicted, placed.neighbours)
            measures["silhouette"] = found.silhouette
            columns["silhouette"] = NumberColumn(found.row_silhouettes)
        measures["knn_purity"] = mean(purity)
        measures[f"knn_purity_{placed.positions.shape[1]}d"] = knn_purity_of_positions(rows.labels, placed.positions)
        if placed.neighbours.shape[1]:
            columns["knn_purity"] = NumberColumn(purity)
    if features is not None:
        measures["trustworthiness"] = trustworthiness(features, placed.positions, metric)
    measures = {name: value for name, value in measures.items() if math.isfinite(value)}

    blobs = Blobs()
    message = pb.Projection(
        rows=n,
        dropped=rows.dropped,
        fitted=placed.fitted,
        positions=_positions(blobs, placed.positions),
        ids=blobs.column(rows.ids),
        columns=[blobs.named(name, column) for name, column in columns.items()],
        measures=[
            pb.Measure(name=name, value=value, better=_BETTER.get(name, pb.NEITHER)) for name, value in measures.items()
        ],
        notes=notes,
    )
    if rows.labels is not None:
        message.labels.CopyFrom(blobs.codes(rows.labels))
    if rows.predicted is not None:
        message.predicted.CopyFrom(blobs.codes(rows.predicted))
    if rows.probabilities is not None:
        levels = np.rint(np.nan_to_num(rows.probabilities) * 65535).astype(np.uint16)
        message.probabilities.CopyFrom(blobs.column(levels, 1 / 65535))
    if rows.class_names:
        message.classes = blobs.names(rows.class_names)
    if placed.neighbours.shape[1]:
        message.neighbours.CopyFrom(blobs.column(placed.neighbours[:, :_NEIGHBOURS].astype(np.uint32)))
        message.distances.CopyFrom(_half(blobs, placed.distances[:, :_NEIGHBOURS]))
    if rows.thumbnails is not None:
        message.thumbnails.CopyFrom(blobs.thumbnails(rows.thumbnails))
    if found is not None:
        message.class_distances.CopyFrom(_classes(blobs, found))

    records = blobs.records(segment) + segment.series(series)
    entry = pb.Entry(kind=pb.PROJECTION, series=series.id, step=step, wall_time=wall_time, count=n)
    return Recorded([*records, Record(entry, message.SerializeToString())], measures)


def _positions(blobs: Blobs, positions: NDArray[np.float32]) -> pb.Column:
    """65 536 levels from the least to the greatest coordinate on any axis: a position is off by half a level at most, and float32's
    rounding. Coordinates beyond 1e38 are stored as that.
    """
    positions = positions.clip(-1e38, 1e38)
    low, high = float(positions.min(initial=np.inf)), float(positions.max(initial=-np.inf))
    if not positions.size:
        low, high = -1.0, 1.0
    if high - low < 1e-6 * max(1.0, abs(low)):  # all in one place: in the middle
        low, high = low - max(1.0, abs(low)), high + max(1.0, abs(high))
    scale = (high - low) / 65535
    levels = np.rint((positions.astype(np.float64) - low) / scale).clip(0, 65535)
    return blobs.column(levels.astype(np.uint16), scale, low)


def _half(blobs: Blobs, values: NDArray[Any]) -> pb.Column:
    """Numbers from 0 at half precision, with a scale where they are beyond its range."""
    peak = float(values.max(initial=0))
    scale = 0.0 if peak == 0 or 1e-3 < peak < 6e4 else peak
    return blobs.column((values / (scale or 1)).astype(np.float16), scale)


def _classes(blobs: Blobs, found: ClassDistances) -> pb.ClassDistances:
    message = pb.ClassDistances(
        classes=found.classes.tolist(),
        counts=found.counts.tolist(),
        spreads=found.spreads.tolist(),
        silhouettes=found.silhouettes.tolist(),
        purities=found.purities.tolist(),
        distances=_half(blobs, found.distances),
        pairs=[
            pb.ClassPair(
                first=pair.first,
                second=pair.second,
                distance=pair.distance,
                separability=pair.separability,
                neighbours=pair.neighbours,
                confusions=pair.confusions,
                rows=pair.rows,
            )
            for pair in found.pairs
        ],
        agreement=found.agreement,
    )
    if found.neighbours is not None:
        message.neighbours.CopyFrom(_half(blobs, found.neighbours))
    if found.confusions is not None:
        message.confusions.CopyFrom(blobs.column(found.confusions.astype(np.uint32)))
    return message
