"""A background thread that encodes and appends records, behind a queue bounded in bytes."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
import traceback
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from multiprocessing import util
from typing import Literal, NamedTuple, TypeAlias

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.failures import Failures, failure
from tb_explain.records.patience import Patience
from tb_explain.records.remote import is_remote
from tb_explain.records.rolling import open_segment
from tb_explain.records.segment import Origin, Record, SegmentWriter, moment_in

_log = logging.getLogger("tb_explain")

# Appended together. Each write and each CRC lets the main thread run, so a larger batch costs it fewer interruptions;
# a smaller one frees room in the queue sooner.
_BATCH_BYTES = 4 << 20
_BATCH_JOBS = 64

# Of an address each batch becomes a segment of its own, when there is as much (before it is encoded), as old, or when somebody waits.
_ROLL_BYTES = 64 << 20
_ROLL_JOBS = 4096
_ROLL_SECONDS = 30.0

_LOOK = 1.0  # seconds after which whoever waits for the thread looks whether it still lives

Encode: TypeAlias = Callable[[SegmentWriter], list[Record]]
"""Makes a record, and before it what it refers to. Whatever can fail comes before the first call on the segment, which counts on
what it handed out being appended. It is called again when the disk has refused what it made."""


class Lost(NamedTuple):
    """How many explanations were accepted and are not on file, and why, in a sentence; 0 and nothing: all are."""

    explanations: int
    why: str


class _Job(NamedTuple):
    tag: str
    step: int
    encode: Encode
    size: int


class _Attempt(NamedTuple):
    """What became of a batch."""

    reported: int  # so many of the reports are on file
    done: int  # and so many of the jobs, those included that could not be encoded:
    unencoded: dict[int, BaseException]  # by their place in the batch
    error: Exception | None  # why the others are not


class Recorder:
    """Accepts work in any thread; what `put` returned True for is on file when `flush` returns, or `take_lost` tells of it.

    The segment's files are made with the first record, and others when these cannot be written any more. After a fork the child
    writes a segment of its own. Nothing here raises because of the disk: what is lost is logged, counted, and reported in the run
    as soon as the disk takes a report.
    """

    def __init__(
        self,
        run_directory: str,
        *,
        queue_bytes: int,
        when_full: Literal["block", "drop"],
        purge_step: int | None = None,
        origin: Origin | None = None,
    ) -> None:
        if when_full not in ("block", "drop"):
            raise ValueError(f"when_full must be 'block' or 'drop', got {when_full!r}")
        if queue_bytes <= 0:
            raise ValueError(f"queue_bytes must be positive, got {queue_bytes}")
        self.failed = 0
        self.dropped = 0
        self._origin = origin or Origin(moment_in(run_directory), secrets.token_hex(6), 0)
        self._directory = run_directory
        self._rolls = is_remote(run_directory)
        self._queue_bytes = queue_bytes
        self._when_full = when_full
        self._purge_step = purge_step
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()  # accepted, neither on file nor given up
        self._bytes = 0  # of them
        self._failures = Failures()
        self._lost = Lost(0, "")
        self._unconfirmed = 0  # explanations on file since the last flush
        self._patience = Patience(far=self._rolls)
        self._segment: SegmentWriter | None = None
        self._thread: threading.Thread | None = None
        self._opened = self._origin.made
        self._closed = False
        self._waiting = 0  # calls that wait for the thread
        self._starting = False  # a thread: a signal handler that comes meanwhile starts no other
        self._writing = 0  # the thread that writes a batch; 0: none

    def _follow_fork(self) -> None:
        if os.getpid() != self._pid:
            self._start_afresh()
            # The processes of multiprocessing, such as a DataLoader's workers, end without the interpreter's own farewell.
            util.Finalize(None, self.close, exitpriority=100)

    def put(self, tag: str, step: int, size: int, encode: Encode) -> bool:
        """Queue one record of about `size` bytes; `encode` makes it, in the background. False: dropped, the queue is full.

        With `when_full="block"` waits for room. A record larger than the whole queue is taken when the queue is empty.
        Raises ValueError after `close`.
        """
        self._follow_fork()
        with self._changed:
            while not self._closed and self._jobs and self._bytes + size > self._queue_bytes:
                if self._when_full == "drop":
                    self._count_dropped(tag, step)
                    return False
                if not self._wait():
                    break
            if self._closed:
                raise ValueError("the writer is closed; make a new ExplainWriter to log more")
            self._jobs.append(_Job(tag, step, encode, size))
            self._bytes += size
            self._wake()
        return True

    def fail(self, tag: str, step: int, message: str, detail: str = "") -> None:
        """Record an explanation that could not be made; after `close`, only count it."""
        self._follow_fork()
        with self._changed:
            self.failed += 1
            if not self._closed:
                self._failures.add(failure(tag, step, message, detail))
                self._wake()

    def drop(self, tag: str, step: int) -> None:
        """Record an explanation that another queue had no room for."""
        self._follow_fork()
        with self._changed:
            self._count_dropped(tag, step)
            self._wake()

    def _count_dropped(self, tag: str, step: int) -> None:
        self.dropped += 1
        if not self._closed:
            self._failures.add(failure(tag, step, "dropped: the queue was full", dropped=True))

    def flush(self) -> None:
        """Wait until everything accepted is with the operating system, or is lost."""
        if os.getpid() != self._pid:
            return  # a forked child that has accepted nothing; the lock it inherited may be held by a thread that it did not
        with self._changed:
            while self._jobs or (self._failures and not self._patience.refusals and not self._closed):
                if not self._wait():
                    return
            if self._unconfirmed and self._segment is not None and self._segment.is_deleted():
                self._leave_segment()
            self._unconfirmed = 0

    def take_lost(self) -> Lost:
        """What was lost since the last call. Complete after `flush` or `close`."""
        if os.getpid() != self._pid:
            return Lost(0, "")
        with self._changed:
            lost, self._lost = self._lost, Lost(0, "")
        return lost

    def close(self) -> None:
        """Flush, stop the thread, close the files. Harmless when repeated."""
        if os.getpid() != self._pid:
            return
        self.flush()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            # Not joined: a signal handler that closes may have interrupted who holds the lock, which waiting alone gives up.
            while self._thread is not None and self._thread.is_alive():
                self._changed.wait(_LOOK)
        if self._failures:
            self._write_batch()
        segment, self._segment = self._segment, None
        if segment is not None:
            try:
                segment.sync()
                segment.close()
            except OSError as error:
                self._lose(0, f"explanations in {self._directory} may not have reached the disk: {error}")
                _log.error("%s", self._lost.why)
                segment.abandon()

    def _wake(self) -> None:
        if not self._starting and (self._thread is None or not self._thread.is_alive()):
            self._starting = True
            thread = threading.Thread(target=self._run, name="tb_explain writer", daemon=True)
            try:
                thread.start()
                self._thread = thread
            except RuntimeError:  # there are too many, or the interpreter is ending: whoever waits does the work
                return
            finally:
                self._starting = False
        self._changed.notify_all()

    def _wait(self) -> bool:
        """Let the thread get on with it. The lock is held. False: nobody can, for a signal handler asks, and what it has interrupted is
        its own thread's writing of a batch.
        """
        if self._writing == threading.get_ident():
            return False
        self._waiting += 1
        try:
            self._wake()
            if self._thread is not None and self._thread.is_alive():
                self._changed.wait(_LOOK)
            else:
                self._write_batch()
        finally:
            self._waiting -= 1
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._failures or self._closed)
                if not self._jobs and (self._closed or not self._failures):
                    self._thread = None
                    self._changed.notify_all()
                    return
                if self._rolls:
                    self._changed.wait_for(self._is_pressing, _ROLL_SECONDS)
            self._write_batch()

    def _is_pressing(self) -> bool:
        return self._closed or self._waiting > 0 or self._bytes >= min(_ROLL_BYTES, self._queue_bytes // 2)

    def _write_batch(self) -> None:
        """Write what comes next. Jobs leave the queue when that is done, so that none goes with a thread that dies."""
        with self._changed:
            if self._writing:
                self._changed.wait(_LOOK)
                return
            self._writing = threading.get_ident()
        try:
            self._write_next()
        finally:
            with self._changed:
                self._writing = 0
                self._changed.notify_all()

    def _write_next(self) -> None:
        with self._changed:
            jobs = self._next_batch()
            reports = self._failures.oldest()
        attempt = self._append(jobs, reports)
        with self._changed:
            self._failures.written(reports[: attempt.reported])
            for place, error in attempt.unencoded.items():
                if place < attempt.done:
                    why = f"{jobs[place].tag} at step {jobs[place].step} could not be encoded: {error}"
                    self._lose(1, why)
                    _log.error("%s", why, exc_info=error)
                    self._unconfirmed -= 1
            self._unconfirmed += attempt.done
            self._forget(attempt.done)
            if attempt.error is not None:
                self._refuse(attempt.error, jobs[attempt.done :])
            elif self._patience.accepted():
                _log.warning("explanations are written to %s again; %d have failed", self._directory, self.failed)

    def _next_batch(self) -> list[_Job]:
        """One alone after the disk has refused something: it may take the small ones."""
        jobs: list[_Job] = []
        size = 0
        most_jobs, most_bytes = (_ROLL_JOBS, _ROLL_BYTES) if self._rolls else (_BATCH_JOBS, _BATCH_BYTES)
        for job in self._jobs:
            if jobs and (self._patience.refusals or len(jobs) == most_jobs or size + job.size > most_bytes):
                break
            jobs.append(job)
            size += job.size
        return jobs

    def _forget(self, done: int) -> None:
        for _ in range(done):
            self._bytes -= self._jobs.popleft().size
        self._changed.notify_all()

    def _append(self, jobs: list[_Job], reports: list[pb.Entry]) -> _Attempt:
        records = [Record(report, b"") for report in reports]
        ends: list[int] = []  # of each job's records
        unencoded: dict[int, BaseException] = {}
        try:
            segment = self._open_segment()
            for job in jobs:
                try:
                    records += job.encode(segment)
                except BaseException as error:  # whatever it is, this thread must live: flush waits for it
                    unencoded[len(ends)] = error
                    detail = "".join(traceback.format_exception(error))
                    records.append(Record(failure(job.tag, job.step, f"could not be encoded: {error}", detail), b""))
                ends.append(len(records))
            segment.append(records)
        except Exception as error:
            written = getattr(error, "written", 0)
            if self._segment is not None and not self._segment.can_go_on(error):
                self._leave_segment()
            return _Attempt(min(written, len(reports)), bisect_right(ends, written) if written else 0, unencoded, error)
        return _Attempt(len(reports), len(jobs), unencoded, None)

    def _open_segment(self) -> SegmentWriter:
        if self._segment is None:
            # Segments are ordered by when they were made, also when the clock was set back in the meantime.
            self._opened = max(time.time(), self._opened + 0.001)
            self._segment = open_segment(self._directory, self._opened, self._origin)
        if self._purge_step is not None:
            self._segment.append(
                [Record(pb.Entry(kind=pb.PURGE, step=self._purge_step, wall_time=self._origin.made), b"")]
            )
            self._purge_step = None
        return self._segment

    def _leave_segment(self) -> None:
        """Have the next record begin another segment."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        if segment.is_deleted():
            why = f"{self._unconfirmed} explanations were deleted with the files they were written to, {segment.path}.*"
            _log.error("%s; the next ones go into new files", why)
            self._lose(self._unconfirmed, why)
            self._unconfirmed = 0
        segment.abandon()

    def _refuse(self, error: Exception, jobs: list[_Job]) -> None:
        """Give up, or pause before the next attempt. Of several jobs it is made with one alone, at once."""
        if self._patience.refused():
            _log.error(
                "explanations cannot be written to %s: %s; trying for %g s, then those that come are lost, and counted",
                self._directory, error, self._patience.lasts, exc_info=None if isinstance(error, OSError) else error,
            )  # fmt: skip
        if len(jobs) > 1:
            return
        if jobs and (self._closed or self._patience.is_over or not isinstance(error, OSError)):
            why = f"could not be written: {error}"
            self._failures.add(failure(jobs[0].tag, jobs[0].step, why))
            self._lose(1, f"{jobs[0].tag} at step {jobs[0].step} {why}")
            self._forget(1)
            return
        until = time.monotonic() + self._patience.pause
        while (left := until - time.monotonic()) > 0 and not self._closed:
            if self._jobs and self._patience.is_over:  # only reports waited, and jobs do so no longer
                return
            self._changed.wait(left)

    def _lose(self, count: int, why: str) -> None:
        self.failed += count
        self._lost = Lost(self._lost.explanations + count, self._lost.why or why)
