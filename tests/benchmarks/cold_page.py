"""How long a cold page of 100 000 points takes to its first picture: ours, and TensorBoard's projector on the same data."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import numpy as np
import torch
from numpy.typing import NDArray
from playwright.sync_api import Browser
from torch.utils.tensorboard import SummaryWriter

from tb_explain.projections.record import record_of
from tb_explain.projections.rows import Placed, Rows
from tb_explain.records import SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.benchmarks.processes import browser_cpu, cpu_seconds, tensorboard
from tests.benchmarks.table import Row

ROWS, DIMS, CLASSES = 100_000, 64, 20

# Says when TensorBoard has made the plugin's frame, and when the first call that draws most of the points was done; reading a pixel
# waits for that.
WATCH = """
if (window !== window.top) window.top.pluginFrame ??= performance.timeOrigin;
for (const context of [WebGLRenderingContext, WebGL2RenderingContext])
  for (const [name, place] of [["drawArrays", 2], ["drawElements", 1]]) {
    const draw = context.prototype[name];
    context.prototype[name] = function (...given) {
      draw.apply(this, given);
      if (given[place] < 50000 || window.top.firstPicture) return;
      this.readPixels(0, 0, 1, 1, this.RGBA, this.UNSIGNED_BYTE, new Uint8Array(4));
      window.top.firstPicture = Date.now();
    };
  }
"""


def features() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, ROWS)
    centres = rng.normal(0, 2, (CLASSES, DIMS))
    return (centres[labels] + rng.normal(0, 1, (ROWS, DIMS))).astype(np.float32), labels


def write_projection(run: Path, values: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """The first two principal components, which are also what the projector shows first."""
    centred = values - values.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    positions = centred @ axes[:, :-3:-1]
    names = tuple(f"class {index}" for index in range(CLASSES))
    rows = Rows(np.arange(1, ROWS + 1, dtype=np.uint64), labels, class_names=names)
    none, no_distances = np.zeros((ROWS, 0), np.int64), np.zeros((ROWS, 0), np.float32)
    segment = SegmentWriter(run)
    series = pb.Series(kind=pb.PROJECTION, tag="features", method="PCA")
    recorded = record_of(segment, series, 0, time.time(), rows, Placed(positions, ROWS, none, no_distances))
    segment.append(recorded.records)
    segment.close()


def write_embedding(run: Path, values: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    writer = SummaryWriter(str(run))
    writer.add_embedding(torch.from_numpy(values), metadata=[f"class {label}" for label in labels])
    writer.close()


class FirstPicture(NamedTuple):
    """Seconds of a cold page, one part after the other, and the CPU seconds of server and browser for them."""

    known: float  # from a server that begins to answer to one that knows that it has something to show
    shell: float  # until TensorBoard's own page has made the plugin's frame
    plugin: float  # until the points are drawn
    known_cpu: float
    shell_cpu: float
    plugin_cpu: float

    @property
    def total(self) -> float:
        return self.known + self.shell + self.plugin

    @property
    def without_shell(self) -> float:
        return self.known + self.plugin

    @property
    def cpu(self) -> float:
        return self.known_cpu + self.shell_cpu + self.plugin_cpu

    @property
    def cpu_without_shell(self) -> float:
        return self.known_cpu + self.plugin_cpu


def first_picture(browser: Browser, logdir: Path, plugin: str, state: str = "", watch: str = WATCH) -> FirstPicture:
    """With an empty cache and a server that was just started, until what `watch` waits for is drawn; the projector's reads all vectors to know that there are some."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(watch)
    with tensorboard(logdir) as (url, server):

        def now() -> tuple[float, float]:
            return time.time(), cpu_seconds(server) + browser_cpu()

        marks = [now()]
        while not json.loads(urlopen(f"{url}/data/plugins_listing").read())[plugin]["enabled"]:
            time.sleep(0.1)
        marks.append(now())
        page.goto(f"{url}/#{plugin}{state}", wait_until="commit")
        for event in ("pluginFrame", "firstPicture"):
            page.wait_for_function(f"window.{event}", timeout=300_000)
            marks.append((page.evaluate(f"window.{event}") / 1000, now()[1]))
    context.close()
    steps = list(pairwise(marks))
    return FirstPicture(*(b[0] - a[0] for a, b in steps), *(b[1] - a[1] for a, b in steps))


def compare(browser: Browser, repetitions: int = 3) -> Iterator[Row]:
    values, labels = features()
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = Path(directory) / "ours", Path(directory) / "theirs"
        began = time.perf_counter()
        write_projection(ours / "run", values, labels)
        written = time.perf_counter() - began
        began = time.perf_counter()
        write_embedding(theirs / "run", values, labels)
        print(
            f"\n{ROWS:,} rows of {DIMS} features written: positions and labels {written:.1f} s, add_embedding {time.perf_counter() - began:.1f} s"
        )
        print("the first picture of a server that was just started, with an empty cache: seconds, and CPU seconds")
        print(f"{'':<12} {'known':>14} {'shell':>14} {'plugin':>14} {'all':>14} {'without shell':>15}")
        own, other = [], []
        for _ in range(repetitions):
            own.append(first_picture(browser, ours, "tb_explain", "&p.tb_explain.view=projection"))
            report("tb_explain", own[-1])
            other.append(first_picture(browser, theirs, "projector"))
            report("projector", other[-1])
    name = f"cold page of {ROWS // 1000} 000 points"
    yield from beside(name, own, other, "TensorBoard's projector")


def beside(name: str, own: list[FirstPicture], other: list[FirstPicture], peer: str) -> Iterator[Row]:
    """Ours beside the peer's, round by round: with TensorBoard's own page, and without it, in seconds and CPU seconds."""
    for figure, meaning in (
        ("total", "until the first picture, TensorBoard's own page included"),
        ("without_shell", "the same without TensorBoard's own page"),
        ("cpu_without_shell", "CPU time of server and browser for that"),
    ):
        pairs = [(getattr(a, figure), getattr(b, figure)) for a, b in zip(own, other, strict=True)]
        mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        yield Row(name, mine, "s", theirs, peer, statistics.median(a / b for a, b in pairs), meaning)


def report(name: str, of: FirstPicture) -> None:
    parts = zip(
        (of.known, of.shell, of.plugin, of.total, of.without_shell),
        (of.known_cpu, of.shell_cpu, of.plugin_cpu, of.cpu, of.cpu_without_shell),
        strict=True,
    )
    print(f"{name:<12}" + "".join(f" {wall:6.2f} ({cpu:5.2f})" for wall, cpu in parts))
