"""Projections in a real Chromium: points are selected, and all views show what is selected."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect

from tb_explain.records.index import RunIndex
from tests.browser import projection_runs as runs
from tests.browser.conftest import ExplainTab, OpenTab
from tests.conftest import Run, StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

VIEW = "&p.tb_explain.view=projection&p.tb_explain.runs="
ALL = 46 / 100  # half of the frame at rest, as a share of the panel's shorter side
HEAD = 26  # pixels above the panels when there are several


@dataclass
class Shown:
    """What was logged, by run, and the TensorBoard that shows it."""

    server: TensorBoard
    logged: dict[str, runs.Logged]
    logdir: Path


@pytest.fixture(scope="module")
def shown(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Runs of all kinds. `twin` has the rows of `run`."""
    logdir = tmp_path_factory.mktemp("projections")
    logged = {
        "run": runs.write_run(logdir / "run"),
        "twin": runs.write_run(logdir / "twin"),
        "many": runs.write_run(logdir / "many", classes=1000, explained=False),
        "plain": runs.write_run(logdir / "plain", labelled=False, explained=False),
        "clustered": runs.write_run(logdir / "clustered", clustered=True),
        "steps": runs.write_run(logdir / "steps", steps=range(0, 100, 10), explained=False),
        "solid": runs.write_run(logdir / "solid", dims=3, explained=False),
        "damaged": runs.write_run(logdir / "damaged", seed=7, explained=False),
    }
    Run(logdir / "maps").log("val/gradcam", [0])
    damage(logdir / "damaged", logged["damaged"])
    return Shown(tensorboard("--logdir", str(logdir)), logged, logdir)


def damage(directory: Path, logged: runs.Logged) -> None:
    """Change a byte of the positions of the last step."""
    [data] = (directory / "plugins" / "tb_explain").glob("*.data")
    scale = 2 / 65535
    stored = np.rint((logged.where[10] + 1) / scale).astype("<u2").tobytes()
    content = bytearray(data.read_bytes())
    content[content.index(stored) + 5] ^= 0xFF
    data.write_bytes(content)
    RunIndex(directory).refresh()


def open_view(open_tab: OpenTab, server: TensorBoard, run: str, state: str = "", **options: object) -> ExplainTab:
    tab = open_tab(server, VIEW + run + state, **options)
    expect(tab.part("stage")).to_have_attribute("data-settled", "true")
    expect(tab.frame.locator('[aria-busy="true"]')).to_have_count(0)
    return tab


def screen(tab: ExplainTab, at: Sequence[float] | NDArray[np.float64], panel: int = 0) -> tuple[float, float]:
    """Where a point of the plane is on the page while the camera is at rest."""
    box = tab.part("panel").nth(panel).bounding_box()
    assert box
    head = HEAD if tab.part("panel").count() > 1 else 0
    width, height = box["width"], box["height"] - head
    half = ALL * min(width, height)
    return box["x"] + width / 2 + half * at[0], box["y"] + head + height / 2 - half * at[1]


def lasso(tab: ExplainTab, label: int, panel: int = 0) -> None:
    """Draw around a class at the last step."""
    middle = runs.centre(label, 3)
    corners = [middle + 0.33 * np.array([np.cos(t), np.sin(t)]) for t in np.linspace(0, 2 * np.pi, 24)]
    tab.page.mouse.move(*screen(tab, corners[0], panel))
    tab.page.mouse.down()
    for corner in corners:
        tab.page.mouse.move(*screen(tab, corner, panel))
    tab.page.mouse.up()


def hover(tab: ExplainTab, at: NDArray[np.float64]) -> None:
    x, y = screen(tab, at)
    tab.page.mouse.move(x - 30, y)
    tab.page.mouse.move(x, y)


