"""A reader of the record store, written from docs/file-format.md with nothing but the standard library."""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

# --- CRC-32C ---------------------------------------------------------------------------------------------------------


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _table()


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    return (((crc >> 15) | (crc << 17 & 0xFFFFFFFF)) + 0xA282EAD8) % 2**32


# --- Protocol buffers ------------------------------------------------------------------------------------------------

# number: (field, type); "[]" a repeated field, "?" an optional one, a dictionary a message.
SEGMENT = {
    1: ("format_version", "uint32"),
    2: ("library_version", "string"),
    3: ("created", "double"),
    4: ("session", "string"),
    5: ("replaces", "string[]"),
    6: ("rank", "uint32"),
}
SERIES = {
    1: ("id", "uint32"),
    2: ("kind", "enum"),
    3: ("tag", "string"),
    4: ("method", "string"),
    5: ("layer", "string"),
    6: ("parameters", "string"),
    7: ("description", "string"),
}
FAILURE = {1: ("tag", "string"), 2: ("message", "string"), 3: ("detail", "string"), 4: ("dropped", "bool")}
ENTRY: dict[int, tuple[str, Any]] = {
    1: ("kind", "enum"),
    2: ("series", "uint32"),
    3: ("step", "sint64"),
    4: ("wall_time", "double"),
    5: ("offset", "uint64"),
    6: ("length", "uint64"),
    7: ("crc", "fixed32"),
    8: ("count", "uint32"),
    9: ("content_hash", "bytes"),
    10: ("segment", SEGMENT),
    11: ("declaration", SERIES),
    12: ("failure", FAILURE),
}
ARRAY = {
    1: ("dtype", "enum"),
    2: ("shape", "uint32[]"),
    3: ("data", "bytes"),
    4: ("scale", "float[]"),
    5: ("offset", "float[]"),
}
CLASS_NAMES = {1: ("names", "string[]")}
SAMPLE = {
    1: ("image", "bytes"),
    2: ("label", "uint32?"),
    3: ("predicted", "uint32?"),
    4: ("probability", "float?"),
    5: ("name", "string"),
    8: ("id", "fixed64"),
}
HEATMAPS: dict[int, tuple[str, Any]] = {
    1: ("samples", [SAMPLE]),
    2: ("maps", ARRAY),
    3: ("targets", "sint32[]"),
    4: ("probabilities", "float[]"),
    5: ("flags", "uint32[]"),
    6: ("classes", "bytes"),
    7: ("signed", "bool"),
    8: ("class_dependent", "bool"),
    9: ("height", "uint32"),
    10: ("width", "uint32"),
}

