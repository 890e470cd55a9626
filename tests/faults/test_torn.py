"""Wherever a segment is cut off, what lies before the cut is read, nothing else is, and other segments go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_explain.records import DamagedRecord, Record, RunIndex, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import frames
from tests.faults.helpers import index_of
from tests.records.foreign_reader import read_run

PAYLOADS = [b"first payload", bytes(range(256)), b"", b"the last payload"]


def segment_of(run: Path, steps: range, tag: str = "t") -> SegmentWriter:
    segment = SegmentWriter(run)
    series = pb.Series(kind=pb.HEATMAPS, tag=tag)
    declared = segment.series(series)
    segment.append(declared)
    for step in steps:
        entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, wall_time=1.0, count=1)
        segment.append([Record(entry, PAYLOADS[step % len(PAYLOADS)])])
    return segment


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
