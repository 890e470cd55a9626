"""Segments that were merged into one read as they did before, to those who open the run and to those who had it open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tb_explain.records import LOCAL, Record, RunIndex, SegmentWriter, content_hash
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.files import LocalFiles
from tb_explain.records.framing import frame, frames
from tb_explain.records.rows import Blobs

from ..conftest import index_of
from .test_format_document import assert_both_read_the_same

T = pb.Series(tag="t", kind=pb.HEATMAPS, id=1)
U = pb.Series(tag="u", kind=pb.HEATMAPS, id=2)


def declare(series: pb.Series) -> Record:
    return Record(pb.Entry(kind=pb.SERIES, declaration=series), b"")


def record(step: int, text: str, series: pb.Series = T) -> Record:
    return Record(pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, count=1), text.encode())


def purge(step: int, time: float) -> Record:
    return Record(pb.Entry(kind=pb.PURGE, step=step, wall_time=time), b"")


def part(created: float) -> Record:
    return Record(pb.Entry(kind=pb.SEGMENT, segment=pb.Segment(format_version=1, created=created)), b"")


def segment(run: Path, created: float, *records: Record, replaces: tuple[str, ...] = ()) -> Path:
    """Its path without a suffix."""
    writer = SegmentWriter(run, created)
    writer.append(records)
    writer.close()
    if replaces:
        index = Path(f"{writer.path}.index")
        first, *others = (one.data for one in frames(index.read_bytes()))
        header = pb.Entry.FromString(first or b"")
        header.segment.replaces.extend(replaces)
        index.write_bytes(b"".join(frame(data or b"") for data in (header.SerializeToString(), *others)))
    return writer.path


def uid(path: Path) -> str:
    return path.name.rpartition(".")[2]


def delete(*paths: Path) -> None:
    for path in paths:
        for suffix in ("index", "data"):
            Path(f"{path}.{suffix}").unlink()


def shown(index: RunIndex, series: pb.Series = T) -> list[bytes]:
    found = index.find(series.tag, series.kind)
    return [index.read(key) for key in index.steps(found).keys] if found else []


def test_a_closed_segment_says_that_it_is_at_its_end(tmp_path: Path) -> None:
    path = segment(tmp_path, 1.0, declare(T), record(0, "a"))
    kinds = [pb.Entry.FromString(one.data or b"").kind for one in frames(Path(f"{path}.index").read_bytes())]
    assert kinds == [pb.SEGMENT, pb.SERIES, pb.HEATMAPS, pb.END]
    counts = vars(index_of(tmp_path).counts())
    assert not any(counts.values()), counts


def test_what_a_segment_replaces_does_not_count(tmp_path: Path) -> None:
    failure = Record(pb.Entry(kind=pb.FAILURE, failure=pb.Failure(tag="t")), b"")
    old = [
        segment(tmp_path, 1.0, declare(T), record(0, "old"), failure),
        segment(tmp_path, 2.0, declare(T), record(1, "old"), purge(0, 9.0)),
    ]
    was_open = index_of(tmp_path)
    new = [declare(T), record(0, "new"), failure, record(1, "new")]
    segment(tmp_path, 1.5, *new, replaces=tuple(map(uid, old)))
    assert was_open.refresh()
    for still_there in (True, False):
        for index in (was_open, index_of(tmp_path)):
            assert not index.refresh()
            assert shown(index) == [b"new", b"new"]
            assert [series.length for series in index.series()] == [2]
            assert (index.counts().failed, len(index.failures())) == (1, 1)
        assert assert_both_read_the_same(tmp_path) == 2
        if still_there:
            delete(*old)


def test_who_asks_while_a_merged_segment_is_read_sees_each_record_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_explain.records.index._CHUNK", 50)  # bytes, so that it is read in many pieces
    old = [segment(tmp_path, float(i), declare(T), record(i, str(i))) for i in range(8)]
    seen = []

    class Asked(LocalFiles):
        def read(self, path: str, start: int, length: int) -> bytes:
            if path.endswith(".index"):
                seen.append(shown(index))
            return super().read(path, start, length)

    index = RunIndex(tmp_path, Asked())
    index.refresh()
    seen.clear()
    segment(tmp_path, 0.0, declare(T), *(record(i, str(i)) for i in range(8)), replaces=tuple(map(uid, old)))
    index.refresh()
    assert len(seen) > 8
    assert [*seen, shown(index)] == [[b"%d" % i for i in range(8)]] * (len(seen) + 1)


def test_what_was_merged_is_forgotten_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks waits meanwhile: pictures are not gone through once for each of thousands of segments."""
    picture = Record(pb.Entry(kind=pb.IMAGE, content_hash=content_hash(b"seen")), b"seen")
    failure = Record(pb.Entry(kind=pb.FAILURE, failure=pb.Failure(tag="t")), b"")
    old = [segment(tmp_path, float(i), declare(T), picture, record(i, "old"), failure) for i in range(5)]
    index = index_of(tmp_path)
    calls = []
    forget = Blobs.forget
    monkeypatch.setattr(Blobs, "forget", lambda self, gone: [calls.append(len(gone)), forget(self, gone)])
    kept = segment(tmp_path, 9.0, declare(U), picture, record(0, "kept", U))
    segment(tmp_path, 0.0, declare(U), record(1, "new", U), failure, replaces=tuple(map(uid, old)))
    index.refresh()
    assert calls == [5]
    assert shown(index, U) == [b"kept", b"new"] and not shown(index)
    assert [series.declaration.tag for series in index.series()] == ["u"]
    assert len(index.failures()) == 1
    assert [copy.path for copy in index.copies(pb.IMAGE, content_hash(b"seen"))] == [f"{kept}.data"]


