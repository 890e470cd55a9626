"""A logdir behind an address such as `s3://bucket/runs`, for discovery: which runs it holds, and why not all are shown."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable

from tb_explain.records import DIRECTORY
from tb_explain.records.remote import Place, RemoteFiles, find_runs, open_remote

_log = logging.getLogger("tb_explain")

_INTERVAL = 30.0  # seconds between two walks at least: each listing is a request that somebody pays for,
_SHARE = 0.1  # of the time at most is spent walking,
_AGAIN = 5.0  # and these seconds are waited after one that failed.


class RemoteRoot:
    """As discovery's `Root`. Nothing is imported or asked of the server before the first walk; only discovery's thread walks."""

    def __init__(self, group: str, address: str) -> None:
        self.group = group
        self.address = address
        self.notice = ""  # one sentence for the page while something is wrong
        self._place: Place | None = None
        self._found: list[str] = []
        self._due = 0.0

    @property
    def files(self) -> RemoteFiles:
        """How its files are reached, once something was found."""
        assert self._place is not None
        return self._place.files

    def run_name(self, directory: str) -> str:
        """TensorBoard's name of the run in a directory below this one."""
        assert self._place is not None
        return os.path.join(self.group, directory[len(self._place.path) :].lstrip("/") or ".")

    def directory_of(self, run: str) -> str | None:
        """None: what TensorBoard lists is looked at by the walk."""
        return None

    def contains(self, path: str) -> bool:
        """Whether a path lies in this directory: a server's names are taken as they are, and none has a step upwards."""
        assert self._place is not None
        return path.startswith(f"{self._place.path}/") and ".." not in path.split("/")

    def run_directories(self, listed: Iterable[str]) -> list[str]:
        """The directories that have explanations, as of the last walk; `listed` are TensorBoard's names of runs."""
        started = time.monotonic()
        if started < self._due:
            return self._found
        try:
            self._walk(listed)
            rest = max(_INTERVAL, (time.monotonic() - started) * (1 / _SHARE - 1))
        except OSError as error:
            self._say(str(error))
            rest = _AGAIN
        self._due = time.monotonic() + rest
        return self._found

    def _walk(self, listed: Iterable[str]) -> None:
        if self._place is None:
            self._place = open_remote(self.address)
        files, top = self._place
        try:
            found = find_runs(files, top)
        except FileNotFoundError:  # nothing was logged yet
            self._found = []
            self._say("")
            return
        more = []
        if not found.complete:
            named = {f"{top}/{name}" for name in map(self._below, listed) if name}
            more = [directory for directory in sorted(named - set(found.directories)) if self._explained(directory)]
        self._found = found.directories + more
        self._say(
            ""
            if found.complete
            else f"{self.address} has more directories than Explain looks into; runs without an event file may be missing"
        )

    def _below(self, run: str) -> str:
        """The path of a run that TensorBoard names; empty if there cannot be one."""
        inside = run.removeprefix(f"{self.group}/") if self.group else run
        strange = (self.group and inside == run) or set(inside.split("/")) & {"", ".", ".."}
        return "" if strange else inside

    def _explained(self, directory: str) -> bool:
        try:
            return bool(self.files.sizes(f"{directory}/{DIRECTORY}"))
        except OSError:
            return False

    def _say(self, notice: str) -> None:
        if notice and notice != self.notice:
            _log.warning("%s", notice)
        self.notice = notice
