"""A logdir from a stranger: honest runs, damaged ones, and every way in which a file can lead out of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tb_explain.records import DIRECTORY, Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb

SECRET = b"what lies outside the logdir"
TAG = "probe/GradCAM"


def write(root: Path) -> Path:
    """The logdir `root`/logs, with what must not be read beside it in `root`/outside."""
    logdir, outside = root / "logs", root / "outside"
    _write_run(logdir / "a")
    _write_run(logdir / "b" / "ünï\u0301 code")
    _write_run(outside / "run")
    shutil.copytree(outside / "run", logdir / "exchanged")
    (outside / "secret").write_bytes(SECRET)
    index, data = _files(outside / "run")
    _link(logdir / "linked run", outside / "run")
    _link(logdir / "linked plugins" / "plugins", outside / "run" / "plugins")
    _link(logdir / "linked home" / DIRECTORY, outside / "run" / DIRECTORY)
    _link(logdir / "linked index" / DIRECTORY / index.name, index)
    _link(logdir / "linked index" / DIRECTORY / data.name, data)
    _link(logdir / "linked data" / DIRECTORY / data.name, data)
    (logdir / "linked data" / DIRECTORY / index.name).write_bytes(index.read_bytes())
    _link(logdir / "loop" / DIRECTORY / index.name, logdir / "loop" / DIRECTORY / index.name)
    _link(logdir / "climbing", Path("..") / "outside")
    special = logdir / "special" / DIRECTORY
    special.mkdir(parents=True)
    os.mkfifo(special / "1.h.1.00000000000a.index")
    (special / "1.h.1.00000000000b.index").mkdir()
    _link(special / "1.h.1.00000000000c.index", Path("/dev/zero"))
    (special / "1.h.1.00000000000d.index").write_bytes(index.read_bytes())
    os.mkfifo(special / "1.h.1.00000000000d.data")
    (special / "1.h.1.00000000000e.index").write_bytes(os.urandom(4096))
    # The system may not let names be anything.
    for name in (b"not \xff text", b"line\nbreak", b"%2e%2e", b"...", b"a" * 200):
        _write_run(Path(os.fsdecode(os.fsencode(logdir) + b"/" + name)))
    return logdir


def keys_of(run: Path) -> list[str]:
    """The keys of the records of a run that this module wrote."""
    return [f"{_files(run)[0].name.split('.')[-2]}-{i}" for i in (4, 5)]


HASHES: list[str] = []  # of the image and the class names that each run has


def _write_run(directory: Path) -> None:
    segment = SegmentWriter(directory)
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\x02" * 2 + b"\x08\0\0\0\0" + bytes(20)
    image, images = segment.blob(pb.IMAGE, png)
    classes, named = segment.blob(pb.CLASSES, pb.ClassNames(names=["cat"]).SerializeToString())
    HASHES[:] = [image.hex(), classes.hex()]
    declared = pb.Series(kind=pb.HEATMAPS, tag=TAG)
    records = [*images, *named, *segment.series(declared)]
    for step in (1, 2):
        payload = pb.Heatmaps(samples=[pb.Sample(image=image, name="x")], targets=[0]).SerializeToString()
        entry = pb.Entry(kind=pb.HEATMAPS, series=declared.id, step=step, wall_time=1e9, count=1)
        records.append(Record(entry, payload))
    segment.append(records)
    segment.close()


def _files(run: Path) -> tuple[Path, Path]:
    (index,) = (run / DIRECTORY).glob("*.index")
    return index, index.with_suffix(".data")


def _link(path: Path, to: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(to)
