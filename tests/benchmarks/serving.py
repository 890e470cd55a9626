"""The plugin's answers over HTTP beside a file of as many bytes, served by the same TensorBoard: latency and the server's CPU time."""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.benchmarks.page_runs import write_many
from tests.benchmarks.processes import FLOOR, cpu_seconds, tensorboard
from tests.benchmarks.table import Row

RUNS, TAGS, STEPS, SAMPLES = 20, 10, 300, 64  # 60 000 records of 6 KB
ROUNDS = 40


class Asked(NamedTuple):
    """One answer: what it took, and what came."""

    seconds: float
    body: bytes
    status: int = 200


def ask(url: str, path: str, **query: Any) -> Asked:
    """With a connection of its own, as a browser has it of a server that closes each."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    began = time.perf_counter()
    connection.request("GET", f"/data/plugin/{path}?{urlencode(query, doseq=True)}")
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return Asked(time.perf_counter() - began, body, answer.status)


def keys_of(url: str, run: str, tag: str) -> list[str]:
    """Of all records of a series."""
    listed = json.loads(ask(url, "tb_explain/steps", run=run, kind="HEATMAPS", tag=tag).body)
    return list(listed["series"][0]["keys"])


def main(full: bool = False) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as directory:
        write_many(Path(directory), RUNS, TAGS, STEPS, SAMPLES)
        with tensorboard(Path(directory), more=FLOOR) as (url, server):
            began = time.perf_counter()
            runs = json.loads(ask(url, "tb_explain/runs").body)["runs"]
            while sum(series["records"] for run in runs for series in run["series"]) < RUNS * TAGS * STEPS:
                time.sleep(0.01)
                runs = json.loads(ask(url, "tb_explain/runs").body)["runs"]
            records = f"{RUNS * TAGS * STEPS:,} records in {RUNS} runs".replace(",", " ")
            yield Row(f"the first “runs”: {records}", time.perf_counter() - began, "s", meaning="until all are counted")
            run, tag = runs[0]["run"], runs[0]["series"][0]["tag"]
            some = keys_of(url, run, tag)
            for name, route, query in (
                ("“runs”", "runs", {}),
                (f"“steps” of one series of {STEPS}", "steps", {"run": run, "kind": "HEATMAPS", "tag": tag}),
                (f"“steps” of {TAGS} series of {STEPS}", "steps", {"run": run, "kind": "HEATMAPS"}),
                ("one record", "records", {"run": run, "key": some[:1]}),
                ("60 records in one answer", "records", {"run": run, "key": some[:60]}),
                (f"60 summaries of {SAMPLES} samples", "summaries", {"run": run, "key": some[:60]}),
            ):
                yield beside(url, server, name, route, query, ROUNDS * (3 if full else 1))
            yield Row("memory of TensorBoard's process", server.memory_info().rss / 1e6, "MB", meaning="then")


def beside(url: str, server: Any, name: str, route: str, query: dict[str, Any], rounds: int) -> Row:
    """In turn with a file of as many bytes; the median of the ratios."""
    size = len(ask(url, f"tb_explain/{route}", **query).body)
    ours, floor, cpu = [], [], 0.0
    for _ in range(rounds):
        before = cpu_seconds(server)
        ours.append(ask(url, f"tb_explain/{route}", **query).seconds)
        cpu += cpu_seconds(server) - before
        floor.append(ask(url, "floor/file", bytes=size).seconds)
    ratio = statistics.median(a / b for a, b in zip(ours, floor, strict=True))
    meaning = f"{size / 1000:.0f} kB; new connections, median; {1000 * cpu / rounds:.1f} ms of the server's CPU time"
    return Row(
        name, statistics.median(ours), "s", statistics.median(floor), "floor: a file of as many bytes", ratio, meaning
    )
