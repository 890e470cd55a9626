"""What lies behind an address is read as what lies in a directory: fresh, in parts, never waiting long, and failing as OSError."""

from __future__ import annotations

import functools
import io
import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import numpy as np
import pytest

import tb_explain
from tb_explain.cli import main
from tb_explain.records import DIRECTORY, DamagedRecord, RunIndex, remote
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.remote import Blocks, RemoteFiles, find_runs, is_remote, open_remote
from tests.conftest import Run, index_of
from tests.records.conftest import index_at, upload
from tests.records.test_index import steps_of
from tests.s3 import S3

MEGABYTES = int(os.environ.get("REMOTE_MEGABYTES", "24"))  # of the large run
BLOCK = 1 << 20


@pytest.fixture(autouse=True)
def nothing_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_BLOCKS", Blocks(64 << 20))


def payloads_of(index: RunIndex, tag: str = "t") -> list[bytes]:
    return [index.read(key) for key in steps_of(index, tag).keys]


def test_addresses_are_told_from_paths() -> None:
    for path in ("s3://bucket", "gs://b/c", "memory://x", "https://host/x", "simplecache::s3://b/x"):
        assert is_remote(path), path
    for path in ("/a/b", "a:b", "C:/runs", "runs", "~/runs", "./s3:/x", "file:///tmp/runs"):
        assert not is_remote(path), path


def test_a_run_is_read_as_if_it_were_local_and_grows(tmp_path: Path, address: str) -> None:
    run = Run(tmp_path / "run").log("t", range(3))
    upload(run.directory, address)
    index = index_at(address)
    assert payloads_of(index) == run.payloads
    for name, encoded in run.images.items():
        assert index.read_blob(pb.IMAGE, bytes.fromhex(name)) == encoded
    assert not index.refresh()
    run.log("t", [3])  # appended to the same objects, as synchronising a logdir does
    upload(run.directory, address)
    Run(tmp_path / "run").log("t", [4])
    assert index.refresh()
    upload(run.directory, address)
    assert index.refresh()
    assert steps_of(index).step.tolist() == [0, 1, 2, 3, 4]
    assert payloads_of(index)[:4] == run.payloads
    assert index.counts().damaged == 0


def test_what_is_damaged_or_gone_is_said_and_the_rest_is_read(tmp_path: Path, address: str) -> None:
    run = Run(tmp_path / "run").log("t", range(4))
    data = bytearray(run.data.read_bytes())
    data[-1] ^= 1
    run.data.write_bytes(data)
    upload(run.directory, address)
    index = index_at(address)
    keys = steps_of(index).keys
    assert [index.read(key) for key in keys[:3]] == run.payloads[:3]
    with pytest.raises(DamagedRecord, match="CRC"):
        index.read(keys[3])
    system, path = fsspec.url_to_fs(address)
    system.pipe_file(f"{path}/{DIRECTORY}/{run.data.name}", bytes(data[:-5]))
    with pytest.raises(DamagedRecord, match="ends before"):
        index_at(address).read(keys[3])
    system.pipe_file(f"{path}/{DIRECTORY}/{run.data.name}", b"")
    with pytest.raises(DamagedRecord, match="ends before"):
        index_at(address).read(keys[3])
    system.rm_file(f"{path}/{DIRECTORY}/{run.data.name}")
    with pytest.raises(FileNotFoundError):
        index_at(address).read(keys[3])


