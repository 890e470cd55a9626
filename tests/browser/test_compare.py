"""The Compare view in a real Chromium, on runs whose comparison is known by hand."""

from __future__ import annotations

import base64
import csv
import re
import shutil
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from tests.browser.compared_runs import REVERSED, SAME, write_all
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runs lie."""
    logdir = tmp_path_factory.mktemp("compared")
    write_all(logdir)
    return logdir


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, logdir: Path) -> TensorBoard:
    """Shows the runs."""
    return tensorboard("--logdir", str(logdir), "--reload_interval", "1")


def open_compare(open_tab: OpenTab, server: TensorBoard, runs: str, *, expected: str = "", **state: str) -> ExplainTab:
    rest = "".join(f"&p.tb_explain.{key}={value}" for key, value in state.items())
    return open_tab(server, f"&p.tb_explain.runs={runs}{rest}", view="compare", expected=expected)


def cards(tab: ExplainTab) -> list[list[str]]:
    """The pictures on the page in their order, each with what became of its prediction."""
    expect(tab.part("pair-card").first).to_be_visible()
    found: list[list[str]] = tab.part("pair-card").evaluate_all(
        "cards => cards.map(card => [card.querySelector('img').alt.replace('picture ', ''), card.dataset.outcome])"
    )
    return found


def order(tab: ExplainTab) -> str:
    return "".join(picture for picture, _ in cards(tab))


def card(tab: ExplainTab, picture: int) -> Locator:
    return tab.part("pair-card").filter(has=tab.frame.get_by_alt_text(f"picture {picture}"))


def likeness(found: Locator) -> float:
    return float(found.get_by_test_id("likeness").first.get_attribute("data-value") or "nan")


def summary(tab: ExplainTab) -> str:
    return " ".join(tab.part("compare-summary").inner_text().split())


def upsampled(values: list[int], size: int) -> NDArray[np.float64]:
    """A map of 2 x 2 in all its pixels, from 0 to 1."""
    at = ((np.arange(size) + 0.5) * 2 / size - 0.5).clip(0, 1)
    (a, b), (c, d) = np.array(values).reshape(2, 2) / max(values)
    y, x = at[:, None], at[None]
    smooth: NDArray[np.float64] = (a * (1 - x) + b * x) * (1 - y) + (c * (1 - x) + d * x) * y
    return smooth


def expect_difference(tab: ExplainTab, canvas: Locator, a: list[int], b: list[int]) -> None:
    """Wait until every pixel has the colour of B - A."""
    canvas.scroll_into_view_if_needed()

    def off() -> int:
        found = pixels(canvas)
        wanted = mpl.colormaps["RdBu_r"]((upsampled(b, len(found)) - upsampled(a, len(found)) + 1) / 2, bytes=True)
        return int(np.abs(found.astype(int) - wanted.astype(int)).max())

    tab.until(lambda: off() <= 12)  # two tables of the same colours


def test_two_steps_of_a_run_with_predictions_similarities_and_differences(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_compare(open_tab, server, "one")
    # A is the first step, B the page's: picture 0 became right, 1 has the reverse map, 2 nearly the same one, 3 the very same.
    assert cards(tab) == [["0", "fixed"], ["1", "same"], ["2", "same"], ["3", "same"]]
    text = summary(tab)
    for said in ("Samples in both 4", "50.0% → 75.0%", "Predictions changed 1 (1 fixed, 0 broken)", "GradCAM 0.45"):
        assert said in text, text  # the mean of 1, -1, 0.8 and 1
    assert [likeness(card(tab, picture)) for picture in range(4)] == pytest.approx([1, -1, 0.8, 1])
    expect(card(tab, 1)).to_contain_text("−1.00")
    expect(card(tab, 0).locator(".outcome")).to_have_text("fixed")
    expect(card(tab, 0)).to_contain_text("for dog")  # B's prediction, on both sides
    expect(tab.part("difference-legend")).to_contain_text("From −1 to +1.")
    expect_difference(tab, card(tab, 1).locator("canvas.difference"), SAME, REVERSED)
    expect_difference(tab, card(tab, 0).locator("canvas.difference"), SAME, SAME)
    overlays = [pixels(card(tab, 1).locator(f"[data-side={side}] canvas.overlay")) for side in "ab"]
    assert np.abs(overlays[0].astype(int) - overlays[1][::-1, ::-1]).max() <= 12

    tab.part("swap").click()
    expect(tab.part("compare-summary")).to_contain_text("75.0% → 50.0%")
    assert cards(tab)[0] == ["0", "broken"]
    expect_difference(tab, card(tab, 1).locator("canvas.difference"), REVERSED, SAME)
    tab.until(lambda: {"a_step": "page", "b_step": "0"}.items() <= tab.state().items())
    # The slider moves the side that follows it; the other has a step of its own.
    tab.part("step-slider").fill("0")
    expect(tab.part("identical")).to_be_visible()
    expect(tab.part("compare-summary")).to_contain_text("50.0% → 50.0%")


def test_order_and_filter_of_changes(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_compare(open_tab, server, "one")
    assert order(tab) == "0123"
    tab.part("compare-order").select_option("similarity")
    tab.until(lambda: order(tab) == "1203")
    tab.part("compare-order").select_option(
        "probability"
    )  # of the true class: 0.1 → 0.8, 0.6 → 0.95, 0.7 → 0.75, 0.2 → 0.2
    tab.until(lambda: order(tab) == "0123")
    for choice, left in (("Changed", 1), ("All", 4), ("Fixed", 1)):
        tab.part("change-filter").get_by_text(choice, exact=True).click()
        expect(tab.part("pair-card")).to_have_count(left)
        assert order(tab)[0] == "0"
    tab.part("change-filter").get_by_text("Broken", exact=True).click()
    expect(tab.part("nothing-left")).to_have_text("No prediction was broken.")


def test_two_runs_meet_by_content_and_by_method(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_compare(open_tab, server, "one,two")
    # Step 10 of both: picture 1 is wrong in B, which logged the pictures in another order and under another tag.
    assert cards(tab) == [["1", "broken"], ["0", "same"], ["2", "same"]]
    assert [likeness(card(tab, picture)) for picture in range(3)] == pytest.approx([0.8, -1, 1])
    notice = tab.part("partners")
    expect(notice).to_contain_text("3 samples and 1 series are on both sides. 1 sample only in A; 1 sample only in B.")
    assert "100% → 66.7%" in summary(tab)

    tab.part("step-a").select_option("0")  # a step of its own: the other side still follows the slider
    expect(tab.part("compare-summary")).to_contain_text("66.7% → 66.7%")
    assert cards(tab)[:2] == [["1", "broken"], ["0", "fixed"]] or cards(tab)[:2] == [["0", "fixed"], ["1", "broken"]]
    tab.until(lambda: tab.state().get("a_step") == "0")
    tab.part("run-b").select_option("one")
    expect(tab.part("partners")).to_have_count(0)
    tab.until(lambda: {"a_run": "one", "b_run": "one"}.items() <= tab.state().items())


def test_an_enlarged_pair_is_swiped_by_keyboard_and_pointer_and_blinks(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_compare(open_tab, server, "one")
    card(tab, 1).get_by_role("button", name=re.compile("Enlarge")).click()
    dialog = tab.part("pair-dialog")
    divider = dialog.get_by_role("slider", name="Divider")
    expect(divider).to_have_attribute("aria-valuenow", "50")
    divider.focus()
    for key, at in (("ArrowRight", 52), ("Shift+ArrowLeft", 42), ("End", 100), ("Home", 0), ("PageUp", 10)):
        divider.press(key)
        expect(divider).to_have_attribute("aria-valuenow", str(at))
    expect(tab.part("dialog-step-slider")).to_have_value("1")  # the arrows did not move the page's step

    box = tab.part("swipe").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    tab.page.mouse.move(box["x"] + 0.1 * box["width"], y)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + 0.75 * box["width"], y, steps=3)
    tab.page.mouse.up()
    expect(divider).to_have_attribute("aria-valuenow", "75")
    tab.page.mouse.move(box["x"] + 0.2 * box["width"], y)
    expect(divider).to_have_attribute("aria-valuenow", "75")
    # Under the pointer lies what is seen there: A at the left of the divider, B at its right.
    side_at = "([x, y]) => document.elementFromPoint(x, y).closest('.swipe-a, .swipe-b').className"
    inside = tab.part("swipe").evaluate("element => element.getBoundingClientRect().toJSON()")
    places = [[inside["x"] + share * inside["width"], inside["y"] + 0.25 * inside["height"]] for share in (0.2, 0.95)]
    assert [tab.frame.evaluate(side_at, place) for place in places] == ["swipe-a", "swipe-b"]

    for seen in ("a", "b", "a"):
        tab.page.keyboard.press("b")
        expect(tab.part("swipe")).to_have_attribute("data-seen", seen)
    expect(divider).to_have_count(0)
    expect(tab.part("class-table")).to_contain_text("dogtrue60.0%95.0%+35.0")
    tab.page.keyboard.press("]")
    expect(dialog).to_contain_text("picture 2")
    dialog.get_by_test_id("open-page").click()
    tab.until(lambda: tab.state().get("view") == "sample" and tab.state().get("sample", "").endswith("one"))
    expect(dialog).to_have_count(0)


def test_a_link_restores_the_comparison(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_compare(
        open_tab,
        server,
        "one,two",
        a_run="two",
        b_run="one",
        b_step="0",
        against_sort="similarity",
        against_show="changed",
    )
    assert order(tab) == "01"  # 0.8 and 1
    expect(tab.part("run-a")).to_have_value("two")
    expect(tab.part("step-b")).to_have_value("0")
    card(tab, 1).get_by_role("button", name=re.compile("Enlarge")).click()
    expect(tab.part("pair-dialog")).to_be_visible()
    tab.part("divider").press("PageUp")
    tab.until(lambda: "against" in tab.state() and tab.state().get("divider") == "60")
    again = open_tab(server, "&" + tab.page.url.partition("#tb_explain&")[2])
    expect(again.part("pair-dialog")).to_contain_text("picture 1")
    expect(again.part("pair-dialog")).to_contain_text("A: two, step 10")
    expect(again.part("pair-dialog")).to_contain_text("B: one, step 0")
    expect(again.part("divider")).to_have_attribute("aria-valuenow", "60")
    assert order(again) == "01"


def test_selection_pins_and_filters_of_the_page_hold_for_pairs(open_tab: OpenTab, server: TensorBoard) -> None:
    selected = (
        base64.urlsafe_b64encode(bytes([100, 2])).decode().rstrip("=")
    )  # ids 100 and 102, as data/compact_ids.ts writes them
    tab = open_compare(open_tab, server, "one", selected="ids:" + selected)
    assert order(tab) == "02"
    card(tab, 2).hover()
    expect(card(tab, 2).get_by_role("checkbox", name="Select picture 2")).to_be_checked()
    card(tab, 2).get_by_test_id("pin").click()
    tab.until(lambda: order(tab) == "20")
    tab.part("filter").click()
    tab.part("sample-text").fill("picture 0")
    expect(tab.part("pair-card")).to_have_count(1)
    expect(tab.part("filter-note")).to_have_text("1 of 2 samples")
    tab.part("download").click()
    with tab.page.expect_download() as download:
        tab.part("download-csv").click()
    header, row = csv.reader(download.value.path().read_text("utf-8-sig").splitlines())
    found = dict(zip(header, row, strict=True))
    said = {
        "name": "picture 0",
        "a_step": "0",
        "a_predicted": "cat",
        "b_step": "10",
        "b_predicted": "dog",
        "outcome": "fixed",
    }
    assert said.items() <= found.items(), found
    assert float(found["similarity"]) == pytest.approx(1)
    tab.part("filter").click()
    tab.part("sample-text").fill("cat")  # a class on one side is enough: picture 0 was a cat to A
    expect(tab.part("filter-note")).to_have_text("1 of 2 samples")


def test_what_cannot_be_compared_says_why(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_compare(open_tab, server, "foreign")
    message = tab.part("empty-state")
    expect(message).to_contain_text("Only one step of one run")
    tab.part("run-list").get_by_label("one", exact=True).check()
    expect(message).to_contain_text("No sample in common")
    tab.part("run-list").get_by_label("two", exact=True).check()
    for side, run in (("b", "two"), ("a", "one")):
        tab.part(f"run-{side}").select_option(run)
    assert len(cards(tab)) == 3
    tab.part("run-list").get_by_label("two", exact=True).uncheck()
    expect(message).to_contain_text("Run two is not shown")
    message.get_by_role("button", name="Show it").click()
    assert len(cards(tab)) == 3


def test_a_record_that_cannot_be_read_and_series_without_partners_are_named(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_compare(open_tab, server, "one,damaged")
    expect(tab.frame.get_by_text("A val/cam at step 10: the record cannot be read.")).to_be_visible()
    expect(tab.part("empty-state")).to_contain_text("No sample in common")
    tab.part("run-list").get_by_label("damaged", exact=True).uncheck()
    tab.part("run-list").get_by_label("otherwise", exact=True).check()
    expect(tab.part("run-b")).to_have_value("one")  # with nothing in common, a run is compared with itself
    tab.part("run-b").select_option("otherwise")
    expect(tab.part("no-series")).to_be_visible()
    assert cards(tab) == [["0", "same"]]  # the predictions compare all the same


def test_a_run_deleted_while_compared(open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path) -> None:
    write_all(tmp_path)
    server = tensorboard("--logdir", str(tmp_path), "--reload_interval", "1")
    gone = r"404 \(NOT FOUND\).*run=two|There is no run 'two'"  # the page may ask before TensorBoard's list says so
    tab = open_compare(open_tab, server, "one,two", expected=gone, a_run="one", b_run="two")
    assert len(cards(tab)) == 3
    shutil.rmtree(tmp_path / "two")

    def told() -> bool:
        tab.part("reload").click()
        return tab.part("empty-state").count() > 0

    tab.until(told)
    expect(tab.part("empty-state")).to_contain_text("Run two is not there")
