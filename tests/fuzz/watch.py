"""Sees every file that this process opens or lists, so that a test can tell what it had no business with."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from functools import cache
from typing import Any

# Python's own: modules are imported, and their sources read for tracebacks, whenever it pleases.
_PYTHON = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *site.getsitepackages()}
_READS = {"open", "os.listdir", "os.scandir"}
_WRITES = {
    "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.system", "os.truncate",
    "socket.connect", "subprocess.Popen", "shutil.rmtree",
}  # fmt: skip


class Watch:
    """While it is entered, what all threads do; `outside`: what led to none of the allowed directories."""

    def __init__(self, *allowed: str) -> None:
        self.allowed = [os.path.realpath(path) for path in (*allowed, *_PYTHON)]
        self.events = 0
        self.outside: list[str] = []

    def __enter__(self) -> Watch:
        global _watching
        _hooked()
        _watching = self
        return self

    def __exit__(self, *_: object) -> None:
        global _watching
        _watching = None

    def see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """One event of sys.audit."""
        if event in _WRITES:
            self.outside.append(f"{event}{arguments}")
        if event not in _READS:
            return
        self.events += 1
        path = arguments[0]
        if isinstance(path, int):
            if event == "open":
                return  # a file that was opened before is wrapped
            self._expect_inside(f"{event} {path}", os.readlink(f"/proc/self/fd/{path}"))  # as the system knows it now
            return
        path = os.fsdecode(path if path is not None else ".")
        # Relative to a directory that was opened before: a single name that must not be a link.
        alone = not os.path.isabs(path) and os.sep not in path and path != ".."
        if event == "open" and alone and arguments[2] & os.O_NOFOLLOW:
            return
        self._expect_inside(f"{event} {path}", os.path.realpath(path))

    def _expect_inside(self, what: str, real: str) -> None:
        if not any(real == root or real.startswith(os.path.join(root, "")) for root in self.allowed):
            self.outside.append(f"{what}: {real}")


_watching: Watch | None = None


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching is not None and (event in _READS or event in _WRITES):
        _watching.see(event, arguments)


@cache
def _hooked() -> None:
    """A hook cannot be removed again, so there is one for all."""
    sys.addaudithook(_hook)
