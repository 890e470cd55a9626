"""What superpixels contribute alone and two by two, as a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.samples import Payload, Samples
from tb_explain.records import encode_array
from tb_explain.records import explain_pb2 as pb


@dataclass(frozen=True, eq=False)
class Related:
    """Pairs and groups of superpixels of one sample and target, most important first."""

    pairs: NDArray[np.int64]  # [P, 2]
    correlations: NDArray[np.float32]  # [P]
    joint: NDArray[np.float32]  # [P]
    errors: NDArray[np.float32] | None = None  # [P]
    groups: Sequence[tuple[Sequence[int], float]] = ()
    block_counts: Sequence[tuple[int, float]] = ()

    def message(self) -> pb.Related:
        return pb.Related(
            pairs=encode_array(self.pairs.astype(np.int32).reshape(-1, 2)),
            correlations=encode_array(self.correlations),
            errors=None if self.errors is None else encode_array(self.errors),
            joint=encode_array(self.joint),
            groups=[pb.Group(superpixels=members, correlation=value) for members, value in self.groups],
            block_counts=[pb.BlockCount(superpixels=n, correlation=value) for n, value in self.block_counts],
        )


@dataclass(frozen=True, eq=False)
class Correlations(Payload):
    """Sensitivities and correlations of the superpixels of N samples for T targets; the label maps are in `samples.segments`."""

    samples: Samples
    score: str
    scores: NDArray[np.float32]  # [N, T]
    sensitivities: NDArray[np.float32]  # [N, T, K]
    errors: NDArray[np.float32] | None
    related: Sequence[Related]  # N * T

    kind = pb.CORRELATIONS

    @property
    def nbytes(self) -> int:
        return self.sensitivities.nbytes * 2 + sum(20 * len(one.pairs) for one in self.related)

    def message(self) -> pb.Correlations:
        return pb.Correlations(
            score=self.score,
            scores=self.scores.ravel().tolist(),
            sensitivities=encode_array(self.sensitivities),
            errors=None if self.errors is None else encode_array(self.errors),
            related=[one.message() for one in self.related],
        )
