"""Logdirs in object stores and on web servers, through fsspec: listings that are never stale, ranges of bytes, a bounded cache."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from tb_explain.records.segment import DIRECTORY

_ADDRESS = re.compile(r"[a-zA-Z][0-9a-zA-Z+.]*(://|::)")
_LOCAL = "file://"
_ONE_SLASH = re.compile(r"(https?):/(?!/)")

_BLOCK = 1 << 20  # bytes that are fetched and kept together
_LONGEST_CACHED = 16 * _BLOCK  # a longer payload is read past the cache, which it would empty

_READING = 10.0  # seconds that a range may take: somebody may be waiting for it,
_LISTING = 30.0  # a listing, which is made in the background,
_WRITING = 60.0  # and a file that is written
_SLOW = 1.0  # A failure that took longer than this is not waited for again
_REST = 5.0  # for these seconds: each of a request's records would.

_AT_ONCE = 8  # requests of one walk
_MOST_DIRECTORIES = 2000  # looked into by a walk
_DEEPEST = 16  # levels below where it starts


def is_remote(path: str) -> bool:
    """Whether a logdir is an address such as `s3://bucket/runs`. `file://` is this machine's."""
    return bool(_ADDRESS.match(path)) and not path.startswith(_LOCAL)


class Blocks:
    """The blocks that were fetched last, of any files, as long as there is room. Thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], bytes] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> bytes:
        """A block; empty if it is not kept."""
        with self._lock:
            block = self._kept.get(key, b"")
            if block:
                self._kept.move_to_end(key)
            return block

    def put(self, key: tuple[object, ...], block: bytes) -> None:
        """Keep a block in place of an older state of it."""
        with self._lock:
            self._bytes += len(block) - len(self._kept.pop(key, b""))
            self._kept[key] = block
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._kept.popitem(last=False)[1])


_BLOCKS = Blocks(64 << 20)  # of all remote logdirs of this process


class RemoteFiles:
    """The files of an fsspec file system, as `Files`, and how to write whole ones. Thread-safe.

    Only what is asked for is fetched, in blocks. Those of data files are kept: what an entry points to never changes, and a block that
    was the file's last is fetched anew when more is asked of it. Index files are read once, so they are not.
    """

    def __init__(self, system: Any) -> None:
        self._system = system
        self._blocks = _BLOCKS
        self._fetching = [threading.Lock() for _ in range(64)]  # so that several readers of a block fetch it once
        self._resting_until = 0.0

    def sizes(self, directory: str) -> dict[str, int]:
        """As `Files.sizes`."""
        entries = {name: entry for name, entry in self._list(directory) if entry["type"] == "file"}
        sizes = {name: int(entry["size"]) for name, entry in entries.items() if entry.get("size") is not None}
        unknown = sorted(entries.keys() - sizes.keys())  # web servers list names alone
        if unknown:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                found = pool.map(lambda name: self._size(f"{directory}/{name}"), unknown)
                sizes |= zip(unknown, found, strict=True)
        return sizes

    def directories(self, directory: str) -> list[str]:
        """The names of the directories in a directory."""
        return [name for name, entry in self._list(directory) if entry["type"] == "directory"]

    def read(self, path: str, start: int, length: int) -> bytes:
        """As `Files.read`."""
        if length > _LONGEST_CACHED or not path.endswith(".data"):
            return self._fetch(path, start, length)
        stop = start + length
        found = bytearray()
        while start + len(found) < stop:
            number, skipped = divmod(start + len(found), _BLOCK)
            block = self._block(path, number, stop)
            found += block[skipped : stop - number * _BLOCK]
            if len(block) < _BLOCK:
                break
        return bytes(found)

    def write(self, path: str, data: bytes) -> None:
        """Make a file of these bytes. Where the store allows it, it exists as a whole or not at all. Raises OSError."""
        try:
            self._ask("pipe_file", path, data, patience=_WRITING)
        except FileNotFoundError:  # not an object store: directories must be made
            self._ask("makedirs", path.rpartition("/")[0], exist_ok=True, patience=_WRITING)
            self._ask("pipe_file", path, data, patience=_WRITING)

    def _list(self, directory: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is in a directory: names, and what the file system says of each. Nothing else, whatever the server may answer."""
        directory = _as_address(directory)
        self._system.invalidate_cache()
        for entry in self._ask("ls", directory, detail=True, patience=_LISTING):
            inside, _, name = entry["name"].rstrip("/").rpartition("/")
            if inside == directory.rstrip("/") and name not in ("", ".", "..") and not set(name) & set("?#\0"):
                yield name, entry

    def _block(self, path: str, number: int, stop: int) -> bytes:
        """A block as far as it is needed, up to byte `stop` of the file, with those behind it that are needed, too."""
        needed = min(stop - number * _BLOCK, _BLOCK)
        key = (self._system, path)
        with self._fetching[hash((path, number)) % len(self._fetching)]:
            block = self._blocks.get((*key, number))
            if len(block) >= needed:
                return block
            behind = number + 1
            while behind * _BLOCK < stop and not self._blocks.get((*key, behind)):
                behind += 1
            fetched = self._fetch(path, number * _BLOCK, (behind - number) * _BLOCK)
            for i in range(0, len(fetched), _BLOCK):
                self._blocks.put((*key, number + i // _BLOCK), fetched[i : i + _BLOCK])
            return fetched[:_BLOCK]

    def _fetch(self, path: str, start: int, length: int) -> bytes:
        if length <= 0:
            return b""
        try:
            data = self._ask("cat_file", path, start=start, end=start + length, patience=_READING)
        except FileNotFoundError:
            raise
        except OSError:
            # Many refuse a range that begins behind the end.
            if self._size(path) <= start:
                return b""
            raise
        if len(data) > length:
            raise OSError(f"{path} cannot be read in parts: its server answers no ranges of bytes")
        return bytes(data)

    def _size(self, path: str) -> int:
        return int(self._ask("info", path, patience=_READING)["size"] or 0)

    def _ask(self, method: str, path: str, *arguments: Any, patience: float, **options: Any) -> Any:
        """Call a method of the file system. Whatever it raises becomes an OSError that names the path; so does waiting too long.

        FileNotFoundError stays what it is. PermissionError does not: where credentials have expired, nothing is gone.
        """
        from fsspec.asyn import AsyncFileSystem, sync

        path = _as_address(path)
        asked = time.monotonic()
        if asked < self._resting_until:
            raise TimeoutError(f"{path}: its server did not answer just now")
        try:
            if isinstance(self._system, AsyncFileSystem):
                call = getattr(self._system, f"_{method}")
                return sync(self._system.loop, call, path, *arguments, timeout=patience, **options)
            return getattr(self._system, method)(path, *arguments, **options)
        except FileNotFoundError:
            raise
        except Exception as error:
            if time.monotonic() - asked > _SLOW:
                self._resting_until = time.monotonic() + _REST
            why = f"{type(error).__name__}: {error}" if str(error) else "no answer in time"
            raise OSError(f"{path}: {' '.join(why.split())}") from error


def _as_address(path: str) -> str:
    """`Path`, which knows files alone, takes one of the two slashes from an address, and on Windows it turns the others over."""
    return _ONE_SLASH.sub(r"\1://", path.replace(os.sep, "/"))


class Place(NamedTuple):
    """A file system, and what a logdir is called there."""

    files: RemoteFiles
    path: str


def open_remote(address: str) -> Place:
    """Where an address leads. Nothing is asked of its server yet. Raises OSError, one sentence, when its driver is missing."""
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise OSError(f'{address} cannot be reached without fsspec: pip install "tb-explain[remote]"') from None
    options = {}
    if address.startswith("s3://") and os.environ.get("S3_ENDPOINT"):  # TensorBoard's own way of saying it
        options["endpoint_url"] = os.environ["S3_ENDPOINT"]
    try:
        system, path = url_to_fs(address, **options)
    except ImportError as error:
        raise OSError(f"{address} cannot be reached, its driver is not installed: {_sentence(error)}") from error
    except Exception as error:
        raise OSError(f"{address} cannot be reached: {_sentence(error)}") from error
    return Place(RemoteFiles(system), path.rstrip("/"))


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


class Found(NamedTuple):
    """What a walk found, and whether it left nothing out."""

    directories: list[str]
    complete: bool


def find_runs(files: RemoteFiles, top: str) -> Found:
    """The directories at and below `top` that have explanations, found by listing directories level by level, but not without end.

    Raises OSError when `top` cannot be listed.
    """
    above, name = DIRECTORY.split(os.sep)
    found, looked, complete = [], 0, True
    level = [top]

    def look(directory: str) -> tuple[bool, list[str]]:
        try:
            below = files.directories(directory)
            explained = above in below and name in files.directories(f"{directory}/{above}")
            return explained, [f"{directory}/{child}" for child in below if child != above]
        except OSError:
            if directory == top:
                raise
            return False, []

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in range(_DEEPEST):
            some = level[: _MOST_DIRECTORIES - looked]
            looked += len(some)
            complete = complete and len(some) == len(level)
            answers = list(pool.map(look, some))
            found += [directory for directory, (explained, _) in zip(some, answers, strict=True) if explained]
            level = [child for _, below in answers for child in below]
    return Found(found, complete and not level)