def lone_row(logged: runs.Logged, label: int, step: int = 10) -> int:
    """The row of a class that is farthest from all others, so that a pointer finds it."""
    where = logged.where[step]
    apart = np.linalg.norm(where[:, None] - where[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    return int(np.where(logged.labels == label, apart.min(1), -1).argmax())


def tiles(tab: ExplainTab) -> list[str | None]:
    return [tile.get_attribute("data-sample") for tile in tab.part("tile").all()]


def explained(logged: runs.Logged, label: int) -> list[str]:
    """The images of a class that were explained."""
    rows = range(0, len(logged.labels), 2)
    return [image for row, image in zip(rows, logged.images, strict=True) if logged.labels[row] == label]


def selected(tab: ExplainTab) -> str:
    return unquote(tab.state().get("selected", ""))


def test_what_a_lasso_encloses_is_what_explanations_show_and_a_link_restores_it(
    open_tab: OpenTab, shown: Shown
) -> None:
    logged = shown.logged["run"]
    tab = open_view(open_tab, shown.server, "run")
    lasso(tab, 1)
    expect(tab.part("selected-count")).to_have_text("20 selected")
    tab.until(lambda: selected(tab).startswith("lasso:10:"))
    assert len(selected(tab)) < 200
    tab.part("show-explanations").click()
    tab.settled()
    assert sorted(map(str, tiles(tab))) == sorted(explained(logged, 1))
    expect(tab.part("selection-chip")).to_contain_text("20 selected")
    tab.until(lambda: tab.state().get("view") == "explanations")

    again = open_tab(shown.server, "&" + tab.page.url.partition("#tb_explain&")[2])  # in Explanations, without the plot
    again.settled()
    expect(again.part("selection-chip")).to_contain_text("20 selected")
    assert sorted(map(str, tiles(again))) == sorted(explained(logged, 1))
    again.part("only-selected").uncheck()
    tab.until(lambda: again.part("tile").count() == 24)
    again.part("view-projection").click()
    expect(again.part("selected-count")).to_have_text("20 selected")
    assert selected(again) == selected(tab)
    again.part("clear-selection").click()
    again.until(lambda: selected(again) == "")


def test_clusters_show_what_is_selected_and_nothing_else(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["clustered"]
    tab = open_view(open_tab, shown.server, "clustered")
    lasso(tab, 2)
    tab.part("view-clusters").click()
    expect(tab.part("cluster-tile")).to_have_count(10)
    found = [tile.get_attribute("data-sample") for tile in tab.part("cluster-tile").all()]
    assert sorted(map(str, found)) == sorted(explained(logged, 2))
    tab.part("selection-chip").get_by_role("button", name="Clear the selection").click()
    expect(tab.part("cluster-tile")).to_have_count(24)


def test_shift_adds_control_removes_and_escape_clears(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["run"]
    tab = open_view(open_tab, shown.server, "run")
    lasso(tab, 0)
    tab.page.keyboard.down("Shift")
    lasso(tab, 2)
    tab.page.keyboard.up("Shift")
    expect(tab.part("selected-count")).to_have_text("40 selected")
    tab.until(lambda: selected(tab).startswith("ids:"))
    tab.page.reload()
    tab.frame = tab.until(lambda: next((one for one in tab.page.frames[1:] if "name=tb_explain" in one.url), None))
    expect(tab.part("selected-count")).to_have_text("40 selected")
    expect(tab.part("stage")).to_have_attribute("data-settled", "true")
    tab.part("stage").focus()
    tab.page.keyboard.press("r")
    expect(tab.part("tool-rectangle")).to_have_attribute("aria-pressed", "true")
    tab.page.keyboard.down("Control")
    tab.page.mouse.move(*screen(tab, runs.centre(0, 3) - 0.3))
    tab.page.mouse.down()
    tab.page.mouse.move(*screen(tab, runs.centre(0, 3)))
    tab.page.mouse.move(*screen(tab, runs.centre(0, 3) + 0.3))
    tab.page.mouse.up()
    tab.page.keyboard.up("Control")
    expect(tab.part("selected-count")).to_have_text("20 selected")
    tab.part("side-selection").click()
    rows = tab.part("selection-table").locator("tbody tr")
    expect(rows).to_have_count(20)
    assert [int(row.get_attribute("data-row") or -1) for row in rows.all()] == np.flatnonzero(
        logged.labels == 2
    ).tolist()
    tab.page.keyboard.press("Escape")
    expect(tab.part("selected-count")).to_have_text("Nothing selected")


def test_a_card_shows_the_picture_and_the_numbers_of_the_row_under_the_pointer(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["run"]
    tab = open_view(open_tab, shown.server, "run")
    row = runs.EACH - 1  # wrong
    hover(tab, logged.where[10][row])
    card = tab.part("hover-card")
    expect(card).to_have_attribute("data-row", str(row))
    expect(card).to_contain_text(re.compile(r"cat.*→.*wolf", re.DOTALL))
    expect(card).to_contain_text(f"{100 * logged.probabilities[row]:.1f}%")
    expect(card).to_contain_text(str(logged.ids[row]))
    expect(card.locator("dl")).to_contain_text(re.compile(rf"age\s*{row}"))
    expect(card.locator("dl")).to_contain_text(re.compile(r"camera\s*right"))
    picture = card.get_by_test_id("thumbnail")

    def like() -> list[float]:
        pixels = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("RGB").resize((96, 96)), int)
        seen = pixels[6::12, 6::12]
        return [float(np.abs(seen - one).mean()) for one in logged.pictures.astype(int)]

    tab.until(lambda: np.argmin(like()) == row)
    tab.page.mouse.move(*screen(tab, [0, 0]))
    expect(card).to_have_count(0)


def test_names_stand_in_their_classes(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "run")
    box = tab.part("stage").bounding_box()
    assert box

    def written() -> list[int]:
        """Where anything lies above the points: in how many pixels around each class's middle, and elsewhere."""
        alpha = tab.frame.locator(".stage-overlay").evaluate(
            """canvas => {
                const {data, width} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const scale = canvas.clientWidth / width;
                return [...data.keys()].filter(i => i % 4 === 3 && data[i] > 0)
                    .map(i => (i - 3) / 4).map(i => [i % width * scale, Math.floor(i / width) * scale]);
            }"""
        )
        at = np.array(alpha).reshape(-1, 2) + np.array([box["x"], box["y"]])
        middles = [screen(tab, runs.centre(label, 3)) for label in range(3)]
        near = [np.hypot(*(at - middle).T) < 45 for middle in middles]
        return [*(int(one.sum()) for one in near), int((~np.any(near, axis=0)).sum())]

    tab.until(lambda: all(written()[:3]))
    assert written()[3] == 0
    item = tab.part("legend-item").nth(1)
    item.get_by_role("checkbox").uncheck()
    tab.until(lambda: [count > 0 for count in written()] == [True, False, True, False])
    tab.part("names").uncheck()
    tab.until(lambda: written() == [0, 0, 0, 0])
    tab.until(lambda: tab.state().get("names") == "0")


def test_two_quick_clicks_on_a_tool_are_two_clicks(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "run")
    tab.part("stage").get_by_role("button", name="Nearer").dblclick()
    tab.until(lambda: float(unquote(tab.state().get("camera", "0,0,1")).split(",")[2]) > 1.6)


def test_a_click_pins_a_row_and_lists_its_neighbours_in_the_features(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["run"]
    row = lone_row(logged, 2)
    tab = open_view(open_tab, shown.server, "run")
    tab.page.mouse.click(*screen(tab, logged.where[10][row]))
    point = tab.part("point")
    expect(point).to_have_attribute("data-row", str(row))
    near = tab.part("neighbours").get_by_role("button")
    expect(near).to_have_count(len(logged.neighbours[row]))
    assert [int(one.get_attribute("data-row") or -1) for one in near.all()] == logged.neighbours[row].tolist()
    expect(near.nth(1)).to_contain_text("0.25")
    tab.until(lambda: unquote(tab.state().get("row", "")) == f"{logged.ids[row]}:run")
    near.first.click()
    expect(point).to_have_attribute("data-row", str(logged.neighbours[row, 0]))


def test_a_pinned_row_that_was_explained_opens(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["run"]
    tab = open_view(open_tab, shown.server, "run", f"&p.tb_explain.beside=point&p.tb_explain.row={logged.ids[4]}:run")
    tab.part("open-point").click()
    expect(tab.part("sample-dialog")).to_contain_text("image_4")


def test_samples_selected_in_explanations_are_selected_in_the_projection(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["run"]
    tab = open_tab(shown.server, "&p.tb_explain.runs=run")
    tab.settled()
    cards = tab.frame.locator(".card")
    cards.nth(3).hover()
    cards.nth(3).get_by_role("checkbox").check()
    expect(tab.part("tile")).to_have_count(24)  # the others stay in sight
    cards.nth(5).locator(".tile-open").first.click(modifiers=["Control"])
    expect(tab.part("sample-dialog")).to_have_count(0)
    expect(tab.part("selection-chip")).to_contain_text("2 selected")
    tab.part("only-selected").check()
    expect(tab.part("tile")).to_have_count(2)
    tab.part("view-projection").click()
    tab.part("side-selection").click()
    rows = tab.part("selection-table").locator("tbody tr")
    expect(rows).to_have_count(2)
    assert [int(row.get_attribute("data-row") or -1) for row in rows.all()] == [6, 10]
    assert logged.ids[6] != logged.ids[10]


def test_wrong_predictions_are_marked_where_they_are_the_exception(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "many")  # 1 in 3 is wrong
    expect(tab.part("mark-wrong")).not_to_be_checked()
    tab = open_view(open_tab, shown.server, "run")  # 1 in 20
    expect(tab.part("mark-wrong")).to_be_checked()
    tab.part("mark-wrong").uncheck()
    tab.until(lambda: tab.state().get("mark_wrong") == "0")


def test_the_legend_shows_a_class_alone_and_hides_one(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["run"]
    tab = open_view(open_tab, shown.server, "run")
    items = tab.part("legend-item")
    expect(items).to_have_text([re.compile("cat.*20"), re.compile("wolf.*20"), re.compile("fox.*20")])
    items.nth(1).get_by_role("button").click()
    hover(tab, logged.where[10][lone_row(logged, 0)])
    expect(tab.part("hover-card")).to_have_count(0)
    hover(tab, logged.where[10][lone_row(logged, 1)])
    expect(tab.part("hover-card")).to_be_visible()
    lasso(tab, 0)  # hidden points are not in it
    expect(tab.part("selected-count")).to_have_text("Nothing selected")
    tab.part("select-shown").click()
    expect(tab.part("selected-count")).to_have_text("20 selected")
    tab.part("show-all").click()
    items.nth(1).get_by_role("checkbox").uncheck()
    tab.part("select-shown").click()
    expect(tab.part("selected-count")).to_have_text("40 selected")
    tab.until(lambda: unquote(tab.state().get("categories", "")) == "without:1")
    tab.part("points-by").select_option("outcome")
    expect(items).to_have_text([re.compile("right.*57"), re.compile("wrong.*3")])


def test_a_thousand_classes_are_found_by_name(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "many", "&p.tb_explain.beside=classes")
    expect(tab.part("legend-item")).to_have_count(100)
    tab.part("legend-search").fill("_777")
    expect(tab.part("legend-item")).to_have_count(1)
    tab.part("legend-item").get_by_role("button").click()
    tab.part("select-shown").click()
    expect(tab.part("selected-count")).to_have_text("3 selected")
    expect(tab.part("matrix-canvas")).to_have_attribute("width", "1000")
    for x, y in [(3, 90), (150, 7), (61, 180)]:
        tab.part("matrix-canvas").hover(position={"x": x, "y": y})
        reading = re.compile(r"class_(\d+) → class_(\d+)\s*([\d.]+)")
        expect(tab.part("matrix-reading")).to_have_text(reading)
        found = reading.search(tab.part("matrix-reading").inner_text())
        assert found
        a, b = (runs.centre(int(found[i]), 1000) for i in (1, 2))
        assert float(found[3]) == pytest.approx(float(np.linalg.norm(a - b)), rel=0.01)


def test_pairs_and_the_matrix_show_two_classes_and_what_lies_between(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "run", "&p.tb_explain.beside=classes")
    pairs = tab.part("pair")
    expect(pairs.locator("th")).to_have_text(["cat – wolf", "wolf – fox", "cat – fox"])
    tab.part("pairs").get_by_role("button", name="Dist.").click()
    tab.part("pairs").get_by_role("button", name="Dist.").click()  # the farthest first
    expect(pairs.last.locator("th")).to_have_text("cat – wolf")
    pairs.last.get_by_role("button").click()
    expect(tab.part("points-legend")).to_contain_text("2 of 3 shown")
    between = tab.part("between").get_by_role("button")
    expect(between).to_have_count(2)
    assert [one.get_attribute("data-row") for one in between.all()] == ["0", "20"]
    tab.until(lambda: unquote(tab.state().get("pair", "")) == "0,1")
    pairs.last.get_by_role("button").click()
    expect(tab.part("show-all")).to_have_count(0)

    canvas = tab.part("matrix-canvas")
    box = canvas.bounding_box()
    assert box
    names = tab.frame.locator(".matrix-names li").all_inner_texts()
    assert abs(names.index("cat") - names.index("wolf")) == 1  # near ones side by side
    x, y = ((names.index(name) + 0.5) / 3 for name in ("wolf", "cat"))
    canvas.hover(position={"x": x * box["width"], "y": y * box["height"]})
    expect(tab.part("matrix-reading")).to_have_text(re.compile(r"cat → wolf\s*0\.1"))
    tab.part("matrix-kind").get_by_text("Confusions").click()
    canvas.hover(position={"x": x * box["width"], "y": y * box["height"]})
    expect(tab.part("matrix-reading")).to_have_text(re.compile(r"cat → wolf\s*2"))
    canvas.click(position={"x": x * box["width"], "y": y * box["height"]})
    expect(tab.part("points-legend")).to_contain_text("2 of 3 shown")


def test_ten_steps_are_scrubbed_and_the_rows_go_along(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["steps"]
    tab = open_view(open_tab, shown.server, "steps")
    row = lone_row(logged, 0, 90)
    lasso(tab, 1)
    for at in [*range(9), 9]:
        tab.part("step-slider").fill(str(at))
        expect(tab.part("stage")).to_have_attribute("data-step", str(10 * at))
        expect(tab.part("selected-count")).to_have_text("20 selected")
    tab.part("step-slider").fill("0")
    expect(tab.part("stage")).to_have_attribute("data-step", "0")
    moved = np.linalg.norm(logged.where[0][row] - logged.where[90][row])
    assert moved > 0.1

    def found() -> bool:
        hover(tab, logged.where[0][row])
        card = tab.part("hover-card")
        return card.count() == 1 and card.get_attribute("data-row") == str(row)

    tab.until(found)  # once the points have arrived
    expect(tab.part("measures")).to_contain_text(re.compile(r"Trustworthiness\s*0\.90"))
    assert sum("/column?" in request for request in tab.requests) < 30  # ids, labels and predictions once


def test_two_runs_lie_side_by_side_under_one_camera_and_share_the_selection(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "run,twin", viewport={"width": 1600, "height": 900})
    expect(tab.part("panel")).to_have_count(2)
    lasso(tab, 2, panel=1)
    expect(tab.part("selected-count")).to_have_text("20 selected")
    tab.part("side-selection").click()
    expect(tab.part("selection-table").locator("tbody tr")).to_have_count(20)
    tab.part("active-run").select_option("twin")
    expect(tab.part("selection-table").locator("tbody tr")).to_have_count(20)
    tab.page.mouse.move(*screen(tab, [0, 0], panel=1))
    tab.page.mouse.wheel(0, -300)
    tab.until(lambda: float(unquote(tab.state().get("camera", "0,0,1")).split(",")[2]) > 1.2)
    tab.part("fit").click()


def test_the_selection_is_exported_with_names(open_tab: OpenTab, shown: Shown) -> None:
    logged = shown.logged["run"]
    tab = open_view(open_tab, shown.server, "run")
    lasso(tab, 1)
    with tab.page.expect_download() as download:
        tab.part("export-csv").click()
    assert download.value.suggested_filename == "val_features_fc_step_10.csv"
    found = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    rows = np.flatnonzero(logged.labels == 1)
    assert [int(line["id"]) for line in found] == [logged.ids[row] for row in rows]
    assert [line["label"] for line in found] == ["wolf"] * 20
    assert [line["predicted"] for line in found] == [runs.NAMES[logged.predicted[row]] for row in rows]
    assert np.allclose([float(line["probability"]) for line in found], logged.probabilities[rows], atol=1e-4)
    assert [(line["age"], line["camera"]) for line in found] == [(str(row), ["left", "right"][row % 2]) for row in rows]


def test_without_labels_there_are_points_neighbours_and_columns(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "plain", "&p.tb_explain.beside=classes")
    expect(tab.frame.get_by_role("tabpanel")).to_contain_text("no labels were logged")
    assert tab.part("points-by").locator("option").all_inner_texts() == ["age", "camera", "Nothing"]
    tab.part("points-by").select_option("column:camera")
    expect(tab.part("legend-item")).to_have_text([re.compile("left.*30"), re.compile("right.*30")])
    tab.part("points-by").select_option("column:age")
    expect(tab.part("points-legend")).to_contain_text("59")
    expect(tab.part("origin")).to_contain_text(re.compile("UMAP.*60 points.*2 dropped"))


def test_three_dimensions_are_turned_and_selected_from(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "solid", "&p.tb_explain.tool=pan")
    expect(tab.part("origin")).to_contain_text("3-D")
    tab.page.mouse.move(*screen(tab, [0, 0]))
    tab.page.mouse.down()
    tab.page.mouse.move(*screen(tab, [0.2, 0]), steps=4)
    tab.page.mouse.up()
    tab.until(lambda: unquote(tab.state().get("camera", "")).count(",") == 4)
    tab.part("select-shown").click()
    expect(tab.part("selected-count")).to_have_text("60 selected")


def test_a_damaged_step_says_so_and_the_others_are_shown(open_tab: OpenTab, shown: Shown) -> None:
    expected = r"404|Refused|damaged|cannot be read"
    tab = open_tab(shown.server, VIEW + "damaged", expected=expected)
    expect(tab.part("panel-problem")).to_contain_text("val/features/fc at step 10 cannot be shown.")
    tab.part("step-slider").fill("0")
    expect(tab.part("panel-problem")).to_have_count(0)
    expect(tab.part("origin")).to_contain_text("60 points")


def test_where_nothing_is_logged_the_page_says_how_to(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_tab(shown.server, VIEW + "maps")
    expect(tab.part("empty-state")).to_contain_text("No projections were logged")
    expect(tab.part("empty-state")).to_contain_text("Projection(data=val_loader)")


def test_the_plot_is_moved_by_keys_and_says_what_it_shows(open_tab: OpenTab, shown: Shown) -> None:
    tab = open_view(open_tab, shown.server, "run", reduced_motion="reduce")
    expect(tab.part("points")).to_have_attribute(
        "aria-label", re.compile(r"at step 10\. run: 60 points.*coloured by true class\. 0 selected")
    )
    tab.part("stage").focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("+")
    tab.until(lambda: "camera" in tab.state())
    x, _, zoom = map(float, unquote(tab.state()["camera"]).split(","))
    assert x > 0
    assert zoom > 1
    expect(tab.part("stage")).to_have_attribute("data-step", "10")  # arrow keys are the plot's here
    moved = tab.state()["camera"]
    tab.page.keyboard.press("0")
    fitted = tab.until(lambda: tab.state()["camera"] != moved and tab.state()["camera"])
    tab.page.keyboard.press("-")
    away = tab.until(lambda: tab.state()["camera"] != fitted and tab.state()["camera"])
    assert float(unquote(away).split(",")[2]) == pytest.approx(float(unquote(fitted).split(",")[2]) / 1.3, rel=1e-3)
    tab.page.keyboard.press("0")
    tab.until(lambda: tab.state()["camera"] == fitted)  # wherever it was
    for key, tool in (("l", "lasso"), ("p", "pan"), ("r", "rectangle")):
        tab.page.keyboard.press(key)
        expect(tab.part("stage")).to_have_attribute("data-tool", tool)
    tab.page.keyboard.press("?")
    expect(tab.part("help-dialog")).to_contain_text("lasso, rectangle")
