"""Which runs a logdir holds and what is in them, kept up to date without a request waiting for the file system."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tb_explain.plugin.archive import ArchiveRoot
from tb_explain.plugin.inside import FilesInside
from tb_explain.plugin.remote import RemoteRoot
from tb_explain.records import DIRECTORY, RunIndex
from tb_explain.records.files import contains
from tb_explain.records.remote import is_remote

_log = logging.getLogger("tb_explain")

_INTERVAL = 2.0  # seconds between two walks of the logdir at least,
_SHARE = 0.2  # of the time at most is spent walking, however slow the file system is,
_PATIENCE = 0.25  # and this many seconds at most does a request wait for one,
_QUICK = 0.1  # (the list of plugins for none that took longer the last time)
_FIRST = 1.0  # or for the first, after which it is told what is known, and how far the reading is.
_AT_ONCE = 8  # runs of a server that are looked into together
_LITTLE = 1 << 20  # Bytes of index files that are worth no word while they are read.

_ADDRESS = re.compile(r"[a-zA-Z][0-9a-zA-Z.]*://")


class Root(NamedTuple):
    """A directory that TensorBoard was started with, resolved, and what its runs' names begin with (or "")."""

    group: str
    path: str

    @property
    def files(self) -> FilesInside:
        """How its files are reached."""
        return FilesInside(self.path)

    @property
    def notice(self) -> str:
        """Nothing to say."""
        return ""

    def run_directories(self, listed: Iterable[str]) -> Iterator[str]:
        """The directories that have explanations."""
        return self.files.run_directories()

    def run_name(self, directory: str) -> str:
        """TensorBoard's name of the run in a directory below this one."""
        return os.path.join(self.group, os.path.relpath(directory, self.path))

    def directory_of(self, run: str) -> str | None:
        """Where the run of this name would be; None for one of another group."""
        if not self.group:
            return os.path.join(self.path, run)
        inside = run.removeprefix(self.group + os.sep)
        return None if inside == run else os.path.join(self.path, inside)

    def contains(self, path: str) -> bool:
        """Whether a path, after resolving symbolic links, lies in this directory."""
        return contains(self.path, path)


AnyRoot: TypeAlias = Root | ArchiveRoot | RemoteRoot


def roots_of(logdir: str, logdir_spec: str) -> list[AnyRoot]:
    """The directories, archives and addresses named by --logdir or --logdir_spec, as TensorBoard understands them."""
    named = [("", logdir)] if logdir else [_group_and_path(part) for part in logdir_spec.split(",") if part]
    return [RemoteRoot(group, path) if is_remote(path) else _local(group, path) for group, path in named]


def _local(group: str, path: str) -> Root | ArchiveRoot:
    path = os.path.realpath(os.path.expanduser(path.removeprefix("file://")))
    archived = os.path.isfile(path) or (path.endswith(".zip") and not os.path.isdir(path))
    return ArchiveRoot(group, path) if archived else Root(group, path)


def _group_and_path(specification: str) -> tuple[str, str]:
    """`group:path` or `path`; a path that is absolute or starts with a drive letter or a scheme may contain colons."""
    bare = _ADDRESS.match(specification) or specification.startswith("/") or os.path.splitdrive(specification)[0]
    if bare or ":" not in specification:
        return "", specification
    group, _, path = specification.partition(":")
    return group, path


@dataclass(frozen=True)
class _Run:
    directory: str
    index: RunIndex


