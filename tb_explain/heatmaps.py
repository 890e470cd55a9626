"""Attribution maps on their way into a record: checked, snapshot, encoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.probe import Pictures, Probe, as_array
from tb_explain.records import MAX_PAYLOAD, Record, SegmentWriter, encode_array, quantise
from tb_explain.records import explain_pb2 as pb

if TYPE_CHECKING:
    from tb_explain.methods import Explained


@dataclass(frozen=True, eq=False)
class Heatmaps:
    """Maps of N samples for T targets each, with what is known about the samples. Nobody else changes these arrays."""

    maps: NDArray[np.float32]  # [N, T, h, w], finite
    pictures: Pictures | None
    labels: NDArray[np.int64] | None  # [N]
    predicted: NDArray[np.int64] | None  # [N]
    predicted_probabilities: NDArray[np.float32] | None  # [N]
    targets: NDArray[np.int64]  # [N, T]
    probabilities: NDArray[np.float32] | None  # [N, T]
    flags: NDArray[np.int64]  # [N, T]
    class_names: Sequence[str] | None
    sample_names: Sequence[str] | None
    signed: bool
    class_dependent: bool
    exact: bool = False
    input_size: tuple[int, ...] | None = None

    @property
    def nbytes(self) -> int:
        """What it holds in memory while it waits to be written."""
        if self.pictures is None or self.pictures.shared:
            return self.maps.nbytes
        return self.maps.nbytes + self.pictures.nbytes


def of_attribution(attribution: Explained, probe: Probe) -> Heatmaps:
    """The maps of a probe's images, copied from the model's device."""
    maps = as_maps(attribution.maps)
    n, t = maps.shape[:2]
    return Heatmaps(
        maps=maps,
        pictures=probe.pictures,
        labels=probe.labels,
        predicted=attribution.predicted.cpu().numpy(),
        predicted_probabilities=attribution.predicted_probabilities.cpu().numpy(),
        targets=attribution.targets.cpu().numpy().reshape(n, t),
        probabilities=attribution.probabilities.cpu().numpy().reshape(n, t),
        flags=attribution.flags.cpu().numpy().astype(np.int64).reshape(n, t),
        class_names=probe.class_names,
        sample_names=probe.sample_names,
        signed=attribution.signed,
        class_dependent=attribution.method.class_dependent,
        input_size=attribution.input_size,
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


def as_targets(targets: Any, n: int, t: int) -> NDArray[np.int64]:
    """Target classes as [N, T]; -1 where none are given. Raises ValueError for another shape or no integers."""
    given = as_array(-1 if targets is None else targets)
    if given.dtype.kind not in "iu" or given.shape not in ((), (n,), (n, t)) or (t > 1 and given.shape == (n,)):
        raise ValueError(
            f"targets must be integers [{n}, {t}]{'' if t > 1 else f', [{n}]'} or one for all, got {given.dtype} {list(given.shape)}"
        )
    return np.broadcast_to(given.reshape(-1, t) if given.ndim else given, (n, t)).astype(np.int64)


def as_numbers(name: str, values: Any, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """Floats of one shape, or None. [N] serves as [N, 1]. Raises ValueError for another shape."""
    if values is None:
        return None
    given = as_array(values)
    if given.dtype.kind not in "fiu" or given.size != np.prod(shape) or given.shape[:1] != shape[:1]:
        raise ValueError(f"{name} must be numbers {list(shape)}, got {given.dtype} {list(given.shape)}")
    return given.astype(np.float32).reshape(shape)


def finite(maps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Maps [N, T, h, w] with 0 for what is not finite, and the flags [N, T] that say why a map cannot be trusted."""
    sound = np.isfinite(maps).all(axis=(2, 3))
    values = maps if sound.all() else np.nan_to_num(maps, nan=0.0, posinf=0.0, neginf=0.0)
    flags = np.zeros(maps.shape[:2], np.int64)
    flags[~sound] |= pb.NOT_FINITE
    flags[~values.any(axis=(2, 3))] |= pb.ALL_ZERO
    return values, flags


def check(logged: Heatmaps) -> None:
    """Raises ValueError when the parts speak of different numbers of samples, or fill more than a record may hold."""
    n, t = logged.maps.shape[:2]
    names = sum(4 * len(name) for name in logged.sample_names or [])
    size = logged.maps.size * (2 if logged.exact else 1) + 140 * n * t + names  # no less than the payload
    if size > MAX_PAYLOAD:
        raise ValueError(
            f"a record holds at most 1 GiB, these maps need {size / 2**30:.1f} GiB; log fewer samples at once"
        )
    for what, have in (("images", logged.pictures), ("sample_names", logged.sample_names)):
        if have is not None and len(have) != n:
            raise ValueError(f"got {len(have)} {what} for {n} maps; give one a map")


def records(
    segment: SegmentWriter, logged: Heatmaps, declaration: pb.Series, step: int, wall_time: float
) -> list[Record]:
    """What to append: images and class names that the segment does not have yet, the series if new, and the record."""
    encoded = logged.pictures.encoded if logged.pictures is not None else None
    payload = _message(logged)
    names = pb.ClassNames(names=logged.class_names).SerializeToString() if logged.class_names else None

    found: list[Record] = []
    for sample, image in zip(payload.samples, encoded or [], strict=False):
        sample.image, new = segment.blob(pb.IMAGE, image)
        found += new
    if names is not None:
        payload.classes, new = segment.blob(pb.CLASSES, names)
        found += new
    found += segment.series(declaration)
    entry = pb.Entry(
        kind=pb.HEATMAPS, series=declaration.id, step=step, wall_time=wall_time, count=len(payload.samples)
    )
    return [*found, Record(entry, payload.SerializeToString())]


def _message(logged: Heatmaps) -> pb.Heatmaps:
    samples = [pb.Sample() for _ in logged.maps]
    for field, column in (
        ("label", logged.labels),
        ("predicted", logged.predicted),
        ("probability", logged.predicted_probabilities),
    ):
        for sample, value in zip(samples, [] if column is None else column.tolist(), strict=False):
            if value >= 0:  # a model whose output has no classes predicts none
                setattr(sample, field, value)
    for sample, name in zip(samples, logged.sample_names or [], strict=False):
        sample.name = name
    size = logged.pictures.size if logged.pictures is not None else logged.input_size or (0, 0)
    return pb.Heatmaps(
        samples=samples,
        maps=_float16(logged.maps) if logged.exact else quantise(logged.maps, 2, signed=logged.signed),
        targets=logged.targets.ravel().tolist(),
        probabilities=[] if logged.probabilities is None else logged.probabilities.ravel().tolist(),
        flags=logged.flags.ravel().tolist() if logged.flags.any() else [],
        signed=logged.signed,
        class_dependent=logged.class_dependent,
        height=size[0],
        width=size[1],
    )


def _float16(maps: NDArray[np.float32]) -> pb.Array:
    """Half precision keeps 11 bits of each value; a scale a map keeps large or tiny maps inside its range."""
    peak = np.abs(maps).max((2, 3), keepdims=True)
    peak[peak == 0] = 1
    stored = encode_array((maps / peak).astype(np.float16))
    stored.scale.extend(peak.ravel().tolist())
    return stored
