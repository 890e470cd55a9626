"""A run of which everything that the overview tells is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tb_explain.records import Record, SegmentWriter, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb

NAMES = ["cat", "wolf", "fox"]
LABELS = [0, 1, 2, 0, 1, 2]
N = len(LABELS)
PREDICTED = {
    0: [1, 1, 1, 1, 1, 1],  # 2 of 6 right
    10: [0, 1, 2, 1, 1, 1],  # 4 of 6
    20: [0, 1, 0, 0, 1, 1],  # 4 of 6: 2 was forgotten, 3 was learnt
}
SURE = [0.9, 0.8, 0.7, 0.6, 0.5, 0.95]  # sample 5 is the surest mistake
# Of each method the insertion of every sample, and the rank correlation with the step before.
FIGURES = {
    "GradCAM": ([0.9, 0.8, 0.9, 0.8, 0.9, 0.8], [0.4, 0.3, 0.2, 0.1, 0.3, 0.5]),
    "EigenCAM": ([0.5, 0.4, 0.3, 0.1, 0.3, 0.2], [0.9, 0.9, 1.0, 0.9, 0.8, 0.9]),
}
RANDOM = 0.4
LEAST_FAITHFUL = 3  # among the maps of EigenCAM


def write_predictions(directory: Path, *, steps: Sequence[int] = tuple(PREDICTED), seed: int = 0) -> list[str]:
    """Maps of two methods, and one explanation that failed; the content hashes of the images."""
    random = np.random.default_rng(seed)
    segment = SegmentWriter(directory)

    def blob(kind: pb.Kind, payload: bytes) -> bytes:
        name, records = segment.blob(kind, payload)
        segment.append(records)
        return name

    images = [blob(pb.IMAGE, encode_image(random.integers(0, 256, (32, 32, 3), np.uint8))) for _ in LABELS]
    classes = blob(pb.CLASSES, pb.ClassNames(names=NAMES).SerializeToString())
    for step in steps:
        predicted = PREDICTED[step]
        for method, (insertion, likeness) in FIGURES.items():
            series = pb.Series(
                kind=pb.HEATMAPS, tag=f"val/{method.lower()}/conv", method=method, layer="conv", description="maps"
            )
            about: dict[str, Any] = {
                "samples": [
                    pb.Sample(image=image, label=label, predicted=told, probability=sure, name=f"image_{i}", id=i + 1)
                    for i, (image, label, told, sure) in enumerate(zip(images, LABELS, predicted, SURE, strict=True))
                ],
                "targets": predicted,
                "figures": [
                    pb.Figure(name="insertion", values=insertion, random=[RANDOM] * N, better=pb.HIGHER),
                    *([pb.Figure(name="drift_spearman", values=likeness, better=pb.NEITHER)] if step else []),
                ],
            }
            maps = encode_array(random.random((N, 1, 4, 4)).astype(np.float32))
            payload = pb.Heatmaps(maps=maps, classes=classes, height=32, width=32, class_dependent=True, **about)
            declared = segment.series(series)
            entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, wall_time=1e9 + step, count=N)
            segment.append([*declared, Record(entry, payload.SerializeToString())])
    failure = pb.Failure(tag="val/lime", message="The model ran out of memory.")
    segment.append([Record(pb.Entry(kind=pb.FAILURE, step=20, wall_time=1e9 + 20, failure=failure), b"")])
    segment.close()
    return [image.hex() for image in images]
