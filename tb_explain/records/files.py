"""How readers reach the files of a logdir: listing a directory and reading ranges, wherever it lies."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import FileIO
from typing import Protocol

_LISTINGS = 5  # of one directory at most, until it is the same before and after


class Files(Protocol):
    """A place that holds logdirs. Thread-safe. Whatever cannot be had raises OSError."""

    def sizes(self, directory: str) -> dict[str, int]:
        """The names of the files in a directory, and how many bytes each has now."""

    def read(self, path: str, start: int, length: int) -> bytes:
        """A range of a file: fewer than `length` bytes (0 or more) only where the file ends."""


class LocalFiles:
    """The file system of this machine."""

    def sizes(self, directory: str) -> dict[str, int]:
        """As `Files.sizes`."""
        return settled(directory, lambda: _sizes(directory))

    def read(self, path: str, start: int, length: int) -> bytes:
        """As `Files.read`."""
        with open(path, "rb", buffering=0) as file:
            return read_range(file, start, length)


LOCAL = LocalFiles()


def contains(root: str, path: str) -> bool:
    """Whether a path, after resolving symbolic links, lies in a directory that is resolved itself."""
    return f"{os.path.realpath(path)}{os.sep}".startswith(os.path.join(root, ""))


def settled(directory: str, listing: Callable[[], dict[str, int]]) -> dict[str, int]:
    """What `listing` says of a directory, once nothing comes or goes meanwhile: it may lack both a file that was deleted and the
    one that came in its place before that. Raises what `listing` does.
    """
    changed = os.stat(directory).st_mtime_ns
    for _ in range(_LISTINGS):
        found = listing()
        before, changed = changed, os.stat(directory).st_mtime_ns
        if changed == before:
            break
    return found


def read_range(file: FileIO, start: int, length: int) -> bytes:
    """As `Files.read`, of an open file."""
    # What is asked for may come from a damaged entry: no memory is set aside for what is not there.
    wanted = min(length, os.fstat(file.fileno()).st_size - start)
    if wanted <= 0:
        return b""
    file.seek(start)
    data = file.read(wanted)
    while len(data) < wanted and (more := file.read(wanted - len(data))):
        data += more
    return data


def _sizes(directory: str) -> dict[str, int]:
    found = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                if entry.is_file():
                    found[entry.name] = entry.stat().st_size
            except OSError:
                continue  # deleted since the directory was read, or a link to nowhere
    return found
