"""Channels in a real Chromium: what each sees, what raises it, and which do the same, also when there are thousands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tests.browser import channel_runs as runs
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import Run, StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

VIEW = "&p.tb_explain.view=features"
MANY = 2048


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ordinary run and an interpretable one, one with 2048 channels, and some with hardly anything."""
    logdir = tmp_path_factory.mktemp("features")
    runs.write_run(logdir / "ordinary")
    runs.write_run(logdir / "interpretable", slope=4, seed=1)
    runs.write_many(logdir / "many", MANY)
    runs.write_bare(logdir / "bare")
    runs.write_damaged(logdir / "damaged")
    runs.write_volumes(logdir / "volumes")
    runs.write_pruned(logdir / "pruned")
    Run(logdir / "maps").log("val/gradcam", [0]).segment.close()
    return logdir


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, logdir: Path) -> TensorBoard:
    """A TensorBoard that shows them."""
    return tensorboard("--logdir", str(logdir))


def open_view(
    open_tab: OpenTab, server: TensorBoard, run: str = "ordinary", state: str = "", **options: Any
) -> ExplainTab:
    chosen = "".join(f"{name}%2C" for name in run.split(","))
    tab = open_tab(server, f"{VIEW}&p.tb_explain.runs={chosen}{state}", **options)
    expect(tab.part("half").first).to_be_visible()
    settled(tab)
    return tab


def settled(tab: ExplainTab) -> None:
    expect(tab.frame.locator('[aria-busy="true"]')).to_have_count(0)


def channel(tab: ExplainTab, index: int, run: str = "ordinary") -> Locator:
    return tab.frame.locator(f'[data-testid="channel"][data-channel="{index}"][data-run="{run}"]')


def shown(tab: ExplainTab, run: str = "ordinary") -> list[int]:
    """The channels of a run's tiles, in their order."""
    tiles = tab.frame.locator(f'[data-testid="channel"][data-run="{run}"]')
    return tiles.evaluate_all("tiles => tiles.map(tile => Number(tile.dataset.channel))")


def ordered(tab: ExplainTab, expected: list[int], run: str = "ordinary") -> None:
    tab.until(lambda: shown(tab, run) == expected or None)


def activation(tile: Locator) -> np.ndarray[Any, Any]:
    return pixels(tile.locator("canvas.overlay").first)


def colour(tile: Locator) -> list[int]:
    """Of the picture that raises a channel."""
    return pixels(tile.locator("canvas.sheet-tile").first)[8, 8].tolist()


def dialog(tab: ExplainTab, run: str = "ordinary") -> Locator:
    return tab.frame.locator(f'[data-testid="channel-facts"][data-run="{run}"]')


def brightest(canvas: np.ndarray[Any, Any], grid: tuple[int, int]) -> tuple[int, int]:
    """The cell that is nearest to the end of viridis, which is yellow: there is most red."""
    height, width = canvas.shape[:2]
    row, column = np.unravel_index(canvas[..., 0].argmax(), (height, width))
    return int(row * grid[0] / height), int(column * grid[1] / width)


