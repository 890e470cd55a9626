"""All that TensorBoard was started with: every server is searched by itself, so that a slow one holds up nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tb_explain.plugin.discovery import AnyRoot, Runs
from tb_explain.plugin.remote import RemoteRoot
from tb_explain.records import RunIndex


class Logdirs:
    """The runs of several roots, as `Runs`. Thread-safe."""

    def __init__(self, roots: Sequence[AnyRoot], listed: Callable[[], Iterable[str]]) -> None:
        remote = [root for root in roots if isinstance(root, RemoteRoot)]
        local = [root for root in roots if not isinstance(root, RemoteRoot)]
        self._searches = [Runs(local, listed), *(Runs([root], listed) for root in remote)]

    def current(self) -> Mapping[str, RunIndex]:
        """As `Runs.current`."""
        self.known()  # which has all begin, so that the waits are one
        return {name: run for search in self._searches for name, run in search.current().items()}

    def any(self) -> bool:
        """As `Runs.any`."""
        return any([search.any() for search in self._searches])  # all of them, so that all begin

    def known(self) -> Mapping[str, RunIndex]:
        """As `Runs.known`."""
        return {name: run for search in self._searches for name, run in search.known().items()}

    def find(self, name: str) -> RunIndex | None:
        """As `Runs.find`."""
        return next((run for search in self._searches if (run := search.find(name)) is not None), None)

    def indexing(self) -> float | None:
        """As `Runs.indexing`, of the one that has come least far."""
        return min((share for search in self._searches if (share := search.indexing()) is not None), default=None)

    def notices(self) -> list[str]:
        """As `Runs.notices`."""
        return [notice for search in self._searches for notice in search.notices()]
