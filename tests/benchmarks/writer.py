"""The writer's throughput, and what it costs a pure-Python loop on the main thread, beside SummaryWriter's."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from tb_explain import ExplainWriter
from tests.benchmarks.table import Row

MAPS = np.random.default_rng(0).random((64, 28, 28), dtype=np.float32)  # 50 KB on file, 200 KB of input


def spin(seconds: float) -> float:
    """Turns a second of an empty Python loop."""
    turns, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        turns += 1
    return turns / seconds


def main(full: bool = False) -> Iterator[Row]:
    """Throughput with the main thread waiting; then a loop's speed while a full queue drains, in alternating slices."""
    with tempfile.TemporaryDirectory() as run:
        writer = ExplainWriter(run, queue_bytes=1 << 30)
        writer.add_heatmaps("warm", MAPS, global_step=0)
        writer.flush()
        n = 3000
        started = time.perf_counter()
        for step in range(n):
            writer.add_heatmaps("maps", MAPS, global_step=step)
        accepted = time.perf_counter() - started
        writer.flush()
        seconds = time.perf_counter() - started
        throughput = n * MAPS.size / seconds / 1e6
        speed, rate = _while_draining(writer)
        writer.close()
    with tempfile.TemporaryDirectory() as run:
        summary = SummaryWriter(run, max_queue=10_000)
        blob = torch.from_numpy(np.random.default_rng(0).integers(0, 256, 50_000, dtype=np.uint8))
        started = time.perf_counter()
        for step in range(100):
            summary.add_tensor("blob", blob, step)
        summary.flush()
        peer = 100 * blob.nbytes / (time.perf_counter() - started) / 1e6
        alone = spin(0.3)
        for step in range(200):
            summary.add_tensor("blob", blob, step)
        slowed = spin(0.3) / alone
        summary.close()
    name = "add_heatmaps, 64 maps of 28 × 28"
    yield Row(name, throughput, "MB/s", peer, "SummaryWriter.add_tensor", meaning="on file; more is better")
    yield Row("one such call on the main thread", accepted / n, "s", meaning="until the training loop goes on")
    loop = "a Python loop while a queue drains, share of its speed"
    yield Row(
        loop, speed, "", slowed, "SummaryWriter", meaning=f"1: not slowed at all; {rate:.0f} MB/s on file meanwhile"
    )


def _while_draining(writer: ExplainWriter) -> tuple[float, float]:
    """The loop's relative speed while a queue drains, and the MB/s on file meanwhile; medians of five."""
    speeds, rates = [], []
    for _ in range(5):
        writer.flush()
        for step in range(3000):
            writer.add_heatmaps("maps", MAPS, global_step=step)
        queued = writer._recorder._bytes
        turns, started = 0, time.perf_counter()
        while (now := time.perf_counter()) < started + 0.3 and writer._recorder._bytes:
            turns += 1
        rates.append((queued - writer._recorder._bytes) / 4 / (now - started) / 1e6)
        writer.flush()
        after, turned = 0, time.perf_counter()
        while (end := time.perf_counter()) < turned + 0.3 and not writer._recorder._bytes:
            after += 1
        speeds.append(turns / (now - started) / (after / (end - turned)))
    return sorted(speeds)[2], sorted(rates)[2]
