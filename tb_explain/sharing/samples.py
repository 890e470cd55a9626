"""A record cut down to some of its samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from google.protobuf.message import Message
from numpy.typing import NDArray

from tb_explain.records import explain_pb2 as pb
from tb_explain.records import is_repeated

# Fields of all kinds of records that have one part for each sample, or for each of its targets. Samples come first in both.
_OF_SAMPLES = {
    "Heatmaps": ("maps",),
    "Superpixels": ("weights", "errors", "intercepts", "r2"),
    "Occlusion": ("scores",),
    "Slider": ("scores", "predicted"),
    "OcclusionPairs": ("scores", "pairs"),
    "Windows": ("alone",),
    "Correlations": ("scores", "sensitivities", "errors", "related"),
    "Clusters": ("turning", "novelty"),
    "ClusterPath": ("assignments", "evidence", "support"),
    "Reconstructions": ("representatives", "prototypes"),
    "Reconstruction": ("pictures", "errors"),
    "Channels": ("maps", "ranges"),
    "Figure": ("values", "random", "centred"),
}
_SHARED = ("samples", "targets", "probabilities", "flags")
# Messages in which there are more of them.
_INSIDE = ("figures", "sliders", "held", "moved", "forward", "feedback", "reconstructions")

Blobs = Callable[[bytes], bytes]
"""From the content hash of a column to its values, or from new values to their content hash."""


def keep_samples(message: Any, kept: Sequence[int], read: Blobs, store: Blobs) -> None:
    """Cut a record's payload down to the samples at these places, ascending. Columns that are cut are stored anew.

    Raises ValueError when the payload contradicts itself, and what `read` does.
    """
    n = len(message.samples)
    rows = np.asarray(kept, np.int64)
    _cut(message, (*_SHARED, *_OF_SAMPLES.get(message.DESCRIPTOR.name, ())), n, rows, read, store)
    if isinstance(message, pb.Reconstructions):
        places = {old: new for new, old in enumerate(kept)}
        fields = [one for one in message.fields if one.sample in places]
        for one in fields:
            one.sample = places[one.sample]
        _exchange(message.fields, fields)


def _cut(message: Any, names: Sequence[str], n: int, rows: NDArray[np.int64], read: Blobs, store: Blobs) -> None:
    for field, value in message.ListFields():
        if field.name in _INSIDE:
            for inner in value if is_repeated(field) else (value,):
                _cut(inner, _OF_SAMPLES.get(inner.DESCRIPTOR.name, ()), n, rows, read, store)
        elif field.name not in names:
            continue
        elif isinstance(value, pb.Array):
            value.data = _taken(np.frombuffer(value.data, np.uint8), n, rows).tobytes()
            for blocks in (value.scale, value.offset):
                if len(blocks) > 1:
                    blocks[:] = _taken(np.array(blocks, np.float32), n, rows).tolist()
            value.shape[0] = len(rows)
        elif isinstance(value, pb.Column):
            value.values = store(_taken(np.frombuffer(read(value.values), np.uint8), n, rows).tobytes())
            value.shape[0] = len(rows)
        else:
            places = _taken(np.arange(len(value)), n, rows)
            _exchange(value, [value[i] for i in places.tolist()])


def _taken(values: NDArray[Any], n: int, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Of n equal parts those at `rows`."""
    if len(values) % n:
        raise ValueError(f"{len(values)} values are not of {n} samples")
    return values.reshape(n, -1)[rows].reshape(-1)


def _exchange(repeated: Any, values: list[Any]) -> None:
    copies = [
        type(value).FromString(value.SerializeToString()) if isinstance(value, Message) else value for value in values
    ]
    del repeated[:]
    repeated.extend(copies)
