"""Quality figures and warnings beside maps, in a real Chromium."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from playwright.sync_api import expect

from tb_explain.records import Record, SegmentWriter, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import ExplainTab, OpenTab
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

NAN = float("nan")
# [N * T]: three samples, two targets each; the first target is the predicted class.
INSERTION = [0.50, 0.1, 0.90, 0.2, NAN, 0.3]
DELETION = [0.45, 0.1, 0.05, 0.2, 0.25, 0.3]
SPARSENESS = [0.3, 0.1, 0.2, 0.2, 0.7, 0.3]
RANDOM = [0.40] * 6
CENTRED = [0.60] * 6
FLAGS = [pb.SATURATED, 0, pb.NOT_FINITE | pb.POOR_FIT, 0, 256, 0]


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    """A run whose maps have figures and flags."""
    logdir = tmp_path_factory.mktemp("figures")
    random = np.random.default_rng(0)
    segment = SegmentWriter(logdir / "run")
    blobs = [
        segment.blob(pb.IMAGE, encode_image(random.integers(0, 256, (32, 32, 3), np.uint8))) for _ in INSERTION[::2]
    ]
    series = pb.Series(kind=pb.HEATMAPS, tag="val/gradcam", method="GradCAM")
    records = [record for _, found in blobs for record in found] + segment.series(series)
    payload = pb.Heatmaps(
        samples=[pb.Sample(image=name, label=1, predicted=0, name=f"image {i}") for i, (name, _) in enumerate(blobs)],
        maps=encode_array(random.integers(0, 256, (3, 2, 7, 7), np.uint8)),
        targets=[0, 1] * 3,
        flags=FLAGS,
        class_dependent=True,
        height=32,
        width=32,
        figures=[
            pb.Figure(name="sparseness", values=SPARSENESS),
            pb.Figure(name="home_made", values=[2.5] * 6, random=[2] * 6, better=pb.HIGHER),
            pb.Figure(name="deletion", values=DELETION, random=RANDOM, centred=CENTRED, better=pb.LOWER),
            pb.Figure(name="insertion", values=INSERTION, random=RANDOM, centred=CENTRED, better=pb.HIGHER),
        ],
    )
    entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=3, wall_time=1e9, count=3)
    segment.append([*records, Record(entry, payload.SerializeToString())])
    segment.close()
    return tensorboard("--logdir", str(logdir))


def lines(tab: ExplainTab, sample: int) -> list[str]:
    """The figures under a tile, each with its value."""
    return [" ".join(line.split()) for line in tab.tile(sample).locator(".figure-line").all_inner_texts()]


def order(tab: ExplainTab) -> list[str]:
    """The samples in their order on screen."""
    names = tab.frame.locator("[data-testid=tile] button.tile-open").evaluate_all(
        "buttons => buttons.map(button => button.getAttribute('aria-label'))"
    )
    return [re.sub(r"\D", "", name) for name in names]


def test_two_figures_under_each_tile_and_a_mark_on_those_no_better_than_random(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_tab(server)
    tab.settled()
    assert lines(tab, 0) == ["Insertion 0.50", "Deletion 0.45"]
    assert lines(tab, 1) == ["Insertion 0.90", "Deletion 0.05"]
    assert lines(tab, 2) == ["Deletion 0.25"]  # what is not known is not shown, least of all as 0
    mark = re.compile("no better than a random map", re.IGNORECASE)
    expect(tab.tile(0).locator("[data-figure=deletion]").get_by_label(mark)).to_be_visible()
    expect(tab.tile(0).locator("[data-figure=insertion]").get_by_label(mark)).to_have_count(0)
    expect(tab.tile(1).get_by_label(mark)).to_have_count(0)


def test_other_figures_can_be_chosen(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server)
    tab.settled()
    choice = tab.part("figure-choice")
    for name in ("Insertion", "Deletion"):
        choice.get_by_text(name).click()
    expect(tab.part("figures")).to_have_count(0)
    choice.get_by_text("home_made").click()
    tab.until(lambda: lines(tab, 0) == ["home_made 2.50"])
    tab.until(lambda: tab.state().get("figures") == "home_made")


def test_all_figures_in_the_enlarged_sample_beside_maps_that_know_nothing(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_tab(server)
    tab.settled()
    tab.tile(0).locator("button.tile-open").click()
    rows = tab.part("figure-table").locator("tbody tr")
    expect(rows).to_have_count(4)
    texts = [" ".join(row.split()) for row in rows.all_inner_texts()]
    assert texts == [
        "Insertion 0.50 0.40 0.60",
        "Deletion 0.45 0.40 0.60",
        "Sparseness 0.30 – –",
        "home_made 2.50 2.00 –",
    ]
    expect(rows.nth(1)).to_have_attribute("title", re.compile("removed.*Lower is better.*No better than", re.DOTALL))
    bar = rows.nth(0).locator(".figure-bar")
    track, value = bar.bounding_box(), bar.locator(".bar-value").bounding_box()
    assert track and value
    assert value["width"] / track["width"] == pytest.approx(0.5, abs=0.02)
    for name, at in (("random", 0.4), ("centred", 0.6)):
        mark = bar.locator(f".bar-{name}").bounding_box()
        assert mark
        assert (mark["x"] + mark["width"] / 2 - track["x"]) / track["width"] == pytest.approx(at, abs=0.02)


def test_samples_are_ordered_by_a_figure(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server)
    tab.settled()
    assert order(tab) == ["0", "1", "2"]
    for label, expected in (
        ("Insertion: worst first", ["0", "1", "2"]),  # not known: last
        ("Insertion: best first", ["1", "0", "2"]),
        ("Deletion: worst first", ["0", "2", "1"]),
        ("Sparseness: lowest first", ["1", "0", "2"]),
    ):
        tab.part("sort").select_option(label=label)
        tab.until(lambda expected=expected: order(tab) == expected)
    tab.until(lambda: unquote(tab.state().get("sort", "")) == "low:sparseness")

    linked = open_tab(server, "&p.tb_explain.sort=high%3Adeletion&p.tb_explain.class=1")
    linked.settled()
    expect(linked.part("sort").locator("option:checked")).to_have_text("Deletion: worst first")
    assert order(linked) == ["2", "1", "0"]  # by the maps of the class that is shown


def test_maps_that_failed_say_so_and_what_to_try(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server)
    tab.settled()
    badges = [tab.tile(sample).locator(".badge-warning").all_inner_texts() for sample in range(3)]
    assert badges == [["saturated"], ["not finite", "poor fit"], ["not to be trusted"]]
    for sample, sentence in (
        (0, "hardly moved.*log-odds"),
        (1, "drawn as 0.*half precision.*less than 30 %.*more samples"),
        (2, r"does not know \(256\).*newer version"),
    ):
        tab.tile(sample).locator("button.tile-open").click()
        expect(tab.part("flag-notes")).to_contain_text(re.compile(sentence, re.DOTALL | re.IGNORECASE))
        tab.page.keyboard.press("Escape")
        expect(tab.part("sample-dialog")).to_be_hidden()
    sound = open_tab(server, "&p.tb_explain.class=1")
    sound.settled()
    expect(sound.frame.locator(".badge-warning")).to_have_count(0)


def test_maps_without_figures_have_no_room_for_them(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    from tb_explain import ExplainWriter

    with ExplainWriter(tmp_path / "run") as writer:
        writer.add_heatmaps("maps", np.ones((1, 2, 2)), np.zeros((1, 3, 8, 8)), 1)
    tab = open_tab(tensorboard("--logdir", str(tmp_path)))
    tab.settled()
    for part in ("figures", "figure-choice"):
        expect(tab.part(part)).to_have_count(0)
    assert not [text for text in tab.part("sort").locator("option").all_inner_texts() if ":" in text]
