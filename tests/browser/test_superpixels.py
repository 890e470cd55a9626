"""Weights of superpixels in a real Chromium: what is drawn, listed and read out is what was logged."""

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
from tb_explain.records import Record, SegmentWriter, encode_array
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.browser.label_maps import HEIGHT, WIDTH, expect_picture, painted, regions
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

COUNT = 12
NAMES = ["cat", "dog", "fox"]
TARGETS = [0, 2]
R2 = [0.85, 0.12]


@dataclass
class Logged:
    """What was logged: at two steps, two samples, two targets each."""

    server: TensorBoard
    labels: NDArray[np.int64]  # [N, h, w]
    weights: dict[int, NDArray[np.float32]]  # by step, [N, T, K]
    errors: NDArray[np.float32]  # [N, T, K]

    def ranking(self, target: int = 0) -> list[int]:
        count = int(self.labels[0].max()) + 1
        return np.argsort(-np.abs(self.weights[10][0, target, :count]), kind="stable").tolist()

    def text(self, superpixel: int, target: int = 0) -> str:
        weight, error = self.weights[10][0, target, superpixel], self.errors[0, target, superpixel]
        return f"{weight:.3f} ± {error:.3f}".replace("-", "−")


@pytest.fixture(scope="module")
def logged(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """A run with LIME's weights for two pictures, the second of fewer superpixels, and with weights of unknown error."""
    logdir = tmp_path_factory.mktemp("superpixels")
    random = np.random.default_rng(1)
    labels = np.stack([regions(1, COUNT), regions(2, 7)])
    errors = np.full((2, 2, COUNT), 0.013, np.float32)
    weights = {}
    with ExplainWriter(logdir / "run") as writer:
        images = random.random((2, 3, HEIGHT, WIDTH))
        for step in (0, 10):
            weights[step] = random.normal(0, 0.05, (2, 2, COUNT)).astype(np.float32)
            weights[step][1, :, 7:] = 0
            about = {"targets": [TARGETS] * 2, "probabilities": [[0.7, 0.2]] * 2, "predicted": [0, 0], "labels": [0, 2]}
            writer.add_superpixels(
                "val/lime", labels, weights[step], images, step, errors=errors, r2=[R2] * 2, intercepts=[[0.25, 0.5]] * 2,
                forwards=1000, method="LIME", class_names=NAMES, **about,
            )  # fmt: skip
            writer.add_superpixels(
                "val/shap", labels, weights[step], images, step, method="KernelSHAP", class_names=NAMES, **about
            )
    return Logged(tensorboard("--logdir", str(logdir)), labels, weights, errors)


def enlarge(open_tab: OpenTab, logged: Logged, state: str = "", sample: int = 0) -> ExplainTab:
    tab = open_tab(logged.server, state)
    tab.settled()
    tab.tile(sample, tag="val/lime").locator("button.tile-open").click()
    expect(tab.part("superpixel-panel")).to_be_visible()
    return tab


def overlay(tab: ExplainTab, sample: int = 0, tag: str = "val/lime") -> Locator:
    return tab.tile(sample, tag=tag).locator("canvas.overlay")


def large(tab: ExplainTab) -> Locator:
    return tab.part("superpixel-picture").locator("canvas.overlay")


def point(tab: ExplainTab, logged: Logged, superpixel: int) -> None:
    """Move the pointer to the middle of a superpixel."""
    inside = np.argwhere(logged.labels[0] == superpixel)
    y, x = inside[np.linalg.norm(inside - inside.mean(0), axis=1).argmin()] + 0.5
    tab.part("superpixel-picture").scroll_into_view_if_needed()
    box = tab.part("superpixel-picture").bounding_box()
    assert box
    tab.page.mouse.move(box["x"] + box["width"] * x / WIDTH, box["y"] + box["height"] * y / HEIGHT)


def test_tiles_are_painted_by_weight_and_never_interpolated(open_tab: OpenTab, logged: Logged) -> None:
    tab = open_tab(logged.server)
    tab.settled()
    for sample in range(2):
        labels, weights, errors = logged.labels[sample], logged.weights[10][sample, 0], logged.errors[sample, 0]
        assert (np.abs(weights) < 2 * errors).any()
        expect_picture(tab, overlay(tab, sample), painted(labels, weights, (96, 128), errors))
        expect_picture(tab, overlay(tab, sample, "val/shap"), painted(labels, weights, (96, 128), None))


def test_one_request_for_a_label_map_serves_all_steps_and_series(open_tab: OpenTab, logged: Logged) -> None:
    tab = open_tab(logged.server)
    tab.settled()
    tab.part("step-slider").fill("0")
    weights = logged.weights[0][0, 0]
    expect_picture(tab, overlay(tab), painted(logged.labels[0], weights, (96, 128), logged.errors[0, 0]))
    assert len([url for url in tab.requests if "/labels" in url]) == 2


def test_the_strongest_of_one_sign_above_a_threshold_are_shown_everywhere(open_tab: OpenTab, logged: Logged) -> None:
    tab = open_tab(logged.server)
    tab.settled()
    weights = logged.weights[10][0, 0]
    size = np.abs(weights)

    def expect_shown(shown: NDArray[np.bool_]) -> None:
        expected = painted(logged.labels[0], weights, (96, 128), None)
        hidden = (~shown)[logged.labels[0]].repeat(2, 0).repeat(2, 1)
        expected[hidden] = 0
        expect_picture(tab, overlay(tab, tag="val/shap"), expected)

    expect_shown(np.ones(COUNT, bool))
    tab.part("strongest-everywhere").fill("2")
    expect_shown(size >= np.sort(size)[-2])
    tab.part("sign-everywhere").get_by_text("Against").click()
    assert (weights < 0).sum() > 2
    expect_shown(weights <= np.sort(weights)[1])
    tab.part("strongest-everywhere").fill(str(COUNT))
    expect_shown(weights < 0)
    tab.part("threshold").fill("0.5")
    expect_shown((weights < 0) & (size >= 0.5 * size.max()))
    tab.part("sign-everywhere").get_by_text("For").click()
    expect_shown((weights > 0) & (size >= 0.5 * size.max()))
    tab.until(lambda: {"sign": "for", "threshold": "0.5"}.items() <= tab.state().items())


def test_the_rest_is_hidden(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "&p.tb_explain.strongest=3&p.tb_explain.hide_rest=1")
    weights = logged.weights[10][0, 0]
    shown = np.isin(logged.labels[0], logged.ranking()[:3])
    canvas = large(tab)
    tab.until(lambda: pixels(canvas)[..., 3].any())
    found = pixels(canvas)
    times = found.shape[0] // HEIGHT
    assert times * HEIGHT == found.shape[0]  # whole pixels of the label map
    shown = shown.repeat(times, 0).repeat(times, 1)
    assert (found[shown, 3] == 0).all()  # the bare image
    assert (found[~shown] == [0xF5, 0xF5, 0xF5, 255]).all()
    expect(canvas).to_have_css("opacity", "1")
    expect(tab.part("hide-rest")).to_be_checked()
    tab.part("hide-rest").uncheck()
    expect(canvas).to_have_css("opacity", "0.6")
    tab.until(lambda: "hide_rest" not in tab.state())
    assert np.abs(weights).max() > 0


def test_pointing_at_a_superpixel_shows_its_weight_and_its_row(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    rows = tab.part("weights").get_by_role("option")
    expect(rows).to_have_count(COUNT)
    assert rows.locator(".superpixel-number").all_inner_texts() == [str(i) for i in logged.ranking()]
    for superpixel in logged.ranking()[:: COUNT // 3]:
        point(tab, logged, superpixel)
        expect(tab.part("superpixel-readout")).to_have_text(f"{superpixel}: {logged.text(superpixel)}")
        expect(tab.part("outline-highlighted")).to_have_attribute("data-superpixel", str(superpixel))
        row = tab.part("weights").locator("li[data-highlighted]")
        expect(row).to_have_count(1)
        expect(row).to_contain_text(logged.text(superpixel))
        expect(row).to_be_in_viewport()
    last = logged.ranking()[-1]
    rows.last.hover()
    expect(tab.part("outline-highlighted")).to_have_attribute("data-superpixel", str(last))


def test_uncertain_weights_are_striped_in_the_list_too(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    expect(tab.part("weights").get_by_role("option")).to_have_count(COUNT)
    uncertain = np.abs(logged.weights[10][0, 0]) < 2 * logged.errors[0, 0]
    assert 0 < uncertain.sum() < COUNT
    expect(tab.part("weights").locator("[data-uncertain]")).to_have_count(int(uncertain.sum()))


def test_another_class_needs_no_request(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    dialog = tab.part("sample-dialog")
    shape = (HEIGHT * 8, WIDTH * 8)
    expect_picture(tab, large(tab), painted(logged.labels[0], logged.weights[10][0, 0], shape, logged.errors[0, 0]))
    asked = [url for url in tab.requests if "/runs" not in url and "/steps" not in url]
    dialog.locator("button.target", has_text="fox").click()
    expect_picture(tab, large(tab), painted(logged.labels[0], logged.weights[10][0, 1], shape, logged.errors[0, 1]))
    first = logged.ranking(target=1)[0]
    expect(tab.part("weights").get_by_role("option").first).to_contain_text(logged.text(first, target=1))
    assert [url for url in tab.requests if "/runs" not in url and "/steps" not in url] == asked


def test_a_poor_fit_is_warned_of(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    fit = tab.part("fit")
    expect(fit).to_contain_text("R² 0.85")
    expect(fit).to_contain_text("intercept 0.25")
    expect(fit).to_contain_text("1000 forwards")
    expect(fit).not_to_contain_text("poor fit")
    expect(tab.part("flag-notes")).to_have_count(0)
    tab.part("sample-dialog").locator("button.target", has_text="fox").click()
    expect(fit).to_contain_text("R² 0.12")
    expect(fit).to_contain_text("poor fit")
    expect(tab.part("flag-notes")).to_contain_text("less than 30 %")


def test_keys_go_through_the_list_and_pick(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    expect(tab.part("dialog-step-slider")).to_have_attribute("aria-valuetext", "step 10")
    listed = tab.part("weights")
    listed.focus()
    ranking = logged.ranking()
    for key, at in (("ArrowDown", 0), ("ArrowDown", 1), ("End", COUNT - 1), ("ArrowUp", COUNT - 2), ("Home", 0)):
        tab.page.keyboard.press(key)
        expect(tab.part("outline-highlighted")).to_have_attribute("data-superpixel", str(ranking[at]))
        active = listed.get_attribute("aria-activedescendant") or "none"
        expect(tab.frame.locator(f"#{active}")).to_contain_text(logged.text(ranking[at]))
    tab.page.keyboard.press(" ")
    assert tab.part("play").get_attribute("aria-label") == "Play"  # Space was the list's, and started nothing
    expect(tab.part("outline-picked")).to_have_attribute("data-superpixel", str(ranking[0]))
    expect(listed.locator('[aria-selected="true"]')).to_contain_text(logged.text(ranking[0]))
    tab.until(lambda: tab.state().get("superpixel") == str(ranking[0]))
    tab.page.keyboard.press("Escape")
    tab.until(lambda: "superpixel" not in tab.state())


def test_a_deep_link_restores_the_panel(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    tab.part("strongest").fill("5")
    tab.part("outlines").check()
    tab.part("sign").get_by_text("For", exact=True).click()
    tab.part("weight-threshold").fill("0.2")
    wanted = {
        "strongest": "5",
        "outlines": "1",
        "sign": "for",
        "threshold": "0.2",
        "series": "SUPERPIXELS%3Aval%2Flime",
    }
    tab.until(lambda: wanted.items() <= tab.state().items())
    again = open_tab(logged.server, tab.page.url.partition("#tb_explain")[2])
    expect(again.part("superpixel-panel")).to_be_visible()
    expect(again.part("strongest")).to_have_value("5")
    expect(again.part("outlines")).to_be_checked()
    expect(again.part("weight-threshold")).to_have_value("0.2")
    expect(again.part("sign").get_by_label("For", exact=True)).to_be_checked()
    expect(again.part("superpixel-picture").locator("path.border")).to_have_count(1)


def test_label_maps_that_cannot_be_read_are_said_and_the_weights_listed(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    segment = SegmentWriter(tmp_path / "run")
    short = pb.LabelMap(height=4, width=4, count=2, deflated=zlib.compress(bytes(30)))  # two bytes are missing
    named, records = segment.blob(pb.LABELS, short.SerializeToString())
    series = pb.Series(kind=pb.SUPERPIXELS, tag="broken", method="LIME")
    records += segment.series(series)
    segments = {0: named, 1: bytes(16), 2: b""}  # too short, not there, none
    payload = pb.Superpixels(
        samples=[pb.Sample(segments=hash_) for hash_ in segments.values()],
        targets=[0, 0, 0],
        weights=encode_array(np.array([[[0.5, -0.25]]] * 3, np.float32)),
        height=4,
        width=4,
    )
    entry = pb.Entry(kind=pb.SUPERPIXELS, series=series.id, step=1, count=3)
    contradiction = pb.Superpixels(samples=[pb.Sample()], targets=[0, 1])
    later = pb.Entry(kind=pb.SUPERPIXELS, series=series.id, step=2, count=1)
    segment.append(
        [*records, Record(entry, payload.SerializeToString()), Record(later, contradiction.SerializeToString())]
    )
    segment.close()
    expected = "does not fit its size|404|nothing with the content hash|cannot be decoded"
    tab = open_tab(tensorboard("--logdir", str(tmp_path)), "&p.tb_explain.step=1", expected=expected)
    tab.settled()
    for sample, said in enumerate(["cannot be read", "cannot be read", "were not logged"]):
        expect(tab.tile(sample)).to_contain_text(f"superpixels {said}")
    tab.tile(0).locator("button.tile-open").click()
    expect(tab.part("weights").get_by_role("option")).to_have_count(2)
    expect(tab.part("superpixel-picture")).to_contain_text("superpixels cannot be read")
    tab.page.keyboard.press("Escape")
    tab.part("step-slider").fill("1")
    expect(
        tab.frame.get_by_role("status").filter(has_text=re.compile("broken at step 2.*cannot be read"))
    ).to_be_visible()
