"""Runs with projections to look at, whose every number is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.pictures import picture_id
from tb_explain.records import Record, encode_array, encode_column, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.recording import Recording

TAG = "val/features/fc"
NAMES = ["cat", "wolf", "fox"]
EACH = 20  # rows of a class
TILE = 8
K = 5  # neighbours
EXPLAINED = 30  # rows of which Grad-CAM was logged, too


@dataclass
class Logged:
    """What was logged of a run."""

    ids: list[int]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    ages: NDArray[np.float32]
    pictures: NDArray[np.uint8]
    images: list[str] = field(default_factory=list)  # content hashes of those that were explained
    where: dict[int, NDArray[np.float64]] = field(default_factory=dict)  # by step, in a frame from -1 to 1
    neighbours: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))


def centre(label: int, classes: int) -> NDArray[np.float64]:
    """Where a class is in the plane, whose frame is -1 to 1: on a circle, or on a grid when there are many."""
    if classes > 8:
        side = int(np.ceil(np.sqrt(classes)))
        return np.array([label % side, label // side]) / max(1, side - 1) * 1.6 - 0.8
    angle = 2 * np.pi * label / classes + np.pi / 2
    return 0.6 * np.array([np.cos(angle), np.sin(angle)])


class ProjectionRun(Recording):
    """Writes records of projections, one by one, as other writers of the format would."""

    def column(self, values: NDArray[Any], dtype: str, scale: float = 0, offset: float = 0) -> pb.Column:
        """Store the values of a column."""
        column, payload = encode_column(np.asarray(values).astype(dtype), scale, offset)
        column.values = self.blob(pb.COLUMN, payload)
        return column

    def names(self, names: Sequence[str]) -> bytes:
        """Store names of classes or categories."""
        return self.blob(pb.CLASSES, pb.ClassNames(names=names).SerializeToString())

    def positions(self, where: NDArray[np.float64], radius: float = 1.0) -> pb.Column:
        """Positions in a frame from -radius to radius."""
        scale = 2 * radius / 65535
        return self.column(np.rint((where + radius) / scale).clip(0, 65535), "<u2", scale, -radius)

    def thumbnails(self, pictures: NDArray[np.uint8], down: int = 4, across: int = 8) -> pb.Thumbnails:
        """Sheets of tiles; the last one is filled up with black."""
        n, height, width, channels = pictures.shape
        sheets = -(-n // (down * across))
        filled = np.zeros((sheets * down * across, height, width, channels), np.uint8)
        filled[:n] = pictures
        tiled = filled.reshape(sheets, down, across, height, width, channels).swapaxes(2, 3)
        hashes = [
            self.blob(pb.IMAGE, encode_image(sheet.reshape(down * height, across * width, channels))) for sheet in tiled
        ]
        column = self.column(np.frombuffer(b"".join(hashes), "u1").reshape(sheets, 16), "u1")
        return pb.Thumbnails(height=height, width=width, down=down, across=across, sheets=column)

    def record(
        self, kind: pb.Kind, tag: str, step: int, payload: bytes, count: int, method: str = "", layer: str = ""
    ) -> None:
        """Log a record."""
        series = pb.Series(kind=kind, tag=tag, method=method, layer=layer)
        records = self.segment.series(series)
        entry = pb.Entry(kind=kind, series=series.id, step=step, wall_time=1e9 + step, count=count)
        self.segment.append([*records, Record(entry, payload)])

    def projection(self, message: pb.Projection, step: int, tag: str = TAG, method: str = "UMAP") -> None:
        """Log a projection."""
        self.record(pb.PROJECTION, tag, step, message.SerializeToString(), message.rows, method, "fc")


def pictures(n: int, seed: int) -> NDArray[np.uint8]:
    """Pictures that differ."""
    return np.random.default_rng(seed).integers(0, 256, (n, TILE, TILE, 3), np.uint8)


def distances_of(run: ProjectionRun, labels: NDArray[np.int64], classes: int) -> pb.ClassDistances:
    """Classes in the order of their centres; 0 and 1 are the nearest, and rows 0 and EACH lie between them."""
    present = np.unique(labels)
    centres = np.stack([centre(int(label), classes) for label in present])
    matrix = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    matrix[:2, :2] = [[0, 0.1], [0.1, 0]] if len(present) > 1 else 0
    confusions = np.zeros((len(present), len(present)), np.uint32)
    for i in range(len(present)):
        confusions[i, i] = EACH
    pairs = []
    if len(present) > 1:
        confusions[0, 1], confusions[1, 0] = 2, 1
        pairs.append(
            pb.ClassPair(
                first=0, second=1, distance=0.1, separability=0.5, neighbours=0.25, confusions=3, rows=[0, EACH]
            )
        )
        pairs += [
            pb.ClassPair(first=int(a), second=int(b), distance=float(matrix[a, b]), separability=2 + float(b), neighbours=0.01, confusions=0)
            for a, b in [(1, 2), (0, 2)]
            if b < len(present)
        ]  # fmt: skip
    return pb.ClassDistances(
        classes=present.tolist(),
        counts=np.bincount(labels)[present].tolist(),
        spreads=[0.1] * len(present),
        silhouettes=[0.25 + 0.5 * i / len(present) for i in range(len(present))],
        purities=[0.75] * len(present),
        distances=run.column(matrix, "<f2"),
        neighbours=run.column(np.eye(len(present)), "<f2"),
        confusions=run.column(confusions, "<u4"),
        pairs=pairs,
        agreement=0.9,
    )


def write_run(
    directory: Path,
    *,
    classes: int = 3,
    steps: Sequence[int] = (0, 10),
    seed: int = 0,
    labelled: bool = True,
    dims: int = 2,
    explained: bool = True,
    clustered: bool = False,
) -> Logged:
    """`EACH` rows of each class (3 of each of more than eight), which gather around the centre of their class from step to step.

    The last row of each class is taken for the next one. Rows of Grad-CAM are the first, the last and every other one.
    """
    each = EACH if classes <= 8 else 3
    random = np.random.default_rng(seed)
    run = ProjectionRun(directory)
    labels = np.repeat(np.arange(classes), each)
    n = len(labels)
    predicted = labels.copy()
    predicted[each - 1 :: each] = (labels[each - 1 :: each] + 1) % classes
    probabilities = np.linspace(0.5, 1, n)
    shown = pictures(n, seed)
    ages = np.arange(n, dtype=np.float32)
    logged = Logged([picture_id(one) for one in shown], labels, predicted, probabilities, ages, shown)
    names = run.names(NAMES if classes == 3 else [f"class_{i:03d}" for i in range(classes)])
    centres = np.stack([centre(int(label), classes) for label in labels])
    spread = random.normal(size=(n, 2)) * (0.06 if classes <= 8 else 0.006)
    logged.neighbours = np.argsort(((centres + spread)[:, None] - (centres + spread)[None]).__pow__(2).sum(-1), 1)[
        :, 1 : K + 1
    ]
    common = {
        "rows": n, "dropped": 2, "fitted": n, "classes": names if labelled else b"",
        "ids": run.column(np.array(logged.ids, np.uint64), "<u8"),
        "neighbours": run.column(logged.neighbours, "<u4"),
        "distances": run.column(np.tile(np.arange(1, K + 1) / 8, (n, 1)), "<f2"),
        "thumbnails": run.thumbnails(shown),
        "columns": [
            pb.NamedColumn(name="age", values=run.column(logged.ages, "<f4"), low=0, high=n - 1),
            pb.NamedColumn(name="camera", values=run.column(np.arange(n) % 2, "<u2"), categories=run.names(["left", "right"])),
        ],
    }  # fmt: skip
    if labelled:
        common |= {
            "labels": run.column(labels, "<u2"),
            "predicted": run.column(predicted, "<u2"),
            "probabilities": run.column(np.rint(probabilities * 65535), "<u2", 1 / 65535),
            "class_distances": distances_of(run, labels, classes),
        }
    for i, step in enumerate(steps):
        share = 0.7 + 0.3 * (i / max(1, len(steps) - 1) if len(steps) > 1 else 1)
        where = share * centres + spread
        if dims == 3:
            where = np.concatenate([where, random.normal(size=(n, 1)) * 0.3], 1)
        measures = [
            pb.Measure(name="trustworthiness", value=0.9 + i / 100, better=pb.HIGHER),
            pb.Measure(name="silhouette", value=0.5, better=pb.HIGHER),
            pb.Measure(name="knn_purity", value=0.8, better=pb.HIGHER),
            pb.Measure(name="knn_purity_2d", value=0.75, better=pb.HIGHER),
        ]
        if i:
            measures.append(pb.Measure(name="displacement", value=0.05, better=pb.NEITHER))
        logged.where[step] = where
        run.projection(pb.Projection(positions=run.positions(where), measures=measures, **common), step)
        if explained:
            explain(run, logged, shown, names, step, clustered=clustered)
    run.segment.close()
    return logged


def explain(
    run: ProjectionRun, logged: Logged, shown: NDArray[np.uint8], classes: bytes, step: int, *, clustered: bool
) -> None:
    """Grad-CAM of every other row, or clusters."""
    rows = np.arange(0, len(shown), max(2, len(shown) // EXPLAINED))
    images = [run.blob(pb.IMAGE, encode_image(shown[row].repeat(4, 0).repeat(4, 1))) for row in rows]
    logged.images = [image.hex() for image in images]
    samples = [
        pb.Sample(
            image=image, label=int(logged.labels[row]), predicted=int(logged.predicted[row]), probability=0.75,
            name=f"image_{row}", id=logged.ids[row],
        )
        for row, image in zip(rows, images, strict=True)
    ]  # fmt: skip
    about = {"targets": logged.predicted[rows].tolist(), "classes": classes, "height": 32, "width": 32}
    if clustered:
        two = np.full(2, 0.5)
        path = pb.ClusterPath(
            assignments=encode_array(np.zeros((len(rows), 2, 2), np.uint8)), ids=[0, 1], shares=two, purity=two, entropy=two,
            histograms=encode_array(np.full((2, 3), 1 / 3, np.float32)),
        )  # fmt: skip
        clusters = pb.Clusters(samples=samples, forward=path, **about)
        run.record(pb.CLUSTERS, "val/clusters", step, clusters.SerializeToString(), len(rows), "FilterClusters")
        return
    maps = np.random.default_rng(step).random((len(rows), 1, 4, 4)).astype(np.float32)
    heatmaps = pb.Heatmaps(samples=samples, maps=encode_array(maps), class_dependent=True, **about)
    run.record(pb.HEATMAPS, "val/gradcam", step, heatmaps.SerializeToString(), len(rows), "GradCAM")
