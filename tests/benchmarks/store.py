"""Opening a run of 30 000 records of 50 KB: time and memory until every step is listed; then logdirs of a million records."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.benchmarks.large import large
from tests.benchmarks.table import Row

TAGS, STEPS, SIZE = 20, 1500, 50_000

OPEN = """
import json, psutil, sys, time
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
print(json.dumps({"ready": ready, "every": every, "listed": listed, "memory": memory() - before, "read": read}))
"""


def main(full: bool = False) -> Iterator[Row]:
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
        records = TAGS * STEPS
        yield Row(
            f"{records} records of {SIZE // 1000} KB appended",
            records * SIZE / seconds / 1e6,
            "MB/s",
            meaning="by SegmentWriter",
        )
        runs = [subprocess.run([sys.executable, "-c", OPEN, run], check=True, capture_output=True) for _ in range(3)]
        took = [json.loads(run.stdout) for run in runs]
        of = {name: statistics.median(one[name] for one in took) for name in took[0]}
        yield Row("opening them: index ready", of["ready"], "s", meaning="a run of 1.5 GB, in a process of its own")
        yield Row("every step of every series listed", of["every"], "s", meaning=f"{of['listed']} steps")
        yield Row("memory for it", of["memory"], "MB", meaning=f"{of['memory'] * 1e6 / records:.0f} bytes a record")
        yield Row("one payload read", of["read"], "s", meaning="with its CRC")
        size = sum(path.stat().st_size for path in Path(run).rglob("*.index"))
        yield Row("index file", size / records, "bytes", meaning="a record, on disk")
    yield from large()
