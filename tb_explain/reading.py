"""Reading a logdir in Python: its runs, tags and steps, and what was logged as numpy arrays. Needs neither torch nor TensorBoard."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray
from PIL import Image

from tb_explain.records import RunIndex, Series, decode_array, decode_column, encode_array
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.listing import RecordKey
from tb_explain.records.remote import is_remote
from tb_explain.records.runs import runs_of

ReadBlob: TypeAlias = Callable[[int, bytes], bytes]

# What the payload of each kind of record is.
MESSAGES: Mapping[int, type[Message]] = {
    pb.HEATMAPS: pb.Heatmaps,
    pb.SUPERPIXELS: pb.Superpixels,
    pb.OCCLUSION: pb.Occlusion,
    pb.OCCLUSION_PAIRS: pb.OcclusionPairs,
    pb.CORRELATIONS: pb.Correlations,
    pb.CLUSTERS: pb.Clusters,
    pb.RECONSTRUCTIONS: pb.Reconstructions,
    pb.PROJECTION: pb.Projection,
    pb.CHANNELS: pb.Channels,
}

# One number for each sample and target, in this order: read as [N, T].
_PER_TARGET = frozenset(
    ("targets", "probabilities", "flags", "scores", "intercepts", "r2", "values", "random", "centred")
)


def open(logdir: str | os.PathLike[str]) -> Logdir:  # noqa: A001 (for `tb_explain.open`)
    """The explanations below a directory, in a zip archive of one, or behind an address such as `s3://bucket/runs`.

    Raises OSError: NotADirectoryError when there is nothing of this name.
    """
    if not is_remote(os.fspath(logdir)) and not os.path.isdir(logdir) and not os.path.isfile(logdir):
        raise NotADirectoryError(f"{os.fspath(logdir)} is no directory; give the one that TensorBoard is started with")
    return Logdir(os.fspath(logdir))


@dataclass(frozen=True)
class Logdir:
    """A directory of runs."""

    path: str

    @cached_property
    def runs(self) -> Mapping[str, Run]:
        """All runs with explanations, by TensorBoard's names of them: the path below the logdir, "." for the logdir itself."""
        files, directories = runs_of(self.path)
        return {name: Run(name, RunIndex(directory, files)) for name, directory in directories.items()}


@dataclass(frozen=True)
class Run:
    """One training."""

    name: str
    _index: RunIndex = field(repr=False)

    @property
    def tags(self) -> Mapping[str, Tag]:
        """Everything logged so far, by tag. Two kinds of records under one tag are told apart: `tag` and `tag (KIND)`."""
        self._index.refresh()
        found: dict[str, Tag] = {}
        for series in self._index.series():
            if series.declaration.kind in MESSAGES:
                tag = Tag(self.name, self._index, series)
                found[f"{tag.name} ({tag.kind})" if tag.name in found else tag.name] = tag
        return found

    @property
    def failures(self) -> list[str]:
        """What could not be explained, newest last: one sentence each."""
        self._index.refresh()
        return [f"{e.failure.tag}, step {e.step}: {e.failure.message}" for e in self._index.failures()]


