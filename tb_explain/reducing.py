"""What becomes of projections that were handed to the process that reduces: scalars beside the loss, and failures."""

from __future__ import annotations

import os
import threading
from typing import Any, Literal

from tb_explain.projections.jobs import Job
from tb_explain.projections.reductions import Outcome, Reductions
from tb_explain.records import Origin, Recorder


class Reducing:
    """A run's projections on their way; made with its first one.

    Args:
        run_directory: where they are logged.
        recorder: takes note of failures.
        file_writer: SummaryWriter's, for scalars `explain/projection/<tag>/<measure>`; None: they are not wanted. In a forked child
            nothing is written to it.
        origin: whose these projections are.
    """

    def __init__(
        self,
        run_directory: str,
        recorder: Recorder,
        file_writer: Any,
        when_full: Literal["block", "drop"],
        origin: Origin | None = None,
    ) -> None:
        self._recorder = recorder
        self._file_writer = file_writer
        self._pid = os.getpid()
        self._failures: list[str] = []
        self._lock = threading.RLock()  # a signal handler may flush while it is held
        self._reductions = Reductions(run_directory, self._report, when_full=when_full, origin=origin)

    def put(self, job: Job) -> bool:
        """Hand a job over. False: dropped, too much is waiting."""
        accepted = self._reductions.put(job)
        if not accepted:
            self._recorder.drop(job.series.tag, job.step)
        return accepted

    def flush(self) -> None:
        """Wait until everything handed over is logged or has failed."""
        self._reductions.flush()

    def close(self) -> None:
        """Flush, and end the process. Harmless when repeated."""
        self._reductions.close()

    def raise_failures(self) -> None:
        """Raises RuntimeError if anything has failed since the last call."""
        with self._lock:
            failures, self._failures = self._failures, []
        if failures:
            more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
            raise RuntimeError(failures[0] + more)

    def _report(self, outcome: Outcome) -> None:
        if outcome.failure:
            with self._lock:
                self._failures.append(f"{outcome.tag} of step {outcome.step} was not projected: {outcome.failure}")
            self._recorder.fail(outcome.tag, outcome.step, outcome.failure, outcome.detail)
            return
        if self._file_writer is not None and os.getpid() == self._pid:
            from torch.utils.tensorboard.summary import scalar

            for measure, value in outcome.measures.items():
                summary = scalar(f"explain/projection/{outcome.tag}/{measure}", value)  # type: ignore[no-untyped-call]
                self._file_writer.add_summary(summary, outcome.step, outcome.wall_time)
