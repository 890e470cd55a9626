"""Many clients, slow ones, and files that change under an answer: nobody waits for another, and nobody gets wrong bytes."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import numpy as np
import psutil
import pytest

from tb_explain.plugin import answers, discovery
from tb_explain.records import LocalFiles
from tests.conftest import Run, StartTensorBoard, TensorBoard, until
from tests.plugin.conftest import Page
from tests.plugin.test_routes import payloads

SIZE, COUNT = 400 << 10, 30  # of the records of an answer that is not held in memory: 12 MB
SLOW = 24  # clients
CLIENTS = 50


class Site:
    """A TensorBoard and the runs that it serves."""

    def __init__(self, server: TensorBoard, runs: dict[str, Run]) -> None:
        self.server, self.runs = server, runs

    def keys(self, run: str) -> list[str]:
        (series,) = self.server.ask("steps", run=run, kind="HEATMAPS").json()["series"]
        return list(series["keys"])

    def begun(self, run: str) -> http.client.HTTPResponse:
        """An answer with all records of a run, of which the client has read the first bytes and keeps hardly more."""
        address = urlsplit(self.server.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        connection.sock = socket.socket()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sock.settimeout(60)
        connection.sock.connect((address.hostname, address.port))
        connection.request(
            "GET", "/data/plugin/tb_explain/records?" + urlencode({"run": run, "key": self.keys(run)}, True)
        )
        return connection.getresponse()


@pytest.fixture(scope="module")
def site(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> Site:
    logdir = tmp_path_factory.mktemp("load")
    random = np.random.default_rng(0)
    runs = {
        name: Run(logdir / name).log_bytes("t", [random.bytes(SIZE) for _ in range(COUNT)])
        for name in ("slow", "flipped", "gone")
    }
    runs["live"] = Run(logdir / "live").log("t", range(20))
    return Site(tensorboard("--logdir", str(logdir)), runs)


def test_slow_clients_hold_a_piece_each_and_nobody_waits_for_them(site: Site) -> None:
    site.begun("slow").read(1)
    process = psutil.Process(site.server.process.pid)
    before = process.memory_info().rss
    waiting = [site.begun("slow") for _ in range(SLOW)]
    assert {len(answer.read(1024)) for answer in waiting} == {1024}
    held = (process.memory_info().rss - before) / 1e6
    asked = SLOW * SIZE * COUNT / 1e6
    assert held < asked / 4, f"{held:.0f} MB for {SLOW} clients that were promised {asked:.0f} MB"
    assert "slow" in site.server.runs()
    first, *others = waiting
    for answer in others:
        answer.close()
    assert len(first.read()) == (SIZE + 4) * COUNT - 1024


def test_a_large_answer_is_what_was_written(site: Site) -> None:
    answer = site.server.ask("records", run="slow", key=site.keys("slow"))
    assert list(payloads(answer.body)) == site.runs["slow"].payloads
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["cache-control"].startswith("private, max-age=31536000")


@pytest.mark.parametrize("how", ["flipped", "gone"])
def test_what_changes_while_it_is_sent_ends_the_connection(site: Site, how: str) -> None:
    run = site.runs[how]
    answer = site.begun(how)
    start = answer.read(1024)
    if how == "gone":
        run.data.unlink()
    else:
        with run.data.open("r+b") as file:
            file.seek(-SIZE // 2, 2)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    body = start + broken.value.partial
    complete = list(payloads(body[: len(body) // (SIZE + 4) * (SIZE + 4)]))
    assert complete == run.payloads[: len(complete)]
    assert len(complete) < COUNT
    site.server.expected = [line for line in site.server.complaints() if "had to be broken off" in line]
    assert site.server.complaints() == site.server.expected, "no traceback for a client that is told by the connection"


def test_many_clients_of_a_run_that_is_being_written(site: Site) -> None:
    run, done = site.runs["live"], threading.Event()

    def write() -> None:
        while not done.wait(0.02):
            run.log("t", [len(run.payloads)])

    def visit(_: int) -> int:
        seen = 0
        for _ in range(2):
            assert "live" in site.server.runs()
            keys = site.keys("live")
            answer = site.server.ask("records", run="live", key=keys[-40:])
            assert answer.status == 200
            assert set(payloads(answer.body)) <= set(run.payloads)
            assert len(list(payloads(site.server.ask("summaries", run="live", key=keys[-5:]).body))) == 5
            assert len(keys) >= seen
            seen = len(keys)
        return seen

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with ThreadPoolExecutor(CLIENTS) as clients:
            seen = list(clients.map(visit, range(CLIENTS)))
    finally:
        done.set()
        writer.join()
    assert min(seen) >= 20


def test_runs_are_described_once_while_nothing_changes(
    tmp_path: Path, page_of: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    described: list[str] = []
    original = answers.describe
    monkeypatch.setattr(answers, "describe", lambda name, run: described.append(name) or original(name, run))
    monkeypatch.setattr(discovery, "_INTERVAL", 0.0)
    runs = {name: Run(tmp_path / name).log("t", [0]) for name in "ab"}
    page = page_of(tmp_path)
    first = page.runs()
    assert page.runs() == page.runs() == first
    assert sorted(described) == ["a", "b"]
    runs["a"].log("t", [1])
    until(lambda: page.runs()["a"]["series"][0]["records"] == 2)
    assert page.runs()["b"] == first["b"]
    runs["b"].data.with_suffix(".index").unlink()
    runs["b"].data.unlink()
    until(lambda: page.runs()["b"]["series"] == [])
    assert sorted(described) == ["a", "a", "b", "b"]


def test_the_list_of_plugins_does_not_wait_where_searching_takes_long(
    tmp_path: Path, page_of: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    Run(tmp_path).log("t", [0])
    monkeypatch.setattr(discovery, "_INTERVAL", 0.0)
    monkeypatch.setattr(discovery, "_PATIENCE", 60.0)
    monkeypatch.setattr(discovery, "_QUICK", 0.0)
    page = page_of(tmp_path)
    page.runs()
    plugin = page.plugin
    held, search = threading.Event(), discovery.Runs._candidates
    monkeypatch.setattr(discovery.Runs, "_candidates", lambda self: held.wait(60) and search(self))
    began = time.monotonic()
    assert plugin.is_active() and plugin.is_active()
    held.set()
    assert time.monotonic() - began < 30


def test_the_head_alone_reads_no_payload(
    tmp_path: Path, page_of: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path).log("t", range(3))
    page = page_of(tmp_path)
    (series,) = page.series()
    read: list[int] = []
    original = LocalFiles.read

    def counted(self: LocalFiles, path: str, start: int, length: int) -> bytes:
        read.append(length if path.endswith(".data") else 0)
        return original(self, path, start, length)

    monkeypatch.setattr(LocalFiles, "read", counted)
    for route in ("records", "summaries"):
        answer = page.ask(route, method="HEAD", run=".", key=series["keys"])
        assert answer.status_code == 200 and "Content-Length" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store", "whether it can be kept is not known yet"
    for route, blobs in (("image", run.images), ("classes", run.classes)):
        name, encoded = next(iter(blobs.items()))
        answer = page.ask(route, method="HEAD", run=".", hash=name)
        assert answer.headers["Content-Length"] == str(len(encoded))
    assert sum(read) <= 16, "what begins an image tells its format"
