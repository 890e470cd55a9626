"""Clusters of 10⁶ vectors of 64 channels from a stream beside MiniBatchKMeans fed by hand: time, memory above the loaded libraries, inertia."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tb_explain.methods import FilterClusters
from tests.benchmarks.table import Row

K, CHANNELS, SIDE, BATCH, BATCHES, CLASSES = 60, 64, 56, 16, 20, 10  # 1 003 520 vectors
KINDS = 200  # of features that there are, in unequal shares
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Stream:
    """Batches (features, labels), made when asked for, as a loader would; notes what was spent whenever it is begun."""

    def __init__(self, batches: int = BATCHES, side: int = SIDE) -> None:
        self.batches, self.side = batches, side
        generator = torch.Generator().manual_seed(0)
        self._kinds = 2 * torch.randn(KINDS, CHANNELS, generator=generator)
        self._weights = torch.rand(CLASSES, KINDS, generator=generator) ** 4
        self.begun: list[dict[str, float]] = []

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.begun.append(spent())
        for i in range(self.batches):
            generator = torch.Generator().manual_seed(i)
            labels = torch.randint(CLASSES, (BATCH,), generator=generator)
            kinds = torch.multinomial(self._weights[labels], self.side**2, replacement=True, generator=generator)
            images = torch.randn(BATCH, CHANNELS, self.side, self.side, generator=generator)
            images += self._kinds[kinds].transpose(1, 2).unflatten(2, images.shape[2:])
            yield images, labels


def spent() -> dict[str, float]:
    return {"cpu": time.process_time(), "wall": time.perf_counter(), "peak": status("VmHWM")}


def status(field: str) -> float:
    """A figure of this process in MiB (Linux)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def rows(images: Tensor) -> Any:
    return images.permute(0, 2, 3, 1).reshape(-1, CHANNELS).numpy()


def ours(stream: Stream) -> tuple[Any, dict[str, float]]:
    """Centroids, and what had been spent when they were known, before the statistics."""
    model = nn.Sequential(nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS, CLASSES)).eval()
    space = FilterClusters("0", k=K, patches=0).fit(model, stream).spaces["0", "forward"]
    return space.centroids.numpy(), stream.begun[-1]


def by_hand(stream: Stream, step: int = BATCH * SIDE * SIDE) -> tuple[Any, dict[str, float]]:
    """The same with scikit-learn alone: fit to so many vectors at a time, then count clusters by class."""
    from sklearn.cluster import MiniBatchKMeans

    model = MiniBatchKMeans(K, random_state=0)
    for images, _ in stream:
        vectors = rows(images)
        for start in range(0, len(vectors) - K, step):  # what is less than K vectors cannot begin it
            model.partial_fit(vectors[start : start + step])
    fitted = spent()
    counts = np.zeros((K, CLASSES))
    for images, labels in stream:
        np.add.at(counts, (model.predict(rows(images)), labels.repeat_interleave(stream.side**2).numpy()), 1)
    return model.cluster_centers_, fitted


def by_hand_in_parts(stream: Stream) -> tuple[Any, dict[str, float]]:
    """Many more steps of the centroids, as many vectors each as tb_explain gives to scikit-learn."""
    return by_hand(stream, 2048)


def inertia(centroids: Any, stream: Stream) -> float:
    """Mean squared distance of a vector from the nearest centroid."""
    c = torch.as_tensor(centroids, dtype=torch.float32)
    return statistics.mean(
        float(torch.cdist(torch.from_numpy(rows(images)), c).min(1).values.square().mean()) for images, _ in stream
    )


CONTENDERS = {
    "tb_explain": ours,
    "MiniBatchKMeans by hand": by_hand,
    "by hand, 2048 at a time": by_hand_in_parts,
}


class Ready(Stream):
    """The same batches, made beforehand."""

    def __init__(self) -> None:
        super().__init__()
        self._made = list(super().__iter__())

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.begun.append(spent())
        return iter(self._made)


def alone(name: str) -> None:
    """One contender in this process: prints what it needed as JSON. Memory is that of a stream, time that of batches at hand."""
    torch.set_num_threads(1)
    contender = CONTENDERS[name]
    contender(Stream(2, 16))  # pays for what is imported late, by torch above all
    stream = Stream()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from what is resident now
    memory = status("VmRSS")
    centroids, fitted = contender(stream)
    found = {"fit peak": fitted["peak"] - memory, "all peak": spent()["peak"] - memory}
    found["inertia"] = inertia(centroids, stream)
    ready, runs = Ready(), []
    for _ in range(5):
        before = spent()
        fitted, done = contender(ready)[1], spent()
        runs.append(
            {
                f"{part} {key}": at[key] - before[key]
                for part, at in (("fit", fitted), ("all", done))
                for key in ("cpu", "wall")
            }
        )
    found |= {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    print(json.dumps(found))


def main(repetitions: int = 0, full: bool = False) -> Iterator[Row]:
    repetitions = repetitions or (3 if full else 1)
    columns = ("fit cpu", "fit wall", "fit peak", "all cpu", "all wall", "all peak", "inertia")
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(repetitions):
        for name in CONTENDERS:
            command = [sys.executable, "-c", f"from tests.benchmarks.clusters import alone; alone({name!r})"]
            answer = subprocess.run(command, check=True, capture_output=True, env=os.environ | ONE_THREAD).stdout
            measured[name].append(json.loads(answer.splitlines()[-1]))
    print(
        f"{BATCH * BATCHES * SIDE * SIDE} vectors of {CHANNELS} channels, k = {K}; seconds and MiB, median of {repetitions}"
    )
    print(f"{'':<26}" + "".join(f"{column:>10}" for column in columns))
    medians = {
        name: {column: statistics.median(one.get(column, float("nan")) for one in runs) for column in columns}
        for name, runs in measured.items()
    }
    for name, row in medians.items():
        print(f"{name:<26}" + "".join(f"{row[column]:10.2f}" for column in columns))
    mine, *theirs = CONTENDERS
    of = medians[mine]
    for name in theirs:
        for title, column, unit, meaning in (
            ("fitting 60 clusters to 10⁶ vectors of 64", "fit cpu", "s", "CPU time"),
            ("the same and its statistics", "all cpu", "s", "CPU time, the network's included"),
            ("the same, memory", "all peak", "MiB", "peak above what the process had"),
            ("the same, inertia", "inertia", "", "mean squared distance from a centroid; less is better"),
        ):
            yield Row(title, of[column], unit, medians[name][column], name, meaning=meaning)
