"""Whatever the disk does, training goes on, the user is told once, and what could be kept is kept."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import GradCAM
from tb_explain.records import Recorder, patience
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of, until
from tests.faults.helpers import (
    fill,
    in_child,
    mounted,
    put,
    refuse_writes,
    segments_of,
    steps_of,
    without_privileges,
)

MAPS = np.random.default_rng(0).random((16, 28, 28), dtype=np.float32)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_LASTS", 0.0)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "1m") as where:
        yield where


def recorder_at(run: Path, **more: Any) -> Recorder:
    return Recorder(str(run), **{"queue_bytes": 1 << 20, "when_full": "block", **more})


# --- A full disk -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
def test_a_full_disk_costs_what_did_not_fit_and_says_so(disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = disk / "run"
    writer = ExplainWriter(run)
    writer.add_heatmaps("maps", MAPS, None, 0)
    assert writer.flush() == 0
    filler = fill(disk)
    for step in range(1, 60):
        writer.add_heatmaps("maps", MAPS, None, step)
    lost = writer.flush()
    assert lost > 50
    assert writer.failed == lost
    assert writer.flush() == 0, "said once"
    assert len(errors(caplog)) == 1
    assert "No space left on device" in errors(caplog)[0]

    filler.unlink()
    for step in range(60, 70):
        writer.add_heatmaps("maps", MAPS, None, step)
    writer.add_scalar("loss", 1.0, 70)  # SummaryWriter alone would raise for ever after
    assert writer.flush() == 0
    writer.close()
    kept = steps_of(run, "maps")
    assert len(kept) == 70 - lost
    assert {0, *range(60, 70)} <= set(kept)
    assert len(errors(caplog)) == 1, errors(caplog)
    index = index_of(run)
    assert index.counts().failed == lost, "the page shows them"
    assert {failure.failure.tag for failure in index.failures()} == {"maps"}
    assert "No space left on device" in index.failures()[0].failure.message
    assert {*range(70)} - {*kept} >= {failure.step for failure in index.failures()}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.usefixtures("impatient")
def test_summaries_that_a_full_disk_refused_do_not_end_scalars_for_ever(
    disk: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_explain.event_file._PAUSE", 0.0)
    writer = ExplainWriter(disk / "run")
    writer.add_scalar("loss", 0.5, 0)
    writer.flush()
    filler = fill(disk)
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012  (as SummaryWriter's: at some later call)
        for step in range(1000):
            writer.add_scalar("loss", 0.0, -step)
            writer._get_file_writer().flush()
    writer.add_heatmaps("a tag that TensorBoard is told of by a summary", MAPS, None, 1)
    assert writer.flush() == 1
    assert "the event file cannot be written" in caplog.text
    filler.unlink()
    for step in range(10, 20):
        writer.add_scalar("loss", 1.0, step)
    writer.close()
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found = [
        event.step for path in sorted((disk / "run").glob("*tfevents*")) for event in EventFileLoader(str(path)).Load()
    ]
    assert found[-10:] == list(range(10, 20))


def test_space_that_comes_back_in_time_costs_nothing(disk: Path) -> None:
    run = disk / "run"
    recorder = recorder_at(run)
    put(recorder, 0)
    recorder.flush()
    filler = fill(disk)
    for step in range(1, 30):
        put(recorder, step, b"x" * 5000)
    until(lambda: recorder._patience.refusals > 2)
    filler.unlink()
    recorder.close()
    assert recorder.take_lost() == (0, "")
    assert steps_of(run) == list(range(30))
    assert len(segments_of(run)) == 2, "in the segment that they belong to"


@pytest.mark.usefixtures("impatient")
def test_what_is_small_is_kept_where_what_is_large_does_not_fit(disk: Path) -> None:
    run = disk / "run"
    recorder = recorder_at(run, queue_bytes=8 << 20)
    for step in range(20):
        put(recorder, step, os.urandom(2 << 20 if step % 2 else 100))
    recorder.flush()
    assert steps_of(run) == list(range(0, 20, 2))
    lost = recorder.take_lost()
    assert lost.explanations == 10
    assert lost.why == "t at step 1 could not be written: [Errno 28] No space left on device"
    recorder.close()
    assert index_of(run).counts().failed == 10


@pytest.mark.usefixtures("impatient")
def test_strict_raises_what_was_lost(disk: Path) -> None:
    writer = ExplainWriter(disk / "run", strict=True)
    writer.add_heatmaps("maps", MAPS, None, 0)
    writer.flush()
    writer._recorder.put("huge", 1, 3 << 20, lambda segment: segment.blob(pb.IMAGE, os.urandom(3 << 20))[1])
    with pytest.raises(RuntimeError, match=r"huge at step 1 could not be written: .*No space left"):
        writer.flush()
    writer._recorder.put("huge", 2, 3 << 20, lambda segment: segment.blob(pb.IMAGE, os.urandom(3 << 20))[1])
    until(lambda: writer.failed == 2)
    with pytest.raises(RuntimeError, match=r"huge at step 2 could not be written"):
        writer.add_heatmaps("maps", MAPS, None, 3)
    writer.close()


def test_a_disk_that_stays_full_takes_patience_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of its own: the pauses between attempts."""
    now = [0.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])
    waits = patience.Patience()
    pauses = []
    said = 0
    for _ in range(1000):
        said += waits.refused()
        if not waits.is_over:
            pauses.append(waits.pause)
            now[0] += waits.pause
    assert sum(pauses) < 25
    assert said == 1
    now[0] += 400
    assert waits.refused()
    assert not waits.is_over
    waits.accepted()
    waits.refused()
    assert not waits.is_over


