"""A logdir in a zip archive, for discovery: which runs it holds, and why it is not shown."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable

from tb_explain.records.archive import ArchiveFiles

_log = logging.getLogger("tb_explain")


class ArchiveRoot:
    """As discovery's `Root`. What is in the archive has no links and no steps upwards: it is a list of names, and nothing is unpacked."""

    def __init__(self, group: str, path: str) -> None:
        self.group = group
        self.files = ArchiveFiles(path)
        self.notice = ""  # one sentence for the page while something is wrong

    def run_directories(self, listed: Iterable[str]) -> list[str]:
        """The directories that have explanations."""
        found: list[str] = []
        notice = ""
        try:
            found = self.files.run_directories()
        except FileNotFoundError:  # not packed yet, or no more
            pass
        except OSError as error:
            notice = str(error)
        if notice and notice != self.notice:
            _log.warning("%s", notice)
        self.notice = notice
        return found

    def run_name(self, directory: str) -> str:
        """What a run is called: its path in the archive."""
        return os.path.join(self.group, directory or ".")

    def directory_of(self, run: str) -> str | None:
        """None: TensorBoard itself finds no runs in archives."""
        return None

    def contains(self, path: str) -> bool:
        """Whether a path lies in this archive: all that is asked of it do."""
        return True
