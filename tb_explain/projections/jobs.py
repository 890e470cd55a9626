"""What is to be reduced, and the file in which it goes from the training process to the worker."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tb_explain.projections.columns import CategoryColumn, NumberColumn, Thumbnails
from tb_explain.projections.reducers import PCA, TSNE, UMAP, Reducer
from tb_explain.projections.rows import Rows
from tb_explain.records import explain_pb2 as pb

_Json: TypeAlias = Any


@dataclasses.dataclass(frozen=True)
class Job:
    """Rows to be reduced and logged as a series at a step.

    Args:
        series: what `SegmentWriter.series` is to declare: kind PROJECTION, tag, method, layer, parameters, description.
        features: [N, d] numbers, finite, those of `rows`; None only with `positions`.
        positions: [N, 2] or [N, 3] places that are known already; then nothing is reduced.
    """

    series: pb.Series
    step: int
    wall_time: float
    rows: Rows
    reducer: Reducer | None = None
    features: NDArray[Any] | None = None
    positions: NDArray[Any] | None = None


# All that a job may consist of besides numbers, texts, lists, dictionaries, bytes and arrays.
_CLASSES = {cls.__name__: cls for cls in (Job, UMAP, PCA, TSNE, Rows, CategoryColumn, NumberColumn, Thumbnails)}


def write(job: Job, path: Path) -> int:
    """Write a job, arrays uncopied, and give it its name when it is complete; returns its size. Raises OSError."""
    blobs: list[memoryview] = []
    header = json.dumps(_described(job, blobs)).encode()
    unfinished = path.with_suffix(".part")
    try:
        with unfinished.open("wb", buffering=0) as file:
            for blob in (memoryview(len(header).to_bytes(8, "little") + header), *blobs):
                _write_all(file, blob)
        os.replace(unfinished, path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    return 8 + len(header) + sum(blob.nbytes for blob in blobs)


def read(path: Path) -> Job:
    """A job as it was written."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        job = _restored(header, file)
    assert isinstance(job, Job)
    return job


def size(job: Job) -> int:
    """Roughly how many bytes a job takes up."""
    blobs: list[memoryview] = []
    _described(job, blobs)
    return sum(blob.nbytes for blob in blobs)


def _described(value: Any, blobs: list[memoryview]) -> _Json:
    """A value as JSON; what is large goes to `blobs`, in the order in which `_restored` comes to it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.ndarray():
            plain = np.ascontiguousarray(value)
            blobs.append(_bytes(plain))
            return {"array": plain.dtype.str, "shape": value.shape}
        case np.generic():
            return value.item()
        case bytes():
            blobs.append(memoryview(value))
            return {"bytes": len(value)}
        case pb.Series():
            return {"series": _described(value.SerializeToString(), blobs)}
        case list() | tuple():
            return [_described(item, blobs) for item in value]
        case dict():
            return {"dict": [[key, _described(item, blobs)] for key, item in value.items()]}
    name = type(value).__name__
    if _CLASSES.get(name) is not type(value):
        raise TypeError(f"a {name} cannot be handed to the process that reduces")
    fields = {field.name: _described(getattr(value, field.name), blobs) for field in dataclasses.fields(value)}
    return {"class": name, "fields": fields}


def _restored(described: _Json, file: BinaryIO) -> Any:
    match described:
        case {"array": dtype, "shape": shape}:
            # Not np.fromfile: it moves a position in the file that buffered reading does not know about.
            array = np.empty(shape, dtype)
            if file.readinto(_bytes(array)) != array.nbytes:  # type: ignore[attr-defined]
                raise ValueError("a job's file ends early")
            return array
        case {"bytes": length}:
            return file.read(length)
        case {"series": data}:
            return pb.Series.FromString(_restored(data, file))
        case {"dict": items}:
            return {key: _restored(item, file) for key, item in items}
        case {"class": name, "fields": fields}:
            return _CLASSES[name](**{key: _restored(item, file) for key, item in fields.items()})
        case list():
            return [_restored(item, file) for item in described]
    return described


def _bytes(array: NDArray[Any]) -> memoryview:
    flat: Any = array.reshape(-1).view(np.uint8)
    return memoryview(flat)


def _write_all(file: Any, blob: memoryview) -> None:
    """One write takes at most 2 GiB."""
    while blob.nbytes:
        blob = blob[file.write(blob) :]
