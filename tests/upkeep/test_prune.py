"""Pruning keeps the steps that were asked for and all that they refer to, and nothing else of what nobody writes to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_explain import ExplainWriter
from tb_explain.cli import main
from tb_explain.projections import Placed, Rows, Thumbnails
from tb_explain.projections.record import record_of
from tb_explain.records import DIRECTORY, Record, SegmentWriter, content_hash
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import frame
from tb_explain.upkeep import tidy
from tb_explain.upkeep.prune import KeepSteps, prune

from ..conftest import index_of
from ..records.test_format_document import assert_both_read_the_same
from ..records.test_index import steps_of
from ..records.test_merged import T, declare, record, shown


@pytest.mark.parametrize(
    ("rules", "logged", "kept"),
    [
        ("last:3", range(10), [7, 8, 9]),
        ("last:30", range(10), range(10)),
        ("every:4", range(10), [0, 4, 8, 9]),
        ("every:100", [-250, -200, -1, 7], [-200, 7]),
        ("spread:3", range(0, 101, 10), [0, 50, 100]),
        ("spread:1", range(5), [4]),
        ("spread:9", [1, 2], [1, 2]),
        ("every:5,last:2", range(10), [0, 5, 8, 9]),
    ],
)
def test_rules(rules: str, logged: Iterable[int], kept: Iterable[int]) -> None:
    steps = np.array([*logged])
    assert steps[KeepSteps.parse(rules).of(steps)].tolist() == [*kept]


@pytest.mark.parametrize("rules", ["", "10", "last", "last:0", "last:-1", "first:3", "every:x", "last:3;every:2"])
def test_rules_that_are_none(rules: str) -> None:
    with pytest.raises(ValueError, match="expected last:N, every:N, spread:N"):
        KeepSteps.parse(rules)


def blobs_of(run: Path) -> set[bytes]:
    from tb_explain.upkeep.segments import BLOBS, Entries, segments_of

    found = [found.entry for segment in segments_of(run) for found in Entries(segment.index)]
    return {entry.content_hash for entry in found if entry and entry.kind in BLOBS}


def pixels(seed: int, n: int = 1) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (n, 16, 16, 3), np.uint8)


def test_what_is_kept_reads_as_before_and_what_it_refers_to_is_there(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for start in (0, 5):
        with ExplainWriter(tmp_path) as writer:
            for step in range(start, start + 5):
                images = np.concatenate([pixels(100), pixels(step)])
                writer.add_heatmaps(
                    "a", random.random((2, 4, 4)), images, step, class_names=["x", "y"], dataformats="NHWC"
                )
                writer.add_heatmaps("b", random.random((1, 4, 4)), pixels(200 + step), step, dataformats="NHWC")
    before = index_of(tmp_path)
    contents = {
        (tag, step): before.read(key)
        for tag in "ab"
        for steps in [steps_of(before, tag)]
        for step, key in zip(steps.step.tolist(), steps.keys, strict=True)
    }
    assert prune(tmp_path, KeepSteps.parse("last:2"), tags=["a*"]).steps == {"a": (2, 10)}
    after = index_of(tmp_path)
    assert_both_read_the_same(tmp_path)
    for tag, kept in (("a", [8, 9]), ("b", [*range(10)])):
        steps = steps_of(after, tag)
        assert steps.step.tolist() == kept
        for step, key in zip(kept, steps.keys, strict=True):
            payload = after.read(key)
            assert payload == contents[tag, step]
            message = pb.Heatmaps.FromString(payload)
            for sample in message.samples:
                after.read_blob(pb.IMAGE, sample.image)
            if message.classes:
                after.read_blob(pb.CLASSES, message.classes)
    assert len(blobs_of(tmp_path)) == 1 + 2 + 10 + 1, "the common picture, two of a, those of b, the names"


def test_pictures_on_the_sheets_of_a_projection_are_kept(tmp_path: Path) -> None:
    """They are named in a column, which is named in the record."""
    n = 40
    segment = SegmentWriter(tmp_path)
    sheets = []
    for step in range(3):
        pictures = np.random.default_rng(step).integers(0, 256, (n, 60, 60), np.uint8)
        rows = Rows(np.arange(1, n + 1), thumbnails=Thumbnails.of(pictures))
        assert rows.thumbnails is not None
        sheets.append([content_hash(sheet) for sheet in rows.thumbnails.sheets])
        near = (np.arange(n)[:, None] + [1, 2]) % n
        placed = Placed(np.random.default_rng(step).normal(size=(n, 2)), n, near, np.ones((n, 2)), (), {})
        series = pb.Series(tag="t", kind=pb.PROJECTION, method="UMAP")
        segment.append(record_of(segment, series, step, step, rows, placed, np.eye(n)).records)
    segment.close()
    prune(tmp_path, KeepSteps.parse("last:1"))
    left = blobs_of(tmp_path)
    assert {*sheets[2]} <= left
    assert not left & {*sheets[0], *sheets[1]}


def test_references_of_newer_versions_are_followed(tmp_path: Path) -> None:
    """In a field that this version does not know, and in a record of a kind that it does not know."""
    segment = SegmentWriter(tmp_path)
    names, records = zip(*(segment.blob(pb.IMAGE, b"picture %d" % i) for i in range(4)), strict=True)
    segment.append([one for some in records for one in some])
    in_a_field = pb.Heatmaps(signed=True).SerializeToString() + b"\xa2\x06\x10" + names[1]
    in_a_kind = Record(pb.Entry(kind=99, step=1), b"\x0a\x14\x12\x12\x0a\x10" + names[2])
    last = Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=2, count=1), in_a_field)
    segment.append([declare(T), record(1, "old \x10" + "x" * 40), last, in_a_kind])
    segment.close()
    prune(tmp_path, KeepSteps.parse("last:1"))
    assert blobs_of(tmp_path) == {names[1], names[2]}


def test_what_may_still_be_written_to_stays(tmp_path: Path) -> None:
    live = SegmentWriter(tmp_path)
    live.append([declare(T), *(record(step, "live") for step in range(5))])
    did = prune(tmp_path, KeepSteps.parse("last:1"), idle=0)
    assert did.tidied.in_use == 1 and not did.tidied.rewritten
    assert len(shown(index_of(tmp_path))) == 5
    live.close()
    assert prune(tmp_path, KeepSteps.parse("last:1")).tidied.rewritten[0].dropped == 4
    assert len(shown(index_of(tmp_path))) == 1


def test_pictures_of_what_is_logged_while_it_looks_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Going through a large run takes minutes, in which training logs its last step, and another process all it has."""
    old, last = SegmentWriter(tmp_path, 1.0), SegmentWriter(tmp_path, 2.0)
    for step in range(4):
        log_picture(old, step)
    old.close()
    log_picture(last, 4)
    clean_up = tidy.clean_up

    def meanwhile(run: Path) -> None:
        log_picture(last, 5)
        last.close()
        other = SegmentWriter(run, 3.0)
        log_picture(other, 6)
        other.close()
        clean_up(run)

    monkeypatch.setattr(tidy, "clean_up", meanwhile)
    did = prune(tmp_path, KeepSteps.parse("last:2")).tidied
    assert did.in_use == 2
    assert did.rewritten[0].dropped == 3, "what was finished is pruned all the same"
    assert steps_of(index_of(tmp_path), "t").step.tolist() == [3, 4, 5, 6]
    assert blobs_of(tmp_path) == {content_hash(b"picture %d" % step) for step in (3, 4, 5, 6)}


