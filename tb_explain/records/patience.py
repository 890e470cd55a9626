"""How long what the disk refuses is tried again."""

from __future__ import annotations

import time

# During these seconds the queue fills, and the loop may wait. Then all is given up after one attempt, so that a disk that stays full
# costs the loop at most so many seconds of every so many.
_LASTS = 20.0
_LASTS_FAR = 120.0  # a network is often back after minutes
_EVERY = 300.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0


class Patience:
    """Starts with a refusal, and again after some minutes."""

    def __init__(self, *, far: bool = False) -> None:
        self._far = far
        self.refusals = 0  # since the disk last took something
        self._ends = float("-inf")
        self._said = False

    @property
    def lasts(self) -> float:
        """In seconds."""
        return _LASTS_FAR if self._far else _LASTS

    @property
    def is_over(self) -> bool:
        """Whether to give up now."""
        return time.monotonic() >= self._ends

    @property
    def pause(self) -> float:
        """Seconds until the next attempt."""
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * float(1 << min(self.refusals, 10)))

    def refused(self) -> bool:
        """Take note of a refusal; True: it has to be said, which is not the case with each."""
        self.refusals += 1
        now = time.monotonic()
        if now < self._ends - self.lasts + _EVERY:
            return False
        self._ends = now + self.lasts
        self._said = True
        return True

    def accepted(self) -> bool:
        """Take note that the disk takes what it is given; True: a refusal was said before."""
        said = self._said and self.refusals > 0
        if self.refusals:
            self.refusals, self._said = 0, False
        return said