class Runs:
    """The runs below `roots` that hold explanations. Thread-safe.

    Runs are found by walking, and by the names that `listed` gives (TensorBoard follows symbolic links between directories,
    the walk does not). A run that resolves to a place outside its root is left out.
    """

    def __init__(self, roots: Iterable[AnyRoot], listed: Callable[[], Iterable[str]]) -> None:
        self._roots = list(roots)
        self._patient_until = 0.0  # seconds of the monotonic clock
        self._listed = listed
        self._changed = threading.Condition()
        self._runs: dict[str, _Run] = {}
        self._searched = False  # once, to the end
        self._refreshing = False
        self._due = 0.0
        self._took = 0.0  # seconds, the last time
        self._unlisted = False
        self._refused: set[str] = set()

    def current(self) -> Mapping[str, RunIndex]:
        """All runs by name; those found so far while the logdir is searched for the first time, and that takes long."""
        self.known()
        with self._changed:
            patience = self._patient_until - time.monotonic()
            self._changed.wait_for(lambda: self._searched or not self._refreshing, patience)
            return self._indexes()

    def known(self) -> Mapping[str, RunIndex]:
        """The runs found so far; looks for more in the background when it is time, and waits a little for that."""
        with self._changed:
            self._look()
            self._changed.wait_for(lambda: not self._refreshing, _PATIENCE)
            return self._indexes()

    def any(self) -> bool:
        """Whether there are runs, as far as is known. All of TensorBoard waits for it: it waits for the first search, and for quick ones."""
        with self._changed:
            self._look()
            self._changed.wait_for(lambda: not self._refreshing, _PATIENCE if self._took < _QUICK else 0)
            return bool(self._runs)

    def _look(self) -> None:
        """Begin a search if it is time."""
        now = time.monotonic()
        if self._refreshing or now < self._due:
            return
        if not self._searched:
            self._patient_until = now + _FIRST
        try:
            threading.Thread(target=self._refresh, name="tb_explain discovery", daemon=True).start()
            self._refreshing = True
        except RuntimeError as error:  # there are too many threads
            self._due = now + _INTERVAL
            _log.warning("no more explanations are looked for now: %s", error)

    def find(self, name: str) -> RunIndex | None:
        """The run of a name; looks for new runs only when it is not known."""
        with self._changed:
            run = self._runs.get(name)
        return run.index if run else self.current().get(name)

    def indexing(self) -> float | None:
        """Which share of the index files is read, from 0 to 1; None when there is nothing worth waiting for."""
        with self._changed:
            if not self._refreshing:
                return None
            unread = [index.unread() for index in self._indexes().values()]
            if self._searched and sum(left for left, _ in unread) < _LITTLE:
                return None
        return sum(1 - left / size for left, size in unread if size) / max(1, len(unread))

    def _indexes(self) -> dict[str, RunIndex]:
        return {name: run.index for name, run in self._runs.items()}

    def notices(self) -> list[str]:
        """What keeps runs from being shown, a sentence each."""
        return [root.notice for root in self._roots if root.notice]

    def _refresh(self) -> None:
        started = time.monotonic()
        try:
            self._search()
        except Exception:
            _log.exception("the logdir could not be searched for explanations")
        ended = time.monotonic()
        with self._changed:
            self._searched = True
            self._refreshing = False
            self._took = ended - started
            self._due = ended + max(_INTERVAL, (ended - started) * (1 / _SHARE - 1))
            self._changed.notify_all()

    def _search(self) -> None:
        found: dict[str, _Run] = {}
        for name, (root, directory) in sorted(self._candidates().items()):
            run = self._look_into(root, directory, self._runs.get(name))
            if run is not None:
                found[name] = run
        with self._changed:
            self._runs = found
        # A server is asked about several runs at once, since each answer takes its time; a disk is read in order.
        remote = any(isinstance(root, RemoteRoot) for root in self._roots)
        _refresh_all([run.index for run in found.values()], _AT_ONCE if remote else 1)
        with self._changed:
            self._runs = {name: run for name, run in found.items() if run.index.there}

    def _candidates(self) -> dict[str, tuple[AnyRoot, str]]:
        """Where there may be runs. A name found twice is, as in TensorBoard, the one named last."""
        candidates: dict[str, tuple[AnyRoot, str]] = {}
        listed = self._names_listed()
        for root in self._roots:
            for name in listed:
                directory = root.directory_of(name)
                if directory is not None and name not in candidates:
                    candidates[name] = root, directory
            for directory in root.run_directories(listed):
                candidates[root.run_name(directory)] = root, directory
        return candidates

    def _names_listed(self) -> list[str]:
        try:
            return list(self._listed())
        except Exception as error:
            if not self._unlisted:
                self._unlisted = True
                _log.warning("TensorBoard could not list its runs (%s); Explain looks for them by itself", error)
            return []

    def _look_into(self, root: AnyRoot, directory: str, before: _Run | None) -> _Run | None:
        if before is not None and before.directory == directory:
            return before
        home = os.path.join(directory, DIRECTORY)
        try:
            root.files.sizes(home)
        except PermissionError:
            if directory not in self._refused and not root.contains(home) and os.path.isdir(home):
                self._refused.add(directory)
                _log.warning("%s is not shown: it leads out of the logdir", directory)
            return None
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        except OSError:
            pass  # a server that does not answer now may do so later
        return _Run(directory, RunIndex(directory, root.files))


def _refresh_all(indexes: Iterable[RunIndex], at_once: int) -> None:
    """Read what is new in each. TensorBoard's exit does not wait for it, as it would for a pool's threads."""
    waiting = deque(indexes)

    def work() -> None:
        while waiting:
            try:
                index = waiting.popleft()
            except IndexError:
                return  # another took the last
            try:
                index.refresh()
            except Exception:
                _log.exception("a run could not be read")

    helpers = [threading.Thread(target=work, name="tb_explain discovery", daemon=True) for _ in range(at_once - 1)]
    with contextlib.suppress(RuntimeError):  # there are too many threads
        for helper in helpers:
            helper.start()
    work()
    for helper in helpers:
        if helper.ident is not None:
            helper.join()
