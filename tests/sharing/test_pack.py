"""`tb-explain pack`: what is chosen and shown gets into the archive, nothing else does, and nothing happens to the logdir."""

from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path

import pytest

import tb_explain
from tb_explain.cli import main
from tb_explain.records import DIRECTORY, Record, RunIndex
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.archive import ArchiveFiles
from tb_explain.sharing import pack as packing
from tb_explain.sharing.choice import Choice
from tb_explain.sharing.pack import Packing
from tb_explain.upkeep.compact import compact
from tests.conftest import Run
from tests.plugin.test_server import mark
from tests.records.test_merged import purge


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: one that was resumed twice and goes on, a purge among what it logged, and a small one."""
    logdir = tmp_path_factory.mktemp("logs")
    for i in range(3):
        run = Run(logdir / "long")
        if i == 2:
            run.segment.append([purge(5, 1e12)])
        run.log("val/cam", range(i * 3, i * 3 + 5)).log("train/secret", [i])
        failure = pb.Failure(tag="train/secret", message="a secret failure")
        run.segment.append([Record(pb.Entry(kind=pb.FAILURE, step=i, failure=failure), b"")])
        run.segment.append([Record(pb.Entry(kind=77, series=2, step=i), b"a secret that a later version logged")])
        if i < 2:
            run.segment.close()
    Run(logdir / "small").log("val/cam", range(10)).segment.close()
    mark(logdir / "long")
    (logdir / "small" / "notes.txt").write_text("of nobody's concern")
    return logdir


def _of(index: RunIndex) -> list[object]:
    index.refresh()
    found = []
    for series in index.series():
        steps = index.steps(series)
        declared = pb.Series()
        declared.CopyFrom(series.declaration)
        declared.id = 0
        payloads = [index.read(key) for key in steps.keys]
        found.append((str(declared), steps.step.tolist(), steps.wall_time.tolist(), payloads))
    return [sorted(found), [str(failure) for failure in index.failures()]]


def test_what_is_packed_is_what_is_shown(logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in logdir.rglob("*")}
    archive = tmp_path / "x.zip"
    assert main(["pack", str(logdir), "-o", str(archive)]) == 0
    said = capsys.readouterr()
    assert f"{archive}: " in said.out and "long: " in said.out and not said.err
    for name in ("long", "small"):
        assert _of(RunIndex(name, ArchiveFiles(archive))) == _of(RunIndex(logdir / name))
    names = zipfile.ZipFile(archive).namelist()
    assert [re.sub(r"\d{13}\.packed\.0\.[0-9a-f]{12}", "NAME", name) for name in names] == [
        f"{run}/plugins/tb_explain/NAME.{suffix}" for run in ("long", "small") for suffix in ("data", "index")
    ]
    assert main(["verify", str(archive)]) == 0
    assert "nothing is damaged" in capsys.readouterr().out
    assert before == {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in logdir.rglob("*")}
    assert os.listdir(tmp_path) == ["x.zip"]


def test_unpacked_it_is_a_logdir(logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "x.zip"
    assert main(["pack", str(logdir), "-o", str(archive), "--with-events"]) == 0
    zipfile.ZipFile(archive).extractall(tmp_path / "logs")
    for name in ("long", "small"):
        assert _of(RunIndex(tmp_path / "logs" / name)) == _of(RunIndex(logdir / name))
    (events,) = (logdir / "long").glob("*tfevents*")
    assert (tmp_path / "logs" / "long" / events.name).read_bytes() == events.read_bytes()
    assert main(["compact", str(tmp_path / "logs")]) == 0
    assert capsys.readouterr().out.count("nothing to do") == 2, "a run is one segment that nobody writes to"


def test_only_what_is_chosen_is_packed(logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = tmp_path / "x.zip"
    chosen = ["--run", "lo*", "--tag", "val/*", "--steps", "last:1,0..1"]
    assert main(["pack", str(logdir), "-o", str(archive), *chosen, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["bytes"], [run["run"] for run in answer["runs"]]) == (archive.stat().st_size, ["long"])
    run = tb_explain.open(archive).runs["long"]
    newest = max(tb_explain.open(logdir).runs["long"].tags["val/cam"].steps)
    assert list(run.tags) == ["val/cam"] and run.tags["val/cam"].steps.tolist() == [0, 1, newest]
    assert answer["runs"][0]["records"] == 3
    assert run.failures == []
    for record in run.tags["val/cam"]:
        assert record.samples[0].image.shape == (32, 32, 3)
    files = zipfile.ZipFile(archive)
    assert not any(b"secret" in files.read(name) for name in files.namelist())
    # Pictures that no chosen record refers to stay behind.
    kinds = {found.kind for found in _entries(files)}
    assert kinds >= {pb.SEGMENT, pb.SERIES, pb.IMAGE, pb.HEATMAPS, pb.END} and pb.FAILURE not in kinds
    assert sum(found.kind == pb.IMAGE for found in _entries(files)) < sum(
        found.kind == pb.IMAGE for found in _entries(_packed(logdir, tmp_path / "all.zip", "long"))
    )


def _packed(logdir: Path, archive: Path, run: str) -> zipfile.ZipFile:
    Packing(logdir, Choice([run])).write(archive)
    return zipfile.ZipFile(archive)


def _entries(files: zipfile.ZipFile) -> list[pb.Entry]:
    from tb_explain.records.framing import frames

    (index,) = (files.read(name) for name in files.namelist() if name.endswith(".index"))
    return [pb.Entry.FromString(frame.data or b"") for frame in frames(index)]


@pytest.mark.parametrize("chosen", [["--run", "nobody"], ["--tag", "nothing"], ["--steps", "99"], ["--steps", "last"]])
def test_a_choice_of_nothing_is_said(
    chosen: list[str], logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pack", str(logdir), "-o", str(tmp_path / "x.zip"), *chosen]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not os.listdir(tmp_path)


def test_equal_runs_give_equal_archives(logdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def archive(name: str, place: Path = logdir) -> bytes:
        Packing(place, Choice()).write(tmp_path / name)
        return (tmp_path / name).read_bytes()

    first = archive("1.zip")
    assert archive("2.zip") == first
    names = [name for name in zipfile.ZipFile(tmp_path / "1.zip").namelist() if name.endswith(".data")]
    monkeypatch.setattr(packing, "_SMALL", 1000)
    assert len(archive("stored.zip")) > len(first)
    stored = zipfile.ZipFile(tmp_path / "stored.zip")
    assert all(stored.getinfo(name).compress_type == zipfile.ZIP_STORED for name in names)
    # A key names a record for good: with other records a segment has another name.
    Packing(logdir, Choice(tags=["val/*"])).write(tmp_path / "other.zip")
    assert not {*names} & {name for name in zipfile.ZipFile(tmp_path / "other.zip").namelist() if "long" in name}


def test_nothing_is_overwritten_unasked_and_nothing_is_left_halfway(
    logdir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "x.zip"
    command = ["pack", str(logdir), "-o", str(archive)]
    assert main([*command, "--dry-run"]) == 0
    assert "would hold" in capsys.readouterr().out and not os.listdir(tmp_path)
    archive.write_text("mine")
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err
    with monkeypatch.context() as patch:

        def interrupt(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(packing, "_added", interrupt)
        assert main([*command, "--force"]) == 130
    assert (os.listdir(tmp_path), archive.read_text()) == (["x.zip"], "mine")
    assert main([*command, "--force"]) == 0
    assert set(tb_explain.open(archive).runs) == {"long", "small"}


def test_what_is_damaged_is_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound = Run(tmp_path / "logs").log("t", [0])
    sound.segment.close()
    for place in ("payload", "index"):
        run = Run(tmp_path / "logs").log("t", [1])
        run.segment.close()
        file = run.data if place == "payload" else run.index
        content = bytearray(file.read_bytes())
        content[-100] ^= 1
        file.write_bytes(content)
    Run(tmp_path / "logs").log("t", [2]).data.unlink()
    assert main(["pack", str(tmp_path / "logs"), "-o", str(tmp_path / "x.zip")]) == 1
    said = capsys.readouterr().err
    assert (
        said.count("is left out: ") == 3 and "its data file is not there" in said and said.count("it is damaged") == 2
    )
    tag = tb_explain.open(tmp_path / "x.zip").runs["."].tags["t"]
    assert [record._message.SerializeToString() for record in tag] == sound.payloads


def test_what_was_replaced_is_packed_once(tmp_path: Path) -> None:
    """Copies of two segments are there again beside the one that they became."""
    payloads = []
    for step in range(2):
        run = Run(tmp_path / "logs").log("t", [step])
        run.segment.append([Record(pb.Entry(kind=pb.FAILURE, failure=pb.Failure(tag="t", message="once")), b"")])
        run.segment.close()
        payloads += run.payloads
    home = tmp_path / "logs" / DIRECTORY
    before = {path: path.read_bytes() for path in home.iterdir()}
    compact(tmp_path / "logs")
    for path, content in before.items():
        path.write_bytes(content)
    Packing(tmp_path / "logs", Choice()).write(tmp_path / "x.zip")
    packed = tb_explain.open(tmp_path / "x.zip").runs["."]
    assert [record._message.SerializeToString() for record in packed.tags["t"]] == payloads
    assert len(packed.failures) == 2


def test_a_run_that_grows_is_packed_as_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(tmp_path / "logs").log("t", [0])
    choice = Packing(tmp_path / "logs", Choice())

    def grow(size: int) -> None:
        run.log("t", [len(run.payloads)])
        run.segment.append([Record(pb.Entry(kind=77, series=1), b"of a later version")])

    choice.write(tmp_path / "x.zip", grow)
    assert main(["verify", str(tmp_path / "x.zip")]) == 0
    assert "no entry lists" not in capsys.readouterr().out
    steps = tb_explain.open(tmp_path / "x.zip").runs["."].tags["t"].steps.tolist()
    assert steps == list(range(len(steps)))
    assert len(steps) < len(run.payloads)


@pytest.mark.parametrize("place", ["archive", "address"])
def test_archives_and_addresses_are_packed_too(place: str, logdir: Path, tmp_path: Path) -> None:
    if place == "archive":
        source = str(tmp_path / "source.zip")
        with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as file:
            for path in sorted(logdir.rglob("*")):
                file.write(path, path.relative_to(logdir))
    else:
        memory = pytest.importorskip("fsspec").filesystem("memory")
        memory.put(f"{logdir}/", f"/{tmp_path.name}/", recursive=True)
        source = f"memory://{tmp_path.name}"
    assert main(["pack", source, "-o", str(tmp_path / "x.zip"), "--with-events"]) == 0
    for name in ("long", "small"):
        assert _of(RunIndex(name, ArchiveFiles(tmp_path / "x.zip"))) == _of(RunIndex(logdir / name))
    assert main(["verify", source]) == 0
    assert (logdir / "long" / DIRECTORY).is_dir()
