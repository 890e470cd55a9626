"""Which runs a logdir holds, wherever it lies. (The plugin, which keeps looking and must not trust links, has its own discovery.)"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

from tb_explain.records.archive import ArchiveFiles
from tb_explain.records.files import LOCAL, Files, contains
from tb_explain.records.remote import find_runs, is_remote, open_remote
from tb_explain.records.segment import DIRECTORY

_log = logging.getLogger("tb_explain")


def runs_of(logdir: str | os.PathLike[str]) -> tuple[Files, dict[str, str]]:
    """How the files of a logdir are reached, and the directories of its runs by TensorBoard's names of them, in order.

    A logdir is a directory, a zip archive of one, or an address. Raises OSError: NotADirectoryError when there is no such thing; for
    an archive that cannot be trusted and an address that cannot be reached it says why. Directories below that cannot be listed, and
    explanations that lie elsewhere, behind a symbolic link, are named in the log.
    """
    path = os.fspath(logdir)
    if is_remote(path):
        files, top = open_remote(path)
        return files, {run[len(top) :].strip("/") or ".": run for run in sorted(find_runs(files, top).directories)}
    if os.path.isfile(path):
        archive = ArchiveFiles(path)
        return archive, {run or ".": run for run in archive.run_directories()}
    if not os.path.isdir(path):
        raise NotADirectoryError(f"{path} is not a directory; give the one that TensorBoard is started with")
    return LOCAL, dict(sorted(_local_runs(path)))


def _local_runs(path: str) -> Iterator[tuple[str, str]]:
    def unlisted(error: OSError) -> None:
        if error.filename == path:
            raise error
        _log.warning("%s cannot be listed: %s", error.filename, error.strerror)

    root = os.path.realpath(path)
    for directory, children, _ in os.walk(path, onerror=unlisted):
        if "plugins" not in children:
            continue
        children.remove("plugins")
        explanations = os.path.join(directory, DIRECTORY)
        if os.path.isdir(explanations):
            if contains(root, explanations):
                yield os.path.relpath(directory, path), directory
            else:
                _log.warning("%s leads out of the logdir and is left alone", explanations)
