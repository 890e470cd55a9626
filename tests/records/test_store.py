"""Whatever several writers of one run append, in whatever order, an index shows what a simple model says."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tb_explain.records import Origin, Record, RunIndex, SegmentWriter, listing
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import frame
from tb_explain.records.listing import Cursor, RecordKey
from tests.conftest import index_of

TAGS = st.sampled_from(["a", "b/c", "日本"])
STEPS = st.one_of(st.integers(-3, 6), st.sampled_from([-(2**63), 2**63 - 1]))
TIMES = st.sampled_from([1.0, 1.0002, 1.0004, 2.0])  # few, so that segments are often of one age or one millisecond

SESSIONS = st.sampled_from(["", "one", "two"])
RANKS = st.integers(0, 2)


@dataclass
class Logged:
    """A record as the model remembers it."""

    tag: str
    step: int
    wall_time: float
    count: int
    payload: bytes
    number: int


@dataclass(eq=False)
class Writer:
    """A segment being written, and what the model knows of it."""

    segment: SegmentWriter
    created: float
    session: str
    rank: int
    entries: int = 1
    records: list[Logged] = field(default_factory=list)
    purges: list[tuple[int, int, float]] = field(default_factory=list)  # number, step, time
    newest: dict[str, str] = field(default_factory=dict)  # layer by tag

    @property
    def name(self) -> str:
        return self.segment.path.name

    def append(self, records: list[Record]) -> None:
        self.segment.append(records)
        self.entries += len(records)


class Follower:
    """Joins pages as docs/http.md says, and so has the whole listing without ever asking for what it knows."""

    def __init__(self) -> None:
        self.cursor: Cursor | None = None
        self.rows: dict[str, list[tuple[int, float, int, RecordKey]]] = {}

    def follow(self, index: RunIndex) -> None:
        """Ask until there is no more."""
        more = True
        while more:
            page = index.page(lambda declared: True, self.cursor)
            more, self.cursor = page.more, page.cursor
            if page.anew:
                self.rows = {}
            for one in page.series:
                if (steps := page.steps.get(one.number)) is None:
                    continue
                rows = self.rows.setdefault(one.declaration.tag, [])
                rows += zip(
                    steps.step.tolist(), steps.wall_time.tolist(), steps.count.tolist(), steps.keys, strict=True
                )
                rows.sort(key=lambda row: (row[0], place_of(row[3], page.parts), row[3].entry))


def place_of(key: RecordKey, parts: list[RecordKey]) -> int:
    """Of the part that holds a record."""
    return parts.index(max(part for part in parts if part.segment == key.segment and part.entry <= key.entry))


class Store(RuleBasedStateMachine):
    writers = Bundle("writers")

    def __init__(self) -> None:
        super().__init__()
        self.run = Path(tempfile.mkdtemp())
        self.index = RunIndex(self.run)
        self.all: list[Writer] = []
        self.counts: Counter[str] = Counter()
        self.blobs: dict[tuple[int, bytes], bytes] = {}
        self.layers: dict[str, set[str]] = {}
        self.fresh = True  # nothing was appended since the last refresh
        self.seen: list[tuple[object, ...]] = []
        self.follower = Follower()
        self.merged = False  # whether segments may have been: then records have other keys

    def teardown(self) -> None:
        for writer in self.all:
            writer.segment.close()
        shutil.rmtree(self.run)

    # What writers do.

    @rule(target=writers, created=TIMES, session=SESSIONS, rank=RANKS)
    def start(self, created: float, session: str, rank: int) -> Writer:
        segment = SegmentWriter(self.run, created, Origin(created, session, rank))
        writer = Writer(segment, created, session, rank)
        self.all.append(writer)
        self.fresh = False
        return writer

    @rule(target=writers, created=TIMES, session=SESSIONS, rank=RANKS, step=STEPS, made=TIMES)
    def resume(self, created: float, session: str, rank: int, step: int, made: float) -> Writer:
        writer = self.start(created, session, rank)
        self.purge(writer, step, min(made, created))
        return writer

    @rule(writer=writers, step=STEPS, time=TIMES)
    def purge(self, writer: Writer, step: int, time: float) -> None:
        writer.purges.append((writer.entries, step, time))
        writer.append([Record(pb.Entry(kind=pb.PURGE, step=step, wall_time=time), b"")])
        self.fresh = False

    @rule(
        writer=writers,
        tag=TAGS,
        layer=st.sampled_from(["", "one", "two"]),
        logged=st.lists(st.tuples(STEPS, st.floats(0, 1e9), st.binary(max_size=40)), min_size=1, max_size=4),
    )
    def log(self, writer: Writer, tag: str, layer: str, logged: list[tuple[int, float, bytes]]) -> None:
        declaration = pb.Series(kind=pb.HEATMAPS, tag=tag, layer=layer)
        records = writer.segment.series(declaration)
        assert len(records) == (0 if writer.newest.get(tag) == layer else 1), "declared when new or changed, only then"
        writer.newest[tag] = layer
        self.layers.setdefault(tag, set()).add(layer)
        for step, wall_time, payload in logged:
            number = writer.entries + len(records)
            writer.records.append(Logged(tag, step, wall_time, len(payload), payload, number))
            entry = pb.Entry(
                kind=pb.HEATMAPS, series=declaration.id, step=step, wall_time=wall_time, count=len(payload)
            )
            records.append(Record(entry, payload))
        writer.append(records)
        self.fresh = False

    @rule(writer=writers, payload=st.binary(min_size=1, max_size=3), kind=st.sampled_from([pb.IMAGE, pb.CLASSES]))
    def log_blob(self, writer: Writer, payload: bytes, kind: pb.Kind) -> None:
        name, records = writer.segment.blob(kind, payload)
        if records:
            self.blobs[kind, name] = payload
        writer.append(records)
        self.fresh = False

    @rule(writer=writers, dropped=st.booleans())
    def fail(self, writer: Writer, dropped: bool) -> None:
        writer.append([Record(pb.Entry(kind=pb.FAILURE, failure=pb.Failure(tag="a", dropped=dropped)), b"")])
        self.counts["dropped" if dropped else "failed"] += 1
        self.fresh = False

    @rule(writer=writers, kind=st.integers(50, 300), series=st.integers(0, 3))
    def log_an_unknown_kind(self, writer: Writer, kind: int, series: int) -> None:
        writer.append([Record(pb.Entry(kind=kind, series=series, step=1), b"future")])
        self.counts["unknown"] += 1
        self.fresh = False

    @rule(writer=writers)
    def log_a_record_of_a_lost_series(self, writer: Writer) -> None:
        writer.append([Record(pb.Entry(kind=pb.HEATMAPS, series=99, step=1), b"lost")])
        self.counts["damaged"] += 1
        self.fresh = False

    @rule(writer=writers, flip=st.integers(12, 15))
    def damage_a_frame(self, writer: Writer, flip: int) -> None:
        damaged = bytearray(frame(pb.Entry(kind=pb.PURGE, step=-5, wall_time=1e9).SerializeToString()))
        damaged[flip] ^= 1
        with open(f"{writer.segment.path}.index", "ab") as index:
            index.write(damaged)
        writer.entries += 1
        self.counts["damaged"] += 1
        self.fresh = False

    @rule(more=st.sampled_from([b"", b"not even framed as we know it", frame(b"\xff")]), version=st.integers(2, 9))
    def another_version(self, more: bytes, version: int) -> None:
        segment = SegmentWriter(self.run)
        segment.close()
        header = pb.Entry(kind=pb.SEGMENT, segment=pb.Segment(format_version=version, created=1))
        Path(f"{segment.path}.index").write_bytes(frame(header.SerializeToString()) + more)
        self.counts["unknown"] += 1
        self.fresh = False

    @rule(writer=consumes(writers), end=st.binary(min_size=1, max_size=11))
    def be_killed(self, writer: Writer, end: bytes) -> None:
        """With the start of a frame on file; nothing is appended afterwards."""
        with open(f"{writer.segment.path}.index", "ab") as index:
            index.write(end)

    # What readers see.

    @rule()
    def refresh(self) -> None:
        grew = self.index.refresh()
        if self.fresh:
            assert not grew
        self.fresh = True
        self.seen = self.shown(self.index)
        self.compare(self.index)

    @rule()
    def follow(self) -> None:
        with patch.object(listing, "_PAGE", 3):
            self.follower.follow(self.index)
        told = {tag: [(*row, key) for *row, key in rows] for tag, rows in self.follower.rows.items()}
        whole: dict[str, list[tuple[object, ...]]] = {}
        for tag, *row in self.shown(self.index):
            whole.setdefault(str(tag), []).append(tuple(row))
        assert told == whole

    @rule()
    def read_anew(self) -> None:
        other = index_of(self.run)
        self.compare(other)

    @invariant()
    def nothing_changes_between_refreshes(self) -> None:
        assert self.shown(self.index) == self.seen

    def shown(self, index: RunIndex) -> list[tuple[object, ...]]:
        return [
            (series.declaration.tag, *row)
            for series in index.series()
            for steps in [index.steps(series)]
            for row in zip(steps.step, steps.wall_time, steps.count, steps.keys, strict=True)
        ]

    def expected(self, tag: str) -> Iterator[tuple[Writer, Logged]]:
        for writer in sorted(self.all, key=lambda w: (w.created, w.name)):
            for record in writer.records:
                hidden = any(
                    record.step >= step
                    and (record.number < number if other is writer else writer.created < time)
                    and not self.beside(writer, other)
                    for other in self.all
                    for number, step, time in other.purges
                )
                if record.tag == tag and not hidden:
                    yield writer, record

    def beside(self, one: Writer, other: Writer) -> bool:
        return bool(one.session) and one.session == other.session and one.rank != other.rank

    def compare(self, index: RunIndex) -> None:
        assert {series.declaration.tag for series in index.series()} == self.layers.keys()
        for tag, layers in self.layers.items():
            series = index.find(tag, pb.HEATMAPS)
            assert series
            logged = sum(record.tag == tag for writer in self.all for record in writer.records)
            assert series.length == logged or (self.merged and len(index.steps(series).keys) <= series.length <= logged)
            assert series.declaration.layer in layers
            if len(self.all) == 1:
                assert series.declaration.layer == self.all[0].newest[tag]
            expected = sorted(self.expected(tag), key=lambda found: found[1].step)
            steps = index.steps(series)
            assert steps.step.tolist() == [record.step for _, record in expected]
            assert steps.wall_time.tolist() == [record.wall_time for _, record in expected]
            assert steps.count.tolist() == [record.count for _, record in expected]
            assert self.merged or steps.keys == [
                (writer.name.rpartition(".")[2], record.number) for writer, record in expected
            ]
            assert [index.read(key) for key in steps.keys] == [record.payload for _, record in expected]
        for (kind, name), payload in self.blobs.items():
            assert index.read_blob(kind, name) == payload
        counts = vars(index.counts())
        assert counts == {name: self.counts[name] for name in counts}
        assert len(index.failures()) == min(100, self.counts["failed"] + self.counts["dropped"])


TestStore = Store.TestCase
TestStore.settings = settings(
    max_examples=150, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
