"""Two runs with the same images, of which one was learnt and forgotten at steps that are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tb_explain.pictures import picture_id
from tb_explain.records import encode_array, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.projection_runs import ProjectionRun, pictures

NAMES = ["cat", "wolf", "fox"]
STEPS = range(0, 80, 10)
EXPLAINED, ROWS = 6, 10
LABELS = [0, 1, 2, 0, 1, 2]
WRONG = [(0, 20, 60), (), tuple(STEPS), (0,), (70,), (0,)]  # steps, by image: the first is forgotten at 20 and at 60
MISSING = (5, 30)  # an image that was not logged at this step
PROJECTED = (0, 40)
NEIGHBOURS = [[(own + far) % ROWS for far in (4, 3, 2, 1)] for own in range(ROWS)]  # nearest first


def predicted(image: int, step: int) -> int:
    """The class that the model takes an image for."""
    return (LABELS[image] + (step in WRONG[image])) % 3


def write_runs(logdir: Path) -> None:
    """`first` has all there is; `second` knows three of its images, at one step, without labels."""
    write_run(logdir / "first", list(STEPS), range(EXPLAINED), labelled=True)
    write_run(logdir / "second", [70], range(3), labelled=False)


def write_run(directory: Path, steps: Sequence[int], images: Sequence[int], *, labelled: bool) -> None:
    run = ProjectionRun(directory)
    shown = pictures(ROWS, seed=3)
    ids = [picture_id(one) for one in shown]
    names = run.names(NAMES)
    stored = {image: run.blob(pb.IMAGE, encode_image(shown[image].repeat(4, 0).repeat(4, 1))) for image in images}
    for step in steps:
        if labelled:
            write_other_probe(run, step, run.blob(pb.IMAGE, encode_image(shown[-1].repeat(4, 0).repeat(4, 1))), ids[-1])
        there = [image for image in images if (image, step) != MISSING]
        samples = [
            pb.Sample(image=stored[image], name=f"image_{image}.png", id=ids[image], predicted=predicted(image, step), probability=0.75)
            for image in there
        ]  # fmt: skip
        if labelled:
            for sample, image in zip(samples, there, strict=True):
                sample.label = LABELS[image]
        n = len(there)
        about = {
            "samples": samples, "classes": names, "height": 32, "width": 32,
            "targets": [(predicted(image, step) + rank) % 3 for image in there for rank in range(2)], "probabilities": [0.75, 0.2] * n,
        }  # fmt: skip
        figures = [
            pb.Figure(name="insertion", values=[0.5 + step / 200] * 2 * n, random=[0.3] * 2 * n, better=pb.HIGHER),
            pb.Figure(name="sparseness", values=[0.4] * 2 * n),
        ]
        for tag, method, cells, every, given in (
            ("val/gradcam/conv1", "GradCAM", 4, 10, figures),
            ("val/saliency", "Saliency", 8, 30, []),
        ):
            if step % every and len(steps) > 1:
                continue
            maps = np.random.default_rng([step, cells]).random((n, 2, cells, cells)).astype(np.float32)
            message = pb.Heatmaps(maps=encode_array(maps), class_dependent=True, figures=given, **about)
            run.record(
                pb.HEATMAPS,
                tag,
                step,
                message.SerializeToString(),
                n,
                method,
                tag.split("/")[2] if tag.count("/") > 1 else "",
            )
    if labelled:
        write_projections(run, ids, shown, names)
    run.segment.close()


def write_other_probe(run: ProjectionRun, step: int, image: bytes, row: int) -> None:
    """Of another set of images, one: declared first, it comes first in the list."""
    samples = [pb.Sample(image=image, name="other.png", id=row, predicted=0, probability=0.5)]
    maps = encode_array(np.ones((1, 1, 2, 2), np.float32))
    message = pb.Heatmaps(
        maps=maps, samples=samples, targets=[0], probabilities=[0.5], class_dependent=True, height=32, width=32
    )
    run.record(pb.HEATMAPS, "other/gradcam", step, message.SerializeToString(), 1, "GradCAM")


def write_projections(run: ProjectionRun, ids: list[int], shown: np.ndarray, names: bytes) -> None:
    """Rows of the explained images and of four others; how near rows are follows from their order alone."""
    where = np.random.default_rng(5).random((ROWS, 2)) - 0.5
    common = {
        "rows": ROWS, "classes": names,
        "ids": run.column(np.array(ids, np.uint64), "<u8"), "labels": run.column(np.arange(ROWS) % 3, "<u2"),
        "neighbours": run.column(np.array(NEIGHBOURS), "<u4"),
        "distances": run.column(np.tile(np.arange(1, 5) / 8, (ROWS, 1)), "<f2"), "thumbnails": run.thumbnails(shown),
    }  # fmt: skip
    for step in PROJECTED:
        run.projection(pb.Projection(positions=run.positions(where), **common), step)
