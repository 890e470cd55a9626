"""A run with a record of every kind, for what must hold of all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tb_explain import ExplainWriter
from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.browser import channel_runs, cluster_runs, hidden_windows, projection_runs
from tests.browser.label_maps import HEIGHT, WIDTH, regions

NAMES = ["cat", "wolf", "fox"]
COUNT = 9


def write_run(directory: Path) -> None:
    """Clusters, projections, channels and hidden windows as the tests of these log them, the rest of three pictures, and failures."""
    cluster_runs.write_run(directory, NAMES)
    projection_runs.write_run(directory, explained=False)
    channel_runs.write_run(directory)
    hidden_windows.write_run(directory)
    _write_pictures(directory)
    _write_failures(directory)


def _write_pictures(directory: Path) -> None:
    random = np.random.default_rng(2)
    images = random.integers(0, 256, (3, HEIGHT, WIDTH, 3), np.uint8)
    labels = np.stack([regions(seed, COUNT) for seed in range(3)])
    related = {
        "pairs": [(0, 1), (2, 3), (4, 5)], "correlations": [0.6, -0.4, 0.2], "joint": [0.3, 0.1, 0.2], "errors": [0.01] * 3,
        "groups": [((0, 1, 2), 0.8)], "block_counts": [(9, 0.5), (16, 0.3)],
    }  # fmt: skip
    with ExplainWriter(directory) as writer:
        for step in (0, 10):

            def about(method: str, layer: str = "", step: int = step) -> dict:
                return {
                    "dataformats": "NHWC", "targets": [0, 1, 2], "probabilities": [0.7, 0.4, 0.9], "labels": [0, 2, 2],
                    "predicted": [0, 1, 2], "predicted_probabilities": [0.7, 0.4, 0.9], "class_names": NAMES,
                    "sample_names": ["one.png", "two.png", "three.png"], "method": method, "layer": layer,
                    "description": f"What {method} says of the photographs.", "figures": {"insertion": [0.4 + step / 100, 0.5, 0.6]},
                }  # fmt: skip

            def log(verb: str, tag: str, *values: object, step: int = step, **more: object) -> None:
                getattr(writer, verb)(tag, *values, images, step, **more)

            log("add_heatmaps", "photos/saliency", random.normal(size=(3, 6, 8)), **about("Saliency"))
            log("add_superpixels", "photos/lime", labels, random.normal(size=(3, 1, COUNT)), **about("LIME"))
            log(
                "add_correlations",
                "photos/ablation",
                labels,
                random.random((3, 1, COUNT)) - 0.3,
                [related] * 3,
                scores=[[0.7], [0.4], [0.9]],
                **about("AblationCA"),
            )
            made = {"conv1": images // 2 + 30, "": images // 3 + 60}
            errors = {"conv1": [10.0, 20.0, 30.0]}
            log("add_reconstructions", "photos/reconstruction", made, errors=errors, **about("FeedbackNetwork"))
        solid = np.where(random.random((2, 1, 6, 8, 10)) < 0.3, 255, 0).astype(np.uint8)
        writer.add_heatmaps(
            "solids/saliency", random.random((2, 8, 26)), solid, 10, method="Saliency", labels=[0, 1], predicted=[0, 0],
            class_names=NAMES, sample_names=["chair", "table"], targets=[0, 0],
        )  # fmt: skip


def _write_failures(directory: Path) -> None:
    failures = [
        pb.Failure(tag="val/gradcam", message="the layer was not found", detail="Traceback:\n  in a file"),
        pb.Failure(tag="val/lime", message="the queue was full", dropped=True),
    ]
    segment = SegmentWriter(directory)
    segment.append(
        [Record(pb.Entry(kind=pb.FAILURE, step=10, wall_time=1e9, failure=failure), b"") for failure in failures]
    )
    segment.close()
