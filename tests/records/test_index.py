"""An index follows a run that grows, shrinks, vanishes or is damaged, and reads no more than it must."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from tb_explain.records import MAX_PAYLOAD, DamagedRecord, LocalFiles, Record, RunIndex, SegmentWriter, rows
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import frame
from tb_explain.records.listing import RecordKey, Steps
from tb_explain.records.segment_index import Counts
from tests.conftest import index_of


def payload_of(step: int) -> bytes:
    return f"payload {step} ".encode() * 5


def log(segment: SegmentWriter, *steps: int, tag: str = "t") -> None:
    series = pb.Series(kind=pb.HEATMAPS, tag=tag)
    records = segment.series(series)
    for step in steps:
        entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, wall_time=step, count=1)
        records.append(Record(entry, payload_of(step)))
    segment.append(records)


def steps_of(index: RunIndex, tag: str = "t") -> Steps:
    series = index.find(tag, pb.HEATMAPS)
    assert series, f"no series {tag}"
    return index.steps(series)


@pytest.fixture
def segment(tmp_path: Path) -> SegmentWriter:
    return SegmentWriter(tmp_path)


def index_file(segment: SegmentWriter) -> Path:
    return Path(f"{segment.path}.index")


def data_file(segment: SegmentWriter) -> Path:
    return Path(f"{segment.path}.data")


def test_a_refresh_reads_only_what_was_appended(tmp_path: Path, segment: SegmentWriter) -> None:
    index = RunIndex(tmp_path)
    log(segment, 0, 1)
    assert index.refresh()
    read = index_file(segment).stat().st_size
    with index_file(segment).open("r+b") as file:
        file.write(b"\xff" * read)  # whoever reads this again finds nothing but damage
    log(segment, 2)
    assert index.refresh()
    assert steps_of(index).step.tolist() == [0, 1, 2]
    assert index.counts().damaged == 0
    assert not index.refresh()


def test_nothing_is_read_before_the_first_refresh(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0)
    index = RunIndex(tmp_path)
    assert index.series() == []
    assert index.find("t", pb.HEATMAPS) is None


def test_no_file_stays_open(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0)
    before = len(os.listdir("/proc/self/fd"))
    index = index_of(tmp_path)
    index.read(steps_of(index).keys[0])
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_index_file_larger_than_what_is_read_at_once(tmp_path: Path, segment: SegmentWriter) -> None:
    n = 140_000
    series = pb.Series(kind=pb.HEATMAPS, tag="t")
    declared = segment.series(series)
    segment.append(
        declared + [Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=step, wall_time=1e9), b"") for step in range(n)]
    )
    assert index_file(segment).stat().st_size > 4 << 20
    index = index_of(tmp_path)
    assert steps_of(index).step.tolist() == list(range(n))
    assert index.counts().damaged == 0


def test_a_large_segment_of_another_version_is_one_unknown(tmp_path: Path, segment: SegmentWriter) -> None:
    header = pb.Entry(kind=pb.SEGMENT, segment=pb.Segment(format_version=2))
    index_file(segment).write_bytes(frame(header.SerializeToString()) + b"other " * (1 << 20))
    index = index_of(tmp_path)
    index_file(segment).open("ab").write(b"and more")
    index.refresh()
    assert (index.counts().unknown, index.counts().damaged) == (1, 0)


@pytest.mark.parametrize("gone", ["plugins", "plugins/tb_explain", "."])
def test_a_directory_that_vanishes_reads_as_unchanged_and_may_return(tmp_path: Path, gone: str) -> None:
    run, away = tmp_path / "run", tmp_path / "away"
    segment = SegmentWriter(run)
    log(segment, 0)
    index = index_of(run)
    (run / gone).rename(away)
    assert not index.refresh()
    assert steps_of(index).step.tolist() == [0]
    with pytest.raises(FileNotFoundError):
        index.read(steps_of(index).keys[0])
    away.rename(run / gone)
    log(segment, 1)
    assert index.refresh()
    assert [index.read(key) for key in steps_of(index).keys] == [payload_of(0), payload_of(1)]


def test_a_run_without_explanations_is_empty(tmp_path: Path) -> None:
    index = RunIndex(tmp_path / "never made")
    assert not index.refresh()
    assert index.series() == []


def test_other_files_in_the_directory_are_no_segments(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0)
    (segment.path.parent / "notes.txt").write_text("hello")
    (segment.path.parent / "x.data").write_bytes(b"orphan")
    (segment.path.parent / "empty.index").touch()
    (segment.path.parent / "directory.index").mkdir()
    index = index_of(tmp_path)
    assert steps_of(index).step.tolist() == [0]
    assert index.counts().damaged == 0


def test_a_truncated_data_file_costs_the_records_behind_its_end(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0, 1, 2)
    index = index_of(tmp_path)
    keys = steps_of(index).keys
    os.truncate(data_file(segment), len(payload_of(0)) * 2 - 1)
    assert index.read(keys[0]) == payload_of(0)
    for key in keys[1:]:
        with pytest.raises(DamagedRecord, match="ends before the record at byte"):
            index.read(key)


def test_a_flipped_bit_in_a_payload_is_noticed(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0, 1)
    index = index_of(tmp_path)
    with data_file(segment).open("r+b") as file:
        file.write(b"\0")
    keys = steps_of(index).keys
    with pytest.raises(DamagedRecord, match="does not match its CRC"):
        index.read(keys[0])
    assert index.read(keys[1]) == payload_of(1)


def test_an_unreadable_tail_is_counted_once_and_read_when_it_is_repaired(
    tmp_path: Path, segment: SegmentWriter
) -> None:
    log(segment, 0)
    sound = index_file(segment).stat().st_size
    index = RunIndex(tmp_path)
    for garbage in (b"\xaa" * 40, b"\xaa" * 40):  # it grows, and stays garbage
        with index_file(segment).open("ab") as file:
            file.write(garbage)
        index.refresh()
        index.refresh()
    assert steps_of(index).step.tolist() == [0]
    assert index.counts().damaged == 1
    os.truncate(index_file(segment), sound)
    log(segment, 1, 2)
    index.refresh()
    assert steps_of(index).step.tolist() == [0, 1, 2]


def test_a_tail_completed_later_is_read_then(tmp_path: Path, segment: SegmentWriter) -> None:
    """A reader may look at any moment of a write."""
    log(segment, 0)
    start = index_file(segment).stat().st_size
    log(segment, 1)
    whole = index_file(segment).read_bytes()
    index = RunIndex(tmp_path)
    for size in range(start, len(whole) + 1):
        index_file(segment).write_bytes(whole[:size])
        assert index.refresh() == (size in (start, len(whole)))
    assert steps_of(index).step.tolist() == [0, 1]
    assert index.counts().damaged == 0


@pytest.mark.parametrize("length", [MAX_PAYLOAD + 1, 2**40, 2**64 - 1])
def test_an_absurd_payload_is_damage_before_memory_is_set_aside(
    tmp_path: Path, segment: SegmentWriter, length: int
) -> None:
    log(segment, 0)
    entry = pb.Entry(kind=pb.HEATMAPS, series=1, step=1, length=length)
    segment.append([Record(entry, b"")])
    index = index_of(tmp_path)
    assert steps_of(index).step.tolist() == [0]
    assert index.counts().damaged == 1


@pytest.mark.parametrize(("offset", "length"), [(2**64 - 1, 1), (2**63, 2**30), (0, 2**30)])
def test_a_place_outside_the_data_file_is_a_damaged_record(
    tmp_path: Path, segment: SegmentWriter, offset: int, length: int
) -> None:
    log(segment, 0)
    segment.append([Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=1, offset=offset, length=length), b"")])
    index = index_of(tmp_path)
    with pytest.raises(DamagedRecord):
        index.read(steps_of(index).keys[1])


def test_an_entry_that_is_no_message_is_skipped(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0)
    with index_file(segment).open("ab") as file:
        file.write(frame(b"\xff\xff\xff"))
        file.write(frame(b""))  # a message without a kind
    log(segment, 1)
    index = index_of(tmp_path)
    assert steps_of(index).step.tolist() == [0, 1]
    assert index.counts().damaged == 2


def test_unknown_keys_and_names_are_keyerrors(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0)
    index = index_of(tmp_path)
    (key,) = steps_of(index).keys
    for unknown in (RecordKey("0" * 12, key.entry), RecordKey(key.segment, 0), RecordKey(key.segment, 99)):
        with pytest.raises(KeyError):
            index.read(unknown)
    with pytest.raises(KeyError):
        index.read_blob(pb.IMAGE, b"0" * 16)


def test_the_newest_hundred_failures_are_kept(tmp_path: Path, segment: SegmentWriter) -> None:
    for step in range(150):
        segment.append([Record(pb.Entry(kind=pb.FAILURE, step=step, failure=pb.Failure(tag="t")), b"")])
    index = index_of(tmp_path)
    assert [entry.step for entry in index.failures()] == list(range(50, 150))
    assert index.counts().failed == 150


def test_reading_while_others_write_shows_whole_records_only(tmp_path: Path) -> None:
    n = 400

    def write(tag: str) -> None:
        segment = SegmentWriter(tmp_path)
        for step in range(n):
            log(segment, step, tag=tag)
        segment.close()

    threads = [threading.Thread(target=write, args=(tag,)) for tag in ("a", "b")]
    for thread in threads:
        thread.start()
    index, refreshes = RunIndex(tmp_path), 0
    while any(thread.is_alive() for thread in threads) or refreshes == 0:
        index.refresh()
        refreshes += 1
        for series in index.series():
            steps = index.steps(series)
            assert steps.step.tolist() == list(range(len(steps.keys)))
            if steps.keys:
                assert index.read(steps.keys[-1]) == payload_of(len(steps.keys) - 1)
    index.refresh()
    assert [len(steps_of(index, tag).keys) for tag in ("a", "b")] == [n, n]
    assert index.counts().damaged == 0


def test_a_purge_spares_those_that_resumed_together(tmp_path: Path) -> None:
    """Ranks make their writers when training resumes and log their first records later, each when it comes to it."""
    crashed = SegmentWriter(tmp_path, now=10.0)
    log(crashed, 0, 50, 100)
    for rank, (made, first_record) in enumerate([(20.0, 30.0), (21.0, 35.0)]):
        resumed = SegmentWriter(tmp_path, now=first_record)
        resumed.append([Record(pb.Entry(kind=pb.PURGE, step=50, wall_time=made), b"")])
        log(resumed, 60 + rank)
        resumed.close()
    index = index_of(tmp_path)
    assert steps_of(index).step.tolist() == [0, 60, 61]


def test_a_run_that_was_deleted_and_trained_again_shows_the_new_segments(tmp_path: Path) -> None:
    old = SegmentWriter(tmp_path)
    log(old, 0)
    index = index_of(tmp_path)
    shutil.rmtree(tmp_path / "plugins")
    new = SegmentWriter(tmp_path)
    log(new, 7)
    assert index.refresh()
    shown = steps_of(index)
    assert index.read(shown.keys[shown.step.tolist().index(7)]) == payload_of(7)


def test_records_of_one_step_are_in_the_order_of_their_segments_age(tmp_path: Path) -> None:
    """Within a millisecond, too, which their names do not tell."""
    ages = [1.0 + i / 100_000 for i in (7, 2, 9, 0, 5, 3, 8, 1)]
    names = {}
    for age in ages:
        segment = SegmentWriter(tmp_path, now=age)
        log(segment, 4)
        names[age] = segment.path.name.rpartition(".")[2]
    index = index_of(tmp_path)
    assert [key.segment for key in steps_of(index).keys] == [names[age] for age in sorted(ages)]


def test_what_was_deleted_is_forgotten_and_the_rest_stays(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0, 1)
    gone = SegmentWriter(tmp_path)
    log(gone, 1, 2)
    log(gone, 5, tag="only there")
    name, image = gone.blob(pb.IMAGE, b"picture")
    purge = Record(pb.Entry(kind=pb.PURGE, step=1, wall_time=1e12), b"")
    failure = Record(pb.Entry(kind=pb.FAILURE, failure=pb.Failure(tag="t")), b"")
    gone.append([*image, failure, Record(pb.Entry(kind=pb.HEATMAPS, series=99), b"lost"), purge])
    index = index_of(tmp_path)
    assert steps_of(index).step.tolist() == [0]
    key = index.steps(index.series()[1]).keys
    for file in (index_file(gone), data_file(gone)):
        file.unlink()
    assert index.refresh()
    assert not index.refresh()
    assert [(series.declaration.tag, series.length) for series in index.series()] == [("t", 2)]
    assert steps_of(index).step.tolist() == [0, 1], "its purge is gone, too"
    assert (vars(index.counts()), index.failures()) == (vars(Counts()), [])
    with pytest.raises(KeyError):
        index.read_blob(pb.IMAGE, name)
    for one in key:
        with pytest.raises(KeyError):
            index.read(one)
    log(segment, 3)
    again = SegmentWriter(tmp_path)
    log(again, 7, tag="only there")
    index.refresh()
    assert steps_of(index).step.tolist() == [0, 1, 3]
    assert [index.read(key) for key in steps_of(index, "only there").keys] == [payload_of(7)]


def test_a_file_that_was_written_anew_under_its_name_is_read_anew(tmp_path: Path, segment: SegmentWriter) -> None:
    log(segment, 0, 1, 2)
    index = index_of(tmp_path)
    other = SegmentWriter(tmp_path / "other")
    log(other, 9)
    for old, new in ((index_file(segment), index_file(other)), (data_file(segment), data_file(other))):
        shutil.copyfile(new, old)
    assert index.refresh()
    assert [index.read(key) for key in steps_of(index).keys] == [payload_of(9)]
    assert [series.length for series in index.series()] == [1]


def test_blobs_are_found_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_MOST_SORTED", 1000)
    segments = [SegmentWriter(tmp_path) for _ in range(3)]
    index = RunIndex(tmp_path)
    stored: dict[bytes, bytes] = {}
    for i in range(9):
        for segment in segments[: 1 + i % 3]:
            payloads = [b"%d" % (500 * i + k) for k in range(900)]
            named = [segment.blob(pb.IMAGE, payload) for payload in payloads]
            stored |= {name: payload for (name, _), payload in zip(named, payloads, strict=True)}
            segment.append([record for _, records in named for record in records])
        index.refresh()
        if i % 4 == 3:
            index_file(segments[2]).unlink()
            segments[2] = SegmentWriter(tmp_path)
    assert len(stored) > 4000
    for name, payload in stored.items():
        assert index.read_blob(pb.IMAGE, name) == payload
        with pytest.raises(KeyError):
            index.read_blob(pb.LABELS, name)


def test_who_asks_while_a_large_index_is_read_is_told_what_is_known(tmp_path: Path, segment: SegmentWriter) -> None:
    n = 40_000
    declared = segment.series(pb.Series(kind=pb.HEATMAPS, tag="t"))
    segment.append(declared + [Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=step), b"") for step in range(n)])
    size = index_file(segment).stat().st_size
    seen = []

    class Slow(LocalFiles):
        def read(self, path: str, start: int, length: int) -> bytes:
            asker = threading.Thread(target=lambda: seen.append((index.unread(), [s.length for s in index.series()])))
            asker.start()
            asker.join(10)
            return super().read(path, start, length)

    index = RunIndex(tmp_path, Slow())
    index.refresh()
    assert seen[0] == ((size, size), [])
    assert len(seen) > 2
    lengths = [length for _, (length,) in seen[1:]]
    assert 0 < lengths[0] < lengths[-1] < n
    assert index.unread() == (0, size)
