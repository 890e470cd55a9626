"""The scatter plot in headless Chromium without a GPU: CPU time a frame, first picture, memory, lasso; and a cold page beside TensorBoard's projector."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks import cold_page
from tests.benchmarks.processes import browser_cpu
from tests.benchmarks.table import Row
from tests.browser.scatter_page import scatter_page

WIDTH, HEIGHT = 1000, 700
COUNTS = (10_000, 100_000, 1_000_000)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--enable-precise-memory-info"]

# Twenty crowds, sorted by class as a data set may be; two crowds overlap here and there.
POINTS = """n => {
  let seed = 7;
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const crowds = Array.from({ length: 20 }, () => [0, 1].map(() => (0.15 + 0.7 * random()) * 65535));
  window.stored = new Uint16Array(2 * n);
  window.codes = new Uint8Array(n);
  for (let row = 0; row < n; row++) {
    codes[row] = Math.floor((20 * row) / n);
    for (const axis of [0, 1])
      stored[2 * row + axis] = Math.min(65535, Math.max(0, crowds[codes[row]][axis] + 3000 * normal()));
  }
  window.palette = Uint32Array.from({ length: 20 }, (_, i) => 0xff000000 | Math.imul(i + 1, 0x5f3a17));
  window.canvas = document.querySelector("canvas");
  const frame = () => new Promise(requestAnimationFrame);
  // Until all that was asked of the GPU process is drawn.
  window.sync = () => {
    const gl = canvas.getContext("webgl2");
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  };
  window.steps = async (count, move) => {
    for (let step = 0; step < count; step++) {
      move(step);
      await frame();
      await frame();
      sync();
    }
  };
}"""

FLOOR = """() => {
  Object.assign(canvas, { width: 1000, height: 700 });
  const draw = scatter.createFloor(canvas, stored, codes);
  window.move = step => requestAnimationFrame(() => draw(0.01 * Math.sin(step), 0, 1 + 0.02 * (step % 5)));
}"""

OURS = """async everything => {
  const theme = { ink: 0xff202020, missing: 0xff999999 };
  window.plot = scatter.createScatter(canvas, { theme, everything });
  window.pictures = 0;
  plot.subscribe(() => pictures++);
  plot.resize(1000, 700, 1);
  plot.arrange([{ x: 0, y: 0, width: 1000, height: 700 }]);
  plot.panels[0].setPoints({ dims: 2, to: { stored, scale: 1, offset: 0 } });
  plot.panels[0].setColours({ codes, palette });
  window.move = step => step % 2 ? plot.camera.pan(5, 3) : plot.camera.zoom(step % 4 ? 1.02 : 1 / 1.02, 500, 350);
  await new Promise(done => plot.subscribe(() => done()));
  sync();
}"""

SETTLED = """async () => {
  while (!plot.stats.settled) await new Promise(requestAnimationFrame);
  sync();
}"""

# How long it takes to index the points, and to know which rows a hand-drawn line of 80 corners holds.
LASSO = """() => {
  const corners = Array.from({ length: 160 }, (_, i) => {
    const angle = (2 * Math.PI * (i >> 1)) / 80;
    const radius = 20000 + 3000 * Math.sin(7 * angle);
    return 32767 + radius * (i % 2 ? Math.sin(angle) : Math.cos(angle));
  });
  const timed = work => {
    const began = performance.now();
    const result = work();
    return [performance.now() - began, result];
  };
  const [index] = timed(() => plot.panels[0].pick(500, 350)); // what is pointed at before anything is circled
  const lassos = Array.from({ length: 11 }, () => timed(() => plot.panels[0].inPolygon(corners)));
  return { index, times: lassos.map(([time]) => time), found: lassos[0][1].length };
}"""

MOVING = """async seconds => {
  const [before, began] = [pictures, performance.now()];
  let turns = 0;
  while (performance.now() < began + 1000 * seconds) {
    move(turns++);
    await new Promise(requestAnimationFrame);
  }
  sync();
  return [pictures - before, (performance.now() - began) / 1000, plot.stats.drawn];
}"""


def opened(browser: Browser, url: str, count: int) -> Page:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto(url)
    page.wait_for_function("window.scatter")
    page.evaluate(POINTS, count)
    return page


def a_frame(page: Page, steps: int) -> float:
    """CPU milliseconds of each of some frames that move."""
    page.evaluate("count => steps(count, move)", 2)
    began = browser_cpu()
    page.evaluate("count => steps(count, move)", steps)
    return (browser_cpu() - began) / steps * 1000


def heap(page: Page) -> tuple[float, float]:
    """MB of JavaScript objects, and of the arrays beside them."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    return usage["usedSize"] / 1e6, usage.get("backingStorageSize", 0) / 1e6


