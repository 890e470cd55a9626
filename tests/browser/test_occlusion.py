"""Hidden windows in a real Chromium: what is drawn and read out is what was logged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from tb_explain import ExplainWriter
from tb_explain.records import Record, SegmentWriter, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

HEIGHT, WIDTH = 48, 64
SIZES = (6, 16, 30)
PAIR = 16
NAMES = ["cat", "dog", "fox"]
TARGETS = [0, 2]
INTACT = [0.8, 0.2]


def corners(size: int, stride: int) -> list[NDArray[np.int32]]:
    """The topmost rows and the leftmost columns of windows, the last flush with the border."""
    return [np.unique([*range(0, extent - size, stride), extent - size]).astype(np.int32) for extent in (HEIGHT, WIDTH)]


@dataclass
class Logged:
    """What was logged for one sample and two targets."""

    server: TensorBoard
    scores: dict[int, NDArray[np.float32]]  # by size of window, [T, ny, nx]
    predicted: dict[int, NDArray[np.int32]]
    alone: NDArray[np.float32]  # [T, M]
    pairs: NDArray[np.float32]  # [T, M, M]

    def drop_map(self, size: int, target: int = 0) -> NDArray[np.float64]:
        """The definition: the mean drop of the windows that cover a pixel, 0 where there is none."""
        rows, columns = corners(size, size // 3)
        windows = [(top, left) for top in rows for left in columns]
        return covered(windows, size, INTACT[target] - self.scores[size][target].ravel())

    def joint_map(self, held: int, target: int = 0) -> NDArray[np.float64]:
        return covered(PLACES, PAIR, INTACT[target] - self.pairs[target, held])

    def interaction(self, held: int, moved: int, target: int = 0) -> float:
        alone, pairs = self.alone[target], self.pairs[target]
        return float(pairs[held, moved] + INTACT[target] - alone[held] - alone[moved])


PLACES = [(top, left) for rows, columns in [corners(PAIR, PAIR)] for top in rows for left in columns]


def covered(windows: list[tuple[int, int]], size: int, values: NDArray[np.float32]) -> NDArray[np.float64]:
    total, count = np.zeros((HEIGHT, WIDTH)), np.zeros((HEIGHT, WIDTH))
    for (top, left), value in zip(windows, values, strict=True):
        total[top : top + size, left : left + size] += value
        count[top : top + size, left : left + size] += 1
    return np.divide(total, count, out=np.zeros_like(total), where=count > 0)


@pytest.fixture(scope="module")
def logged(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    """A run with occlusion by three sizes of windows, and with all pairs of one size."""
    logdir = tmp_path_factory.mktemp("occlusion")
    random = np.random.default_rng(0)
    segment = SegmentWriter(logdir / "run")
    image, records = segment.blob(pb.IMAGE, encode_image(random.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)))
    classes, declared = segment.blob(pb.CLASSES, pb.ClassNames(names=NAMES).SerializeToString())
    shared = {
        "samples": [pb.Sample(image=image, label=0, predicted=0, probability=INTACT[0])],
        "targets": TARGETS,
        "probabilities": INTACT,
        "classes": classes,
        "height": HEIGHT,
        "width": WIDTH,
        "score": "probability",
        "scores": INTACT,
    }

    scores, predicted, sliders = {}, {}, []
    for size in SIZES:
        rows, columns = corners(size, size // 3)
        scores[size] = random.random((2, len(rows), len(columns)), np.float32)
        predicted[size] = random.integers(0, 3, scores[size].shape[1:], np.int32)
        sliders.append(
            pb.Slider(
                height=size,
                width=size,
                rows=encode_array(rows),
                columns=encode_array(columns),
                scores=encode_array(scores[size][None]),
                predicted=encode_array(predicted[size][None]),
            )
        )
    alone = random.random((2, len(PLACES)), np.float32)
    pairs = random.random((2, len(PLACES), len(PLACES)), np.float32)
    windows = pb.Windows(
        height=PAIR,
        width=PAIR,
        corners=encode_array(np.array(PLACES, np.int32)),
        alone=encode_array(alone[None]),
    )
    payloads = {
        pb.OCCLUSION: pb.Occlusion(**shared, sliders=sliders),
        pb.OCCLUSION_PAIRS: pb.OcclusionPairs(**shared, held=windows, moved=windows, pairs=encode_array(pairs[None])),
    }
    records += declared
    for kind, payload in payloads.items():
        series = pb.Series(kind=kind, tag=pb.Kind.Name(kind).lower(), method="Occlusion")
        entry = pb.Entry(kind=kind, step=5, wall_time=1e9, count=1)
        records += segment.series(series)
        entry.series = series.id
        records.append(Record(entry, payload.SerializeToString()))
    segment.append(records)
    segment.close()
    return Logged(tensorboard("--logdir", str(logdir)), scores, predicted, alone, pairs)


def expect_map(tab: ExplainTab, canvas: Locator, values: NDArray[np.float64]) -> None:
    """Wait until the canvas shows these values in red and blue, symmetric about zero, without interpolation."""
    from matplotlib import colormaps

    height, width = pixels(canvas).shape[:2]
    rows, columns = (
        ((np.arange(n) + 0.5) * m / n).astype(int) for n, m in ((height, values.shape[0]), (width, values.shape[1]))
    )
    normalised = values[np.ix_(rows, columns)] / np.abs(values).max()
    expected = colormaps["RdBu_r"]((normalised + 1) / 2, bytes=True).astype(int)

    def share() -> float:
        found = pixels(canvas).astype(int)
        off = np.abs(found[..., :3] - expected[..., :3]).max(2) > 12
        return float(off.mean()) if (found[..., 3] == 255).all() else 1.0

    tab.until(lambda: share() < 0.01, patience=10)


def point(tab: ExplainTab, y: float, x: float) -> None:
    """Move the pointer to a place of the image, in pixels of the explained input."""
    box = tab.part("stage").bounding_box()
    assert box
    tab.page.mouse.move(box["x"] + box["width"] * x / WIDTH, box["y"] + box["height"] * y / HEIGHT)


def percent(probability: float) -> re.Pattern[str]:
    """The text of a probability, whichever way a tie is rounded."""
    texts = {f"{100 * p:.1f}%" for p in (probability - 1e-6, probability, probability + 1e-6)}
    return re.compile("|".join(re.escape(text) for text in texts))


def points(drop: float) -> re.Pattern[str]:
    texts = {f"{100 * d:.1f} pp".replace("-", "−") for d in (drop - 1e-6, drop, drop + 1e-6)}
    return re.compile("(?<![−0-9.])(" + "|".join(re.escape(text) for text in texts) + ")")


def enlarge(open_tab: OpenTab, logged: Logged, kind: str, state: str = "", **options: object) -> ExplainTab:
    tab = open_tab(logged.server, state, **options)
    tab.settled()
    tab.tile(0, kind=kind).locator("button.tile-open").click()
    expect(tab.part("stage")).to_be_visible()
    return tab


def test_tiles_show_the_map_of_the_chosen_size(open_tab: OpenTab, logged: Logged) -> None:
    tab = open_tab(logged.server)
    tab.settled()
    canvas = tab.tile(0, kind="OCCLUSION").locator("canvas.overlay")
    expect_map(tab, canvas, logged.drop_map(SIZES[1]))
    tab.part("slider").get_by_text("Large").click()
    expect_map(tab, canvas, logged.drop_map(SIZES[2]))
    tab.until(lambda: tab.state().get("slider") == "3", patience=5)
    linked = open_tab(logged.server, "&p.tb_explain.slider=1&p.tb_explain.class=2")
    linked.settled()
    expect_map(linked, linked.tile(0, kind="OCCLUSION").locator("canvas.overlay"), logged.drop_map(SIZES[0], target=1))


@pytest.mark.parametrize("size", range(3))
def test_pointing_at_a_place_shows_the_probability_logged_there(open_tab: OpenTab, logged: Logged, size: int) -> None:
    tab = enlarge(open_tab, logged, "OCCLUSION", f"&p.tb_explain.slider={size + 1}")
    extent = SIZES[size]
    rows, columns = corners(extent, extent // 3)
    scores, predicted = logged.scores[extent][0], logged.predicted[extent]
    for row, column in ((0, 0), (len(rows) // 2, len(columns) - 1), (len(rows) - 1, 1)):
        point(tab, rows[row] + extent / 2 + 0.4, columns[column] + extent / 2 - 0.4)
        expect(tab.part("patch")).to_have_attribute("data-window", str(row * len(columns) + column))
        expect(tab.part("intact")).to_contain_text(percent(INTACT[0]))
        expect(tab.part("hidden")).to_contain_text(percent(scores[row, column]))
        expect(tab.part("drop")).to_contain_text(points(INTACT[0] - scores[row, column]))
        then = tab.part("predicted")
        expect(then).to_contain_text(NAMES[predicted[row, column]])
        expect(then.get_by_text("changed")).to_have_count(int(predicted[row, column] != 0))
    patch, stage = tab.part("patch").bounding_box(), tab.part("stage").bounding_box()
    assert patch and stage
    drawn = [
        (patch["y"] - stage["y"]) / stage["height"] * HEIGHT,
        (patch["x"] - stage["x"]) / stage["width"] * WIDTH,
        patch["height"] / stage["height"] * HEIGHT,
    ]
    np.testing.assert_allclose(drawn, [rows[-1], columns[1], extent], atol=0.2)


def test_the_enlarged_map_and_another_class(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "OCCLUSION")
    dialog = tab.part("sample-dialog")
    canvas = tab.part("stage").locator("canvas.overlay")
    expect_map(tab, canvas, logged.drop_map(SIZES[1]))
    dialog.get_by_test_id("slider").get_by_text(f"{SIZES[0]} px", exact=True).click()
    expect_map(tab, canvas, logged.drop_map(SIZES[0]))
    asked = len([request for request in tab.requests if "/records" in request])
    dialog.locator("button.target", has_text="fox").click()
    expect_map(tab, canvas, logged.drop_map(SIZES[0], target=1))
    expect(tab.part("intact")).to_contain_text(percent(INTACT[1]))
    assert len([request for request in tab.requests if "/records" in request]) == asked


def test_the_window_that_costs_most_is_hidden_first_and_arrow_keys_move_it(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "OCCLUSION", "&p.tb_explain.slider=1")
    scores = logged.scores[SIZES[0]][0]
    expect(tab.part("hidden")).to_contain_text(percent(scores.min()))
    columns = scores.shape[1]
    point(tab, HEIGHT / 2, WIDTH / 2)
    patch = tab.part("patch")
    before = int(patch.get_attribute("data-window") or -1)
    patch.focus()
    for key, by in (("ArrowRight", 1), ("ArrowDown", columns), ("ArrowLeft", -1), ("ArrowUp", -columns)):
        tab.page.keyboard.press(key)
        before += by
        expect(patch).to_have_attribute("data-window", str(before))
        expect(tab.part("hidden")).to_contain_text(percent(scores.ravel()[before]))
    expect(tab.part("dialog-step-slider")).to_have_attribute("aria-valuetext", "step 5")


def test_drops_by_size(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "OCCLUSION")
    rows = tab.part("size-bars").locator("tbody tr")
    for row, size in zip(rows.all(), SIZES, strict=True):
        drops = INTACT[0] - logged.scores[size][0]
        expect(row).to_contain_text(f"{size} px")
        expect(row.locator("td").nth(1)).to_have_text(points(float(drops.mean())))
        expect(row.locator("td").nth(2)).to_have_text(points(float(drops.max())))


def place(window: int) -> tuple[float, float]:
    top, left = PLACES[window]
    return top + PAIR / 2, left + PAIR / 2


def test_the_pair_map_follows_the_held_window(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "OCCLUSION_PAIRS")
    canvas = tab.part("stage").locator("canvas.overlay")
    overview = covered(PLACES, PAIR, INTACT[0] - logged.pairs[0].mean(1))
    expect_map(tab, canvas, overview)

    point(tab, *place(5))
    tab.page.mouse.down()
    tab.page.mouse.up()
    expect(tab.part("held")).to_have_attribute("data-window", "5")
    expect_map(tab, canvas, logged.joint_map(5))

    point(tab, *place(5))  # drag it two places to the right
    tab.page.mouse.down()
    point(tab, *place(6))
    point(tab, *place(7))
    tab.page.mouse.up()
    expect(tab.part("held")).to_have_attribute("data-window", "7")
    expect_map(tab, canvas, logged.joint_map(7))

    tab.part("release").click()
    expect_map(tab, canvas, overview)


def test_pairs_are_read_out_and_their_relation_is_put_in_words(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "OCCLUSION_PAIRS")
    point(tab, *place(0))
    tab.page.mouse.down()
    tab.page.mouse.up()
    seen = set()
    for moved in range(1, len(PLACES)):
        point(tab, *place(moved))
        expect(tab.part("moved")).to_have_attribute("data-window", str(moved))
        expect(tab.part("hidden-both")).to_contain_text(percent(logged.pairs[0, 0, moved]))
        expect(tab.part("drop-a")).to_contain_text(points(INTACT[0] - logged.alone[0, 0]))
        expect(tab.part("drop-b")).to_contain_text(points(INTACT[0] - logged.alone[0, moved]))
        expect(tab.part("joint")).to_contain_text(points(INTACT[0] - logged.pairs[0, 0, moved]))
        interaction = logged.interaction(0, moved)
        expect(tab.part("interaction")).to_contain_text(points(interaction))
        word = "Needed together" if interaction > 0.02 else "Substitutes" if interaction < -0.02 else "Independent"
        expect(tab.part("relation")).to_contain_text(word)
        seen.add(word)
    assert seen >= {"Needed together", "Substitutes"}
    point(tab, *place(0))
    expect(tab.part("pairs")).to_contain_text("the windows overlap")
    expect(tab.part("relation")).to_have_count(0)


def test_interactions_instead_of_joint_drops(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "OCCLUSION_PAIRS")
    tab.part("sample-dialog").get_by_test_id("pair-view").get_by_text("Interaction").click()
    windows = range(len(PLACES))
    # The windows of this grid overlap only themselves, and have no interaction then.
    table = np.array([[logged.interaction(p, q) if p != q else np.nan for q in windows] for p in windows])
    canvas = tab.part("stage").locator("canvas.overlay")
    expect_map(tab, canvas, covered(PLACES, PAIR, np.nanmean(table, 1)))
    tab.part("candidate").focus()
    tab.page.keyboard.press("ArrowUp")
    tab.page.keyboard.press("ArrowUp")
    held = int(tab.part("candidate").get_attribute("data-window") or -1)
    tab.page.keyboard.press("Enter")
    expect(tab.part("held")).to_have_attribute("data-window", str(held))
    expect_map(tab, canvas, covered(PLACES, PAIR, np.nan_to_num(table[held])))
    tab.until(lambda: tab.state().get("pairs") == "interaction", patience=5)


def test_two_windows_without_a_pointer(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "OCCLUSION_PAIRS")
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


def test_what_the_writer_logs_can_be_explored(open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    scores = random.normal(0, 2, (1, 4, 7))
    with ExplainWriter(tmp_path / "run") as writer:
        writer.add_occlusion(
            "occlusion", scores, [0, 8, 16, 24], range(0, 49, 8), (8, 16), [3.0], random.random((1, 3, 32, 64)), 1,
            score="logit", targets=1, class_names=NAMES,
        )  # fmt: skip
    tab = open_tab(tensorboard("--logdir", str(tmp_path)))
    tab.settled()
    tab.tile(0, kind="OCCLUSION").locator("button.tile-open").click()
    box = tab.part("stage").bounding_box()
    assert box
    tab.page.mouse.move(box["x"] + box["width"] * (40 + 8) / 64, box["y"] + box["height"] * (16 + 4) / 32)
    expect(tab.part("patch")).to_have_attribute("data-window", str(2 * 7 + 5))
    logit = float(tab.part("hidden").locator("dd").inner_text().replace("−", "-"))
    assert logit == pytest.approx(scores[0, 2, 5], abs=0.01)
    expect(tab.part("size-bars")).to_have_count(0)  # there is one size only
    expect(tab.part("predicted")).to_have_count(0)  # not logged


def test_a_record_that_contradicts_itself_is_said_to_be_unreadable(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    segment = SegmentWriter(tmp_path / "run")
    series = pb.Series(kind=pb.OCCLUSION, tag="broken")
    records = segment.series(series)
    payload = pb.Occlusion(samples=[pb.Sample()], targets=[0], scores=[0.5], sliders=[pb.Slider(height=3, width=3)])
    entry = pb.Entry(kind=pb.OCCLUSION, series=series.id, step=1, count=1)
    segment.append([*records, Record(entry, payload.SerializeToString())])
    segment.close()
    tab = open_tab(tensorboard("--logdir", str(tmp_path)), expected="cannot be decoded")
    expect(tab.frame.get_by_role("status").filter(has_text="broken at step 1")).to_be_visible()
