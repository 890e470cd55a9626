"""Texts of records are texts on the page, whatever they are: nothing in them runs, and nothing gets wider than its place."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser import every_kind, hostile_runs
from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.test_accessibility import VIEWS, rested
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

# Whatever stands out of its place by more than the ground of a button in it, unless it is made to scroll sideways there; canvases and pictures are no text.
SPILLED = """() => {
  const found = [];
  if (document.querySelector('img[src="x"], [onerror]') || "ran" in document.body.dataset) found.push("injected");
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page, ${document.documentElement.scrollWidth} px wide`);
  for (const part of document.querySelectorAll("body *")) {
    if (!(part instanceof HTMLElement) || !part.checkVisibility({ visibilityProperty: true })) continue;
    const { overflowX, display } = getComputedStyle(part);
    const by = part.scrollWidth - part.clientWidth;
    if (by > 12 && part.clientWidth > 0 && display !== "inline" && overflowX !== "hidden" && overflowX !== "clip")
      found.push(`${part.localName}.${[...part.classList].join(".")} by ${by} px (${overflowX})`);
  }
  return found;
}"""


class Shown(NamedTuple):
    server: TensorBoard
    worn: dict[str, hostile_runs.Disguise]  # by run


@pytest.fixture(scope="module")
def shown(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Three runs in disguise, and an ordinary one whose places are known to be wide enough."""
    root = tmp_path_factory.mktemp("hostile")
    every_kind.write_run(root / "source")
    worn = hostile_runs.write_runs(root / "logdir", root / "source")
    return Shown(tensorboard("--logdir", str(root / "logdir")), worn)


RUNS = range(3)


def open_run(open_tab: OpenTab, shown: Shown, run: int, state: str = "") -> ExplainTab:
    """Explanations of one of the runs; a script that runs leaves a mark."""
    chosen = quote(f"{quote(list(shown.worn)[run], safe='')},", safe="")
    tab = open_tab(shown.server, f"&p.tb_explain.runs={chosen}&p.tb_explain.page_size=24{state}")
    tab.frame.evaluate("() => { window.alert = () => { document.body.dataset.ran = ''; }; }")
    rested(tab)
    return tab


def expect_tidy(tab: ExplainTab, what: str) -> None:
    rested(tab)
    spilled = tab.frame.evaluate(SPILLED)
    assert not spilled, f"{what}: " + "; ".join(spilled)


@pytest.mark.parametrize("run", RUNS)
def test_texts_stay_texts_and_within_their_places(open_tab: OpenTab, shown: Shown, run: int) -> None:
    tab = open_run(open_tab, shown, run)
    names = tab.part("run-list").locator(".run-name")
    expect(names).to_have_count(len(RUNS))
    assert sorted(names.evaluate_all("names => names.map(name => name.textContent)")) == sorted(shown.worn)
    tab.part("problems").click()
    expect(tab.part("problems-dialog")).to_be_visible()
    expect_tidy(tab, "problems")
    messages = (
        tab.part("problems-dialog")
        .locator("li p:first-child bdi")
        .evaluate_all("all => all.map(one => one.textContent)")
    )
    assert sorted(messages) == sorted(
        text for worn in shown.worn.values() for text in worn.found["Failure.message"].values()
    )
    tab.page.keyboard.press("Escape")
    for view in VIEWS:
        tab.part(f"view-{view}").click()
        expect_tidy(tab, view)
        if view == "sample":
            tab.frame.locator("button.choice").first.click()
            expect_tidy(tab, "the page of a sample")
        if view == "features":
            tab.part("channel").first.click()
            expect_tidy(tab, "an enlarged channel")
            tab.page.keyboard.press("Escape")
        if view == "projection":
            tab.part("side-classes").click()
            expect_tidy(tab, "classes")


@pytest.mark.parametrize("run", RUNS)
def test_enlarged_samples_stay_tidy(open_tab: OpenTab, shown: Shown, run: int) -> None:
    methods = shown.worn[list(shown.worn)[run]].found["Series.method"].values()
    layers = shown.worn[list(shown.worn)[run]].found["Series.layer"].values()
    everything = "".join(
        f"&p.tb_explain.{key}=" + quote(",".join(quote(name, safe="") for name in names if name), safe="")
        for key, names in (("methods", methods), ("layers", layers))
    )
    tab = open_run(open_tab, shown, run, everything)
    tab.settled()
    kinds = tab.part("tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.kind)")
    assert len(set(kinds)) >= 5, set(kinds)
    for kind in dict.fromkeys(kinds):
        tab.tile(0, kind=kind).locator("button.tile-open").click()
        expect(tab.part("sample-dialog")).to_be_visible()
        expect_tidy(tab, kind)
        tab.page.keyboard.press("Escape")
        expect(tab.part("sample-dialog")).to_have_count(0)


def test_runs_beside_each_other_stay_tidy(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_tab(shown.server, view="overview")
    expect(tab.frame.locator("tr.overview-row")).to_have_count(len(RUNS))
    expect_tidy(tab, "overview")
    tab.part("view-compare").click()
    expect(tab.part("pair-card").first).to_be_visible()
    expect_tidy(tab, "compare")
