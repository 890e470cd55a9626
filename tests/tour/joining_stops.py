"""The stops in the views that join the others: the overview, the page of one sample, and two steps or runs beside each other."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.tour.guide import Guide
from tests.tour.stop import stop


@stop("overview", run="digits")
def a_line_leads_to_its_place(guide: Guide) -> None:
    guide.go("overview", runs="digits", step="40", panes=False)
    expect(guide.tab.part("card-mistakes").get_by_test_id("thumb").first).to_be_visible()
    guide.drawn()
    guide.picture("overview")
    guide.tab.part("drift").first.click()
    expect(guide.tab.part("view-explanations")).to_have_attribute("aria-selected", "true")
    expect(guide.tab.part("tile").first).to_be_visible()
    guide.drawn()
    guide.tab.until(lambda: guide.tab.state().get("view") == "explanations")
    guide.tab.page.go_back()  # undoes the click
    expect(guide.tab.part("view-overview")).to_have_attribute("aria-selected", "true")


@stop("overview", run="objects")
def runs_are_looked_over_at_once(guide: Guide) -> None:
    runs = ["digits", "photographs", "objects", "images", "filters/ordinary", "filters/interpretable"]
    guide.go("overview", runs=",".join(runs), panes=False)
    expect(guide.tab.part("run-alone")).to_have_count(len(runs))
    guide.drawn()


@stop("sample", run="digits")
def one_image_through_time(guide: Guide) -> None:
    guide.go("explanations", runs="digits", methods="GradCAM,FilterClusters", step="100")
    guide.tab.tile(3).locator("button.tile-open").click()
    guide.tab.part("open-page").click()
    page = guide.tab.part("sample-page")
    expect(page).to_be_visible()
    guide.scrub(0.25, 0.02, 0.25)
    guide.drawn()
    guide.picture("sample_page")
    for name in ("film", "figure-courses", "near"):
        if guide.tab.part(name).count():
            guide.tab.part(name).scroll_into_view_if_needed()
            guide.drawn()
    shown = page.get_attribute("data-sample")
    guide.tab.page.keyboard.press("]")
    expect(page).not_to_have_attribute("data-sample", shown or "")
    guide.drawn()
    guide.tab.part("leave-page").click()
    expect(guide.tab.part("view-explanations")).to_have_attribute("aria-selected", "true")


@stop("compare", run="digits")
def two_steps_are_compared(guide: Guide) -> None:
    guide.go("compare", runs="digits", methods="GradCAM,LayerCAM", layers="conv3", a_step="20", size="128")
    expect(guide.tab.part("pair-card").first).to_be_visible()
    guide.scrub(0.99, 0.3, 0.99)
    guide.picture("compare")
    guide.tab.part("map-pair").first.get_by_role("button").click()
    expect(guide.tab.part("pair-dialog")).to_be_visible()
    guide.drawn()
    x, y = guide.point_at(guide.tab.part("divider"))
    guide.tab.page.mouse.down()
    guide.tab.page.mouse.move(x + 60, y, steps=4)
    guide.tab.page.mouse.up()
    guide.tab.page.keyboard.press("]")
    guide.drawn()
    guide.tab.page.keyboard.press("Escape")
    expect(guide.tab.part("pair-dialog")).to_have_count(0)


@stop("compare", run="filters/interpretable")
def two_runs_are_compared(guide: Guide) -> None:
    guide.go("compare", runs="filters/ordinary,filters/interpretable", methods="GradCAM", panes=False)
    expect(guide.tab.part("pair-card").first).to_be_visible()
    guide.scrub(0.99, 0.02, 0.99)
    guide.picture("compare_runs")
