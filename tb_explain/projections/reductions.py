"""The training process's handle on the process that reduces: hands over jobs, passes on what became of them."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from tb_explain.projections import jobs
from tb_explain.projections.jobs import Job
from tb_explain.projections.pace import give_way, keep_up
from tb_explain.records import Origin
from tb_explain.records.remote import is_remote

_log = logging.getLogger("tb_explain")

_START = "import sys; sys.path[:] = {path!r}; from tb_explain.projections.worker import main; main({directory!r}, {spool!r}, {pid}, {origin!r})"
_ONE_THREAD = (
    "LOKY_MAX_CPU_COUNT", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
_LOG_TAIL = 4000  # characters of what a worker said before it died
_TALK_AFTER = 1.0  # seconds of waiting, on a terminal;
_LOG_AFTER = 20.0  # elsewhere, once


class Outcome(NamedTuple):
    """What became of a job."""

    tag: str
    step: int
    wall_time: float
    measures: dict[str, float]  # such as "trustworthiness"; scalars to be logged
    failure: str = ""  # why nothing was logged, in a sentence; empty: all is well
    detail: str = ""  # a traceback


class _Pending(NamedTuple):
    tag: str
    step: int
    wall_time: float
    size: int


class Reductions:
    """Reduces and logs in a process of its own, which finishes what it was handed whatever becomes of this one.

    The process is started with the first job and runs on one core, at the lowest priority as long as nobody waits for it. A job is a file in a temporary directory
    when `put` returns, so no buffer of this process holds it. A worker that dies costs the job that it was at, and a new one goes on
    with the next. After a fork the child has a worker of its own.

    Args:
        run_directory: where the worker writes a segment.
        report: called with each outcome, in a thread of this process, before `flush` returns.
        queue_bytes: how much may wait, on disk.
        when_full: what `put` does beyond that: "block" waits, "drop" discards and counts.
        origin: what the worker's segment says about who wrote it.
    """

    def __init__(
        self,
        run_directory: str | os.PathLike[str],
        report: Callable[[Outcome], None],
        *,
        queue_bytes: int = 1 << 30,
        when_full: Literal["block", "drop"] = "block",
        origin: Origin | None = None,
    ) -> None:
        self.dropped = 0
        directory = os.fspath(run_directory)
        self._directory = directory if is_remote(directory) else os.path.abspath(directory.removeprefix("file://"))
        self._report = report
        self._queue_bytes = queue_bytes
        self._when_full = when_full
        self._origin = origin
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}  # by number, oldest first
        self._spool: Path | None = None
        self._worker: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._handing_over = 0  # the thread that is at it; 0: none

    def put(self, job: Job) -> bool:
        """Hand a job over; nobody keeps its arrays. False: dropped, too much is waiting. Raises ValueError after `close`, and OSError
        when the temporary directory is full.
        """
        if os.getpid() != self._pid:
            self._start_afresh()
        size = jobs.size(job)
        with self._changed:
            while not self._closed and self._pending and self._waiting() + size > self._queue_bytes:
                if self._when_full == "drop":
                    self.dropped += 1
                    return False
                self._changed.wait()
            if self._closed:
                raise ValueError("the writer is closed; make a new ExplainWriter to log more")
            if self._spool is None:
                self._spool = Path(tempfile.mkdtemp(prefix="tb_explain-"))
            self._handing_over = threading.get_ident()
            try:
                self._hand_over(job, size, self._spool)
            finally:
                self._handing_over = 0
        return True

    def _hand_over(self, job: Job, size: int, spool: Path) -> None:
        number = next(self._numbers)
        jobs.write(job, _file_of(spool, number))
        self._pending[number] = _Pending(job.series.tag, job.step, job.wall_time, size)
        if self._worker is not None:
            _tell(self._worker, b"job\n")
        elif len(self._pending) == 1:  # otherwise a worker has just died, and its listener sees to it
            try:
                self._start()
            except OSError:
                del self._pending[number]
                _file_of(spool, number).unlink(missing_ok=True)
                raise

    def flush(self) -> None:
        """Wait until everything handed over is logged or has failed; meanwhile the worker need not give way. What it waits for is said on
        a terminal soon, and in the log when that takes long.
        """
        if os.getpid() != self._pid:
            return  # a forked child that has handed over nothing
        if self._handing_over == threading.get_ident():
            return  # a signal handler: the worker that it would wait for may not have been started yet
        try:
            self._await_jobs()
        finally:
            self._pace(give_way)

    def _await_jobs(self) -> None:
        started, spoke = time.monotonic(), False
        on_terminal = sys.stderr is not None and sys.stderr.isatty()
        with self._changed:
            while self._pending:
                self._pace(keep_up)  # now and then: it gives way itself when it starts
                self._changed.wait(1)
                waited = time.monotonic() - started
                if self._pending and on_terminal and waited > _TALK_AFTER:
                    spoke = True
                    _say(f"tb_explain: {self._to_do()} (Ctrl-C: they are finished in the background)")
                elif self._pending and not spoke and waited > _LOG_AFTER:
                    spoke = True
                    _log.warning("waiting for projections: %s", self._to_do())
        if spoke and on_terminal:
            _say("")

    def _pace(self, change: Callable[[int], None]) -> None:
        worker = self._worker
        if worker is not None and worker.returncode is None:
            change(worker.pid)

    def close(self) -> None:
        """Flush, and end the worker. Harmless when repeated."""
        if os.getpid() != self._pid:
            return
        try:
            if self._handing_over != threading.get_ident():
                self._await_jobs()
        except BaseException:  # whoever does not want to wait has it finished in the background
            self._pace(give_way)
            raise
        with self._changed:
            if self._closed:
                return  # perhaps by a signal handler that has interrupted the first call
            self._closed = True
            worker, spool = self._worker, self._spool
            self._changed.notify_all()
        if worker is not None:
            self._pace(keep_up)
            _tell(worker, b"quit\n")
            worker.wait()
        if spool is not None:
            shutil.rmtree(spool, ignore_errors=True)

    def _waiting(self) -> int:
        return sum(pending.size for pending in self._pending.values())

    def _to_do(self) -> str:
        first = next(iter(self._pending.values()))
        more = f", and {len(self._pending) - 1} more to do" if len(self._pending) > 1 else ""
        return f"reducing {first.tag} of step {first.step}{more}"

    def _start(self) -> None:
        """Start a worker, and a thread that listens to it. Raises OSError."""
        assert self._spool is not None
        origin = None if self._origin is None else tuple(self._origin)
        start = _START.format(
            path=sys.path, directory=self._directory, spool=str(self._spool), pid=self._pid, origin=origin
        )
        with (self._spool / "log").open("wb") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-c", start],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
                # What a terminal sends to its processes, Ctrl-C above all, is for this one to decide about.
                start_new_session=True,
            )
        listener = threading.Thread(
            target=self._listen, args=(self._worker,), name="tb_explain reductions", daemon=True
        )
        try:
            listener.start()
        except RuntimeError as error:  # there are too many threads: what nobody listens to is not waited for
            self._worker.kill()
            self._worker.communicate()
            self._worker = None
            raise OSError(f"no thread can be started to listen to it: {error}") from error

    def _listen(self, worker: subprocess.Popen[bytes]) -> None:
        """Pass on what a worker says until it ends; if it did so before its time, blame the job that it was at."""
        assert worker.stdout is not None
        for line in worker.stdout:
            said = json.loads(line)
            self._done(said["job"], said["measures"], said["failure"], said["detail"])
        status = worker.wait()
        with self._changed:
            self._worker = None
            at = next(iter(self._pending), None)
        if at is not None:
            said = _end_of(self._spool / "log") if self._spool is not None else ""
            self._done(at, {}, f"the process that reduces {_ended(status, said)}", said)
        self._go_on()

    def _go_on(self) -> None:
        """Have a new worker do what an earlier one left undone."""
        while True:
            with self._changed:
                at = next(iter(self._pending), None)
                if at is None or self._worker is not None:
                    return
                try:
                    self._start()
                    return
                except OSError as error:
                    failure = f"the process that reduces cannot be started: {error}"
            self._done(at, {}, failure, "")

    def _done(self, number: int, measures: dict[str, float], failure: str, detail: str) -> None:
        """Report what became of a job, then forget it."""
        job = self._pending[number]
        if self._spool is not None:
            _file_of(self._spool, number).unlink(missing_ok=True)
        try:
            self._report(Outcome(job.tag, job.step, job.wall_time, measures, failure, detail))
        except Exception:  # this thread must live: flush waits for it
            _log.exception("%s at step %d was reduced, but what was measured could not be logged", job.tag, job.step)
        with self._changed:
            del self._pending[number]
            self._changed.notify_all()


def _file_of(spool: Path, number: int) -> Path:
    """Named so that the worker finds the oldest first."""
    return spool / f"{number:09d}.job"


def _ended(status: int, said: str) -> str:
    if status < 0:
        killed = f"was killed by signal {-status}"
        return f"{killed}; perhaps memory ran out" if -status == signal.SIGKILL else killed
    last = said.strip().rpartition("\n")[2]
    return f"ended with exit status {status}" + (f": {last}" if last else "")


def _end_of(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-_LOG_TAIL:]
    except OSError:
        return ""


def _say(line: str) -> None:
    sys.stderr.write(f"\r\x1b[K{line}")
    sys.stderr.flush()


def _tell(worker: subprocess.Popen[bytes], line: bytes) -> None:
    """That a worker has just died is noticed by the thread that listens to it."""
    assert worker.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        worker.stdin.write(line)
        worker.stdin.flush()
