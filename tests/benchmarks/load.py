"""Fifty clients over runs that are being written, and fifty that hardly read: latency by route, and memory, with both of TensorBoard's loaders."""

from __future__ import annotations

import http.client
import os
import random
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import psutil

from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.benchmarks.page_runs import write_many
from tests.benchmarks.processes import FLOOR, cpu_seconds, tensorboard
from tests.benchmarks.serving import Asked, ask, keys_of
from tests.benchmarks.table import Row

CLIENTS = 50
SECONDS = float(os.environ.get("SECONDS", "0"))  # of load, instead of 15, or 60 of a full run
PAUSE = 0.5  # seconds that a client looks at what it got
RUNS, TAGS, STEPS, SAMPLES = 8, 5, 200, 64
LARGE = 32, 2 << 20  # records and their bytes, of the answers that slow clients ask for


class Writing:
    """Goes on writing to all runs in a thread of its own, forty records a second."""

    def __init__(self, logdir: Path) -> None:
        self._segments = [SegmentWriter(logdir / f"run_{run:02}") for run in range(RUNS)]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.records = 0

    def __enter__(self) -> Writing:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _write(self) -> None:
        payload = pb.Heatmaps(samples=[pb.Sample(name="a")], targets=[0]).SerializeToString()
        while not self._done.wait(RUNS / 40):
            for segment in self._segments:
                series = pb.Series(kind=pb.HEATMAPS, tag="live")
                records = segment.series(series)
                entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=self.records, wall_time=time.time(), count=1)
                segment.append([*records, Record(entry, payload)])
                self.records += 1


def visit(url: str, number: int, ends: float) -> list[tuple[str, Asked]]:
    """One client: asks what a page asks, one route after the other."""
    chance, found = random.Random(number), []
    run, tag = f"run_{number % RUNS:02}", f"val/gradcam/layer{number % TAGS:02}"
    keys = keys_of(url, run, tag)
    while time.monotonic() < ends:
        for name, route, query in (
            ("runs", "tb_explain/runs", {}),
            ("steps", "tb_explain/steps", {"run": run, "kind": "HEATMAPS", "tag": "live"}),
            ("records", "tb_explain/records", {"run": run, "key": chance.sample(keys, 8)}),
            ("summaries", "tb_explain/summaries", {"run": run, "key": chance.sample(keys, 8)}),
            ("a file of 26 kB", "floor/file", {"bytes": 26_000}),
        ):
            answer = ask(url, route, **query)
            if answer.status != 200 and (name, answer.status) != ("steps", 404):  # nothing is live yet
                raise RuntimeError(f"{name}: {answer.status} {answer.body[:200]!r}")
            found.append((name, answer))
            time.sleep(PAUSE * 2 * chance.random())
    return found


def many(url: str, server: psutil.Process, logdir: Path, loader: str, seconds: float) -> Iterator[Row]:
    """What each route takes, and what it takes of a file in the same crowd."""
    before, spent = server.memory_info().rss, cpu_seconds(server)
    ends = time.monotonic() + seconds
    with Writing(logdir) as writing, ThreadPoolExecutor(CLIENTS) as clients:
        visits = [one for found in clients.map(lambda n: visit(url, n, ends), range(CLIENTS)) for one in found]
    share = (cpu_seconds(server) - spent) / seconds
    times: dict[str, list[float]] = {}
    for name, answer in visits:
        times.setdefault(name, []).append(answer.seconds)
    floor = statistics.median(times.pop("a file of 26 kB"))
    for name, waited in times.items():
        p95 = statistics.quantiles(waited, n=20)[-1]
        meaning = f"median; p95 {p95 * 1000:.0f} ms, max {max(waited) * 1000:.0f} ms"
        yield Row(f"{loader}: {name}", statistics.median(waited), "s", floor, "floor: a file of 26 kB", meaning=meaning)
    rate, written = len(visits) / seconds, writing.records / seconds
    meaning = f"{rate:.0f} answers a second at {written:.0f} new records a second, {share:.2f} cores"
    yield Row(
        f"{loader}: memory of the process",
        server.memory_info().rss / 1e6,
        "MB",
        before / 1e6,
        "before",
        meaning=meaning,
    )


def slow(url: str, server: psutil.Process, loader: str, seconds: float) -> Iterator[Row]:
    """Clients that ask for a large answer and read a kilobyte a second of it; what they hold, and how others fare."""
    keys = keys_of(url, "large", "large")
    target = "/data/plugin/tb_explain/records?" + urlencode({"run": "large", "key": keys}, doseq=True)
    before = server.memory_info().rss
    answers = [begun(url, target) for _ in range(CLIENTS)]
    alone, most = [], 0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for answer in answers:
            answer.read(1024)
        alone.append(ask(url, "tb_explain/runs").seconds)
        most = max(most, server.memory_info().rss)
        time.sleep(max(0.0, 1 - alone[-1]))
    for answer in answers:
        answer.close()
    promised = CLIENTS * LARGE[0] * LARGE[1] / 1e6
    meaning = f"others have “runs” in {statistics.median(alone) * 1000:.0f} ms meanwhile"
    name = f"{loader}: held for {CLIENTS} clients that read 1 kB/s"
    yield Row(name, (most - before) / 1e6, "MB", promised, "promised to them", meaning=meaning)


def begun(url: str, target: str) -> http.client.HTTPResponse:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sock.connect((address.hostname, address.port))
    connection.request("GET", target)
    return connection.getresponse()


def write_large(run: Path) -> None:
    segment = SegmentWriter(run)
    series = pb.Series(kind=pb.HEATMAPS, tag="large")
    segment.append(segment.series(series))
    content = np.random.default_rng(0)
    for step in range(LARGE[0]):
        entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, count=1)
        segment.append([Record(entry, content.bytes(LARGE[1]))])
    segment.close()


def main(full: bool = False) -> Iterator[Row]:
    seconds = SECONDS or (60 if full else 15)
    for loader, argument in (("fast loader", "--load_fast=true"), ("Python loader", "--load_fast=false")):
        with tempfile.TemporaryDirectory() as directory:
            logdir: Any = Path(directory)
            write_many(logdir, RUNS, TAGS, STEPS, SAMPLES)
            write_large(logdir / "large")
            with tensorboard(logdir, argument, more=FLOOR) as (url, server):
                ask(url, "tb_explain/runs")
                yield from many(url, server, logdir, loader, seconds)
                yield from slow(url, server, loader, seconds / 3)
