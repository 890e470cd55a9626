"""Attribution maps as a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.samples import Payload, Samples, half
from tb_explain.records import explain_pb2 as pb
from tb_explain.records import quantise


@dataclass(frozen=True, eq=False)
class Heatmaps(Payload):
    """Maps of N samples for T targets each."""

    samples: Samples
    maps: NDArray[np.float32]  # [N, T, h, w], finite
    signed: bool
    class_dependent: bool = True
    exact: bool = False

    kind = pb.HEATMAPS

    @property
    def nbytes(self) -> int:
        return self.maps.nbytes

    @property
    def stored(self) -> int:
        return self.maps.size * (2 if self.exact else 1)

    def message(self) -> pb.Heatmaps:
        return pb.Heatmaps(
            maps=half(self.maps) if self.exact else quantise(self.maps, signed=self.signed),
            signed=self.signed,
            class_dependent=self.class_dependent,
        )


def as_maps(maps: Any) -> NDArray[np.float32]:
    """Maps as float32 [N, T, h, w], copied. Raises ValueError for another shape or no numbers."""
    if hasattr(maps, "detach"):
        maps = maps.detach().float().cpu().numpy()
    given = np.array(maps)
    if given.ndim not in (3, 4) or given.dtype.kind not in "fiub" or not given.size:
        raise ValueError(
            f"maps must be numbers [N, h, w] or [N, T, h, w], none of them 0; got {given.dtype} {list(given.shape)}"
        )
    values = given.astype(np.float32, copy=False)
    return values if values.ndim == 4 else values[:, None]


def finite(maps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Maps [N, T, h, w] with 0 for what is not finite, and the flags [N, T] that say why a map cannot be trusted."""
    sound = np.isfinite(maps).all(axis=(2, 3))
    values = maps if sound.all() else np.nan_to_num(maps, nan=0.0, posinf=0.0, neginf=0.0)
    flags = np.zeros(maps.shape[:2], np.int64)
    flags[~sound] |= pb.NOT_FINITE
    flags[~values.any(axis=(2, 3))] |= pb.ALL_ZERO
    return values, flags
