"""Writing where nothing can be appended to a file, such as an object store: one small closed segment after another."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import crc32c, frame
from tb_explain.records.remote import is_remote, open_remote
from tb_explain.records.segment import DIRECTORY, Origin, Record, SegmentWriter, beginning, moment_in


class RollingSegment(SegmentWriter):
    """Makes a segment of each `append`. Not thread-safe: one thread writes.

    When `append` returns, both files are with the store. The data file goes first: a segment of which a reader sees the index file is
    whole, and until then it does not exist. What records share is uploaded once by this writer, for readers look through the run.
    """

    def __init__(
        self, run_directory: str | os.PathLike[str], now: float | None = None, origin: Origin | None = None
    ) -> None:
        """Nothing is uploaded yet. Raises OSError when the address has no driver."""
        self._files, top = open_remote(os.fspath(run_directory))
        self._directory = f"{top}/{DIRECTORY}"
        # As if all were one segment that is begun now: a purge of a later writer hides also what is uploaded after it.
        self._created = moment_in(run_directory) if now is None else now
        self._origin = origin or Origin(self._created, "", 0)
        self._created = max(self._created, self._origin.made)
        self._hashes = set()
        self._unanswered: list[str] = []  # segments of which the store may have the index file, but has not said so
        self._start_declaring()

    def can_go_on(self, error: Exception) -> bool:
        """Each `append` begins anew, whatever became of the last one."""
        return True

    def append(self, records: Sequence[Record]) -> None:
        """Upload a segment of these records. Raises OSError: whatever was uploaded then, the next segment replaces it."""
        self.path, header = beginning(self._directory, self._created, self._origin)
        header.entry.segment.replaces.extend(self._unanswered)
        self._created += 0.002  # so that names, in milliseconds, order segments, too
        data, index = bytearray(), bytearray()
        for entry, payload in (header, *records, Record(pb.Entry(kind=pb.END, wall_time=time.time()), b"")):
            if payload:
                entry.offset, entry.length, entry.crc = len(data), len(payload), crc32c(payload)
                data += payload
            index += frame(entry.SerializeToString())
        try:
            self._files.write(f"{self.path}.data", bytes(data))
            self._unanswered.append(self.path.name.rpartition(".")[2])
            self._files.write(f"{self.path}.index", bytes(index))
            self._unanswered.clear()
        except Exception:
            self._forget(records)
            raise
        finally:
            self._start_declaring()

    def sync(self) -> None:
        """Nothing waits."""

    def is_deleted(self) -> bool:
        """Nothing is held open that could go while it is written to."""
        return False

    def close(self) -> None:
        """Every segment is closed as it is made."""

    def abandon(self) -> None:
        """Nothing is held open."""


def open_segment(
    run_directory: str | os.PathLike[str], now: float | None = None, origin: Origin | None = None
) -> SegmentWriter:
    """What writes to a run, wherever it lies."""
    directory = os.fspath(run_directory)
    if is_remote(directory):
        return RollingSegment(directory, now, origin)
    return SegmentWriter(directory.removeprefix("file://"), now, origin)
