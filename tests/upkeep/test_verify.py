"""Whatever is changed in a logdir is reported, with its place; whatever is as it was written is not."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_explain import ExplainWriter
from tb_explain.cli import main
from tb_explain.records import (
    DIRECTORY,
    MAX_DECLARATION,
    Record,
    SegmentWriter,
    content_hash,
    encode_array,
    encode_image,
)
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import frame
from tb_explain.upkeep import verify as verify_module
from tb_explain.upkeep.compact import compact
from tb_explain.upkeep.segments import Segment
from tb_explain.upkeep.verify import Finding, verify

from ..browser.every_kind import write_run
from ..records.test_merged import T, declare, record, segment


def findings(run: Path) -> list[Finding]:
    return [finding for finding in verify(run, run).findings if "no event file" not in finding.text]


def damages(run: Path) -> list[Finding]:
    return [finding for finding in findings(run) if finding.damage]


def heatmaps(image: bytes = b"", n: int = 1, shape: tuple[int, ...] = (1, 1, 2, 2), **more: Any) -> bytes:
    return pb.Heatmaps(
        samples=[pb.Sample(image=image)] * n,
        maps=encode_array(np.zeros(shape, np.float32)),
        targets=[0] * n,
        **more,
    ).SerializeToString()


PICTURE = encode_image(np.random.default_rng(0).integers(0, 256, (6, 5, 3), np.uint8))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A small segment, closed: a picture, two records that show it, a failure."""
    writer = SegmentWriter(tmp_path, 100.0)
    name, records = writer.blob(pb.IMAGE, PICTURE)
    writer.append(records)
    payloads = [Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=i, count=1), heatmaps(name)) for i in range(2)]
    writer.append([declare(T), *payloads])
    writer.append([Record(pb.Entry(kind=pb.FAILURE, failure=pb.Failure(tag="t", message="no")), b"")])
    writer.close()
    return tmp_path


def files(run: Path) -> tuple[Path, Path]:
    (index,) = (run / DIRECTORY).glob("*.index")
    return index, index.with_suffix(".data")


def test_every_changed_byte_is_found(run: Path) -> None:
    assert not findings(run)
    for path in files(run):
        whole = path.read_bytes()
        for position in range(len(whole)):
            path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
            found = damages(run)
            assert found, f"byte {position} of {path.name} was changed unseen"
            near = [one for one in found if one.file == path.name and (one.position or 0) <= position]
            assert near, f"byte {position} of {path.name}: {found}"
        path.write_bytes(whole)
    assert not findings(run)


def test_every_lost_end_of_a_data_file_is_found_and_one_of_an_index_file_is_no_damage(run: Path) -> None:
    """An entry that is not whole is what a killed writer leaves; payloads are written before their entries."""
    index, data = files(run)
    for path, is_damage in ((data, True), (index, False)):
        whole = path.read_bytes()
        for size in range(len(whole)):
            path.write_bytes(whole[:size])
            for one in files(run):
                os.utime(one, (1e9, 1e9))
            assert bool(damages(run)) == is_damage, f"{path.name} of {size} bytes: {findings(run)}"
        path.write_bytes(whole)


def test_what_the_library_writes_is_sound(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    with ExplainWriter(tmp_path) as writer:
        for step in range(3):
            pixels = random.integers(0, 256, (3, 20, 20, 3), np.uint8)
            writer.add_heatmaps(
                "h", random.random((3, 2, 4, 4)), pixels, step, dataformats="NHWC", targets=[[0, 1]] * 3
            )
            labels = random.integers(0, 4, (3, 20, 20))
            writer.add_superpixels("s", labels, random.random((3, 4)), pixels, step, dataformats="NHWC")
            writer.add_activations("a", random.random((3, 5, 4, 4)), pixels, step, dataformats="NHWC")
            voxels = random.integers(0, 256, (2, 1, 4, 6, 8), np.uint8)
            writer.add_clusters("c", random.integers(0, 3, (2, 2, 3, 4)), voxels, step)
        writer.flush()
        live = verify(tmp_path, tmp_path)
        assert not live.findings, "while it is written, too"
    done = verify(tmp_path, tmp_path)
    assert not done.findings and (done.records, done.segments > 0) == (live.records, True)


def test_runs_of_every_kind_of_record_are_sound(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert not damages(tmp_path)


@pytest.mark.slow
def test_what_the_demo_writes_is_sound(demo: Path) -> None:
    for run in demo.iterdir():
        done = verify(run, demo)
        assert not done.findings and done.records


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\xff\xff", "it is no message of its kind"),
        (
            heatmaps(b"x" * 16),
            "samples[0].image names a picture, 78787878787878787878787878787878, that is not in this run",
        ),
        (heatmaps(n=2), "maps has the shape [1, 1, 2, 2], for 2 samples and 1 targets each"),
        (heatmaps(flags=[1, 2, 3]), "it has 3 flags for 1 maps"),
        (
            pb.Heatmaps(maps=pb.Array(dtype=1, shape=[3], data=b"12")).SerializeToString(),
            "maps is inconsistent: array of",
        ),
        (
            pb.Heatmaps(samples=[pb.Sample()] * 2, targets=[1, 2, 3]).SerializeToString(),
            "it has 3 targets for 2 samples",
        ),
    ],
)
def test_a_record_that_is_wrong_though_its_checksum_is_right(run: Path, payload: bytes, why: str) -> None:
    segment(run, 101.0, declare(T), Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=-7), payload))
    (found,) = damages(run)
    assert found.text.startswith(f"entry 2, step -7 of 't': {why}"), found
    assert found.position == 0 and found.file.endswith(".data")


