"""The page by keyboard alone, in the system's own colours, and without motion."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.test_accessibility import VIEWS, rested
from tests.conftest import TensorBoard

pytestmark = pytest.mark.slow

# Where the focus is: which of all elements, in which part of the page, how far down, and whether one sees it.
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const rings = [at, at.nextElementSibling, at.closest("label"), at.parentElement].filter(Boolean);
  const seen = rings.some((part) => {
    const style = getComputedStyle(part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  }) || at.closest(".regex-filter") !== null;
  const box = at.getBoundingClientRect();
  const name = at.getAttribute("aria-label") || at.title || at.textContent || at.closest("label")?.textContent || at.localName;
  return {
    place: [...document.querySelectorAll("*")].indexOf(at), name: `${at.localName} ${name.trim().slice(0, 60)}`, seen,
    inside: box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
    dialog: at.closest("dialog") !== null,
  };
}"""


def show(tab: ExplainTab, view: str) -> None:
    tab.part(f"view-{view}").click()
    expect(tab.part(f"view-{view}")).to_have_attribute("aria-selected", "true")
    rested(tab)


def test_tab_goes_through_every_view_in_reading_order_and_out_again(open_tab: OpenTab, every_kind: TensorBoard) -> None:
    tab = open_tab(every_kind, "&p.tb_explain.page_size=12")
    rested(tab)
    for view in VIEWS:
        show(tab, view)
        assert tab.frame.locator('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])').count() == 0
        tab.part(f"view-{view}").focus()
        tab.page.keyboard.press("Tab")
        last, stops = -1, 0
        while (at := tab.frame.evaluate(FOCUS)) is not None:
            assert at["place"] > last, f"{view}: the focus went back to {at['name']}"
            assert at["seen"], f"{view}: the focus is not seen on {at['name']}"
            assert at["inside"], f"{view}: the focus is off screen on {at['name']}"
            last, stops = at["place"], stops + 1
            assert stops < 300, f"{view}: {stops} stops"
            tab.page.keyboard.press("Tab")
            if not tab.page.evaluate(
                "document.activeElement?.localName === 'iframe' || document.activeElement?.shadowRoot != null"
            ):
                break  # the focus left the page for TensorBoard's
        assert stops > 12, f"{view}: only {stops} stops"


def test_views_are_tabs_of_which_one_is_in_the_tab_order(open_tab: OpenTab, every_kind: TensorBoard) -> None:
    tab = open_tab(every_kind)
    rested(tab)
    tabs = tab.frame.get_by_role("tablist", name="Views").get_by_role("tab")
    expect(tabs).to_have_count(len(VIEWS))
    assert tabs.evaluate_all("tabs => tabs.filter(tab => tab.tabIndex === 0).length") == 1
    tab.part("view-explanations").focus()
    tab.page.keyboard.press("ArrowRight")
    following = VIEWS[VIEWS.index("explanations") + 1]
    expect(tab.part(f"view-{following}")).to_be_focused()
    expect(tab.part(f"view-{following}")).to_have_attribute("aria-selected", "true")
    tab.page.keyboard.press("End")
    expect(tab.part(f"view-{VIEWS[-1]}")).to_be_focused()
    tab.page.keyboard.press("ArrowRight")
    expect(tab.part(f"view-{VIEWS[0]}")).to_be_focused()
    expect(tab.part("follow")).to_be_checked()  # the arrow keys, which step elsewhere, did not


def test_a_dialog_keeps_the_focus_and_gives_it_back(open_tab: OpenTab, every_kind: TensorBoard) -> None:
    tab = open_tab(every_kind)
    tab.settled()
    tile = tab.tile(0, kind="HEATMAPS").locator("button.tile-open")
    tile.focus()
    tab.page.keyboard.press("Enter")
    expect(tab.part("sample-dialog")).to_be_visible()
    rested(tab)
    for _ in range(30):
        tab.page.keyboard.press("Tab")
        at = tab.frame.evaluate(FOCUS)
        assert at is None or at["dialog"], at  # between its end and its beginning a dialog's focus is with the browser
    tab.page.keyboard.press("Escape")
    expect(tab.part("sample-dialog")).to_have_count(0)
    expect(tile).to_be_focused()
    tab.page.keyboard.press("?")
    expect(tab.part("help-dialog")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tile).to_be_focused()


def test_sliders_say_what_they_are_set_to_and_pictures_what_they_show(
    open_tab: OpenTab, every_kind: TensorBoard
) -> None:
    tab = open_tab(every_kind)
    rested(tab)
    for view in VIEWS:
        show(tab, view)
        silent = tab.frame.locator('input[type="range"]:not([aria-valuetext])')
        assert silent.count() == 0, f"{view}: {silent.first.evaluate('slider => slider.outerHTML')}"
        unnamed = tab.frame.locator("canvas:not([aria-label]):not([aria-hidden] *):not([aria-hidden])")
        nameless = unnamed.evaluate_all(
            "all => all.filter(one => !one.closest('[aria-label], button, [aria-hidden]')).map(one => one.outerHTML)"
        )
        assert not nameless, f"{view}: {nameless[0]}"


def test_the_systems_own_colours_leave_choices_visible(open_tab: OpenTab, every_kind: TensorBoard) -> None:
    tab = open_tab(every_kind, forced_colors="active")
    rested(tab)
    for choice in (".segments", ".chips"):
        ground = "span => getComputedStyle(span).backgroundColor"
        chosen = tab.frame.locator(f"{choice} input:checked + span").first.evaluate(ground)
        other = tab.frame.locator(f"{choice} input:not(:checked) + span").first.evaluate(ground)
        assert chosen != other, choice
    line = "tab => getComputedStyle(tab).borderBottomColor"
    assert tab.part("view-explanations").evaluate(line) != tab.part("view-clusters").evaluate(line)


def test_without_motion_nothing_moves(open_tab: OpenTab, every_kind: TensorBoard) -> None:
    tab = open_tab(every_kind, reduced_motion="reduce")
    for view in VIEWS:
        tab.part(f"view-{view}").click()
        rested(tab)
        moving = "document.getAnimations().filter(one => one.effect.getComputedTiming().duration > 0).length"
        assert tab.frame.evaluate(moving) == 0, view
    durations = tab.frame.locator(".progress").evaluate("line => getComputedStyle(line).transitionDuration")
    assert set(durations.split(", ")) == {"0s"}
