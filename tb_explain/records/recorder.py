"""A background thread that encodes and appends records, behind a queue bounded in bytes."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.segment import Origin, Record, SegmentWriter, moment_in

_log = logging.getLogger("tb_explain")

# Appended together. Each write and each CRC lets the main thread run, so a larger batch costs it fewer interruptions;
# a smaller one frees room in the queue sooner.
_BATCH_BYTES = 4 << 20
_BATCH_JOBS = 64

_LONGEST_TEXT = 20_000  # characters of each text of a FAILURE entry

Encode: TypeAlias = Callable[[SegmentWriter], list[Record]]
"""Makes a record, and before it what it refers to. Whatever can fail comes before the first call on the segment, which counts on
what it handed out being appended."""


def _failure(tag: str, step: int, message: str, detail: str = "", *, dropped: bool = False) -> pb.Entry:
    failure = pb.Failure(tag=_text(tag), message=_text(message), detail=_text(detail), dropped=dropped)
    return pb.Entry(kind=pb.FAILURE, step=step, wall_time=time.time(), failure=failure)


def _text(text: str) -> str:
    """What an entry can hold of it: messages may quote anything, such as undecodable file names or whole arrays."""
    return text[:_LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")


class _Job(NamedTuple):
    tag: str
    step: int
    encode: Encode
    size: int


class Recorder:
    """Accepts work in any thread; what `put` returned True for is on file when `flush` returns.

    The segment's files are made with the first record. After a fork the child writes a segment of its own.
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
        self._queue_bytes = queue_bytes
        self._when_full = when_full
        self._purge_step = purge_step
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._pid = os.getpid()
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._bytes = 0  # accepted and not yet on file
        self._unreported: list[pb.Entry] = []
        self._segment: SegmentWriter | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, tag: str, step: int, size: int, encode: Encode) -> bool:
        """Queue one record of about `size` bytes; `encode` makes it, in the background. False: dropped, the queue is full.

        With `when_full="block"` waits for room. A record larger than the whole queue is taken when the queue is empty.
        Raises ValueError after `close`.
        """
        if os.getpid() != self._pid:
            self._start_afresh()
        with self._changed:
            while not self._closed and self._bytes and self._bytes + size > self._queue_bytes:
                if self._when_full == "drop":
                    self._count_dropped(tag, step)
                    return False
                self._changed.wait()
            if self._closed:
                raise ValueError("the writer is closed; make a new ExplainWriter to log more")
            self._jobs.append(_Job(tag, step, encode, size))
            self._bytes += size
            self._wake()
        return True

    def fail(self, tag: str, step: int, message: str, detail: str = "") -> None:
        """Record an explanation that could not be made; after `close`, only count it."""
        if os.getpid() != self._pid:
            self._start_afresh()
        with self._changed:
            self.failed += 1
            if not self._closed:
                self._unreported.append(_failure(tag, step, message, detail))
                self._wake()

    def drop(self, tag: str, step: int) -> None:
        """Record an explanation that another queue had no room for."""
        if os.getpid() != self._pid:
            self._start_afresh()
        with self._changed:
            self._count_dropped(tag, step)
            self._wake()

    def _count_dropped(self, tag: str, step: int) -> None:
        self.dropped += 1
        self._unreported.append(_failure(tag, step, "dropped: the queue was full", dropped=True))

    def flush(self) -> None:
        """Wait until everything accepted is with the operating system."""
        if os.getpid() != self._pid:
            return  # a forked child that has accepted nothing; the lock it inherited may be held by a thread that it did not
        with self._changed:
            self._changed.wait_for(lambda: not self._bytes and not self._unreported)

    def close(self) -> None:
        """Flush, stop the thread, close the files. Harmless when repeated."""
        if os.getpid() != self._pid:
            return
        self.flush()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        if self._segment is not None:
            self._segment.sync()
            self._segment.close()
            self._segment = None

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tb_explain writer", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while self._write_batch():
            pass

    def _write_batch(self) -> bool:
        """Wait for something to write and write it; returns False when closed. Its jobs, and what they hold, go with its frame."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._unreported or self._closed)
            if not self._jobs and not self._unreported:
                return False
            jobs = self._next_batch()
            reports = list(self._unreported)
        self._append(jobs, reports)
        with self._changed:
            self._bytes -= sum(job.size for job in jobs)
            del self._unreported[: len(reports)]
            self._changed.notify_all()
        return True

    def _next_batch(self) -> list[_Job]:
        jobs: list[_Job] = []
        size = 0
        while self._jobs and len(jobs) < _BATCH_JOBS and (not jobs or size + self._jobs[0].size <= _BATCH_BYTES):
            jobs.append(self._jobs.popleft())
            size += jobs[-1].size
        return jobs

    def _append(self, jobs: list[_Job], reports: list[pb.Entry]) -> None:
        try:
            segment = self._open_segment()
            records = [Record(report, b"") for report in reports]
            for job in jobs:
                try:
                    records += job.encode(segment)
                except Exception as error:
                    _log.exception("%s at step %d could not be encoded", job.tag, job.step)
                    failure = _failure(job.tag, job.step, f"could not be encoded: {error}", traceback.format_exc())
                    records.append(Record(failure, b""))
                    self.failed += 1
            segment.append(records)
        except Exception as error:  # whatever it is, this thread must live: flush waits for it
            self.failed += len(jobs)
            _log.error("%d explanations could not be written to %s: %s", len(jobs), self._directory, error)

    def _open_segment(self) -> SegmentWriter:
        if self._segment is None:
            self._segment = SegmentWriter(self._directory, time.time(), self._origin)
        if self._purge_step is not None:
            self._segment.append(
                [Record(pb.Entry(kind=pb.PURGE, step=self._purge_step, wall_time=self._origin.made), b"")]
            )
            self._purge_step = None
        return self._segment