def test_one_record_of_a_large_run_costs_a_few_requests_and_blocks(s3: S3, tmp_path: Path) -> None:
    segments, each = 4, 50_000
    records = MEGABYTES * (1 << 20) // segments // each
    for _ in range(segments):
        random = np.random.default_rng(0)
        Run(tmp_path).log_bytes("t", [random.bytes(each) for _ in range(records)])
    upload(tmp_path, "s3://bucket/large")
    indexed = s3.counted("large", lambda: index_at("s3://bucket/large"))
    index = index_at("s3://bucket/large")
    assert len(steps_of(index).keys) == segments * records
    sizes = sum(path.stat().st_size for path in tmp_path.rglob("*.index"))
    assert sum(request.answered for request in indexed if not request.is_listing) == sizes
    unchanged = s3.counted("large", index.refresh)
    assert [request.is_listing for request in unchanged] == [True]
    key = steps_of(index).keys[records * 2]
    read = s3.counted("large", lambda: index.read(key))
    assert 1 <= len(read) <= 2
    assert sum(request.answered for request in read) <= 2 * BLOCK
    print(f"{MEGABYTES} MB: {len(indexed)} requests to index, {len(read)} and {read[0].answered} bytes for a record")
    behind = s3.counted("large", lambda: [index.read(key) for key in steps_of(index).keys[: 4 * BLOCK // each]])
    assert len(behind) <= 4 * 5 + 1, "records beside each other share blocks"


def test_readers_of_one_block_fetch_it_once(s3: S3, tmp_path: Path) -> None:
    run = Run(tmp_path).log("t", range(20))
    upload(tmp_path, "s3://bucket/shared")
    index = index_at("s3://bucket/shared")
    s3.before = lambda method, path: time.sleep(0.1)
    try:
        with ThreadPoolExecutor(10) as pool:
            asked = s3.counted("shared", lambda: list(pool.map(index.read, steps_of(index).keys)))
    finally:
        s3.before = lambda method, path: None
    assert len(asked) == 1
    assert payloads_of(index) == run.payloads


def test_the_cache_holds_no_more_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Run(tmp_path).log_bytes("t", [bytes([i]) * (BLOCK // 2) for i in range(20)])
    upload(tmp_path, "memory://bounded")
    blocks = Blocks(3 * BLOCK)
    monkeypatch.setattr(remote, "_BLOCKS", blocks)
    files, path = open_remote("memory://bounded")
    index = index_of(path, files)
    for _ in range(2):
        assert [payload[0] for payload in payloads_of(index)] == list(range(20))
        assert sum(map(len, blocks._kept.values())) <= 3 * BLOCK
    fsspec.filesystem("memory").store.clear()


def test_ranges_are_exact() -> None:
    content = np.random.default_rng(1).bytes(3 * BLOCK + 100)
    system = fsspec.filesystem("memory")
    system.pipe_file("/x/a.data", content)
    system.pipe_file("/x/a.index", content)
    for name in ("a.data", "a.index"):
        files = RemoteFiles(system)
        size = len(content)
        for start in (0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 7, 3 * BLOCK, size - 1, size, size + 5, size + 2 * BLOCK):
            for length in (0, 1, 100, BLOCK, BLOCK + 1, 2 * BLOCK, size):
                assert files.read(f"/x/{name}", start, length) == content[start : start + length], (start, length)
    system.store.clear()


def test_a_server_that_is_gone_fails_soon_and_comes_back(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_READING", 1.5)
    monkeypatch.setattr(remote, "_LISTING", 1.5)
    monkeypatch.setattr(remote, "_REST", 0.5)
    run = Run(tmp_path).log("t", range(3))
    upload(tmp_path, "s3://bucket/away")
    index = index_at("s3://bucket/away")
    s3.shut()
    try:
        started = time.monotonic()
        for key in steps_of(index).keys * 20:
            with pytest.raises(OSError, match=re.escape(run.data.name)):
                index.read(key)
        assert not index.refresh()
        assert time.monotonic() - started < 30
        assert steps_of(index).step.tolist() == [0, 1, 2]
    finally:
        s3.open()
    time.sleep(remote._REST)
    assert payloads_of(index) == run.payloads


def test_a_server_that_does_not_answer_is_waited_for_once(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_READING", 1.2)
    Run(tmp_path).log("t", range(3))
    upload(tmp_path, "s3://bucket/silent")
    index = index_at("s3://bucket/silent")
    hold = threading.Event()
    s3.before = lambda method, path: hold.wait(20) and None
    waits = []
    try:
        for key in steps_of(index).keys:
            started = time.monotonic()
            with pytest.raises(OSError, match=r"\.data: "):
                index.read(key)
            waits.append(time.monotonic() - started)
    finally:
        hold.set()
        s3.before = lambda method, path: None
    assert waits[0] > 1
    assert max(waits[1:]) < 0.2


def test_ls_lists_a_bucket(s3: S3, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Run(tmp_path).log("t", range(3))
    upload(tmp_path, "s3://bucket/ls")
    upload(tmp_path, "s3://bucket/ls/a")
    assert main(["ls", "s3://bucket/ls"]) == 0
    told = capsys.readouterr().out.split()
    assert told == [
        ".",
        *["t", "3", "records", "steps", "0", "to", "2"],
        "a",
        *["t", "3", "records", "steps", "0", "to", "2"],
    ]
    assert [len(run.tags["t"].steps) for run in tb_explain.open("s3://bucket/ls").runs.values()] == [3, 3]
    assert main(["ls", "gs://bucket/ls"]) == 1
    assert capsys.readouterr().err.startswith("tb-explain ls: gs://bucket/ls cannot be reached, its driver is not")


def test_runs_are_found_without_looking_at_files(s3: S3, tmp_path: Path) -> None:
    for name in ("", "a", "a/b", "deep/er/still", "with space & ümlaut"):
        Run(tmp_path / name).log("t", [0])
    for i in range(30):
        (tmp_path / "a" / "checkpoints").mkdir(exist_ok=True)
        (tmp_path / "a" / "checkpoints" / str(i)).write_bytes(b"x")
    (tmp_path / "none" / "plugins" / "profile").mkdir(parents=True)
    (tmp_path / "none" / "plugins" / "profile" / "x").write_bytes(b"x")
    upload(tmp_path, "s3://bucket/tree")
    place = open_remote("s3://bucket/tree")
    asked = s3.counted("tree", lambda: find_runs(place.files, place.path))
    assert all(request.is_listing for request in asked)
    assert len(asked) <= 2 * 9, "two listings a directory"
    names = [directory.removeprefix(place.path) for directory in find_runs(place.files, place.path).directories]
    assert sorted(names) == ["", "/a", "/a/b", "/deep/er/still", "/with space & ümlaut"]
    assert find_runs(place.files, place.path).complete
    with pytest.raises(FileNotFoundError):
        find_runs(place.files, "bucket/nowhere")


def test_a_walk_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    system = fsspec.filesystem("memory")
    for i in range(30):
        system.pipe_file(f"/wide/{i:02}/{DIRECTORY}/x.index", b"")
    system.pipe_file("/deep" + "/d" * 40 + "/x", b"")
    files = RemoteFiles(system)
    assert len(find_runs(files, "/wide").directories) == 30
    monkeypatch.setattr(remote, "_MOST_DIRECTORIES", 11)
    assert find_runs(files, "/wide") == ([f"/wide/{i:02}" for i in range(10)], False)
    assert find_runs(files, "/deep") == ([], False)
    system.store.clear()


def test_names_that_lead_elsewhere_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    system = fsspec.filesystem("memory")

    def listing(path: str, detail: bool = True) -> list[dict[str, object]]:
        names = [
            "/x/y",
            "/x/../secret",
            "/x/..",
            "/x/.",
            "/x/y/z",
            "/other",
            "/x/",
            "/x",
            "http://h/x/y",
            "/x/a?b",
            "/x/ok",
        ]
        return [{"name": name, "type": kind, "size": 1} for name in names for kind in ("file", "directory")]

    monkeypatch.setattr(system, "ls", listing)
    files = RemoteFiles(system)
    assert files.sizes("/x") == {"y": 1, "ok": 1}
    assert files.directories("/x") == ["y", "ok"]


def test_a_missing_driver_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match=r"^gs://bucket/runs cannot be reached, its driver is not installed: .*gcsfs"):
        open_remote("gs://bucket/runs")
    with pytest.raises(OSError, match=r"^nonsense://x cannot be reached: Protocol not known: nonsense"):
        open_remote("nonsense://x")
    monkeypatch.setitem(__import__("sys").modules, "fsspec.core", None)
    with pytest.raises(
        OSError, match=r"^s3://bucket/runs cannot be reached without fsspec: pip install \"tb-explain\[remote\]\""
    ):
        open_remote("s3://bucket/runs")


class Web(SimpleHTTPRequestHandler):
    """A directory on the web; Python's own server knows no ranges, most others do."""

    ranges = True

    def send_head(self):  # type: ignore[no-untyped-def]
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        path = self.translate_path(self.path)
        if not (self.ranges and match and os.path.isfile(path)):
            return super().send_head()
        start, stop = int(match[1]), min(int(match[2]) + 1, os.path.getsize(path))
        part = Path(path).read_bytes()[start:stop]
        self.send_response(206 if part else 416)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        return io.BytesIO(part)

    def log_message(self, *_: object) -> None:
        pass


def test_a_web_server_is_a_logdir_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path / "a b").log("t", [0]).log_bytes("large", [bytes([i]) * BLOCK for i in range(3)])
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Web, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        files, path = open_remote(f"http://127.0.0.1:{server.server_port}/")
        found = find_runs(files, path)
        assert (found.directories, found.complete) == ([f"{path}/a%20b"], True)
        index = RunIndex(found.directories[0], files)
        assert index.refresh()
        assert payloads_of(index) + payloads_of(index, "large") == run.payloads
        run.log("t", [1])
        assert index.refresh()
        assert payloads_of(index)[1] == run.payloads[-1]
        assert main(["verify", path]) == 1
        assert "1 runs, 5 records" in capsys.readouterr().out  # the large ones are no messages of their kind
        assert main(["pack", path, "--tag", "t", "-o", str(tmp_path / "x.zip"), "--with-events"]) == 0
        assert tb_explain.open(tmp_path / "x.zip").runs["a%20b"].tags["t"].steps.tolist() == [0, 1]
        monkeypatch.setattr(Web, "ranges", False)
        monkeypatch.setattr(files, "_blocks", Blocks(64 << 20))
        with pytest.raises(OSError, match="cannot be read in parts: its server answers no ranges of bytes"):
            payloads_of(index)
    finally:
        server.shutdown()
        server.server_close()
