"""Only what lies in the logdir is opened, also when links are exchanged between looking and opening."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tb_explain.plugin import inside
from tb_explain.plugin.inside import FilesInside
from tb_explain.records import DIRECTORY


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    for place in ("logs", "outside"):
        home = tmp_path / place / "a" / DIRECTORY
        home.mkdir(parents=True)
        (home / "file").write_bytes(place.encode())
    return tmp_path / "logs"


@pytest.mark.skipif(not inside._BY_DESCRIPTOR, reason="the system opens by path only")
@pytest.mark.parametrize("part", ["a", "a/plugins", f"a/{DIRECTORY}", f"a/{DIRECTORY}/file"])
def test_a_link_that_is_put_there_after_the_check_is_not_followed(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    files, path = FilesInside(str(logdir)), logdir / "a" / DIRECTORY / "file"
    assert files.read(str(path), 2, 10) == b"gs"
    checked = inside.contains

    def exchanged(root: str, real: str) -> bool:
        found = checked(root, real)
        os.rename(logdir / part, logdir / "own")
        os.symlink(logdir.parent / "outside" / part, logdir / part)
        return found

    monkeypatch.setattr(inside, "contains", exchanged)
    with pytest.raises(OSError, match=r"symbolic links|directory"):
        files.read(str(path), 0, 10)
    os.unlink(logdir / part)
    os.rename(logdir / "own", logdir / part)
    if part != f"a/{DIRECTORY}/file":
        with pytest.raises(OSError, match=r"symbolic links|directory"):
            files.sizes(str(path.parent))


def test_links_within_the_logdir_lead_where_they_say_and_others_nowhere(logdir: Path) -> None:
    files, home = FilesInside(str(logdir)), logdir / "a" / DIRECTORY
    os.symlink(home / "file", home / "within")
    os.symlink(logdir.parent / "outside" / "a" / DIRECTORY / "file", home / "without")
    os.symlink(home, logdir / "home")
    os.symlink("/dev/zero", home / "device")
    os.mkfifo(home / "pipe")
    (home / "x.index").mkdir()
    os.symlink(home / "self", home / "self")
    assert files.sizes(str(logdir / "home")) == {"file": 4, "within": 4}
    assert files.read(str(logdir / "home" / "within"), 0, 1 << 60) == b"logs"
    for name in ("without", "device", "pipe", "x.index", "self"):
        with pytest.raises(OSError, match=name):
            files.read(str(home / name), 0, 10)
    with pytest.raises(PermissionError):
        files.sizes(str(logdir.parent / "outside" / "a" / DIRECTORY))
    with pytest.raises(PermissionError):
        files.read(str(logdir / ".." / "outside" / "a" / DIRECTORY / "file"), 0, 10)


def test_runs_are_found_below_any_depth_that_tensorboard_bears(logdir: Path) -> None:
    files = FilesInside(str(logdir))
    deep = logdir.joinpath(*["d"] * 40)
    (deep / DIRECTORY).mkdir(parents=True)
    (logdir / "plugins" / "x" / DIRECTORY).mkdir(parents=True)
    os.symlink(logdir.parent / "outside", logdir / "link")
    os.symlink(logdir, logdir / "again")
    assert sorted(files.run_directories()) == [str(logdir / "a"), str(deep)]
    descriptor = os.open(deep, os.O_RDONLY)
    for _ in range(1500):  # deeper than paths may be, and than Python recurses
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    found = sorted(files.run_directories())
    subprocess.run(["rm", "-rf", str(deep / "d")], check=True)  # Python cannot
    assert found == [str(logdir / "a"), str(deep)]
    assert list(FilesInside(str(logdir / "missing")).run_directories()) == []