def engine(browser: Browser, url: str, count: int, repetitions: int) -> Iterator[Row]:
    steps = 20 if count < 1_000_000 else 6
    rows: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        rows.setdefault(name, []).append(value)

    for _ in range(repetitions):
        page = opened(browser, url, count)
        page.evaluate(FLOOR)
        note("floor", a_frame(page, steps))
        page.close()
        page = opened(browser, url, count)
        page.evaluate(OURS, True)
        note("all points", a_frame(page, steps))
        page.close()
        page = opened(browser, url, count)
        began = browser_cpu()
        wall: Any = page.evaluate(
            f"async () => {{ const began = performance.now(); await ({OURS})(false); return performance.now() - began; }}"
        )
        note("first CPU", (browser_cpu() - began) * 1000)
        note("first", wall)
        page.evaluate(SETTLED)
        lasso = page.evaluate(LASSO)
        note("index", lasso["index"])
        note("lasso", statistics.median(lasso["times"]))
        note("found", lasso["found"])
        objects, arrays = heap(page)
        note("heap", objects)
        note("arrays", arrays)
        began = browser_cpu()
        pictures, seconds, drawn = page.evaluate(MOVING, 3)
        note("moving", (browser_cpu() - began) / pictures * 1000)
        note("rate", pictures / seconds)
        note("drawn", drawn)
        page.close()
    of = {name: statistics.median(values) for name, values in rows.items()}
    print(
        f"{count:>9,} {of['floor']:7.0f} {of['all points']:11.0f} {of['all points'] / of['floor']:8.2f} {of['moving']:8.0f} "
        f"{of['rate']:5.0f} {of['drawn']:9,.0f} {of['first']:9.0f} {of['first CPU']:7.0f} {of['index']:9.0f} {of['lasso']:6.0f} "
        f"{of['found']:9,.0f} {of['heap']:8.1f} {of['arrays']:7.1f}",
        flush=True,
    )
    ms, floor, name = "ms", "floor: one bare draw call", f"{count:,} points".replace(",", " ")
    yield Row(f"{name}, a frame with all", of["all points"], ms, of["floor"], floor, meaning="CPU time, no GPU")
    meaning = f"CPU time, {of['rate']:.0f} frames a second"
    yield Row(f"{name}, a frame while moving", of["moving"], ms, of["floor"], floor, meaning=meaning)
    yield Row(f"{name}, data to first picture", of["first"], ms, meaning="index for pointing not included")
    yield Row(
        f"{name}, lasso around half of them",
        of["lasso"],
        ms,
        meaning=f"80 corners; the index before it {of['index']:.0f} ms",
    )
    yield Row(
        f"{name}, JavaScript heap and arrays", of["heap"] + of["arrays"], "MB", meaning="the points' own included"
    )


def main(repetitions: int = 0, full: bool = False) -> Iterator[Row]:
    repetitions = repetitions or (3 if full else 1)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as directory,
        scatter_page(Path(directory)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        print(f"Chromium {browser.version}, {WIDTH} x {HEIGHT}, drawn without a GPU, {psutil.cpu_count()} cores")
        print(
            "CPU ms a frame: floor (one bare draw call), all points, moving with level of detail (and frames/s, points drawn)"
        )
        print(
            f"{'points':>9} {'floor':>7} {'all points':>11} {'x floor':>8} {'moving':>8} {'fps':>5} {'drawn':>9} {'first ms':>9} "
            f"{'CPU ms':>7} {'index ms':>9} {'lasso':>6} {'found':>9} {'heap MB':>8} {'arrays':>7}"
        )
        for count in COUNTS:
            yield from engine(browser, url, count, repetitions)
        yield from cold_page.compare(browser, repetitions)
        browser.close()
