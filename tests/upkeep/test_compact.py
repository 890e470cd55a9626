"""Compacting changes nothing that is shown: whatever was logged, whoever reads or writes meanwhile, wherever it is stopped."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import consumes, precondition, rule

from tb_explain.records import DIRECTORY, DamagedRecord, Record, RunIndex, SegmentWriter, content_hash
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.files import LocalFiles
from tb_explain.records.framing import frame
from tb_explain.records.listing import RecordKey
from tb_explain.upkeep import segments as upkeep_segments
from tb_explain.upkeep import tidy
from tb_explain.upkeep.compact import compact
from tb_explain.upkeep.prune import KeepSteps, prune
from tb_explain.upkeep.rewrite import clean_up
from tb_explain.upkeep.tidy import locked

from ..conftest import index_of
from ..records.test_format_document import assert_both_read_the_same
from ..records.test_merged import T, declare, purge, record, segment, shown
from ..records.test_store import Store, Writer

KILLS = int(os.environ.get("TB_EXPLAIN_KILLS", "12"))


def all_of(run: Path) -> list[object]:
    """Everything that a run shows, but for the keys of its records."""
    index = index_of(run)
    listed = []
    for series in index.series():
        steps = index.steps(series)
        payloads = [read(index, key) for key in steps.keys]
        listed.append(
            (str(series.declaration), steps.step.tolist(), steps.wall_time.tolist(), steps.count.tolist(), payloads)
        )
    # The number of a series is of its file.
    named = [
        (text.replace(text.split("\n")[0], "") if text.startswith("id") else text, *more) for text, *more in listed
    ]
    return [named, vars(index.counts()), [str(failure) for failure in index.failures()]]


def read(index: RunIndex, key: RecordKey) -> bytes | None:
    with contextlib.suppress(DamagedRecord):
        return index.read(key)
    return None


def files_of(run: Path, suffix: str = "") -> list[str]:
    return sorted(name for name in os.listdir(run / DIRECTORY) if name.endswith(suffix) and not name.endswith(".lock"))


class CompactedStore(Store):
    """A store whose segments are merged at any time between what its writers and readers do."""

    writers = Store.writers

    @rule(writer=consumes(Store.writers))
    def finish(self, writer: Writer) -> None:
        writer.segment.close()
        self.fresh = False

    @precondition(lambda self: self.all)
    @rule()
    def compact(self) -> None:
        before = all_of(self.run)
        compact(self.run)
        self.merged = True
        assert all_of(self.run) == before
        assert_both_read_the_same(self.run)
        names = files_of(self.run)
        compact(self.run)
        assert files_of(self.run) == names, "once is enough"
        self.fresh = False

    def teardown(self) -> None:
        shutil.rmtree(self.run)


TestCompactedStore = CompactedStore.TestCase
TestCompactedStore.settings = settings(
    max_examples=int(os.environ.get("TB_EXPLAIN_EXAMPLES", "60")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Six closed segments: pictures in common, a purge, failures, kinds and fields of a newer version."""
    for i in range(6):
        writer = SegmentWriter(tmp_path, 100.0 + i)
        names, records = zip(*(writer.blob(pb.IMAGE, bytes([n]) * 2000) for n in (0, i)), strict=True)
        writer.append([one for some in records for one in some])
        writer.append([declare(T), record(i, f"record {i}"), record(7, names[0].hex())])
        if i == 3:
            writer.append([purge(1, 102.5)])
        newer = pb.Entry(kind=77, series=1, step=5)
        newer.MergeFromString(b"\xa2\x06\x05later")  # field 100
        writer.append([Record(newer, b"payload of a newer version")])
        writer.append([Record(pb.Entry(kind=pb.FAILURE, step=i, failure=pb.Failure(tag="t", message=str(i))), b"")])
        writer.close()
    return tmp_path


def test_segments_become_one_that_is_smaller(run: Path) -> None:
    before, size = all_of(run), sum(path.stat().st_size for path in (run / DIRECTORY).iterdir())
    counted = compact(run, dry_run=True)
    assert len(files_of(run, ".index")) == 6, "a dry run changes nothing"
    did = compact(run)
    assert counted.rewritten == did.rewritten
    (report,) = did.rewritten
    assert (len(report.sources), report.records, report.dropped, report.blobs_dropped) == (6, 5, 7, 5)
    assert [name.rpartition(".")[2] for name in files_of(run)] == ["data", "index"]
    assert report.size_before == size
    assert report.size == sum((run / DIRECTORY / name).stat().st_size for name in files_of(run)) < size
    assert all_of(run) == before
    assert_both_read_the_same(run)
    assert shown(index_of(run))[:2] == [b"record 0", b"record 4"]
    index = index_of(run)
    for i in range(6):
        assert index.read_blob(pb.IMAGE, content_hash(bytes([i]) * 2000)) == bytes([i]) * 2000


