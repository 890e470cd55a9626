"""Wherever a segment is cut off, what lies before the cut is read, nothing else is, and other segments go on."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

import pytest

from tb_explain.records import DamagedRecord, Record, RunIndex, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import frames
from tb_explain.records.segment import AppendError
from tests.conftest import index_of
from tests.records.foreign_reader import read_run

PAYLOADS = [b"first payload", bytes(range(256)), b"", b"the last payload"]


def segment_of(run: Path, steps: range) -> SegmentWriter:
    segment = SegmentWriter(run)
    series = pb.Series(kind=pb.HEATMAPS, tag="t")
    declared = segment.series(series)
    segment.append(declared)
    for step in steps:
        segment.append([record_of(series.id, step)])
    return segment


def record_of(series: int, step: int) -> Record:
    entry = pb.Entry(kind=pb.HEATMAPS, series=series, step=step, wall_time=1.0, count=1)
    return Record(entry, PAYLOADS[step % len(PAYLOADS)])


def shown(index: RunIndex) -> dict[int, bytes | None]:
    """By step; None: damaged."""
    series = index.find("t", pb.HEATMAPS)
    found: dict[int, bytes | None] = {}
    if series is not None:
        steps = index.steps(series)
        for step, key in zip(steps.step.tolist(), steps.keys, strict=True):
            try:
                found[step] = index.read(key)
            except DamagedRecord:
                found[step] = None
    return found


def test_an_index_cut_at_any_byte_shows_what_lies_before(tmp_path: Path) -> None:
    path = segment_of(tmp_path, range(4)).path.with_name
    name = index_files(tmp_path)[0].name
    file = path(name)
    whole = file.read_bytes()
    ends = [found.end for found in frames(whole)]
    assert len(ends) == 6
    segment_of(tmp_path, range(4, 6))  # the writer, begun again beside it
    for size in range(len(whole) + 1):
        file.write_bytes(whole[:size])
        index = index_of(tmp_path)
        n = sum(end <= size for end in ends) - 2  # without its own entry and the declaration
        expected = {step: PAYLOADS[step % 4] for step in [*range(n), 4, 5]}
        assert shown(index) == expected, f"cut at byte {size}"
        assert vars(index.counts()) == {"unknown": 0, "damaged": 0, "failed": 0, "dropped": 0}, f"cut at byte {size}"
        foreign = read_run(tmp_path)
        assert [r.step for r in foreign.records["t", pb.HEATMAPS]] == sorted(expected)
        assert foreign.damaged == 0

        file.write_bytes(whole)  # the rest arrives
        index.refresh()
        assert shown(index) == {step: PAYLOADS[step % 4] for step in range(6)}, f"cut at byte {size}, then completed"
        assert index.counts().damaged == 0


def test_data_cut_at_any_byte_of_the_last_payload_costs_that_one(tmp_path: Path) -> None:
    segment_of(tmp_path, range(4))
    segment_of(tmp_path, range(4, 6))
    (data,) = (path for path in tmp_path.rglob("*.data") if path.read_bytes().endswith(PAYLOADS[3]))
    whole = data.read_bytes()
    complete = {step: PAYLOADS[step % 4] for step in range(6)}
    index = index_of(tmp_path)
    for size in range(len(whole) - len(PAYLOADS[3]), len(whole)):
        data.write_bytes(whole[:size])
        for reader in (index, index_of(tmp_path)):  # one that had seen it whole, and another
            assert shown(reader) == complete | {3: None}, f"cut at byte {size}"
        assert [r.payload for r in read_run(tmp_path).records["t", pb.HEATMAPS]][3] is None
        data.write_bytes(whole[:size] + bytes(len(whole) - size))  # what a file system makes of a hole
        for reader in (index, index_of(tmp_path)):
            assert shown(reader) == complete | {3: None}, f"zeros from byte {size}"
    data.write_bytes(whole)
    assert shown(index) == complete


@pytest.mark.parametrize("which", ["data", "index"])
def test_a_batch_cut_at_any_byte_keeps_the_whole_entries_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """Of several records written at once the disk takes so many bytes; who logs on does so behind the last whole one."""
    writev = os.writev
    for size in itertools.count():
        run = tmp_path / str(size)
        segment = segment_of(run, range(1))
        file = {"data": segment._data, "index": segment._index}[which]
        left = size

        def cut(descriptor: int, buffers: list[bytes], file: int = file) -> int:
            nonlocal left
            if descriptor != file:
                return writev(descriptor, buffers)
            if not left:
                raise OSError(errno.EIO, "refused")
            written = writev(descriptor, [b"".join(buffers)[:left]])
            left -= written
            return written

        index = RunIndex(run)
        with monkeypatch.context() as patch:
            patch.setattr(os, "writev", cut)
            try:
                segment.append([record_of(1, step) for step in (1, 2, 3)])
                break
            except AppendError as error:
                kept = error.written
        listed = Path(f"{segment.path}.index").read_bytes()
        assert [found.end for found in frames(listed)][-1] == len(listed), "half an entry would hide all behind it"
        index.refresh()
        assert sorted(shown(index)) == [*range(1 + kept)], f"{size} bytes were taken"
        if which == "data":
            assert kept == 0, "entries come after all payloads"
        segment.append([record_of(1, step) for step in range(1 + kept, 6)])
        for reader in (index, RunIndex(run)):  # one that had seen what was kept, and another
            reader.refresh()
            assert shown(reader) == {step: PAYLOADS[step % 4] for step in range(6)}, f"{size} bytes were taken"
            assert reader.counts().damaged == 0
    assert size > 100 and kept == (0 if which == "data" else 2)


@pytest.mark.parametrize("which", ["index", "data"])
def test_no_flipped_bit_of_a_tail_is_served(tmp_path: Path, which: str) -> None:
    segment_of(tmp_path, range(4))
    (file,) = tmp_path.rglob(f"*.{which}")
    whole = file.read_bytes()
    begin = len(whole) - (
        len(PAYLOADS[3]) if which == "data" else whole.rindex(b"") - [f.end for f in frames(whole)][-2]
    )
    for at in range(begin, len(whole)):
        for bit in (1, 128):
            damaged = bytearray(whole)
            damaged[at] ^= bit
            file.write_bytes(damaged)
            found = shown(index_of(tmp_path))
            assert {step: found[step] for step in range(3)} == {step: PAYLOADS[step] for step in range(3)}
            assert found.get(3) is None, f"byte {at} was flipped"


def index_files(run: Path) -> list[Path]:
    return sorted(run.rglob("*.index"))
