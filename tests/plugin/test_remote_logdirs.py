"""Logdirs behind addresses, alone or beside local ones, through TensorBoard itself and without ever holding a request up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest

from tb_explain.plugin import discovery
from tb_explain.plugin import remote as remote_roots
from tb_explain.plugin.discovery import Root, roots_of
from tb_explain.plugin.remote import RemoteRoot
from tb_explain.records import remote
from tb_explain.records.remote import Blocks
from tests.conftest import Run, StartTensorBoard, until
from tests.plugin.conftest import Page
from tests.plugin.test_discovery import Provider
from tests.plugin.test_routes import keys, payloads
from tests.plugin.test_server import mark
from tests.records.conftest import upload
from tests.s3 import S3


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every request looks at the logdir; nothing stays in memory."""
    for module in (discovery, remote_roots):
        monkeypatch.setattr(module, "_INTERVAL", 0)
        monkeypatch.setattr(module, "_SHARE", 1)
    monkeypatch.setattr(discovery, "_PATIENCE", 30)
    monkeypatch.setattr(remote, "_BLOCKS", Blocks(64 << 20))
    yield
    fsspec.filesystem("memory").store.clear()


@pytest.mark.parametrize("address", ["s3://bucket/{}/logs", "memory://{}/logs/"])
def test_runs_are_named_by_their_path_below_the_logdir(
    tmp_path: Path, page_of: Callable[..., Page], address: str, s3: S3
) -> None:
    address = address.format(tmp_path.name)
    runs = {name: Run(tmp_path / name).log("t", [0]) for name in (".", "a", "a/b", "with space & ümlaut")}
    upload(tmp_path, address)
    page = page_of(address)
    assert list(page.runs()) == list(runs)
    for name, run in runs.items():
        found = page.ask("records", run=name, key=keys(page, run=name)[0])
        assert list(payloads(found.data)) == run.payloads
        for image, encoded in run.images.items():
            assert page.ask("image", run=name, hash=image).data == encoded
    runs["a"].log("t", [1])
    Run(tmp_path / "late").log("t", [0])
    upload(tmp_path, address)
    assert list(page.runs()) == [".", "a", "a/b", "late", "with space & ümlaut"]
    assert page.series(run="a")[0]["steps"] == [0, 1]
    fsspec.filesystem("memory").store.clear()
    if address.startswith("memory"):
        assert page.runs() == {}


def test_runs_of_a_server_are_looked_into_together(tmp_path: Path, page_of: Callable[..., Page], s3: S3) -> None:
    for i in range(10):
        Run(tmp_path / f"run{i}").log("t", [i])
    upload(tmp_path, "s3://bucket/together")
    asked: list[str] = []
    several = threading.Event()

    def before(method: str, path: str) -> None:
        if "together/" in path and ".index" in path:
            asked.append(path)
            if len(asked) > 1:
                several.set()
            several.wait(5)
            if len(asked) == 1:
                asked.clear()  # it was waited for before another was asked for

    s3.before = before
    try:
        page = page_of("s3://bucket/together")
        until(lambda: len(page.runs()) == 10)
    finally:
        s3.before = lambda method, path: None
    assert several.is_set()


def test_a_logdir_spec_may_mix_local_and_remote_parts(tmp_path: Path, page_of: Callable[..., Page], s3: S3) -> None:
    Run(tmp_path / "x" / "a").log("t", [0])
    run = Run(tmp_path / "y").log("t", [0])
    upload(tmp_path / "y", "s3://bucket/mixed/b")
    upload(tmp_path / "y", "s3://bucket/mixed")
    spec = f"{tmp_path}/x,far:s3://bucket/mixed,near:{tmp_path}/x,nothing:s3://bucket/not-there"
    page = page_of(flags=SimpleNamespace(logdir_spec=spec))
    assert list(page.runs()) == ["a", "far/.", "far/b", "near/a"]
    assert list(payloads(page.ask("records", run="far/b", key=keys(page, run="far/b")).data)) == run.payloads


def test_addresses_of_this_machine_are_directories(tmp_path: Path) -> None:
    assert roots_of(f"file://{tmp_path}", "") == [Root("", str(tmp_path))]
    (found,) = roots_of("", "a:s3://bucket/x")
    assert isinstance(found, RemoteRoot)
    assert (found.group, found.address) == ("a", "s3://bucket/x")


def test_what_cannot_be_reached_is_said_in_one_sentence(
    page_of: Callable[..., Page], caplog: pytest.LogCaptureFixture
) -> None:
    page = page_of("gs://bucket/logs")
    for _ in range(3):
        answer = page.ask("runs").json
        assert answer["runs"] == []
        (notice,) = answer["notices"]
        assert notice.startswith("gs://bucket/logs cannot be reached, its driver is not installed:")
        assert "gcsfs" in notice
    assert caplog.messages == [notice]
    assert not page.plugin.is_active()
    caplog.clear()


def test_a_request_names_no_path(tmp_path: Path, page_of: Callable[..., Page], s3: S3) -> None:
    Run(tmp_path / "logs").log("t", [0])
    Run(tmp_path / "private").log("t", [0])
    upload(tmp_path, "s3://bucket/inside")
    page = page_of("s3://bucket/inside/logs", Provider("..", "../private", "/private", "a/../../private", "\0", "?"))
    assert list(page.runs()) == ["."]
    asked = s3.counted(
        "inside",
        lambda: [
            page.ask(route, run=name, key="39ca74a568a6-1", hash="0" * 32, kind="HEATMAPS")
            for route in ("steps", "records", "image")
            for name in ("../private", "s3://bucket/inside/private", "bucket/inside/private", "./../private", "..")
        ],
    )
    assert not [request for request in asked if "private" in request.path]