def test_what_a_newer_version_added_is_kept(run: Path) -> None:
    compact(run)
    (index,) = (run / DIRECTORY).glob("*.index")
    (data,) = (run / DIRECTORY).glob("*.data")
    newer = [found.entry for found in upkeep_segments.Entries(index) if found.entry and found.entry.kind == 77]
    assert len(newer) == 6
    for entry in newer:
        assert b"\xa2\x06\x05later" in entry.SerializeToString()
        assert data.read_bytes()[entry.offset :][: entry.length] == b"payload of a newer version"


def test_segments_that_may_still_grow_are_left_alone(run: Path) -> None:
    live = SegmentWriter(run, 102.5)
    live.append([declare(T), record(3, "live")])
    before = all_of(run)
    did = compact(run, idle=0)
    assert did.in_use == 1, "its process lives, however long it is silent"
    assert [len(report.sources) for report in did.rewritten] == [3, 3], "neighbours, left and right of it"
    assert did.segments == len(files_of(run, ".index")) == 3
    live.append([record(7, "still written")])
    assert b"still written" in shown(index_of(run))
    live.append([purge(0, 104.5)])
    assert_both_read_the_same(run)
    assert shown(index_of(run))[0] == b"record 5", "a purge hides those that were older than it, merged or not"
    live.close()
    before = all_of(run)
    assert len(compact(run).rewritten[0].sources) == 3
    assert all_of(run) == before


def test_a_segment_whose_process_is_dead_is_merged_once_it_is_idle(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = SegmentWriter(run, 200.0)
    killed.append([declare(T), record(9, "of a killed writer")])
    with open(f"{killed.path}.index", "ab") as index:
        index.write(b"torn")
    monkeypatch.setattr(upkeep_segments, "_lives", lambda pid: pid != os.getpid())
    before = all_of(run)
    for suffix in ("data", "index"):
        os.utime(f"{killed.path}.{suffix}", (time.time() - 3000,) * 2)
    assert compact(run, idle=3600).in_use == 1
    assert len(compact(run, idle=2900).rewritten[0].sources) == 2
    assert all_of(run) == before


def spoil(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("index", "it is damaged: at byte .* of its index file the entry does not match its checksum"),
        ("tail", "it is damaged: nothing behind byte .* of its index file can be read"),
        ("payload", "it is damaged: its payload at byte 2000 does not match its checksum"),
        ("short", "it is damaged: its payload at byte .* does not match its checksum"),
        ("lost", "it is damaged: .* the declaration of series 1, to which the record belongs, is lost"),
        ("newer", "it is of format version 2, which this version does not know"),
        ("link", "its files are not such as the library writes"),
        ("name", "its files are not such as the library writes"),
    ],
)
def test_what_cannot_be_copied_whole_is_left_alone_and_named(run: Path, what: str, why: str) -> None:
    index = run / DIRECTORY / files_of(run, ".index")[2]
    data = index.with_suffix(".data")
    if what == "index":
        spoil(index, 40)
    elif what == "tail":
        index.write_bytes(index.read_bytes() + b"x" * 40)
    elif what == "payload":
        spoil(data, 2007)
    elif what == "short":
        os.truncate(data, 4005)
    elif what == "lost":
        entries = [found.entry for found in upkeep_segments.Entries(index) if found.entry]
        kept = [entry for entry in entries if entry.kind != pb.SERIES]
        index.write_bytes(b"".join(frame(entry.SerializeToString()) for entry in kept))
    elif what == "newer":
        header = pb.Entry(kind=pb.SEGMENT, segment=pb.Segment(format_version=2))
        index.write_bytes(frame(header.SerializeToString()) + index.read_bytes())
    elif what == "link":
        data.symlink_to(data.rename(run / "elsewhere"))
    elif what == "name":
        index, data = (path.rename(path.with_name(f"0000000102002.{path.suffix}")) for path in (index, data))
    contents = [path.read_bytes() for path in (index, data)]
    before = all_of(run)
    did = compact(run)
    assert [*did.left_alone] == [index.stem]
    assert re.fullmatch(why, did.left_alone[index.stem])
    assert all_of(run) == before
    assert [path.read_bytes() for path in (index, data)] == contents
    assert [len(report.sources) for report in did.rewritten] == [2, 3], "its neighbours are merged as far as they are"


