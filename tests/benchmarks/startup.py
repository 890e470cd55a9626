"""TensorBoard with the plugin and without it, in turn, on logdirs that hold none of our data: what being installed costs."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from tests.benchmarks.processes import cpu_of_all, cpu_seconds, tensorboard
from tests.benchmarks.table import Row

SECONDS = float(
    os.environ.get("SECONDS", "0")
)  # of looking at what an idle TensorBoard needs, instead of 6, or 30 of a full run
POLL = 5.0  # seconds between two listings of the plugins: six times as often as a page that reloads by itself

IMPORT = """
import time
began = time.process_time()
import tb_explain
print(time.process_time() - began)
"""

LOAD = """
import sys, time
import tensorboard.program, tensorboard.default
from tensorboard.plugins.base_plugin import TBContext
tensorboard.default.get_plugins()
began = time.process_time()
from tb_explain.plugin.loader import ExplainLoader
listed = time.process_time()
assert ExplainLoader().load(TBContext(logdir=sys.argv[1])) is not None
print(listed - began, time.process_time() - began)
"""


def write_foreign(logdir: Path, runs: int, files: int) -> None:
    """Runs with a few scalars, and files of others beside them."""
    for number in range(runs):
        run = logdir / f"run_{number:04}"
        writer = EventFileWriter(str(run))
        for step in range(5):
            values = [Summary.Value(tag="loss", simple_value=1 / (step + 1))]
            writer.add_event(Event(wall_time=1e9 + step, step=step, summary=Summary(value=values)))
        writer.close()
        for name in range(files):
            (run / f"checkpoint_{name:03}").touch()


def looked_at(logdir: Path, plugin: bool, seconds: float) -> dict[str, float]:
    """What one TensorBoard needs until it answers, until it has listed its plugins, and for some time in which hardly anything is asked."""
    began = time.perf_counter()
    with tensorboard(logdir, plugin=plugin) as (url, server):
        found = {"start": time.perf_counter() - began, "start CPU": cpu_seconds(server)}
        began = time.perf_counter()
        urlopen(f"{url}/data/plugins_listing").read()
        found["listing"] = time.perf_counter() - began
        before, ends = cpu_of_all(server), time.monotonic() + seconds
        again = []
        while time.monotonic() < ends:
            time.sleep(min(POLL, max(0.0, ends - time.monotonic())))
            began = time.perf_counter()
            urlopen(f"{url}/data/plugins_listing").read()
            again.append(time.perf_counter() - began)
        found["idle CPU"] = cpu_of_all(server) - before
        found["again"] = statistics.median(again)
        found["memory"] = server.memory_info().rss / 1e6
    return found


def beside(logdir: Path, named: str, rounds: int, seconds: float) -> Iterator[Row]:
    """The median of the ratios within a round; in every other round the one without the plugin comes first."""
    pairs = []
    for number in range(rounds):
        order = (True, False) if number % 2 else (False, True)
        pairs.append({plugin: looked_at(logdir, plugin, seconds) for plugin in order})
    for figure, title, unit, meaning in (
        ("start", "TensorBoard starts", "s", "until it answers"),
        ("start CPU", "TensorBoard starts", "s", "CPU time"),
        ("listing", "its plugins are listed", "s", "the first time; ours may look for its data meanwhile"),
        ("again", "its plugins are listed again", "s", "median"),
        ("idle CPU", f"{seconds:g} s of little to do", "s", f"CPU time; the plugins are listed every {POLL:g} s"),
        ("memory", "memory of its process", "MB", "then"),
    ):
        mine, theirs = (statistics.median(pair[plugin][figure] for pair in pairs) for plugin in (True, False))
        ratio = statistics.median(pair[True][figure] / pair[False][figure] for pair in pairs)
        yield Row(f"{named}: {title}", mine, unit, theirs, "without the plugin", ratio, meaning)


def main(full: bool = False) -> Iterator[Row]:
    rounds, seconds = (5, SECONDS or 30) if full else (3, SECONDS or 6)
    with tempfile.TemporaryDirectory() as directory:
        few, many = Path(directory) / "few", Path(directory) / "many"
        few.mkdir()
        imported = statistics.median(measured(IMPORT)[0] for _ in range(5 * rounds))
        yield Row("import tb_explain", imported, "s", meaning="CPU time")
        took = [measured(LOAD, few) for _ in range(2 * rounds)]
        for name, column in (("the loader", 0), ("loader and plugin", 1)):
            meaning = "CPU time that importing adds to TensorBoard's own"
            yield Row(f"importing {name}", statistics.median(one[column] for one in took), "s", meaning=meaning)
        write_foreign(few, 10, 0)
        write_foreign(many, 1000, 100)
        yield from beside(few, "10 foreign runs", rounds, seconds)
        yield from beside(many, "1000 foreign runs of 100 files", rounds, 2 * seconds)


def measured(code: str, *arguments: Path) -> tuple[float, ...]:
    """The numbers that a Python of its own prints last."""
    answer = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], check=True, capture_output=True, text=True
    ).stdout
    return tuple(float(seconds) for seconds in answer.splitlines()[-1].split())
