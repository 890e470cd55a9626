"""Very little and very much, and what comes and goes while it is looked at."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from tb_explain.records import Record, encode_array, encode_image
from tb_explain.records import explain_pb2 as pb
from tests.browser.conftest import ExplainTab, OpenTab
from tests.browser.recording import Recording
from tests.browser.test_accessibility import VIEWS, rested
from tests.conftest import StartTensorBoard, TensorBoard, until

pytestmark = pytest.mark.slow

TAG = "val/gradcam"


class Writing(Recording):
    """A run of tiny maps that can go on."""

    def __init__(self, directory: Path, samples: int, classes: int = 2) -> None:
        super().__init__(directory)
        self.samples, self.classes = samples, classes
        self.names = self.blob(
            pb.CLASSES, pb.ClassNames(names=[f"class {i}" for i in range(classes)]).SerializeToString()
        )
        self.images: list[bytes] = []

    def log(self, *steps: int, more: int = 0) -> Writing:
        """Maps of all samples at these steps, of `more` than before."""
        self.samples += more
        known = len(self.images)
        numbers = np.arange(known, self.samples, dtype=np.uint32).view(np.uint8).reshape(-1, 4)
        pixels = np.repeat(numbers[:, None, :3], 16, 1).reshape(-1, 4, 4, 3)
        found = [self.segment.blob(pb.IMAGE, encode_image(image)) for image in pixels]
        self.segment.append([record for _, records in found for record in records])
        self.images += [name for name, _ in found]
        series = pb.Series(kind=pb.HEATMAPS, tag=TAG, method="GradCAM")
        records = self.segment.series(series)
        at = np.arange(self.samples)
        for step in steps:
            maps = ((at[:, None] * 7 + np.arange(4) * 60 + step) % 256).astype(np.uint8).reshape(-1, 1, 2, 2)
            payload = pb.Heatmaps(
                samples=[
                    pb.Sample(image=image, label=i % self.classes, predicted=(i + (i % 5 == 0)) % self.classes, probability=0.5, name=f"image {i}")
                    for i, image in enumerate(self.images)
                ],
                maps=encode_array(maps), targets=(at % self.classes).tolist(), classes=self.names, class_dependent=True, height=4, width=4,
            )  # fmt: skip
            entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, wall_time=1e9 + step, count=self.samples)
            records.append(Record(entry, payload.SerializeToString()))
        self.segment.append(records)
        return self


@pytest.fixture(scope="module")
def server(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    """Runs of one sample and of ten thousand, of two classes and of a thousand, and twenty of the same."""
    logdir = tmp_path_factory.mktemp("extremes")
    Writing(logdir / "one", 1).log(0)
    Writing(logdir / "many", 10_000, 1000).log(0, 10)
    for run in range(20):
        Writing(logdir / "sweep" / f"run{run}", 4).log(*range(0, 50, 10))
    return tensorboard("--logdir", str(logdir))


def open_runs(open_tab: OpenTab, server: TensorBoard, runs: str, state: str = "") -> ExplainTab:
    tab = open_tab(server, f"&p.tb_explain.{runs}{state}")
    tab.settled()
    return tab


def names(tab: ExplainTab) -> list[str]:
    return tab.frame.locator(".card img").evaluate_all("images => images.map(image => image.alt)")


def test_one_sample_of_one_step_fills_no_page_and_moves_nothing(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_runs(open_tab, server, "runs=one%2C")
    expect(tab.part("tile")).to_have_count(1)
    expect(tab.part("step-slider")).to_be_disabled()
    expect(tab.part("play")).to_be_disabled()


def test_ten_thousand_samples_of_a_thousand_classes_come_page_by_page(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_runs(open_tab, server, "runs=many%2C")
    expect(tab.part("tile")).to_have_count(24)
    assert names(tab)[0] == "image 0"
    assert tab.frame.locator("body *").count() < 4000
    last = open_runs(open_tab, server, "runs=many%2C", "&p.tb_explain.page=417")
    expect(last.part("tile")).to_have_count(10_000 - 416 * 24)
    assert names(last)[-1] == "image 9999"
    wrong = open_runs(open_tab, server, "runs=many%2C", "&p.tb_explain.show=wrong&p.tb_explain.page_size=96")
    expect(wrong.part("tile")).to_have_count(96)
    assert names(wrong)[1] == "image 5"


def test_twenty_runs_have_a_section_each_and_only_those_on_screen_are_drawn(
    open_tab: OpenTab, server: TensorBoard
) -> None:
    tab = open_runs(open_tab, server, "run_filter=sweep")
    tab.frame.get_by_role("button", name="All", exact=True).click()
    expect(tab.frame.locator("section[data-run]")).to_have_count(20)
    assert tab.part("tile").count() < 80
    tab.scroll_to_run("sweep/run19")
    colours = tab.frame.locator(".run-dot").evaluate_all(
        "dots => dots.map(dot => getComputedStyle(dot).backgroundColor)"
    )
    assert len(colours) >= 20
    tab.page.keyboard.press("ArrowLeft")
    expect(tab.tile(0, run="sweep/run19")).to_have_attribute("data-step", "30")


def test_every_view_bears_the_extremes(open_tab: OpenTab, server: TensorBoard) -> None:
    tab = open_tab(server)
    tab.frame.get_by_role("button", name="All", exact=True).click()
    for view in VIEWS:
        tab.part(f"view-{view}").click()
        rested(tab)
        assert tab.frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        assert tab.frame.locator("body *").count() < 20_000, view


def test_a_run_that_is_being_written_takes_neither_scroll_nor_selection(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    run = Writing(tmp_path / "run", 60).log(0, 10)
    tab = open_tab(tensorboard("--logdir", str(tmp_path)))
    tab.settled()
    content = tab.frame.locator("main .content")
    content.evaluate("content => content.scrollTo(0, 400)")
    tab.tile(8).locator("button.tile-open").focus()
    kept = content.evaluate("content => content.scrollTop")
    run.log(20, more=30)
    tab.part("reload").click()
    expect(tab.tile(0)).to_have_attribute("data-step", "20")
    expect(tab.part("tile")).to_have_count(24)
    expect(tab.frame.locator(".page-number")).to_have_text("1 / 4")
    assert content.evaluate("content => content.scrollTop") == kept
    tab.tile(8).locator("button.tile-open").click()
    expect(tab.part("sample-dialog")).to_contain_text("image 8")
    tab.page.keyboard.press("ArrowLeft")  # no longer the latest: it stays
    run.log(30)
    tab.frame.evaluate("document.querySelector('[data-testid=reload]').click()")
    slider = tab.part("sample-dialog").locator("input.step-slider")
    expect(slider).to_have_attribute("max", "3")
    expect(slider).to_have_attribute("aria-valuetext", "step 10")
    expect(tab.part("sample-dialog")).to_contain_text("image 8")


def test_what_is_deleted_while_it_is_shown_goes_and_the_rest_stays(
    open_tab: OpenTab, tensorboard: StartTensorBoard, tmp_path: Path
) -> None:
    for name in ("gone", "kept"):
        Writing(tmp_path / "logs" / name, 3).log(0, 10)
    tab = open_tab(tensorboard("--logdir", str(tmp_path / "logs")), expected="404")
    tab.settled()
    tab.tile(0, run="gone").locator("button.tile-open").click()
    shutil.rmtree(tmp_path / "logs/gone")
    tab.frame.evaluate("document.querySelector('[data-testid=reload]').click()")
    expect(tab.part("run-list").locator("li")).to_have_count(1)
    expect(tab.part("sample-dialog")).to_contain_text("The run of this sample is not there any more.")
    tab.page.keyboard.press("Escape")
    expect(tab.part("sample-dialog")).to_have_count(0)
    expect(tab.frame.locator('section[data-run="gone"]')).to_have_count(0)
    expect(tab.tile(2, run="kept")).to_be_visible()
    shutil.rmtree(tmp_path / "logs")
    tab.part("reload").click()
    expect(tab.part("empty-state")).to_contain_text("No explanations were found")


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[tuple[TensorBoard, list[str]]]:
    """A TensorBoard that a test may end, and how to start it again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(tmp_path), "--port", str(port)]
    started = []

    def start() -> TensorBoard:
        with (tmp_path / "log").open("wb") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
        url = f"http://127.0.0.1:{port}/"
        until(lambda: "at http" in (tmp_path / "log").read_text())
        return TensorBoard(url, started[-1], tmp_path / "log")

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


def test_a_server_that_goes_is_missed_and_one_that_comes_back_is_noticed(
    open_tab: OpenTab, mortal, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    run = Writing(tmp_path / "run", 3).log(0)
    server = mortal()
    tab = open_tab(server, expected="ERR_|Failed to load|fetch")
    tab.settled()
    server.process.terminate()
    server.process.wait(30)
    tab.part("reload").click()
    expect(tab.part("error-banner")).to_contain_text("What is shown stays")
    expect(tab.part("tile")).to_have_count(3)
    run.log(10)
    mortal()
    tab.part("error-banner").get_by_text("Try now").click()
    expect(tab.part("error-banner")).to_have_count(0)
    expect(tab.tile(0)).to_have_attribute("data-step", "10")
