"""An exported report, opened from disk: every view as in TensorBoard, without an error and without asking anybody for anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tb_explain.sharing.choice import Choice
from tb_explain.sharing.export import export
from tests.browser import every_kind, hostile_runs
from tests.browser.conftest import ExplainTab, OpenTab, note_complaints, pixels
from tests.browser.test_accessibility import VIEWS, rested, select_all
from tests.conftest import StartTensorBoard

pytestmark = pytest.mark.slow


class Made(NamedTuple):
    logdir: Path
    report: Path


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One run of every kind, and its report, whose name an address has to quote."""
    root = tmp_path_factory.mktemp("every")
    every_kind.write_run(root / "logdir" / "run")
    report = root / "what was seen, 100%#1?.html"
    export(str(root / "logdir"), report, Choice(), max_size=10**8)
    return Made(root / "logdir", report)


OpenReport = Callable[..., ExplainTab]


@pytest.fixture
def open_report(chromium: Browser) -> Iterator[OpenReport]:
    """Opens a report; in the end there may be no complaint, and no request but for the file itself."""
    complaints: list[str] = []
    asked: list[str] = []
    contexts = []

    def open_page(report: Path, state: str = "", **options: Any) -> ExplainTab:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        note_complaints(page, complaints)
        tab = ExplainTab(page, page.main_frame)
        page.on("request", lambda request: request.url.startswith("blob:") or asked.append(request.url))
        page.goto(report.as_uri() + state)
        rested(tab)
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)
    assert [address for address in asked if not address.startswith("file://")] == []
    assert asked


def walk_through(tab: ExplainTab) -> None:
    """Every view, with what opens in it."""
    for view in VIEWS:
        tab.part(f"view-{view}").click()
        expect(tab.part(f"view-{view}")).to_have_attribute("aria-selected", "true")
        rested(tab)
        expect(tab.part("empty-state")).to_have_count(0)
        if view == "explanations":
            for kind in set(tab.part("tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.kind)")):
                tab.tile(0, kind=kind).locator("button.tile-open").click()
                expect(tab.part("sample-dialog")).to_be_visible()
                rested(tab)
                tab.page.keyboard.press("Escape")
        if view == "sample":
            tab.frame.locator("button.choice").first.click()
            rested(tab)
        if view == "features":
            tab.part("channel").first.click()
            expect(tab.part("channel-dialog")).to_be_visible()
            rested(tab)
            tab.page.keyboard.press("Escape")


def test_every_view_opens_from_disk(every: Made, open_report: OpenReport) -> None:
    tab = open_report(every.report)
    assert tab.page.title() == "logdir · Explain"
    walk_through(tab)
    expect(tab.part("reload")).to_have_count(0)
    broken = "images => images.filter(one => one.complete && !one.naturalWidth).map(one => one.outerHTML)"
    assert tab.frame.locator("img").evaluate_all(broken) == []


def test_the_demo_opens_from_disk(demo: Path, tmp_path: Path, open_report: OpenReport) -> None:
    export(str(demo), tmp_path / "report.html", Choice(samples=4), max_size=10**8)
    tab = open_report(tmp_path / "report.html", "#tb_explain&p.tb_explain.view=explanations")
    tab.settled()
    assert tab.part("run-list").locator(".run-name").all_text_contents() == ["digits", "photographs"]
    expect(tab.frame.locator('section[data-run="digits"] li.card[data-sample]')).to_have_count(4)


