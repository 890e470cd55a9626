"""Drives Chromium through both logdirs of the tour and writes the pictures of docs/images: `python -m tests.tour`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.benchmarks.processes import tensorboard
from tests.browser.conftest import explain_tab, launch
from tests.tour import logdirs
from tests.tour.guide import CONTEXT, Guide
from tests.tour.route import tour_of


def main(pictures: Path, only: str) -> None:
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for logdir in (logdirs.quickstart(), logdirs.five_systems()):
            with tensorboard(logdir) as (url, _):
                context = browser.new_context(**CONTEXT)
                complaints: list[str] = []
                guide = Guide(explain_tab(context, f"{url}/#tb_explain", complaints), pictures)
                for stop in tour_of(logdirs.runs_of(logdir)):
                    if only in stop.name:
                        print(f"{logdir.name}: {stop.view}, {stop.name.replace('_', ' ')}", flush=True)
                        stop.visit(guide)
                context.close()
                if complaints:
                    sys.exit("the page complained:\n" + "\n".join(complaints))
        browser.close()
    found = sorted(pictures.glob("*.webp"))
    print(f"{len(found)} pictures, {sum(one.stat().st_size for one in found) / 1000:.0f} kB, in {pictures}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.tour", description=__doc__)
    parser.add_argument("--pictures", type=Path, default=logdirs.ROOT / "docs" / "images", help="where they go")
    parser.add_argument("--only", default="", metavar="TEXT", help="only stops whose name contains this")
    given = parser.parse_args()
    main(given.pictures, given.only)
