"""The page under the hand: its first view beside TensorBoard's image dashboard, a slider dragged over 64 tiles, scrubbing, and a long session."""

from __future__ import annotations

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import Browser, CDPSession, Playwright, expect, sync_playwright

from tests.benchmarks import first_view
from tests.benchmarks.page_runs import write_explanations, write_many
from tests.benchmarks.processes import browser_cpu, cpu_seconds, tensorboard
from tests.benchmarks.table import Row
from tests.browser.conftest import ExplainTab, explain_tab, launch
from tests.tour import logdirs
from tests.tour.guide import CONTEXT, Guide
from tests.tour.route import tour_of

TILES = 64
FRAMES = 40
RUNS, TAGS, STEPS = 20, 50, 200
MINUTES = os.environ.get("MINUTES")  # of the long session, instead of 1, or 10 of a full run
EXPLANATIONS = "/#tb_explain&p.tb_explain.view=explanations"

# Moves a slider once a frame; `canvases` counts what is repainted.
DRAG = """async ([slider, frames]) => {
  const input = document.querySelector(`[data-testid="${slider}"]`);
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  const put = CanvasRenderingContext2D.prototype.putImageData;
  let canvases = 0;
  CanvasRenderingContext2D.prototype.putImageData = function (...given) {
    canvases++;
    put.apply(this, given);
  };
  for (let i = 0; i < frames; i++) {
    set.call(input, Number(input.min) + (input.max - input.min) * (0.1 + (0.8 * i) / frames));
    input.dispatchEvent(new Event("input", { bubbles: true }));
    for (let j = 0; j < 2; j++) await new Promise(requestAnimationFrame);
  }
  CanvasRenderingContext2D.prototype.putImageData = put;
  return canvases / frames;
}"""

# As many canvases get new pixels, which are at hand.
FLOOR = """async frames => {
  const canvases = [...document.querySelectorAll("[data-testid=tile] canvas.overlay")];
  const pixels = [0, 1].map(i => {
    const { width, height } = canvases[0];
    const image = new ImageData(width, height);
    for (let at = 0; at < image.data.length; at++) image.data[at] = at % 4 === 3 ? 255 : 40 * i + (at % 199);
    return image;
  });
  for (let i = 0; i < frames; i++) {
    for (const canvas of canvases) canvas.getContext("2d").putImageData(pixels[i % 2], 0, 0);
    for (let j = 0; j < 2; j++) await new Promise(requestAnimationFrame);
  }
}"""


def slider(playwright: Playwright, repetitions: int = 5) -> Iterator[Row]:
    print(f"\na slider dragged over {TILES} tiles, drawn without a GPU: CPU ms a frame of all of the browser")
    with tempfile.TemporaryDirectory() as directory:
        write_explanations(Path(directory) / "run", TILES, 1)
        browser = launch(playwright)
        with tensorboard(Path(directory)) as (url, _):
            state = "&p.tb_explain.size=96&p.tb_explain.page_size=96"
            tab = opened(browser, url + EXPLANATIONS + state, viewport={"width": 1920, "height": 1700})
            expect(tab.part("tile")).to_have_count(TILES)
            tab.settled()
            found: dict[str, list[float]] = {}
            for _ in range(repetitions):
                for name in ("floor", "threshold", "gamma", "opacity"):
                    began = browser_cpu()
                    if name == "floor":
                        tab.frame.evaluate(FLOOR, FRAMES)
                    else:
                        painted = tab.frame.evaluate(DRAG, [name, FRAMES])
                        assert painted == (0 if name == "opacity" else TILES), f"{name}: {painted} tiles a frame"
                    found.setdefault(name, []).append((browser_cpu() - began) / FRAMES * 1000)
        browser.close()
    for name, values in found.items():
        ratio = statistics.median(a / b for a, b in zip(values, found["floor"], strict=True))
        if name != "floor":
            mine, least = statistics.median(values), statistics.median(found["floor"])
            title = f"{name}'s slider dragged over {TILES} tiles, a frame"
            yield Row(title, mine, "ms", least, "floor: new pixels at hand", ratio, "CPU time of the browser, no GPU")


def scrubbing(playwright: Playwright, moves: int = 30) -> Iterator[Row]:
    print(f"\n{RUNS} runs of {TAGS} tags at {STEPS} steps: {RUNS * TAGS * STEPS:,} records")
    with tempfile.TemporaryDirectory() as directory:
        began = time.perf_counter()
        write_many(Path(directory), RUNS, TAGS, STEPS)
        print(f"written in {time.perf_counter() - began:.1f} s")
        browser = launch(playwright)
        with tensorboard(Path(directory)) as (url, server):
            began = time.perf_counter()
            tab = opened(browser, url + EXPLANATIONS, viewport={"width": 1280, "height": 800})
            tab.settled()
            name = f"first pictures of {RUNS * TAGS * STEPS:,} records".replace(",", " ")
            yield Row(name, time.perf_counter() - began, "s", meaning="TensorBoard's own page included")
            for name, filtered in (("all", ""), ("one tag of each run", "layer07"), ("one run", "run_03")):
                tab.part("tag-filter").fill(filtered if filtered.startswith("layer") else "")
                tab.part("run-filter").fill(filtered if filtered.startswith("run") else "")
                if filtered.startswith("run"):
                    tab.page.evaluate("location.hash += '&p.tb_explain.runs=run_03'")
                tab.settled()
                yield from report_scrub(name, tab, server, moves)
        browser.close()


