"""However a process or a thread ends, what it accepted is on file, unless it was killed: then what a flush had returned for."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from tb_explain import ExplainWriter
from tb_explain.records import Recorder, SegmentWriter
from tests.conftest import until
from tests.faults.helpers import in_child, put, steps_of

MAPS = np.random.default_rng(0).random((4, 7, 7), dtype=np.float32)

# --- Processes -------------------------------------------------------------------------------------------------------

BEGIN = """
import atexit, gc, json, os, signal, sys, threading, time
import numpy as np
from tb_explain import ExplainWriter
from tb_explain.records import patience

maps = np.random.default_rng(0).random((64, 28, 28), dtype=np.float32)

def log(first, last):
    for step in range(first, last):
        writer.add_heatmaps("maps", maps, None, step)

# Each end is one of a fork that has imported torch already, and goes on to the end of this script.
for number, code in enumerate(json.loads(sys.argv[2])):
    if os.fork() == 0:
        run = f"{sys.argv[1]}/{number}"
        for descriptor, name in ((1, "said"), (2, "complaints")):
            os.dup2(os.open(f"{run}.{name}", os.O_WRONLY | os.O_CREAT), descriptor)
        exec(code)
        break
else:
    for _ in range(number + 1):
        os.wait()
    os._exit(0)
"""

# How it ends, and how many steps are on file then; None: those at least that a flush had returned for.
ENDS = {
    "normally": ("writer = ExplainWriter(run); log(0, 60)", 60),
    "by sys.exit in the middle": ("writer = ExplainWriter(run); log(0, 60); sys.exit(3)", 60),
    "with an exception": ("writer = ExplainWriter(run); log(0, 60); raise RuntimeError('the loop fails')", 60),
    "collected without close": ("writer = ExplainWriter(run); log(0, 60); del writer; gc.collect(); os._exit(7)", 60),
    "closed by atexit": ("writer = ExplainWriter(run); log(0, 60); atexit.register(writer.close)", 60),
    "logged to by atexit": ("writer = ExplainWriter(run); atexit.register(lambda: log(0, 60))", 60),
    "interrupted by Ctrl-C": (
        "writer = ExplainWriter(run); log(0, 60); os.kill(os.getpid(), signal.SIGINT); time.sleep(60)", 60,
    ),
    "terminated": (
        "writer = ExplainWriter(run); log(0, 60); writer.flush(); log(60, 90); os.kill(os.getpid(), signal.SIGTERM)",
        None,
    ),
    "terminated, with a handler that exits": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); writer = ExplainWriter(run)\n"
        "log(0, 1); print(0, flush=True)\n"
        "threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "for step in range(1, 100000): writer.add_heatmaps('maps', maps, None, step); print(step, flush=True)", "said",
    ),
    "terminated, with a handler that flushes": (
        "signal.signal(signal.SIGTERM, lambda *_: (writer.flush(), os._exit(6))); writer = ExplainWriter(run, queue_bytes=1000000)\n"
        "log(0, 1); writer.flush(); print(0, flush=True)  # what SummaryWriter is told of a tag is behind it: its lock knows no handlers\n"
        "threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()\n"
        "for step in range(1, 100000): writer.add_heatmaps('maps', maps, None, step); print(step, flush=True)", "said",
    ),
    "with its directory in the way of a file": (
        "patience._LASTS = 0.2; writer = ExplainWriter(run); open(run + '/plugins', 'w').close(); log(0, 60)", 0,
    ),
}  # fmt: skip


def test_every_end_of_a_process_keeps_what_was_accepted(tmp_path: Path) -> None:
    codes = [code for code, _ in ENDS.values()]
    subprocess.run([sys.executable, "-c", BEGIN, str(tmp_path), json.dumps(codes)], check=True, timeout=250)
    for i, (name, (_, kept)) in enumerate(ENDS.items()):
        said, complaints = ((tmp_path / f"{i}.{kind}").read_text() for kind in ("said", "complaints"))
        run = tmp_path / str(i)
        assert ("Traceback" in complaints) == (name in ("with an exception", "interrupted by Ctrl-C")), complaints
        if kept == 0:
            assert complaints.count("explanations cannot be written") == 1, complaints
            continue
        steps = steps_of(run, "maps")
        if kept is None:
            assert len(steps) >= 60, name
            assert steps == list(range(len(steps))), name
        elif kept == "said":  # the one that was being logged may be there, too
            lines = len(said.split())
            assert lines > 0, complaints
            assert steps in (list(range(lines)), list(range(lines + 1))), f"{name}: {lines} were accepted"
        else:
            assert steps == list(range(60)), f"{name}: {complaints}"


class Logging(Dataset[int]):
    """Logs what it loads, in the loader's workers."""

    def __init__(self, writer: ExplainWriter) -> None:
        self._writer = writer

    def __len__(self) -> int:
        return 30

    def __getitem__(self, i: int) -> int:
        self._writer.add_heatmaps("in workers", MAPS, None, i)
        return i


