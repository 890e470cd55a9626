"""Hidden windows in a real Chromium: what is drawn and read out is what was logged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tb_explain import ExplainWriter
from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import OpenTab
from tests.browser.hidden_windows import (
    HEIGHT,
    INTACT,
    NAMES,
    SIZES,
    WIDTH,
    Logged,
    corners,
    enlarge,
    expect_map,
    percent,
    point,
    points,
)
from tests.conftest import StartTensorBoard

pytestmark = pytest.mark.slow


def test_tiles_show_the_map_of_the_chosen_size(open_tab: OpenTab, occlusion: Logged) -> None:
    tab = open_tab(occlusion.server)
    tab.settled()
    canvas = tab.tile(0, kind="OCCLUSION").locator("canvas.overlay")
    expect_map(tab, canvas, occlusion.drop_map(SIZES[1]))
    tab.part("slider").get_by_text("Large").click()
    expect_map(tab, canvas, occlusion.drop_map(SIZES[2]))
    tab.until(lambda: tab.state().get("slider") == "3")
    linked = open_tab(occlusion.server, "&p.tb_explain.slider=1&p.tb_explain.class=2")
    linked.settled()
    expect_map(
        linked, linked.tile(0, kind="OCCLUSION").locator("canvas.overlay"), occlusion.drop_map(SIZES[0], target=1)
    )


@pytest.mark.parametrize("size", range(3))
def test_pointing_at_a_place_shows_the_probability_logged_there(
    open_tab: OpenTab, occlusion: Logged, size: int
) -> None:
    tab = enlarge(open_tab, occlusion, "OCCLUSION", f"&p.tb_explain.slider={size + 1}")
    extent = SIZES[size]
    rows, columns = corners(extent, extent // 3)
    scores, predicted = occlusion.scores[extent][0], occlusion.predicted[extent]
    for row, column in ((0, 0), (len(rows) // 2, len(columns) - 1), (len(rows) - 1, 1)):
        point(tab, rows[row] + extent / 2 + 0.4, columns[column] + extent / 2 - 0.4)
        expect(tab.part("patch")).to_have_attribute("data-window", str(row * len(columns) + column))
        expect(tab.part("intact")).to_contain_text(percent(INTACT[0]))
        expect(tab.part("hidden")).to_contain_text(percent(scores[row, column]))
        expect(tab.part("drop")).to_contain_text(points(INTACT[0] - scores[row, column]))
        then = tab.part("predicted")
        expect(then).to_contain_text(NAMES[predicted[row, column]])
        expect(then.get_by_text("changed")).to_have_count(int(predicted[row, column] != 0))
    patch, stage = tab.part("patch").bounding_box(), tab.part("stage").bounding_box()
    assert patch and stage
    drawn = [
        (patch["y"] - stage["y"]) / stage["height"] * HEIGHT,
        (patch["x"] - stage["x"]) / stage["width"] * WIDTH,
        patch["height"] / stage["height"] * HEIGHT,
    ]
    np.testing.assert_allclose(drawn, [rows[-1], columns[1], extent], atol=0.2)


def test_the_enlarged_map_and_another_class(open_tab: OpenTab, occlusion: Logged) -> None:
    tab = enlarge(open_tab, occlusion, "OCCLUSION")
    dialog = tab.part("sample-dialog")
    canvas = tab.part("stage").locator("canvas.overlay")
    expect_map(tab, canvas, occlusion.drop_map(SIZES[1]))
    dialog.get_by_test_id("slider").get_by_text(f"{SIZES[0]} px", exact=True).click()
    expect_map(tab, canvas, occlusion.drop_map(SIZES[0]))
    asked = len([request for request in tab.requests if "/records" in request])
    dialog.locator("button.target", has_text="fox").click()
    expect_map(tab, canvas, occlusion.drop_map(SIZES[0], target=1))
    expect(tab.part("intact")).to_contain_text(percent(INTACT[1]))
    assert len([request for request in tab.requests if "/records" in request]) == asked


def test_the_window_that_costs_most_is_hidden_first_and_arrow_keys_move_it(
    open_tab: OpenTab, occlusion: Logged
) -> None:
    tab = enlarge(open_tab, occlusion, "OCCLUSION", "&p.tb_explain.slider=1")
    scores = occlusion.scores[SIZES[0]][0]
    expect(tab.part("hidden")).to_contain_text(percent(scores.min()))
    columns = scores.shape[1]
    point(tab, HEIGHT / 2, WIDTH / 2)
    patch = tab.part("patch")
    before = int(patch.get_attribute("data-window") or -1)
    patch.focus()
    for key, by in (("ArrowRight", 1), ("ArrowDown", columns), ("ArrowLeft", -1), ("ArrowUp", -columns)):
        tab.page.keyboard.press(key)
        before += by
        expect(patch).to_have_attribute("data-window", str(before))
        expect(tab.part("hidden")).to_contain_text(percent(scores.ravel()[before]))
    expect(tab.part("dialog-step-slider")).to_have_attribute("aria-valuetext", "step 5")


def test_drops_by_size(open_tab: OpenTab, occlusion: Logged) -> None:
    tab = enlarge(open_tab, occlusion, "OCCLUSION")
    rows = tab.part("size-bars").locator("tbody tr")
    for row, size in zip(rows.all(), SIZES, strict=True):
        drops = INTACT[0] - occlusion.scores[size][0]
        expect(row).to_contain_text(f"{size} px")
        expect(row.locator("td").nth(1)).to_have_text(points(float(drops.mean())))
        expect(row.locator("td").nth(2)).to_have_text(points(float(drops.max())))


def test_what_the_writer_logs_can_be_explored(open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    scores = random.normal(0, 2, (1, 4, 7))
    with ExplainWriter(tmp_path / "run") as writer:
        writer.add_occlusion(
            "occlusion", scores, [0, 8, 16, 24], range(0, 49, 8), (8, 16), [3.0], random.random((1, 3, 32, 64)), 1,
            score="logit", targets=1, class_names=NAMES,
        )  # fmt: skip
    tab = open_tab(tensorboard("--logdir", str(tmp_path)))
    tab.settled()
    tab.tile(0, kind="OCCLUSION").locator("button.tile-open").click()
    box = tab.part("stage").bounding_box()
    assert box
    tab.page.mouse.move(box["x"] + box["width"] * (40 + 8) / 64, box["y"] + box["height"] * (16 + 4) / 32)
    expect(tab.part("patch")).to_have_attribute("data-window", str(2 * 7 + 5))
    logit = float(tab.part("hidden").locator("dd").inner_text().replace("−", "-"))
    assert logit == pytest.approx(scores[0, 2, 5], abs=0.01)
    expect(tab.part("size-bars")).to_have_count(0)  # there is one size only
    expect(tab.part("predicted")).to_have_count(0)  # not logged


def test_a_record_that_contradicts_itself_is_said_to_be_unreadable(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    segment = SegmentWriter(tmp_path / "run")
    series = pb.Series(kind=pb.OCCLUSION, tag="broken")
    records = segment.series(series)
    payload = pb.Occlusion(samples=[pb.Sample()], targets=[0], scores=[0.5], sliders=[pb.Slider(height=3, width=3)])
    entry = pb.Entry(kind=pb.OCCLUSION, series=series.id, step=1, count=1)
    segment.append([*records, Record(entry, payload.SerializeToString())])
    segment.close()
    tab = open_tab(tensorboard("--logdir", str(tmp_path)), expected="cannot be decoded")
    expect(tab.frame.get_by_role("status").filter(has_text="broken at step 1")).to_be_visible()
