"""The page under the hand: its first view beside TensorBoard's image dashboard, a slider dragged over 64 tiles, and scrubbing."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.benchmarks import first_view
from tests.benchmarks.page_runs import write_explanations, write_many
from tests.benchmarks.processes import browser_cpu, cpu_seconds, tensorboard
from tests.benchmarks.table import Row
from tests.browser.conftest import ExplainTab, explain_tab, launch

TILES = 64
FRAMES = 40
RUNS, TAGS, STEPS = 20, 50, 200
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


def opened(browser: Browser, address: str, **options: Any) -> ExplainTab:
    return explain_tab(browser.new_context(**options), address, [])


def main(full: bool = False) -> Iterator[Row]:
    print(f"{psutil.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    with sync_playwright() as playwright:
        yield from first_view.compare(playwright, 5 if full else 3)
        yield from slider(playwright, 5 if full else 3)
        yield from scrubbing(playwright, 30 if full else 15)
    print(f"load average at the end {os.getloadavg()[0]:.1f}")
