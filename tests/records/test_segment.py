"""A segment stays readable whatever goes wrong while it is written."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tb_explain.records import Record, SegmentWriter, content_hash
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of


def test_names_say_when_where_and_who(tmp_path: Path) -> None:
    segment = SegmentWriter(tmp_path, now=1_700_000_000.25)
    assert segment.path.parent == tmp_path / "plugins" / "tb_explain"
    assert re.fullmatch(rf"1700000000250\.[A-Za-z0-9_-]{{1,40}}\.{os.getpid()}\.[0-9a-f]{{12}}", segment.path.name)
    assert sorted(path.suffix for path in segment.path.parent.iterdir()) == [".data", ".index"]


@pytest.mark.parametrize("host", ["tfevents", "my.tfevents.host", "tftfeventsevents", "", "höst/../x", "h" * 100])
def test_no_host_name_spoils_the_files_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    segment = SegmentWriter(tmp_path)
    assert "tfevents" not in segment.path.name
    assert re.fullmatch(r"\d{13}\.[A-Za-z0-9_-]{1,40}\.\d+\.[0-9a-f]{12}", segment.path.name)


def test_two_segments_of_one_moment_have_files_of_their_own(tmp_path: Path) -> None:
    paths = {SegmentWriter(tmp_path, now=5.0).path for _ in range(20)}
    assert len(paths) == 20


def test_a_blob_is_stored_once_a_segment_and_a_series_declared_when_it_changes(tmp_path: Path) -> None:
    segment = SegmentWriter(tmp_path)
    name, records = segment.blob(pb.IMAGE, b"pixels")
    assert name == content_hash(b"pixels")
    assert [record.payload for record in records] == [b"pixels"]
    assert segment.blob(pb.IMAGE, b"pixels") == (name, [])

    def declare(**fields: str) -> tuple[int, int]:
        declaration = pb.Series(kind=pb.HEATMAPS, **fields)
        return len(segment.series(declaration)), declaration.id

    assert declare(tag="a") == (1, 1)
    assert declare(tag="a") == (0, 1)
    assert declare(tag="b") == (1, 2)
    assert declare(tag="a", layer="x") == (1, 1)
    assert declare(tag="a", layer="x") == (0, 1)


def test_a_closed_segment_takes_no_more(tmp_path: Path) -> None:
    segment = SegmentWriter(tmp_path)
    segment.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        segment.append([Record(pb.Entry(kind=pb.PURGE), b"")])


# A file size limit is a full disk that can be emptied again: a write is cut short at the limit, the next one fails.
LIMITED = """
import json, os, resource, signal, sys
from tb_explain.records import Record, SegmentWriter, explain_pb2 as pb

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
limit = lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
run, size, payload, failed, segment = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode(), [], None

for step in range(60):
    limit(size if 10 <= step < 40 else hard)
    try:
        segment = segment or SegmentWriter(run)
        image, records = segment.blob(pb.IMAGE, b"image %d" % (step // 20))
        series = pb.Series(kind=pb.HEATMAPS, tag="tag %d" % (step // 15))
        records += segment.series(series)
        records.append(Record(pb.Entry(kind=pb.HEATMAPS, series=series.id, step=step), payload * step + image))
        segment.append(records)
    except OSError:
        failed.append(step)
limit(hard)
print(json.dumps(failed))
"""


@pytest.mark.parametrize(
    ("what", "size", "payload"),
    [("index", 900, ""), ("index", 1111, ""), ("data", 2000, "0123456789"), ("data", 5000, "0123456789")],
)
def test_a_full_disk_costs_only_what_did_not_fit(tmp_path: Path, what: str, size: int, payload: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path), str(size), payload], check=True, capture_output=True, text=True
    )
    failed = json.loads(run.stdout)
    assert failed, "the limit was never reached"
    assert 39 in failed
    data, index_file = sorted((tmp_path / "plugins" / "tb_explain").iterdir())
    assert (index_file if what == "index" else data).stat().st_size > size, "written on behind the limit later"

    index = index_of(tmp_path)
    assert index.counts().damaged == 0
    written = {}
    for series in index.series():
        steps = index.steps(series)
        for step, key in zip(steps.step.tolist(), steps.keys, strict=True):
            written[step] = series.declaration.tag, index.read(key)
    for step in sorted({*range(60)} - {*failed}):
        image = b"image %d" % (step // 20)
        assert written.pop(step) == (f"tag {step // 15}", payload.encode() * step + content_hash(image))
        assert index.read_blob(pb.IMAGE, content_hash(image)) == image
    assert not written, f"steps {sorted(written)} are there although their write failed"


UNSTARTED = """
import os, resource, signal, sys
from tb_explain.records import SegmentWriter

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY))
for _ in range(50):
    before = len(os.listdir("/proc/self/fd"))
    try:
        SegmentWriter(sys.argv[1])
        sys.exit("the limit was not reached")
    except OSError:
        assert len(os.listdir("/proc/self/fd")) == before, "descriptors stay open"
"""


def test_a_segment_that_cannot_start_leaves_nothing_behind(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", UNSTARTED, str(tmp_path)], check=True)
    assert list((tmp_path / "plugins" / "tb_explain").iterdir()) == []