PICTURE = {1: ("image", "bytes"), 2: ("volume", "bytes")}
VOLUME = {1: ("depth", "uint32"), 2: ("height", "uint32"), 3: ("width", "uint32"), 4: ("deflated", "bytes")}
PATCH: dict[int, tuple[str, Any]] = {
    1: ("cluster", "uint32"),
    2: ("picture", PICTURE),
    3: ("label", "uint32?"),
    4: ("distance", "float"),
    5: ("sample", "uint32"),
    6: ("position", "uint32[]"),
    7: ("starts", "uint32[]"),
    8: ("stops", "uint32[]"),
}
CLUSTER_PATH: dict[int, tuple[str, Any]] = {
    1: ("assignments", ARRAY),
    2: ("ids", "uint32[]"),
    3: ("histograms", ARRAY),
    4: ("shares", "float[]"),
    5: ("purity", "float[]"),
    6: ("entropy", "float[]"),
    7: ("evidence", ARRAY),
    8: ("support", ARRAY),
    9: ("association", "float"),
    10: ("patches", [PATCH]),
}
CLUSTERS: dict[int, tuple[str, Any]] = {
    1: ("samples", [SAMPLE]),
    3: ("targets", "sint32[]"),
    9: ("height", "uint32"),
    10: ("width", "uint32"),
    12: ("order", "uint32"),
    13: ("forward", CLUSTER_PATH),
    14: ("feedback", CLUSTER_PATH),
    15: ("turning", "sint32[]"),
    16: ("counts", [{1: ("clusters", "uint32"), 2: ("silhouette", "float")}]),
    17: ("novelty", "float[]"),
}
COLUMN: dict[int, tuple[str, Any]] = {
    1: ("values", "bytes"),
    2: ("dtype", "enum"),
    3: ("shape", "uint32[]"),
    4: ("scale", "float"),
    5: ("offset", "float"),
}
NAMED_COLUMN: dict[int, tuple[str, Any]] = {
    1: ("name", "string"),
    2: ("values", COLUMN),
    3: ("categories", "bytes"),
    4: ("low", "float"),
    5: ("high", "float"),
}
THUMBNAILS: dict[int, tuple[str, Any]] = {
    1: ("height", "uint32"),
    2: ("width", "uint32"),
    3: ("down", "uint32"),
    4: ("across", "uint32"),
    5: ("sheets", COLUMN),
}
MEASURE = {1: ("name", "string"), 2: ("value", "float"), 3: ("better", "enum")}
CLASS_PAIR = {
    1: ("first", "uint32"),
    2: ("second", "uint32"),
    3: ("distance", "float"),
    4: ("separability", "float"),
    5: ("neighbours", "float"),
    6: ("confusions", "uint32"),
    7: ("rows", "uint32[]"),
}
CLASS_DISTANCES: dict[int, tuple[str, Any]] = {
    1: ("classes", "uint32[]"),
    2: ("counts", "uint32[]"),
    3: ("spreads", "float[]"),
    4: ("silhouettes", "float[]"),
    5: ("purities", "float[]"),
    6: ("distances", COLUMN),
    7: ("neighbours", COLUMN),
    8: ("confusions", COLUMN),
    9: ("pairs", [CLASS_PAIR]),
    10: ("agreement", "float"),
}
PROJECTION: dict[int, tuple[str, Any]] = {
    1: ("rows", "uint32"),
    2: ("dropped", "uint32"),
    3: ("fitted", "uint32"),
    4: ("positions", COLUMN),
    5: ("ids", COLUMN),
    6: ("labels", COLUMN),
    7: ("predicted", COLUMN),
    8: ("probabilities", COLUMN),
    9: ("classes", "bytes"),
    10: ("columns", [NAMED_COLUMN]),
    11: ("neighbours", COLUMN),
    12: ("distances", COLUMN),
    13: ("thumbnails", THUMBNAILS),
    14: ("measures", [MEASURE]),
    15: ("class_distances", CLASS_DISTANCES),
    16: ("notes", "string[]"),
}

_FIXED = {"double": ("<d", 1), "fixed64": ("<Q", 1), "float": ("<f", 5), "fixed32": ("<I", 5)}
_DEFAULT = {"string": "", "bytes": b"", "bool": False, "double": 0.0, "float": 0.0}


class Malformed(Exception):
    pass


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return value & (2**64 - 1), at


def _number(kind: str, data: bytes, at: int) -> tuple[Any, int]:
    if kind in _FIXED:
        layout = struct.Struct(_FIXED[kind][0])
        if at + layout.size > len(data):
            raise Malformed
        return layout.unpack_from(data, at)[0], at + layout.size
    value, at = _varint(data, at)
    if kind in ("sint32", "sint64"):
        value = (value >> 1) ^ -(value & 1)
    return (bool(value) if kind == "bool" else value), at


