"""Opening logdirs of very many records: time, memory and what others wait meanwhile, beside reading the same bytes and TensorBoard's own reader."""

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

from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from torch.utils.tensorboard import SummaryWriter

from tests.benchmarks.large_runs import write_holes
from tests.benchmarks.table import Row

RECORDS, PICTURES, SEGMENTS, RUNS = 1_000_000, 100_000, 1000, 20
SIZE = 20_000
EVENTS = 20_000  # of TensorBoard's, which takes its time

# CPU seconds, but for what another thread waits: on a busy machine, too, these are ours.
OPEN = """
import gc, json, pathlib, psutil, sys, threading, time
from tb_explain.records import RunIndex
directories = sorted(pathlib.Path(sys.argv[1]).iterdir())
memory = lambda: gc.collect() or psutil.Process().memory_info().rss
RunIndex(sys.argv[2]).refresh()
began = time.process_time()
for directory in directories:
    for path in directory.rglob("*.index"): path.read_bytes()
floor = time.process_time() - began
runs = [RunIndex(directory) for directory in directories]
before, waits, done = memory(), [], threading.Event()
def ask():
    while not done.wait(0.001):
        began = time.perf_counter()
        for run in runs: run.series(), run.counts(), run.failures(), run.unread()
        waits.append(time.perf_counter() - began)
asker = threading.Thread(target=ask)
if sys.argv[3:]: asker.start()
began = time.process_time()
for run in runs: run.refresh()
took = time.process_time() - began
done.set()
if sys.argv[3:]: asker.join()
more = memory() - before
began = time.process_time()
for run in runs: run.refresh()
again = time.process_time() - began
began = time.process_time()
for run in runs:
    page = run.page(lambda declared: True)
    while page.more: page = run.page(lambda declared: True, page.cursor)
listed = time.process_time() - began
print(json.dumps({"open": took, "floor": floor, "memory": more, "again": again, "listed": listed, "wait": max(waits, default=0)}))
"""

# What `refresh` of an unchanged logdir cannot do without.
STAT = """
import os, pathlib, sys, time
directories = [os.path.join(run, "plugins", "tb_explain") for run in pathlib.Path(sys.argv[1]).iterdir()]
began = time.process_time()
for directory in directories:
    with os.scandir(directory) as entries:
        for entry in entries: entry.stat()
print(time.process_time() - began)
"""


def large() -> Iterator[Row]:
    """Each logdir is opened three times, each time by a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        for run in range(RUNS):
            write_holes(root / "many" / f"run{run}", 50, RECORDS // RUNS // 50, SIZE)
            for i in range(SEGMENTS // RUNS):
                write_holes(root / "segments" / f"run{run}", 5, 10, SIZE, first=10 * i, created=1.7e9 + i)
        write_holes(root / "one" / "run", 1, RECORDS, SIZE)
        write_holes(root / "pictures" / "run", 1, 1000, SIZE, pictures=PICTURES)
        write_holes(root / "small", 1, 20_000, SIZE)  # to begin with: what any index takes once counts for none
        many, one, pictures, segments = (opened(root, name) for name in ("many", "one", "pictures", "segments"))
        theirs = tensorboard_reads(root / "theirs")
        stats = float(subprocess.check_output([sys.executable, "-c", STAT, root / "segments"]))
        asked = opened(root, "one", "asked")
    gigabytes = RECORDS * SIZE // 10**9
    yield Row(
        f"{RECORDS} records of {gigabytes} GB in {RUNS} runs: opened, CPU time",
        many["open"],
        "s",
        many["floor"],
        "floor: reading their index files",
    )
    yield Row("the same, a record", many["open"] / RECORDS, "s", theirs, "TensorBoard's loader, an event")
    yield Row("memory for them", many["memory"] / RECORDS, "bytes", meaning="a record")
    yield Row("all of them listed, page by page", many["listed"], "s", meaning="CPU time, without making JSON of it")
    yield Row(
        f"one series of {RECORDS} records: opened", one["open"], "s", one["floor"], "floor: reading its index file"
    )
    yield Row("memory for it", one["memory"] / RECORDS, "bytes", meaning="a record")
    yield Row("the longest that another thread waits for what is known meanwhile", asked["wait"], "s")
    yield Row(f"{PICTURES} stored images: memory", pictures["memory"] / PICTURES, "bytes", meaning="an image")
    yield Row(
        f"{SEGMENTS} segments in {RUNS} runs, nothing new: refreshed, CPU time",
        segments["again"],
        "s",
        stats,
        "floor: listing them",
    )


def opened(root: Path, name: str, *more: str) -> dict[str, float]:
    command = [sys.executable, "-c", OPEN, root / name, root / "small", *more]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(3)]
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def tensorboard_reads(run: Path) -> float:
    """CPU seconds an event of one scalar."""
    with SummaryWriter(str(run)) as writer:
        for step in range(EVENTS):
            writer.add_scalar("loss", 0.5, step)
    (path,) = run.iterdir()
    began = time.process_time()
    n = sum(1 for _ in EventFileLoader(os.fspath(path)).Load())
    return (time.process_time() - began) / n
