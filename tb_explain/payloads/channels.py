"""What the channels of a layer respond to as a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.given import as_numbers
from tb_explain.payloads.samples import Payload, Samples, as_float16
from tb_explain.pictures import Pictures
from tb_explain.projections.blobs import Blobs
from tb_explain.projections.columns import CategoryColumn, NumberColumn, Thumbnails, column_of
from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tb_explain.thumbnails import tiles_of

RAISED, DEAD, NOT_FINITE = range(3)
"""What became of an objective."""


@dataclass(frozen=True, eq=False)
class TopPatches:
    """Of each of C channels the m images that move it most."""

    pictures: Pictures  # C * m
    values: NDArray[np.float32]  # [C, m], NaN: fewer
    images: NDArray[np.uint64]  # [C, m]
    labels: NDArray[np.int64]  # [C, m], -1: not known
    boxes: NDArray[np.int32]  # [C, m, 2 * axes]


@dataclass(frozen=True, eq=False)
class Maximised:
    """Images of M objectives."""

    pictures: Pictures  # M
    objectives: Sequence[str]  # M
    channels: NDArray[np.int64]  # [M], -1: none of the layer
    traces: NDArray[np.float32]  # [M, steps + 1]
    states: NDArray[np.int64]  # [M]
    recipe: str = ""


@dataclass(frozen=True, eq=False)
class Channels(Payload):
    """The C channels of one layer, and what they say of N samples."""

    samples: Samples
    channels: int
    activations: NDArray[np.float32] | None = None  # [N, C, *s]
    statistics: Mapping[str, NumberColumn | CategoryColumn] = field(default_factory=dict)  # [C] each
    class_means: NDArray[np.float32] | None = None  # [C, K]
    tops: TopPatches | None = None
    maximised: Maximised | None = None
    groups: Sequence[pb.ChannelGroup] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    template_slope: float = 0.0
    notes: Sequence[str] = ()

    kind = pb.CHANNELS

    @property
    def nbytes(self) -> int:
        held = 0 if self.activations is None else self.activations.nbytes
        for part in (self.tops, self.maximised):
            held += 0 if part is None else part.pictures.nbytes + 64 * len(part.pictures)
        return held + 8 * self.channels * len(self.statistics)

    @property
    def stored(self) -> int:
        return 100 * len(self.samples.targets)  # the rest lies in columns

    def message(self) -> pb.Channels:
        return pb.Channels(
            channels=self.channels,
            groups=self.groups,
            measures=[pb.Measure(name=name, value=value) for name, value in self.measures.items()],
            template_slope=self.template_slope,
            notes=self.notes,
        )

    def blobs(self, segment: SegmentWriter, message: pb.Channels) -> list[Record]:
        blobs = Blobs()
        if self.activations is not None:
            levels, ranges = _levels(self.activations)
            message.maps.extend(blobs.column(one) for one in levels)
            message.ranges.CopyFrom(blobs.column(ranges))
        message.statistics.extend(blobs.named(name, one) for name, one in self.statistics.items())
        if self.class_means is not None:
            message.class_means.CopyFrom(blobs.column(as_float16(self.class_means)))
        if (tops := self.tops) is not None:
            message.tops.count = tops.values.shape[1]
            message.tops.pictures.CopyFrom(blobs.thumbnails(_tiles(tops.pictures)))
            message.tops.values.CopyFrom(blobs.column(tops.values))
            message.tops.images.CopyFrom(blobs.column(tops.images))
            if (tops.labels >= 0).any():
                message.tops.labels.CopyFrom(blobs.codes(tops.labels))
            message.tops.boxes.CopyFrom(blobs.column(tops.boxes))
        if (made := self.maximised) is not None:
            message.maximised.recipe = made.recipe
            message.maximised.objectives.extend(made.objectives)
            message.maximised.channels.CopyFrom(blobs.column(made.channels.astype(np.int32)))
            message.maximised.pictures.CopyFrom(blobs.thumbnails(_tiles(made.pictures)))
            message.maximised.traces.CopyFrom(blobs.column(made.traces))
            message.maximised.states.CopyFrom(blobs.column(made.states.astype(np.uint8)))
        return blobs.records(segment)


def _levels(activations: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Maps [N, C, *s] in 256 levels each, and what the lowest and the highest stand for, [N, C, 2]. What is not finite is as low as can be."""
    flat = activations.reshape(*activations.shape[:2], -1)
    known = np.isfinite(flat)
    low = flat.min(2, where=known, initial=np.inf)
    high = flat.max(2, where=known, initial=-np.inf)
    nothing = high < low
    low[nothing] = high[nothing] = 0
    span = (high - low)[..., None]
    shares = (np.where(known, flat, low[..., None]) - low[..., None]) / np.where(span > 0, span, 1)
    levels = np.rint(255 * shares).astype(np.uint8).reshape(activations.shape)
    return levels, np.stack([low, high], 2).astype(np.float32)


_LARGEST_TILE = 128


def _tiles(pictures: Pictures) -> Thumbnails:
    return Thumbnails.of(tiles_of(pictures, range(len(pictures)), _LARGEST_TILE))


def as_statistics(given: Mapping[str, Any], channels: int) -> dict[str, NumberColumn | CategoryColumn]:
    """Statistics of C channels as columns. Raises ValueError when they are not one a channel."""
    found = {}
    for name, values in given.items():
        column = column_of(str(name), values)
        if len(column.values) != channels:
            raise ValueError(
                f"statistic {name!r} has {len(column.values)} values for {channels} channels; give one a channel"
            )
        found[str(name)] = column
    return found


def as_class_means(given: Any, channels: int) -> NDArray[np.float32] | None:
    """Mean responses [C, K]."""
    if given is None:
        return None
    found = as_numbers("class_means", given, (channels, np.shape(given)[-1] if np.ndim(given) else 0))
    assert found is not None
    return found