def report_scrub(name: str, tab: ExplainTab, server: psutil.Process, moves: int) -> Iterator[Row]:
    """Jump to steps that were not shown before, then to the same again."""
    steps = np.random.default_rng(0).permutation(STEPS)[:moves]
    for again in ("", ", seen before"):
        waited, asked = [], len(tab.requests)
        began = browser_cpu() + cpu_seconds(server)
        for step in steps:
            waited.append(tab.frame.evaluate(SCRUB, int(step)))
        cpu = (browser_cpu() + cpu_seconds(server) - began) / moves
        meaning = f"until drawn, at most {max(waited):.0f} ms; CPU {1000 * cpu:.0f} ms, {(len(tab.requests) - asked) / moves:.1f} requests"
        yield Row(f"another step, {name}{again}", statistics.median(waited), "ms", meaning=meaning)


# Until every tile in the document is of that step and all that is in sight was painted.
SCRUB = """async step => {
  const input = document.querySelector('[data-testid="step-slider"]');
  const began = performance.now();
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, step);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  const shown = () => document.querySelector(`[data-testid="tile"][data-step="${step}"]`);
  while (!shown() || document.querySelector('[aria-busy="true"], .progress[data-busy]'))
    await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def session(playwright: Playwright, minutes: float) -> Iterator[Row]:
    """The tour of the quickstart, again and again; what is left each minute when all garbage was collected, at the same place."""
    print(f"\nthe tour of the quickstart for {minutes:g} minutes: JavaScript heap after collecting garbage")
    print(f"{'minute':>7} {'heap MB':>8} {'arrays MB':>10} {'nodes':>7} {'listeners':>10} {'stops':>6}")
    logdir = logdirs.quickstart()
    browser = launch(playwright)
    with tensorboard(logdir) as (url, _):
        tab = opened(browser, url + EXPLANATIONS, **CONTEXT)
        guide, devtools = Guide(tab), tab.page.context.new_cdp_session(tab.page)
        stops = tour_of(logdirs.runs_of(logdir))
        for stop in stops:  # everything is loaded once
            stop.visit(guide)
        rows = []
        began = time.monotonic()
        for visited, stop in enumerate(itertools.cycle(stops)):
            elapsed = (time.monotonic() - began) / 60
            if elapsed >= len(rows) * min(1, minutes / 2):
                rows.append((elapsed, *left(guide, devtools)))
                print("{:7.1f} {:8.2f} {:10.2f} {:7.0f} {:10.0f}".format(*rows[-1]) + f" {visited:6}", flush=True)
                if elapsed >= minutes:
                    break
            stop.visit(guide)
    browser.close()
    at, heap = np.array(rows)[:, :2].T
    slope = np.polyfit(at, heap, 1)[0]
    name, meaning = (
        f"JavaScript heap after {minutes:g} minutes of the tour",
        f"{slope:+.2f} MB a minute; {visited} stops",
    )
    yield Row(name, heap[-1], "MB", heap[0], "at their beginning", meaning=meaning)


def left(guide: Guide, devtools: CDPSession) -> tuple[float, float, int, int]:
    """MB of objects and of arrays, nodes and listeners of the document, at one place."""
    guide.go("explanations", runs="photographs")
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
        guide.tab.page.wait_for_timeout(200)
    usage, counted = devtools.send("Runtime.getHeapUsage"), devtools.send("Memory.getDOMCounters")
    arrays = usage.get("backingStorageSize", 0)
    return usage["usedSize"] / 1e6, arrays / 1e6, counted["nodes"], counted["jsEventListeners"]


def opened(browser: Browser, address: str, **options: Any) -> ExplainTab:
    return explain_tab(browser.new_context(**options), address, [])


def main(full: bool = False) -> Iterator[Row]:
    print(f"{psutil.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    with sync_playwright() as playwright:
        yield from first_view.compare(playwright, 5 if full else 3)
        yield from slider(playwright, 5 if full else 3)
        yield from scrubbing(playwright, 30 if full else 15)
        yield from session(playwright, float(MINUTES or (10 if full else 1)))
    print(f"load average at the end {os.getloadavg()[0]:.1f}")
