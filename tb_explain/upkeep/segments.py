"""The segments of a run as files: which there are, what they list, and whether anyone still writes to them."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from google.protobuf.message import DecodeError

from tb_explain.records import DIRECTORY, LOCAL, MAX_DECLARATION, MAX_PAYLOAD, Files
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import UnreadableTail, frames
from tb_explain.records.segment import FORMAT_VERSION

PART = ".part"  # what a file is called that is not complete
_CHUNK = 4 << 20  # bytes of an index file read at a time
_NAME = re.compile(r"\d{13,}\.(?P<host>[A-Za-z0-9_-]{1,40})\.(?P<pid>\d{1,10})\.[0-9a-f]{12}")

BLOBS = (pb.IMAGE, pb.CLASSES, pb.LABELS, pb.VOLUME, pb.COLUMN)
_OTHERS = (*BLOBS, pb.KIND_UNSPECIFIED, pb.SEGMENT, pb.SERIES, pb.PURGE, pb.FAILURE, pb.END)
RECORDS = frozenset(pb.Kind.values()) - {*_OTHERS}


@dataclass(frozen=True)
class Segment:
    """The two files of a segment; `path` is without suffix. Elsewhere than on this machine they can only be read."""

    path: Path
    files: Files = LOCAL

    @property
    def uid(self) -> str:
        """What keys and `replaces` call it."""
        return self.path.name.rpartition(".")[2]

    @property
    def index(self) -> Path:
        """The file that lists."""
        return self.path.with_name(f"{self.path.name}.index")

    @property
    def unfinished_index(self) -> Path:
        """What the index file is called until upkeep has written it to its end."""
        return self.path.with_name(f"{self.path.name}.index{PART}")

    @property
    def data(self) -> Path:
        """The file of payloads."""
        return self.path.with_name(f"{self.path.name}.data")

    @property
    def is_named(self) -> bool:
        """Whether its name is as the library writes it."""
        return bool(_NAME.fullmatch(self.path.name))

    @property
    def has_files(self) -> bool:
        """Whether both are regular files that lie where they seem to."""
        return all(path.is_file() and not path.is_symlink() for path in (self.index, self.data))

    def entries(self, stop: int | None = None) -> Entries:
        """What the index file lists, up to `stop` bytes."""
        return Entries(self.index, stop, self.files)

    def sizes(self) -> tuple[int, int]:
        """Of both files, in bytes now. Raises OSError."""
        return self.index.stat().st_size, self.data.stat().st_size

    def is_idle(self, seconds: float) -> bool:
        """Whether nothing was appended for so long, by no process of this machine that still lives. Raises OSError."""
        if self.files is not LOCAL:
            return True  # what lies elsewhere was written as a whole
        changed = self.index.stat().st_mtime
        if self.data.exists():
            changed = max(changed, self.data.stat().st_mtime)
        name = _NAME.fullmatch(self.path.name)
        here = re.sub(r"[^A-Za-z0-9_-]", "_", socket.gethostname())[:40]
        if name and name["host"] == here and _lives(int(name["pid"])):
            return False
        return time.time() - changed >= seconds


def _lives(pid: int) -> bool:
    if sys.platform == "win32":
        return _lives_on_windows(pid)
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # it lives, and is another user's
    return True


def _lives_on_windows(pid: int) -> bool:
    """There `os.kill` with any signal ends the process or interrupts it, so the system is asked."""
    if sys.platform != "win32":
        return False
    import ctypes
    from ctypes import wintypes

    query_limited_information, access_denied, still_active = 0x1000, 5, 259
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.OpenProcess.argtypes = wintypes.DWORD, wintypes.BOOL, wintypes.DWORD
    kernel.GetExitCodeProcess.argtypes = wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD)
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    process = kernel.OpenProcess(query_limited_information, False, pid) if pid < 1 << 32 else None
    if not process:
        return ctypes.get_last_error() == access_denied  # it lives, and is another user's
    code = wintypes.DWORD()
    known = kernel.GetExitCodeProcess(process, ctypes.byref(code))
    kernel.CloseHandle(process)
    return not known or code.value == still_active


def segments_of(run: Path, files: Files = LOCAL) -> list[Segment]:
    """All segments of a run in the order in which they are read."""
    directory = run / DIRECTORY
    if files is not LOCAL:
        listed = sorted(name for name in files.sizes(str(directory)) if name.endswith(".index"))
        return [Segment(directory / name.removesuffix(".index"), files) for name in listed]
    with os.scandir(directory) as there:
        names = sorted(file.name for file in there if file.name.endswith(".index") and file.is_file())
    return [Segment(directory / name.removesuffix(".index")) for name in names]


class Found(NamedTuple):
    """An entry of an index file; without one: what is wrong with the frame, in words that follow its position."""

    position: int  # of its frame, in bytes
    number: int
    entry: pb.Entry | None
    wrong: str = ""


class Entries:
    """All entries of an index file, up to `stop` bytes. Once gone through, the attributes tell how the file ends."""

    def __init__(self, path: Path, stop: int | None = None, files: Files = LOCAL) -> None:
        self._path = path
        self._stop = stop
        self._files = files
        self.size = 0  # of what was gone through
        self.end = 0  # of the last frame: what is behind it is a tail
        self.unreadable = False  # whether the tail is no frame, rather than a torn one
        self.ended = False  # whether the writer said that nothing will follow
        self.newer = 0  # the format version, if it is newer than this reader's: the rest was not looked at

    def __iter__(self) -> Iterator[Found]:
        number, buffer, series = 0, b"", dict[int, int]()
        while chunk := self._more():
            self.size += len(chunk)
            buffer += chunk
            start = position = self.end
            try:
                for data, end in frames(buffer):
                    self.end = start + end
                    yield self._understood(position, number, data, series)
                    if self.newer:
                        return
                    number, position = number + 1, self.end
            except UnreadableTail:
                self.unreadable = True
                return
            buffer = buffer[self.end - start :]
            if len(chunk) < _CHUNK:
                return  # what is appended meanwhile is for the next to read

    def _more(self) -> bytes:
        wanted = _CHUNK if self._stop is None else min(_CHUNK, self._stop - self.size)
        return self._files.read(str(self._path), self.size, wanted)

    def _understood(self, position: int, number: int, data: bytes | None, series: dict[int, int]) -> Found:
        if data is None:
            return Found(position, number, None, "the entry does not match its checksum")
        try:
            entry = pb.Entry.FromString(data)
        except DecodeError:
            return Found(position, number, None, "the entry is no message")
        wrong = ""
        if entry.kind == pb.KIND_UNSPECIFIED:
            wrong = "the entry has no kind"
        elif entry.length > MAX_PAYLOAD:
            wrong = f"the entry speaks of a payload of {entry.length} bytes"
        elif number == 0 and entry.kind != pb.SEGMENT:
            wrong = "the first entry does not describe the segment"
        elif entry.kind == pb.SEGMENT and entry.segment.format_version > FORMAT_VERSION:
            self.newer = entry.segment.format_version
        elif entry.kind == pb.SERIES:
            series[entry.declaration.id] = entry.declaration.kind
            if (size := entry.declaration.ByteSize()) > MAX_DECLARATION:
                wrong = f"the declaration of series {entry.declaration.id} is of {size} bytes, so that its records are not shown"
        elif entry.kind in RECORDS and series.get(entry.series) != entry.kind:
            wrong = f"the declaration of series {entry.series}, to which the record belongs, is lost"
        self.ended = entry.kind == pb.END
        return Found(position, number, entry, wrong)
