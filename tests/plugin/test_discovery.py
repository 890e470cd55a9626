"""Runs are found wherever TensorBoard would find them, never outside the logdir, and kept up to date while they grow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tensorboard.backend.event_processing import data_ingester
from tensorboard.context import RequestContext

from tb_explain.plugin import discovery
from tb_explain.plugin.discovery import Root, Runs, _refresh_all, roots_of
from tb_explain.plugin.inside import FilesInside
from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.conftest import Run, until
from tests.plugin.conftest import Page
from tests.plugin.test_routes import UNREADABLE, keys, payloads


class Provider:
    """What the plugin uses of TensorBoard's DataProvider."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def list_runs(self, ctx: RequestContext, *, experiment_id: str) -> list[SimpleNamespace]:
        assert isinstance(ctx, RequestContext)
        return [SimpleNamespace(run_name=name) for name in self.names]


class FailingProvider:
    """A data server that has died."""

    def list_runs(self, ctx: RequestContext, *, experiment_id: str) -> None:
        raise ConnectionError("no data server")


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks at the logdir."""
    monkeypatch.setattr(discovery, "_INTERVAL", 0)
    monkeypatch.setattr(discovery, "_SHARE", 1)
    monkeypatch.setattr(discovery, "_PATIENCE", 30)


def test_runs_are_named_by_their_path_below_the_logdir(tmp_path: Path, page_of: Callable[..., Page]) -> None:
    for name in (".", "a", "a/b", "with space & ümlaut"):
        Run(tmp_path / name).log(name, [0])
    (tmp_path / "empty" / "plugins").mkdir(parents=True)
    page = page_of(tmp_path)
    assert list(page.runs()) == [".", "a", "a/b", "with space & ümlaut"]
    for name, run in page.runs().items():
        assert [series["tag"] for series in run["series"]] == [name]
        assert page.series(run=name)[0]["steps"] == [0]


def test_relative_logdirs_are_those_of_the_start(
    tmp_path: Path, page_of: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(tmp_path / "logs" / "a").log("t", [0])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    page = page_of("logs")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert list(page.runs()) == ["a"]


def test_the_tilde_is_the_home_directory(
    tmp_path: Path, page_of: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(tmp_path / "logs").log("t", [0])
    monkeypatch.setenv("HOME", str(tmp_path))
    assert list(page_of("~/logs").runs()) == ["."]


def test_a_logdir_that_is_a_link_is_served(tmp_path: Path, page_of: Callable[..., Page]) -> None:
    Run(tmp_path / "logs" / "a").log("t", [0])
    (tmp_path / "link").symlink_to(tmp_path / "logs")
    assert list(page_of(tmp_path / "link").runs()) == ["a"]


@pytest.mark.parametrize("logdir", ["", "missing"])
def test_without_a_logdir_there_are_no_runs(tmp_path: Path, page_of: Callable[..., Page], logdir: str) -> None:
    page = page_of(tmp_path / logdir if logdir else "")
    assert page.ask("runs").json == {"runs": [], "notices": []}
    assert not page.plugin.is_active()


@pytest.mark.parametrize(
    "spec",
    ["a:x", "a:x,b:y/z", "x", "x,b:y", "/abs/x:y", "a:/abs:z", "a:b:c", "~/x", "a:~", "a:./x/../y"],
)
def test_logdir_spec_is_understood_as_tensorboard_does(spec: str) -> None:
    theirs = data_ingester._parse_event_files_spec(spec)
    assert {root.path: root.group or None for root in roots_of("", spec)} == theirs


def test_runs_of_a_logdir_spec(tmp_path: Path, page_of: Callable[..., Page]) -> None:
    Run(tmp_path / "x" / "a").log("t", [0])
    Run(tmp_path / "y" / "b").log("t", [0])
    Run(tmp_path / "y").log("t", [0])
    spec = SimpleNamespace(logdir_spec=f"{tmp_path}/x,second:{tmp_path}/y")
    assert list(page_of(flags=spec).runs()) == ["a", "second/.", "second/b"]


def test_names_and_directories_belong_together(tmp_path: Path) -> None:
    for root in (Root("", str(tmp_path)), Root("group", str(tmp_path))):
        for directory in (str(tmp_path), str(tmp_path / "a" / "b")):
            named = root.directory_of(root.run_name(directory))
            assert named is not None
            assert os.path.normpath(named) == directory
    assert Root("group", str(tmp_path)).directory_of("groups/a") is None
    assert Root("", "/").contains("/etc")


@pytest.mark.usefixtures("often")
def test_a_series_and_a_logdir_that_grow(tmp_path: Path, page_of: Callable[..., Page]) -> None:
    page = page_of(tmp_path)
    assert not page.plugin.is_active()
    run = Run(tmp_path / "a").log("t", [0, 1])
    assert page.plugin.is_active()
    assert page.series(run="a")[0]["steps"] == [0, 1]
    run.log("t", [2])
    assert page.series(run="a")[0]["steps"] == [0, 1, 2]
    Run(tmp_path / "a").log("t", [1])  # another process of the same run
    assert page.series(run="a")[0]["steps"] == [0, 1, 1, 2]
    Run(tmp_path / "b").log("t", [0])
    assert list(page.runs()) == ["a", "b"]
    found = page.ask("records", run="a", key=keys(page, run="a")[0])
    assert list(payloads(found.data)) == [run.payloads[0]]


@pytest.mark.usefixtures("often")
def test_nothing_lingers_of_what_was_deleted(tmp_path: Path, page_of: Callable[..., Page]) -> None:
    page = page_of(tmp_path)
    Run(tmp_path / "a").log("old", [0, 1])
    Run(tmp_path / "b").log("old", [0])
    before = keys(page, run="a")
    shutil.rmtree(tmp_path / "a")
    shutil.rmtree(tmp_path / "b")
    Run(tmp_path / "a").log("new", [5])
    assert {name: [s["tag"] for s in run["series"]] for name, run in page.runs().items()} == {"a": ["new"]}
    assert list(payloads(page.ask("records", run="a", key=before).data)) == [UNREADABLE] * 2
    assert page.ask("steps", run="b", kind="HEATMAPS").status_code == 404


def test_a_new_run_is_found_by_name_without_asking_for_all(tmp_path: Path, page_of: Callable[..., Page]) -> None:
    page = page_of(tmp_path)
    assert page.runs() == {}
    run = Run(tmp_path / "late").log("t", [0])
    name = next(iter(run.images))
    until(lambda: page.ask("image", run="late", hash=name).status_code == 200, patience=10)


def test_no_request_waits_long_for_a_slow_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Run(tmp_path / "a").log("t", [0])
    walks = []

    def slowly() -> Iterable[str]:
        walks.append(time.monotonic())
        time.sleep(3)
        return ()

    runs = Runs([Root("", str(tmp_path))], slowly)

    def timed(call: Callable[[], object]) -> float:
        started = time.monotonic()
        call()
        return time.monotonic() - started

    assert timed(runs.known) < 1  # what decides whether the tab is lit hardly waits
    assert runs.indexing() == 0
    assert timed(runs.current) < 2
    assert runs.find("a") is None
    until(runs.current)
    assert list(runs.current()) == ["a"]
    assert runs.indexing() is None
    assert len(walks) == 1, "several requests must share one walk"
    monkeypatch.setattr(runs, "_due", 0)
    assert timed(runs.current) < 1
    assert timed(lambda: runs.find("a")) < 0.1
    assert list(runs.current()) == ["a"]
    until(lambda: not runs._refreshing)
    rest = runs._due - time.monotonic()
    assert rest > 3 * 3, "a slow file system must not be walked all the time"
    assert len(walks) == 2


def test_a_failing_data_provider_is_said_once_and_done_without(
    tmp_path: Path, page_of: Callable[..., Page], often: None, caplog: pytest.LogCaptureFixture
) -> None:
    Run(tmp_path / "a").log("t", [0])
    page = page_of(tmp_path, FailingProvider())
    for _ in range(3):
        assert list(page.runs()) == ["a"]
    assert caplog.messages == [
        "TensorBoard could not list its runs (no data server); Explain looks for them by itself",
    ]
    caplog.clear()


def test_linked_runs_that_tensorboard_lists_are_served_if_they_stay_inside(
    tmp_path: Path, page_of: Callable[..., Page], caplog: pytest.LogCaptureFixture
) -> None:
    logdir = tmp_path / "logs"
    Run(logdir / "a").log("inside", [0])
    Run(tmp_path / "private").log("outside", [0])
    (logdir / "latest").symlink_to(logdir / "a")
    (logdir / "leak").symlink_to(tmp_path / "private")
    (logdir / "half").mkdir()
    (logdir / "half" / "plugins").symlink_to(tmp_path / "private" / "plugins")
    listed = ["a", "latest", "leak", "half", "no explanations", "..", "../private", "/", "\0"]
    page = page_of(logdir, Provider(*listed, str(tmp_path / "private")))
    assert list(page.runs()) == ["a", "latest"]
    assert page.series(run="latest")[0]["tag"] == "inside"
    assert page.ask("steps", run="leak", kind="HEATMAPS").status_code == 404
    assert all(message.endswith("is not shown: it leads out of the logdir") for message in caplog.messages)
    assert {os.path.basename(message.split(" is not")[0]) for message in caplog.messages} == {"leak", "half", "private"}
    caplog.clear()


@pytest.mark.parametrize("suffix", ["index", "data"])
def test_files_that_are_links_out_of_the_logdir_are_not_read(
    tmp_path: Path, page_of: Callable[..., Page], suffix: str
) -> None:
    run = Run(tmp_path / "logs").log("t", [0])
    inside = Path(f"{run.segment.path}.{suffix}")
    outside = tmp_path / "secret"
    inside.rename(outside)
    inside.symlink_to(outside)
    page = page_of(tmp_path / "logs")
    read = [list(payloads(page.ask("records", run=".", key=key).data)) for key in keys(page)]
    assert read == ([] if suffix == "index" else [[UNREADABLE]])
    images = [page.ask("image", run=".", hash=name).status_code for name in run.images]
    assert images == [404] * len(run.images)
    inside.unlink()
    outside.rename(tmp_path / "logs" / "moved")
    inside.symlink_to(tmp_path / "logs" / "moved")
    again = page_of(tmp_path / "logs")
    assert list(payloads(again.ask("records", run=".", key=keys(again)).data)) == run.payloads


@pytest.mark.parametrize("suffix", ["index", "data"])
def test_a_pipe_in_the_place_of_a_file_holds_nobody_up(
    tmp_path: Path, page_of: Callable[..., Page], suffix: str
) -> None:
    run = Run(tmp_path).log("t", [0])
    path = Path(f"{run.segment.path}.{suffix}")
    path.unlink()
    os.mkfifo(path)
    page = page_of(tmp_path)
    read = [list(payloads(page.ask("records", run=".", key=key).data)) for key in keys(page)]
    assert read == ([] if suffix == "index" else [[UNREADABLE]])


def test_who_asks_while_a_large_index_is_read_is_told_how_far(
    tmp_path: Path, page_of: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(tmp_path / "a").log("t", [0])
    large = SegmentWriter(tmp_path / "b")
    declared = large.series(pb.Series(kind=pb.HEATMAPS, tag="t"))
    n = 30_000
    large.append(declared + [Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=step), b"") for step in range(n)])
    reading, go_on = threading.Event(), threading.Event()

    class Slow(FilesInside):
        def read(self, path: str, start: int, length: int) -> bytes:
            if start:
                reading.set()
                assert go_on.wait(60)
            return super().read(path, start, length)

    monkeypatch.setattr(discovery, "FilesInside", Slow)
    page = page_of(tmp_path)
    monkeypatch.setattr(discovery, "_FIRST", 0)
    page.runs()
    assert reading.wait(60)
    answer = page.ask("runs").json
    told = {run["run"]: sum(series["records"] for series in run["series"]) for run in answer["runs"]}
    assert told["a"] == 1
    assert 0 < told["b"] < n
    assert 0.5 < answer["indexing"] < 1
    (known,) = page.listing(run="b")
    assert known["series"][0]["steps"] == list(range(told["b"]))
    go_on.set()
    until(lambda: "indexing" not in page.ask("runs").json)
    steps = [step for more in page.listing(run="b", after=known["next"]) for step in more["series"][0]["steps"]]
    assert steps == list(range(told["b"], n))


@pytest.mark.parametrize("at_once", [1, 3])
def test_the_end_of_tensorboard_waits_for_no_run(at_once: int) -> None:
    code = f"""
    import threading
    from tb_explain.plugin.discovery import _refresh_all
    begun = threading.Semaphore(0)
    class Stuck:
        def refresh(self):
            begun.release()
            threading.Event().wait()
    threading.Thread(target=_refresh_all, args=([Stuck() for _ in range(12)], {at_once}), daemon=True).start()
    for _ in range({at_once}):
        begun.acquire()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)


def test_a_run_that_fails_costs_no_other(caplog: pytest.LogCaptureFixture) -> None:
    read = []

    class Index:
        def __init__(self, number: int) -> None:
            self.number = number

        def refresh(self) -> None:
            if self.number == 1:
                raise IndexError("broken")
            read.append(self.number)

    _refresh_all([cast(Any, Index(number)) for number in range(5)], 2)
    assert sorted(read) == [0, 2, 3, 4]
    assert caplog.messages == ["a run could not be read"]
    caplog.clear()
