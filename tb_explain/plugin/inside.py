"""Files inside a directory and none outside, wherever symbolic links lead and whatever is exchanged while they are opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tb_explain.records import DIRECTORY
from tb_explain.records.files import contains, read_range, settled

# Runs lie at most so many directories below the logdir. TensorBoard itself fails on much deeper ones.
_DEEPEST = 64

_BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_DIRECTORY = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_PASSED = _DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)  # a directory on the way need not be readable
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for its writer


@dataclass(frozen=True)
class FilesInside:
    """The regular files in a resolved directory, at any depth; what leads out of it, or is no regular file, raises PermissionError.

    Links are resolved first. What they lead to is then opened name by name, each in the directory before it and none through
    a link: when one is put there in between, it is not followed.
    """

    root: str

    def sizes(self, directory: str) -> dict[str, int]:
        """As `Files.sizes`."""
        return settled(directory, lambda: self._sizes(directory))

    def read(self, path: str, start: int, length: int) -> bytes:
        """As `Files.read`."""
        with self._opened(path, os.O_RDONLY | _NO_WAIT | getattr(os, "O_BINARY", 0)) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise PermissionError(f"{path} is not a regular file")
            with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
                return read_range(file, start, length)

    def run_directories(self) -> Iterator[str]:
        """The directories at and below the root that hold explanations. Does not enter what plugins keep there, and no links."""
        if not _BY_DESCRIPTOR:
            yield from _walk_by_name(self.root)
            return
        try:
            with self._opened(self.root, os.O_RDONLY | _DIRECTORY) as opened:
                yield from _walk(opened, self.root, 0)
        except OSError:  # there is no logdir yet, or no more
            return

    def _sizes(self, directory: str) -> dict[str, int]:
        found = {}
        with self._listed(directory) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISLNK(status.st_mode):
                        path = os.path.realpath(os.path.join(directory, entry.name))
                        if not contains(self.root, path):
                            continue
                        status = os.lstat(path)
                except OSError:
                    continue  # deleted since the directory was read, or a link to nowhere
                if stat.S_ISREG(status.st_mode):
                    found[entry.name] = status.st_size
        return found

    @contextmanager
    def _listed(self, directory: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        if not _BY_DESCRIPTOR:
            if not contains(self.root, directory):
                raise PermissionError(f"{directory} leads out of {self.root}")
            with os.scandir(directory) as entries:
                yield entries
            return
        with self._opened(directory, os.O_RDONLY | _DIRECTORY) as opened, os.scandir(opened) as entries:
            yield entries

    @contextmanager
    def _opened(self, path: str, flags: int) -> Iterator[int]:
        real = os.path.realpath(path)
        if not contains(self.root, real):
            raise PermissionError(f"{path} leads out of {self.root}")
        if not _BY_DESCRIPTOR:
            descriptor = os.open(real, flags)
        elif real == self.root:
            descriptor = os.open(real, flags | _NO_LINK)
        else:
            *directories, name = os.path.relpath(real, self.root).split(os.sep)
            above = os.open(self.root, _PASSED)
            try:
                for directory in directories:
                    below = os.open(directory, _PASSED | _NO_LINK, dir_fd=above)
                    os.close(above)
                    above = below
                descriptor = os.open(name, flags | _NO_LINK, dir_fd=above)
            finally:
                os.close(above)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _walk(opened: int, path: str, depth: int) -> Iterator[str]:
    with os.scandir(opened) as entries:
        names = sorted(
            entry.name for entry in entries if entry.is_dir(follow_symlinks=False) or entry.name == "plugins"
        )
    for name in names:
        if name == "plugins":
            if os.path.isdir(os.path.join(path, DIRECTORY)):
                yield path
        elif depth < _DEEPEST:
            try:
                below = os.open(name, os.O_RDONLY | _DIRECTORY | _NO_LINK, dir_fd=opened)
            except OSError:
                continue  # deleted meanwhile, or not for us
            try:
                yield from _walk(below, os.path.join(path, name), depth + 1)
            finally:
                os.close(below)


def _walk_by_name(top: str) -> Iterator[str]:
    for directory, children, _ in os.walk(top):
        if "plugins" in children:
            children.remove("plugins")
            if os.path.isdir(os.path.join(directory, DIRECTORY)):
                yield directory
