"""A run of hidden windows for the browser tests: what was logged, what must be drawn for it, and how to point at it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from tb_explain.records import Record, SegmentWriter, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import ExplainTab, OpenTab, pixels
from tests.conftest import TensorBoard

HEIGHT, WIDTH = 48, 64
SIZES = (6, 16, 30)
PAIR = 16
NAMES = ["cat", "dog", "fox"]
TARGETS = [0, 2]
INTACT = [0.8, 0.2]


def corners(size: int, stride: int) -> list[NDArray[np.int32]]:
    """The topmost rows and the leftmost columns of windows, the last flush with the border."""
    return [np.unique([*range(0, extent - size, stride), extent - size]).astype(np.int32) for extent in (HEIGHT, WIDTH)]


PLACES = [(top, left) for rows, columns in [corners(PAIR, PAIR)] for top in rows for left in columns]

Tables = tuple[dict[int, NDArray[np.float32]], dict[int, NDArray[np.int32]], NDArray[np.float32], NDArray[np.float32]]


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

    def joint_map(self, held: int) -> NDArray[np.float64]:
        """The joint drops with this window held, where the moved ones lie."""
        return covered(PLACES, PAIR, INTACT[0] - self.pairs[0, held])

    def interaction(self, held: int, moved: int) -> float:
        """d(p) + d(q) - J(p, q)."""
        alone, pairs = self.alone[0], self.pairs[0]
        return float(pairs[held, moved] + INTACT[0] - alone[held] - alone[moved])


def covered(windows: list[tuple[int, int]], size: int, values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The mean of the values of the windows that cover a pixel; 0 where there is none."""
    total, count = np.zeros((HEIGHT, WIDTH)), np.zeros((HEIGHT, WIDTH))
    for (top, left), value in zip(windows, values, strict=True):
        total[top : top + size, left : left + size] += value
        count[top : top + size, left : left + size] += 1
    return np.divide(total, count, out=np.zeros_like(total), where=count > 0)


def write_run(directory: Path) -> Tables:
    """A run with occlusion by three sizes of windows, and with all pairs of one size."""
    random = np.random.default_rng(0)
    segment = SegmentWriter(directory)
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
    return scores, predicted, alone, pairs


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

    tab.until(lambda: share() < 0.01)


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
    """The text of a drop of probability."""
    texts = {f"{100 * d:.1f} pp".replace("-", "−") for d in (drop - 1e-6, drop, drop + 1e-6)}
    return re.compile("(?<![−0-9.])(" + "|".join(re.escape(text) for text in texts) + ")")


def enlarge(open_tab: OpenTab, logged: Logged, kind: str, state: str = "", **options: object) -> ExplainTab:
    """The enlarged sample."""
    tab = open_tab(logged.server, state, **options)
    tab.settled()
    tab.tile(0, kind=kind).locator("button.tile-open").click()
    expect(tab.part("stage")).to_be_visible()
    return tab
