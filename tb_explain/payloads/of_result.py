"""From what a method returned for a probe to what is stored of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads import clusters, occlusion
from tb_explain.payloads.clusters import Clusters
from tb_explain.payloads.correlations import Correlations, Related
from tb_explain.payloads.heatmaps import Heatmaps
from tb_explain.payloads.samples import Figure, Payload, Samples
from tb_explain.payloads.superpixels import Superpixels
from tb_explain.pictures import projections
from tb_explain.probe import Probe

if TYPE_CHECKING:
    from torch import Tensor

    from tb_explain.methods import Explained
    from tb_explain.methods.cluster_paths import ClusterPath


def payload_of(result: Explained, probe: Probe, figures: Sequence[Figure] = ()) -> Payload:
    """The payload of a result for a probe's images: of the kind that keeps what the result knows."""
    from tb_explain.methods import results
    from tb_explain.methods.cluster_paths import Clustered

    segments = getattr(result, "segments", None)
    samples = Samples.explained(result, probe, figures, None if segments is None else segments.cpu().numpy())
    n, t = samples.shape

    def by_target(values: Tensor | None) -> Any:
        return None if values is None else _numbers(values).reshape(n, t, *values.shape[result.targets.ndim :])

    if isinstance(result, results.Superpixels):
        return Superpixels(
            samples,
            by_target(result.weights),
            by_target(result.errors),
            by_target(result.intercepts),
            by_target(result.r2),
            result.forwards,
        )
    if isinstance(result, results.OcclusionScores):
        sliders = [
            occlusion.Slider(
                one.height,
                one.width,
                np.array(one.rows),
                np.array(one.columns),
                by_target(one.scores),
                one.predicted.cpu().numpy(),
            )
            for one in result.sliders
        ]
        return occlusion.Occlusion(samples, result.score, by_target(result.scores), sliders)
    if isinstance(result, results.OcclusionPairScores):
        held, moved = (
            occlusion.Windows(one.height, one.width, np.array(one.corners).reshape(-1, 2), by_target(one.alone))
            for one in (result.held, result.moved)
        )
        return occlusion.OcclusionPairs(
            samples, result.score, by_target(result.scores), held, moved, by_target(result.pairs)
        )
    if isinstance(result, results.Correlations):
        related = [
            Related(
                one.pairs.cpu().numpy(),
                _numbers(one.correlations),
                _numbers(one.joint),
                None if one.errors is None else _numbers(one.errors),
                one.groups,
                one.block_counts,
            )
            for one in result.related
        ]
        return Correlations(
            samples,
            result.score,
            by_target(result.scores),
            by_target(result.sensitivities),
            by_target(result.errors),
            related,
        )
    if isinstance(result, Clustered):
        paths = [None if path is None else _cluster_path(path, probe) for path in (result.forward, result.feedback)]
        assert paths[0] is not None
        counts = result.forward.space.silhouettes
        return Clusters(
            samples, result.order, paths[0], paths[1], result.turning.tolist(), counts, _numbers(result.novelty)
        )
    maps = by_target(result.maps)
    if maps.ndim == 5:  # of voxels, which are shown by their projections
        maps = projections(maps)
    return Heatmaps(samples, maps, result.signed, result.method.class_dependent)


def _cluster_path(path: ClusterPath, probe: Probe) -> clusters.ClusterPath:
    space = path.space
    counts = space.histogram
    return clusters.ClusterPath(
        path.assignments.cpu().numpy(),
        path.ids,
        _numbers(counts / counts.sum(1, keepdim=True).clamp(min=1)),
        _numbers(space.shares),
        _numbers(path.evidence),
        _numbers(path.support),
        space.association,
        [
            clusters.Patch(
                patch.cluster,
                probe.shown(patch.pixels[None]),
                patch.label,
                patch.distance,
                patch.sample,
                patch.position,
                [(one.start, one.stop) for one in patch.box],
            )
            for patch in space.patches
        ],
    )


def _numbers(values: Tensor) -> NDArray[np.float32]:
    return values.detach().float().cpu().numpy()
