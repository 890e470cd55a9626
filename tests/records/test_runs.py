"""The runs of a logdir are those that lie in it and can be listed; whatever else there is, is named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tb_explain.cli import main
from tb_explain.records.runs import runs_of
from tests.conftest import Run


def test_explanations_behind_a_link_out_of_the_logdir_are_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Run(tmp_path / "elsewhere").log("t", [0, 1, 2]).segment.close()
    Run(tmp_path / "logs" / "mine").log("t", [0, 1, 2]).segment.close()
    (tmp_path / "logs" / "theirs").mkdir()
    (tmp_path / "logs" / "theirs" / "plugins").symlink_to(tmp_path / "elsewhere" / "plugins")
    before = sorted((path, path.stat().st_size) for path in (tmp_path / "elsewhere").rglob("*"))
    assert list(runs_of(tmp_path / "logs")[1]) == ["mine"]
    assert "leads out of the logdir" in caplog.text
    assert main(["prune", str(tmp_path / "logs"), "--keep-steps", "last:1", "--idle", "0"]) == 0
    assert before == sorted((path, path.stat().st_size) for path in (tmp_path / "elsewhere").rglob("*"))


def test_no_link_to_another_file_is_packed(tmp_path: Path) -> None:
    run = tmp_path / "logs" / "run"
    Run(run).log("t", [0]).segment.close()
    (run / "events.out.tfevents.1").write_bytes(b"scalars")
    (tmp_path / "secret").write_bytes(b"secret")
    (run / "events.out.tfevents.2").symlink_to(tmp_path / "secret")
    assert main(["pack", str(tmp_path / "logs"), "-o", str(tmp_path / "x.zip"), "--with-events"]) == 0
    shutil.unpack_archive(tmp_path / "x.zip", tmp_path / "unpacked")
    assert [path.name for path in (tmp_path / "unpacked").rglob("*tfevents*")] == ["events.out.tfevents.1"]


def test_a_logdir_that_cannot_be_listed_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("ours", "theirs"):
        Run(tmp_path / name).log("t", [0]).segment.close()
    scandir, closed = os.scandir, {str(tmp_path / "theirs")}

    def refuse(path: Any) -> Iterator[os.DirEntry[str]]:
        if os.fspath(path) in closed:
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)  # type: ignore[return-value]

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(runs_of(tmp_path)[1]) == ["ours"]
    assert f"{tmp_path / 'theirs'} cannot be listed" in caplog.text
    closed.add(str(tmp_path))
    assert main(["verify", str(tmp_path)]) == 2
    assert main(["ls", str(tmp_path)]) == 1


def test_a_reader_that_has_read_enough_is_no_mistake(tmp_path: Path) -> None:
    Run(tmp_path).log("t", [0]).segment.close()
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", "from tb_explain.cli import main; raise SystemExit(main())", "ls", str(tmp_path)]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_names_that_no_terminal_can_show_are_written_anyway(tmp_path: Path) -> None:
    run = os.fsencode(tmp_path) + b"/logs/caf\xe9"
    Run(Path(os.fsdecode(run))).log("\x1b[2Jtag", [0]).segment.close()
    for command in ("ls", "verify"):
        code = "from tb_explain.cli import main; raise SystemExit(main())"
        ended = subprocess.run(
            [sys.executable, "-c", code, command, str(tmp_path / "logs")],
            env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
            capture_output=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert b"\x1b" not in ended.stdout
