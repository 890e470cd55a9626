"""A signal handler may flush and close the writer, whatever the loop was at: job schedulers send one before they kill."""

from __future__ import annotations

import itertools
import os
import random
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_explain import ExplainWriter
from tests.faults.helpers import in_child, steps_of

SIGNALS = int(os.environ.get("TB_EXPLAIN_SIGNALS", "200"))
MAPS = np.random.default_rng(0).random((2, 7, 7), dtype=np.float32)


@pytest.mark.parametrize("end", ["flush", "close"])
def test_a_signal_handler_that_flushes_hangs_nowhere(tmp_path: Path, end: str) -> None:
    """TB_EXPLAIN_SIGNALS says how many signals come, each in the middle of something."""

    def log() -> Any:
        writer = ExplainWriter(tmp_path, queue_bytes=2000, strict=True, max_queue=1)  # so full that the loop waits
        pauses = random.Random(end)
        logged: list[int] = []  # by add_heatmaps, when it had returned
        handled: list[int] = []  # how many were logged when a flush began that has returned
        unsaved: list[tuple[int, int]] = []

        def save(*_: object) -> None:
            n = len(logged)
            if end == "close" and len(handled) == SIGNALS - 1:
                writer.close()
            else:
                writer.flush()
            handled.append(n)
            if len(handled) % (SIGNALS // 5) == 1 and len(steps_of(tmp_path, "maps")) < n:
                unsaved.append((n, len(steps_of(tmp_path, "maps"))))
            if len(handled) < SIGNALS:
                signal.setitimer(signal.ITIMER_REAL, pauses.uniform(1e-4, 3e-3))

        signal.signal(signal.SIGALRM, save)
        signal.setitimer(signal.ITIMER_REAL, 0.001)
        try:
            for step in itertools.count():
                writer.add_scalar("loss", 1.0, step)
                writer.add_heatmaps("maps", MAPS, None, step)
                logged.append(step)
                writer.add_heatmaps(
                    f"maps {step % 500}", MAPS, None, step
                )  # each tag's first one is told of by a summary
                if len(handled) == SIGNALS and end == "flush":
                    break
        except (ValueError, OSError) as error:
            assert "closed" in str(error), error  # noqa: PT017  (by the handler)
        writer.close()
        return [len(handled), unsaved, len(logged)]

    handled, unsaved, logged = in_child(log)
    assert (handled, unsaved) == (SIGNALS, [])
    steps = steps_of(tmp_path, "maps")
    assert steps in ([*range(logged)], [*range(logged + 1)]), (
        "each once; the one that was being logged may be there, too"
    )
