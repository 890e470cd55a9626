"""Channels in a real Chromium: thousands of them, hardly any, and damaged ones; as a table, and by keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import channel_runs as runs
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.browser.feature_view import (
    VIEW,
    activation,
    brightest,
    channel,
    dialog,
    open_view,
    ordered,
    shown,
)
from tests.conftest import Run, StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

MANY = 2048


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    """A TensorBoard that shows a run with 2048 channels, an ordinary one, and some with hardly anything."""
    logdir = tmp_path_factory.mktemp("many")
    runs.write_run(logdir / "ordinary")
    runs.write_many(logdir / "many", MANY)
    runs.write_bare(logdir / "bare")
    runs.write_damaged(logdir / "damaged")
    runs.write_volumes(logdir / "volumes")
    runs.write_pruned(logdir / "pruned")
    Run(logdir / "maps").log("val/gradcam", [0]).segment.close()
    return tensorboard("--logdir", str(logdir))


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
    tab.part("step-slider").fill("28")
    expect(tab.part("features")).to_have_attribute("data-step", "28")
    expect(channel(tab, MANY - 1, "many")).to_be_in_viewport()  # another step moves nothing, another order does
    tab.part("reverse").click()
    tab.until(lambda: shown(tab, "many")[0] == MANY - 1)
    tab.part("reverse").click()
    tab.until(lambda: shown(tab, "many")[0] == 0)


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
    tab = open_view(open_tab, server, "ordinary,pruned", viewport={"width": 1280, "height": 1400})  # they all fit
    ordered(tab, [0, 1, 2, 3, 4, 5], "ordinary")
    expect(channel(tab, 3, "pruned")).to_contain_text("3not in this layer")
    expect(channel(tab, 3, "pruned")).to_be_disabled()
    expect(tab.part("half").last).to_contain_text("3 channels")


def test_what_was_raised_is_called_by_its_name_also_where_it_is_no_channel(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_view(open_tab, server, "pruned")
    expect(channel(tab, 0, "pruned").locator(".channel-head")).to_have_text("0tabby")
    expect(channel(tab, 1, "pruned").locator(".channel-head")).to_have_text("1")
    expect(tab.part("other-picture")).to_have_text(["a direction"])
    found = tab.part("other-picture").locator("canvas")
    tab.until(lambda: pixels(found)[8, 8].tolist() == [50, 100, 200, 255])


def test_without_channels_the_view_says_how_to_log_some(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, f"{VIEW}&p.tb_explain.runs=maps")
    expect(tab.part("empty-state")).to_contain_text("No channels were logged")
    expect(tab.part("empty-state")).to_contain_text("Activations(data=val_loader)")


def test_a_filter_of_tags_that_leaves_nothing_can_be_cleared(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server, f"{VIEW}&p.tb_explain.tag_filter=nothing")
    tab.part("empty-state").get_by_role("button").click()
    expect(tab.part("half").first).to_be_visible()
