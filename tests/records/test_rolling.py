"""What is written to an address comes in small closed segments, each whole or not there, and shares its pictures with the others."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tb_explain.records import DIRECTORY, Origin, Record, Recorder, SegmentWriter, open_segment, recorder
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.remote import RemoteFiles, open_remote
from tb_explain.records.rolling import RollingSegment
from tests.conftest import until
from tests.records.conftest import index_at
from tests.records.foreign_reader import read_run
from tests.records.test_index import steps_of
from tests.records.test_recorder import put
from tests.s3 import S3


def files_of(address: str) -> dict[str, int]:
    files, path = open_remote(address)
    try:
        return files.sizes(f"{path}/{DIRECTORY}")
    except FileNotFoundError:
        return {}


def record(segment: SegmentWriter, step: int, picture: bytes = b"") -> list[Record]:
    series = pb.Series(kind=pb.HEATMAPS, tag="t")
    found = segment.blob(pb.IMAGE, picture)[1] if picture else []
    found += segment.series(series)
    entry = pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step, wall_time=step, count=1)
    return [*found, Record(entry, b"payload %d" % step)]


def test_each_append_is_a_closed_segment_and_pictures_are_stored_once(address: str) -> None:
    segment = open_segment(address)
    assert isinstance(segment, RollingSegment)
    assert files_of(address) == {}
    for step in range(4):
        segment.append(record(segment, step, b"picture") + record(segment, 10 + step, b"picture"))
    segment.sync()
    segment.close()
    index = index_at(address)
    assert steps_of(index).step.tolist() == [0, 1, 2, 3, 10, 11, 12, 13]
    assert [index.read(key) for key in steps_of(index).keys][:2] == [b"payload 0", b"payload 1"]
    assert index.read_blob(pb.IMAGE, segment.blob(pb.IMAGE, b"picture")[0]) == b"picture"
    sizes = files_of(address)
    assert len(sizes) == 8
    names = sorted({name.rpartition(".")[0] for name in sizes})
    assert sum(size for name, size in sizes.items() if name.endswith(".data")) == len(b"picture") + 4 * 19
    assert vars(index.counts()) == {"unknown": 0, "damaged": 0, "failed": 0, "dropped": 0}
    for name in names:  # names say in which order they were made
        assert sizes[f"{name}.data"] == (26 if name == names[0] else 19)


def test_a_reader_without_the_library_reads_it(address: str, tmp_path: Path) -> None:
    segment = open_segment(address)
    segment.append(record(segment, 5, b"picture"))
    files, path = open_remote(address)
    home = tmp_path / "copy" / DIRECTORY
    home.mkdir(parents=True)
    for name, size in files.sizes(f"{path}/{DIRECTORY}").items():
        (home / name).write_bytes(files.read(f"{path}/{DIRECTORY}/{name}", 0, size))
    run = read_run(tmp_path / "copy")
    ((found,),) = run.records.values()
    assert (found.step, found.payload, run.damaged, run.unknown) == (5, b"payload 5", 0, 0)


def test_a_segment_that_is_half_uploaded_does_not_exist(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = open_segment(address)
    segment.append(record(segment, 0))
    whole = RemoteFiles.write

    def failing(suffix: str) -> Any:
        def write(self: RemoteFiles, path: str, data: bytes) -> None:
            if path.endswith(suffix):
                raise OSError(errno.EIO, "the store is gone")
            whole(self, path, data)

        return write

    for suffix in (".data", ".index"):
        monkeypatch.setattr(RemoteFiles, "write", failing(suffix))
        with pytest.raises(OSError, match="the store is gone"):
            segment.append(record(segment, 1, b"picture"))
        index = index_at(address)
        assert steps_of(index).step.tolist() == [0]
        assert index.counts().damaged == 0
    monkeypatch.setattr(RemoteFiles, "write", whole)
    segment.append(record(segment, 1, b"picture"))
    index = index_at(address)
    assert [index.read(key) for key in steps_of(index).keys] == [b"payload 0", b"payload 1"]
    assert index.read_blob(pb.IMAGE, segment.blob(pb.IMAGE, b"picture")[0]) == b"picture"


def test_what_the_store_took_without_saying_so_is_not_there_twice(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = made(address)
    put(writer, 0)
    writer.flush()
    whole = RemoteFiles.write
    lost = ["an answer", "another"]

    def write(self: RemoteFiles, path: str, data: bytes) -> None:
        whole(self, path, data)
        if lost and path.endswith(".index"):
            raise TimeoutError(f"{lost.pop()} was lost")

    monkeypatch.setattr(RemoteFiles, "write", write)
    for step in (1, 2, 3):  # one batch, then each alone
        put(writer, step)
    writer.flush()
    put(writer, 4)
    writer.close()
    assert not lost and writer.failed == 0
    assert len([name for name in files_of(address) if name.endswith(".index")]) > 4
    assert steps_at(address) == [0, 1, 2, 3, 4]


def test_the_data_file_is_there_before_the_index_file(s3: S3) -> None:
    segment = open_segment("s3://bucket/order")
    asked = s3.counted("order", lambda: segment.append(record(segment, 0)))
    put = [request.path.partition("?")[0].rpartition(".")[2] for request in asked if request.method == "PUT"]
    assert put == ["data", "index"]
    assert len(asked) == 2


def steps_at(address: str) -> list[int]:
    index = index_at(address)
    series = index.find("t", pb.HEATMAPS)
    return index.steps(series).step.tolist() if series else []


def made(address: str, **options: Any) -> Recorder:
    return Recorder(address, **{"queue_bytes": 1 << 20, "when_full": "block", **options})


def test_what_is_queued_becomes_one_segment_at_flush_and_close(address: str) -> None:
    recorder = made(address)
    for step in range(150):
        assert put(recorder, step)
    assert files_of(address) == {}, "nothing is uploaded record by record"
    recorder.flush()
    assert steps_at(address) == list(range(150))
    assert len(files_of(address)) == 2
    put(recorder, 150)
    recorder.close()
    assert steps_at(address) == list(range(151))
    assert len(files_of(address)) == 4


def test_after_some_seconds_or_megabytes_it_is_uploaded_unasked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_ROLL_SECONDS", 0.3)
    by_time = made(address)
    put(by_time, 0)
    until(lambda: steps_at(address) == [0], patience=10)
    monkeypatch.setattr(recorder, "_ROLL_SECONDS", 60)
    monkeypatch.setattr(recorder, "_ROLL_BYTES", 1000)
    for step in range(1, 4):
        put(by_time, step, size=400)
    until(lambda: len(steps_at(address)) > 1, patience=10)
    by_time.close()
    assert steps_at(address) == [0, 1, 2, 3]


def test_a_full_queue_is_uploaded_rather_than_waited_for(address: str) -> None:
    small = made(address, queue_bytes=1000)
    started = time.monotonic()
    for step in range(6):
        assert put(small, step, size=400)
    small.close()
    assert time.monotonic() - started < 20
    assert steps_at(address) == list(range(6))


def test_a_purge_hides_what_an_earlier_writer_uploaded(address: str) -> None:
    first = made(address)
    for step in range(5):
        put(first, step)
    first.close()
    second = made(address, purge_step=3)
    put(second, 3)
    put(second, 9)
    second.close()
    assert steps_at(address) == [0, 1, 2, 3, 9]


def test_a_purge_hides_what_an_earlier_writer_uploads_after_it(address: str) -> None:
    made_at = time.time() - 10
    late = open_segment(address, made_at, Origin(made_at, "killed", 0))
    late.append(record(late, 5))
    resumed = made(address, purge_step=3)
    put(resumed, 3)
    resumed.flush()
    late.append(record(late, 6))
    resumed.close()
    assert steps_at(address) == [3]


def test_a_store_that_is_away_for_a_while_gets_everything(s3: S3) -> None:
    away = made("s3://bucket/away-for-a-while")
    put(away, 0)
    away.flush()
    s3.shut()
    try:
        put(away, 1)
        flushed = threading.Thread(target=away.flush)
        flushed.start()
        flushed.join(1)
        assert flushed.is_alive(), "flush returned for what is nowhere"
    finally:
        s3.open()
    flushed.join(30)
    assert not flushed.is_alive()
    away.close()
    assert away.failed == 0
    assert steps_at("s3://bucket/away-for-a-while") == [0, 1]


def test_a_forked_child_uploads_its_own(s3: S3) -> None:
    parent = made("s3://bucket/forked")
    put(parent, 0)
    parent.flush()
    child = os.fork()
    if not child:
        put(parent, 1)
        parent.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    parent.close()
    assert steps_at("s3://bucket/forked") == [0, 1]
