"""Logdirs of very many records and gigabytes that cost seconds and megabytes: real index files beside data files that are holes."""

from __future__ import annotations

import os
from pathlib import Path

from tb_explain.records import SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import crc32c, frame


def write_holes(
    run: Path, tags: int, steps: int, size: int, first: int = 0, pictures: int = 0, created: float = 1.7e9
) -> None:
    """A segment of records and stored pictures of `size` zeros each, of which none is on the disk."""
    segment = SegmentWriter(run, created)
    series = [pb.Series(kind=pb.HEATMAPS, tag=f"val/gradcam/layer{tag}", layer=f"layer{tag}") for tag in range(tags)]
    segment.append([record for declared in series for record in segment.series(declared)])
    entries = [pb.Entry(kind=pb.IMAGE, content_hash=os.urandom(16), wall_time=created) for _ in range(pictures)]
    entries += [
        pb.Entry(kind=pb.HEATMAPS, series=declared.id, step=step, wall_time=created + 1.25 * step, count=32)
        for step in range(first, first + steps)
        for declared in series
    ]
    crc = crc32c(bytes(size))
    for i, entry in enumerate(entries):
        entry.offset, entry.length, entry.crc = i * size, size, crc
    with open(f"{segment.path}.index", "ab") as index:
        index.write(b"".join(frame(entry.SerializeToString()) for entry in entries))
    os.truncate(f"{segment.path}.data", len(entries) * size)
    segment.close()
