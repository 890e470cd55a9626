"""The first view, in a real Chromium: what it tells of a run whose numbers are known, and where its lines lead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import channel_runs, projection_runs
from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.overview_runs import LEAST_FAITHFUL, write_predictions
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow


@dataclass
class Shown:
    """A TensorBoard, and the images that were logged."""

    server: TensorBoard
    images: list[str]


@pytest.fixture(scope="module")
def shown(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """One run of everything that the overview tells of."""
    logdir = tmp_path_factory.mktemp("overview")
    images = write_predictions(logdir / "run")
    channel_runs.write_run(logdir / "run")
    projection_runs.write_run(logdir / "run", explained=False)
    return Shown(tensorboard("--logdir", str(logdir)), images)


@pytest.fixture(scope="module")
def many(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    """Twenty runs, of which the third has a projection, too."""
    logdir = tmp_path_factory.mktemp("many")
    for i in range(20):
        write_predictions(logdir / f"run{i:02d}", seed=i)
    projection_runs.write_run(logdir / "run02", explained=False)
    return tensorboard("--logdir", str(logdir))


def opened(open_tab: OpenTab, server: TensorBoard, state: str = "") -> ExplainTab:
    """The page as it opens by itself."""
    tab = open_tab(server, state, view="", viewport={"width": 1280, "height": 1400})
    expect(tab.frame.locator(".overview [aria-busy=true]")).to_have_count(0)
    expect(tab.part("trace").first).to_be_visible()
    return tab


def card(tab: ExplainTab, name: str) -> Locator:
    return tab.part(f"card-{name}")


def leads_to(tab: ExplainTab, **state: str) -> None:
    """What the address says after a click."""
    tab.until(lambda: state.items() <= {name: unquote(value) for name, value in tab.state().items()}.items())


def test_the_page_opens_with_what_is_known_of_a_run(open_tab: OpenTab, shown: Shown) -> None:
    tab = opened(open_tab, shown.server)
    expect(card(tab, "logged").get_by_test_id("trace").first).to_contain_text(
        re.compile(r"GradCAM conv\s*3 steps, 0 – 20\s*\d+ y ago")
    )
    expect(tab.part("activity")).to_have_text(re.compile(r"quiet, last record \d+ y ago"))
    expect(tab.part("accuracy")).to_contain_text("67%")
    expect(tab.part("accuracy")).to_contain_text("4 of 6 right")
    mistakes = card(tab, "mistakes").get_by_test_id("thumb")
    expect(mistakes).to_have_count(2)
    expect(mistakes.first).to_have_attribute("data-sample", shown.images[5])
    expect(mistakes.first).to_have_text(re.compile(r"wolf\s*95\.0%\s*is fox"))
    expect(tab.part("learnt").get_by_test_id("thumb")).to_have_attribute("data-sample", shown.images[3])
    expect(tab.part("forgotten").get_by_test_id("thumb")).to_have_attribute("data-sample", shown.images[2])
    expect(tab.part("drift")).to_have_text(
        [re.compile(r"GradCAM · conv\s*0\.30"), re.compile(r"EigenCAM · conv\s*0\.90")]
    )
    expect(tab.part("unfaithful")).to_have_text(
        [re.compile(r"EigenCAM · conv\s*0\.30\s*5/6 ≤ noise"), re.compile(r"GradCAM · conv\s*0\.85")]
    )
    expect(tab.part("filters")).to_have_text(
        [
            re.compile(r"conv1\s*6 filters\s*1 dead\s*3 redundant"),
            re.compile(r"conv2\s*12 filters\s*0 dead"),
            re.compile(r"fc\s*3 filters\s*0 dead"),
        ]
    )
    expect(tab.part("confusable").first).to_have_text(re.compile("cat and wolf.*3 confused"))
    expect(tab.part("overview-hint")).to_have_count(0)


def test_another_step_tells_of_another_model(open_tab: OpenTab, shown: Shown) -> None:
    tab = opened(open_tab, shown.server, "&p.tb_explain.step=0")
    expect(tab.part("accuracy")).to_contain_text("2 of 6 right")
    expect(card(tab, "mistakes").get_by_test_id("thumb")).to_have_count(4)
    expect(card(tab, "turns")).to_have_count(0)  # there is no step before
    expect(card(tab, "drifts")).to_have_count(0)
    curve = card(tab, "accuracy").get_by_role("slider")
    curve.press("ArrowRight")
    expect(tab.part("accuracy")).to_contain_text("4 of 6 right")
    expect(tab.part("accuracy")).to_contain_text("+33 points since the step before")
    leads_to(tab, step="10")


PLACES = {
    "accuracy": {"view": "explanations", "sort": "mistakes"},
    "more-mistakes": {"view": "explanations", "show": "wrong", "sort": "sure"},
    "drift": {"view": "explanations", "methods": "GradCAM", "layers": "conv", "sort": "low:drift_spearman"},
    "unfaithful": {"view": "explanations", "methods": "EigenCAM", "sort": "low:insertion", "figures": "insertion"},
    "filters": {"view": "features", "feature_layer": "conv1", "channels": "dead"},
    "confusable": {"view": "projection", "pair": "0,1", "beside": "classes"},
    "trace": {"view": "explanations", "methods": "GradCAM"},
}


def test_each_line_leads_to_its_place_and_back_to_the_overview(open_tab: OpenTab, shown: Shown) -> None:
    tab = opened(open_tab, shown.server)
    for line, state in PLACES.items():
        tab.part(line).first.click()
        leads_to(tab, **state)
        if line == "unfaithful":
            expect(tab.tile(0)).to_have_attribute("data-sample", shown.images[LEAST_FAITHFUL])
        if line == "filters":
            expect(tab.frame.locator('[data-testid="channel"]')).to_have_count(1)
        tab.page.go_back()
        expect(tab.part("overview")).to_be_visible()
        tab.until(lambda: not set(tab.state()) - {"step"})


def test_a_mistake_opens_and_problems_are_listed(open_tab: OpenTab, shown: Shown) -> None:
    tab = opened(open_tab, shown.server)
    tab.part("run-problems").click()
    expect(tab.part("problems-dialog")).to_contain_text("The model ran out of memory.")
    tab.page.keyboard.press("Escape")
    card(tab, "mistakes").get_by_test_id("thumb").first.click()
    leads_to(tab, view="sample", sample=f"{shown.images[5]}:run")
    tab.page.go_back()
    expect(card(tab, "mistakes")).to_be_visible()


def test_what_the_curve_has_told_is_not_asked_for_again(open_tab: OpenTab, shown: Shown) -> None:
    tab = opened(open_tab, shown.server)
    for step, line in ((0, "2 of 6 right"), (10, "4 of 6 right"), (20, "4 of 6 right")):
        tab.page.evaluate(f"location.hash = '#tb_explain&p.tb_explain.step={step}'")
        expect(tab.part("accuracy")).to_contain_text(line)
        expect(tab.frame.locator(".overview [aria-busy=true], .progress[data-busy]")).to_have_count(0)
    summaries = [parse_qs(urlsplit(url).query)["key"] for url in tab.requests if "/summaries?" in url]
    asked = [key for keys in summaries for key in keys]
    assert len(asked) == len(set(asked)) == 6, asked  # two methods at three steps


def test_many_runs_are_lines_that_load_as_they_come_near(open_tab: OpenTab, many: TensorBoard) -> None:
    names = [f"run{i:02d}" for i in range(20)]
    tab = open_tab(many, f"&p.tb_explain.runs={'%2C'.join(names)}", view="", viewport={"width": 1280, "height": 480})
    first = tab.frame.locator('tr[data-run="run00"]')
    expect(first.get_by_test_id("accuracy")).to_contain_text("67%")
    expect(first.get_by_test_id("thumb").first).to_be_visible()
    asked = {match[1] for url in tab.requests if (match := re.search(r"summaries\?run=(\w+)", url))}
    assert "run00" in asked
    assert "run19" not in asked, asked
    last = tab.frame.locator('tr[data-run="run19"]')
    last.scroll_into_view_if_needed()
    expect(last.get_by_test_id("accuracy")).to_contain_text("67%")
    tab.frame.locator('tr[data-run="run02"]').get_by_test_id("confusable").click()
    leads_to(tab, view="projection", pair="0,1", runs="run02")


def test_a_run_without_labels_says_what_would_tell_more(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    channel_runs.write_run(tmp_path / "run")
    tab = opened(open_tab, tensorboard("--logdir", str(tmp_path)))
    expect(tab.part("overview-hint")).to_contain_text("explain a Probe")
    expect(card(tab, "accuracy")).to_have_count(0)
    expect(card(tab, "filters")).to_be_visible()


def test_the_demo_leads_to_a_sample(open_tab: OpenTab, demo_server: TensorBoard) -> None:
    tab = opened(open_tab, demo_server, "&p.tb_explain.step=20")
    expect(tab.part("accuracy").first).to_contain_text(re.compile(r"\d+ of 32 right"))
    card(tab, "mistakes").get_by_test_id("thumb").first.click()
    tab.until(lambda: "sample" in tab.state())
