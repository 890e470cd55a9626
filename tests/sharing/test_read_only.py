"""A logdir that cannot be written is looked at in every way, and nobody tries to write to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tb_explain
from tb_explain.cli import main
from tests.conftest import Run, StartTensorBoard, until
from tests.faults.helpers import mounted
from tests.plugin.conftest import Page
from tests.plugin.test_routes import keys
from tests.plugin.test_server import mark

CHANGING = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.utime",
)


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two runs, one whose writer was killed, on a disk that is then read-only; for who is not root, below directories that are."""

    def write(top: Path) -> Path:
        for name in ("done", "killed"):
            run = Run(top / "logs" / name).log("t", [0, 1])
            mark(top / "logs" / name)
            run.segment.close() if name == "done" else run.segment.abandon()
        return top / "logs"

    place = tmp_path_factory.mktemp("disk") / "disk"
    if os.geteuid():
        logs = write(place)
        for path in (*logs.rglob("*"), logs):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield logs
        for path in (logs, *logs.rglob("*")):
            path.chmod(0o755)
        return
    with mounted(place, "16m"):
        logs = write(place)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        yield logs


@pytest.fixture
def attempts(logdir: Path) -> Iterator[list[str]]:
    """What this process tries to change in the logdir."""
    found: list[str] = []
    watching = [True]

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if not watching[0] or not str(arguments[:1]).count(str(logdir)):
            return
        if event == "open":
            _, mode, flags = arguments
            if set(str(mode or "")) & set("wax+") or int(str(flags or 0)) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                found.append(f"{event} {arguments}")
        elif event in CHANGING:
            found.append(f"{event} {arguments}")

    sys.addaudithook(note)
    yield found
    watching[0] = False


@pytest.mark.parametrize("command", ["ls", "verify", "pack", "export"])
def test_commands_that_read_only_read(
    command: str, logdir: Path, tmp_path: Path, attempts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    output = ["-o", str(tmp_path / "output")] if command in ("pack", "export") else []
    assert main([command, str(logdir), *output]) == 0
    assert "done" in capsys.readouterr().out or command == "verify"
    assert attempts == []


def test_arrays_are_read(logdir: Path, attempts: list[str]) -> None:
    runs = tb_explain.open(logdir).runs
    assert {name: runs[name].tags["t"].steps.tolist() for name in runs} == {"done": [0, 1], "killed": [0, 1]}
    assert runs["killed"].tags["t"].read().samples[0].image.shape == (32, 32, 3)
    assert attempts == []


@pytest.mark.parametrize("command", [["compact"], ["prune", "--keep-steps", "last:1"]])
def test_commands_that_write_say_that_they_cannot(
    command: list[str], logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command[0], str(logdir), *command[1:]]) == 1
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 2 and "done: " in err and "killed: " in err
    assert main([command[0], str(logdir), *command[1:], "--dry-run"]) == 0


def test_the_plugin_only_reads(logdir: Path, attempts: list[str], page_of: Callable[..., Page]) -> None:
    page = page_of(logdir)
    assert set(page.runs()) == {"done", "killed"}
    for name in ("done", "killed"):
        assert page.ask("records", run=name, key=keys(page, run=name)).status_code == 200
    assert attempts == []


def test_tensorboard_shows_it(logdir: Path, tensorboard: StartTensorBoard) -> None:
    server = tensorboard("--logdir", str(logdir))
    until(lambda: server.get("data/plugins_listing").json()["tb_explain"]["enabled"])
    assert set(server.runs()) == {"done", "killed"}
    assert until(lambda: server.get("data/runs").json()) == ["done", "killed"]
