"""A logdir in a zip archive is read as the directory would be, whoever made it, and harms nobody, whoever made it."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tb_explain
from tb_explain.cli import main
from tb_explain.records import LOCAL
from tb_explain.records import archive as archives
from tb_explain.records.archive import ArchiveFiles
from tb_explain.records.remote import Blocks
from tests.conftest import Run, StartTensorBoard, until
from tests.plugin.conftest import Page
from tests.plugin.test_routes import keys, payloads
from tests.plugin.test_server import mark

RUNS = (".", "a", "a/b", "with space & ümlaut")
HOME = "plugins/tb_explain"


@pytest.fixture(scope="module")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs as TensorBoard sees them, and files beside them."""
    logdir = tmp_path_factory.mktemp("logs")
    for name in RUNS:
        Run(logdir / name).log("t", range(3)).segment.close()
        mark(logdir / name)
    (logdir / "a" / "checkpoint.bin").write_bytes(os.urandom(1000))
    return logdir


def zipped(logdir: Path, archive: Path, method: int, below: str = "") -> Path:
    with zipfile.ZipFile(archive, "w", method) as file:
        for path in sorted(logdir.rglob("*")):
            file.write(path, Path(below, path.relative_to(logdir)))
    return archive


def by_zip(logdir: Path, archive: Path) -> Path:
    try:
        subprocess.run(["zip", "-qr", archive, "."], cwd=logdir, check=True)
    except FileNotFoundError:
        pytest.skip("there is no zip command here")
    return archive


