"""Index files: whatever they say, a run is read, what cannot be is counted, and reading while they grow comes to the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from google.protobuf.message import DecodeError

from tb_explain.records import MAX_PAYLOAD, DamagedRecord, RunIndex
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.entries import decode
from tb_explain.records.framing import frame, spans

_DATA = bytes(range(256)) * 4  # of every segment

_HASH = bytes(16)


class Memory:
    """Files that are lists of bytes."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def sizes(self, directory: str) -> dict[str, int]:
        return {name: len(data) for name, data in self.files.items()}

    def read(self, path: str, start: int, length: int) -> bytes:
        if path.endswith(".data"):
            return _DATA[start : start + length]
        return self.files[path.rpartition("/")[2]][start : start + length]


def segments_of(data: bytes) -> tuple[list[bytes], int]:
    """The index files that an input stands for, and where the first of them is cut when it is read for the first time.

    The first byte tells how the rest is meant: as a file as it is (bit 0), or as entries that are framed here, each a byte of
    length (255: of the next segment; bit 7 set: damaged) and as many bytes.
    """
    how, cut, rest = data[0], data[1] * 16, data[2:]
    if how & 1:
        return [rest], cut
    files, at = [bytearray()], 0
    while at < len(rest):
        length = rest[at]
        at += 1
        if length == 255:
            files.append(bytearray())
            continue
        framed = bytearray(frame(rest[at : at + length]))
        at += length
        if length & 0x80 and how & 2:
            framed[-5] ^= 1
        files[-1] += framed
    return [bytes(file) for file in files], cut


def check(data: bytes) -> None:
    """Reads the index files at once and in two parts."""
    if len(data) < 2:
        return
    files, cut = segments_of(data)
    for file in files:
        _check_decoding(file)
    named = {f"1000.host.1.{i:012x}.index": file for i, file in enumerate(files)}
    at_once, growing = RunIndex("run", Memory(named)), RunIndex("run", Memory(dict(named)))
    first = next(iter(named))
    growing._files.files[first] = named[first][:cut]  # type: ignore[attr-defined]
    growing.refresh()
    growing._files.files[first] = named[first]  # type: ignore[attr-defined]
    growing.refresh()
    at_once.refresh()
    assert not at_once.refresh(), "nothing has changed"
    assert set(_facts(at_once)) == set(_facts(growing)), "reading while files grow comes to another result"


def _check_decoding(file: bytes) -> None:
    """Entries that are decoded many at once are those that protobuf reads one by one."""
    found = spans(file)
    entries = decode(file, found)
    for i, row in enumerate(entries.columns):
        try:
            entry = pb.Entry.FromString(file[found.starts[i] : found.stops[i]])
        except DecodeError:
            assert not entries.sound[i]
            continue
        if not entries.sound[i]:
            odd = len(entry.content_hash) not in (0, 16)
            assert odd or entry.length > MAX_PAYLOAD or not found.sound[i], entry
            continue
        assert row["kind"] == entry.kind & 0xFFFFFFFF
        for name in ("series", "step", "offset", "length", "crc", "count"):
            assert row[name] == getattr(entry, name), (name, row, entry)
        assert np.float64(row["wall_time"]).tobytes() == np.float64(entry.wall_time).tobytes()
        assert row["hash"].tobytes() == (entry.content_hash or bytes(16))


def _facts(run: RunIndex) -> Iterator[object]:
    for series in run.series():
        steps = run.steps(series)
        assert len({len(steps.step), len(steps.wall_time), len(steps.count), len(steps.keys)}) == 1
        assert len(steps.keys) <= series.length
        assert (np.diff(steps.step.astype(object)) >= 0).all(), "records are ordered by step"
        for key in steps.keys:
            try:
                assert len(run.read(key)) <= len(_DATA)
            except DamagedRecord:
                continue
        yield series.declaration.tag, series.declaration.kind, tuple(steps.keys)
    for kind in pb.Kind.values():
        try:
            run.read_blob(kind, _HASH)
        except DamagedRecord:
            pass
        except KeyError:
            yield kind
    yield str(run.counts())
    assert len(run.failures()) <= 100
