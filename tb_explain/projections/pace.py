"""How much of a busy machine the process that reduces gets: what nobody else wants while training goes on, its share once somebody waits."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

_LOWEST = 19  # niceness


def give_way(pid: int) -> None:
    """Let everybody else go first."""
    _set(pid, _LOWEST, _LOWEST)


def keep_up(pid: int) -> None:
    """Be as quick as this process, as far as the system allows: who gave way may need privileges to be anyone's equal again."""
    if hasattr(os, "getpriority"):
        _set(pid, os.getpriority(os.PRIO_PROCESS, 0), 0)


def _set(pid: int, niceness: int, of_session: int) -> None:
    """Linux may share cores between sessions first (autogroup), and niceness then counts within one only."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, niceness)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            if os.getsid(pid) == pid:  # its session is its own
                Path(f"/proc/{pid}/autogroup").write_text(str(of_session))
