"""Logdirs in zip archives, read where they are: nothing is unpacked, and nothing but the archive is ever opened."""

from __future__ import annotations

import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import NamedTuple

from tb_explain.records.files import read_range
from tb_explain.records.remote import Blocks
from tb_explain.records.segment import DIRECTORY
from tb_explain.records.zip_directory import Member, read_members, start_of

_BLOCK = 1 << 20  # bytes that are inflated and kept together
_CHUNK = 64 << 10  # bytes read to inflate them
_MARKS = 32  # Places in a deflated member where inflating can go on; each costs some 45 KB,
_STREAMS = 32  # for so many members of one archive.

_BLOCKS = Blocks(64 << 20)  # of all archives of this process

_Identity = tuple[int, int, int, int]


class _Contents(NamedTuple):
    """What the archive holds as long as it is this file."""

    identity: _Identity
    members: dict[str, Member]
    directories: dict[str, dict[str, int]]  # sizes of the files in each, by name


class ArchiveFiles:
    """The files of runs in a zip archive, as `Files`. Thread-safe; holds no file open between calls.

    Paths are those in the archive, "" is its top. Stored members are read in ranges. Deflated ones are inflated up to where they are
    wanted, from the nearest place that was reached before, in bounded memory. An archive that is replaced is read anew.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._lock = threading.Lock()
        self._known: _Contents | None = None
        self._streams: OrderedDict[tuple[_Identity, str], _Stream] = OrderedDict()

    def sizes(self, directory: str) -> dict[str, int]:
        """As `Files.sizes`."""
        with self._opened() as (_, contents):
            try:
                return dict(contents.directories[_inside(directory)])
            except KeyError:
                raise FileNotFoundError(f"{self.path} has no files in {directory or 'its top'}") from None

    def read(self, path: str, start: int, length: int) -> bytes:
        """As `Files.read`."""
        path = _inside(path)
        with self._opened() as (file, contents):
            member = contents.members.get(path)
            if member is None:
                raise FileNotFoundError(f"{self.path} has no {path}")
            stop = min(start + length, member.size)
            if stop <= start:
                return b""
            if not member.deflated:
                return read_range(file, start_of(file, member) + start, stop - start)
            stream = self._stream(contents.identity, path, member)
            found = bytearray()
            while start + len(found) < stop:
                number, skipped = divmod(start + len(found), _BLOCK)
                block = stream.block(file, number)
                found += block[skipped : stop - number * _BLOCK]
                if len(block) < _BLOCK:
                    break
            return bytes(found)

    def run_directories(self) -> list[str]:
        """The directories that have explanations. Raises OSError, one sentence, when the archive cannot be read or trusted."""
        home = DIRECTORY.replace(os.sep, "/")
        with self._opened() as (_, contents):
            return sorted(
                name.removesuffix(home).rstrip("/")
                for name in contents.directories
                if name == home or name.endswith(f"/{home}")
            )

    @contextmanager
    def _opened(self) -> Iterator[tuple[FileIO, _Contents]]:
        with open(self.path, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            identity = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
            with self._lock:
                if self._known is None or self._known.identity != identity:
                    members = read_members(file)
                    directories: dict[str, dict[str, int]] = {}
                    for name, member in members.items():
                        above, _, last = name.rpartition("/")
                        directories.setdefault(above, {})[last] = member.size
                    self._known = _Contents(identity, members, directories)
                contents = self._known
            yield file, contents

    def _stream(self, identity: _Identity, path: str, member: Member) -> _Stream:
        with self._lock:
            stream = self._streams.setdefault((identity, path), _Stream((identity, path), member))
            self._streams.move_to_end((identity, path))
            if len(self._streams) > _STREAMS:
                self._streams.popitem(last=False)
            return stream


def _inside(path: str) -> str:
    return path.replace(os.sep, "/").strip("/")


class _Mark(NamedTuple):
    """Where inflating can go on: the next byte of the archive to be read, and the state before it."""

    position: int
    state: zlib._Decompress


class _Stream:
    """A deflated member, inflated block by block. Thread-safe."""

    def __init__(self, name: tuple[_Identity, str], member: Member) -> None:
        self._name = name
        self._member = member
        self._apart = 1 + member.size // _BLOCK // _MARKS  # blocks between two marks
        self._lock = threading.Lock()
        self._marks: dict[int, _Mark] = {}  # by the number of the block that comes next
        self._last: tuple[int, _Mark] | None = None

    def block(self, file: FileIO, number: int) -> bytes:
        """A block of the inflated member, fewer bytes at its end. Raises OSError."""
        with self._lock:
            block = _BLOCKS.get((*self._name, number))
            if block:
                return block
            start = start_of(file, self._member)
            if not self._marks:
                self._marks[0] = _Mark(start, zlib.decompressobj(-zlib.MAX_WBITS))
            nearest = max(known for known in self._marks if known <= number)
            reached = nearest, self._marks[nearest]
            if self._last and nearest <= self._last[0] <= number:
                reached = self._last
            at, mark = reached[0], _Mark(reached[1].position, reached[1].state.copy())
            while at <= number:
                if at % self._apart == 0 and at not in self._marks:
                    self._marks[at] = _Mark(mark.position, mark.state.copy())
                block, position = self._next(file, mark, at, start + self._member.compressed)
                mark = mark._replace(position=position)
                at += 1
            self._last = at, mark
            _BLOCKS.put((*self._name, number), block)
            return block

    def _next(self, file: FileIO, mark: _Mark, number: int, end: int) -> tuple[bytes, int]:
        """The block from a mark on, whose state goes on with it, and where that has come to."""
        position, state = mark
        # Never more than the member is said to have, whatever is in its bytes.
        wanted = min(_BLOCK, self._member.size - number * _BLOCK)
        found = bytearray()
        try:
            while len(found) < wanted and not state.eof:
                chunk = read_range(file, position, min(_CHUNK, end - position))
                some = state.decompress(chunk, wanted - len(found))
                consumed = len(chunk) - len(state.unconsumed_tail)
                if not some and not consumed:
                    break
                position += consumed
                found += some
        except zlib.error as error:
            raise OSError(f"{file.name} is damaged: {self._name[1]} cannot be inflated: {error}") from error
        return bytes(found), position