@dataclass(frozen=True)
class Tag:
    """One series of records of a run."""

    run: str
    _index: RunIndex = field(repr=False)
    _series: Series = field(repr=False)

    name = property(lambda self: self._series.declaration.tag)
    kind = property(lambda self: pb.Kind.Name(self._series.declaration.kind))
    method = property(lambda self: self._series.declaration.method)
    layer = property(lambda self: self._series.declaration.layer)

    @property
    def parameters(self) -> dict[str, Any]:
        """The method's parameters."""
        found = json.loads(self._series.declaration.parameters or "{}")
        return found if isinstance(found, dict) else {}

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps logged, ascending, each once."""
        self._index.refresh()
        return np.unique(self._index.steps(self._series).step)

    def records(self, step: int) -> list[Record]:
        """All records of a step, in the order written: several when several processes logged it, or one did twice."""
        self._index.refresh()
        listed = self._index.steps(self._series)
        places = np.flatnonzero(listed.step == step)
        if not len(places):
            raise KeyError(f"{self.name} has no step {step}; steps are {self.steps.tolist()}")
        return [self._record(listed.keys[i], step, float(listed.wall_time[i])) for i in places]

    def read(self, step: int | None = None) -> Record:
        """The record of a step; of the last one by default.

        Where several were logged at the step, heatmaps are joined: every image once, as it was logged last, without figures. Raises
        KeyError for a step that was not logged, ValueError where there are several records of another kind: take `records` then.
        """
        if step is None:
            steps = self.steps
            if not len(steps):
                raise KeyError(
                    f"{self.name} has no steps: none was logged yet, or a restart with purge_step hides them"
                )
            step = int(steps[-1])
        records = self.records(step)
        return records[0] if len(records) == 1 else _joined(records)

    def __iter__(self) -> Iterator[Record]:
        return (record for step in self.steps.tolist() for record in self.records(step))

    def _record(self, key: RecordKey, step: int, wall_time: float) -> Record:
        message = MESSAGES[self._series.declaration.kind].FromString(self._index.read(key))
        return Record(message, self._index.read_blob, self, step, wall_time)


class Part:
    """A message of the file format, its fields as attributes: arrays and repeated numbers as numpy arrays, the messages inside as
    parts, pictures and label maps as what they name. None: absent.

    docs/file-format.md has the fields of each.
    """

    def __init__(self, message: Message, read_blob: ReadBlob, samples: int = 0) -> None:
        self._message = message
        self._read_blob = read_blob
        self._samples = samples

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._fields():
            raise AttributeError(
                f"a {type(self._message).__name__} has no {name!r}; it has {', '.join(self._fields())}"
            )
        about = self._message.DESCRIPTOR.fields_by_name[name]
        value = getattr(self._message, name)
        if isinstance(value, Message):
            return self._part(value) if self._message.HasField(name) else None
        if name in _BLOBS and isinstance(value, bytes):
            return _BLOBS[name](self._read_blob, value) if value else None
        if isinstance(value, int | float | str | bytes):
            return None if about.has_presence and not self._message.HasField(name) else value
        if not value:
            return [] if about.type in (about.TYPE_MESSAGE, about.TYPE_STRING) else None
        if isinstance(value[0], str):
            return list(value)
        if isinstance(value[0], Message):
            return [self._part(each) for each in value]
        numbers = np.array(value, np.float32 if isinstance(value[0], float) else np.int64)
        return numbers.reshape(self._samples, -1) if name in _PER_TARGET else numbers

    def __dir__(self) -> list[str]:
        return sorted([*super().__dir__(), *self._fields()])

    def __repr__(self) -> str:
        return f"<{type(self._message).__name__}: {', '.join(self._fields())}>"

    def _fields(self) -> list[str]:
        return [about.name for about in self._message.DESCRIPTOR.fields]

    def _part(self, message: Message) -> Any:
        if isinstance(message, pb.Array):
            return decode_array(message)
        if isinstance(message, pb.Column):
            return decode_column(message, self._read_blob(pb.COLUMN, message.values)) if message.values else None
        return Part(message, self._read_blob, self._samples)


class Record(Part):
    """What was logged at one step: see `Part`. Numbers of samples and targets are [N, T]."""

    def __init__(self, message: Any, read_blob: ReadBlob, tag: Tag, step: int, wall_time: float) -> None:
        super().__init__(message, read_blob, len(getattr(message, "samples", ())))
        self.tag = tag
        self.step = step
        self.wall_time = wall_time

    def __repr__(self) -> str:
        return f"<{self.tag.kind} {self.tag.name!r}, step {self.step}: {', '.join(self._fields())}>"


def _joined(records: list[Record]) -> Record:
    """One record of all samples, each image as it was logged last."""
    last = records[-1]
    messages: list[Any] = [record._message for record in records]
    shapes = {record.maps.shape[1:] if isinstance(record._message, pb.Heatmaps) else None for record in records}
    if None in shapes or len(shapes) > 1:
        raise ValueError(f"{last.tag.name} has {len(records)} records of step {last.step}; take records({last.step})")
    newest = {
        sample.image or (i, j): (i, j) for i, message in enumerate(messages) for j, sample in enumerate(message.samples)
    }
    message = pb.Heatmaps()
    message.CopyFrom(messages[-1])
    for name in ("samples", "targets", "probabilities", "flags", "figures"):
        message.ClearField(name)
    message.samples.extend(messages[i].samples[j] for i, j in newest.values())
    maps = [record.maps for record in records]
    message.maps.CopyFrom(encode_array(np.stack([maps[i][j] for i, j in newest.values()])))
    for name in ("targets", "probabilities", "flags"):
        columns = [getattr(record, name) for record in records]
        if all(column is not None for column in columns):
            getattr(message, name).extend(np.concatenate([columns[i][j] for i, j in newest.values()]).tolist())
    return Record(message, last._read_blob, last.tag, last.step, last.wall_time)


def _image(read_blob: ReadBlob, name: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(read_blob(pb.IMAGE, name))))


def _labels(read_blob: ReadBlob, name: bytes) -> NDArray[np.uint16]:
    found = pb.LabelMap.FromString(read_blob(pb.LABELS, name))
    size = found.height * found.width * 2
    return np.frombuffer(_inflated(found.deflated, size), "<u2").reshape(found.height, found.width)


def _volume(read_blob: ReadBlob, name: bytes) -> NDArray[np.uint8]:
    found = pb.Volume.FromString(read_blob(pb.VOLUME, name))
    shape = found.depth, found.height, found.width
    return np.frombuffer(_inflated(found.deflated, shape[0] * shape[1] * shape[2]), np.uint8).reshape(shape)


def _names(read_blob: ReadBlob, name: bytes) -> list[str]:
    return list(pb.ClassNames.FromString(read_blob(pb.CLASSES, name)).names)


_BLOBS: Mapping[str, Callable[[ReadBlob, bytes], Any]] = {
    "image": _image,
    "segments": _labels,
    "volume": _volume,
    "classes": _names,
    "categories": _names,
}


def _inflated(deflated: bytes, size: int) -> bytes:
    """A zlib stream of `size` bytes, and never more. Raises ValueError when it has another number."""
    stream = zlib.decompressobj()
    found = stream.decompress(deflated, size + 1)
    if len(found) != size:
        raise ValueError(f"expected {size} bytes, the stream has {'more' if len(found) > size else len(found)}")
    return found
