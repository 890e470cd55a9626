"""Reconstructions in a real Chromium: pictures, errors and response fields are those that were logged."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from matplotlib import colormaps
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from tb_explain import ExplainWriter
from tb_explain.records import Record, SegmentWriter, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

N, SIDE = 6, 24
LABELS = [0, 0, 1, 1, 2, 2]
PREDICTED = [0, 1, 1, 1, 2, 0]  # wrong: samples 1 and 5
ERRORS = (
    "input–reconstruction",
    "representative–class reconstruction",
    "reconstruction–class reconstruction",
    "input–class reconstruction",
)
SOURCES = ["conv1", "conv2", "class", "class · centroids"]


@dataclass
class Logged:
    """A record of six images, four reconstructions of each, and two response fields of the first."""

    server: TensorBoard
    images: NDArray[np.uint8]  # [N, h, w, 3]
    made: NDArray[np.uint8]  # [4, N, h, w, 3]
    sums: NDArray[np.float64]  # [N, 4] of ERRORS
    hashes: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def logged(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """A run written by hand, with all that a record can hold."""
    logdir = tmp_path_factory.mktemp("reconstructions")
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (N, SIDE, SIDE, 3), np.uint8)
    made = np.stack([np.clip(images + random.integers(-20 - 30 * k, 20, images.shape), 0, 255) for k in range(4)])
    made = made.astype(np.uint8)
    sums = np.round(random.uniform(10, 60, (N, 4)), 2)
    segment = SegmentWriter(logdir / "run")
    records: list[Record] = []
    hashes = {}

    def picture(name: str, image: NDArray[np.uint8]) -> pb.Picture:
        hash_, found = segment.blob(pb.IMAGE, encode_image(image))
        records.extend(found)
        hashes[name] = hash_.hex()
        return pb.Picture(image=hash_)

    names, found = segment.blob(pb.CLASSES, pb.ClassNames(names=["cat", "dog", "fox"]).SerializeToString())
    records += found
    inputs = [picture(f"input {i}", image) for i, image in enumerate(images)]
    crops = {
        (f, crop): picture(f"crop {crop} {f}", random.integers(0, 256, (8, 8, 3), np.uint8))
        for f in range(2)
        for crop in ("input", "alone", "field", "whole")
    }
    boxes = [{"starts": [2, 6], "stops": [10, 14]}, {"starts": [0, 0], "stops": [8, 5]}]
    payload = pb.Reconstructions(
        samples=[
            pb.Sample(image=one.image, label=label, predicted=predicted, probability=0.8, name=f"image {i}")
            for i, (one, label, predicted) in enumerate(zip(inputs, LABELS, PREDICTED, strict=True))
        ],
        targets=PREDICTED,
        probabilities=[0.8] * N,
        classes=names,
        height=SIDE,
        width=SIDE,
        figures=[pb.Figure(name=name, values=sums[:, e], better=pb.NEITHER) for e, name in enumerate(ERRORS)],
        reconstructions=[
            pb.Reconstruction(
                layer=layer,
                through_centroids=k == 3,
                pictures=[picture(f"{SOURCES[k]} {i}", image) for i, image in enumerate(made[k])],
                errors=[] if k == 3 else [100.5 * (k + 1) + i for i in range(N)],
            )
            for k, layer in enumerate(["conv1", "conv2", "", ""])
        ],
        representatives=[picture(f"representative {i}", made[0, (i + 1) % N]) for i in range(N)],
        prototypes=[picture(f"prototype {i}", made[1, (i + 1) % N]) for i in range(N)],
        fields=[
            pb.ResponseField(
                sample=0,
                layer="conv2",
                position=[2 - f, 3 * f],
                positions=[4, 6],
                field_starts=[1 - f, 0],
                field_stops=[4, 5],
                input=crops[f, "input"],
                alone=crops[f, "alone"],
                field=crops[f, "field"],
                whole=crops[f, "whole"],
                **boxes[f],
            )
            for f in range(2)
        ],
    )
    series = pb.Series(kind=pb.RECONSTRUCTIONS, tag="val/reconstruction", method="FeedbackNetwork")
    records += segment.series(series)
    entry = pb.Entry(kind=pb.RECONSTRUCTIONS, series=series.id, step=7, count=N)
    segment.append([*records, Record(entry, payload.SerializeToString())])
    segment.close()
    return Logged(tensorboard("--logdir", str(logdir)), images, made, sums, hashes)


def enlarge(open_tab: OpenTab, logged: Logged, state: str = "", sample: int = 0) -> ExplainTab:
    tab = open_tab(logged.server, state)
    tab.settled()
    tab.tile(sample).locator("button.tile-open").click()
    expect(tab.part("reconstruction-panel")).to_be_visible()
    return tab


def expect_image(place: Locator, hash_: str) -> None:
    """Wait until the image of this content is there, and has been drawn."""
    image = place.locator("img")
    expect(image).to_have_attribute("src", re.compile(f"hash={hash_}$"))
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_a_tile_shows_what_the_class_alone_reconstructs(open_tab: OpenTab, logged: Logged) -> None:
    tab = open_tab(logged.server)
    tab.settled()
    for sample in range(2):
        own = tab.tile(sample).locator("img.own-picture")
        expect(own).to_have_attribute("src", re.compile(logged.hashes[f"class {sample}"]))
        expect(own).to_be_visible()
    expect(tab.tile(0).get_by_test_id("figures")).to_contain_text("E4 / E1")
    tab.tile(0).locator("button.tile-open").focus()
    tab.page.keyboard.down("o")  # the bare image
    expect(tab.tile(0).locator("img.own-picture")).to_be_hidden()
    expect(tab.tile(0).locator("img").first).to_have_attribute("src", re.compile(logged.hashes["input 0"]))
    tab.page.keyboard.up("o")
    expect(tab.tile(0).locator("img.own-picture")).to_be_visible()


def test_the_strip_goes_from_the_input_to_the_class_with_each_error(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, sample=1)
    items = tab.part("reconstruction-strip").locator("li")
    expect(items).to_have_count(5)
    for k, source in enumerate(["input", *SOURCES]):
        expect(items.nth(k).locator(".reconstruction-name")).to_have_text(source)
        expect_image(items.nth(k), logged.hashes[f"{source} 1"])
    expect(items.nth(1).locator(".reconstruction-error")).to_have_text("102")  # 101.5
    expect(items.nth(3).locator(".reconstruction-error")).to_have_text("303")
    expect(items.nth(4).locator(".reconstruction-error")).to_have_count(0)
    widths = [items.nth(k).locator(".error-bar > span").evaluate("e => e.offsetWidth") for k in (1, 2, 3)]
    assert widths[0] < widths[1] < widths[2]


def test_the_one_that_is_chosen_is_enlarged_and_in_the_address(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    stage = tab.part("reconstruction-panel").locator(".reconstruction-stage")
    expect_image(stage, logged.hashes["class 0"])
    strip = tab.part("reconstruction-strip")
    strip.get_by_role("button", name="conv1").focus()
    tab.page.keyboard.press("Enter")
    expect_image(stage, logged.hashes["conv1 0"])
    expect(strip.get_by_role("button", name="conv1")).to_have_attribute("aria-pressed", "true")
    expect(stage).to_contain_text("Reconstructed from what conv1 computed.")
    tab.until(lambda: tab.state().get("reconstruction") == "1")
    again = open_tab(logged.server, tab.page.url.partition("#tb_explain")[2])
    expect_image(again.part("reconstruction-panel").locator(".reconstruction-stage"), logged.hashes["conv1 0"])


def test_differences_are_absolute_and_coloured_to_half_the_range(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    height = tab.part("reconstruction-panel").evaluate("e => e.scrollHeight")
    tab.part("difference-toggle").check()
    canvases = tab.part("reconstruction-strip").get_by_test_id("difference")
    expect(canvases).to_have_count(4)  # the input is shown as it is
    viridis = colormaps["viridis"](np.arange(256) / 255, bytes=True)[:, :3].astype(int)
    for k in range(4):
        off = np.abs(logged.images[0].astype(int) - logged.made[k, 0]).mean(-1)
        wanted = viridis[np.minimum(255, np.rint(np.rint(off) * 2)).astype(int)]
        canvas = canvases.nth(k)
        tab.until(lambda canvas=canvas: pixels(canvas)[..., 3].any())
        assert np.abs(pixels(canvas)[..., :3].astype(int) - wanted).max() <= 12
    tab.until(lambda: tab.state().get("difference") == "1")
    assert tab.part("reconstruction-panel").evaluate("e => e.scrollHeight") == height  # nothing jumps
    expect(tab.part("difference-legend")).to_contain_text("50%")


def test_the_four_errors_of_right_and_wrong_samples_stand_side_by_side(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, sample=1)
    table = tab.part("error-table")
    wrong = np.array(LABELS) != PREDICTED
    columns = {"right": logged.sums[~wrong].mean(0), "wrong": logged.sums[wrong].mean(0), "own": logged.sums[1]}

    def text(value: float) -> str:
        return f"{float(f'{value:.3g}'):g}"

    for column, means in columns.items():
        for name, value in zip(ERRORS, means, strict=True):
            cell = table.locator(f'tr[data-error="{name}"] td[data-column="{column}"]')
            expect(cell.locator(".error-value")).to_have_text(text(value))
            expect(cell.locator(".per-place")).to_have_text(text(value / SIDE**2))
        ratio = table.locator(f'tr[data-error="ratio"] td[data-column="{column}"]')
        expect(ratio).to_have_text(text(means[3] / means[0]))
    expect(table.locator("thead")).to_contain_text("right 4")
    expect(table.locator("thead")).to_contain_text("wrong 2")
    expect(tab.part("too-few")).to_be_visible()


def test_samples_are_ordered_by_the_ratio_of_the_errors(open_tab: OpenTab, logged: Logged) -> None:
    tab = open_tab(logged.server)
    tab.settled()
    tab.part("sort").select_option(label="E4 / E1: highest first")
    ratios = logged.sums[:, 3] / logged.sums[:, 0]
    order = [logged.hashes[f"input {i}"] for i in np.argsort(-ratios)]

    def shown() -> list[str]:
        tiles = tab.frame.locator('[data-testid="tile"]')
        return [str(tiles.nth(i).get_attribute("data-sample")) for i in range(tiles.count())]

    tab.until(lambda: shown() == order)
    tab.until(lambda: unquote(tab.state().get("sort", "")) == "high:error ratio")


def test_what_stands_for_the_class_is_shown_beside_its_reconstruction(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, sample=1)
    shown = tab.part("representative")
    expect(shown).to_contain_text("What stands for dog")
    for title, name in [("input", "input 1"), ("class reconstruction", "class 1"), ("prototype", "prototype 1")]:
        expect_image(shown.locator(f'[data-source="{title}"]'), logged.hashes[name])
    expect_image(shown.locator('[data-source="representative"]'), logged.hashes["representative 1"])


def test_a_response_field_shows_its_box_its_positions_and_its_crops(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    fields = tab.part("fields")
    rows = fields.get_by_role("option")
    expect(rows).to_have_count(2)

    def expect_field(f: int, box: list[int], field: list[int], position: list[int]) -> None:
        for crop in ("input", "alone", "field", "whole"):
            expect_image(fields.locator(f'[data-crop="{crop}"]'), logged.hashes[f"crop {crop} {f}"])
        rectangles = [
            (tab.part("receptive-field"), box),
            (fields.locator(".response-field"), field),
            (fields.locator(".response-position"), position),
        ]
        for rectangle, wanted in rectangles:
            found = [float(rectangle.get_attribute(side) or -1) for side in ("x", "y", "width", "height")]
            assert found == wanted

    expect_field(0, [6, 2, 8, 8], [0, 1, 5, 3], [0, 2, 1, 1])
    rows.nth(1).click()
    expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    expect_field(1, [0, 0, 5, 8], [0, 0, 5, 4], [3, 1, 1, 1])
    tab.until(lambda: tab.state().get("field") == "1")
    expect(fields).to_contain_text("field 4 × 5 of 4 × 6")


def test_a_sample_without_response_fields_shows_none(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, sample=2)
    expect(tab.part("error-table")).to_be_visible()
    expect(tab.part("fields")).to_have_count(0)


def test_voxels_turn_together_and_their_differences_tell_missing_from_added(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    given = np.zeros((1, 1, 6, 6, 6), np.uint8)
    given[0, 0, :3, :3, :3] = 255
    again = np.zeros_like(given)
    again[0, 0, 3:, 3:, 3:] = 255
    with ExplainWriter(tmp_path) as writer:
        writer.add_reconstructions("val/feedback", {"conv1": given, "": again}, given, 0, errors={"": [54]}, labels=[0])
    tab = open_tab(tensorboard("--logdir", str(tmp_path)), reduced_motion="reduce")
    tab.settled()
    tab.tile(0).locator("button.tile-open").click()
    views = tab.part("reconstruction-strip").get_by_test_id("voxel-view")
    expect(views).to_have_count(3)

    def painted(k: int) -> NDArray[np.uint8]:
        tab.until(lambda: pixels(views.nth(k))[..., 3].any())
        return pixels(views.nth(k))

    before = [painted(k) for k in range(3)]
    assert (before[0] == before[1]).all()  # the same voxels, from the same side
    assert (before[0] != before[2]).any()
    tab.part("voxels").get_by_test_id("voxel-view").focus()
    tab.page.keyboard.press("ArrowRight")
    for k in range(3):
        tab.until(lambda k=k: (painted(k) != before[k]).any())
    tab.part("difference-toggle").check()

    def hues(k: int) -> tuple[bool, bool]:
        red, blue = painted(k)[..., 0].astype(int), painted(k)[..., 2].astype(int)
        return bool((blue - red > 60).any()), bool((red - blue > 60).any())

    tab.until(lambda: hues(2) == (True, True))
    tab.until(lambda: hues(1) == (False, False))


def test_reconstructions_that_cannot_be_read_are_said(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    segment = SegmentWriter(tmp_path / "run")
    series = pb.Series(kind=pb.RECONSTRUCTIONS, tag="broken", method="FeedbackNetwork")
    records = segment.series(series)
    gone = pb.Reconstructions(
        samples=[pb.Sample(name="alone")],
        targets=[0],
        reconstructions=[pb.Reconstruction(layer="conv1", pictures=[pb.Picture(image=bytes(16))])],
    )
    contradiction = pb.Reconstructions(samples=[pb.Sample()], targets=[0], representatives=[pb.Picture()] * 2)
    for step, payload in enumerate([gone, contradiction]):
        entry = pb.Entry(kind=pb.RECONSTRUCTIONS, series=series.id, step=step, count=1)
        records.append(Record(entry, payload.SerializeToString()))
    segment.append(records)
    segment.close()
    expected = "404|cannot be decoded"
    tab = open_tab(tensorboard("--logdir", str(tmp_path)), "&p.tb_explain.step=0", expected=expected)
    tab.settled()
    tab.tile(0).locator("button.tile-open").click()
    strip = tab.part("reconstruction-strip")
    expect(strip.locator('[data-source="input"]')).to_contain_text("not logged")
    expect(strip.locator('[data-source="conv1"]')).to_contain_text("the image cannot be read")
    expect(tab.part("error-table")).to_have_count(0)
    tab.page.keyboard.press("Escape")
    tab.part("step-slider").fill("1")
    expect(
        tab.frame.get_by_role("status").filter(has_text=re.compile("broken at step 1.*cannot be read"))
    ).to_be_visible()
