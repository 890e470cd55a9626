"""A logdir, or what is chosen of it, as one HTML file that shows the same page without a server."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError, Message

from tb_explain import __version__
from tb_explain.plugin.answers import describe, describe_page, key_text
from tb_explain.plugin.http import Refusal
from tb_explain.plugin.payloads import image_type
from tb_explain.reading import MESSAGES
from tb_explain.records import DamagedRecord, RunIndex, Series, content_hash, is_repeated
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.listing import RecordKey, Steps
from tb_explain.records.payload import PIECE
from tb_explain.records.runs import runs_of
from tb_explain.sharing.choice import Choice
from tb_explain.sharing.document import Bounded, Document
from tb_explain.sharing.run_order import run_order
from tb_explain.sharing.samples import keep_samples

_NAME = 16  # bytes of a content hash

# The routes that answer what is named by content hash.
_ROUTES: dict[int, str] = {
    pb.IMAGE: "image",
    pb.CLASSES: "classes",
    pb.LABELS: "labels",
    pb.VOLUME: "volume",
    pb.COLUMN: "column",
}


class TooLarge(ValueError):
    """A report that would be larger than it may be: `exported` is what it would have held."""

    def __init__(self, exported: Exported) -> None:
        super().__init__(f"the report would have {exported.size} bytes, more than it may have")
        self.exported = exported


@dataclass
class Exported:
    """What is in a report."""

    runs: list[str] = field(default_factory=list)
    records: int = 0
    unreadable: int = 0  # records that are damaged; the page says so of each
    size: int = 0  # bytes
    sizes: dict[tuple[str, str], int] = field(default_factory=dict)  # of each series, by run and tag


def export(logdir: str, target: Path, choice: Choice, *, max_size: int) -> Exported:
    """As `Exporting`, at once."""
    return Exporting(logdir, choice).write(target, max_size)


class Exporting:
    """What is chosen of a logdir, to be written into a file. Raises ValueError for a choice of nothing, and OSError."""

    def __init__(self, logdir: str, choice: Choice) -> None:
        self._logdir = logdir
        self._choice = choice
        self._files, self._directories = runs_of(logdir)
        self._indexes = {name: RunIndex(path, self._files) for name, path in choice.of_runs(self._directories).items()}
        for index in self._indexes.values():
            index.refresh()
        picked = {name: _picked(index, choice) for name, index in self._indexes.items()}
        self._picked = {name: series for name, series in picked.items() if series}
        if not self._picked:
            which = " that were chosen" if self._indexes else ""
            raise ValueError(f"there are no explanations below {logdir}{which}")

    @property
    def size(self) -> int:
        """Bytes of the records that are read."""
        return sum(
            self._indexes[name].payload(key).length
            for name, picked in self._picked.items()
            for _, keys in picked
            for key in keys
        )

    def write(self, target: Path, max_size: int, advance: Callable[[int], object] = lambda size: None) -> Exported:
        """Into a file that is there only when it is whole; one that is there is replaced. `advance` is told of bytes that are done.

        Raises TooLarge, and OSError.
        """
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as file:
                out = Bounded(file, max_size)
                title = f"{os.path.basename(os.path.abspath(self._logdir))} · Explain"
                report = _Report(Document(out.write, title, f"tb-explain {__version__}"), self._choice, out)
                for name, picked in self._picked.items():
                    for size in report.add_run(name, self._indexes[name], picked):
                        advance(size)
                report.end(
                    self._choice.in_words(len(self._picked), len(self._directories)),
                    run_order(self._files, self._logdir, self._directories),
                )
            if out.size > max_size:
                raise TooLarge(report.exported)
            os.replace(part, target)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        return report.exported


Picked = list[tuple[Series, list[RecordKey]]]


def _picked(index: RunIndex, choice: Choice) -> Picked:
    picked: Picked = []
    for series in index.series():
        declared = series.declaration
        if declared.kind in MESSAGES and choice.has_tag(declared.tag):
            steps = index.steps(series)
            if keys := _keys(steps, choice.of_steps(steps.step)):
                picked.append((series, keys))
    return picked


def _keys(steps: Steps, which: Any) -> list[RecordKey]:
    return [RecordKey(steps.segment[i], int(steps.entry[i])) for i in np.flatnonzero(which)]


class _Report:
    """A document, as runs are added to it."""

    def __init__(self, document: Document, choice: Choice, out: Bounded) -> None:
        self.exported = Exported()
        self._document = document
        self._choice = choice
        self._out = out
        self._runs: list[dict[str, Any]] = []
        self._blobs: dict[tuple[int, bytes], int] = {}  # numbers of payloads: runs share what is the same

    def add_run(self, name: str, index: RunIndex, picked: Picked) -> Iterator[int]:
        """Everything of a run, record by record; yields how many bytes each had."""
        run = _Run(self._document, index, self._blobs, self._choice.samples)
        for series, keys in picked:
            before = self._out.size
            seen: dict[int, set[bytes]] = {}
            steps = index.steps(series)
            at = dict(zip(steps.keys, steps.step.tolist(), strict=True))
            for key in keys:
                run.add_record(series.declaration.kind, key, seen.setdefault(at[key], set()))
                yield index.payload(key).length
            named = name, series.declaration.tag
            self.exported.sizes[named] = self.exported.sizes.get(named, 0) + self._out.size - before
        number = len(self._runs)
        listed = _listing(index, run.counts)
        for i, page in enumerate(listed):
            self._document.answer(f"steps-{number}-{i}", page)
        self._document.answer(f"places-{number}", run.places)
        described = describe(name, index)
        lengths: dict[tuple[str, str], int] = {}
        for series in (series for page in listed for series in page["series"]):
            named = series["tag"], series["kind"]
            lengths[named] = lengths.get(named, 0) + len(series["keys"])
        described["epoch"] = "0"
        described["series"] = [
            {**series, "records": lengths[named]}
            for series in described["series"]
            if (named := (series["tag"], series["kind"])) in lengths
        ]
        described["failures"] = [one for one in described["failures"] if self._choice.has_tag(one["tag"])]
        self._runs.append(described)
        self.exported.runs.append(name)
        self.exported.records += len(run.counts)
        self.exported.unreadable += run.unreadable

    def end(self, notice: str, order: list[str]) -> None:
        """What is answered of all runs."""
        self._document.answer("runs", {"runs": self._runs, "notices": [notice] if notice else []})
        self._document.answer("order", order)
        self._document.end()
        self.exported.size = self._out.size


class _Run:
    """What a report has of one run."""

    def __init__(self, document: Document, index: RunIndex, blobs: dict[tuple[int, bytes], int], n: int | None) -> None:
        self.places: dict[str, dict[str, int]] = {route: {} for route in ("records", *_ROUTES.values())}
        self.counts: dict[str, int | None] = {}  # samples of the records in it by key; None: as many as were logged
        self.unreadable = 0
        self._document = document
        self._index = index
        self._blobs = blobs
        self._samples = n
        self._made: dict[bytes, bytes] = {}  # columns by content hash that were cut

    def add_record(self, kind: int, key: RecordKey, seen: set[bytes]) -> None:
        """A record, and what it names. `seen` are the samples of its step that its series has so far."""
        text = key_text(key)
        try:
            payload = self._index.read(key)
        except (KeyError, DamagedRecord):
            self.unreadable += 1
            self.counts[text] = None
            return
        count = None
        try:
            message: Any = MESSAGES[kind].FromString(payload)
            if self._samples is not None and len(getattr(message, "samples", ())):
                kept = _fewest(message.samples, seen, self._samples)
                if not kept:
                    return
                if len(kept) < len(message.samples):
                    keep_samples(message, kept, self._column, self._make)
                    payload, count = message.SerializeToString(), len(kept)
            self._add_named(message)
        except (DecodeError, ValueError, KeyError, DamagedRecord):
            pass  # the page says what is wrong with it
        self.counts[text] = count
        self.places["records"][text] = self._document.payload(payload)

    def _add_named(self, message: Message) -> None:
        """All that a message names by content hash: a field of 16 bytes, whatever the message is."""
        for field_, value in message.ListFields():
            for one in value if is_repeated(field_) else (value,):
                if isinstance(one, Message):
                    self._add_named(one)
                elif field_.type == field_.TYPE_BYTES and len(one) == _NAME:
                    for kind in _ROUTES:
                        self._add_blob(kind, one)
            if field_.name == "sheets":
                with contextlib.suppress(KeyError, DamagedRecord):
                    sheets = self._column(value.values)
                    for at in range(0, len(sheets), _NAME):
                        self._add_blob(pb.IMAGE, sheets[at : at + _NAME])

    def _add_blob(self, kind: int, name: bytes) -> None:
        place = self.places[_ROUTES[kind]]
        if name.hex() in place:
            return
        if (kind, name) not in self._blobs:
            made = self._made.get(name) if kind == pb.COLUMN else None
            try:
                content = self._index.read_blob(kind, name) if made is None else made
                media_type = image_type(content[:PIECE]) if kind == pb.IMAGE else None
            except (KeyError, DamagedRecord, Refusal):
                return  # as TensorBoard has none
            self._blobs[kind, name] = self._document.payload(content, media_type)
        place[name.hex()] = self._blobs[kind, name]

    def _column(self, name: bytes) -> bytes:
        return self._index.read_blob(pb.COLUMN, name)

    def _make(self, values: bytes) -> bytes:
        name = content_hash(values)
        self._made[name] = values
        return name


def _fewest(samples: Any, seen: set[bytes], most: int) -> list[int]:
    """The places of those samples that belong to the first `most` of a step. Without a picture, each is another one."""
    kept = []
    for i, sample in enumerate(samples):
        name = sample.image or b"#%d" % (len(seen) + i)
        if name in seen or len(seen) < most:
            seen.add(name)
            kept.append(i)
    return kept


def _listing(index: RunIndex, counts: dict[str, int | None]) -> list[dict[str, Any]]:
    """The pages that `steps` would answer one after the other, of the records that are counted alone."""
    pages: list[dict[str, Any]] = []
    cursor, more = None, True
    while more:
        page = index.page(lambda declared: declared.kind in MESSAGES, cursor)
        cursor, more = page.cursor, page.more
        answer = describe_page(page)
        answer["next"] = str(len(pages) + 1)
        answer["series"] = [kept for series in answer["series"] if (kept := _only(series, counts))["keys"]]
        pages.append(answer)
    return pages


def _only(series: dict[str, Any], counts: dict[str, int | None]) -> dict[str, Any]:
    rows = [i for i, key in enumerate(series["keys"]) if key in counts]
    kept = {name: [series[name][i] for i in rows] for name in ("steps", "wall_times", "counts", "keys")}
    for i, key in enumerate(kept["keys"]):
        count = counts[key]
        if count is not None:
            kept["counts"][i] = count
    return {**series, **kept}
