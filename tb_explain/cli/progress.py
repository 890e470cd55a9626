"""How far a command is, on a terminal."""

from __future__ import annotations

import os
import sys
import time

_WIDTH = 30  # characters of the bar


class Progress:
    """A bar of bytes on standard error, if that is a terminal and it takes longer than a moment."""

    def __init__(self, size: int) -> None:
        self._size = max(size, 1)
        self._done = 0
        self._due = time.monotonic() + 0.5
        self._shown = False

    def advance(self, size: int) -> None:
        """Say that so many more bytes are done."""
        self._done += size
        if time.monotonic() >= self._due and os.isatty(2):
            self._due = time.monotonic() + 0.2
            self._shown = True
            share = min(1.0, self._done / self._size)
            bar = "#" * int(_WIDTH * share)
            print(f"\r[{bar:{_WIDTH}}] {share:4.0%} of {self._size / 1e6:.0f} MB", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the bar away, for something else to be said."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._shown = False
