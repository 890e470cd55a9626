"""Runs whose maps and predictions are chosen so that what a comparison must say is known by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tb_explain.records import Record, SegmentWriter, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb

SAME = [0, 1, 2, 3]
REVERSED = [3, 2, 1, 0]
NEARLY = [0, 2, 1, 3]  # rank correlation with SAME: 1 - 6 * 2 / 60 = 0.8

"""What a run says of a picture at a step: the predicted class, its probability, the values of the map, 2 x 2."""
Said = tuple[int, float, Sequence[int]]


def write_run(
    directory: Path,
    steps: Mapping[int, Mapping[int, Said]],
    tag: str = "val/cam",
    method: str = "GradCAM",
) -> None:
    """A run of one series; each step tells of pictures by number. All are of class 1."""
    segment = SegmentWriter(directory)
    declared = pb.Series(kind=pb.HEATMAPS, tag=tag, method=method, layer="conv")
    records = segment.series(declared)
    classes, found = segment.blob(pb.CLASSES, pb.ClassNames(names=["cat", "dog"]).SerializeToString())
    records += found
    for step, said in steps.items():
        samples = []
        for picture, (predicted, probability, _) in said.items():
            image, found = segment.blob(pb.IMAGE, encode_image(picture_of(picture)))
            records += found
            samples.append(
                pb.Sample(
                    image=image,
                    id=100 + picture,
                    label=1,
                    predicted=predicted,
                    probability=probability,
                    name=f"picture {picture}",
                )
            )
        values = np.array([[each, each] for *_, each in said.values()], np.uint8).reshape(-1, 2, 2, 2)
        payload = pb.Heatmaps(
            samples=samples,
            maps=encode_array(values),
            targets=[0, 1] * len(said),
            probabilities=[
                p if target == predicted else 1 - p for predicted, p, _ in said.values() for target in (0, 1)
            ],
            class_dependent=True,
            classes=classes,
            height=32,
            width=32,
        )
        entry = pb.Entry(kind=pb.HEATMAPS, series=declared.id, step=step, wall_time=1e9 + step, count=len(said))
        records.append(Record(entry, payload.SerializeToString()))
    segment.append(records)
    segment.close()


def picture_of(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A picture that no other number has."""
    return np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)


def write_all(logdir: Path) -> None:
    """Two runs that compare, and some that do not."""
    one = {
        0: {0: (0, 0.9, SAME), 1: (1, 0.6, SAME), 2: (1, 0.7, SAME), 3: (0, 0.8, SAME)},
        10: {0: (1, 0.8, SAME), 1: (1, 0.95, REVERSED), 2: (1, 0.75, NEARLY), 3: (0, 0.8, SAME)},
    }
    write_run(logdir / "one", one)
    # The same method under another tag, without picture 3 and with one of its own.
    two = {10: {1: (0, 0.55, SAME), 0: (1, 0.8, NEARLY), 2: (1, 0.75, NEARLY), 4: (1, 0.9, SAME)}}
    write_run(logdir / "two", two, tag="other/cam")
    write_run(logdir / "foreign", {10: {7: (1, 0.9, SAME)}})
    write_run(logdir / "otherwise", {10: {0: (1, 0.9, SAME)}}, tag="val/lrp", method="LRP")
    write_run(logdir / "damaged", {10: {0: (1, 0.9, SAME)}})
    data = next((logdir / "damaged" / "plugins" / "tb_explain").glob("*.data"))
    content = bytearray(data.read_bytes())
    content[-20] ^= 255
    data.write_bytes(content)