# --- Errors of other kinds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["data", "index", "both"])
@pytest.mark.parametrize("number", [errno.EIO, errno.EDQUOT, errno.ESTALE, errno.EFBIG])
def test_a_file_that_cannot_be_written_is_left_for_another(tmp_path: Path, which: str, number: int) -> None:
    def log() -> Any:
        patience._LASTS = 0.3
        recorder = recorder_at(tmp_path)
        for step in range(3):
            put(recorder, step)
        recorder.flush()
        segment = recorder._segment
        assert segment is not None
        for name in ("_data", "_index"):  # to where no other file will be opened
            low = getattr(segment, name)
            setattr(segment, name, fcntl.fcntl(low, fcntl.F_DUPFD, 200))
            os.close(low)
        refused = {"data": [segment._data], "index": [segment._index], "both": [segment._data, segment._index]}
        refuse_writes(refused[which], number)
        put(recorder, 3)
        recorder.flush()
        first = recorder.take_lost()
        if recorder._segment is segment:  # space of which there is none would not be found elsewhere
            recorder._segment = None
        put(recorder, 4)
        recorder.flush()
        second = recorder.take_lost()
        recorder.close()
        return [first.explanations, second.explanations]

    try:
        lost = in_child(log)
    except AssertionError as error:
        if "no seccomp filter" in str(error):
            pytest.skip("no seccomp filter can be set here")
        raise
    full = number == errno.EDQUOT
    assert lost == [int(full), 0]
    assert steps_of(tmp_path) == ([0, 1, 2, 4] if full else [0, 1, 2, 3, 4])
    assert index_of(tmp_path).counts().failed == int(full)
    assert len(segments_of(tmp_path)) == 4


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.ENOSPC, errno.EIO])
def test_an_error_that_passes_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """With writes cut short after each number of bytes: nothing that a reader has seen is ever taken back."""
    recorder = recorder_at(tmp_path)
    put(recorder, 0)
    recorder.flush()
    seen: dict[Any, bytes] = {}
    reader = index_of(tmp_path)
    writev, cuts = os.writev, iter(range(0, 400, 3))
    state = {"refusing": False}

    def look() -> None:
        reader.refresh()
        series = reader.find("t", pb.HEATMAPS)
        assert series
        for key in reader.steps(series).keys:
            payload = reader.read(key)
            assert seen.setdefault(key, payload) == payload, "a key names another record than before"
        assert reader.counts().damaged == 0

    def cut(descriptor: int, buffers: list[Any]) -> int:
        if state["refusing"]:
            state["refusing"] = False
            look()
            raise OSError(number, "refused")
        whole = b"".join(buffers)
        size = next(cuts, len(whole))
        if size < len(whole):
            state["refusing"] = True
        return writev(descriptor, [whole[:size]])

    monkeypatch.setattr("tb_explain.records.patience._FIRST_PAUSE", 0.0)
    monkeypatch.setattr(os, "writev", cut)
    for step in range(1, 40):
        put(recorder, step, b"x" * step)
    recorder.flush()
    monkeypatch.undo()
    recorder.close()
    assert recorder.take_lost() == (0, "")
    assert steps_of(tmp_path) == list(range(40))
    look()
    assert len(seen) == 40


def test_no_descriptor_left_is_waited_for(tmp_path: Path) -> None:
    def log() -> Any:
        recorder = recorder_at(tmp_path)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
        put(recorder, 1)
        until(lambda: recorder._patience.refusals > 1)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        recorder.close()
        return list(recorder.take_lost())

    assert in_child(log) == [0, ""]
    assert steps_of(tmp_path) == [1]


