"""When to explain: on which steps, and within which share of the loop's time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Schedule:
    """Decides for one call site of `explain`, by measuring itself."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._started = clock()
        self._last_step: int | None = None
        self._spent = 0.0

    def due(self, step: int, every: int, budget: float | None) -> bool:
        """Whether to explain at `step`: the first time, then once a multiple of `every` is reached or passed, but only while the
        time spent is at most `budget` (a share, 0 to 1; None: no limit) of the time since the first call.
        """
        if self._last_step is None:
            return True
        if step // every == self._last_step // every:
            return False
        return budget is None or self._spent <= budget * (self._clock() - self._started)

    def done(self, step: int, seconds: float) -> None:
        """Note that `step` was explained and what it took."""
        self._last_step = step
        self._spent += seconds


def check_schedule(every: int, budget: float | None) -> None:
    """Raises ValueError for numbers that make no schedule."""
    if every < 1:
        raise ValueError(f"every must be at least 1 step, got {every}")
    if budget is not None and not 0 < budget <= 1:
        raise ValueError(f"budget must be a share of the loop's time above 0 and at most 1, got {budget}")
