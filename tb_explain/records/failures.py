"""FAILURE entries that wait until the disk takes them: however long that is, they stay few."""

from __future__ import annotations

import time

from tb_explain.records import explain_pb2 as pb

_LONGEST_TEXT = 20_000  # characters of each text of an entry
_MOST = 100  # that wait as they are, as many as readers show; what comes then is added to one of its tag


def failure(tag: str, step: int, message: str, detail: str = "", *, dropped: bool = False) -> pb.Entry:
    """The entry of one explanation that could not be made or kept."""
    said = pb.Failure(tag=_text(tag), message=_text(message), detail=_text(detail), dropped=dropped)
    return pb.Entry(kind=pb.FAILURE, step=step, wall_time=time.time(), count=1, failure=said)


def _text(text: str) -> str:
    """What an entry can hold of it: messages may quote anything, such as undecodable file names or whole arrays."""
    return text[:_LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")


class Failures:
    """Entries in the order in which they came. Not thread-safe."""

    def __init__(self) -> None:
        self._waiting: list[pb.Entry] = []
        self._last: dict[tuple[str, bool], pb.Entry] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, entry: pb.Entry) -> None:
        """Let an entry wait; of many, only how many there are."""
        key = entry.failure.tag, entry.failure.dropped
        last = self._last.get(key)
        if last is None or len(self._waiting) < _MOST:
            self._waiting.append(entry)
            self._last[key] = entry
        else:
            last.count += entry.count

    def oldest(self) -> list[pb.Entry]:
        """Copies of all that wait, and after a message for how many more explanations it stands."""
        found = []
        for waiting in self._waiting:
            entry = pb.Entry()
            entry.CopyFrom(waiting)
            if entry.count > 1:
                entry.failure.message += f" (and {entry.count - 1} more)"
            found.append(entry)
        return found

    def written(self, entries: list[pb.Entry]) -> None:
        """Forget these, the oldest, but for what was added to one while it was being written."""
        rest = []
        for waiting, entry in zip(self._waiting, entries, strict=False):
            waiting.count -= entry.count
            if waiting.count:
                rest.append(waiting)
        self._waiting = rest + self._waiting[len(entries) :]
        self._last = {(entry.failure.tag, entry.failure.dropped): entry for entry in self._waiting}
