"""Writing one segment: a data file of payloads back to back and an index file that lists them."""

from __future__ import annotations

import bisect
import contextlib
import errno
import hashlib
import itertools
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tb_explain import __version__
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import crc32c, frame

FORMAT_VERSION = 1

# Below a run's directory, where TensorBoard's own plugins keep theirs. No file name may contain "tfevents".
DIRECTORY = os.path.join("plugins", "tb_explain")


def content_hash(payload: bytes) -> bytes:
    """The name of an image or a list of class names: the first 16 bytes of its SHA-256."""
    return hashlib.sha256(payload).digest()[:16]


class Record(NamedTuple):
    """An entry without its place, and the payload that gets one (empty: none)."""

    entry: pb.Entry
    payload: bytes


class Origin(NamedTuple):
    """Who writes a segment. A purge of one rank leaves alone what other ranks of its session log, whatever their clocks say."""

    made: float  # when the writer was made, in seconds since the Unix epoch: see `moment_in`
    session: str  # of all writers that resumed together, such as the ranks of a distributed job
    rank: int  # of the process in its job


def moment_in(run_directory: str | os.PathLike[str]) -> float:
    """Now, as a run counts: later than any segment that it has, even if their writers' clocks were ahead of this one."""
    newest = -1
    with contextlib.suppress(OSError):
        for name in _listed(os.fspath(run_directory)):
            time_of, dot, _ = name.partition(".")
            if dot and name.endswith(".index") and time_of.isascii() and time_of.isdigit() and len(time_of) < 16:
                newest = max(newest, int(time_of))
    return max(time.time(), (newest + 1) / 1000)


def _listed(run_directory: str) -> Iterable[str]:
    from tb_explain.records.remote import is_remote, open_remote

    if not is_remote(run_directory):
        return os.listdir(os.path.join(run_directory, DIRECTORY))
    files, top = open_remote(run_directory)
    return files.sizes(f"{top}/{DIRECTORY}")


def beginning(directory: str | os.PathLike[str], now: float, origin: Origin) -> tuple[Path, Record]:
    """The path of a new segment without suffix, and the record that it begins with."""
    created = max(now, origin.made)
    host = re.sub(r"[^A-Za-z0-9_-]", "_", socket.gethostname()).replace("tfevents", "_")[:40] or "host"
    stem = f"{int(created * 1000):013d}.{host}.{os.getpid()}.{secrets.token_hex(6)}"
    header = pb.Segment(
        format_version=FORMAT_VERSION,
        library_version=__version__,
        created=created,
        session=origin.session,
        rank=origin.rank,
    )
    return Path(directory, stem), Record(pb.Entry(kind=pb.SEGMENT, wall_time=created, segment=header), b"")


class AppendError(OSError):
    """A failed `append`, of which the first `written` records are on file all the same."""

    def __init__(self, number: int | None, message: str, written: int = 0) -> None:
        super().__init__(number, message)
        self.written = written


