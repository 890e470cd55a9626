"""Weights of superpixels as a record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.samples import Payload, Samples
from tb_explain.records import encode_array
from tb_explain.records import explain_pb2 as pb


@dataclass(frozen=True, eq=False)
class Superpixels(Payload):
    """Weights of the superpixels of N samples for T targets each; the label maps are in `samples.segments`."""

    samples: Samples
    weights: NDArray[np.float32]  # [N, T, K]
    errors: NDArray[np.float32] | None = None  # [N, T, K]
    intercepts: NDArray[np.float32] | None = None  # [N, T]
    r2: NDArray[np.float32] | None = None  # [N, T]
    forwards: int = 0

    kind = pb.SUPERPIXELS

    @property
    def nbytes(self) -> int:
        return self.weights.nbytes * 2

    def message(self) -> pb.Superpixels:
        return pb.Superpixels(
            weights=encode_array(self.weights),
            errors=None if self.errors is None else encode_array(self.errors),
            intercepts=[] if self.intercepts is None else self.intercepts.ravel().tolist(),
            r2=[] if self.r2 is None else self.r2.ravel().tolist(),
            forwards=self.forwards,
        )
