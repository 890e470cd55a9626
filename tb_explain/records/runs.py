"""Which runs a logdir holds, wherever it lies. (The plugin, which keeps looking and must not trust links, has its own discovery.)"""

from __future__ import annotations

import os

from tb_explain.records.archive import ArchiveFiles
from tb_explain.records.files import LOCAL, Files
from tb_explain.records.remote import find_runs, is_remote, open_remote
from tb_explain.records.segment import DIRECTORY


def runs_of(logdir: str | os.PathLike[str]) -> tuple[Files, dict[str, str]]:
    """How the files of a logdir are reached, and the directories of its runs by TensorBoard's names of them, in order.

    A logdir is a directory, a zip archive of one, or an address. Raises OSError: NotADirectoryError when there is no such thing; for
    an archive that cannot be trusted and an address that cannot be reached it says why.
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
    found = {}
    for directory, children, _ in os.walk(path):
        if "plugins" in children:
            children.remove("plugins")
            if os.path.isdir(os.path.join(directory, DIRECTORY)):
                found[os.path.relpath(directory, path)] = directory
    return LOCAL, dict(sorted(found.items()))