def test_columns_and_sheets_of_projections(run: Path) -> None:
    names = b"".join([content_hash(PICTURE), b"y" * 16])
    blob = Record(pb.Entry(kind=pb.COLUMN, content_hash=content_hash(names)), names)
    column = pb.Column(values=content_hash(names), dtype=pb.UINT8, shape=[2, 16])
    header = pb.Projection(rows=2, thumbnails=pb.Thumbnails(sheets=column), positions=column)
    header.positions.shape[0] = 3
    series = pb.Series(tag="p", kind=pb.PROJECTION, id=1)
    entry = pb.Entry(kind=pb.PROJECTION, series=1)
    segment(run, 101.0, blob, declare(series), Record(entry, header.SerializeToString()))
    assert [found.text.partition(": ")[2] for found in damages(run)] == [
        "positions is inconsistent: UINT8 of the shape [3, 16] has no 32 bytes",
        f"thumbnails.sheets[1] names a picture, {(b'y' * 16).hex()}, that is not in this run",
    ]


@pytest.mark.parametrize(
    ("kind", "payload", "why"),
    [
        (pb.IMAGE, b"no picture", "it is no PNG, JPEG or WebP file"),
        (pb.IMAGE, PICTURE[: len(PICTURE) // 2], "it cannot be decoded"),
        (pb.CLASSES, b"\xff", "it is no message of its kind"),
        (pb.LABELS, pb.LabelMap(height=2, width=2, count=1, deflated=b"?").SerializeToString(), "it cannot be decoded"),
        (pb.VOLUME, pb.Volume(depth=1 << 20, height=1 << 20, width=9).SerializeToString(), "more than are looked at"),
    ],
)
def test_a_picture_that_is_none(run: Path, kind: pb.Kind, payload: bytes, why: str) -> None:
    segment(run, 101.0, Record(pb.Entry(kind=kind, content_hash=content_hash(payload)), payload))
    (found,) = damages(run)
    assert why in found.text and pb.Kind.Name(kind) in found.text
    assert not damages(run)[1:]


def test_a_picture_called_by_another_name(run: Path) -> None:
    segment(run, 101.0, Record(pb.Entry(kind=pb.IMAGE, content_hash=b"n" * 16), PICTURE))
    (found,) = damages(run)
    assert "it does not have the content hash that it is called by" in found.text


def test_what_is_left_over_or_of_a_newer_version_is_named_and_is_no_damage(run: Path) -> None:
    directory = run / DIRECTORY
    _, data = files(run)
    data.write_bytes(data.read_bytes() + b"of no entry")
    segment(run, 101.0, Record(pb.Entry(kind=99), b"later"), Record(pb.Entry(kind=99), b"later"))
    newer = segment(run, 102.0)
    header = pb.Entry(kind=pb.SEGMENT, segment=pb.Segment(format_version=3))
    Path(f"{newer}.index").write_bytes(frame(header.SerializeToString()) + b"in any form")
    segment(run, 103.0, declare(T), replaces=(newer.name.rpartition(".")[2], "0" * 12))
    (directory / "1.h.1.abc.index.part").write_bytes(b"")
    texts = "\n".join(f"{found.file} {found.position}: {found.text}" for found in findings(run))
    assert not damages(run), texts
    assert f"{data.name} {data.stat().st_size - 11}: no entry lists the 11 bytes" in texts
    assert "2 entries are of kind 99" in texts
    assert "another segment holds what is in it" in texts
    assert "left by a compaction that was stopped" in texts
    Path(f"{newer}.index").rename(directory / "0000000000099.h.1.aaaaaaaaaaaa.index")
    assert "it is of format version 3" in "\n".join(found.text for found in findings(run))


def test_what_a_compaction_has_just_made_is_no_damage(run: Path) -> None:
    """Its data file has its name already, its index file has not."""
    segment(run, 101.0, declare(T), Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=2), heatmaps()))
    renamed: list[str] = []
    replace = os.replace

    def looking(source: Path, target: Path) -> None:
        replace(source, target)
        renamed.append(target.suffix)
        assert not damages(run), target

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", looking)
        compact(run)
    assert renamed == [".data", ".index"]