def parse(schema: dict[int, tuple[str, Any]], data: bytes) -> dict[str, Any]:
    """One message: every field of the schema, absent ones with their default."""
    message: dict[str, Any] = {}
    for name, kind in schema.values():
        if isinstance(kind, dict):
            message[name] = None
        elif isinstance(kind, list) or kind.endswith("[]"):
            message[name] = []
        else:
            message[name] = None if kind.endswith("?") else _DEFAULT.get(kind, 0)
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        name, kind = schema.get(number, (None, None))
        if wire == 2:
            length, at = _varint(data, at)
            chunk, at = data[at : at + length], at + length
            if at > len(data):
                raise Malformed
            if isinstance(kind, dict):
                message[name] = parse(kind, chunk)
            elif isinstance(kind, list):
                message[name].append(parse(kind[0], chunk))
            elif kind in ("string", "string[]", "bytes"):
                value: Any = chunk if kind == "bytes" else chunk.decode()
                if kind == "string[]":
                    message[name].append(value)
                else:
                    message[name] = value
            elif kind is not None:  # packed numbers
                inside = 0
                while inside < len(chunk):
                    value, inside = _number(kind.removesuffix("[]"), chunk, inside)
                    message[name].append(value)
        elif wire in (0, 1, 5):
            if kind is None:
                at = _varint(data, at)[1] if wire == 0 else at + (8 if wire == 1 else 4)
            else:
                value, at = _number(kind.removesuffix("[]").removesuffix("?"), data, at)
                if kind.endswith("[]"):
                    message[name].append(value)
                else:
                    message[name] = value
        else:
            raise Malformed
    return message


# --- Arrays ----------------------------------------------------------------------------------------------------------

_DTYPES = {1: ("B", 1), 2: ("H", 2), 3: ("i", 4), 4: ("e", 2), 5: ("f", 4), 6: ("I", 4), 7: ("Q", 8)}