def test_a_series_that_was_found_before_is_still_the_same(tmp_path: Path) -> None:
    """Whoever asked for it may ask for its steps after the segments were merged, in another order of series."""
    old = segment(tmp_path, 1.0, declare(T), record(0, "t"), declare(U), record(0, "u", U))
    index = index_of(tmp_path)
    series = {series.declaration.tag: series for series in index.series()}
    segment(tmp_path, 1.0, declare(U), record(0, "u", U), declare(T), record(0, "t"), replaces=(uid(old),))
    index.refresh()
    for tag, one in series.items():
        assert [index.read(key) for key in index.steps(one).keys] == [tag.encode()]


def test_a_series_that_is_gone_has_no_steps(tmp_path: Path) -> None:
    old = segment(tmp_path, 1.0, declare(T), record(0, "t"))
    index = index_of(tmp_path)
    (series,) = index.series()
    segment(tmp_path, 1.0, replaces=(uid(old),))
    index.refresh()
    steps = index.steps(series)
    assert steps.keys == [] and len(steps.step) == 0


def test_the_parts_of_a_segment_count_as_segments(tmp_path: Path) -> None:
    """The same records once in three segments, once in one of three parts, beside a segment of an age between theirs."""
    parts = {
        1.0: [record(0, "a"), record(7, "e"), record(9, "hidden by the second, which is younger than its purge")],
        3.0: [purge(9, 2.0), record(5, "c"), record(7, "hidden by the next"), purge(6, 0.5), record(9, "f")],
        4.0: [record(0, "b"), record(5, "d")],
    }
    between = [declare(T), record(0, "aa"), record(5, "bb")]
    apart, merged = tmp_path / "apart", tmp_path / "merged"
    for created, records in parts.items():
        segment(apart, created, declare(T), *records)
    first, *others = ([part(created), *records] for created, records in parts.items())
    segment(merged, 1.0, declare(T), *first[1:], *(one for other in others for one in other))
    for run in (apart, merged):
        segment(run, 2.5, *between)
        assert_both_read_the_same(run)
        assert shown(index_of(run)) == [b"a", b"aa", b"b", b"bb", b"c", b"d", b"e", b"f"]


class Entries(list["os.DirEntry[str]"]):
    def __enter__(self) -> Entries:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("while_listing", [False, True])
def test_segments_deleted_under_a_readers_hands_are_read_in_what_replaced_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, while_listing: bool
) -> None:
    """They are merged after it listed the directory, before it opened a file; or halfway through the listing."""
    old = [segment(tmp_path, created, declare(T), record(int(created), "old")) for created in (1.0, 2.0, 3.0)]
    list_files, scan = type(LOCAL).sizes, os.scandir
    merged = []

    def merge() -> None:
        new = [record(step, "new") for step in (1, 2, 3)]
        merged.append(segment(tmp_path, 1.0, declare(T), *new, replaces=tuple(map(uid, old))))
        delete(*old)

    def listed(files: object, directory: str) -> dict[str, int]:
        found = list_files(LOCAL, directory)
        if not merged:
            merge()
        return found

    def scanned(directory: str) -> object:
        entries = scan(directory)
        if merged:
            return entries
        some = Entries([next(entries), next(entries)])
        merge()
        os.utime(directory, (1e9, 1e9))  # however coarse its clock is
        return some

    if while_listing:
        monkeypatch.setattr(os, "scandir", scanned)
    else:
        monkeypatch.setattr(type(LOCAL), "sizes", listed)
    assert shown(index_of(tmp_path)) == [b"new"] * 3