def test_a_declaration_that_readers_refuse_is_named(tmp_path: Path) -> None:
    long = pb.Series(id=1, kind=T.kind, tag=T.tag, parameters="x" * MAX_DECLARATION)
    segment(tmp_path, 1.0, declare(long), record(0, "text", long))
    (found,) = [one for one in damages(tmp_path) if one.file.endswith(".index")]
    assert (
        found.text
        == f"entry 1: the declaration of series 1 is of {long.ByteSize()} bytes, so that its records are not shown"
    )


def test_files_that_are_gone_or_lead_elsewhere(run: Path, tmp_path: Path) -> None:
    logdir = tmp_path / "logdir"
    inside = segment(logdir, 101.0, declare(T), record(1, "x"))
    index, data = files(run)
    (logdir / DIRECTORY / index.name).symlink_to(index)
    (logdir / DIRECTORY / data.name).symlink_to(data)
    found = [one for one in verify(logdir, logdir).findings if one.damage]
    assert [one.file for one in found if "leads out of the logdir" in one.text] == [index.name, data.name]
    Path(f"{inside}.data").unlink()
    assert "it is not there" in "\n".join(one.text for one in damages(logdir))
    index.unlink()
    assert [(one.file, one.text) for one in damages(run)] == [
        (data.name, "it has no index file, so nothing in it is shown")
    ]


def test_no_damage_is_seen_while_others_write_and_merge(tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        for i in range(40):
            writer = SegmentWriter(tmp_path, 100.0 + i)
            for step in range(5):
                name, records = writer.blob(pb.IMAGE, PICTURE)
                entry = pb.Entry(kind=pb.HEATMAPS, series=1, step=step)
                writer.append(
                    [*records, *writer.series(pb.Series(tag="t", kind=pb.HEATMAPS)), Record(entry, heatmaps(name))]
                )
            writer.close()
            if i % 10 == 9:
                compact(tmp_path)
        stop.set()

    thread = threading.Thread(target=write)
    thread.start()
    looked = 0
    while not stop.is_set():
        if (tmp_path / DIRECTORY).is_dir():
            found = damages(tmp_path)
            assert not found, found
            looked += 1
    thread.join()
    assert looked and not damages(tmp_path)


def test_a_segment_that_is_begun_while_its_files_are_looked_at_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SegmentWriter(tmp_path, 100.0).close()
    (begun,) = (tmp_path / DIRECTORY).glob("*.index")
    begun.rename(hidden := begun.with_suffix(".later"))

    def has_index(segment: Segment) -> bool:
        """It has none; the writer goes on right afterwards."""
        hidden.rename(begun)
        segment.data.write_bytes(b"payload")
        return False

    monkeypatch.setattr(verify_module, "_has_index", has_index)
    assert not damages(tmp_path)


def test_the_command_says_it_to_people_and_to_scripts(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(run)]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "1 runs, 2 records, 1 pictures and other parts: nothing is damaged"
    _, data = files(run)
    content = bytearray(data.read_bytes())
    content[len(PICTURE) + 3] ^= 1
    data.write_bytes(content)
    assert main(["verify", str(run)]) == 1
    out, err = capsys.readouterr()
    assert (
        f"byte {len(PICTURE)}, entry 3: its payload of" in out and data.name in out and "1 damaged" in out and not err
    )
    assert main(["verify", "--json", str(run)]) == 1
    answer = json.loads(capsys.readouterr().out)
    (finding,) = [one for one in answer["runs"][0]["findings"] if one["damage"]]
    assert (answer["damages"], finding["file"], finding["position"]) == (1, data.name, len(PICTURE))
    assert main(["verify", str(run / "nowhere")]) == 2
    assert "is not a directory" in capsys.readouterr().err
