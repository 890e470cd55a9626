"""Upkeep by another user, or where files cannot be locked, takes nothing from a run's owner and says what is the matter."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tb_explain.records import DIRECTORY, SegmentWriter
from tb_explain.upkeep.compact import compact

from ..conftest import index_of
from ..records.test_merged import T, declare, record, shown

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files have owners, and may be links")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    for step in range(2):
        segment = SegmentWriter(tmp_path, float(step))
        segment.append([declare(T), record(step, "text")])
        segment.close()
    return tmp_path


def test_what_is_written_anew_belongs_to_whom_it_belonged(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = run / DIRECTORY
    others = os.geteuid() == 0
    if others:
        for path in (directory, *directory.iterdir()):
            os.chown(path, 65534, 65533)
    given = []
    chown = os.chown

    def noted(path: Any, uid: int, gid: int) -> None:
        given.append((uid, gid))
        chown(path, uid, gid)

    owner = directory.stat().st_uid, directory.stat().st_gid
    monkeypatch.setattr(os, "chown", noted)
    compact(run)
    assert given == [owner] * 3, "lock, data, index"
    found = [*directory.iterdir()]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in found} == {owner}
    assert len(found) == 3


def test_where_owners_cannot_be_given_it_works_all_the_same(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refused)
    assert compact(run).rewritten
    assert len(shown(index_of(run))) == 2


def test_a_lock_that_another_user_made_is_locked_by_who_may_only_read_it(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run / DIRECTORY / "upkeep.lock").touch()
    open_file = os.open

    def another_users(path: Any, flags: int, *more: Any, **others: Any) -> int:
        if str(path).endswith("upkeep.lock") and flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, "Permission denied")
        return open_file(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", another_users)
    assert compact(run).rewritten


def test_a_lock_that_is_a_link_makes_no_file_elsewhere(run: Path) -> None:
    elsewhere = run / "elsewhere"
    (run / DIRECTORY / "upkeep.lock").symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"upkeep\.lock"):
        compact(run)
    assert not elsewhere.exists()


def test_where_files_cannot_be_locked_it_says_so(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(OSError, match="No locks available") as caught:
        compact(run)
    assert not isinstance(caught.value, BlockingIOError)