def test_a_sync_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ExplainWriter(tmp_path, strict=True)
    writer.add_heatmaps("maps", MAPS)
    writer.flush()

    def fails(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(RuntimeError, match=r"may not have reached the disk: .*Input/output error"):
        writer.close()
    assert steps_of(tmp_path, "maps") == [0]


# --- Read-only, deleted ----------------------------------------------------------------------------------------------


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that another user can reach."""
    with tempfile.TemporaryDirectory(prefix="tb_explain-faults-") as made:
        os.chmod(made, 0o777)
        yield Path(made)


def test_a_directory_that_may_not_be_written_stops_nobody(open_to_all: Path) -> None:
    run = open_to_all / "run"

    def log() -> Any:
        patience._LASTS = 0.0
        without_privileges()
        writer = ExplainWriter(run)
        (run / "plugins").mkdir()
        os.chmod(run / "plugins", 0o555)
        writer.add_heatmaps("maps", MAPS, None, 1)
        lost = writer.flush()
        os.chmod(run / "plugins", 0o755)
        writer.add_heatmaps("maps", MAPS, None, 2)
        again = writer.flush()
        writer.close()
        return [lost, again, writer.failed]

    assert in_child(log) == [1, 0, 1]
    assert steps_of(run, "maps") == [2]
    (failure,) = index_of(run).failures()
    assert "Permission denied" in failure.failure.message


def test_a_file_system_that_turns_read_only_stops_nobody_and_is_read(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_LASTS", 0.0)
    run = disk / "run"
    before = recorder_at(run)
    put(before, 0)
    before.close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    recorder = recorder_at(run)
    put(recorder, 1)
    recorder.flush()
    assert "Read-only file system" in recorder.take_lost().why
    assert steps_of(run) == [0]
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    put(recorder, 2)
    recorder.close()
    assert steps_of(run) == [0, 2]
    assert index_of(run).counts().failed == 1


@pytest.mark.parametrize("how", ["deleted", "moved", "one file deleted"])
def test_a_run_deleted_while_it_is_written_goes_on_in_a_new_segment(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "run"
    recorder = recorder_at(run)
    for step in range(5):
        put(recorder, step)
    recorder.flush()
    put(recorder, 5)
    until(lambda: not recorder._jobs)
    if how == "deleted":
        shutil.rmtree(run)
    elif how == "moved":
        run.rename(tmp_path / "elsewhere")
    else:
        next(run.rglob("*.data")).unlink()
        next(run.rglob("*.index")).unlink()
    for step in range(6, 9):
        put(recorder, step)
    recorder.flush()
    lost = recorder.take_lost()
    assert lost.explanations == 1, "the one that no flush had returned for"
    assert "deleted with the files" in lost.why
    recorder.close()
    assert steps_of(run) == [6, 7, 8]
    assert len([line for line in errors(caplog) if "deleted with the files" in line]) == 1


def test_a_run_deleted_before_a_flush_is_noticed_by_it(tmp_path: Path) -> None:
    writer = ExplainWriter(tmp_path / "run")
    writer.add_heatmaps("maps", MAPS, None, 0)
    until(lambda: not writer._recorder._jobs)
    shutil.rmtree(tmp_path / "run")
    assert writer.flush() == 1
    writer.add_heatmaps("maps", MAPS, None, 1)
    assert writer.flush() == 0
    writer.close()
    assert steps_of(tmp_path / "run", "maps") == [1]


# --- The log, the clock ----------------------------------------------------------------------------------------------


class Broken(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("the model cannot")


def test_what_fails_at_each_step_is_one_line_in_the_log_and_all_in_the_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    probe = Probe(torch.zeros(2, 1, 8, 8), name="val")
    with ExplainWriter(tmp_path) as writer:
        for step in range(20):
            assert writer.explain(Broken(), probe, step, [GradCAM()]) == []
    assert writer.failed == 20
    assert len(errors(caplog)) == 1
    counts = index_of(tmp_path).counts()
    assert counts.failed == 20


def test_failures_that_wait_for_the_disk_stay_few_and_are_all_counted(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.write_text("a file where a directory should be")
    recorder = recorder_at(run)
    for step in range(5000):
        recorder.fail(f"t{step % 3}", step, "cannot")
    assert len(recorder._failures) <= 103
    run.unlink()
    recorder.flush()
    recorder.close()
    index = index_of(run)
    assert index.counts().failed == recorder.failed == 5000
    assert "more)" in index.failures()[-1].failure.message


@pytest.mark.parametrize("jump", [-3600, -1e9, 3600])
def test_a_clock_that_is_set_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """Its own purge hides nothing of a writer, and records stay in the order in which they were logged."""
    recorder = recorder_at(tmp_path, purge_step=0)
    now = time.time
    offset = [0.0]
    monkeypatch.setattr(time, "time", lambda: now() + offset[0])
    put(recorder, 0, b"first")
    recorder.flush()
    offset[0] = jump
    put(recorder, 0, b"second")
    recorder.flush()
    recorder._leave_segment()
    put(recorder, 0, b"third")
    put(recorder, 1)
    recorder.close()
    assert steps_of(tmp_path) == [0, 0, 0, 1]
    index = index_of(tmp_path)
    series = index.find("t", pb.HEATMAPS)
    assert series
    assert [index.read(key)[16:] for key in index.steps(series).keys] == [b"first", b"second", b"third", b"payload"]


def test_threads_wait_for_room_no_longer_than_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_LASTS", 0.2)
    run = tmp_path / "run"
    run.write_text("a file where a directory should be")
    recorder = recorder_at(run, queue_bytes=10)
    threads = [threading.Thread(target=put, args=(recorder, step)) for step in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    recorder.flush()
    assert recorder.take_lost().explanations == 50
    run.unlink()
    recorder.close()
    assert index_of(run).counts().failed == 50
