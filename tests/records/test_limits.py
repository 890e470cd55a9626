"""What a logdir says of sizes and numbers is believed up to limits, and no further memory or time is spent on it."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from PIL import Image

from tb_explain.plugin.summaries import summarise
from tb_explain.records import RunIndex, decode_array, image_size
from tb_explain.records import explain_pb2 as pb
from tb_explain.records import index as index_module
from tb_explain.records.framing import frame
from tests.conftest import index_of
from tests.fuzz.index import Memory


def read(*segments: list[pb.Entry]) -> RunIndex:
    """A run whose segments list these entries."""
    files = {
        f"1.h.1.{i:012x}.index": b"".join(frame(entry.SerializeToString()) for entry in entries)
        for i, entries in enumerate(segments)
    }
    return index_of("run", Memory(files))


def series(number: int, tag: str, kind: pb.Kind = pb.HEATMAPS) -> pb.Entry:
    return pb.Entry(kind=pb.SERIES, declaration=pb.Series(id=number, kind=kind, tag=tag))


def test_there_are_so_many_series_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MOST_SERIES", 5)
    first = [series(i, f"tag {i}") for i in range(1, 9)]
    record = pb.Entry(kind=pb.HEATMAPS, step=1)
    second = [series(7, "tag 1"), series(8, "another"), pb.Entry(series=7, kind=record.kind, step=1)]
    run = read(first, second)
    assert [one.declaration.tag for one in run.series()] == [f"tag {i}" for i in range(1, 6)]
    assert run.counts().damaged == 4
    assert run.series()[0].length == 1, "a later segment may declare what is known under another id"
    same = read([series(i, "one") for i in range(1, 9)])
    assert (len(same.series()), same.counts().damaged) == (1, 3), "ids are counted, too"


def test_descriptions_and_failures_are_texts_that_people_read() -> None:
    long = "x" * (1 << 16)
    failure = pb.Entry(kind=pb.FAILURE, failure=pb.Failure(tag=long, message=long, detail=long))
    run = read([series(1, long), series(2, "short"), *[failure] * 10])
    assert [one.declaration.tag for one in run.series()] == ["short"]
    assert run.counts().damaged == 1
    assert all(entry.ByteSize() < 31_000 for entry in run.failures())


@pytest.mark.parametrize(
    "kind", [pb.KIND_UNSPECIFIED, pb.SEGMENT, pb.SERIES, pb.PURGE, pb.FAILURE, pb.IMAGE, pb.COLUMN]
)
def test_no_series_is_of_a_kind_that_no_records_are_of(kind: pb.Kind) -> None:
    run = read([series(1, "t", kind), series(2, "u")])
    assert [one.declaration.tag for one in run.series()] == ["u"]
    assert run.counts().damaged == 1


def test_segments_that_began_at_no_time_have_an_order() -> None:
    entries = [series(1, "t"), pb.Entry(kind=pb.HEATMAPS, series=1, step=1)]
    times = [float("nan"), 5.0, float("inf"), float("-inf"), 1.0]
    run = read(*([pb.Entry(kind=pb.SEGMENT, segment=pb.Segment(created=time)), *entries] for time in times))
    (found,) = run.series()
    assert [int(key.segment, 16) for key in run.steps(found).keys] == [0, 2, 3, 4, 1]


def test_many_purges_hide_what_each_of_them_hides() -> None:
    choose = random.Random(0)
    entries, kept = [series(1, "t")], []
    for number in range(1, 2000):
        step = choose.choice([choose.randrange(-50, 50), 2**63 - 1, -(2**63)] if number % 40 == 0 else [number % 97])
        if choose.random() < 0.1:
            entries.append(pb.Entry(kind=pb.PURGE, step=step, wall_time=1))
            kept = [(s, n) for s, n in kept if s < step]
        else:
            entries.append(pb.Entry(kind=pb.HEATMAPS, series=1, step=step))
            kept.append((step, number))
    run = read(entries)
    steps = run.steps(run.series()[0])
    assert list(zip(steps.step.tolist(), steps.entry.tolist(), strict=True)) == sorted(kept)


def test_arrays_of_many_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="100000 axes"):
        decode_array(pb.Array(dtype=pb.UINT8, shape=[2**32 - 1] * 100_000, data=b"x"))
    with pytest.raises(ValueError, match="cannot have 1 bytes"):
        decode_array(pb.Array(dtype=pb.UINT8, shape=[2**32 - 1] * 4, data=b"x"))


def test_a_record_of_millions_of_samples_has_no_summary() -> None:
    assert summarise(b"\x0a\x00" * (1 << 22), frozenset()) is None
    some = pb.Heatmaps(samples=[pb.Sample()] * 1000, targets=[0] * 1000)
    some.maps.data = bytes(1 << 20)
    summary = summarise(some.SerializeToString(), frozenset())
    assert summary is not None and len(summary) < 4000 and len(pb.Summary.FromString(summary).samples) == 1000


@pytest.mark.parametrize(
    "how",
    [
        {"format": "PNG"},
        {"format": "JPEG"},
        {"format": "JPEG", "progressive": True, "exif": b"Exif\0\0" + b"x" * 5000},
        {"format": "WEBP"},
        {"format": "WEBP", "lossless": True},
        {"format": "WEBP", "exif": b"Exif\0\0" + b"x" * 50},
    ],
)
@pytest.mark.parametrize("size", [(1, 1), (91, 37), (300, 2000)])
def test_the_size_of_an_image_is_in_its_header(how: dict, size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)).save(file, **how)
    encoded = file.getvalue()
    assert image_size(encoded) == (size[1], size[0])
    for stop in (*range(40), len(encoded) // 2):
        assert image_size(encoded[:stop]) in (None, (size[1], size[0]))
