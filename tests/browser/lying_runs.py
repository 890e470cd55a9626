"""A run whose records lie: about sizes, numbers and places, with bombs for pictures, beside two that are honest."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from tb_explain.records import Record, SegmentWriter, encode_array, encode_image, quantise
from tb_explain.records import explain_pb2 as pb

MOST = 2**32 - 1
STEPS = (-(2**63), -5, 0, 7, 2**63 - 1)


def write_run(directory: Path) -> None:
    """Everything at once: one record of each kind of lie, at the ends of what steps can be."""
    segment = SegmentWriter(directory)
    random = np.random.default_rng(0)
    records: list[Record] = []

    def blob(kind: pb.Kind, payload: bytes) -> bytes:
        name, written = segment.blob(kind, payload)
        records.extend(written)
        return name

    def log(kind: pb.Kind, tag: str, payload: bytes, step: int = 7, count: int = 2) -> None:
        declared = pb.Series(kind=kind, tag=tag, method=tag.split("/")[0], parameters="[" * 30_000, layer="layer")
        records.extend(segment.series(declared))
        entry = pb.Entry(kind=kind, series=declared.id, step=step, wall_time=1e300, count=count)
        records.append(Record(entry, payload))

    def message(name: str, **fields: object) -> bytes:
        return getattr(pb, name)(**fields).SerializeToString()

    pictures = [blob(pb.IMAGE, encode_image(random.integers(0, 256, (32, 48, 3), np.uint8))) for _ in range(2)]
    bombs = [blob(pb.IMAGE, _png(*size)) for size in ((60_000, 60_000), (1, 2**25), (2**25 - 1, 1))]
    zeros = zlib.compress(bytes(1 << 26), 9)
    labels = [
        blob(pb.LABELS, message("LabelMap", height=h, width=w, count=c, deflated=zeros))
        for h, w, c in ((4, 4, 2), (MOST, MOST, 2), (4096, 4096, 0))
    ]
    volume = blob(pb.VOLUME, message("Volume", depth=4, height=4, width=4, deflated=zeros))
    classes = blob(pb.CLASSES, b"\x0a\x00" * 2_000_000)
    sound = {
        "samples": [pb.Sample(image=picture, name=f"picture {i}", label=i) for i, picture in enumerate(pictures)],
        "targets": [0, 1], "height": 32, "width": 48,
    }  # fmt: skip
    maps = quantise(random.random((2, 1, 8, 12), np.float32), signed=False)
    for step in STEPS:
        log(pb.HEATMAPS, "honest/maps", message("Heatmaps", **sound, maps=maps), step)

    lies: dict[str, dict] = {
        "size": {"height": MOST, "width": MOST},
        "thin": {"height": 1, "width": 65_536},
        "names": {"classes": classes},
        "bombs": {"samples": [pb.Sample(image=name, name="b" * 1_000_000) for name in bombs[:2]]},
        "thin bomb": {"samples": [pb.Sample(image=bombs[2]), pb.Sample(image=pictures[0], volume=volume)]},
        "numbers": {"targets": [2**31 - 1, -(2**31)], "probabilities": [float("inf"), -1e38], "flags": [MOST, 1 << 31]},
        "figures": {"figures": [pb.Figure(name=f"figure {i}", values=[float("inf"), 1e38]) for i in range(500)]},
    }
    for name, lie in lies.items():
        log(pb.HEATMAPS, f"{name}/maps", message("Heatmaps", **(sound | {"maps": maps} | lie)))
    for name, array in {
        "shape": pb.Array(dtype=pb.UINT8, shape=[2, 1, MOST, MOST], data=b"x"),
        "dtype": pb.Array(dtype=99, shape=[2, 1, 1, 1], data=b"xx"),
        "infinite": pb.Array(
            dtype=pb.UINT8, shape=[2, 1, 1, 1], data=b"xx", scale=[float("inf")], offset=[float("nan")]
        ),
        "needle": encode_array(np.zeros((2, 1, 1, 1 << 22), np.uint8)),
        "pole": encode_array(np.zeros((2, 1, 1 << 22, 1), np.uint8)),
    }.items():
        log(pb.HEATMAPS, f"{name}/maps", message("Heatmaps", **sound, maps=array))
    for kind, tag in (
        (pb.HEATMAPS, "million/maps"),
        (pb.CLUSTERS, "million/clusters"),
        (pb.CHANNELS, "million/channels"),
    ):
        log(kind, tag, b"\x0a\x00" * 1_000_000, count=MOST)
    weights = encode_array(random.random((2, 1, 9)).astype(np.float32))
    for i, name in enumerate(labels):
        named = [pb.Sample(image=picture, segments=name) for picture in pictures]
        log(
            pb.SUPERPIXELS,
            f"labels{i}/weights",
            message("Superpixels", **(sound | {"samples": named}), weights=weights),
        )
    log(pb.CHANNELS, "many/channels", message("Channels", channels=MOST))
    column = pb.Column(values=bytes(16), dtype=pb.UINT16, shape=[MOST, 2], scale=1)
    ids = pb.Column(values=bytes(16), dtype=pb.UINT64, shape=[MOST])
    log(pb.PROJECTION, "many/rows", message("Projection", rows=MOST, positions=column, ids=ids))
    column.shape[0] = ids.shape[0] = 4
    log(pb.PROJECTION, "nowhere/rows", message("Projection", rows=4, positions=column, ids=ids))
    for kind in set(pb.Kind.values()) - {0, 1, 2, 3, 4, pb.END}:
        log(kind, "noise/any", random.bytes(1000))
    segment.append(records)
    segment.append([Record(pb.Entry(kind=200 + i), b"from the future") for i in range(7)])  # type: ignore[arg-type]
    segment.close()


def write_future(directory: Path) -> None:
    """A run of an honest record, and of a segment in a format that nobody knows yet."""
    write_honest(directory)
    segment = SegmentWriter(directory)
    later = pb.Entry(kind=pb.SEGMENT, segment=pb.Segment(format_version=2))
    segment.append([Record(later, b""), *segment.series(pb.Series(kind=pb.HEATMAPS, tag="later"))])
    segment.close()


def write_honest(directory: Path) -> None:
    """A run of one record."""
    segment = SegmentWriter(directory)
    declared = pb.Series(kind=pb.HEATMAPS, tag="honest/maps", method="honest")
    records = segment.series(declared)
    maps = quantise(np.random.default_rng(0).random((1, 1, 8, 12), np.float32), signed=False)
    payload = pb.Heatmaps(samples=[pb.Sample(name="x")], targets=[0], maps=maps, height=32, width=48)
    records.append(Record(pb.Entry(kind=pb.HEATMAPS, series=declared.id, step=7, count=1), payload.SerializeToString()))
    segment.append(records)
    segment.close()


def _png(height: int, width: int) -> bytes:
    """Black, of one bit a pixel, in few bytes whatever its size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    deflate = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(deflate.compress(row) for _ in range(min(height, 200))) + deflate.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
