"""From what a method returned for a probe to what is stored of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads import clusters, occlusion, reconstructions
from tb_explain.payloads.clusters import Clusters
from tb_explain.payloads.correlations import Correlations, Related
from tb_explain.payloads.heatmaps import Heatmaps
from tb_explain.payloads.of_channels import as_float32, of_activations, of_feature_images, of_redundancy
from tb_explain.payloads.reconstructions import Reconstructions
from tb_explain.payloads.samples import Figure, Payload, Samples
from tb_explain.payloads.superpixels import Superpixels
from tb_explain.pictures import projections
from tb_explain.probe import Probe

if TYPE_CHECKING:
    from torch import Tensor

    from tb_explain.methods import Explained
    from tb_explain.methods.cluster_paths import ClusterPath
    from tb_explain.methods.feature_images import LayerImages
    from tb_explain.methods.reconstruction import Reconstructed
    from tb_explain.methods.redundancy import Redundancy


def payload_of(result: Explained | Redundancy | LayerImages, probe: Probe, figures: Sequence[Figure] = ()) -> Payload:
    """The payload of a result for a probe's images: of the kind that keeps what the result knows."""
    from tb_explain.methods import results
    from tb_explain.methods.activations import ChannelActivations
    from tb_explain.methods.cluster_paths import Clustered
    from tb_explain.methods.feature_images import LayerImages
    from tb_explain.methods.reconstruction import Reconstructed
    from tb_explain.methods.redundancy import Redundancy

    if isinstance(result, Redundancy):
        return of_redundancy(result)
    if isinstance(result, LayerImages):
        return of_feature_images(result, probe)
    segments = getattr(result, "segments", None)
    if segments is not None and segments.ndim > 3:  # label maps are flat; of voxels the maps are kept
        segments = None
    samples = Samples.explained(result, probe, figures, None if segments is None else segments.cpu().numpy())
    n, t = samples.shape

    def by_target(values: Tensor | None) -> Any:
        return None if values is None else as_float32(values).reshape(n, t, *values.shape[result.targets.ndim :])

    if isinstance(result, results.Superpixels) and segments is not None:
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
    if isinstance(result, results.Correlations) and segments is not None:
        related = [
            Related(
                one.pairs.cpu().numpy(),
                as_float32(one.correlations),
                as_float32(one.joint),
                None if one.errors is None else as_float32(one.errors),
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
            samples, result.order, paths[0], paths[1], result.turning.tolist(), counts, as_float32(result.novelty)
        )
    if isinstance(result, Reconstructed):
        return _reconstructions(samples, result, probe)
    if isinstance(result, ChannelActivations):
        return of_activations(samples, result, probe)
    maps = by_target(result.maps)
    if maps.ndim == 5:  # of voxels, which are shown by their projections
        maps = projections(_proportional(maps, result.input_size))
    return Heatmaps(samples, maps, result.signed, result.method.class_dependent)


def _reconstructions(samples: Samples, result: Reconstructed, probe: Probe) -> Reconstructions:
    found = [
        reconstructions.Reconstruction(layer, probe.shown(images), as_float32(result.sums[layer]))
        for layer, images in result.reconstructions.items()
    ]
    if result.through_centroids is not None:
        layer, images = result.through_centroids
        found.append(reconstructions.Reconstruction(layer, probe.shown(images), through_centroids=True))
    fields = [
        reconstructions.ResponseField(
            i,
            one.layer,
            one.position,
            [(axis.start, axis.stop) for axis in one.receptive_field],
            [(axis.start, axis.stop) for axis in one.response_field],
            result.sites[one.layer],
            [probe.shown(crop[i : i + 1]) for crop in (one.input, one.isolated, one.field, one.full)],
        )
        for i in range(len(probe))
        for one in result.fields
    ]
    errors = result.errors
    return Reconstructions(
        samples,
        found,
        None if errors is None else probe.shown(errors.representatives.nan_to_num()),
        None if errors is None else probe.shown(errors.class_reconstructions.nan_to_num()),
        fields,
    )


def _cluster_path(path: ClusterPath, probe: Probe) -> clusters.ClusterPath:
    space = path.space
    counts = space.histogram
    return clusters.ClusterPath(
        path.assignments.cpu().numpy(),
        path.ids,
        as_float32(counts / counts.sum(1, keepdim=True).clamp(min=1)),
        as_float32(space.shares),
        as_float32(path.evidence),
        as_float32(path.support),
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


def _proportional(maps: NDArray[np.float32], size: Sequence[int]) -> NDArray[np.float32]:
    """Maps [N, T, d, h, w] of a volume, at its own resolution if theirs is coarser along one axis than along another: only then do
    their projections lie side by side as its own do.
    """
    import torch

    shape = maps.shape[2:]
    if all(extent * size[0] == shape[0] * whole for extent, whole in zip(shape, size, strict=True)):
        return maps
    resized: NDArray[np.float32] = torch.nn.functional.interpolate(
        torch.from_numpy(maps), tuple(size), mode="trilinear"
    ).numpy()
    return resized
