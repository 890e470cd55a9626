"""The page of one sample in a real Chromium: an image that was learnt and forgotten at steps that are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import sample_runs as logged
from tests.browser.conftest import ExplainTab, OpenTab
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    logdir: Path = tmp_path_factory.mktemp("samples")
    logged.write_runs(logdir)
    return tensorboard("--logdir", str(logdir))


def open_first(open_tab: OpenTab, server: TensorBoard, image: int = 0, state: str = "") -> ExplainTab:
    """The page of an image of `first`, chosen from the list of its images."""
    tab = open_tab(server, state, view="sample")
    tab.part("chooser").get_by_role("button", name=f"image_{image}.png").click()
    expect(tab.part("sample-page")).to_be_visible()
    return tab


def marked(tab: ExplainTab) -> list[int]:
    """The steps that the chart marks as wrong."""
    steps = tab.part("prediction-chart").locator(".mark").evaluate_all("marks => marks.map(mark => mark.dataset.step)")
    return [int(step) for step in steps]


def reached(section: Locator) -> Locator:
    """What is far below is loaded when it comes near."""
    section.scroll_into_view_if_needed()
    return section


def test_predictions_are_told_over_steps_with_what_was_forgotten(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_first(open_tab, server)
    expect(tab.part("sample-facts")).to_contain_text("image_0.png")
    expect(tab.part("learning")).to_contain_text("Forgotten twice, last learnt at step 70.")
    assert marked(tab) == [0, 20, 60]
    chart = tab.part("prediction-chart").get_by_role("slider")
    expect(chart).to_have_attribute("aria-valuetext", "step 70, cat (true) 75.0%, wolf 20.0%")
    expect(tab.part("sample-facts").get_by_label("right")).to_be_visible()

    chart.press("ArrowLeft")
    tab.says(step="60")
    expect(chart).to_have_attribute("aria-valuetext", "step 60, wrong: wolf, wolf 75.0%, fox 20.0%")
    expect(tab.part("sample-facts").get_by_label("wrong")).to_be_visible()
    box = chart.bounding_box()
    assert box
    chart.click(position={"x": 40, "y": box["height"] / 2})
    tab.says(step="0")
    expect(tab.part("at-step")).to_contain_text("Explanations at step 0")

    tab.page.keyboard.press("]")
    expect(tab.part("learning")).to_contain_text("Right at all 8 logged steps: never forgotten.")
    tab.page.keyboard.press("]")
    expect(tab.part("learning")).to_contain_text("Wrong at all 8 logged steps: never learnt.")
    expect(tab.part("page-place")).to_have_text("4 of 7")


def test_the_dialog_leads_to_the_page_and_the_page_back(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, "&p.tb_explain.runs=first")
    tab.tile(tag="val/saliency", sample=1).get_by_role("button", name="Enlarge").click()
    tab.part("open-page").click()
    expect(tab.part("sample-page")).to_be_visible()
    expect(tab.part("sample-dialog")).to_have_count(0)
    expect(tab.part("at-step").locator('[data-testid="tile"] [aria-pressed="true"]')).to_have_count(1)
    expect(tab.tile(tag="val/saliency").locator('[aria-pressed="true"]')).to_be_visible()
    tab.page.keyboard.press("?")
    expect(tab.frame.locator("dialog[open]")).to_be_visible()
    tab.page.keyboard.press("Escape")  # closes the help
    expect(tab.part("sample-page")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.part("tile").first).to_be_visible()
    expect(tab.part("sample-dialog")).to_have_count(0)
    tab.says(view="explanations", sample=None)
    tab.page.go_back()
    expect(tab.part("sample-page")).to_be_visible()


def test_the_film_goes_through_training_and_asks_for_no_maps_of_another_run(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_first(open_tab, server)
    film = reached(tab.part("film"))
    expect(film.locator("canvas")).to_have_count(len(logged.STEPS))
    expect(film.locator('[aria-current="step"]')).to_have_attribute("data-step", "70")
    film.locator('[data-step="30"]').click()
    tab.says(step="30")
    expect(film.locator('[aria-current="step"]')).to_have_attribute("data-step", "30")
    assert not [url for url in tab.requests if "/records?" in url and "run=second" in url]

    figures = reached(tab.part("figure-courses"))
    insertion = figures.locator('[data-figure="insertion"]')
    expect(insertion.locator("strong")).to_have_text("0.65")
    expect(insertion.locator('[data-line="a map of noise"]')).to_be_visible()
    expect(figures.locator('[data-figure="sparseness"] [data-line="a map of noise"]')).to_have_count(0)
    expect(figures.get_by_test_id("series-figures")).to_have_count(1)  # no figures of saliency were logged


def test_neighbours_open_as_samples_or_in_the_projection(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_first(open_tab, server, 4)
    near = reached(tab.part("near"))
    expect(near).to_contain_text("step 40")  # the nearest before 70
    rows = near.locator("button[data-row]")
    expect(rows).to_have_count(4)
    assert rows.evaluate_all("rows => rows.map(row => Number(row.dataset.row))") == logged.NEIGHBOURS[4]
    expect(rows.first).to_contain_text("fox")
    expect(rows.first).to_contain_text("0.125")
    rows.last.click()  # 5, which was explained
    expect(tab.part("sample-facts")).to_contain_text("image_5.png")
    near.locator('button[data-row="8"]').click()  # which was not
    expect(tab.part("point")).to_have_attribute("data-row", "8")
    expect(tab.part("sample-dialog")).to_have_count(0)


def test_what_is_missing_is_said(open_tab: OpenTab, server: TensorBoard) -> None:
    image, step = logged.MISSING
    tab = open_first(open_tab, server, image, f"&p.tb_explain.step={step + 10}")
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.part("not-at-step")).to_have_text("This image was not logged at this step.")
    expect(reached(tab.part("film")).locator("canvas")).to_have_count(len(logged.STEPS) - 1)
    expect(tab.part("learning")).to_contain_text("Learnt at step 10, and not forgotten since.")
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.part("at-step").get_by_test_id("tile")).to_have_count(2)

    tab.part("leave-page").click()
    tab.part("chooser").get_by_role("button", name="image_1.png").click()
    tab.part("page-run").select_option("second")
    expect(tab.part("sample-page")).to_have_attribute("data-run", "second")
    expect(tab.part("sample-facts")).to_contain_text("none logged")
    expect(tab.part("learning")).to_contain_text("nobody can say when it was learnt")
    assert marked(tab) == []
    expect(reached(tab.part("near"))).to_contain_text("No projection was logged in this run")

    gone = open_tab(server, "&p.tb_explain.sample=abc:deleted", view="sample")
    expect(gone.part("empty-state")).to_contain_text("deleted was deleted or renamed")
