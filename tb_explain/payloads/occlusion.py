"""Scores under occlusion, by one window and by two, as records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.samples import Payload, Samples, half
from tb_explain.records import encode_array
from tb_explain.records import explain_pb2 as pb


@dataclass(frozen=True, eq=False)
class Slider:
    """Windows of one size at all positions of a grid."""

    height: int
    width: int
    rows: NDArray[np.int64]  # [ny]
    columns: NDArray[np.int64]  # [nx]
    scores: NDArray[np.float32]  # [N, T, ny, nx]
    predicted: NDArray[np.int64] | None  # [N, ny, nx]

    def message(self) -> pb.Slider:
        known = self.predicted is not None and (self.predicted >= 0).all()
        return pb.Slider(
            height=self.height,
            width=self.width,
            rows=encode_array(self.rows.astype(np.int32)),
            columns=encode_array(self.columns.astype(np.int32)),
            scores=half(self.scores),
            predicted=encode_array(self.predicted.astype(np.int32)) if known and self.predicted is not None else None,
        )


@dataclass(frozen=True, eq=False)
class Occlusion(Payload):
    """What the scores of N samples' targets become when a window is hidden, for windows of one or several sizes."""

    samples: Samples
    score: str
    scores: NDArray[np.float32]  # [N, T]
    sliders: Sequence[Slider]

    kind = pb.OCCLUSION

    @property
    def nbytes(self) -> int:
        return sum(slider.scores.nbytes + 8 * slider.scores[:, 0].size for slider in self.sliders)

    def message(self) -> pb.Occlusion:
        return pb.Occlusion(
            score=self.score,
            scores=self.scores.ravel().tolist(),
            sliders=[slider.message() for slider in self.sliders],
        )


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of one size at M positions."""

    height: int
    width: int
    corners: NDArray[np.int64]  # [M, 2]
    alone: NDArray[np.float32]  # [N, T, M]

    def message(self) -> pb.Windows:
        return pb.Windows(
            height=self.height,
            width=self.width,
            corners=encode_array(self.corners.astype(np.int32)),
            alone=half(self.alone),
        )


@dataclass(frozen=True, eq=False)
class OcclusionPairs(Payload):
    """What the scores become when two windows are hidden at once."""

    samples: Samples
    score: str
    scores: NDArray[np.float32]  # [N, T]
    held: Windows
    moved: Windows
    pairs: NDArray[np.float32]  # [N, T, held, moved]

    kind = pb.OCCLUSION_PAIRS

    @property
    def nbytes(self) -> int:
        return self.pairs.nbytes

    def message(self) -> pb.OcclusionPairs:
        return pb.OcclusionPairs(
            score=self.score,
            scores=self.scores.ravel().tolist(),
            held=self.held.message(),
            moved=self.moved.message(),
            pairs=half(self.pairs),
        )


def positions(name: str, starts: Any, extent: int) -> NDArray[np.int64]:
    """Where windows start, ascending. Raises ValueError for anything else."""
    given = np.asarray(starts)
    if given.shape != (extent,) or given.dtype.kind not in "iu" or (np.diff(given) <= 0).any() or given[0] < 0:
        raise ValueError(f"{name} must be {extent} ascending pixel positions from 0, got {given.tolist()}")
    return given.astype(np.int64)