def test_what_the_workers_of_a_dataloader_log_is_kept_when_they_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They end without running what the interpreter would run at exit, while much is still to be written."""
    append = SegmentWriter.append

    def slow(segment: SegmentWriter, records: Any) -> None:
        time.sleep(0.1)
        append(segment, records)

    monkeypatch.setattr(SegmentWriter, "append", slow)
    writer = ExplainWriter(tmp_path)
    for step in range(20):
        writer.add_heatmaps("maps", MAPS, None, step)  # its thread is at work when they are forked
    for _ in DataLoader(Logging(writer), num_workers=2, batch_size=5, multiprocessing_context="fork"):
        writer.add_heatmaps("maps", MAPS, None, 20)
    writer.close()
    assert sorted(steps_of(tmp_path, "in workers")) == list(range(30))
    assert steps_of(tmp_path, "maps") == [*range(20), *[20] * 6]


def test_a_child_of_a_fork_ends_however_it_likes(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path), queue_bytes=1000, when_full="block")
    for step in range(50):
        put(recorder, step)

    def die() -> None:
        put(recorder, 100)
        recorder.flush()
        put(recorder, 101)
        os.kill(os.getpid(), signal.SIGKILL)

    for _ in range(3):
        child = os.fork()
        if child == 0:
            die()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    recorder.close()
    steps = steps_of(tmp_path)
    assert steps[:50] == list(range(50))
    assert steps.count(100) == 3


# --- Threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(str(tmp_path), queue_bytes=200, when_full="block")
    append, calls, threads = Recorder._append, itertools.count(), set()

    def dies(self: Recorder, *batch: Any) -> Any:
        threads.add(threading.current_thread())
        if next(calls) % 3 == 0:
            raise SystemExit
        return append(self, *batch)

    monkeypatch.setattr(Recorder, "_append", dies)
    for step in range(60):
        put(recorder, step)
    recorder.flush()
    assert sum(not thread.is_alive() for thread in threads) > 1, "none has died"
    assert recorder.take_lost() == (0, "")
    assert steps_of(tmp_path) == list(range(60))
    recorder.close()


def test_a_record_that_ends_its_thread_costs_itself_alone(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path), queue_bytes=1000, when_full="block")

    def ends(_: SegmentWriter) -> Any:
        raise SystemExit

    for step in range(5):
        recorder.put("bad", step, 10, ends)
        put(recorder, step)
    recorder.flush()
    assert recorder.take_lost().explanations == 5
    recorder.close()
    assert steps_of(tmp_path) == list(range(5))


def test_without_a_thread_whoever_waits_does_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be too many, and at the end of the interpreter none can be started."""

    def cannot(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    recorder = Recorder(str(tmp_path), queue_bytes=50, when_full="block")
    monkeypatch.setattr(threading.Thread, "start", cannot)
    for step in range(30):
        put(recorder, step)
    recorder.flush()
    assert steps_of(tmp_path) == list(range(30))
    monkeypatch.undo()
    put(recorder, 30)
    until(lambda: not recorder._jobs)
    recorder.close()
    assert steps_of(tmp_path) == list(range(31))


def test_a_close_that_is_interrupted_leaves_nothing_hanging(tmp_path: Path) -> None:
    def log() -> Any:
        recorder = Recorder(str(tmp_path), queue_bytes=1 << 20, when_full="block")
        gate = threading.Event()
        recorder.put("slow", 0, 10, lambda _: [] * gate.wait(30))
        put(recorder, 1)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        interrupted = False
        try:
            recorder.close()
        except KeyboardInterrupt:
            interrupted = True
        gate.set()
        recorder.close()
        return interrupted

    started = time.monotonic()
    assert in_child(log) is True, f"after {time.monotonic() - started:.1f} s"
    assert steps_of(tmp_path) == [1]
