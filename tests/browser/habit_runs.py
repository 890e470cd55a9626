"""Two small runs made from arrays, whose samples differ in class, confidence, name and correctness."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tb_explain import ExplainWriter

NAMES = ["cat", "wolf", "fox", "owl"]
N = 12
LABELS = [i % 4 for i in range(N)]
WRONG = (1, 6)
PREDICTED = [(label + 1) % 4 if i in WRONG else label for i, label in enumerate(LABELS)]
PROBABILITIES = [round(0.05 + 0.08 * i, 2) for i in range(N)]
SAMPLES = ['=cmd|"x"', *(f"photo_{i:02d}.jpg" for i in range(1, N))]
STEPS = (0, 10, 20, 30)
RUNS = ("alpha", "beta")


def write_runs(logdir: Path) -> None:
    """Maps of two methods, one of them at two layers, and a scalar, so that TensorBoard has tabs of its own to show."""
    random = np.random.default_rng(7)
    images = random.random((N, 3, 32, 32), np.float32)
    for run in RUNS:
        with ExplainWriter(str(logdir / run), strict=True) as writer:
            for step in STEPS:
                writer.add_scalar("loss", 1 / (1 + step), step)
                for method, layer, cells in (("GradCAM", "conv1", 8), ("GradCAM", "conv2", 4), ("Saliency", "", 16)):
                    writer.add_heatmaps(
                        "/".join(filter(None, ("val", method.lower(), layer))),
                        random.random((N, cells, cells), np.float32),
                        images,
                        step,
                        targets=PREDICTED,
                        probabilities=PROBABILITIES,
                        predicted_probabilities=PROBABILITIES,
                        labels=LABELS,
                        predicted=PREDICTED,
                        class_names=NAMES,
                        sample_names=SAMPLES,
                        figures={"insertion": random.random(N, np.float32)},
                        method=method,
                        layer=layer,
                    )
