"""What people are used to from other pages: Back, links, settings that stay, downloads, keys."""

from __future__ import annotations

import csv
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.every_kind import write_run
from tests.browser.habit_runs import LABELS, NAMES, PROBABILITIES, SAMPLES, WRONG, N, write_runs
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

ALPHA = "&p.tb_explain.view=explanations&p.tb_explain.runs=alpha"


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    logdir: Path = tmp_path_factory.mktemp("habits")
    write_runs(logdir)
    write_run(logdir / "every")
    return tensorboard("--logdir", str(logdir))


def test_the_page_is_drawn_in_the_typeface_of_tensorboard(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    loaded = tab.frame.evaluate("[...document.fonts].filter(face => face.status === 'loaded').map(face => face.weight)")
    assert {"400", "500"} <= set(loaded)
    # Named alone it is as wide as in the list of which it is the first.
    widths = """part => ["Roboto", "sans-serif", getComputedStyle(part).fontFamily].map(family => {
      const context = document.createElement("canvas").getContext("2d");
      context.font = `20px ${family}`;
      return context.measureText("Explanations of many samples").width;
    })"""
    theirs, machine, ours = tab.frame.locator("body").evaluate(widths)
    assert ours == theirs != machine


def test_back_undoes_choices_one_by_one_and_forward_redoes_them(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("sort").select_option("unsure")
    tab.says(sort="unsure")
    tab.part("outcome").get_by_text("Wrong").click()
    tab.says(show="wrong")
    tab.part("opacity").fill("0.3")  # a slider: no entry of its own
    tab.says(opacity="0.3")
    tab.part("view-features").click()
    tab.says(view="features")

    tab.page.go_back()
    expect(tab.part("outcome").get_by_role("radio", name="Wrong")).to_be_checked()
    tab.says(show="wrong", sort="unsure", opacity="0.3")
    tab.page.go_back()
    expect(tab.part("outcome").get_by_role("radio", name="All")).to_be_checked()
    tab.says(show=None, sort="unsure", opacity=None)
    tab.page.go_back()
    expect(tab.part("sort")).to_have_value("logged")
    tab.page.go_forward()
    expect(tab.part("sort")).to_have_value("unsure")
    tab.page.go_forward()
    tab.page.go_forward()
    tab.says(view="features", show="wrong")
    expect(tab.part("view-features")).to_have_attribute("aria-selected", "true")


def test_a_slider_a_scrub_and_a_typed_text_leave_no_more_than_one_entry(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    entries = tab.page.evaluate("history.length")
    for position in (0, 1, 2):
        tab.part("step-slider").fill(str(position))
        tab.says(step=str(10 * position))
    tab.part("size").fill("200")
    tab.says(size="200")
    assert tab.page.evaluate("history.length") == entries
    typed = tab.part("tag-filter")
    for text in ("g", "gr", "grad"):
        typed.fill(text)
        tab.says(tag_filter=text)
    assert tab.page.evaluate("history.length") == entries + 1
    tab.page.go_back()
    expect(typed).to_have_value("")
    tab.says(step="20", size="200")


def test_ctrl_z_undoes_and_never_leaves_the_page(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    address = tab.page.url
    tab.part("sort").select_option("sure")
    tab.says(sort="sure")
    tab.frame.locator("h1").click()
    for keys in ("Control+z", "Control+z", "Control+z"):  # the second and third have nothing to undo
        tab.page.keyboard.press(keys)
        expect(tab.part("sort")).to_have_value("logged")
    assert tab.page.url.partition("#")[0] == address.partition("#")[0]
    for _ in range(2):
        tab.page.keyboard.press("Control+Shift+Z")
        expect(tab.part("sort")).to_have_value("sure")
    # Where somebody types, the keys undo what was typed.
    tab.part("tag-filter").press_sequentially("cam")
    tab.says(tag_filter="cam")
    tab.part("tag-filter").press("Control+z")
    expect(tab.part("tag-filter")).not_to_have_value("cam")
    expect(tab.part("sort")).to_have_value("sure")


def test_tensorboards_own_tabs_and_back_across_them(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("sort").select_option("unsure")
    tab.says(sort="unsure")
    tab.page.get_by_role("tab", name="Scalars").click()
    tab.until(lambda: tab.page.url.partition("#")[2].startswith("scalars"))
    expect(tab.frame.locator("h1")).not_to_be_in_viewport()
    tab.page.go_back()
    tab.until(lambda: tab.page.url.partition("#")[2].startswith("tb_explain"))
    expect(tab.part("sort")).to_be_visible()
    expect(tab.part("sort")).to_have_value("unsure")
    # What was undone by Back before another tab was opened is not redone into that tab.
    tab.page.go_back()
    expect(tab.part("sort")).to_have_value("logged")
    tab.page.get_by_role("tab", name="Scalars").click()
    tab.until(lambda: tab.page.url.partition("#")[2].startswith("scalars"))
    tab.page.get_by_role("tab", name="Explain", exact=False).click()
    tab.until(lambda: tab.page.url.partition("#")[2].startswith("tb_explain"))
    expect(tab.part("sort")).to_be_visible()
    tab.frame.locator("h1").click()
    tab.page.keyboard.press("Control+Shift+Z")
    tab.page.keyboard.press("Control+z")
    tab.part("sort").select_option("sure")
    tab.says(sort="sure")
    assert tab.page.url.partition("#")[2].startswith("tb_explain")

    tab.page.reload()
    tab.frame = tab.until(lambda: next((f for f in tab.page.frames[1:] if "name=tb_explain" in f.url), None))
    expect(tab.part("sort")).to_have_value("sure")
    tab.page.go_back()
    expect(tab.part("sort")).to_have_value("logged")
    # A link pasted into the address of the open page.
    pasted = tab.page.url.partition("#")[0] + "#tb_explain&p.tb_explain.view=explanations&p.tb_explain.sort=mistakes"
    tab.page.evaluate("url => { location.href = url }", pasted)
    expect(tab.part("sort")).to_have_value("mistakes")
    tab.page.go_back()
    expect(tab.part("sort")).to_have_value("logged")


def test_the_copied_link_brings_back_what_is_shown(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("sort").select_option("unsure")
    tab.part("copy-link").click()  # at once, before the address says so
    expect(tab.frame.get_by_text("Copied")).to_be_visible()
    typed = tab.part("tag-filter")
    typed.press("Control+v")
    link = typed.input_value()
    assert link.startswith(f"{server.url}#tb_explain") and "p.tb_explain.sort=unsure" in link
    assert "p.tb_explain.runs=alpha" in link


def test_settings_are_kept_for_addresses_that_say_nothing(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.part("opacity").fill("0.25")
    tab.part("size").fill("240")
    tab.frame.get_by_label("Speed").select_option("8")
    tab.says(opacity="0.25", size="240")
    tab.frame.get_by_label("Runs and filters", exact=True).first.click()  # closes the pane
    expect(tab.part("run-list")).to_have_count(0)

    def open_at(state: str) -> None:
        tab.page.goto("about:blank")
        tab.page.goto(f"{server.url}#tb_explain{state}")
        tab.frame = tab.until(lambda: next((f for f in tab.page.frames[1:] if "name=tb_explain" in f.url), None))

    open_at("")
    tab.says(opacity="0.25", size="240")
    tab.part("view-explanations").click()
    expect(tab.part("opacity")).to_have_value("0.25")
    expect(tab.frame.get_by_label("Speed")).to_have_value("8")
    expect(tab.part("run-list")).to_have_count(0)
    open_at(ALPHA)  # a link shows what its sender saw
    expect(tab.part("opacity")).to_have_value("0.6")
    open_at("")
    tab.part("view-explanations").click()
    expect(tab.part("opacity")).to_have_value("0.25")
    tab.part("reset-settings").click()
    expect(tab.part("opacity")).to_have_value("0.6")
    expect(tab.part("run-list")).to_be_visible()
    assert tab.page.evaluate("localStorage.getItem('tb_explain.settings')") is None


def test_a_browser_without_storage_shows_the_page_all_the_same(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.page.context.add_init_script(
        "if (parent !== window)"
        " Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } })"
    )
    tab.page.reload()
    tab.frame = tab.until(lambda: next((f for f in tab.page.frames[1:] if "name=tb_explain" in f.url), None))
    tab.settled()
    tab.part("opacity").fill("0.25")
    tab.says(opacity="0.25")


def png_of(tab: ExplainTab) -> tuple[str, NDArray[np.uint8]]:
    """The downloaded picture: its name and its pixels."""
    tab.part("download").click()
    with tab.page.expect_download() as download:
        tab.part("download-png").click()
    with Image.open(download.value.path()) as image:
        return download.value.suggested_filename, np.asarray(image.convert("RGB"))


def screen(tab: ExplainTab) -> NDArray[np.uint8]:
    with Image.open(BytesIO(tab.page.screenshot())) as image:
        return np.asarray(image.convert("RGB"))


def place(locator: Locator, scale: float) -> tuple[slice, slice]:
    """Where it is on a screenshot."""
    box = locator.bounding_box()
    assert box is not None
    rows, columns = (
        slice(round(scale * at), round(scale * (at + size)))
        for at, size in ((box["y"], box["height"]), (box["x"], box["width"]))
    )
    return rows, columns


CAPTION = 32
MARGIN = 16


def written(text: str, scale: float, tab: ExplainTab) -> int:
    """How wide a text of the caption is, in device pixels."""
    width = tab.frame.evaluate(
        """text => { const context = document.createElement("canvas").getContext("2d");
        context.font = `400 13px ${getComputedStyle(document.body).fontFamily}`;
        return context.measureText(text).width; }""",
        text,
    )
    return round(scale * width)


@pytest.mark.parametrize("scale", [1, 2])
def test_the_picture_shows_what_the_screen_shows(open_tab: OpenTab, server: TensorBoard, scale: int) -> None:
    tab = open_tab(server, ALPHA, device_scale_factor=scale)
    tab.settled()
    tile = tab.tile(0, tag="val/gradcam/conv1").locator(".tile-picture")
    tab.until(
        lambda: tile.locator("canvas").evaluate(
            "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(x => x)"
        )
    )
    tab.page.mouse.move(5, 5)
    shot = screen(tab)
    rows, columns = place(tile, scale)
    toolbar = place(tab.frame.locator(".view-toolbar"), scale)
    name, picture = png_of(tab)
    assert name == "explanations_step_30.png"
    down = scale * CAPTION - toolbar[0].stop  # from the screen to the picture
    right = -toolbar[1].start
    expected = shot[rows, columns].astype(int)
    assert expected.std() > 20, "there is something to see"

    def differing(dy: int) -> float:
        found = picture[rows.start + down + dy : rows.stop + down + dy, columns.start + right : columns.stop + right]
        edge = 3 * scale  # of its round corners
        return float((np.abs(found - expected).max(2)[edge:-edge, edge:-edge] > 6).mean())

    # The compositor rounds what scrolls by itself: to the pixel at most.
    differences = [differing(dy) for dy in (-1, 0, 1)]
    assert min(differences) < 0.01, differences
    # The verdict above it is text, placed to the pixel.
    verdict = place(tab.frame.locator(".card .verdict").first, scale)
    found = picture[
        verdict[0].start + down : verdict[0].stop + down, verdict[1].start + right : verdict[1].stop + right
    ]
    ink = [np.argwhere(part.min(2) < 140) for part in (found, shot[verdict])]
    assert len(ink[0]) > 20
    assert np.abs(ink[0].mean(0) - ink[1].mean(0)).max() < scale
    # The caption: title, step, runs.
    line = picture[: scale * CAPTION].min(2) < 140
    inked = np.flatnonzero(line.any(0))
    texts = ["Explanations", "step 30", "alpha"]
    width = sum(written(text, scale, tab) for text in texts) + 2 * MARGIN * scale
    assert abs(inked[0] - MARGIN * scale) <= 3 * scale
    assert abs(inked[-1] - MARGIN * scale - width) <= 4 * scale
    # The legend below has the colours of the map.
    legend = picture[-scale * 130 :, scale * MARGIN : scale * (MARGIN + 200)].reshape(-1, 3)
    for colour in ((68, 1, 84), (253, 231, 37)):
        assert np.abs(legend.astype(int) - colour).sum(1).min() < 12, colour


def test_numbers_are_a_table_for_spreadsheets(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, f"{ALPHA}&p.tb_explain.methods=GradCAM&p.tb_explain.show=right")
    tab.settled()
    tab.part("download").click()
    with tab.page.expect_download() as download:
        tab.part("download-csv").click()
    assert download.value.suggested_filename == "explanations_step_30.csv"
    with open(download.value.path(), newline="") as file:
        rows = list(csv.DictReader(file))
    right = [i for i in range(N) if i not in WRONG]
    assert len(rows) == 2 * len(right)
    assert [row["layer"] for row in rows[:2]] == ["conv1", "conv2"]
    assert rows[0]["name"] == "'" + SAMPLES[0]  # no formula
    for i, row in zip(right, rows[::2], strict=True):
        assert row["name"].lstrip("'") == SAMPLES[i]
        assert (row["run"], row["step"], row["tag"]) == ("alpha", "30", "val/gradcam/conv1")
        assert row["label"] == row["predicted"] == row["target"] == NAMES[LABELS[i]]
        assert float(row["predicted_probability"]) == float(row["target_probability"]) == PROBABILITIES[i]
        assert 0 <= float(row["insertion"]) <= 1
    tab.part("view-projection").click()
    tab.part("download").click()
    expect(tab.part("download-csv")).to_be_disabled()
    expect(tab.part("download-pane")).to_contain_text("No points are shown")
    tab.page.keyboard.press("Escape")
    expect(tab.part("download-pane")).to_have_count(0)
    expect(tab.part("download")).to_be_focused()


def test_a_picture_of_points_that_webgl_painted_is_not_empty(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, "&p.tb_explain.view=projection&p.tb_explain.runs=every")
    expect(tab.part("points")).to_be_visible()
    expect(tab.frame.locator('[aria-busy="true"]')).to_have_count(0)
    blue = (0, 114, 178)  # of the first class; its swatch in the legend has the same colour

    def near(pixels: NDArray[np.uint8]) -> int:
        return int((np.abs(pixels.astype(int) - blue).max(2) < 40).sum())

    rows, columns = place(tab.part("points"), 1)
    left = place(tab.frame.locator("main"), 1)[1].start
    tab.until(lambda: near(screen(tab)[rows, columns]) > 200)
    seen = near(screen(tab)[rows, columns])
    _, picture = png_of(tab)
    found = near(picture[:, columns.start - left : columns.stop - left])
    assert abs(found - seen) < 0.1 * seen, (found, seen)


def test_the_keys_do_what_their_list_says(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, f"{ALPHA}&p.tb_explain.page_size=12&p.tb_explain.step=10")
    tab.settled()
    press = tab.page.keyboard.press
    tab.frame.locator("h1").click()
    press("?")
    listed = tab.part("help-dialog")
    expect(listed).to_contain_text("previous, next step")
    press("Escape")
    expect(listed).to_have_count(0)
    press("ArrowRight")
    tab.says(step="20")
    press("ArrowLeft")
    press("ArrowLeft")
    tab.says(step="0")
    press("f")
    expect(tab.part("follow")).to_be_checked()
    press("f")
    expect(tab.part("follow")).not_to_be_checked()
    press("/")
    expect(tab.part("tag-filter")).to_be_focused()
    tab.frame.locator("h1").click()
    tab.page.keyboard.down("o")
    expect(tab.frame.locator(".explanations")).to_have_attribute("data-peek", "true")
    tab.page.keyboard.up("o")
    expect(tab.frame.locator(".explanations")).not_to_have_attribute("data-peek", "true")
    tab.part("tile").first.click()
    sample = tab.until(lambda: tab.state().get("sample"))
    press("]")
    tab.until(lambda: tab.state().get("sample") not in (None, sample))
    press("[")
    tab.says(sample=sample)
    press("Escape")
    tab.says(sample=None)
    tab.frame.locator("h1").click()  # a button that has the focus keeps the space bar for itself
    press("Space")
    expect(tab.frame.get_by_label("Pause")).to_be_visible()


def test_tensorboards_reload_reloads(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, ALPHA)
    tab.settled()
    tab.requests.clear()
    tab.page.locator("app-header-reload button").click()
    tab.until(lambda: any("/records?" in request for request in tab.requests))