class SegmentWriter:
    """Appends records to a segment of its own. Not thread-safe: one thread writes.

    When `append` returns, its bytes are with the operating system: a process killed afterwards loses none of them.
    `sync` also waits for the disk.
    """

    def __init__(
        self, run_directory: str | os.PathLike[str], now: float | None = None, origin: Origin | None = None
    ) -> None:
        """Create the segment's two files; `origin` None: by a writer that is made now. Raises OSError when the directory cannot be written."""
        directory = Path(os.path.abspath(run_directory), DIRECTORY)
        directory.mkdir(parents=True, exist_ok=True)
        now = moment_in(run_directory) if now is None else now
        self.path, header = beginning(directory, now, origin or Origin(now, "", 0))
        self._sound = True  # False after a failed write that could not be taken back
        self._offset = 0
        self._hashes: set[bytes] = set()
        self._start_declaring()
        with contextlib.ExitStack() as undo:
            self._data = _create(f"{self.path}.data", undo)
            self._index = _create(f"{self.path}.index", undo)
            self.append([header])
            self._empty = os.fstat(self._index).st_size
            undo.pop_all()

    def _start_declaring(self) -> None:
        self._series: dict[tuple[str, int], pb.Series] = {}
        self._ids = itertools.count(1)

    def series(self, declaration: pb.Series) -> list[Record]:
        """What to append before the first record of a series (again when its method or layer changed); sets its `id`."""
        known = self._series.get((declaration.tag, declaration.kind))
        if known is not None:
            declaration.id = known.id
            if known == declaration:
                return []
        else:
            declaration.id = next(self._ids)
        self._series[declaration.tag, declaration.kind] = declaration
        return [Record(pb.Entry(kind=pb.SERIES, declaration=declaration), b"")]

    def blob(self, kind: pb.Kind, payload: bytes) -> tuple[bytes, list[Record]]:
        """The content hash of what records share (images, class names, label maps, volumes), and what to append so that it is stored: once a segment."""
        name = content_hash(payload)
        if name in self._hashes:
            return name, []
        self._hashes.add(name)
        return name, [Record(pb.Entry(kind=kind, content_hash=name, wall_time=time.time()), payload)]

    def append(self, records: Sequence[Record]) -> None:
        """Write payloads, then the entries that make them exist.

        Raises AppendError when the disk refuses or the files were deleted meanwhile; the segment stays readable then.
        """
        listed = os.fstat(self._index).st_size
        offset = self._offset
        index = bytearray()
        ends = []  # of each record: in the index, in the data
        try:
            for entry, payload in records:
                if payload:
                    entry.offset, entry.length, entry.crc = offset, len(payload), crc32c(payload)
                    offset += len(payload)
                index += frame(entry.SerializeToString())
                ends.append((listed + len(index), offset))
            _write_all(self._data, [payload for _, payload in records if payload])
            _write_all(self._index, [bytes(index)])
        except BaseException as error:
            written = self._take_back(listed, ends)
            self._forget(records[written:])
            if isinstance(error, OSError):
                raise AppendError(error.errno, error.strerror or str(error), written) from error
            raise
        self._offset = offset
        if self.is_deleted():
            raise AppendError(errno.ENOENT, "the files were deleted while they were written")

    def _take_back(self, listed: int, ends: list[tuple[int, int]]) -> int:
        """Cut off what a failed write has left behind the last whole entry, which a reader may have seen; returns how many there are."""
        written = bisect.bisect_right(ends, (os.fstat(self._index).st_size, sys.maxsize))
        index_end, data_end = ends[written - 1] if written else (listed, self._offset)
        try:
            # Half an entry would hide all that follow it.
            os.ftruncate(self._index, index_end)
            os.ftruncate(self._data, data_end)
            self._offset = data_end
        except OSError:
            self._sound = False
        return written

    def _forget(self, records: Sequence[Record]) -> None:
        """What these records would have declared is not in the file: declare it again when it is next needed."""
        for entry, _ in records:
            self._hashes.discard(entry.content_hash)
            if entry.kind == pb.SERIES:
                self._series.pop((entry.declaration.tag, entry.declaration.kind), None)

    def can_go_on(self, error: Exception) -> bool:
        """Whether there is a point in another `append` after one that failed: the disk was full, and may be so no longer."""
        return self._sound and isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)

    def sync(self) -> None:
        """Wait until everything appended is on the disk."""
        os.fsync(self._data)
        os.fsync(self._index)

    def is_deleted(self) -> bool:
        """Whether what is written goes nowhere, since somebody has deleted or moved the files."""
        try:
            os.stat(f"{self.path}.data")
            os.stat(f"{self.path}.index")
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            pass  # whatever that is, it does not say so
        return False

    def close(self) -> None:
        """Say that nothing will follow, and close both files. Further appends raise OSError."""
        with contextlib.suppress(
            OSError
        ):  # such as a full disk: the segment is as sound as one whose writer was killed
            self.append([Record(pb.Entry(kind=pb.END, wall_time=time.time()), b"")])
        os.close(self._data)
        os.close(self._index)

    def abandon(self) -> None:
        """Let go of files that cannot be written any more, and delete them if there is nothing in them. Raises nothing."""
        with contextlib.suppress(OSError):
            if os.fstat(self._index).st_size <= self._empty:
                os.unlink(f"{self.path}.index")
                os.unlink(f"{self.path}.data")
        for descriptor in (self._data, self._index):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _create(path: str, undo: contextlib.ExitStack) -> int:
    """A new file to append to, which `undo` closes and deletes."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
    undo.callback(os.unlink, path)
    undo.callback(os.close, descriptor)
    return descriptor


_MAX_BUFFERS = 512  # of one writev; POSIX allows at least 16, Linux and macOS 1024


def _write_all(descriptor: int, buffers: Iterable[bytes]) -> None:
    pending = [memoryview(buffer) for buffer in buffers if buffer]
    while pending:
        some = pending[:_MAX_BUFFERS]
        written = os.writev(descriptor, some) if hasattr(os, "writev") else os.write(descriptor, some[0])
        for buffer in some:
            if written < len(buffer):
                pending[0] = pending[0][written:]
                break
            written -= len(buffer)
            pending.pop(0)
