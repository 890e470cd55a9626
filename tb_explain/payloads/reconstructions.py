"""What a feedback network reconstructs, as a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.samples import Payload, Samples, picture_blobs
from tb_explain.pictures import Pictures
from tb_explain.records import Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """N samples reconstructed from the codes of one layer."""

    layer: str  # empty: from the class probabilities
    pictures: Pictures  # N
    errors: NDArray[np.float32] | None = None  # [N] summed squared differences
    through_centroids: bool = False

    def message(self) -> pb.Reconstruction:
        return pb.Reconstruction(
            layer=self.layer,
            through_centroids=self.through_centroids,
            pictures=[pb.Picture() for _ in range(len(self.pictures))],
            errors=[] if self.errors is None else self.errors.tolist(),
        )


@dataclass(frozen=True, eq=False)
class ResponseField:
    """What one position stands for: crops of its receptive field."""

    sample: int
    layer: str
    position: Sequence[int]
    box: Sequence[tuple[int, int]]  # in the input: (start, stop) along each axis
    field: Sequence[tuple[int, int]]  # in positions of the layer
    positions: Sequence[int]  # of the layer, along each axis
    crops: Sequence[Pictures]  # one each: input, alone, field, whole

    def message(self) -> pb.ResponseField:
        return pb.ResponseField(
            sample=self.sample,
            layer=self.layer,
            position=self.position,
            starts=[start for start, _ in self.box],
            stops=[stop for _, stop in self.box],
            field_starts=[start for start, _ in self.field],
            field_stops=[stop for _, stop in self.field],
            positions=self.positions,
        )


@dataclass(frozen=True, eq=False)
class Reconstructions(Payload):
    """N samples, reconstructed from the codes of several layers, and the training samples that stand for their classes."""

    samples: Samples
    reconstructions: Sequence[Reconstruction]
    representatives: Pictures | None = None
    prototypes: Pictures | None = None
    fields: Sequence[ResponseField] = ()

    kind = pb.RECONSTRUCTIONS

    @property
    def nbytes(self) -> int:
        pictures = [one.pictures for one in self.reconstructions]
        pictures += [one for one in (self.representatives, self.prototypes) if one is not None]
        return sum(one.nbytes for one in [*pictures, *(crop for one in self.fields for crop in one.crops)])

    def message(self) -> pb.Reconstructions:
        def empty(pictures: Pictures | None) -> list[pb.Picture]:
            return [pb.Picture() for _ in range(0 if pictures is None else len(pictures))]

        return pb.Reconstructions(
            reconstructions=[one.message() for one in self.reconstructions],
            representatives=empty(self.representatives),
            prototypes=empty(self.prototypes),
            fields=[one.message() for one in self.fields],
        )

    def blobs(self, segment: SegmentWriter, message: Any) -> list[Record]:
        found: list[Record] = []
        for one, stored in zip(self.reconstructions, message.reconstructions, strict=True):
            found += picture_blobs(segment, stored.pictures, one.pictures)
        for pictures, those in (
            (self.representatives, message.representatives),
            (self.prototypes, message.prototypes),
        ):
            if pictures is not None:
                found += picture_blobs(segment, those, pictures)
        for field, message_field in zip(self.fields, message.fields, strict=True):
            stored = [message_field.input, message_field.alone, message_field.field, message_field.whole]
            for crop, picture in zip(field.crops, stored, strict=True):
                found += picture_blobs(segment, [picture], crop)
        return found
