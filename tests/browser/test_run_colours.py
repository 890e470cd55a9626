"""A run has one colour in all of TensorBoard: that of TensorBoard's own dashboards."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tb_explain import ExplainWriter
from tests.browser.conftest import explain_tab
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

# More than there are colours, and not in the order of their names: TensorBoard goes by who began first.
RUNS = ["seed_3", "seed_10", "baseline", "seed_1", "ablation/b", "ablation/a", "zero", "seed_2", "last"]

READ = """([rows, dot]) => Object.fromEntries(Array.from(document.querySelectorAll(rows), row =>
  [row.textContent.trim(), getComputedStyle(row.querySelector(dot)).backgroundColor]))"""


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    logdir = tmp_path_factory.mktemp("colours")
    for run in RUNS:
        with ExplainWriter(logdir / run) as writer:
            writer.add_heatmaps("val/gradcam", np.ones((1, 2, 2)), np.zeros((1, 3, 4, 4), np.uint8), 0)
    return tensorboard("--logdir", str(logdir))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_runs_have_the_colours_of_tensorboard(chromium: Browser, server: TensorBoard, theme: str) -> None:
    query = f"?darkMode={str(theme == 'dark').lower()}"
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.goto(f"{server.url}{query}#timeseries")
    theirs = page.locator("runs-selector .run-color-swatch")
    expect(theirs).to_have_count(len(RUNS))
    rows = "runs-selector :is(tr, [role=row], tb-data-table-content-row):has(.run-color-swatch)"
    wanted = page.evaluate(READ, [rows, ".run-color-swatch"])
    assert set(wanted) == set(RUNS), wanted
    assert len(set(wanted.values())) == 7

    tab = explain_tab(context, f"{server.url}{query}#tb_explain", [])
    ours = tab.frame.locator(".run-list label")
    expect(ours).to_have_count(len(RUNS))
    assert tab.frame.evaluate(READ, [".run-list label", ".run-dot"]) == wanted
    context.close()
