"""The process that reduces: takes jobs from a directory, oldest first, logs them in a segment of its own, says what became of each."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import queue
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import IO

from tb_explain.projections import jobs
from tb_explain.projections.alignment import Layout
from tb_explain.projections.jobs import Job
from tb_explain.projections.neighbours import Metric
from tb_explain.projections.pace import give_way
from tb_explain.projections.quality import displacement
from tb_explain.projections.record import record_of
from tb_explain.projections.reducers import UMAP
from tb_explain.projections.reduction import given, reduce
from tb_explain.records import Origin, Record, SegmentWriter, open_segment
from tb_explain.records import explain_pb2 as pb

_ASK_AFTER = 5.0  # seconds: whether the parent is still there


def main(directory: str, spool: str, parent: int, origin: tuple[float, str, int] | None = None) -> None:
    """Work until the process `parent` says that there is no more to come, or is gone."""
    # Its pipe ends when the parent does, however that may be; until then a Ctrl-C is not meant for this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_way(os.getpid())
    # What libraries print must not come between what is said to the parent.
    to_parent = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    written_by = None if origin is None else Origin(*origin)
    Worker(directory, Path(spool), to_parent, _Parent(parent), written_by).run()


class Worker:
    """Reduces and logs the jobs in a directory."""

    def __init__(
        self, directory: str, spool: Path, to_parent: IO[str], parent: _Parent, origin: Origin | None = None
    ) -> None:
        self._directory = directory
        self._spool = spool
        self._to_parent = to_parent
        self._parent = parent
        self._origin = origin
        self._segment: SegmentWriter | None = None
        self._layouts: dict[str, Layout] = {}  # by tag: what the next step is held to

    def run(self) -> None:
        """Until there is no more to come."""
        while (path := self._oldest()) or self._parent.waits():
            if path:
                self._do(path)
        if self._segment is not None:
            self._segment.sync()
            self._segment.close()
        shutil.rmtree(self._spool, ignore_errors=True)

    def _oldest(self) -> Path | None:
        return min(self._spool.glob("*.job"), default=None)

    def _do(self, path: Path) -> None:
        job: Job | None = None
        measures: dict[str, float] = {}
        failure = detail = ""
        try:
            job = jobs.read(path)
            measures = self._log(job)
        except Exception as error:
            failure, detail = f"{type(error).__name__}: {error}", traceback.format_exc()
            if isinstance(error, OSError) and self._segment is not None:  # its files may be gone, or beyond repair
                self._segment.abandon()
                self._segment = None
        with contextlib.suppress(OSError):
            path.unlink()
        said = {"job": int(path.stem), "measures": measures, "failure": failure, "detail": detail}
        with contextlib.suppress(OSError):
            print(json.dumps(said), file=self._to_parent, flush=True)
        if failure and job is not None and self._parent.is_gone():
            self._log_failure(job, failure, detail)

    def _log(self, job: Job) -> dict[str, float]:
        tag, ids = job.series.tag, job.rows.ids
        layout = None
        before = self._layouts.get(tag)
        if job.positions is not None:
            placed = given(job.positions, job.features)
        elif job.reducer is not None and job.features is not None:
            placed, layout = reduce(job.reducer, job.features, ids, job.rows.labels, before)
        else:
            raise ValueError("there is nothing to reduce: neither positions nor features with a reducer")
        if before is not None:
            moved = displacement((before.ids, before.positions), (ids, placed.positions))
            placed = dataclasses.replace(placed, measures={**placed.measures, "displacement": moved})
        metric: Metric = job.reducer.metric if isinstance(job.reducer, UMAP) else "cosine"
        segment = self._open()
        records, measures = record_of(
            segment, job.series, job.step, job.wall_time, job.rows, placed, job.features, metric
        )
        segment.append(records)
        if layout is not None:
            self._layouts[tag] = layout
        return measures

    def _log_failure(self, job: Job, failure: str, detail: str) -> None:
        said = pb.Failure(tag=job.series.tag, message=failure, detail=detail)
        entry = pb.Entry(kind=pb.FAILURE, step=job.step, wall_time=time.time(), failure=said)
        with contextlib.suppress(OSError):
            self._open().append([Record(entry, b"")])

    def _open(self) -> SegmentWriter:
        if self._segment is None:
            if self._directory.startswith("memory://"):
                raise OSError(
                    "memory:// is one process's own: projections, which are reduced in another, cannot be logged there"
                )
            # It belongs to the time of its writer: one that resumes the run meanwhile hides what it says from there on, however late.
            made = time.time() if self._origin is None else self._origin.made
            self._segment = open_segment(self._directory, made, self._origin)
        return self._segment


class _Parent:
    """What the parent says on standard input: a line when there is a new job, and `quit`."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._done = False
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def is_gone(self) -> bool:
        """Whether it has ended. A child that it has forked may live on, with its ends of the pipes."""
        return os.getppid() != self._pid

    def waits(self) -> bool:
        """Wait for a line; False when no further job will come."""
        if self._done:
            return False
        try:
            self._done = self._lines.get(timeout=_ASK_AFTER) in (b"", b"quit\n")
        except queue.Empty:
            self._done = self.is_gone()
        return True  # look once more

    def _listen(self) -> None:
        line = b"job\n"
        while line:
            line = sys.stdin.buffer.readline()
            self._lines.put(line)
