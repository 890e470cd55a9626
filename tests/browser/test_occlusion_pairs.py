"""Two hidden windows in a real Chromium: one held, one moved."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.hidden_windows import (
    INTACT,
    PAIR,
    PLACES,
    Logged,
    corners,
    covered,
    enlarge,
    expect_map,
    percent,
    point,
    points,
)

pytestmark = pytest.mark.slow


def place(window: int) -> tuple[float, float]:
    top, left = PLACES[window]
    return top + PAIR / 2, left + PAIR / 2


def test_the_pair_map_follows_the_held_window(open_tab: OpenTab, occlusion: Logged) -> None:
    tab = enlarge(open_tab, occlusion, "OCCLUSION_PAIRS")
    canvas = tab.part("stage").locator("canvas.overlay")
    overview = covered(PLACES, PAIR, INTACT[0] - occlusion.pairs[0].mean(1))
    expect_map(tab, canvas, overview)

    point(tab, *place(5))
    tab.page.mouse.down()
    tab.page.mouse.up()
    expect(tab.part("held")).to_have_attribute("data-window", "5")
    expect_map(tab, canvas, occlusion.joint_map(5))

    point(tab, *place(5))  # drag it two places to the right
    tab.page.mouse.down()
    point(tab, *place(6))
    point(tab, *place(7))
    tab.page.mouse.up()
    expect(tab.part("held")).to_have_attribute("data-window", "7")
    expect_map(tab, canvas, occlusion.joint_map(7))

    tab.part("release").click()
    expect_map(tab, canvas, overview)


def test_pairs_are_read_out_and_their_relation_is_put_in_words(open_tab: OpenTab, occlusion: Logged) -> None:
    tab = enlarge(open_tab, occlusion, "OCCLUSION_PAIRS")
    point(tab, *place(0))
    tab.page.mouse.down()
    tab.page.mouse.up()
    seen = set()
    for moved in range(1, len(PLACES)):
        point(tab, *place(moved))
        expect(tab.part("moved")).to_have_attribute("data-window", str(moved))
        expect(tab.part("hidden-both")).to_contain_text(percent(occlusion.pairs[0, 0, moved]))
        expect(tab.part("drop-a")).to_contain_text(points(INTACT[0] - occlusion.alone[0, 0]))
        expect(tab.part("drop-b")).to_contain_text(points(INTACT[0] - occlusion.alone[0, moved]))
        expect(tab.part("joint")).to_contain_text(points(INTACT[0] - occlusion.pairs[0, 0, moved]))
        interaction = occlusion.interaction(0, moved)
        expect(tab.part("interaction")).to_contain_text(points(interaction))
        word = "Needed together" if interaction > 0.02 else "Substitutes" if interaction < -0.02 else "Independent"
        expect(tab.part("relation")).to_contain_text(word)
        seen.add(word)
    assert seen >= {"Needed together", "Substitutes"}
    point(tab, *place(0))
    expect(tab.part("pairs")).to_contain_text("the windows overlap")
    expect(tab.part("relation")).to_have_count(0)


def test_interactions_instead_of_joint_drops(open_tab: OpenTab, occlusion: Logged) -> None:
    tab = enlarge(open_tab, occlusion, "OCCLUSION_PAIRS")
    tab.part("sample-dialog").get_by_test_id("pair-view").get_by_text("Interaction").click()
    windows = range(len(PLACES))
    # The windows of this grid overlap only themselves, and have no interaction then.
    table = np.array([[occlusion.interaction(p, q) if p != q else np.nan for q in windows] for p in windows])
    canvas = tab.part("stage").locator("canvas.overlay")
    expect_map(tab, canvas, covered(PLACES, PAIR, np.nanmean(table, 1)))
    tab.part("candidate").focus()
    tab.page.keyboard.press("ArrowUp")
    tab.page.keyboard.press("ArrowUp")
    held = int(tab.part("candidate").get_attribute("data-window") or -1)
    tab.page.keyboard.press("Enter")
    expect(tab.part("held")).to_have_attribute("data-window", str(held))
    expect_map(tab, canvas, covered(PLACES, PAIR, np.nan_to_num(table[held])))
    tab.until(lambda: tab.state().get("pairs") == "interaction")


def test_two_windows_without_a_pointer(open_tab: OpenTab, occlusion: Logged) -> None:
    tab = enlarge(open_tab, occlusion, "OCCLUSION_PAIRS")
    tab.part("candidate").focus()
    tab.page.keyboard.press("Enter")
    moved = tab.part("moved")
    expect(moved).to_be_focused()
    before = int(moved.get_attribute("data-window") or -1)
    tab.page.keyboard.press("ArrowLeft")
    expect(moved).to_have_attribute("data-window", str(before - 1))
    tab.page.keyboard.press("Shift+Tab")
    expect(tab.part("held")).to_be_focused()
    held = int(tab.part("held").get_attribute("data-window") or -1)
    tab.page.keyboard.press("ArrowUp")
    columns = len(corners(PAIR, PAIR)[1])
    expect(tab.part("held")).to_have_attribute("data-window", str(held - columns))
    tab.part("release").press("Enter")
    expect(tab.part("candidate")).to_be_focused()
