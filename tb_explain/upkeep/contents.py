"""What is wrong with a payload that is, byte for byte, what was written: read as what it should be, in full."""

from __future__ import annotations

import io
import math
import warnings
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError, Message
from PIL import Image

from tb_explain.records import decode_array, image_media_type, is_repeated
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.arrays import DTYPES

_MOST_VALUES = 1 << 27  # pixels, voxels: what is said to have more is not inflated

# What a field of 16 bytes refers to, by its name.
_KIND_OF_FIELD = {
    "image": pb.IMAGE,
    "volume": pb.VOLUME,
    "segments": pb.LABELS,
    "classes": pb.CLASSES,
    "categories": pb.CLASSES,
    "values": pb.COLUMN,
}
_NAMES_IN_WORDS: dict[int, str] = {
    pb.IMAGE: "a picture",
    pb.VOLUME: "a volume",
    pb.LABELS: "a label map",
    pb.CLASSES: "class names",
    pb.COLUMN: "a column",
}

# Arrays of which the first extents are the samples, or samples and targets.
_BY_SAMPLE = {"assignments": 1, "support": 1, "evidence": 1, "predicted": 1}
_BY_TARGET = {"maps": 2, "weights": 2, "sensitivities": 2, "scores": 2, "pairs": 2, "alone": 2}

Blob = Callable[[int, bytes], "int | None"]
"""The length of a blob of the run by kind and name; None: there is none, -1: it is damaged."""


def wrong_with_blob(kind: int, payload: bytes) -> str:
    """What is wrong with a picture, class names, a label map, a volume; nothing: an empty string."""
    try:
        if kind == pb.IMAGE:
            _look_at_image(payload)
        elif kind == pb.CLASSES:
            pb.ClassNames.FromString(payload)
        elif kind == pb.LABELS:
            labels = pb.LabelMap.FromString(payload)
            values = np.frombuffer(_inflated(labels.deflated, 2, labels.height, labels.width), "<u2")
            if len(values) and values.max() >= labels.count:
                return f"it has label {values.max()} although it says that there are {labels.count}"
        elif kind == pb.VOLUME:
            volume = pb.Volume.FromString(payload)
            _inflated(volume.deflated, 1, volume.depth, volume.height, volume.width)
    except DecodeError:
        return "it is no message of its kind"
    except (OSError, ValueError, SyntaxError, zlib.error, Image.DecompressionBombError, Warning) as error:
        return f"it cannot be decoded: {error}"
    return ""


def _look_at_image(payload: bytes) -> None:
    if image_media_type(payload) is None:
        raise ValueError("it is no PNG, JPEG or WebP file")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = Image.open(io.BytesIO(payload))
        if math.prod(image.size) <= _MOST_VALUES:
            image.load()


def _inflated(deflated: bytes, size: int, *extents: int) -> bytes:
    n = math.prod(extents)
    if n > _MOST_VALUES:
        raise ValueError(f"it has {n} values, more than are looked at")
    inflate = zlib.decompressobj()
    values = inflate.decompress(deflated, n * size + 1)
    if len(values) != n * size:
        raise ValueError(f"it should have {n * size} bytes when inflated")
    return values


def wrong_with_record(kind: int, payload: bytes, blob: Blob, sheets: Callable[[bytes], bytes]) -> Iterator[str]:
    """What is wrong with the payload of a record, a sentence each. `sheets` reads a column by its name."""
    message: Any = getattr(pb, pb.Kind.Name(kind).title().replace("_", ""))()
    try:
        message.ParseFromString(payload)
    except DecodeError:
        yield "it is no message of its kind"
        return
    n = n_targets = 0
    if "targets" in message.DESCRIPTOR.fields_by_name:
        n, n_targets = len(message.samples), len(message.targets)
        if n and n_targets % n:
            yield f"it has {n_targets} targets for {n} samples"
        for name in ("probabilities", "flags"):
            if len(getattr(message, name)) not in (0, n_targets):
                yield f"it has {len(getattr(message, name))} {name} for {n_targets} maps"
    yield from _wrong_inside(message, "", (n, n_targets // n if n else 0), blob, sheets)


def _wrong_inside(
    message: Message, path: str, samples: tuple[int, int], blob: Blob, sheets: Callable[[bytes], bytes]
) -> Iterator[str]:
    for field, content in message.ListFields():
        many = content if is_repeated(field) else [content]
        for i, value in enumerate(many):
            name = f"{path}{field.name}" + (f"[{i}]" if is_repeated(field) else "")
            if isinstance(value, pb.Array):
                yield from _wrong_with_array(value, name, field.name, samples)
            elif isinstance(value, pb.Column):
                yield from _wrong_with_column(value, name, blob)
                if field.name == "sheets" and blob(pb.COLUMN, value.values) not in (None, -1):
                    listed = sheets(value.values)
                    for at in range(0, len(listed), 16):
                        yield from _wrong_with_reference(pb.IMAGE, listed[at : at + 16], f"{name}[{at // 16}]", blob)
            elif isinstance(value, Message):
                yield from _wrong_inside(value, f"{name}.", samples, blob, sheets)
            elif field.type == field.TYPE_BYTES and field.name in _KIND_OF_FIELD:
                yield from _wrong_with_reference(_KIND_OF_FIELD[field.name], value, name, blob)


def _wrong_with_array(array: pb.Array, name: str, field: str, samples: tuple[int, int]) -> Iterator[str]:
    try:
        decode_array(array)
    except ValueError as error:
        yield f"{name} is inconsistent: {error}"
        return
    leading = samples[: _BY_TARGET.get(field, _BY_SAMPLE.get(field, 0))]
    if samples[0] and "related" not in name and tuple(array.shape[: len(leading)]) != leading:
        yield f"{name} has the shape {list(array.shape)}, for {samples[0]} samples and {samples[1]} targets each"


def _wrong_with_column(column: Any, name: str, blob: Blob) -> Iterator[str]:
    if not column.values:
        return
    known = column.dtype in DTYPES
    expected = math.prod(column.shape) * DTYPES[column.dtype].itemsize if known else 0
    length = blob(pb.COLUMN, column.values)
    yield from _wrong_with_reference(pb.COLUMN, column.values, name, blob)
    if length is not None and length >= 0 and length != expected:
        kind = pb.DType.Name(column.dtype) if known else f"unknown dtype {column.dtype}"
        yield f"{name} is inconsistent: {kind} of the shape {list(column.shape)} has no {length} bytes"


def _wrong_with_reference(kind: int, name: bytes, where: str, blob: Blob) -> Iterator[str]:
    if name and (length := blob(kind, name)) in (None, -1):
        missing = "is not in this run" if length is None else "is damaged"
        yield f"{where} names {_NAMES_IN_WORDS[kind]}, {name.hex()}, that {missing}"
