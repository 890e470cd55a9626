"""Voxels in a real Chromium: projections and the turning view show what was logged, and can be turned by hand and by key."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from tb_explain import ExplainWriter
from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

GROUND, SURE = np.array([0xF5, 0xF5, 0xF5]), np.array([0x5F, 0x9B, 0xE8])  # in the light theme


@dataclass
class Logged:
    """Two samples at two steps, all or nothing and in between, and what is made of them."""

    server: TensorBoard
    voxels: NDArray[np.uint8]  # [2, D, H, W]


@pytest.fixture(scope="module")
def logged(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """A run of two volumes of unequal sides, whose maps lie over their projections."""
    logdir = tmp_path_factory.mktemp("voxels")
    random = np.random.default_rng(5)
    shape = (6, 8, 10)
    voxels = np.stack([np.where(random.random(shape) < 0.12, 255, 0), random.integers(0, 256, shape)]).astype(np.uint8)
    voxels[0, :2, 1:4, 2:9] = 255  # more than dust, and the same from no two sides
    with ExplainWriter(logdir / "run") as writer:
        for step in (0, 10):
            writer.add_heatmaps(
                "val/saliency",
                random.random((2, 8, 26)),
                voxels[:, None],
                step,
                method="Saliency",
                targets=[0, 1],
                labels=[0, 1],
                predicted=[0, 1],
                class_names=["chair", "table"],
                sample_names=["chair_1", "table_1"],
            )
    return Logged(tensorboard("--logdir", str(logdir)), voxels)


def enlarge(open_tab: OpenTab, logged: Logged, state: str = "", sample: int = 0, **options: object) -> ExplainTab:
    tab = open_tab(logged.server, state, **options)
    tab.settled()
    tab.tile(sample).locator("button.tile-open").click()
    expect(tab.part("voxels")).to_be_visible()
    tab.page.mouse.move(2, 2)  # where nothing turns by itself
    return tab


def space(tab: ExplainTab) -> Locator:
    return tab.part("voxels").get_by_test_id("voxel-view")


def rested(tab: ExplainTab) -> NDArray[np.uint8]:
    """What the view shows once it has been painted, and nothing moves it."""
    canvas = space(tab)
    tab.until(lambda: pixels(canvas)[..., 3].any())

    def still() -> NDArray[np.uint8] | None:
        before = pixels(canvas)
        tab.page.wait_for_timeout(150)
        after = pixels(canvas)
        return after if (before == after).all() else None

    return tab.until(lambda: (found := still()) is not None and [found])[0]


def expect_projection(tab: ExplainTab, view: str, values: NDArray[np.uint8]) -> None:
    share = values[..., None] / 255
    wanted = GROUND * (1 - share) + SURE * share
    canvas = tab.part("projections").locator(f'canvas[data-view="{view}"]')
    canvas.scroll_into_view_if_needed()  # what is not seen is not painted

    def off() -> float:
        found = pixels(canvas)[..., :3].astype(float)
        assert found.shape == wanted.shape
        return float(np.abs(found - wanted).max())

    tab.until(lambda: off() <= 1)


@pytest.mark.parametrize("sample", [0, 1])
def test_projections_show_the_greatest_voxel_along_each_axis(open_tab: OpenTab, logged: Logged, sample: int) -> None:
    tab = enlarge(open_tab, logged, sample=sample)
    voxels = logged.voxels[sample]  # [D, H, W], the first axis upright: seen along the second, the third and the first
    expect_projection(tab, "front", voxels.max(1)[::-1])
    expect_projection(tab, "side", voxels.max(2)[::-1])
    expect_projection(tab, "top", voxels.max(0)[::-1])
    tab.part("voxel-up").get_by_text("2nd axis").click()
    expect_projection(tab, "front", voxels.max(0))
    expect_projection(tab, "side", voxels.max(2).T)
    expect_projection(tab, "top", voxels.max(1)[::-1])
    tab.until(lambda: tab.state().get("up") == "second")


def test_seen_straight_from_the_front_voxels_cover_their_projection(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "&p.tb_explain.turned=0%2C0")
    shown = rested(tab)
    side = shown.shape[0]
    depth, height, width = logged.voxels[0].shape
    scale = side / np.sqrt(depth**2 + height**2 + width**2)
    front = logged.voxels[0].max(1)[::-1] > 0
    rows, columns = np.indices((side, side)) + 0.5
    row = np.floor((rows - (side - scale * depth) / 2) / scale).astype(int)
    column = np.floor((columns - (side - scale * width) / 2) / scale).astype(int)
    inside = (row >= 0) & (row < depth) & (column >= 0) & (column < width)
    wanted = np.zeros((side, side), bool)
    wanted[inside] = front[row[inside], column[inside]]
    blue = shown[..., 2].astype(int) - shown[..., 0] > 25  # the box around them is grey
    assert (blue != wanted).mean() < 0.02
    assert 0.1 < wanted.mean() < 0.9


def test_arrow_keys_and_dragging_turn_them_and_the_address_says_how(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, reduced_motion="reduce")
    before = rested(tab)
    view = space(tab)
    expect(view).to_have_attribute("aria-label", "chair_1: 6 × 8 × 10 voxels. Arrow keys turn them.")
    expect(view).to_have_attribute("role", "img")
    view.focus()
    step = tab.frame.locator('[data-testid="dialog-step-slider"]').input_value()
    tab.page.keyboard.press("ArrowLeft")  # elsewhere the key for the step before
    tab.page.keyboard.press("ArrowUp")
    tab.until(lambda: tab.state().get("turned") == "135%2C32")
    keyed = rested(tab)
    assert (keyed != before).any()
    assert tab.frame.locator('[data-testid="dialog-step-slider"]').input_value() == step
    tab.page.keyboard.press("Home")
    tab.until(lambda: "turned" not in tab.state())
    assert (rested(tab) == before).all()

    box = view.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.page.mouse.move(x, y)
    tab.page.mouse.down()
    tab.page.mouse.move(x + 50, y + 30, steps=5)
    tab.page.mouse.up()
    tab.until(lambda: tab.state().get("turned") == "175%2C40")
    dragged = rested(tab)
    again = open_tab(logged.server, tab.page.url.partition("#tb_explain")[2])
    expect(again.part("voxels")).to_be_visible()
    again.page.mouse.move(2, 2)
    assert (rested(again) == dragged).all()
    tab.frame.get_by_role("button", name="Turn back").click()
    tab.until(lambda: "turned" not in tab.state())


def test_they_turn_by_themselves_only_while_pointed_at_and_never_with_reduced_motion(
    open_tab: OpenTab, logged: Logged
) -> None:
    tab = enlarge(open_tab, logged)
    before = rested(tab)  # nothing moves on its own
    space(tab).hover()
    tab.until(lambda: (pixels(space(tab)) != before).any())
    tab.page.mouse.move(2, 2)
    rested(tab)
    assert "turned" not in tab.state()

    calm = enlarge(open_tab, logged, reduced_motion="reduce")
    before = rested(calm)
    space(calm).hover()
    calm.page.wait_for_timeout(700)
    assert (pixels(space(calm)) == before).all()


def test_the_threshold_decides_what_is_solid(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, sample=1)
    half = (rested(tab)[..., 3] > 0).sum()
    tab.part("voxel-level").fill("0.95")
    few = (rested(tab)[..., 3] > 0).sum()
    assert few < 0.9 * half
    tab.until(lambda: tab.state().get("level") == "0.95")
    binary = enlarge(open_tab, logged, "&p.tb_explain.level=0.95")
    expect(binary.part("voxel-level")).to_be_disabled()
    assert (rested(binary)[..., 3] > 0).any()


def test_one_request_for_a_volume_serves_all_steps(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    rested(tab)
    tab.part("dialog-step-slider").fill("0")
    expect(tab.part("sample-dialog").get_by_text("step 0", exact=True).first).to_be_visible()
    rested(tab)
    assert len([url for url in tab.requests if "/volume?" in url]) == 1


def test_volumes_that_cannot_be_read_are_said_and_their_image_is_shown(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path, logged: Logged
) -> None:
    segment = SegmentWriter(tmp_path / "run")
    with ExplainWriter(tmp_path / "other") as writer:
        writer.add_heatmaps("sound", np.zeros((1, 2, 2)), logged.voxels[:1, None], 0)
    short = pb.Volume(depth=4, height=4, width=4, deflated=zlib.compress(bytes(60)))
    named, records = segment.blob(pb.VOLUME, short.SerializeToString())
    image, found = segment.blob(pb.IMAGE, b"\x89PNG\r\n\x1a\n no picture")
    series = pb.Series(kind=pb.RECONSTRUCTIONS, tag="broken", method="FeedbackNetwork")
    records += found + segment.series(series)
    payload = pb.Reconstructions(
        samples=[pb.Sample(volume=named, image=image, name="short"), pb.Sample(volume=bytes(16), name="missing")],
        targets=[0, 0],
        reconstructions=[pb.Reconstruction(pictures=[pb.Picture(), pb.Picture()])],
    )
    entry = pb.Entry(kind=pb.RECONSTRUCTIONS, series=series.id, step=1, count=2)
    segment.append([*records, Record(entry, payload.SerializeToString())])
    segment.close()
    expected = "does not fit its size|404|nothing with the content hash"
    tab = open_tab(tensorboard("--logdir", str(tmp_path)), "&p.tb_explain.runs=run", expected=expected)
    for sample in range(2):
        tab.settled()
        tab.tile(sample).locator("button.tile-open").click()
        strip = tab.part("reconstruction-strip")
        expect(strip.locator('[data-source="input"]')).to_contain_text(re.compile("cannot be read"))
        expect(strip.locator('[data-source="class"]')).to_contain_text("not logged")
        tab.page.keyboard.press("Escape")
