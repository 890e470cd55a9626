"""A TensorBoard gives sensible answers whatever becomes of the files that it serves."""

from __future__ import annotations

import resource
import shutil
import threading
from pathlib import Path

import pytest
from tensorboard.plugins.base_plugin import TBContext

from tb_explain.plugin.plugin import ExplainPlugin
from tests.conftest import Run, StartTensorBoard, TensorBoard, until
from tests.faults.helpers import in_child
from tests.plugin.conftest import Page
from tests.plugin.test_routes import payloads
from tests.plugin.test_server import mark

UNREADABLE = 0xFFFFFFFF


@pytest.fixture(scope="module", params=["true", "false"], ids=["fast loader", "slow loader"])
def server(
    request: pytest.FixtureRequest, tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TensorBoard, Path]:
    logdir = tmp_path_factory.mktemp("served") / "logs"
    logdir.mkdir()
    return tensorboard("--logdir", str(logdir), f"--load_fast={request.param}", "--reload_interval=1"), logdir


def made(logdir: Path, name: str, steps: range = range(5)) -> Run:
    run = Run(logdir / name).log("t", steps)
    mark(logdir / name)
    return run


def keys_of(server: TensorBoard, run: str) -> list[str]:
    answer = server.ask("steps", run=run, kind="HEATMAPS")
    assert answer.status in (200, 404)
    series = answer.json()["series"] if answer.status == 200 else []
    return series[0]["keys"] if series else []


def test_a_logdir_deleted_and_made_anew_is_shown_anew(server: tuple[TensorBoard, Path]) -> None:
    tensorboard, logdir = server
    run = made(logdir, "a")
    keys = until(lambda: keys_of(tensorboard, "a"))
    shutil.rmtree(logdir)
    answer = tensorboard.ask("records", run="a", key=keys)  # at once, while the run is still known
    assert answer.status in (200, 404)
    if answer.status == 200:
        assert list(payloads(answer.body)) == [UNREADABLE] * 5
        assert answer.headers["cache-control"] == "no-cache" or "no-store" in answer.headers["cache-control"]
    assert tensorboard.ask("image", run="a", hash=next(iter(run.images))).status == 404
    until(lambda: "a" not in tensorboard.runs())
    assert tensorboard.ask("steps", run="a", kind="HEATMAPS").status == 404
    assert tensorboard.ask("static/index.js").status == 200

    again = made(logdir, "a", range(7))
    fresh = until(lambda: (found := keys_of(tensorboard, "a")) and len(found) == 7 and found)
    assert not {*fresh} & {*keys}
    assert list(payloads(tensorboard.ask("records", run="a", key=fresh).body)) == again.payloads
    assert list(payloads(tensorboard.ask("records", run="a", key=keys).body)) == [UNREADABLE] * 5
    shutil.rmtree(logdir / "a")


def test_a_file_cut_off_or_damaged_while_it_is_read_is_never_served_wrong(server: tuple[TensorBoard, Path]) -> None:
    tensorboard, logdir = server
    run = made(logdir, "b", range(20))
    keys = until(lambda: keys_of(tensorboard, "b"))
    whole = run.data.read_bytes()
    done = threading.Event()

    def spoil() -> None:
        at = 0
        while not done.is_set():
            at = (at + 997) % len(whole)
            with run.data.open("r+b") as file:
                file.truncate(at)
            with run.data.open("r+b") as file:
                file.write(bytes(len(whole) // 2))
            run.data.write_bytes(whole)

    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    try:
        served = missing = 0
        for _ in range(60):
            found = list(payloads(tensorboard.ask("records", run="b", key=keys).body))
            for payload, expected in zip(found, run.payloads, strict=True):
                assert payload in (UNREADABLE, expected), "bytes were served whose CRC does not fit"
                served, missing = served + (payload != UNREADABLE), missing + (payload == UNREADABLE)
            for name, image in run.images.items():
                answer = tensorboard.ask("image", run="b", hash=name)
                assert answer.body == image if answer.status == 200 else answer.status == 404
    finally:
        done.set()
        spoiler.join()
    assert missing, f"nothing was ever cut; {served} records were served"
    assert list(payloads(tensorboard.ask("records", run="b", key=keys).body)) == run.payloads
    shutil.rmtree(logdir / "b")


def test_a_segment_whose_directory_vanishes_takes_no_other_run_along(server: tuple[TensorBoard, Path]) -> None:
    tensorboard, logdir = server
    stays, goes = made(logdir, "stays"), made(logdir, "goes")
    until(lambda: keys_of(tensorboard, "stays") and keys_of(tensorboard, "goes"))
    shutil.rmtree(logdir / "goes" / "plugins")
    until(lambda: "goes" not in tensorboard.runs())
    keys = keys_of(tensorboard, "stays")
    assert list(payloads(tensorboard.ask("records", run="stays", key=keys).body)) == stays.payloads
    goes.index.parent.mkdir(parents=True)
    made(logdir, "goes", range(3))
    until(lambda: len(keys_of(tensorboard, "goes")) == 3)


def test_without_descriptors_nothing_is_forgotten(tmp_path: Path) -> None:
    """Of the plugin alone: TensorBoard itself could not take a connection."""
    run = Run(tmp_path / "run").log("t", range(5))
    page = Page(ExplainPlugin(TBContext(logdir=str(tmp_path))))
    assert "run" in page.runs()
    (series,) = page.series("run")

    def ask() -> list[object]:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
        page.plugin._runs._due = 0.0
        without = page.ask("records", run="run", key=series["keys"])
        known = page.runs()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        back = page.ask("records", run="run", key=series["keys"])
        return [
            [payload == UNREADABLE for payload in payloads(without.data)],
            sorted(known),
            list(payloads(back.data)) == run.payloads,
        ]

    assert in_child(ask) == [[True] * 5, ["run"], True]