def test_a_segment_that_grows_before_its_turn_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segment = SegmentWriter(tmp_path)
    for step in range(4):
        log_picture(segment, step)
    segment.close()
    index = Path(f"{segment.path}.index")
    rewrite = tidy.rewrite

    def meanwhile(*arguments: Any, **more: Any) -> Any:
        monkeypatch.undo()
        report = rewrite(*arguments, **more)
        with index.open("ab") as file:
            file.write(frame(pb.Entry(kind=pb.END).SerializeToString()))
        return report

    monkeypatch.setattr(tidy, "rewrite", meanwhile)
    assert [*prune(tmp_path, KeepSteps.parse("last:1")).tidied.left_alone] == [segment.path.name]
    assert len(blobs_of(tmp_path)) == 4


def log_picture(segment: SegmentWriter, step: int) -> None:
    name, picture = segment.blob(pb.IMAGE, b"picture %d" % step)
    payload = b"\x0a\x12\x12\x10" + name
    segment.append([declare(T), *picture, Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=step, count=1), payload)])


def test_the_command_says_what_it_would_do_and_does_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for run in ("one", "two/three"):
        for i in range(2):
            segment = SegmentWriter(tmp_path / run, 100.0 + i)
            segment.append([declare(T), *(record(step, f"{step} " * 500) for step in range(5 * i, 5 * i + 5))])
            segment.close()

    def said(*arguments: str) -> Any:
        assert main([arguments[0], str(tmp_path), *arguments[1:]]) == 0
        return capsys.readouterr().out

    def sizes() -> list[int]:
        files = [path for path in tmp_path.rglob("*.*") if not path.name.endswith(".lock")]
        return sorted(os.path.getsize(path) for path in files if path.is_file())

    before = sizes()
    command = ("prune", "--keep-steps", "every:4", "--run", "two/*")
    planned = json.loads(said(*command, "--dry-run", "--json"))
    text = said(*command, "--dry-run")
    assert sizes() == before
    did = json.loads(said(*command, "--json"))
    assert planned["runs"] == did["runs"] != []
    assert (planned["dry_run"], did["dry_run"]) == (True, False)
    (run,) = did["runs"]
    assert run["run"] == "two/three" and run["steps"] == {"t": {"kept": 4, "of": 10}}
    assert (run["segments_before"], run["segments"], run["records_kept"], run["records_dropped"]) == (2, 1, 4, 6)
    assert run["bytes_before"] - run["bytes"] == sum(before) - sum(sizes()) > 1000
    assert "t: 4 of 10 steps kept" in text and "2 segments would become 1" in text and "6 records dropped" in text
    assert "2 segments became 1" in said("compact")
    assert said("compact").count("nothing to do") == 2
    listed = json.loads(said("ls", "--json"))["runs"]
    assert [(one["run"], one["series"][0]["records"], one["series"][0]["last_step"]) for one in listed] == [
        ("one", 10, 9),
        ("two/three", 4, 9),
    ]


def test_a_run_that_fails_does_not_keep_the_others_from_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tb_explain.upkeep.tidy import locked

    for run in ("one", "two"):
        for i in range(2):
            segment = SegmentWriter(tmp_path / run, 100.0 + i)
            segment.append([declare(T), record(i, "x")])
            segment.close()
    with locked(tmp_path / "one"):
        assert main(["compact", str(tmp_path)]) == 1
    out = capsys.readouterr()
    assert "one: " in out.err and "another process" in out.err
    assert len([*(tmp_path / "two" / DIRECTORY).glob("*.index")]) == 1
    assert len([*(tmp_path / "one" / DIRECTORY).glob("*.index")]) == 2


def test_what_is_no_directory_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fsspec").filesystem("memory").pipe("/x/plugins/tb_explain/y.index", b"")
    for logdir, why in ((str(tmp_path / "none"), "is not a directory"), ("memory://x", "is an address")):
        assert main(["compact", logdir]) == 1
        said = capsys.readouterr().err
        assert why in said and said.count("\n") == 1