def test_tiles_show_the_map_what_raises_the_channel_its_patches_and_numbers(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_view(open_tab, server, viewport={"width": 1280, "height": 1400})
    assert shown(tab) == [0, 1, 2, 3, 4, 5]
    maps = runs.maps_of("conv1", 20)[0]
    for index in (0, 1, 3, 4, 5):
        tile = channel(tab, index)
        tile.scroll_into_view_if_needed()
        peak = tuple(int(i) for i in np.unravel_index(maps[index].argmax(), maps[index].shape))
        assert brightest(activation(tile), (8, 8)) == peak
        tab.until(lambda tile=tile, index=index: colour(tile) == [runs.REDS[index], 0, 20, 255])
        assert pixels(tile.locator(".channel-patches canvas").first)[4, 4].tolist() == [30, 20 * index, 200, 255]
        expect(tile.locator(".channel-numbers")).to_have_text(
            f"{runs.NAMES[index % 3]}{0.9 - index / 20:.2f}{21 * (index + 1)}"
        )
    expect(channel(tab, runs.DEAD)).to_contain_text("dead")
    expect(channel(tab, runs.DEAD)).to_contain_text("not raised")
    expect(channel(tab, 4)).to_have_accessible_name("Channel 4 of conv1, prefers wolf, selectivity 0.70, group 1")
    tab.part("parts").get_by_text("Maximised").click()
    tab.part("parts").get_by_text("Patches").click()
    expect(channel(tab, 4).locator("canvas")).to_have_count(1)
    tab.until(lambda: tab.state().get("parts") == "activation%2Cnumbers", patience=5)


def test_layers_come_in_the_order_of_the_network_and_say_how_large_they_are(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_view(open_tab, server)
    expect(tab.part("layer")).to_have_text(["conv16 · 8×8 · 1 dead", "conv212 · 4×4", "fc3 · 1×1"])
    tab.frame.locator('[data-layer="conv2"]').first.click()
    expect(tab.part("half")).to_have_attribute("data-layer", "conv2")
    settled(tab)
    assert len(shown(tab)) > 0
    tab.until(lambda: tab.state().get("feature_layer") == "conv2", patience=5)
    tab.frame.locator('[data-layer="fc"]').first.click()  # maps of one position
    ordered(tab, [0, 1, 2])
    found = activation(channel(tab, 0))
    assert (found == found[0, 0]).all()
    assert found[0, 0, 3] == 255


ORDERS = {
    "activation": [5, 4, 3, 1, 0, 2],
    "selectivity": [0, 1, 3, 4, 5, 2],
    "redundancy": [1, 4, 0, 3, 5, 2],
    "deadness": [2, 0, 1, 3, 4, 5],
    "maximum": [5, 4, 3, 1, 0, 2],
    "index": [0, 1, 2, 3, 4, 5],
}


def test_channels_are_ordered_and_filtered(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, viewport={"width": 1600, "height": 1200})
    for sort, expected in ORDERS.items():
        tab.part("channel-sort").select_option(sort)
        ordered(tab, expected)
    tab.part("reverse").click()
    ordered(tab, [5, 4, 3, 2, 1, 0])
    tab.part("liveness").select_option("dead")
    ordered(tab, [2])
    tab.part("liveness").select_option("alive")
    ordered(tab, [5, 4, 3, 1, 0])
    tab.part("channel-group").select_option("1")
    ordered(tab, [5, 3, 0])
    tab.part("channel-filter").fill("0-3")
    ordered(tab, [3, 0])
    tab.part("channel-group").select_option("all")
    tab.part("channel-filter").fill("wolf")
    ordered(tab, [4, 1])
    tab.part("channel-filter").fill("no such class")
    expect(tab.part("channel-grid")).to_contain_text("The filters leave no channel.")
    tab.until(lambda: tab.state().get("channel_filter") == "no%20such%20class", patience=5)
    assert {"reversed": "1", "channels": "alive"}.items() <= tab.state().items()


def test_the_image_is_chosen_with_the_mouse_or_by_keys(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, state="&p.tb_explain.alone=1")
    maps = runs.maps_of("conv1", 20)

    def peak_of(image: int) -> bool:
        found = brightest(activation(channel(tab, 4)), (8, 8))
        return found == tuple(int(i) for i in np.unravel_index(maps[image, 4].argmax(), (8, 8)))

    tab.until(lambda: peak_of(0))
    tab.part("image").nth(2).click()
    tab.until(lambda: peak_of(2))
    tab.part("step-slider").focus()
    tab.page.keyboard.press("[")
    expect(tab.part("image").nth(1)).to_be_checked()
    tab.until(lambda: peak_of(1))
    assert channel(tab, 4).locator("img").count() == 0  # alone
    tab.part("alone").get_by_text("Over image").click()
    expect(channel(tab, 4).locator("img")).to_have_count(1)


def test_strength_is_seen_on_the_range_of_the_layer_and_shape_on_that_of_the_channel(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_view(open_tab, server, viewport={"width": 1280, "height": 1400})
    tab.until(lambda: bool(activation(channel(tab, 0))[..., 0].max() > 200))  # yellow
    tab.part("range").get_by_text("Layer").click()
    tab.until(lambda: bool(activation(channel(tab, 0))[..., 0].max() < 100))
    assert activation(channel(tab, 5))[..., 0].max() > 200


def test_a_channel_is_enlarged_with_everything_that_is_known_of_it(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server)
    channel(tab, 4).click()
    facts = dialog(tab)
    expect(facts.get_by_test_id("channel-numbers")).to_contain_text("preferswolf")
    expect(facts.get_by_test_id("probe-maps").locator("canvas")).to_have_count(runs.N)
    expect(facts.get_by_test_id("maximiser")).to_contain_text("conv1:4")
    expect(facts.get_by_test_id("trace").get_by_role("img")).to_have_accessible_name("From 0 to 8 in 5 steps")
    expect(facts.get_by_test_id("class-means").get_by_role("listitem")).to_have_text(["cat2", "wolf1", "fox0.5"])
    expect(facts.get_by_test_id("duplicates")).to_contain_text(
        "turned or mirrored copies, similarity 0.97; channel 1 could stand for all, at the cost of 2.0% of accuracy."
    )
    patches = facts.get_by_test_id("patch")
    expect(patches).to_have_text(["cat10whole image", "9", "wolf8whole image"])
    expect(patches.first).to_have_attribute("title", "Pixels 4–12 × 6–14")
    patches.nth(2).get_by_test_id("patch-image").click()
    expect(facts.locator(".chosen-map")).to_contain_text("image_1: wolf, predicted fox")
    facts.get_by_test_id("duplicate").click()
    expect(tab.part("channel-dialog")).to_contain_text("Channel 1 of conv1")
    tab.page.keyboard.press("]")
    expect(tab.part("channel-dialog")).to_contain_text("Channel 2 of conv1")
    expect(facts).to_contain_text("No image was made for this channel.")
    expect(facts.get_by_test_id("channel-numbers")).to_contain_text("dead")
    tab.page.keyboard.press("[")
    expect(tab.part("channel-dialog")).to_contain_text("Channel 1 of conv1")
    tab.until(lambda: tab.state().get("channel") == "1", patience=5)
    tab.page.keyboard.press("Escape")
    expect(tab.part("channel-dialog")).to_have_count(0)
    tab.until(lambda: "channel" not in tab.state(), patience=5)


def test_an_ascent_that_stopped_says_so_and_ends_where_it_stopped(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, state="&p.tb_explain.channel=5")
    expect(dialog(tab).get_by_test_id("maximiser")).to_contain_text("Stopped at a value that is not finite.")
    expect(dialog(tab).get_by_test_id("trace").get_by_role("img")).to_have_accessible_name("From 0 to 3.2 in 2 steps")
    expect(dialog(tab).get_by_test_id("duplicates")).to_contain_text("without loss of accuracy.")


def test_a_link_brings_everything_back(open_tab: OpenTab, server: TensorBoard) -> None:
    state = (
        "&p.tb_explain.feature_layer=conv2&p.tb_explain.channel=7&p.tb_explain.step=10"
        "&p.tb_explain.channel_sort=by%3Amean&p.tb_explain.reversed=1&p.tb_explain.alone=1"
    )
    tab = open_view(open_tab, server, state=state)
    expect(tab.part("channel-dialog")).to_contain_text("Channel 7 of conv2")
    expect(tab.part("features")).to_have_attribute("data-step", "10")
    expect(tab.part("channel-sort")).to_have_value("by:mean")
    expect(tab.part("channel-dialog").locator(".page-number")).to_have_text("8 / 12")
    expect(dialog(tab).locator("img")).to_have_count(0)


def test_scrubbing_keeps_the_old_pictures_until_the_new_ones_are_there(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server)
    tile = channel(tab, 3)
    tab.until(lambda: colour(tile) == [runs.REDS[3], 0, 20, 255])
    # Every change of the pixels of both canvases until the new step is there.
    tile.evaluate("""tile => {
      window.blank = 0;
      const look = () => {
        for (const canvas of tile.querySelectorAll("canvas")) {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          if (data.every((value) => value === 0)) window.blank++;
        }
        if (tile.querySelectorAll("canvas").length !== 6) window.blank++;
        requestAnimationFrame(look);
      };
      look();
    }""")
    tab.part("step-slider").fill("1")
    tab.until(lambda: colour(tile) == [runs.REDS[3], 0, 10, 255])
    tab.until(lambda: tile.locator(".maximum").inner_text() == str(11 * 4))
    tab.part("step-slider").fill("2")
    tab.until(lambda: colour(tile) == [runs.REDS[3], 0, 20, 255])
    assert tab.frame.evaluate("window.blank") == 0


def test_of_each_part_the_newest_is_shown(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, state="&p.tb_explain.channel=4")
    expect(dialog(tab).get_by_test_id("duplicates")).to_have_count(1)  # logged at step 0 alone
    tab.part("dialog-step-slider").fill("0")
    expect(tab.part("features")).to_have_attribute("data-step", "0")
    expect(dialog(tab).get_by_test_id("maximiser")).to_contain_text("step 10")  # the nearest later one


def test_two_runs_are_side_by_side_in_the_same_order_and_scroll_together(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_view(open_tab, server, "interpretable,ordinary", "&p.tb_explain.feature_layer=conv2")
    expect(tab.part("half")).to_have_count(2)
    tab.part("channel-sort").select_option("maximum")
    tab.until(lambda: shown(tab)[:2] == [11, 10])
    assert shown(tab) == shown(tab, "interpretable")
    tab.part("channel-grid").evaluate("grid => grid.scrollTo(0, grid.scrollHeight)")
    tab.until(lambda: 0 in shown(tab) and 0 in shown(tab, "interpretable"))
    boxes = [channel(tab, 0, run).bounding_box() for run in ("interpretable", "ordinary")]
    assert boxes[0] and boxes[1] and boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]
    channel(tab, 0).click()
    expect(tab.part("template")).to_have_count(1)
    expect(dialog(tab, "interpretable")).to_contain_text("instability")
    expect(dialog(tab)).not_to_contain_text("instability")
    peak = np.unravel_index(runs.maps_of("conv2", 20, seed=1)[0, 0].argmax(), (4, 4))
    expect(tab.part("template")).to_contain_text(f"template at {peak[0]}, {peak[1]}")
    tab.page.keyboard.press("Escape")
    tab.part("compare").select_option("none")
    expect(tab.part("half")).to_have_count(1)
    tab.part("compare").select_option("layer:conv1")
    expect(tab.part("half").last).to_have_attribute("data-layer", "conv1")
    tab.until(lambda: tab.state().get("compare") == "conv1%3Ainterpretable", patience=5)


def test_the_numbers_are_a_table_that_every_column_orders(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, state="&p.tb_explain.form=table")
    lines = tab.part("channel-line")
    expect(lines).to_have_count(6)
    expect(lines.nth(4)).to_have_text("4105wolf0.71.251050.40.97≈ 1")
    tab.part("by-mean").click()
    expect(lines.first).to_have_attribute("data-channel", "5")
    heads = tab.part("channel-table").get_by_role("columnheader")
    expect(heads.filter(has_text="mean")).to_have_attribute("aria-sort", "descending")
    tab.part("by-mean").click()
    expect(lines.first).to_have_attribute("data-channel", "2")
    expect(heads.filter(has_text="mean")).to_have_attribute("aria-sort", "ascending")
    lines.first.get_by_role("button").click()
    expect(tab.part("channel-dialog")).to_contain_text("Channel 2 of conv1")


def test_keys_move_among_the_channels(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, "many")
    channel(tab, 0, "many").focus()
    tab.page.keyboard.press("ArrowDown")
    across = int(tab.frame.evaluate("document.activeElement.dataset.channel"))
    assert across > 0
    for _ in range(9):
        tab.page.keyboard.press("ArrowDown")
        tab.page.wait_for_timeout(60)
    tab.until(lambda: tab.frame.evaluate("document.activeElement.dataset.channel") == str(10 * across))
    tab.page.keyboard.press("End")
    tab.until(lambda: tab.frame.evaluate("document.activeElement.dataset.channel") == str(MANY - 1))
    expect(channel(tab, MANY - 1, "many")).to_be_in_viewport()


def used(tab: ExplainTab) -> dict[str, float]:
    """Bytes on the heap and nodes of the page, after the garbage is gone."""
    session = tab.page.context.new_cdp_session(tab.page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    found = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return {"heap": found["JSHeapUsedSize"], "nodes": found["Nodes"]}


def wander(tab: ExplainTab) -> None:
    """Through all channels, and through all steps in the midst of them."""
    grid = tab.part("channel-grid")
    for at in range(21):
        grid.evaluate("(grid, at) => grid.scrollTo(0, at * (grid.scrollHeight - grid.clientHeight))", at / 20)
        tab.page.wait_for_timeout(30)
    tab.until(lambda: MANY - 1 in shown(tab, "many"))
    grid.evaluate("grid => grid.scrollTo(0, grid.scrollHeight / 2)")
    for step in [*range(0, 30, 3), 29]:
        tab.part("step-slider").fill(str(step))
        expect(tab.part("features")).to_have_attribute("data-step", str(step))


def test_thousands_of_channels_and_many_steps_take_no_more_than_what_is_on_screen(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_view(open_tab, server, "many")
    assert len(shown(tab, "many")) < 100
    wander(tab)
    before = used(tab)
    for _ in range(3):
        wander(tab)
    after = used(tab)
    assert len(shown(tab, "many")) < 100
    assert after["nodes"] < 1.3 * before["nodes"] + 200, (before, after)
    assert after["heap"] < 1.2 * before["heap"] + 2e6, (before, after)


def test_one_channel_of_which_nothing_is_known(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, "bare")
    ordered(tab, [0], "bare")
    expect(tab.part("half")).to_contain_text("1 channel")
    expect(tab.part("images")).to_have_count(0)
    expect(tab.part("parts")).to_have_count(0)
    channel(tab, 0, "bare").click()
    expect(dialog(tab, "bare")).to_contain_text("No activations were logged.")


def test_what_is_damaged_is_said_and_the_rest_is_shown(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, "damaged", expected="404|is damaged and cannot be read")
    expect(tab.part("problem").first).to_contain_text("cannot be read")
    ordered(tab, [0, 1, 2], "damaged")
    expect(channel(tab, 1, "damaged").locator(".maximum")).to_have_text("2")
    channel(tab, 1, "damaged").click()
    expect(dialog(tab, "damaged")).to_contain_text("The activations cannot be read.")


def test_maps_in_a_volume_are_shown_as_three_projections(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, "volumes", "&p.tb_explain.alone=1")
    found = activation(channel(tab, 0, "volumes"))
    grid = (4, 4 + 2 + 4)  # d 2, h 4, w 4: front 4 x 4, side 4 x 2, top 2 x 4
    assert brightest(found[:, : int(found.shape[1] * 0.4)], (4, 4)) == (1, 3)
    assert abs(found.shape[1] / found.shape[0] - grid[1] / grid[0]) < 0.05


def test_a_layer_with_fewer_channels_leaves_room_beside_the_other(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_view(open_tab, server, "ordinary,pruned")
    ordered(tab, [0, 1, 2, 3, 4, 5], "ordinary")
    expect(channel(tab, 3, "pruned")).to_have_text("3not in this layer")
    expect(channel(tab, 3, "pruned")).to_be_disabled()
    expect(tab.part("half").last).to_contain_text("3 channels")


def test_without_channels_the_view_says_how_to_log_some(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, f"{VIEW}&p.tb_explain.runs=maps")
    expect(tab.part("empty-state")).to_contain_text("No channels were logged")
    expect(tab.part("empty-state")).to_contain_text("Activations(data=val_loader)")


def test_a_filter_of_tags_that_leaves_nothing_can_be_cleared(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, f"{VIEW}&p.tb_explain.tag_filter=nothing")
    tab.part("empty-state").get_by_role("button").click()
    expect(tab.part("half").first).to_be_visible()
