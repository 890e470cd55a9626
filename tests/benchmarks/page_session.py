"""What the page keeps: the JavaScript heap over a long session, the tour of the quickstart again and again."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, Playwright, sync_playwright

from tests.benchmarks.page import EXPLANATIONS, opened
from tests.benchmarks.processes import tensorboard
from tests.benchmarks.table import Row
from tests.browser.conftest import launch
from tests.tour import logdirs
from tests.tour.guide import CONTEXT, Guide
from tests.tour.route import tour_of

MINUTES = os.environ.get("MINUTES")  # instead of 1, or 10 of a full run

# As long as those of the tour.
STATE = "&p.tb_explain.view=explanations&p.tb_explain.runs=digits&p.tb_explain.methods=GradCAM,LayerCAM&p.tb_explain.layers=conv3"

COUNT_ADDRESSES = "() => { window.addresses = 0; addEventListener('hashchange', () => { window.addresses++; }); }"


def session(playwright: Playwright, minutes: float) -> Iterator[Row]:
    """The tour of the quickstart, again and again; what is left each minute when all garbage was collected, at the same place."""
    print(f"\nthe tour of the quickstart for {minutes:g} minutes: JavaScript heap after collecting garbage")
    print(
        f"{'minute':>7} {'heap MB':>8} {'arrays MB':>10} {'nodes':>7} {'listeners':>10} {'stops':>6} {'addresses set':>14}"
    )
    logdir = logdirs.quickstart()
    browser = launch(playwright)
    with tensorboard(logdir) as (url, _):
        tab = opened(browser, url + EXPLANATIONS, **CONTEXT)
        guide, devtools = Guide(tab), tab.page.context.new_cdp_session(tab.page)
        stops = tour_of(logdirs.runs_of(logdir))
        for stop in stops:  # everything is loaded once
            stop.visit(guide)
        tab.page.evaluate(COUNT_ADDRESSES)
        rows = []
        began = time.monotonic()
        for tour in itertools.count():  # whole ones: what the browser still holds of the last place is always the same
            elapsed = (time.monotonic() - began) / 60
            if elapsed >= len(rows) * min(1, minutes / 2):
                guide.go("explanations", runs="photographs")
                rows.append((elapsed, *left(tab.page, devtools), tour * len(stops), tab.page.evaluate("addresses")))
                print("{:7.1f} {:8.2f} {:10.2f} {:7.0f} {:10.0f} {:6} {:14}".format(*rows[-1]), flush=True)
                if elapsed >= minutes:
                    break
            for stop in stops:
                stop.visit(guide)
        tab.page.context.close()
        kept = kept_by_tensorboard(browser, url)
    browser.close()
    table = np.array(rows)
    minute = int(minutes > 1)
    grown, addresses = (table[-1] - table[minute])[[1, 6]]
    name = f"JavaScript heap after {minutes:g} minutes of the tour"
    meaning = (
        f"{addresses:.0f} addresses set, for each of which TensorBoard keeps {1000 * kept:.1f} kB without our page: "
        f"{addresses * kept:.2f} MB; left to us {grown - addresses * kept:+.2f} MB"
    )
    yield Row(name, table[-1, 1], "MB", table[minute, 1], f"after {table[minute, 0]:.1f} minutes", meaning=meaning)


def kept_by_tensorboard(browser: Browser, url: str, times: int = 100) -> float:
    """MB that TensorBoard's own page keeps each time somebody sets the address, as the tour does on its way."""
    page = browser.new_context(**CONTEXT).new_page()
    page.goto(f"{url}/#timeseries")
    page.locator("tb-webapp").wait_for()
    devtools = page.context.new_cdp_session(page)
    found = []
    for _ in range(2):
        for i in range(times):
            page.evaluate("hash => { location.hash = hash; }", f"#timeseries{STATE}&p.tb_explain.step={i}")
            page.wait_for_timeout(50)
        found.append(left(page, devtools)[0])
    page.context.close()
    return (found[1] - found[0]) / times


def left(page: Page, devtools: CDPSession) -> tuple[float, float, int, int]:
    """MB of objects and of arrays, nodes and listeners of all documents of the page."""
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(200)
    usage, counted = devtools.send("Runtime.getHeapUsage"), devtools.send("Memory.getDOMCounters")
    arrays = usage.get("backingStorageSize", 0)
    return usage["usedSize"] / 1e6, arrays / 1e6, counted["nodes"], counted["jsEventListeners"]


def main(full: bool = False) -> Iterator[Row]:
    with sync_playwright() as playwright:
        yield from session(playwright, float(MINUTES or (10 if full else 1)))