def as_if_large(logdir: Path, archive: Path) -> Path:
    """Places and sizes in 64 bits, as in archives of more than 4 GiB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "ZIP64_LIMIT", 10)
        zipped(logdir, archive, zipfile.ZIP_DEFLATED)
    assert b"PK\6\6" in archive.read_bytes()
    return archive


def with_backslashes(logdir: Path, archive: Path) -> Path:
    """As some programs on Windows write names."""
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(logdir.rglob("*")):
            if path.is_file():
                member = zipfile.ZipInfo(str(path.relative_to(logdir)).replace("/", "\\"))
                member.create_system = 0
                file.writestr(member, path.read_bytes())
    return archive


WAYS: dict[str, Callable[[Path, Path], Path]] = {
    "stored": lambda logdir, archive: zipped(logdir, archive, zipfile.ZIP_STORED),
    "deflated": lambda logdir, archive: zipped(logdir, archive, zipfile.ZIP_DEFLATED),
    "below a directory": lambda logdir, archive: zipped(logdir, archive, zipfile.ZIP_DEFLATED, "my/runs"),
    "zip -r": by_zip,
    "in 64 bits": as_if_large,
    "backslashes": with_backslashes,
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_in_an_archive_is_what_was_logged(
    way: str, logdir: Path, tmp_path: Path, page_of: Callable[..., Page], capsys: pytest.CaptureFixture[str]
) -> None:
    archive = WAYS[way](logdir, tmp_path / "runs.zip")
    names = {os.path.normpath(f"my/runs/{name}" if "below" in way else name): name for name in RUNS}
    there, here = tb_explain.open(archive), tb_explain.open(logdir)
    assert sorted(there.runs) == sorted(names)
    page, plain = page_of(archive), page_of(logdir)
    assert set(page.runs()) == set(names)
    for name, original in names.items():
        for mine, theirs in zip(there.runs[name].tags["t"], here.runs[original].tags["t"], strict=True):
            assert np.array_equal(mine.maps, theirs.maps)
            assert np.array_equal(mine.samples[0].image, theirs.samples[0].image)
        assert keys(page, run=name) == keys(plain, run=original)
        found = [
            side.ask("records", run=run, key=keys(plain, run=original)).data
            for side, run in ((page, name), (plain, original))
        ]
        assert found[0] == found[1] and len(list(payloads(found[0]))) == 3
    assert main(["ls", str(archive)]) == 0
    assert capsys.readouterr().out.count("3 records  steps 0 to 2") == len(RUNS)


@pytest.mark.parametrize("fast", ["true", "false"])
def test_tensorboard_shows_an_archive(fast: str, logdir: Path, tmp_path: Path, tensorboard: StartTensorBoard) -> None:
    archive = zipped(logdir, tmp_path / "runs.zip", zipfile.ZIP_DEFLATED)
    server = tensorboard("--logdir", str(archive), f"--load_fast={fast}")
    server.expected = ["Traceback (most recent call last):"]  # of its Python loader, which expects a directory
    until(lambda: server.get("data/plugins_listing").json()["tb_explain"]["enabled"])
    assert set(server.runs()) == set(RUNS)
    (series,) = server.ask("steps", run="a/b", kind="HEATMAPS").json()["series"]
    found = list(payloads(server.ask("records", run="a/b", key=series["keys"]).body))
    here = tb_explain.open(logdir).runs["a/b"].tags["t"]
    assert found == [record._message.SerializeToString() for record in here]


def test_an_archive_that_is_replaced_is_read_anew(logdir: Path, tmp_path: Path, page_of: Callable[..., Page]) -> None:
    page = page_of(tmp_path / "later.zip")
    assert page.runs() == {}, "not packed yet"
    archive = ArchiveFiles(tmp_path / "later.zip")
    zipped(logdir / "a" / "b", tmp_path / "later.zip", zipfile.ZIP_STORED)
    assert archive.run_directories() == [""]
    zipped(logdir, tmp_path / "other.zip", zipfile.ZIP_DEFLATED)
    os.replace(tmp_path / "other.zip", tmp_path / "later.zip")
    assert archive.run_directories() == sorted("" if name == "." else name for name in RUNS)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_any_range_of_a_large_file_is_read_in_little_memory(
    method: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_BLOCK", 1 << 12)  # 200 of them, more than there are marks
    monkeypatch.setattr(archives, "_BLOCKS", Blocks(8 << 12))
    generator = random.Random(0)
    content = b"".join(generator.randbytes(64) * generator.randrange(1, 40) for _ in range(650))
    file = tmp_path / "logs" / HOME / "1.data"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    archive = ArchiveFiles(zipped(tmp_path / "logs", tmp_path / "x.zip", method))
    assert archive.sizes(HOME) == LOCAL.sizes(str(file.parent)) == {"1.data": len(content)}
    for _ in range(200):
        start, length = generator.randrange(len(content) + 100), generator.choice((0, 1, 5000, 60_000, 1 << 40))
        assert archive.read(f"{HOME}/1.data", start, length) == content[start : start + length]
    if method == zipfile.ZIP_DEFLATED:
        (stream,) = archive._streams.values()
        assert 20 < len(stream._marks) <= archives._MARKS + 1


def archive_of(path: Path, *files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in files:
            file.writestr(name, content)
    return path


def opened_files(function: Callable[[], object]) -> list[str]:
    """What is opened meanwhile."""
    names: list[str] = []
    watching = [True]

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if watching[0] and event in ("open", "os.listdir", "os.scandir"):
            names.append(str(arguments[0]))

    sys.addaudithook(note)
    try:
        function()
    finally:
        watching[0] = False
    return names


def test_no_name_in_an_archive_leads_anywhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    Run(secret).log("t", [0]).segment.close()
    (index,) = (secret / HOME).glob("*.index")
    names = [f"{above}/{HOME}/{index.name}" for above in ("..", "a/../../x", str(secret), "//x", "./y", "a//b")]
    archive = archive_of(tmp_path / "x.zip", *((name, index.read_bytes()) for name in names))
    link = zipfile.ZipInfo(f"link/{HOME}/{index.name}")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(link, str(index))
        file.writestr(f"ours/{HOME}/{index.name}", index.read_bytes())
    found: list[str] = []

    def look() -> None:
        logdir = tb_explain.open(archive)
        for name, run in logdir.runs.items():
            found.append(name)
            with pytest.raises(FileNotFoundError, match="has no ours"):
                run.tags["t"].read()

    assert set(opened_files(look)) == {str(archive)}
    assert found == ["ours"]


def lying_size(path: Path) -> Path:
    """An archive whose list says that its only member is small."""
    archive_of(path, (f"{HOME}/1.x.index", bytes(1 << 20)))
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rfind(b"PK\1\2") + 24, 1000)
    path.write_bytes(content)
    return path


def overlapping(path: Path) -> Path:
    """An archive that lists the same bytes under many names."""
    archive_of(path, *((f"{n}/{HOME}/1.x.index", os.urandom(1000)) for n in range(9)), method=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    place = content.find(b"PK\1\2")
    while place >= 0:
        struct.pack_into("<2I", content, place + 20, 8000, 8000)
        struct.pack_into("<I", content, place + 42, 0)
        place = content.find(b"PK\1\2", place + 1)
    path.write_bytes(content)
    return path


def cut(path: Path) -> Path:
    archive_of(path, (f"{HOME}/1.x.index", os.urandom(1000)))
    path.write_bytes(path.read_bytes()[:-100])
    return path


def encrypted(path: Path) -> Path:
    archive_of(path, (f"{HOME}/1.x.index", b"x"))
    content = bytearray(path.read_bytes())
    content[content.rfind(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    return path


def bomb(path: Path) -> Path:
    return archive_of(path, (f"{HOME}/1.x.data", bytes(100 << 20)))


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "bomb": (bomb, "bytes would become 104857600 when inflated; if you trust it, unpack it"),
    "overlapping": (overlapping, "its files share their bytes"),
    "cut": (cut, "is neither a directory nor a zip archive, or an archive that was cut short"),
    "encrypted": (encrypted, "is encrypted; unpack it"),
    "bzip2": (
        lambda path: archive_of(path, (f"{HOME}/1.x.data", b"x"), method=zipfile.ZIP_BZIP2),
        "compressed by method 12",
    ),
    "text": (lambda path: Path(path.write_bytes(b"text" * 99) and path), "is neither a directory nor a zip archive"),
    "empty": (lambda path: Path(path.touch() or path), "is neither a directory nor a zip archive"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_is_refused_in_one_sentence(
    what: str,
    tmp_path: Path,
    page_of: Callable[..., Page],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    make, why = REFUSED[what]
    archive = make(tmp_path / "x.zip")
    assert main(["ls", str(archive)]) == 1
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1
    answer = page_of(archive).ask("runs").json
    assert answer["runs"] == [] and why in answer["notices"][0]
    caplog.clear()


def test_no_more_is_inflated_than_an_archive_says(tmp_path: Path) -> None:
    files = ArchiveFiles(lying_size(tmp_path / "x.zip"))
    assert files.read(f"{HOME}/1.x.index", 0, 1 << 30) == bytes(1000)


def test_whatever_is_damaged_nothing_else_is_raised(logdir: Path, tmp_path: Path) -> None:
    """Bytes exchanged at random, most of them in the list: what is read is right, or is refused."""
    original = zipped(logdir / "a", tmp_path / "original.zip", zipfile.ZIP_DEFLATED).read_bytes()
    listing = original.find(b"PK\1\2")
    archive = tmp_path / "damaged.zip"
    generator = random.Random(1)
    refused = 0
    for _ in range(int(os.environ.get("TB_EXPLAIN_ARCHIVES", "300"))):
        content = bytearray(original)
        for _ in range(generator.choice((1, 1, 3, 30))):
            content[generator.randrange(generator.choice((0, listing, listing)), len(content))] = generator.choice(
                (0, 255, generator.randrange(256))
            )
        archive.write_bytes(content[: generator.choice((len(content), generator.randrange(len(content))))])
        files = ArchiveFiles(archive)
        try:
            for directory in files.run_directories():
                home = f"{directory}/{HOME}"
                for name, size in files.sizes(home).items():
                    assert len(files.read(f"{home}/{name}", 0, size)) <= size
        except OSError:
            refused += 1
    assert refused > 50


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """No block stays in memory from one test to the next."""
    monkeypatch.setattr(archives, "_BLOCKS", Blocks(64 << 20))
