"""Logdirs to measure the page by: photographs with maps, the same pictures as TensorBoard's own images, and very many records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from sklearn.datasets import load_sample_images
from torch.utils.tensorboard import SummaryWriter

from tb_explain import ExplainWriter
from tb_explain.records import Record, SegmentWriter, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb

SIDE, GRID = 224, 7
NAMES = ["temple", "flower"]


def photographs(count: int) -> NDArray[np.uint8]:
    """Parts of scikit-learn's two photographs, [count, SIDE, SIDE, 3]."""
    random = np.random.default_rng(0)
    whole = load_sample_images().images
    corners = [random.integers(0, np.array(whole[0].shape[:2]) - SIDE) for _ in range(count)]
    return np.stack([whole[i % 2][y : y + SIDE, x : x + SIDE] for i, (y, x) in enumerate(corners)])


def maps(count: int, step: int) -> NDArray[np.float32]:
    """[count, GRID, GRID], in 0..1."""
    return np.random.default_rng(step).random((count, GRID, GRID), np.float32)


def write_explanations(run: Path, count: int, steps: int) -> None:
    """Grad-CAM of photographs, as a training run would log it."""
    pictures = photographs(count)
    labels = np.arange(count) % 2
    predicted = np.arange(count) // 3 % 2  # half of them wrong, so that the overview has something to show
    with ExplainWriter(str(run)) as writer:
        for step in range(steps):
            writer.add_heatmaps(
                "val/gradcam",
                maps(count, step),
                pictures,
                step,
                targets=predicted,
                probabilities=np.linspace(0.5, 0.99, count),
                labels=labels,
                predicted=predicted,
                class_names=NAMES,
                method="GradCAM",
                layer="layer4",
                dataformats="NHWC",
            )


def write_images(run: Path, count: int, steps: int) -> None:
    """The same photographs with the same maps laid over them, as one logs them without Explain: a tag a picture."""
    pictures = photographs(count)
    with SummaryWriter(str(run)) as writer:
        for step in range(steps):
            for i, (picture, found) in enumerate(zip(pictures, maps(count, step), strict=True)):
                enlarged = np.kron(found, np.ones((SIDE // GRID, SIDE // GRID)))
                overlay = 255 * colormaps["viridis"](enlarged)[..., :3]
                mixed = (0.4 * picture + 0.6 * overlay).astype(np.uint8)
                writer.add_image(f"gradcam/{i:02}", mixed, step, dataformats="HWC")


def write_many(logdir: Path, runs: int, tags: int, steps: int, samples: int = 4) -> None:
    """So many records of small maps of the same images, written as fast as the disk takes them."""
    random = np.random.default_rng(0)
    pictures = photographs(samples)[:, ::4, ::4]
    values = random.integers(0, 256, (steps, samples, 1, GRID, GRID), np.uint8)
    for run in range(runs):
        segment = SegmentWriter(logdir / f"run_{run:02}")
        blobs = [segment.blob(pb.IMAGE, encode_image(picture)) for picture in pictures]
        classes, declared = segment.blob(pb.CLASSES, pb.ClassNames(names=NAMES).SerializeToString())
        segment.append([*declared, *(record for _, found in blobs for record in found)])
        payloads = [
            pb.Heatmaps(
                samples=[pb.Sample(image=name, label=i % 2, predicted=i % 2) for i, (name, _) in enumerate(blobs)],
                maps=encode_array(found),
                targets=[0] * samples,
                classes=classes,
                height=pictures.shape[1],
                width=pictures.shape[2],
            ).SerializeToString()
            for found in values
        ]
        for tag in range(tags):
            series = pb.Series(
                kind=pb.HEATMAPS, tag=f"val/gradcam/layer{tag:02}", method="GradCAM", layer=f"layer{tag:02}"
            )
            records = segment.series(series)
            for step, payload in enumerate(payloads):
                entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, wall_time=1e9 + step, count=samples)
                records.append(Record(entry, payload))
            segment.append(records)
        segment.close()
