"""A training loop's speed while features are reduced beside it, with a core to spare and without one; and what large sets take. On Linux."""

from __future__ import annotations

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tb_explain.projections import UMAP, Rows
from tb_explain.projections.jobs import Job
from tb_explain.projections.reductions import Reductions
from tb_explain.records import explain_pb2 as pb
from tests.benchmarks.table import Row

ROWS, CHANNELS = 5000, 512
SLICE = 0.5  # seconds


def training_step() -> Callable[[], None]:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    images, labels = torch.randn(64, 3, 32, 32), torch.randint(10, (64,))

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


def speed(step: Callable[[], None], seconds: float, while_true: Callable[[], bool] = lambda: True) -> float:
    """Steps a second."""
    steps, started = 0, time.perf_counter()
    while (now := time.perf_counter()) < started + seconds and while_true():
        step()
        steps += 1
    return steps / (now - started)


def job_of(step: int, values: np.ndarray, labels: np.ndarray, reducer: UMAP) -> Job:
    series = pb.Series(kind=pb.PROJECTION, tag="features", method="UMAP")
    rows = Rows(np.arange(1, len(values) + 1), labels)
    return Job(series, step, time.time(), rows, reducer, values)


def features(rows: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.arange(rows) % 10
    values = random.standard_normal((rows, channels), np.float32)
    values += 2 * random.standard_normal((10, channels), np.float32)[labels]
    return values, labels


def beside(threads: int, pairs: int) -> None:
    """Short slices of a loop, in turn beside a worker that is stopped and beside one that works."""
    torch.set_num_threads(threads)
    values, labels = features(ROWS, CHANNELS)
    step = training_step()
    speed(step, 1)
    ratios, handing, worked = [], [], 0.0
    with tempfile.TemporaryDirectory() as run:
        handle = Reductions(run, lambda outcome: None)
        for i in range(pairs):
            if not handle._pending:
                started = time.perf_counter()
                handle.put(job_of(i, values, labels, UMAP()))
                handing.append(time.perf_counter() - started)
            worker = handle._worker
            assert worker is not None
            worker.send_signal(signal.SIGSTOP)
            alone = speed(step, SLICE)
            before = cpu_time(worker.pid)
            worker.send_signal(signal.SIGCONT)
            ratios.append(speed(step, SLICE) / alone)
            worked += cpu_time(worker.pid) - before
        worker.kill()  # what it is at need not be waited for
        handle.close()
    print(json.dumps({"ratios": ratios, "handing": handing, "worked": worked / (pairs * SLICE)}))


def cpu_time(pid: int) -> float:
    """Seconds (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def large(rows: int, channels: int) -> None:
    """What a large set takes, in a process of its own and one thread."""
    from tb_explain.projections.reduction import reduce

    values, labels = features(rows, channels)
    reduce(UMAP(), values[:300], np.arange(1, 301, dtype=np.uint64))  # compiles
    started = time.process_time()
    placed, _ = reduce(UMAP(), values, np.arange(1, rows + 1, dtype=np.uint64), labels)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    error = placed.measures.get("landmark_error", 0.0)
    print(json.dumps({"seconds": seconds, "peak": peak, "error": error, "fitted": placed.fitted}))


def alone(call: str, threads: int) -> dict[str, Any]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    command = [sys.executable, "-c", f"from tests.benchmarks.reducing import beside, large; {call}"]
    environment = os.environ | dict.fromkeys(names, str(threads))
    answer = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
    found: dict[str, Any] = json.loads(answer.splitlines()[-1])
    return found


def main(pairs: int = 0, full: bool = False) -> Iterator[Row]:
    pairs = pairs or (60 if full else 15)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    print(f"loop beside UMAP of {ROWS} x {CHANNELS}; {cores} cores, others' load {os.getloadavg()[0]:.1f}")
    for threads in sorted({max(1, cores - 1), cores}):
        found = alone(f"beside({threads}, {pairs})", threads)
        low, median, high = np.quantile(found["ratios"], (0.25, 0.5, 0.75))
        spare = "a core to spare" if threads < cores else "no core to spare"
        handing = statistics.median(found["handing"])
        meaning = (
            f"share of its speed (quartiles {low:.2f}, {high:.2f}); the worker had {found['worked']:.2f} of a core"
        )
        yield Row(f"a training loop beside UMAP, {spare}", median, "", 1, "floor: the worker stopped", meaning=meaning)
        yield Row(f"handing over {ROWS} × {CHANNELS} features, {spare}", handing, "s", meaning="until the loop goes on")
    for rows in (20_000, 100_000, 1_000_000) if full else (20_000,):
        took = alone(f"large({rows}, 64)", 1)
        meaning = f"CPU time; {took['peak']:.1f} GiB at most, landmark error {took['error']:.3f}"
        yield Row(f"UMAP of {rows} × 64, fitted to {took['fitted']}", took["seconds"], "s", meaning=meaning)
