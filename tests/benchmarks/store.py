"""Opening a run of 30 000 records of 50 KB: time and memory until every step is listed, beside TensorBoard's own files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb

TAGS, STEPS, SIZE = 20, 1500, 50_000

OPEN = """
import psutil, sys, time
from tb_explain.records import RunIndex
memory = lambda: psutil.Process().memory_info().rss / 1e6
before, started = memory(), time.perf_counter()
index = RunIndex(sys.argv[1])
index.refresh()
ready = time.perf_counter() - started
listed = sum(len(index.steps(series).step) for series in index.series())
every = time.perf_counter() - started
key = index.steps(index.series()[0]).keys
started = time.perf_counter()
for k in key[::10]: index.read(k)
read = (time.perf_counter() - started) / len(key[::10])
print(f"index ready in {ready:.3f} s; {listed} steps listed after {every:.3f} s; {memory() - before:.1f} MB more; a read {read * 1000:.2f} ms")
"""


def main() -> None:
    """Write with SegmentWriter, open in a process of its own."""
    with tempfile.TemporaryDirectory() as run:
        segment = SegmentWriter(run)
        payload = os.urandom(SIZE)
        declarations = [pb.Series(kind=pb.HEATMAPS, tag=f"val/gradcam/layer{tag}") for tag in range(TAGS)]
        for declaration in declarations:
            segment.append(segment.series(declaration))
        started = time.perf_counter()
        for step in range(STEPS):
            entries = [
                pb.Entry(kind=pb.HEATMAPS, series=d.id, step=step, wall_time=time.time(), count=32)
                for d in declarations
            ]
            segment.append([Record(entry, payload) for entry in entries])
        seconds = time.perf_counter() - started
        segment.close()
        print(f"{TAGS * STEPS} records of {SIZE // 1000} KB appended at {TAGS * STEPS * SIZE / seconds / 1e6:.0f} MB/s")
        for _ in range(3):
            subprocess.run([sys.executable, "-c", OPEN, run], check=True)
        size = sum(path.stat().st_size for path in Path(run).rglob("*.index"))
        print(f"index files: {size / (TAGS * STEPS):.0f} bytes a record")
