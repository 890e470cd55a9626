"""Channels in a real Chromium: what each sees, what raises it, and which do the same."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser import channel_runs as runs
from tests.browser.conftest import OpenTab, pixels
from tests.browser.feature_view import (
    activation,
    brightest,
    channel,
    colour,
    dialog,
    open_view,
    ordered,
    settled,
    shown,
)
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    """A TensorBoard that shows an ordinary run and an interpretable one."""
    logdir = tmp_path_factory.mktemp("features")
    runs.write_run(logdir / "ordinary")
    runs.write_run(logdir / "interpretable", slope=4, seed=1)
    return tensorboard("--logdir", str(logdir))


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
    tab.until(lambda: tab.state().get("parts") == "activation%2Cnumbers")


def test_layers_come_in_the_order_of_the_network_and_say_how_large_they_are(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_view(open_tab, server)
    expect(tab.part("layer")).to_have_text(["conv16 · 8×8 · 1 dead", "conv212 · 4×4", "fc3 · 1×1"])
    tab.frame.locator('[data-layer="conv2"]').first.click()
    expect(tab.part("half")).to_have_attribute("data-layer", "conv2")
    settled(tab)
    assert len(shown(tab)) > 0
    tab.until(lambda: tab.state().get("feature_layer") == "conv2")
    tab.frame.locator('[data-layer="fc"]').first.click()  # maps of one position
    ordered(tab, [0, 1, 2])
    found = activation(channel(tab, 0))
    assert (found == found[0, 0]).all()
    strengths = runs.maps_of("fc", 20)[:, 0, 0, 0]  # seen among those of the other images
    brightness = []
    for image in range(runs.N):
        tab.part("image").nth(image).click()
        expect(tab.part("image").nth(image)).to_be_checked()
        settled(tab)
        brightness.append(int(activation(channel(tab, 0))[0, 0, 1]))
    assert len(set(brightness)) == runs.N
    assert np.argsort(brightness).tolist() == np.argsort(strengths).tolist()


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
    tab.until(lambda: tab.state().get("channel_filter") == "no%20such%20class")
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
    tab.until(lambda: tab.state().get("channel") == "1")
    tab.page.keyboard.press("Escape")
    expect(tab.part("channel-dialog")).to_have_count(0)
    tab.until(lambda: "channel" not in tab.state())


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
    tab.until(lambda: tab.state().get("compare") == "conv1%3Ainterpretable")
