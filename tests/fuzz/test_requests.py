"""Nothing outside the logdir is read, whatever is asked for and whatever links there are, also such as come and go meanwhile."""

from __future__ import annotations

import ctypes
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tb_explain.plugin import discovery
from tb_explain.records import DIRECTORY
from tests.fuzz import logdirs
from tests.fuzz.http import PREFIX, ROUTES, Asked

REQUESTS = int(os.environ.get("TB_EXPLAIN_REQUESTS", "1000"))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are links and pipes")

# Where a request may want to go; `static/../../index.js` and the like are what TensorBoard tests its own plugins with.
PLACES = [
    "a", ".", "b/ünï\u0301 code", "b/ünı́ code", "linked run", "linked plugins", "linked home", "linked index", "linked data", "loop",
    "climbing", "climbing/run", "special", "exchanged", "not \udcff text", "line\nbreak", "...", "", "..", "../outside", "../outside/run",
    "a/../../outside/run", "a/plugins", "/", "//", "/etc", "/etc/passwd", "~", "~root", "C:\\", "C:", "\\\\host\\share", "\\\\?\\C:\\", "//host/share",
    "file:///etc/passwd", "CON", "NUL", "aux.js", "a.", "a ", "a::$DATA", "..;/", "....//", "..\u2215..", "．．/", "․․/", "a" * 5000, "../" * 700,
    "a/" * 2000, "\0", "a\0", "%2e%2e", "%252e%252e%252f",
]  # fmt: skip
FILES = [
    "index.js", "./index.js", "../index.js", "../plugin.py", "../static/index.js", "static/../static/index.js", "../../index.js", "chunks/../../plugin.py",
    "../..\\tb_explain\\plugin\\static\\index.js", "../../tb_explain/plugin/static/index.js", "\\index.js", "../static2/index.js", "chunks", "chunks/",
]  # fmt: skip


def spelt(path: str, choose: random.Random) -> bytes:
    """A path as a target may have it: as it is, in escapes, in escapes of escapes, in forms that no decoder should take."""
    raw = path.encode("utf-8", "surrogateescape")
    how = choose.randrange(7)
    if how < 3:
        return b"".join(bytes([c]) if chr(c).isalnum() and c < 128 else b"%%%02x" % c for c in raw)
    if how == 3:
        return b"".join(b"%%%02X" % c for c in raw)
    if how == 4:
        return b"".join(b"%%25%02x" % c for c in raw)
    if how == 5:
        return raw.replace(b".", b"%c0%ae").replace(b"/", b"%c0%af").replace(b" ", b"+")
    return raw.replace(b"?", b"%3f").replace(b"#", b"%23")


def requests(asked: Asked, count: int) -> Iterator[tuple[bytes, bytes, dict[bytes, bytes]]]:
    """Methods, targets and headers; the same every time."""
    choose = random.Random(8)
    keys = [key for run in ("a", "linked data") for key in asked.keys[run]] + ["x-1", "../../outside-1", "-", "a-٣"]
    names = [*logdirs.HASHES, "0" * 32, "../" * 10 + "xx", "ff"]
    headers = [(b"Accept-Encoding", b"gzip"), (b"Range", b"bytes=0-3"), (b"If-None-Match", b"*"), (b"Host", b"../..")]
    for _ in range(count):
        method = choose.choice([b"GET"] * 8 + [b"HEAD", b"POST", b"PROPFIND"])
        if choose.random() < 0.3:
            target = b"static/" + spelt(choose.choice(PLACES) + choose.choice(["", "/"]) + choose.choice(FILES), choose)
        else:
            route = choose.choice(ROUTES)
            parts = [b"run=" + spelt(choose.choice(PLACES), choose) for _ in range(choose.choice([1, 1, 1, 0, 2]))]
            parts += [
                b"kind=HEATMAPS",
                b"key=" + spelt(choose.choice(keys), choose),
                b"hash=" + spelt(choose.choice(names), choose),
            ]
            if choose.random() < 0.2:
                parts.append(b"tag=" + spelt(choose.choice(PLACES), choose))
            target = route.encode() + b"?" + b"&".join(parts)
        yield method, target, dict([choose.choice(headers)])


# Exchanges a run's directory, its files and its home for links to the one outside and back, as fast as it can.
EXCHANGE = """
import os, sys
inside, outside, names = sys.argv[1], sys.argv[2], sys.argv[3:]
print(flush=True)
while True:
    for name in names:
        path, to = os.path.join(inside, name), os.path.join(outside, name)
        os.symlink(to, path + ".link")
        os.rename(path, path + ".own")
        os.rename(path + ".link", path)
        os.unlink(path)
        os.rename(path + ".own", path)
"""


@contextmanager
def exchanging(asked: Asked) -> Iterator[None]:
    inside, outside = asked.logdir / "exchanged", asked.outside / "run"
    names = ["plugins", DIRECTORY]
    names += [os.path.relpath(path, outside) for path in sorted((outside / DIRECTORY).iterdir())]
    command = [sys.executable, "-c", EXCHANGE, str(inside), str(outside), *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield
            assert process.poll() is None
        finally:
            process.kill()


class Touched:
    """What the kernel says was opened or listed in some directories, by whomever."""

    def __init__(self, *directories: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK)
        assert self._descriptor >= 0
        opened = 0x20  # IN_OPEN
        for directory in directories:
            assert self._libc.inotify_add_watch(self._descriptor, os.fsencode(directory), opened) >= 0

    def read(self) -> bytes:
        try:
            return os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return b""


@pytest.mark.timeout(300 + REQUESTS / 20)
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what was opened")
def test_no_request_reads_outside_the_logdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_INTERVAL", 0.02)
    monkeypatch.setattr(discovery, "_SHARE", 1)
    monkeypatch.setattr(discovery, "_PATIENCE", 0.001)  # or each name that is not known waits for another walk
    asked = Asked(tmp_path)
    everything = [asked.outside, *asked.outside.rglob("*")]
    statuses: dict[int, int] = {}
    with exchanging(asked), asked.watched() as watch:
        touched = Touched(*everything)
        for method, target, headers in requests(asked, REQUESTS):
            status = asked.ask(method, PREFIX + target, headers)
            statuses[status] = statuses.get(status, 0) + 1
            assert not watch.outside, (target, watch.outside)
        seen = touched.read()
    print(f"{REQUESTS} requests, {watch.events} openings and listings: {dict(sorted(statuses.items()))}")
    assert seen == b""
    assert statuses[200] > REQUESTS / 50 and statuses[404] > REQUESTS / 50
    (asked.outside / "secret").read_bytes()
    assert touched.read(), "the kernel says what is opened"
