"""What the recorder accepted gets on file; what it could not is counted and said; and it never holds more than it may."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_explain.records import Record, Recorder, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of, until


def encoder(tag: str, step: int, payload: bytes = b"payload") -> Callable[[SegmentWriter], list[Record]]:
    def encode(segment: SegmentWriter) -> list[Record]:
        series = pb.Series(kind=pb.HEATMAPS, tag=tag)
        declared = segment.series(series)
        entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, count=1)
        return [*declared, Record(entry, payload)]

    return encode


def put(recorder: Recorder, step: int, size: int = 10, tag: str = "t", payload: bytes = b"payload") -> bool:
    return recorder.put(tag, step, size, encoder(tag, step, payload))


def steps_of(run: Path, tag: str = "t") -> list[int]:
    index = index_of(run)
    series = index.find(tag, pb.HEATMAPS)
    return index.steps(series).step.tolist() if series else []


class Gate:
    """Keeps the background thread waiting inside an encode until it is opened."""

    def __init__(self, recorder: Recorder, size: int = 10) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

        def encode(_: SegmentWriter) -> list[Record]:
            self.entered.set()
            assert self.opened.wait(30)
            return []

        recorder.put("gate", 0, size, encode)
        assert self.entered.wait(30)

    def open(self) -> None:
        self.opened.set()


MakeRecorder = Callable[..., Recorder]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[MakeRecorder]:
    made: list[Recorder] = []

    def recorder(queue_bytes: int = 1000, when_full: Any = "block", **more: Any) -> Recorder:
        made.append(Recorder(str(tmp_path), queue_bytes=queue_bytes, when_full=when_full, **more))
        return made[-1]

    yield recorder
    for one in made:
        one.close()


def test_flush_returns_when_all_is_on_file(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make()
    for step in range(300):
        assert put(recorder, step)
        if step % 50 == 7:
            recorder.flush()
            assert steps_of(tmp_path) == list(range(step + 1))
    recorder.close()
    assert steps_of(tmp_path) == list(range(300))


def test_no_file_is_made_before_the_first_record(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make()
    recorder.flush()
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_several_threads_lose_nothing_and_keep_their_order(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make(queue_bytes=50)
    ends = [threading.Thread(target=lambda t=t: [put(recorder, s, tag=f"t{t}") for s in range(100)]) for t in range(4)]
    for thread in ends:
        thread.start()
    for thread in ends:
        thread.join()
    recorder.close()
    for t in range(4):
        assert steps_of(tmp_path, f"t{t}") == list(range(100))
    index = index_of(tmp_path)
    for series in index.series():
        entries = [key.entry for key in index.steps(series).keys]
        assert entries == sorted(entries)


def test_block_waits_for_room(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make(queue_bytes=100)
    gate = Gate(recorder, 60)
    waiting = threading.Thread(target=put, args=(recorder, 1, 60))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive(), "120 bytes were accepted in a queue of 100"
    gate.open()
    waiting.join(10)
    assert not waiting.is_alive()
    recorder.flush()
    assert steps_of(tmp_path) == [1]


@pytest.mark.parametrize("size", [1, 99, 100, 101, 1000])
def test_the_queue_holds_no_more_bytes_than_it_may(make: MakeRecorder, size: int) -> None:
    recorder = make(queue_bytes=1000, when_full="drop")
    gate = Gate(recorder, 100)  # counts until it is on file
    accepted = sum(put(recorder, step, size) for step in range(1200))
    assert accepted == 900 // size
    assert recorder.dropped == 1200 - accepted
    gate.open()


def test_a_record_larger_than_the_queue_is_taken_when_the_queue_is_empty(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make(queue_bytes=100)
    for step in range(3):
        assert put(recorder, step, 10_000)
    recorder.flush()
    assert steps_of(tmp_path) == [0, 1, 2]


def test_drops_are_counted_and_reported_in_the_run(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make(queue_bytes=100, when_full="drop")
    gate = Gate(recorder, 60)
    assert [put(recorder, step, 30) for step in range(5)] == [True, False, False, False, False]
    gate.open()
    recorder.flush()
    assert (recorder.dropped, recorder.failed) == (4, 0)
    assert steps_of(tmp_path) == [0]
    index = index_of(tmp_path)
    assert index.counts().dropped == 4
    assert [(f.step, f.failure.tag, f.failure.dropped) for f in index.failures()] == [
        (s, "t", True) for s in (1, 2, 3, 4)
    ]
    assert put(recorder, 9), "there is room again"


def test_an_encode_error_becomes_a_failure_and_costs_nothing_else(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make()
    gate = Gate(recorder)  # so that all are in one batch

    def broken(_: SegmentWriter) -> list[Record]:
        raise RuntimeError("cannot be drawn")

    put(recorder, 1)
    recorder.put("bad", 2, 10, broken)
    put(recorder, 3)
    gate.open()
    recorder.flush()
    assert recorder.failed == 1
    assert steps_of(tmp_path) == [1, 3]
    (failure,) = index_of(tmp_path).failures()
    assert (failure.step, failure.failure.tag, failure.failure.dropped) == (2, "bad", False)
    assert failure.failure.message == "could not be encoded: cannot be drawn"
    assert "RuntimeError" in failure.failure.detail


@pytest.mark.parametrize("message", ["\udcff undecodable", "x" * 5_000_000, "\0"])
def test_no_message_ends_the_thread_or_the_segment(tmp_path: Path, make: MakeRecorder, message: str) -> None:
    recorder = make()

    def broken(_: SegmentWriter) -> list[Record]:
        raise OSError(message)

    recorder.put("bad", 0, 10, broken)
    recorder.fail(message, 1, message, message)
    recorder.flush()
    put(recorder, 2)
    recorder.flush()
    assert steps_of(tmp_path) == [2]
    counts = index_of(tmp_path).counts()
    assert (counts.failed, counts.damaged) == (2, 0)


def test_a_failed_write_is_counted_and_the_next_one_may_succeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_explain.records.patience._LASTS", 0.0)
    run = tmp_path / "run"
    run.write_text("a file where a directory should be")
    recorder = Recorder(str(run), queue_bytes=100, when_full="block", purge_step=5)
    put(recorder, 0)
    recorder.flush()
    assert recorder.failed == 1
    run.unlink()
    put(recorder, 1)
    recorder.close()
    assert steps_of(run) == [1]
    assert [(found.step, found.failure.tag) for found in index_of(run).failures()] == [(0, "t")]
    entries = [kind for kind in kinds_in(run) if kind == pb.PURGE]
    assert entries == [pb.PURGE], "the purge came with the first record that could be written"


def kinds_in(run: Path) -> list[int]:
    from tb_explain.records.framing import frames

    (index,) = (run / "plugins" / "tb_explain").glob("*.index")
    return [pb.Entry.FromString(found.data).kind for found in frames(index.read_bytes()) if found.data]


def test_close_may_be_repeated_and_ends_the_recorder(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make()
    put(recorder, 1)
    recorder.close()
    recorder.close()
    with pytest.raises(ValueError, match="the writer is closed; make a new ExplainWriter"):
        put(recorder, 2)
    recorder.flush()
    assert steps_of(tmp_path) == [1]
    assert not [thread for thread in threading.enumerate() if thread.name == "tb_explain writer"]


def test_a_failure_after_close_is_only_counted(make: MakeRecorder) -> None:
    recorder = make()
    put(recorder, 1)
    recorder.close()
    recorder.fail("t", 2, "too late")
    assert recorder.failed == 1
    flushing = threading.Thread(target=recorder.flush, daemon=True)
    flushing.start()
    flushing.join(5)
    assert not flushing.is_alive(), "flush waits for what nobody will write"


def test_what_waits_for_room_while_the_writer_closes_is_written_or_refused(tmp_path: Path) -> None:
    for trial in range(30):
        run = tmp_path / str(trial)
        recorder = Recorder(str(run), queue_bytes=10, when_full="block")
        gate = Gate(recorder, 10)
        accepted: list[int] = []

        def wait(step: int, recorder: Recorder = recorder, accepted: list[int] = accepted) -> None:
            try:
                put(recorder, step)
                accepted.append(step)
            except ValueError:
                pass

        threads = [threading.Thread(target=wait, args=(step,)) for step in range(3)]
        for thread in threads:
            thread.start()
        gate.open()
        recorder.close()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
        assert steps_of(run) == sorted(accepted)


def test_memory_returns_after_a_flush(make: MakeRecorder) -> None:
    recorder = make(queue_bytes=1 << 30)
    values = np.zeros(1_000_000)
    gone = weakref.ref(values)
    recorder.put("t", 0, values.nbytes, lambda _, values=values: [])
    del values
    recorder.flush()
    gc.collect()
    until(lambda: gone() is None)  # nothing holds what was written


def test_a_forked_child_writes_a_segment_of_its_own(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make(purge_step=0)
    put(recorder, 1)
    recorder.flush()
    gate = Gate(recorder)  # the parent's thread is at work, and its queue not empty, at the fork
    put(recorder, 2)
    child = os.fork()
    if child == 0:
        try:
            put(recorder, 3)
            recorder.close()
            os._exit(0)
        finally:
            os._exit(1)
    gate.open()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    put(recorder, 4)
    recorder.close()
    assert len(list((tmp_path / "plugins" / "tb_explain").glob("*.index"))) == 2
    assert steps_of(tmp_path) == [1, 2, 3, 4], "the child purges nothing of its parent"


def test_a_forked_child_that_logs_nothing_leaves_the_files_alone(tmp_path: Path, make: MakeRecorder) -> None:
    recorder = make()
    put(recorder, 1)
    recorder.flush()
    child = os.fork()
    if child == 0:
        try:
            recorder.flush()
            recorder.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    put(recorder, 2)
    recorder.close()
    assert steps_of(tmp_path) == [1, 2]


def test_recorders_that_resume_together_purge_the_past_and_not_each_other(tmp_path: Path, make: MakeRecorder) -> None:
    before = make()
    for step in (0, 10, 20):
        put(before, step)
    before.close()
    first, second = make(purge_step=10), make(purge_step=10)
    put(first, 11)
    first.flush()
    put(second, 12)
    second.flush()
    put(first, 13)
    first.flush()
    assert steps_of(tmp_path) == [0, 11, 12, 13]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"when_full": "wait"}, "when_full must be 'block' or 'drop', got 'wait'"),
        ({"queue_bytes": 0}, "queue_bytes must be positive, got 0"),
    ],
)
def test_arguments_are_checked(make: MakeRecorder, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make(**arguments)
