"""ExplainWriter: torch's SummaryWriter plus the verbs that log explanations."""

from __future__ import annotations

import logging
import os
import threading
import traceback
import weakref
from collections.abc import Iterable
from contextlib import nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from tb_explain import payloads, quality
from tb_explain.declared import as_time
from tb_explain.event_file import is_interrupted, name_shortcomings, revive, tolerated
from tb_explain.marks import Marks
from tb_explain.records import DIRECTORY, Origin, Recorder, moment_in
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.remote import is_remote
from tb_explain.reducing import Reducing

try:
    from torch.utils.tensorboard import SummaryWriter

    from tb_explain.explaining import Explaining
    from tb_explain.ranks import this_process
except ImportError as error:
    raise ImportError('logging explanations needs PyTorch: pip install "tb-explain[train]"') from error

if TYPE_CHECKING:
    from tb_explain.projections.jobs import Job

_log = logging.getLogger("tb_explain")


class ExplainWriter(SummaryWriter, Explaining):
    """A SummaryWriter that also logs explanations; every `add_*` of SummaryWriter works as before.

    Encoding and writing happen on a background thread. Leaving a `with` block, `close`, and the interpreter's exit (an
    exception in the loop included) write everything that was accepted; what `flush` returned for survives a kill. In a forked
    child explanations are logged as in its parent, but no summaries, as with SummaryWriter: their thread did not come along.
    Projections are reduced in a process of their own, which `flush` and `close` wait for; it finishes its work if this one is killed.
    Signal handlers may call both. What they interrupt in the middle of a summary they do not wait for: summaries and projections are then
    written when the loop goes on or the interpreter ends, explanations at once.

    Ranks of a distributed job share a directory, each with a writer of its own. Marks and scalars of explanations are rank 0's. What other
    ranks log themselves by `add_scalar` and its like becomes a run beside, `<log_dir>/rank1`, since a directory can have one event file
    that is being written; without it they have none. A writer cannot be sent to another process.

    Args:
        log_dir, comment, purge_step, max_queue, flush_secs, filename_suffix: as SummaryWriter's. `purge_step` hides earlier
            explanations from that step on, too.
        strict: raise what fails in `explain` instead of logging, counting and showing it.
        when_full: what a verb does when the queue is full: "block" waits, "drop" discards and counts.
        queue_bytes: size of the queue.
    """

    _other: SummaryWriter | None = None  # whose event file this one writes to

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        *,
        strict: bool = False,
        when_full: Literal["block", "drop"] = "block",
        queue_bytes: int = 256 << 20,
    ) -> None:
        self._pid = os.getpid()
        self._process = this_process()
        self._made = False
        self._file_writers: list[Any] = []  # its own, to be flushed in the end
        where = os.fspath(log_dir) if log_dir else self._process.log_dir(comment)
        super().__init__(where, comment, purge_step, max_queue, flush_secs, filename_suffix)
        name_shortcomings(self.log_dir)
        self._strict = strict
        origin = Origin(moment_in(self.log_dir), self._process.session(), self._process.rank)
        resumes = purge_step is not None and (
            is_remote(self.log_dir) or os.path.isdir(os.path.join(self.log_dir, DIRECTORY))
        )
        self._recorder = Recorder(
            self.log_dir, queue_bytes=queue_bytes, when_full=when_full, purge_step=purge_step, origin=origin
        )
        if resumes:  # what is hidden is so at once, not only when something takes its place
            self._recorder.put("", 0, 1, lambda segment: [])
        self._said: set[tuple[str, type[Exception]]] = set()  # failures that are in the log
        self._schedules = {}
        self._drift = quality.Drift()
        self._found = {}
        self._sheets = {}
        # On other ranks than the first there is none yet. Of another writer's file its own verbs see to the end.
        file_writer = self._get_file_writer() if self._other is not None else self.file_writer
        self._summarises = file_writer is not None
        self._marks = Marks(file_writer)
        self._reducing = Reducing(self.log_dir, self._recorder, file_writer, when_full, origin)
        # Runs at interpreter exit, and when the writer is collected without having been closed.
        whose = self._recorder, self._reducing, self._file_writers, self._pid
        self._finalizer = weakref.finalize(self, _finish_elsewhere, *whose)
        self._made = True

    @classmethod
    def onto(
        cls,
        writer: SummaryWriter,
        *,
        strict: bool = False,
        when_full: Literal["block", "drop"] = "block",
        queue_bytes: int = 256 << 20,
    ) -> ExplainWriter:
        """Log explanations into the run of another SummaryWriter, such as a framework's logger made: one event file for both.

        Close this one first; `writer` stays open. Raises TypeError for what is no SummaryWriter of torch.
        """
        if not isinstance(writer, SummaryWriter):
            raise TypeError(
                f"expected a torch.utils.tensorboard.SummaryWriter, got {type(writer).__module__}.{type(writer).__name__}; "
                "give its directory to ExplainWriter instead, and use that one in its place"
            )
        made = cls.__new__(cls)
        made._other = writer
        ExplainWriter.__init__(made, writer.log_dir, strict=strict, when_full=when_full, queue_bytes=queue_bytes)
        return made

    @property
    def failed(self) -> int:
        """How many explanations could not be made or written so far."""
        return self._recorder.failed

    @property
    def dropped(self) -> int:
        """How many explanations were discarded because the queue was full."""
        return self._recorder.dropped

    def flush(self) -> int:  # type: ignore[override]  # whoever expects None does not look
        """Write everything accepted so far, explanations and summaries; waits for projections.

        Returns how many explanations that were accepted since the last call are lost, since the disk did not take them or they could
        not be encoded; 0: all are with the operating system. Projections that could not be made are counted in `failed` only. With
        `strict=True` raises RuntimeError instead.
        """
        interrupted = is_interrupted()
        if not interrupted:
            self._reducing.flush()
        self._recorder.flush()
        if os.getpid() == self._pid and not interrupted:
            with nullcontext() if self._strict else tolerated():
                if self.all_writers is not None:
                    self._get_file_writer()
                super().flush() if self._other is None else self._other.flush()
        self._raise_failures()
        return self._recorder.take_lost().explanations

    def close(self) -> None:
        """Flush, then close all files. Harmless when repeated."""
        if is_interrupted():
            self._recorder.close()
        else:
            self._finalizer.detach()
            # Also when that was done before: perhaps by a call that this one has interrupted.
            _finish(self._recorder, self._reducing, self._file_writers, self._pid)
            if os.getpid() == self._pid and self._other is None:
                with nullcontext() if self._strict else tolerated():
                    super().close()
                self._file_writers.clear()
        self._raise_failures()

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError(
            "an ExplainWriter cannot be pickled or sent to another process; make one there, in the same directory "
            f"({os.fspath(self.log_dir)!r}), or log what the process sends back"
        )

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()

    def _get_file_writer(self) -> Any:
        """Where summaries go. A directory must have one event file at a time, so it belongs to rank 0 of the job, or to whoever was
        before it to log a summary; the others write to a run of their own below.
        """
        if self._other is not None:
            self.file_writer = self._other._get_file_writer()  # type: ignore[no-untyped-call]
            self.all_writers = self._other.all_writers
        elif self.file_writer is None:
            rank, run = self._process.rank, self.log_dir
            if rank and not self._made:
                return None  # it may never log any
            owner = self._process.settle(f"event file in {os.path.realpath(run)}", str(rank)) or "0"
            if owner != str(rank):
                self.log_dir = os.path.join(run, f"rank{rank}")
            try:
                file_writer = super()._get_file_writer()  # type: ignore[no-untyped-call]
            finally:
                self.log_dir = run
            self._file_writers.append(file_writer)
        elif os.getpid() == self._pid:
            revive(self.file_writer, self.max_queue, self.flush_secs, self.filename_suffix)
        return self.file_writer

    def _reduce(self, job: Job) -> None:
        self._raise_failures()
        tag, step = job.series.tag, job.step
        if not len(job.rows):
            with self._failing(tag, step):
                raise ValueError(f"none of {job.rows.dropped} rows is finite, so there is nothing to project")
            return
        accepted = False
        try:
            accepted = self._reducing.put(job)
        except OSError as error:  # a full temporary directory, or no process to be had
            if self._strict:
                raise
            self._fail(tag, step, error)
        if accepted:
            self._marks.write(tag, step, job.wall_time)

    def _raise_failures(self) -> None:
        """What has failed since, where nobody was waiting for it."""
        if self._strict:
            self._reducing.raise_failures()
            lost = self._recorder.take_lost()
            if lost.why:
                more = f" (and {lost.explanations - 1} more)" if lost.explanations > 1 else ""
                raise RuntimeError(lost.why + more)

    def _log(self, payload: payloads.Payload, declaration: pb.Series, step: int, walltime: float | None) -> None:
        self._raise_failures()
        wall_time = as_time(walltime)
        accepted = self._recorder.put(
            declaration.tag,
            step,
            payload.nbytes + payload.samples.nbytes,
            lambda segment: payloads.records(segment, payload, declaration, step, wall_time),
        )
        if accepted:
            self._marks.write(declaration.tag, step, wall_time)

    def _log_scalars(self, scalars: Iterable[tuple[str, float]], step: int, walltime: float | None) -> None:
        if self._summarises and os.getpid() == self._pid:  # in a forked child there is no thread to write summaries
            with tolerated():
                for tag, value in scalars:
                    self.add_scalar(tag, value, step, walltime)

    def _fail(self, tag: str, step: int, error: Exception) -> None:
        kind = tag, type(error)
        if kind not in self._said:
            self._said.add(kind)
            _log.error(
                "%s could not be explained at step %s: %s (said once; the page lists all)",
                tag,
                step,
                error,
                exc_info=error,
            )
        detail = "".join(traceback.format_exception(error))
        self._recorder.fail(tag, step, f"{type(error).__name__}: {error}", detail)


def _finish_elsewhere(recorder: Recorder, reducing: Reducing, file_writers: list[Any], pid: int) -> None:
    """As `_finish`, in whichever thread the writer was collected: one of its own, perhaps, which would wait for itself."""
    whose = recorder, reducing, file_writers, pid
    if threading.current_thread().name.startswith("tb_explain "):
        # No daemon: the interpreter does not end before it has.
        threading.Thread(target=_finish, args=whose, name="tb_explain farewell", daemon=False).start()
    else:
        _finish(*whose)


def _finish(recorder: Recorder, reducing: Reducing, file_writers: list[Any], pid: int) -> None:
    try:
        reducing.close()
    finally:  # whoever does not want to wait for it keeps everything else
        recorder.close()
    if os.getpid() == pid:
        for file_writer in file_writers:
            with tolerated():
                file_writer.flush()
