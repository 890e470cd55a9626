"""The stops in the views of explanations, clusters, projections and features: what is done there, and the pictures that are taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import expect

from tests.tour.guide import Guide
from tests.tour.stop import stop


@stop("explanations", run="photographs")
def methods_beside_each_other(guide: Guide) -> None:
    guide.go("explanations", runs="photographs", methods="GradCAM,GuidedGradCAM,LIME,Occlusion,AblationCA", size="128")
    expect(guide.tab.part("tile")).to_have_count(40)
    guide.picture("explanations", whole=True)


@stop("explanations", run="digits")
def steps_are_scrubbed(guide: Guide) -> None:
    guide.go("explanations", runs="digits", methods="GradCAM,LayerCAM", layers="conv3", sort="mistakes")
    guide.scrub(0.99, 0.6, 0.3, 0.02)
    assert int(guide.tab.tile().get_attribute("data-step") or "") == 0
    guide.scrub(0.02, 0.5, 0.99)
    assert int(guide.tab.tile().get_attribute("data-step") or "") == 400


@stop("explanations", run="photographs")
def a_sample_is_enlarged(guide: Guide) -> None:
    guide.go("explanations", runs="photographs")
    guide.tab.tile(1, tag="photos/gradcam/_swish").locator("button.tile-open").click()
    dialog = guide.tab.part("sample-dialog")
    expect(dialog).to_be_visible()
    guide.drawn()
    guide.picture("sample", dialog)
    for _ in range(2):
        guide.tab.page.keyboard.press("]")
        guide.drawn()
    guide.tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@stop("explanations", run="photographs")
def a_superpixel_is_chosen(guide: Guide) -> None:
    guide.go("explanations", runs="photographs", methods="LIME,AblationCA")
    guide.tab.tile(1, tag="photos/ablationca").locator("button.tile-open").click()
    picture = guide.tab.part("superpixel-picture")
    guide.tab.page.mouse.click(*guide.point_at(picture, 0.5, 0.45))
    expect(guide.tab.part("outline-picked")).to_have_count(1)
    guide.drawn()
    pair = guide.tab.part("pairs-list").get_by_role("option").first
    pair.hover()
    expect(guide.tab.part("outline-highlighted")).to_have_count(2)
    guide.drawn()
    guide.picture("correlations", guide.tab.part("sample-dialog"))
    guide.tab.page.keyboard.press("Escape")


@stop("explanations", run="photographs")
def parts_are_hidden(guide: Guide) -> None:
    guide.go("explanations", runs="photographs", methods="Occlusion")
    guide.tab.tile(2).locator("button.tile-open").click()
    guide.point_at(guide.tab.part("occlusion").locator("canvas").first, 0.4, 0.5)
    guide.drawn()
    guide.tab.page.keyboard.press("Escape")


@stop("clusters", run="digits")
def clusters_keep_their_colours_over_steps(guide: Guide) -> None:
    guide.go("clusters", runs="digits")
    expect(guide.tab.part("cluster-tile").first).to_be_visible()
    guide.scrub(0.99, 0.02, 0.5, 0.99)
    light(guide, "conv2", 2)


@stop("clusters", run="images")
def a_cluster_is_lit_everywhere(guide: Guide) -> None:
    guide.go(
        "clusters",
        runs="images",
        tag_filter="^images",
        sort="mistakes",
        cluster_layers="conv1,conv2,conv4,hidden",
        panes=False,
    )
    light(guide, "conv4", 6)
    guide.picture("clusters")


def light(guide: Guide, layer: str, cluster: int) -> None:
    """Point at a cluster in the list of a layer."""
    section = guide.tab.frame.locator(f'[data-testid="layer"][data-tag$="/{layer}"]')
    section.evaluate("section => section.scrollIntoView()")
    section.get_by_role("option").nth(cluster).hover()
    guide.drawn()
    expect(guide.tab.part("cluster-facts").first).to_be_visible()


@stop("clusters", run="images")
def a_mistake_is_followed_to_the_layer_where_it_turns(guide: Guide) -> None:
    guide.go("clusters", runs="images", tag_filter="^images", sort="mistakes")
    guide.tab.frame.locator('[data-testid="cluster-tile"][data-turns]').first.get_by_role("button").click()
    guide.tab.part("turning-badge").last.click()
    guide.tab.frame.locator('[data-testid="path-step"][data-layer="conv4"]').first.click()
    guide.drawn()
    guide.point_at(guide.tab.part("layer-picture"), 0.6, 0.4)
    guide.tab.part("sample-dialog").locator(".sample-body").evaluate("body => body.scrollTo(0, 0)")
    guide.drawn()
    guide.picture("cluster_path", guide.tab.part("sample-dialog"))
    guide.tab.page.keyboard.press("Escape")


@stop("explanations", run="objects")
def what_a_layer_still_knows(guide: Guide) -> None:
    guide.go("explanations", runs="objects", tag_filter="mistakes/reconstruction", sort="mistakes", level="0.3")
    guide.tab.tile(0, kind="RECONSTRUCTIONS").locator("button.tile-open").click()
    expect(guide.tab.part("reconstruction-panel")).to_be_visible()
    guide.drawn()
    solid = guide.tab.part("voxel-view").first
    x, y = guide.point_at(solid)
    guide.tab.page.mouse.down()
    guide.tab.page.mouse.move(x + 40, y, steps=4)
    guide.tab.page.mouse.up()
    guide.drawn()
    guide.picture("reconstructions", guide.tab.part("sample-dialog"))
    guide.tab.page.keyboard.press("Escape")


@stop("projection", run="digits")
def images_are_lassoed_and_seen_again(guide: Guide) -> None:
    guide.go("projection", runs="digits", beside="classes", step="100")
    stage = guide.tab.part("stage")
    expect(stage).to_have_attribute("data-settled", "true")
    box = guide.box(stage)
    seen = guide.seen(stage)
    seen[:, :60] = 255  # the tools
    x, y = crowd(seen, radius=60)
    guide.circle(box["x"] + x, box["y"] + y, 75)
    expect(guide.tab.part("show-explanations")).to_be_visible()
    within = seen[y - 50 : y + 50, x - 50 : x + 50]
    dx, dy = crowd(within, radius=4)
    guide.tab.page.mouse.move(box["x"] + x - 50 + dx, box["y"] + y - 50 + dy)
    expect(guide.tab.part("hover-card")).to_be_visible()
    guide.drawn()
    guide.picture("projection")
    guide.tab.part("show-explanations").click()
    expect(guide.tab.part("selection-chip")).to_be_visible()
    expect(guide.tab.frame.locator(".card").first).to_be_visible()
    guide.drawn()
    shown = guide.tab.frame.locator(".card").count()
    assert shown < 32, "all samples are shown, not only those in the lasso"
    guide.tab.part("selection-chip").get_by_role("button", name="Clear the selection").click()
    expect(guide.tab.part("selection-chip")).to_have_count(0)


def crowd(seen: NDArray[np.uint8], radius: int) -> tuple[int, int]:
    """Where within a picture of a plot most coloured pixels are near each other, x and y."""
    coloured = (np.ptp(seen.astype(int), axis=2) > 40).astype(np.int64)
    sums = np.pad(coloured, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    side = 2 * radius
    boxes = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    y, x = np.unravel_index(boxes.argmax(), boxes.shape)
    return int(x) + radius, int(y) + radius


@stop("features", run="digits")
def a_channel_is_enlarged(guide: Guide) -> None:
    guide.go(
        "features",
        runs="digits",
        feature_layer="conv2",
        channel_sort="maximum",
        alone="1",
        channel_filter="0-31",
        panes=False,
    )
    guide.tab.part("image").nth(7).click()
    guide.drawn()
    guide.picture("features")
    guide.tab.part("channel").nth(1).click()
    expect(guide.tab.part("channel-dialog")).to_be_visible()
    guide.drawn()
    guide.picture("channel", guide.tab.part("channel-dialog"))
    guide.tab.page.keyboard.press("Escape")
    guide.scrub(0.99, 0.02, 0.99)


@stop("features", run="filters/interpretable")
def the_same_layer_of_two_trainings(guide: Guide) -> None:
    guide.go("features", runs="filters/ordinary,filters/interpretable", feature_layer="block3", panes=False)
    expect(guide.tab.part("half")).to_have_count(2)
    guide.scrub(0.99, 0.02, 0.99)
    guide.tab.part("image").nth(3).click()
    guide.drawn()
    guide.picture("interpretable")