def test_runs_that_tensorboard_lists_are_found_where_the_walk_ends(
    tmp_path: Path, page_of: Callable[..., Page], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(remote, "_MOST_DIRECTORIES", 3)
    run = Run(tmp_path).log("t", [0])
    for i in range(5):
        upload(run.directory, f"memory://many/{i}")
    page = page_of("memory://many", Provider("4", "no explanations", "../many/3"))
    assert list(page.runs()) == ["0", "1", "4"]
    (notice,) = page.ask("runs").json["notices"]
    assert caplog.messages == [notice]
    assert notice.startswith("memory://many has more directories than Explain looks into")
    caplog.clear()


def test_runs_stay_while_their_server_is_gone_and_grow_when_it_is_back(
    tmp_path: Path,
    page_of: Callable[..., Page],
    s3: S3,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("_READING", "_LISTING"):
        monkeypatch.setattr(remote, name, 1.5)
    monkeypatch.setattr(remote, "_REST", 0.1)
    monkeypatch.setattr(remote_roots, "_AGAIN", 0)
    run = Run(tmp_path / "a").log("t", [0])
    upload(tmp_path, "s3://bucket/off")
    page = page_of("s3://bucket/off")
    assert page.series(run="a")[0]["steps"] == [0]
    monkeypatch.setattr(discovery, "_PATIENCE", 0.25)
    s3.shut()
    try:
        until(lambda: page.ask("runs").json["notices"])
        started = time.monotonic()
        assert list(page.runs()) == ["a"]
        assert page.series(run="a")[0]["steps"] == [0]
        page.ask("records", run="a", key=keys(page, run="a"))
        assert time.monotonic() - started < 10
    finally:
        s3.open()
    run.log("t", [1])
    upload(tmp_path, "s3://bucket/off")
    until(lambda: page.series(run="a")[0]["steps"] == [0, 1])
    until(lambda: page.ask("runs").json["notices"] == [])
    assert list(payloads(page.ask("records", run="a", key=keys(page, run="a")).data)) == run.payloads
    caplog.clear()


def test_runs_stay_when_credentials_have_expired(
    tmp_path: Path, page_of: Callable[..., Page], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError("The provided token has expired.")

    monkeypatch.setattr(remote_roots, "_AGAIN", 0)
    Run(tmp_path / "a").log("t", [0])
    upload(tmp_path, "memory://expiring")
    page = page_of("memory://expiring")
    assert list(page.runs()) == ["a"]
    with monkeypatch.context() as expired:
        expired.setattr(type(fsspec.filesystem("memory")), "ls", refuse)
        for _ in range(3):
            assert list(page.runs()) == ["a"]
        (notice,) = page.ask("runs").json["notices"]
        assert "The provided token has expired" in notice
    until(lambda: page.ask("runs").json["notices"] == [])
    assert page.series(run="a")[0]["steps"] == [0]
    caplog.clear()


def test_a_server_that_does_not_answer_holds_up_neither_the_first_request_for_long_nor_local_runs(
    tmp_path: Path,
    page_of: Callable[..., Page],
    s3: S3,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(discovery, "_FIRST", 1)
    monkeypatch.setattr(discovery, "_PATIENCE", 0.1)
    monkeypatch.setattr(remote, "_LISTING", 4)
    run = Run(tmp_path / "near").log("t", [0])
    hold = threading.Event()
    s3.before = lambda method, path: hold.wait(20) and None
    try:
        page = page_of(flags=SimpleNamespace(logdir_spec=f"a:s3://bucket/slow,b:s3://bucket/slow2,{tmp_path}"))
        started = time.monotonic()
        assert list(page.runs()) == ["near"]
        first = time.monotonic() - started
        run.log("t", [1])
        until(lambda: page.series(run="near")[0]["steps"] == [0, 1])
        then = time.monotonic() - started - first
        assert 0.9 < first < 3
        assert then < 2, "nobody waits for it again"
        until(lambda: len(page.ask("runs").json["notices"]) == 2)
        assert all("no answer in time" in notice for notice in page.ask("runs").json["notices"])
    finally:
        hold.set()
        s3.before = lambda method, path: None
    until(lambda: not page.ask("runs").json["notices"])
    caplog.clear()


def test_tensorboard_itself_serves_a_bucket(tmp_path: Path, s3: S3, tensorboard: StartTensorBoard) -> None:
    run = Run(tmp_path / "a").log("probe/GradCAM", range(3))
    mark(tmp_path / "a")
    upload(tmp_path, "s3://bucket/board")
    server = tensorboard("--logdir", "s3://bucket/board")
    assert until(server.runs)["a"]["counts"]["damaged"] == 0
    until(lambda: server.get("data/runs").json() == ["a"])
    until(lambda: server.get("data/plugins_listing").json()["tb_explain"]["enabled"])
    (series,) = server.ask("steps", run="a", kind="HEATMAPS").json()["series"]
    assert list(payloads(server.ask("records", run="a", key=series["keys"][1]).body)) == [run.payloads[1]]