def test_a_record_that_no_one_can_read_is_not_taken_for_a_hidden_one(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that cannot read a file for a moment shows nothing of it."""
    before = all_of(run)
    unreadable = files_of(run, ".index")[4]

    class Failing(LocalFiles):
        def read(self, path: str, start: int, length: int) -> bytes:
            if path.endswith(unreadable):
                raise OSError(5, "Input/output error")
            return super().read(path, start, length)

    with monkeypatch.context() as patch:
        patch.setattr(tidy, "RunIndex", lambda run, files: RunIndex(run, Failing()))
        assert len(compact(run).rewritten[0].sources) == 6
    assert all_of(run) == before


def test_a_segment_that_grows_meanwhile_is_left_alone(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = run / DIRECTORY / files_of(run, ".index")[4]
    copymode = shutil.copymode

    def growing(*paths: Path) -> None:
        with index.open("ab") as file:
            file.write(frame(pb.Entry(kind=pb.HEATMAPS, series=1, step=50).SerializeToString()))
        copymode(*paths)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copymode", growing)
        did = compact(run)
    assert did.left_alone == {index.stem: "it grew while it was read"}
    assert b"" in shown(index_of(run))


def test_only_one_at_a_time(run: Path) -> None:
    with locked(run), pytest.raises(BlockingIOError, match="is being compacted or pruned by another process"):
        compact(run)
    assert compact(run).rewritten


class Killed(BaseException):
    """The process is dead: no call reaches the system any more."""


def test_stopped_at_any_step_the_run_reads_the_same_and_the_next_time_cleans_up(run: Path, tmp_path: Path) -> None:
    before = all_of(run)
    steps = 0
    for stop in itertools.count():
        copy = tmp_path / "copies" / str(stop)
        shutil.copytree(run / DIRECTORY, copy / DIRECTORY)
        left = stop

        def counting(call: Callable[..., object]) -> Callable[..., object]:
            def counted(*arguments: object, **more: object) -> object:
                nonlocal left
                left -= 1
                if left < 0:
                    raise Killed
                return call(*arguments, **more)

            return counted

        with pytest.MonkeyPatch.context() as patch:
            for module, name in ((os, "replace"), (os, "unlink"), (os, "fsync"), (shutil, "copymode"), (os, "fstat")):
                patch.setattr(module, name, counting(getattr(module, name)))
            with contextlib.suppress(Killed):
                compact(copy)
        assert all_of(copy) == before, f"stopped at step {stop}"
        assert_both_read_the_same(copy)
        if left >= 0:
            break
        steps += 1
        compact(copy)
        assert all_of(copy) == before, f"cleaned up after step {stop}"
        assert [name.rpartition(".")[2] for name in files_of(copy)] == ["data", "index"], f"step {stop}"
    assert steps > 40


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="tells open files by Linux's /proc")
def test_the_new_segment_is_on_the_disk_before_the_old_ones_go(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer that loses its power has what was synced, in whatever order it wrote the rest."""
    did: list[str] = []

    def told(name: str, named: Callable[[object], str]) -> None:
        call = getattr(os, name)

        def telling(of: object, *more: object, **named_more: object) -> object:
            what = named(of).rpartition("plugins/")[2]
            did.append(f"{name} {''.join(Path(what).suffixes[-2:]) if '.part' in what else Path(what).suffix or what}")
            return call(of, *more, **named_more)

        monkeypatch.setattr(os, name, telling)

    told("fsync", lambda descriptor: os.readlink(f"/proc/self/fd/{descriptor}"))
    told("replace", str)
    told("unlink", str)
    compact(run)
    synced = ["fsync .data.part", "fsync .index.part", "replace .data.part", "fsync tb_explain", "replace .index.part"]
    assert did[:6] == [*synced, "fsync tb_explain"]
    assert Counter(did[6:]) == {"unlink .index": 6, "unlink .data": 6}


def test_what_replaces_others_and_is_not_whole_lets_none_of_them_be_deleted(run: Path, tmp_path: Path) -> None:
    """As a computer may leave it that has lost its power, on a file system that keeps no order."""
    shutil.copytree(run / DIRECTORY, tmp_path / "sources")
    sources = files_of(run)
    compact(run)
    (merged,) = (run / DIRECTORY).glob("*.index")
    for spoilt in ("index", "data"):
        shutil.copytree(tmp_path / "sources", run / DIRECTORY, dirs_exist_ok=True)
        os.truncate(merged.with_suffix(f".{spoilt}"), merged.with_suffix(f".{spoilt}").stat().st_size - 1)
        clean_up(run)
        assert set(sources) <= set(files_of(run)), spoilt


KILLED = """
import os, random, shutil, signal, sys, time
from pathlib import Path
from tb_explain.records import DIRECTORY
from tb_explain.upkeep.compact import compact
from tb_explain.upkeep.prune import KeepSteps, prune

run, copies, kills, what = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
for trial in range(kills):
    copy = copies / str(trial)
    shutil.copytree(run / DIRECTORY, copy / DIRECTORY)
    child = os.fork()
    if not child:
        prune(copy, KeepSteps.parse("last:2")) if what == "prune" else compact(copy)
        os._exit(0)
    time.sleep(random.Random(trial).uniform(0, 0.04))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def killed(run: Path, copies: Path, what: str) -> Iterator[Path]:
    """Copies of a run on each of which upkeep was killed at a random moment."""
    subprocess.run([sys.executable, "-c", KILLED, str(run), str(copies), str(KILLS), what], check=True)
    for trial in range(KILLS):
        yield copies / str(trial)


def test_a_prune_killed_at_random_moments_loses_nothing_else_and_shows_nothing_twice(run: Path, tmp_path: Path) -> None:
    """TB_EXPLAIN_KILLS says how often. There are several segments before and several afterwards, since one may still grow."""
    live = SegmentWriter(run, 103.5)
    live.append([declare(T), record(6, "live")])
    last = SegmentWriter(run, 106.0)
    for step in (7, 8):  # the two to be kept refer to one picture each, as fields of messages do
        picture, stored = last.blob(pb.IMAGE, b"picture %d" % step)
        shows = Record(pb.Entry(kind=pb.HEATMAPS, series=1, step=step, count=1), b"\x0a\x10" + picture)
        last.append([*stored, *([declare(T)] if step == 7 else []), shows])
    last.close()
    listed = steps_and_payloads(run)
    newest = sorted({step for step, _ in listed})[-2:]
    kept = [(step, payload) for step, payload in listed if step in newest or b"live" in payload]
    unfinished = 0
    for copy in killed(run, tmp_path / "copies", "prune"):
        found = steps_and_payloads(copy)
        # Neighbours are rewritten one group after the other: each is either as it was or as it will be.
        assert set(kept) <= set(found) <= set(listed), copy
        assert Counter(found) == Counter(one for one in listed if one in set(found)), (
            f"something is shown twice in {copy}"
        )
        unfinished += found != kept
        for step, payload in found:
            if payload.startswith(b"\x0a\x10"):
                assert index_of(copy).read_blob(pb.IMAGE, payload[2:]) == b"picture %d" % step
        prune(copy, KeepSteps.parse("last:2"))
        assert steps_and_payloads(copy) == kept, copy
        assert not [name for name in files_of(copy) if name.endswith(".part")]
    assert unfinished, "none was killed in time"


def steps_and_payloads(run: Path) -> list[tuple[int, bytes]]:
    index = index_of(run)
    assert index.counts().damaged == 0
    series = index.find("t", pb.HEATMAPS)
    assert series
    steps = index.steps(series)
    return [(step, index.read(key)) for step, key in zip(steps.step.tolist(), steps.keys, strict=True)]


def test_killed_at_random_moments_the_run_reads_the_same(run: Path, tmp_path: Path) -> None:
    """TB_EXPLAIN_KILLS says how often."""
    before = all_of(run)
    for trial, copy in enumerate(killed(run, tmp_path / "copies", "compact")):
        assert all_of(copy) == before, trial
        compact(copy)
        assert all_of(copy) == before, trial
        assert [name.rpartition(".")[2] for name in files_of(copy)] == ["data", "index"], trial


def test_readers_see_each_record_once_while_segments_come_and_are_merged(tmp_path: Path) -> None:
    written, stop, trouble = [0], threading.Event(), list[BaseException]()

    def read() -> None:
        standing = RunIndex(tmp_path)
        while not stop.is_set():
            for index in (standing, RunIndex(tmp_path)):
                at_least = written[0]
                index.refresh()
                series = index.find("t", pb.HEATMAPS)
                steps = index.steps(series) if series else None
                found = steps.step.tolist() if steps else []
                assert found == [*range(len(found))] and len(found) >= at_least
                if steps and steps.keys:
                    with contextlib.suppress(KeyError, FileNotFoundError):  # merged since
                        assert index.read(steps.keys[-1]) == str(len(found) - 1).encode()

    def reader() -> None:
        try:
            read()
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=reader) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(60):
        segment(tmp_path, 100.0 + i, declare(T), record(i, str(i)))
        written[0] = i + 1
        if i % 4 == 3:
            compact(tmp_path)
    stop.set()
    for thread in threads:
        thread.join()
    assert not trouble, trouble
    assert len(files_of(tmp_path, ".index")) == 1
