"""The Explanations view in a real Chromium, on the logdir of the README's first command."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import matplotlib as mpl
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from tb_explain import ExplainWriter
from tb_explain.records import RunIndex, decode_array
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

DIGITS = "&p.tb_explain.runs=digits&p.tb_explain.methods=GradCAM&p.tb_explain.layers=conv3"
TAG = "digits/gradcam/conv3"


def tile_pixels(tab: ExplainTab) -> NDArray[np.uint8]:
    """What is painted above an image, [h, w, RGBA]."""
    canvas = tab.tile(tag=TAG).locator("canvas.overlay")
    canvas.scroll_into_view_if_needed()
    tab.until(
        lambda: canvas.evaluate(
            "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(x => x)"
        )
    )
    return pixels(canvas)


def logged(demo: Path, step: int, sample: int, target: int) -> NDArray[np.float32]:
    """A map as it lies on disk."""
    index = RunIndex(demo / "digits")
    index.refresh()
    series = index.find(TAG, pb.HEATMAPS)
    assert series is not None
    steps = index.steps(series)
    payload = pb.Heatmaps.FromString(index.read(steps.keys[steps.step.tolist().index(step)]))
    if target < 0:
        target = payload.samples[sample].predicted
    return decode_array(payload.maps)[sample, target]


def painted(values: NDArray[np.float32], size: int, threshold: float = 0.0, gamma: float = 1.0) -> NDArray[np.uint8]:
    """The pixels that the numbers ask for: interpolated between cell centres, normalised, then viridis of matplotlib."""
    at = ((np.arange(size) + 0.5) * len(values) / size - 0.5).clip(0, len(values) - 1)
    cells = np.arange(len(values))
    rows = np.stack([np.interp(at, cells, column) for column in values.T], 1)
    smooth = np.stack([np.interp(at, cells, row) for row in rows])
    n = ((smooth - values.min()) / (values.max() - values.min())).clip(0, 1)
    colours = mpl.colormaps["viridis"](np.rint(255 * n**gamma).astype(int), bytes=True)
    colours[n < threshold] = 0
    return colours


def assert_same_picture(found: NDArray[np.uint8], expected: NDArray[np.uint8]) -> None:
    difference = np.abs(found.astype(int) - expected.astype(int)).max(2)
    # A colour on the edge between two of the 256 levels may fall to either side.
    assert (difference > 8).mean() < 0.002, (
        f"{(difference > 8).mean():.2%} of the pixels differ, at most by {difference.max()}"
    )


def test_the_slider_changes_pixels_as_the_colour_map_says(
    open_tab: OpenTab, demo_server: TensorBoard, demo: Path
) -> None:
    tab = open_tab(demo_server, DIGITS)
    slider = tab.part("step-slider")
    expect(slider).to_have_attribute("max", "20")
    shown = {}
    for position, step in ((0, 0), (3, 60), (20, 400)):
        slider.fill(str(position))
        expect(tab.tile(0, tag=TAG, step=step)).to_be_visible()
        expect(slider).to_have_attribute("aria-valuetext", f"step {step}")
        expected = painted(logged(demo, step, 0, -1), 128)
        tab.until(lambda expected=expected: np.abs(tile_pixels(tab).astype(int) - expected).max(2).mean() < 1)
        shown[step] = tile_pixels(tab)
        assert_same_picture(shown[step], expected)
    assert (shown[0] != shown[400]).any()


def test_threshold_gamma_and_class_ask_for_other_pixels(
    open_tab: OpenTab, demo_server: TensorBoard, demo: Path
) -> None:
    tab = open_tab(
        demo_server,
        f"{DIGITS}&p.tb_explain.threshold=0.5&p.tb_explain.gamma=2&p.tb_explain.class=9&p.tb_explain.step=100",
    )
    expect(tab.tile(0, tag=TAG, step=100)).to_contain_text("9")
    expected = painted(logged(demo, 100, 0, 9), 128, threshold=0.5, gamma=2)
    found = tile_pixels(tab)
    assert_same_picture(found, expected)
    assert (found[..., 3] == 0).any() and (found[..., 3] == 255).any()


def test_opacity_repaints_nothing(open_tab: OpenTab, demo_server: TensorBoard) -> None:
    tab = open_tab(demo_server, DIGITS)
    before = tile_pixels(tab)
    canvas = tab.tile(0, tag=TAG).locator("canvas.overlay")
    expect(canvas).to_have_css("opacity", "0.6")
    tab.part("opacity").fill("0.25")
    expect(canvas).to_have_css("opacity", "0.25")
    assert (tile_pixels(tab) == before).all()


def test_a_deep_link_restores_the_state(open_tab: OpenTab, demo_server: TensorBoard) -> None:
    tab = open_tab(demo_server, DIGITS)
    tab.settled()
    tab.part("step-slider").fill("7")
    tab.part("threshold").fill("0.3")
    tab.part("colormap").select_option("magma")
    tab.part("tag-filter").fill("grad|layer")
    wanted = {
        "step": "140",
        "threshold": "0.3",
        "colormap": "magma",
        "tag_filter": "grad|layer",
        "runs": "digits",
        "layers": "conv3",
    }
    tab.until(lambda: wanted.items() <= {name: unquote(value) for name, value in tab.state().items()}.items())

    again = open_tab(demo_server, tab.page.url.partition("#tb_explain")[2])
    again.settled()
    expect(again.tile(0, tag=TAG, step=140)).to_be_visible()
    expect(again.part("threshold")).to_have_value("0.3")
    expect(again.part("colormap")).to_have_value("magma")
    expect(again.part("tag-filter")).to_have_value("grad|layer")
    expect(again.part("follow")).not_to_be_checked()


def test_the_enlarged_sample_opens_and_closes(open_tab: OpenTab, demo_server: TensorBoard) -> None:
    tab = open_tab(demo_server, "&p.tb_explain.runs=photographs")
    tab.settled()
    tab.tile(0).locator("button.tile-open").click()
    dialog = tab.part("sample-dialog")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text(re.compile("tiger cat|Egyptian cat|tabby"))
    tab.until(lambda: "sample" in tab.state())
    tab.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_keys_move_the_step_and_show_the_bare_image(open_tab: OpenTab, demo_server: TensorBoard) -> None:
    tab = open_tab(demo_server, DIGITS)
    tab.settled()
    tab.frame.locator("main").click(position={"x": 5, "y": 5})
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.tile(0, tag=TAG, step=380)).to_be_visible()
    expect(tab.part("follow")).not_to_be_checked()
    canvas = tab.tile(0, tag=TAG).locator("canvas.overlay")
    tab.page.keyboard.down("o")
    expect(canvas).to_be_hidden()
    tab.page.keyboard.up("o")
    expect(canvas).to_be_visible()
    tab.part("play").click()
    expect(tab.tile(0, tag=TAG, step=400)).to_be_visible()


def test_both_runs_are_shown_though_they_have_different_layers(open_tab: OpenTab, demo_server: TensorBoard) -> None:
    tab = open_tab(demo_server)
    tab.settled()
    expect(tab.tile(0, run="digits")).to_be_visible()
    tab.scroll_to_run("photographs")
    expect(tab.tile(0, run="photographs")).to_be_visible()


def luminance(css: str) -> float:
    return sum(map(int, re.findall(r"\d+", css)[:3])) / 3


def test_dark_mode_follows_tensorboard(open_tab: OpenTab, demo_server: TensorBoard) -> None:
    tab = open_tab(demo_server, DIGITS)
    tab.settled()
    background = "() => getComputedStyle(document.body).backgroundColor"
    assert luminance(tab.frame.evaluate(background)) > 200
    tab.page.evaluate("document.body.classList.add('dark-mode')")  # what TensorBoard's menu does
    tab.until(lambda: luminance(tab.frame.evaluate(background)) < 80)
    tab.page.evaluate("document.body.classList.remove('dark-mode')")
    tab.until(lambda: luminance(tab.frame.evaluate(background)) > 200)
    dark = open_tab(demo_server, DIGITS, query="?darkMode=true")
    dark.settled()
    assert luminance(dark.frame.evaluate(background)) < 80


def test_a_hidden_tab_does_not_poll(open_tab: OpenTab, demo_server: TensorBoard) -> None:
    tab = open_tab(demo_server, DIGITS)
    tab.settled()
    polls = lambda: sum("/runs" in url for url in tab.requests)  # noqa: E731
    seen = polls()
    tab.until(lambda: polls() > seen)  # it does poll while it is seen
    tab.page.get_by_role("tab", name=re.compile("Scalars", re.IGNORECASE)).click()
    tab.page.wait_for_timeout(1_000)
    hidden = len(tab.requests)
    tab.page.wait_for_timeout(12_000)
    assert len(tab.requests) == hidden, tab.requests[hidden:]
    tab.page.get_by_role("tab", name=re.compile("Explain", re.IGNORECASE)).click()
    tab.until(lambda: len(tab.requests) > hidden)


def test_new_steps_are_followed_while_training_runs(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    random = np.random.default_rng(0)
    images, maps = random.random((3, 3, 32, 32)), random.random((3, 4, 4))
    with ExplainWriter(tmp_path / "live") as writer:
        writer.add_heatmaps("maps", maps, images, 1)
        writer.flush()
        tab = open_tab(tensorboard("--logdir", str(tmp_path)))
        expect(tab.tile(0, tag="maps", step=1)).to_be_visible()
        writer.add_heatmaps("maps", maps, images, 2)
        writer.flush()
        expect(tab.tile(0, tag="maps", step=2)).to_be_visible()
        tab.part("step-slider").fill("0")
        expect(tab.tile(0, tag="maps", step=1)).to_be_visible()
        writer.add_heatmaps("maps", maps, images, 3)
        writer.flush()
        expect(tab.part("step-slider")).to_have_attribute("max", "2")
        expect(tab.tile(0, tag="maps", step=1)).to_be_visible()  # who went back stays there


def test_an_empty_logdir_says_what_to_do(open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path) -> None:
    tab = open_tab(tensorboard("--logdir", str(tmp_path)))
    expect(tab.part("empty-state")).to_contain_text("ExplainWriter")


def test_failures_are_listed(open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path) -> None:
    import torch

    from tb_explain import Probe
    from tb_explain.methods import GradCAM

    with ExplainWriter(tmp_path / "run") as writer:
        writer.explain(torch.nn.Flatten(), Probe(torch.rand(2, 3, 8, 8), name="val"), 7, [GradCAM("layer9")])
        writer.add_heatmaps("fine", np.ones((2, 2, 2)), np.zeros((2, 3, 8, 8)), 7)
    tab = open_tab(tensorboard("--logdir", str(tmp_path)))
    tab.part("problems").click()
    expect(tab.part("problems-dialog")).to_contain_text("no layer 'layer9'")
    expect(tab.part("problems-dialog")).to_contain_text("step 7")


def test_text_from_a_logdir_is_text(open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path) -> None:
    script = "<img src=x onerror=\"document.title='run'\"><script>alert(1)</script>"
    with ExplainWriter(tmp_path / "run") as writer:
        writer.add_heatmaps(
            script,
            np.eye(3)[None],
            np.zeros((1, 3, 8, 8)),
            1,
            class_names=[script, "b"],
            targets=0,
            labels=[0],
            method=script,
        )
    tab = open_tab(tensorboard("--logdir", str(tmp_path)))
    expect(tab.tile(0)).to_contain_text("<img src=x")
    assert tab.frame.locator("img[src=x], script:not([type=module])").count() == 0


def test_a_server_that_is_gone_is_said_and_what_is_shown_stays(
    open_tab: OpenTab, tensorboard: StartTensorBoard, demo: Path
) -> None:
    server = tensorboard("--logdir", str(demo))
    tab = open_tab(server, DIGITS, expected="ERR_CONNECTION_REFUSED|Failed to load resource")
    tab.settled()
    server.process.terminate()
    server.process.wait(30)
    expect(tab.part("error-banner")).to_be_visible()
    expect(tab.tile(0, tag=TAG)).to_be_visible()
    tab.part("view-compare").click()  # whose code was never asked for
    expect(tab.part("tile")).to_have_count(0)
    tab.part("view-explanations").click()
    expect(tab.tile(0, tag=TAG)).to_be_visible()


def test_twenty_runs_and_a_thousand_classes(open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    images = random.random((4, 3, 32, 32))
    names = [f"class number {i}" for i in range(1000)]
    for run in range(20):
        with ExplainWriter(tmp_path / f"run{run:02}") as writer:
            for step in (0, 10, 20):
                writer.add_heatmaps(
                    "val/gradcam/layer4", random.random((4, 5, 7, 7)), images, step, method="GradCAM", layer="layer4",
                    targets=random.permuted(np.tile(np.arange(1000), (4, 1)), axis=1)[:, :5], class_names=names,
                    labels=[1, 2, 3, 999], predicted=[1, 2, 4, 999],
                )  # fmt: skip
    tab = open_tab(tensorboard("--logdir", str(tmp_path)))
    tab.settled()
    runs = tab.part("run-list").get_by_role("checkbox")
    expect(runs).to_have_count(20)
    tab.scroll_to_run("run07")
    expect(tab.tile(0, run="run07", step=20)).to_be_visible()
