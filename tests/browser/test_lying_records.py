"""Records that lie are not shown, and nothing else suffers: the page answers, and what is honest is there."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import lying_runs
from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.test_accessibility import VIEWS, rested
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

# What the browser and the page say of what cannot be read; errors of the page itself are none of it.
SAID = r"Failed to load resource|cannot be decoded|cannot be drawn|cannot be read"


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    logdir = tmp_path_factory.mktemp("lying")
    lying_runs.write_run(logdir / "lying")
    lying_runs.write_future(logdir / "future")
    lying_runs.write_honest(logdir / "honest")
    return tensorboard("--logdir", str(logdir))


def expect_alive(tab: ExplainTab) -> None:
    """The page has time for others."""
    tab.frame.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def everything(*runs: str) -> str:
    return f"&p.tb_explain.runs={'%2C'.join(runs)}%2C&p.tb_explain.page_size=96"


def test_each_view_shows_what_is_honest_and_stays_alive(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, everything("honest", "lying"), view="explanations", expected=SAID)
    honest = tab.tile(0, run="honest", tag="honest/maps")
    expect(honest).to_be_visible()
    for view in VIEWS:
        tab.part(f"view-{view}").click()
        rested(tab)
        expect_alive(tab)
        expect(tab.frame.locator("main > *").first).to_be_visible()
    tab.part("view-explanations").click()
    expect(honest).to_be_visible()
    tab.scroll_to_run("lying")
    expect(tab.tile(0, run="lying", tag="honest/maps")).to_be_visible()
    assert tab.frame.locator("[data-run='lying'] [data-testid='undrawable']").count() == 0


def test_steps_at_the_ends_of_what_they_can_be_are_steps(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, everything("lying"), expected=SAID)
    expect(tab.tile(0, run="lying", tag="honest/maps")).to_be_visible()
    slider = tab.part("step-slider").first
    slider.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "End"):
        tab.page.keyboard.press(key)
        expect_alive(tab)
    expect(tab.tile(0, run="lying", tag="honest/maps")).to_be_visible()


def test_what_a_newer_version_wrote_is_counted_and_said(open_tab: OpenTab, server: TensorBoard) -> None:
    counts = {name: run["counts"] for name, run in server.runs().items()}
    assert counts["future"] == counts["honest"] | {"unknown": 1}
    assert counts["lying"]["unknown"] == 7
    tab = open_tab(server, everything("future"), expected=SAID)
    expect(tab.tile(0, run="future")).to_be_visible()
    tab.part("problems").click()
    expect(tab.part("problems-dialog")).to_contain_text("8 of an unknown kind")
    expect(tab.part("problems-dialog")).to_contain_text("written by a newer version")
