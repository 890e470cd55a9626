"""The clusters of a layer's positions as a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.given import as_numbers
from tb_explain.payloads.samples import Payload, Samples, as_float16, picture_blobs
from tb_explain.pictures import Pictures, as_array, given_pictures
from tb_explain.records import Record, SegmentWriter, encode_array
from tb_explain.records import explain_pb2 as pb

_WORDS = {"assignments", "histograms", "shares", "ids", "evidence", "support", "patches"}
_WORDS_OF_PATCH = {"cluster", "image", "label", "distance"}


@dataclass(frozen=True, eq=False)
class Patch:
    """A part of an image near the centroid of its cluster."""

    cluster: int
    picture: Pictures | None = None  # one
    label: int = -1
    distance: float = 0.0
    sample: int = 0
    position: Sequence[int] = ()
    box: Sequence[tuple[int, int]] = ()  # (start, stop) along each axis

    def message(self) -> pb.Patch:
        message = pb.Patch(
            cluster=self.cluster,
            distance=self.distance,
            sample=self.sample,
            position=self.position,
            starts=[start for start, _ in self.box],
            stops=[stop for _, stop in self.box],
        )
        if self.label >= 0:
            message.label = self.label
        return message


@dataclass(frozen=True, eq=False)
class ClusterPath:
    """k clusters over K classes, and where they are in N samples."""

    assignments: NDArray[np.int64]  # [N, *s]
    ids: Sequence[int]  # k
    histograms: NDArray[np.float32]  # [k, K], each row sums to 1
    shares: NDArray[np.float32]  # [k]
    evidence: NDArray[np.float32] | None = None  # [N, K]
    support: NDArray[np.float32] | None = None  # [N, *s]
    association: float = 0.0
    patches: Sequence[Patch] = field(default=())

    @property
    def nbytes(self) -> int:
        held = sum(a.nbytes for a in (self.assignments, self.histograms, self.evidence, self.support) if a is not None)
        return held + sum(100 + (0 if patch.picture is None else patch.picture.nbytes) for patch in self.patches)

    def message(self) -> pb.ClusterPath:
        most = self.assignments.max(initial=0)
        p = self.histograms.astype(np.float64)
        return pb.ClusterPath(
            assignments=encode_array(self.assignments.astype(np.uint8 if most < 256 else np.uint16)),
            ids=self.ids,
            histograms=encode_array(self.histograms.astype(np.float16)),
            shares=self.shares.tolist(),
            purity=p.max(1, initial=0).tolist(),
            entropy=(-np.where(p > 0, p * np.log2(np.where(p > 0, p, 1)), 0).sum(1)).tolist(),
            evidence=None if self.evidence is None else encode_array(self.evidence),
            support=None if self.support is None else encode_array(as_float16(self.support)),
            association=self.association,
            patches=[patch.message() for patch in self.patches],
        )

    def blobs(self, segment: SegmentWriter, message: pb.ClusterPath) -> list[Record]:
        """The patches that the segment does not have yet."""
        found: list[Record] = []
        for patch, stored in zip(self.patches, message.patches, strict=True):
            if patch.picture is not None:
                found += picture_blobs(segment, [stored.picture], patch.picture)
        return found


@dataclass(frozen=True, eq=False)
class Clusters(Payload):
    """The positions of one layer in N samples, by cluster."""

    samples: Samples
    order: int
    forward: ClusterPath
    feedback: ClusterPath | None = None
    turning: Sequence[int] = ()  # N
    counts: Sequence[tuple[int, float]] = ()  # (k, silhouette)
    novelty: NDArray[np.float32] | None = None  # [N]

    kind = pb.CLUSTERS

    @property
    def nbytes(self) -> int:
        return self.forward.nbytes + (0 if self.feedback is None else self.feedback.nbytes)

    def message(self) -> pb.Clusters:
        return pb.Clusters(
            order=self.order,
            forward=self.forward.message(),
            feedback=None if self.feedback is None else self.feedback.message(),
            turning=self.turning,
            counts=[pb.ClusterCount(clusters=k, silhouette=value) for k, value in self.counts],
            novelty=[] if self.novelty is None else self.novelty.tolist(),
        )

    def blobs(self, segment: SegmentWriter, message: Any) -> list[Record]:
        found = self.forward.blobs(segment, message.forward)
        return found if self.feedback is None else found + self.feedback.blobs(segment, message.feedback)


def as_clusters(assignments: Any) -> NDArray[np.int64]:
    """Assignments as int64 [N, *s]. Raises ValueError for another shape, or clusters that do not fit 16 bits."""
    given = as_array(assignments)
    if given.ndim not in (3, 4) or given.dtype.kind not in "iu" or not given.size:
        raise ValueError(
            f"assignments must be integers [N, h, w] or [N, d, h, w], got {given.dtype} {list(given.shape)}"
        )
    if given.min() < 0 or given.max() > 65535:
        raise ValueError(f"clusters must be numbered from 0 to 65535, got {given.min()} to {given.max()}")
    return given.astype(np.int64)


def as_order(order: Any) -> int:
    """The place of a layer. Raises ValueError for what is none."""
    if int(order) != order or not 0 <= order < 1 << 31:
        raise ValueError(f"order must be a whole number from 0, the first layer; got {order!r}")
    return int(order)


def as_turning(turning: Any, n: int) -> list[int]:
    """The orders of turning layers, N. Raises ValueError for something else."""
    given = as_array(turning)
    if given.shape != (n,) or given.dtype.kind not in "iu" or given.min() < -1:
        raise ValueError(f"turning must be {n} orders of layers from 0, or -1; got {given.dtype} {list(given.shape)}")
    found: list[int] = given.tolist()
    return found


def as_path(
    given: Mapping[str, Any], samples: Samples, classes: NDArray[np.int64] | None, dataformats: str
) -> ClusterPath:
    """What a caller says about one path; what is not said is counted in the samples, whose classes are [N].

    Raises ValueError when shapes do not agree, TypeError for a word that is none of `add_clusters`, or a missing one.
    """
    _check_words("a cluster path", given, _WORDS, {"assignments"})
    n = samples.shape[0]
    assignments = as_clusters(given["assignments"])
    if len(assignments) != n:
        raise ValueError(f"got assignments of {len(assignments)} samples and {n} samples; give one a sample")
    k = int(assignments.max()) + 1
    stated = given.get("histograms")
    if stated is None:
        counts = _counted(assignments, classes, k, _number_of_classes(given.get("evidence"), samples))
    else:
        counts = as_array(stated).astype(np.float64)
        if counts.ndim != 2 or len(counts) < k or not np.isfinite(counts).all() or (counts < 0).any():
            raise ValueError(
                f"histograms must be numbers from 0, [k, classes] for at least {k} clusters; got {list(counts.shape)}"
            )
    k = len(counts)
    shares = as_numbers("shares", given.get("shares"), (k,))
    if shares is not None and not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"shares must lie in 0..1, got values from {shares.min():.3g} to {shares.max():.3g}")
    if shares is None:
        shares = (np.bincount(assignments.ravel(), minlength=k) / assignments.size).astype(np.float32)
    ids = given.get("ids")
    names = list(range(k)) if ids is None else [int(i) for i in ids]
    if len(names) != k or len(set(names)) != k or not 0 <= min(names) <= max(names) < 1 << 32:
        raise ValueError(f"ids must be {k} different numbers from 0, one a cluster; got {names[:5]}")
    evidence = as_numbers("evidence", given.get("evidence"), (n, counts.shape[1]))
    support = as_numbers("support", given.get("support"), assignments.shape)
    p = counts / np.maximum(counts.sum(1, keepdims=True), 1e-12)
    return ClusterPath(
        assignments,
        names,
        p.astype(np.float32),
        shares,
        None if evidence is None else np.nan_to_num(evidence),
        None if support is None else np.nan_to_num(support),
        association=_association(p, shares),
        patches=[_patch(one, k, dataformats) for one in given.get("patches") or ()],
    )


def _check_words(what: str, given: Mapping[str, Any], known: set[str], needed: set[str]) -> None:
    if unknown := given.keys() - known:
        raise TypeError(f"unexpected {min(unknown)!r} of {what}; there are {', '.join(sorted(known))}")
    if missing := needed - given.keys():
        raise TypeError(f"{what} needs {min(missing)!r}, got {', '.join(sorted(given)) or 'nothing'}")


def _number_of_classes(evidence: Any, samples: Samples) -> int:
    """How many classes there are, as far as the samples know; both paths of a layer have as many."""
    known = [len(samples.class_names or ())]
    known += [int(c.max()) + 1 for c in (samples.labels, samples.predicted) if c is not None]
    if evidence is not None and (given := as_array(evidence)).ndim == 2:
        known.append(given.shape[1])
    return max(known)


def _counted(
    assignments: NDArray[np.int64], classes: NDArray[np.int64] | None, k: int, n_classes: int
) -> NDArray[np.float64]:
    counts = np.zeros((k, n_classes))
    if classes is not None:
        flat = assignments.reshape(len(assignments), -1)
        np.add.at(counts, (flat, np.broadcast_to(classes[:, None], flat.shape)), 1)
    return counts


def _association(p: NDArray[np.float64], shares: NDArray[np.float32]) -> float:
    """Of clusters with class shares [k, K]: mutual information over the entropy of the classes."""

    def entropy(q: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = -np.where(q > 0, q * np.log2(np.where(q > 0, q, 1)), 0).sum(-1)
        return found

    if not p.size:
        return 0.0
    whole = float(entropy(shares @ p))
    return max(0.0, 1 - float(shares @ entropy(p)) / whole) if whole > 0 else 0.0


def _patch(one: Mapping[str, Any], k: int, dataformats: str) -> Patch:
    _check_words("a patch", one, _WORDS_OF_PATCH, {"cluster", "image"})
    cluster = int(one["cluster"])
    if not 0 <= cluster < k:
        raise ValueError(f"a patch is of cluster {cluster}, but there are {k} clusters, 0 to {k - 1}")
    image = as_array(one["image"])
    picture = given_pictures(image[None], dataformats)
    return Patch(cluster, picture, int(one.get("label", -1)), float(one.get("distance", 0)))