def test_the_same_is_drawn_as_in_tensorboard(
    every: Made, tensorboard: StartTensorBoard, open_tab: OpenTab, open_report: OpenReport
) -> None:
    state = "&p.tb_explain.view=explanations&p.tb_explain.page_size=24"
    high = {"width": 1280, "height": 4000}  # what is out of sight may not be loaded
    served = open_tab(tensorboard("--logdir", str(every.logdir)), state, viewport=high)
    filed = open_report(every.report, f"#tb_explain{state}", viewport=high)
    drawn = []
    for tab in (served, filed):
        rested(tab)
        tab.settled()
        drawn.append([pixels(canvas) for canvas in tab.frame.locator('[data-testid="tile"] canvas').all()[:8]])
    assert len(drawn[0]) == len(drawn[1]) == 8
    assert all(np.array_equal(a, b) for a, b in zip(*drawn, strict=True))
    assert len({one.tobytes() for one in drawn[0]}) > 4
    for tab in (served, filed):
        tab.part("view-sample").click()
        tab.frame.locator("button.choice").first.click()
        expect(tab.part("learning")).not_to_be_empty()
        rested(tab)
    for part in ("prediction", "sample-facts"):  # of all steps, from summaries
        expect(filed.part(part)).to_have_text(served.part(part).text_content() or "")


def test_steps_selection_and_link(every: Made, open_report: OpenReport) -> None:
    tab = open_report(every.report, "#tb_explain&p.tb_explain.view=explanations")
    tab.settled()
    slider = tab.frame.get_by_role("slider", name="Step").first
    slider.focus()
    tab.page.keyboard.press("Home")
    tab.until(lambda: tab.state().get("step") == "0")
    expect(tab.tile(0, step=0)).to_be_visible()
    tab.part("view-projection").click()
    rested(tab)
    select_all(tab)
    tab.until(lambda: {"step", "selected", "beside"} <= tab.state().keys())
    assert tab.state()["selected"].startswith("lasso")
    chosen = tab.part("side-selection").inner_text()
    again = open_report(every.report, "#" + tab.page.url.partition("#")[2])
    assert again.state() == tab.state()
    again.part("side-selection").click()
    expect(again.part("side-selection")).to_have_text(chosen)
    again.page.go_back()


def test_light_and_dark_follow_the_reader(every: Made, open_report: OpenReport) -> None:
    tab = open_report(every.report, color_scheme="dark")
    expect(tab.frame.locator("html")).to_have_attribute("data-theme", "dark")
    tab.page.emulate_media(color_scheme="light")
    expect(tab.frame.locator("html")).to_have_attribute("data-theme", "light")


REACH_OUT = """async () => {
  const refused = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => refused.push(effectiveDirective));
  await fetch("https://example.invalid/").catch(() => {});
  const image = new Image();
  image.src = "https://example.invalid/x.png";
  await image.decode().catch(() => {});
  document.body.insertAdjacentHTML("beforeend", "<img src=data:, onerror='document.body.dataset.ran = 1'>");
  const script = document.createElement("script");
  script.textContent = "document.body.dataset.ran = 1";
  document.head.append(script);
  await new Promise((done) => setTimeout(done, 100));
  return [[...new Set(refused)].sort(), document.body.dataset.ran];
}"""


def test_nothing_can_reach_out_of_a_report(every: Made, chromium: Browser) -> None:
    page = chromium.new_context().new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(every.report.as_uri())
    refused, ran = page.evaluate(REACH_OUT)
    page.context.close()
    assert {*refused} == {"connect-src", "img-src", "script-src-elem", "script-src-attr"}
    assert ran is None
    assert not any("example.invalid" in address for address in asked)


def test_texts_of_strangers_stay_texts(every: Made, tmp_path: Path, open_report: OpenReport) -> None:
    worn = hostile_runs.write_runs(tmp_path / "logdir", every.logdir / "run")
    export(str(tmp_path / "logdir"), tmp_path / "report.html", Choice(), max_size=10**8)
    tab = open_report(tmp_path / "report.html")
    tab.frame.evaluate("() => { window.alert = () => { document.body.dataset.ran = ''; }; }")
    names = tab.part("run-list").locator(".run-name")
    assert sorted(names.evaluate_all("names => names.map(name => name.textContent)")) == sorted(worn)
    for view in VIEWS:
        tab.part(f"view-{view}").click()
        rested(tab)
        assert tab.frame.locator("img[src=x], [onerror], script:not([type])").count() == 0, view
    assert not tab.frame.evaluate("'ran' in document.body.dataset")