def _float32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def values_of(array: dict[str, Any]) -> list[float]:
    """The values in row-major order."""
    letter, size = _DTYPES[array["dtype"]]
    shape, scale, offset = array["shape"], array["scale"], array["offset"]
    n = math.prod(shape)
    blocks = {math.prod(shape[:k]) for k in range(len(shape) + 1)} | {0, 1}
    if len(array["data"]) != n * size or len(scale) not in blocks or len(offset) not in blocks:
        raise Malformed
    if len(scale) > 1 and len(offset) > 1 and len(scale) != len(offset):
        raise Malformed
    stored = struct.unpack(f"<{n}{letter}", array["data"])
    if not scale and not offset:
        return list(stored)
    scale, offset = scale or [1.0], offset or [0.0]
    return [
        _float32(offset[i * len(offset) // n] + _float32(scale[i * len(scale) // n] * value))
        for i, value in enumerate(stored)
    ]


def column_values(run: Run, column: dict[str, Any]) -> list[float]:
    """The values of a column, row by row."""
    payload = run.blobs[16, column["values"]] if column["values"] else b""
    if payload is None:
        raise Malformed
    scaled = (
        {"scale": [column["scale"]], "offset": [column["offset"]]} if column["scale"] else {"scale": [], "offset": []}
    )
    return values_of({"dtype": column["dtype"], "shape": column["shape"], "data": payload} | scaled)


# --- Segments --------------------------------------------------------------------------------------------------------


class Record(NamedTuple):
    step: int
    wall_time: float
    count: int
    key: str
    payload: bytes | None  # None: damaged


@dataclass
class Run:
    """What a run's segments hold."""

    records: dict[tuple[str, int], list[Record]] = field(default_factory=dict)  # by tag and kind, those to be shown
    declarations: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    blobs: dict[tuple[int, bytes], bytes | None] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    unknown: int = 0
    damaged: int = 0


class _Segment(NamedTuple):
    """A part of a file: all of it, unless it was merged."""

    file: str
    first: int = 0
    created: float = 0.0
    session: str = ""
    rank: int = 0


class _Found(NamedTuple):
    series: tuple[str, int]
    segment: _Segment
    number: int
    entry: dict[str, Any]


class _Purge(NamedTuple):
    segment: _Segment
    number: int
    step: int
    time: float

    def hides(self, record: _Found) -> bool:
        mine, other = self.segment, record.segment
        if record.entry["step"] < self.step:
            return False
        if (other.file, other.first) == (mine.file, mine.first):
            return record.number < self.number
        together = mine.session == other.session != "" and mine.rank != other.rank
        return other.created < self.time and not together


def read_run(directory: Path) -> Run:
    """Everything in the segments of a run."""
    run = Run()
    found: list[_Found] = []
    purges: list[_Purge] = []
    directory = Path(directory, "plugins", "tb_explain")
    files = sorted(directory.glob("*.index"))
    replaced = {name for file in files for name in _replaced_by(file)}
    for index in files:
        if index.name.split(".")[-2] not in replaced:
            _read_segment(run, index, found, purges)
    for record in sorted(found, key=lambda r: (r.entry["step"], r.segment.created, r.segment.file, r.number)):
        records = run.records.setdefault(record.series, [])
        entry = record.entry
        if not any(purge.hides(record) for purge in purges):
            key = f"{record.segment.file.rpartition('.')[2]}-{record.number}"
            data = directory / f"{record.segment.file}.data"
            records.append(Record(entry["step"], entry["wall_time"], entry["count"], key, _payload(data, entry)))
    return run


def _replaced_by(index: Path) -> list[str]:
    try:
        first = next(_frames(Run(), index.read_bytes()), None)
        entry = parse(ENTRY, first) if first is not None else {"kind": 0}
    except (Malformed, UnicodeDecodeError):
        return []
    return entry["segment"]["replaces"] if entry["kind"] == 1 else []


def _read_segment(run: Run, index: Path, found: list[_Found], purges: list[_Purge]) -> None:
    file, data = index.name.removesuffix(".index"), index.with_suffix(".data")
    segment = _Segment(file)
    series: dict[int, tuple[str, int]] = {}
    for number, framed in enumerate(_frames(run, index.read_bytes())):
        try:
            if framed is None:
                raise Malformed
            entry = parse(ENTRY, framed)
            kind = entry["kind"]
            if kind > 19:
                run.unknown += 1
            elif entry["length"] > 2**30 or kind == 0:
                raise Malformed
            elif kind == 1:
                said = entry["segment"]
                segment = _Segment(file, number, said["created"], said["session"], said["rank"])
                if entry["segment"]["format_version"] > 1:
                    run.unknown += 1
                    return
            elif kind == 2:
                declared = entry["declaration"]
                series[declared["id"]] = name = declared["tag"], declared["kind"]
                run.declarations[name] = declared
            elif kind == 3:
                purges.append(_Purge(segment, number, entry["step"], entry["wall_time"]))
            elif kind == 4:
                run.failures.append(entry)
            elif kind == 19:
                pass
            elif kind in (5, 6, 8, 14, 16):
                run.blobs.setdefault((kind, entry["content_hash"]), _payload(data, entry))
            elif entry["series"] in series and series[entry["series"]][1] == kind:
                found.append(_Found(series[entry["series"]], segment, number, entry))
            else:
                raise Malformed
        except (Malformed, UnicodeDecodeError):
            run.damaged += 1


def _frames(run: Run, index: bytes) -> Any:
    at = 0
    while at + 16 <= len(index):
        length, crc = struct.unpack_from("<QI", index, at)
        if crc != masked(crc32c(index[at : at + 8])) or length > 1 << 20:
            run.damaged += 1
            return
        end = at + 12 + length
        if end + 4 > len(index):
            return
        data = index[at + 12 : end]
        yield data if struct.unpack_from("<I", index, end)[0] == masked(crc32c(data)) else None
        at = end + 4


def _payload(file: Path, entry: dict[str, Any]) -> bytes | None:
    with file.open("rb") as opened:
        opened.seek(entry["offset"])
        payload = opened.read(entry["length"])
    sound = len(payload) == entry["length"] and crc32c(payload) == entry["crc"]
    return payload if sound else None


def content_hash(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()[:16]
