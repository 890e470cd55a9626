"""Correlations of superpixels in a real Chromium: image, list and matrix say what was logged, and the same thing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from tb_explain import ExplainWriter
from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.label_maps import HEIGHT, WIDTH, expect_picture, painted, regions
from tests.conftest import StartTensorBoard, TensorBoard

pytestmark = pytest.mark.slow

COUNT = 16
PAIRS = [(3, 7), (7, 1), (0, 12), (3, 1), (5, 9), (9, 0), (2, 4), (11, 7), (14, 15), (6, 8)]
CORRELATIONS = [0.61, -0.44, 0.37, 0.31, -0.28, 0.22, 0.15, -0.11, 0.08, 0.01]
ERROR = 0.012
GROUPS = [((3, 7, 1), 0.83), ((0, 12), 0.37)]
BLOCKS = [(64, 0.55), (9, 0.3), (36, 0.9), (144, 0.2)]


@dataclass
class Logged:
    """What was logged for one sample and two targets, the second without relations."""

    server: TensorBoard
    labels: NDArray[np.int64]
    sensitivities: NDArray[np.float32]  # [T, K]
    joint: NDArray[np.float32]  # [P]

    def loss(self, superpixel: int) -> float:
        return float(self.sensitivities[0, superpixel])


@pytest.fixture(scope="module")
def logged(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    logdir = tmp_path_factory.mktemp("correlations")
    random = np.random.default_rng(4)
    labels = regions(5, COUNT)
    sensitivities = random.uniform(-0.1, 0.3, (2, COUNT)).astype(np.float32)
    sensitivities[0, :3] = -0.019, -0.021, -0.25
    first, second = np.array(PAIRS).T
    joint = sensitivities[0, first] + sensitivities[0, second] - np.array(CORRELATIONS, np.float32)
    related: dict[str, Any] = {
        "pairs": PAIRS,
        "correlations": CORRELATIONS,
        "errors": [ERROR] * len(PAIRS),
        "joint": joint,
        "groups": GROUPS,
        "block_counts": BLOCKS,
    }
    nothing = {"pairs": np.zeros((0, 2), int), "correlations": [], "joint": []}
    with ExplainWriter(logdir / "run") as writer:
        writer.add_correlations(
            "val/ablation-ca", labels, sensitivities[None], [related, nothing], random.random((1, 3, HEIGHT, WIDTH)), 3,
            errors=np.full((1, 2, COUNT), 0.004), scores=[[0.9, 0.05]], targets=[[0, 2]], probabilities=[[0.9, 0.05]],
            predicted=[0], method="AblationCA", class_names=["cat", "dog", "fox"],
        )  # fmt: skip
    return Logged(tensorboard("--logdir", str(logdir)), labels, sensitivities, joint)


def enlarge(open_tab: OpenTab, logged: Logged, state: str = "") -> ExplainTab:
    tab = open_tab(logged.server, state)
    tab.settled()
    tab.tile(0).locator("button.tile-open").click()
    expect(tab.part("correlation-panel")).to_be_visible()
    return tab


def key(pair: tuple[int, int]) -> str:
    return f"{min(pair)}-{max(pair)}"


def drawn(tab: ExplainTab) -> Locator:
    return tab.part("pair-line")


def click(tab: ExplainTab, logged: Logged, superpixel: int) -> None:
    """Click on a superpixel, away from lines, which lie on its middle."""
    y, x = np.argwhere(logged.labels == superpixel)[0] + 0.5
    box = tab.part("superpixel-picture").bounding_box()
    assert box
    tab.page.mouse.click(box["x"] + box["width"] * x / WIDTH, box["y"] + box["height"] * y / HEIGHT)


def number(value: float) -> re.Pattern[str]:
    """Three significant digits, whichever way a tie is rounded."""
    texts = {f"{v:.3g}".replace("-", "−") for v in (value - 1e-6, value, value + 1e-6)}
    return re.compile("^(" + "|".join(map(re.escape, texts)) + ")$")


def test_sensitivities_are_painted_on_superpixels(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    canvas = tab.part("superpixel-picture").locator("canvas.overlay")
    errors = np.full(COUNT, 0.004, np.float32)
    expect_picture(tab, canvas, painted(logged.labels, logged.sensitivities[0], (HEIGHT * 8, WIDTH * 8), errors))
    expect(tab.part("correlation-panel")).to_contain_text("probability 0.9")


def test_the_most_important_pairs_are_joined_by_their_correlation(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    expect(drawn(tab)).to_have_count(8)
    widths = []
    for line, pair, correlation in zip(drawn(tab).all(), PAIRS, CORRELATIONS, strict=False):
        expect(line).to_have_attribute("data-pair", key(pair))
        expect(line).to_have_attribute("data-relation", "together" if correlation > 0 else "substitute")
        stroke = line.locator(".pair-line")
        widths.append(float(stroke.evaluate("line => parseFloat(getComputedStyle(line).strokeWidth)")))
        for end, superpixel in ((("x1", "y1"), pair[0]), (("x2", "y2"), pair[1])):
            x, y = (int(float(stroke.get_attribute(name) or -1)) for name in end)
            assert logged.labels[y, x] == superpixel
    np.testing.assert_allclose(widths, [1.5 + 5 * abs(rho) / 0.61 for rho in CORRELATIONS[:8]], rtol=1e-3)
    tags = tab.part("superpixel-picture").locator(".pair-tag")
    assert tags.all_inner_texts() == [str(rank) for rank in range(1, 9)]

    tab.part("drawn-pairs").fill("3")
    expect(drawn(tab)).to_have_count(3)
    tab.until(lambda: tab.state().get("drawn_pairs") == "3")


def test_the_list_says_what_was_logged(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    rows = tab.part("pairs-list").get_by_role("option")
    expect(rows).to_have_count(len(PAIRS))
    for rank, (row, (first, second), rho) in enumerate(zip(rows.all(), PAIRS, CORRELATIONS, strict=True), start=1):
        word = "uncertain" if abs(rho) < 2 * ERROR else "needed together" if rho > 0 else "substitutes"
        text = f"{rank}{first} + {second}{word}{rho:.3f} ± {ERROR:.3f}".replace("-", "−")
        expect(row).to_have_text(text)


def test_pointing_at_a_pair_highlights_it_on_the_image_in_the_list_and_in_the_matrix(
    open_tab: OpenTab, logged: Logged
) -> None:
    tab = enlarge(open_tab, logged)

    def expect_highlighted(pair: tuple[int, int]) -> None:
        at = PAIRS.index(pair)
        line = tab.frame.locator('[data-testid="pair-line"][data-highlighted]')
        expect(line).to_have_count(1)
        expect(line).to_have_attribute("data-pair", key(pair))
        cells = tab.part("matrix").locator("rect[data-highlighted]")
        expect(cells).to_have_count(2)
        assert {cell.get_attribute("data-pair") for cell in cells.all()} == {key(pair)}
        row = tab.part("pairs-list").locator("li[data-highlighted]")
        expect(row).to_contain_text(f"{pair[0]} + {pair[1]}")
        outlined = [outline.get_attribute("data-superpixel") for outline in tab.part("outline-highlighted").all()]
        assert outlined == [str(superpixel) for superpixel in pair]
        words = tab.part("pair-in-words")
        expect(words).to_contain_text(re.compile(f"without {pair[0]}.*without {pair[1]}.*without both.*correlation"))
        values = (logged.loss(pair[0]), logged.loss(pair[1]), float(logged.joint[at]), CORRELATIONS[at])
        for said, value in zip(words.locator("dd").all(), values, strict=True):
            expect(said).to_have_text(number(value))

    rows = tab.part("pairs-list").get_by_role("option")
    rows.nth(2).hover()
    expect_highlighted(PAIRS[2])
    rows.nth(9).hover()  # not among those drawn, until it is pointed at
    expect_highlighted(PAIRS[9])

    tab.part("matrix").locator(f'rect[data-pair="{key(PAIRS[1])}"]').first.hover()
    expect_highlighted(PAIRS[1])

    line = drawn(tab).nth(4).locator(".pair-line")
    middle = line.evaluate(
        "line => { const { x, y, width, height } = line.getBoundingClientRect(); return [x + width / 2, y + height / 2] }"
    )
    frame = tab.frame.frame_element().bounding_box()
    assert frame
    tab.page.mouse.move(frame["x"] + middle[0], frame["y"] + middle[1])
    expect_highlighted(PAIRS[4])

    tab.part("pairs-list").focus()
    tab.page.keyboard.press("Home")
    tab.page.keyboard.press("ArrowDown")
    expect_highlighted(PAIRS[1])


def test_a_click_on_a_superpixel_shows_its_partners(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged, "&p.tb_explain.drawn_pairs=0")
    expect(drawn(tab)).to_have_count(0)
    click(tab, logged, 7)
    partners = [pair for pair in PAIRS if 7 in pair]
    expect(tab.part("partners")).to_contain_text(f"{len(partners)} partners")
    expect(tab.part("partners")).to_contain_text(f"{logged.loss(7):.4f}".replace("-", "−"))
    expect(drawn(tab)).to_have_count(len(partners))
    assert {line.get_attribute("data-pair") for line in drawn(tab).all()} == {key(pair) for pair in partners}
    expect(tab.part("pairs-list").get_by_role("option")).to_have_count(len(partners))
    expect(tab.part("matrix").locator("rect[data-pair]")).to_have_count(2 * len(partners))
    tab.until(lambda: tab.state().get("superpixel") == "7")
    tab.part("partners").get_by_role("button").click()
    expect(tab.part("pairs-list").get_by_role("option")).to_have_count(len(PAIRS))
    click(tab, logged, 13)
    expect(tab.part("partners")).to_contain_text("in none of the pairs")
    expect(tab.part("pairs-list")).to_have_count(0)


def test_groups_interference_and_block_counts(open_tab: OpenTab, logged: Logged) -> None:
    tab = enlarge(open_tab, logged)
    relations = tab.part("relations")
    relations.get_by_text("Groups").click()
    groups = tab.part("groups-list").get_by_role("option")
    expect(groups).to_have_count(2)
    assert groups.all_inner_texts() == ["3 + 7 + 1\n0.83", "0 + 12\n0.37"]
    groups.first.hover()
    expect(tab.part("outline-highlighted")).to_have_count(3)

    relations.get_by_text("Interference").click()
    listed = tab.part("interference-list").get_by_role("option")
    worst = [i for i in np.argsort(logged.sensitivities[0], kind="stable") if logged.loss(int(i)) < -0.02]
    assert 1 < len(worst) < COUNT and 0 not in worst and 1 in worst
    expect(listed).to_have_count(len(worst))
    for row, superpixel in zip(listed.all(), worst, strict=True):
        expect(row).to_contain_text(f"without {superpixel} the score rises by")
        expect(row).to_contain_text(f"{-logged.loss(superpixel):.4f} ± 0.0040")

    relations.get_by_text("Block counts").click()
    curve = tab.part("block-counts")
    expect(curve).to_contain_text("0.9, with 36 superpixels")
    expect(curve.locator("circle")).to_have_count(len(BLOCKS))
    titles = [title.text_content() for title in curve.locator("circle title").all()]
    assert titles == [f"{count} superpixels: {rho:.3g}" for count, rho in sorted(BLOCKS)]
    across = [float(point.get_attribute("cx") or 0) for point in curve.locator("circle").all()]
    up = [-float(point.get_attribute("cy") or 0) for point in curve.locator("circle").all()]
    rho = [rho for _, rho in sorted(BLOCKS)]
    assert np.corrcoef(across, [count for count, _ in sorted(BLOCKS)])[0, 1] > 0.9999
    assert np.corrcoef(up, rho)[0, 1] > 0.9999
    band = curve.locator("rect.band")
    left, width = (float(band.get_attribute(name) or 0) for name in ("x", "width"))
    assert left < across[1] < left + width < across[2]  # 36, and not 64, lies in the band
    tab.until(lambda: tab.state().get("relations") == "blocks")

    linked = open_tab(logged.server, tab.page.url.partition("#tb_explain")[2])
    expect(linked.part("block-counts")).to_be_visible()
    linked.part("sample-dialog").locator("button.target", has_text="fox").click()  # of which no study was logged
    expect(linked.part("block-counts")).to_have_count(0)
    expect(linked.part("correlation-panel")).to_contain_text("No two superpixels of this image depend on each other")
