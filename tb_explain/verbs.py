"""The verbs that log explanations from anywhere: numpy or torch arrays of this library, of others, or your own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from tb_explain.declared import as_series, as_step
from tb_explain.payloads import (
    About,
    Clusters,
    Correlations,
    Heatmaps,
    Occlusion,
    Payload,
    Reconstructions,
    Samples,
    Superpixels,
)
from tb_explain.payloads.clusters import as_clusters, as_order, as_path, as_turning
from tb_explain.payloads.correlations import Related
from tb_explain.payloads.elsewhere import attributions, local_models
from tb_explain.payloads.given import as_numbers, as_segments, as_weights
from tb_explain.payloads.heatmaps import as_maps, finite
from tb_explain.payloads.occlusion import Slider, positions
from tb_explain.payloads.reconstructions import Reconstruction
from tb_explain.pictures import as_array, given_pictures
from tb_explain.probe import Probe
from tb_explain.records import explain_pb2 as pb
from tb_explain.set_verbs import SetVerbs

if TYPE_CHECKING:
    from torch import Tensor
    from typing_extensions import Unpack


class Verbs(SetVerbs):
    """What can be logged. In all verbs `images` is what to show: a Probe, or uint8 (0..255) or float (0..1) pixels [N, C, H, W],
    or as `dataformats` says; `about` is described at `About`. They raise ValueError when shapes do not agree.
    """

    def add_heatmaps(
        self,
        tag: str,
        maps: ArrayLike | Tensor,
        images: Probe | ArrayLike | Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        signed: bool | None = None,
        exact: bool = False,
        **about: Unpack[About],
    ) -> None:
        """Log attribution maps.

        Args:
            maps: floats [N, h, w], or [N, T, h, w] for T targets a sample, at any resolution; they cover the whole image. Or what captum,
                pytorch-grad-cam, torch-cam and shap return; of a value for each channel of a pixel the sum is taken.
            signed: whether negative values speak against the target; None: whether there are any.
            exact: store float16 instead of 256 levels a map.

        Values that are not finite are stored as 0 and marked.
        """
        values = as_maps(attributions(maps, images, about))
        n, t = values.shape[:2]
        values, flags = finite(values)
        samples = Samples.given(n, t, images, about, flags=flags)
        negative = bool((values < 0).any()) if signed is None else signed
        self._log_given(tag, Heatmaps(samples, values, negative, exact=exact), about, global_step, walltime)

    def add_superpixels(
        self,
        tag: str,
        segments: ArrayLike | Tensor | Any,
        weights: ArrayLike | Tensor | None = None,
        images: Probe | ArrayLike | Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        errors: ArrayLike | Tensor | None = None,
        intercepts: ArrayLike | Tensor | None = None,
        r2: ArrayLike | Tensor | None = None,
        forwards: int = 0,
        **about: Unpack[About],
    ) -> None:
        """Log weights of superpixels, such as LIME's.

        Args:
            segments: ints [N, h, w] (or [h, w] for one sample): the superpixel of each pixel, numbered from 0. Or what lime's
                `explain_instance` returns, or a list of it: then nothing else is needed.
            weights: floats [N, K], or [N, T, K] for T targets a sample: for the target (above 0) or against it.
            errors: standard errors of the weights, the same shape.
            intercepts, r2: of the local model, [N] or [N, T].
            forwards: how often the model ran for a sample.
        """
        found = local_models(segments)
        if found is not None:
            segments, weights, intercepts = found.segments, found.weights, found.intercepts
            about.setdefault("targets", found.targets)
            if images is None:
                images, about["dataformats"] = found.images, "NHWC"
        elif weights is None:
            raise ValueError("weights of the superpixels are missing; give floats [N, K] or [N, T, K]")
        labels = as_segments(segments)
        n = len(labels)
        values = as_weights("weights", weights, n)
        t = values.shape[1]
        _check_superpixels(labels, values, "weights")
        flags = np.zeros((n, t), np.int64)
        flags[~values.any(2)] |= pb.ALL_ZERO
        flags[labels.reshape(n, -1).max(1) == 0] |= pb.ONE_SEGMENT
        fit = as_numbers("r2", r2, (n, t))
        if fit is not None:
            flags[fit < 0.3] |= pb.POOR_FIT
        payload = Superpixels(
            Samples.given(n, t, images, about, flags=flags, segments=labels),
            values,
            _errors(errors, values),
            as_numbers("intercepts", intercepts, (n, t)),
            fit,
            int(forwards),
        )
        self._log_given(tag, payload, about, global_step, walltime)

    def add_correlations(
        self,
        tag: str,
        segments: ArrayLike | Tensor,
        sensitivities: ArrayLike | Tensor,
        related: Sequence[Mapping[str, Any]],
        images: Probe | ArrayLike | Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        errors: ArrayLike | Tensor | None = None,
        scores: ArrayLike | Tensor | None = None,
        score: str = "probability",
        **about: Unpack[About],
    ) -> None:
        """Log what superpixels contribute alone and two by two, such as Ablation-CA finds.

        Args:
            segments: ints [N, h, w] (or [h, w] for one sample): the superpixel of each pixel, numbered from 0.
            sensitivities: floats [N, K] or [N, T, K]: the score lost when a superpixel is ablated.
            related: for each sample and target, in this order, a mapping with `pairs` ints [P, 2], `correlations` floats [P] and
                `joint` floats [P] (the score lost when both are ablated), most important first; and optionally `errors` [P],
                `groups` (pairs of superpixels and their correlation) and `block_counts` (pairs of a number of superpixels and
                the largest correlation there).
            errors: standard errors of the sensitivities, the same shape.
            scores: of the targets with nothing ablated, [N] or [N, T]; `score` says what they are.
        """
        labels = as_segments(segments)
        n = len(labels)
        values = as_weights("sensitivities", sensitivities, n)
        t = values.shape[1]
        _check_superpixels(labels, values, "sensitivities")
        if len(related) != n * t:
            raise ValueError(f"related must have {n * t} entries, one for each sample and target; got {len(related)}")
        flags = np.where(values.any(2), 0, int(pb.ALL_ZERO))
        whole = as_numbers("scores", scores, (n, t))
        payload = Correlations(
            Samples.given(n, t, images, about, flags=flags, segments=labels),
            score,
            np.full((n, t), np.nan, np.float32) if whole is None else whole,
            values,
            _errors(errors, values),
            [_related(one, labels[i // t]) for i, one in enumerate(related)],
        )
        self._log_given(tag, payload, about, global_step, walltime)

    def add_occlusion(
        self,
        tag: str,
        scores: ArrayLike | Tensor,
        rows: Sequence[int],
        columns: Sequence[int],
        window: int | tuple[int, int],
        unoccluded: ArrayLike | Tensor,
        images: Probe | ArrayLike | Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        predicted_there: ArrayLike | Tensor | None = None,
        score: str = "probability",
        **about: Unpack[About],
    ) -> None:
        """Log what a score becomes when a window of the image is hidden.

        Args:
            scores: floats [N, ny, nx] or [N, T, ny, nx]: of the target with the window at this position hidden.
            rows, columns: the topmost row of the ny, and the leftmost column of the nx positions, in pixels, ascending.
            window: its (height, width) in pixels, or one number for both.
            unoccluded: scores with nothing hidden, [N] or [N, T]; `score` says what they are.
            predicted_there: the most probable class at each position, [N, ny, nx].
        """
        values, flags = finite(as_maps(scores))
        n, t, ny, nx = values.shape
        height, width = (window, window) if isinstance(window, int) else window
        there = None if predicted_there is None else as_array(predicted_there)
        if there is not None and (there.shape != (n, ny, nx) or there.dtype.kind not in "iu"):
            raise ValueError(
                f"predicted_there must be class indices [{n}, {ny}, {nx}], got {there.dtype} {list(there.shape)}"
            )
        whole = as_numbers("unoccluded", unoccluded, (n, t))
        assert whole is not None
        slider = Slider(height, width, positions("rows", rows, ny), positions("columns", columns, nx), values, there)
        samples = Samples.given(n, t, images, about, flags=flags & ~pb.ALL_ZERO)
        self._log_given(tag, Occlusion(samples, score, whole, [slider]), about, global_step, walltime)

    def add_clusters(
        self,
        tag: str,
        assignments: ArrayLike | Tensor,
        images: Probe | ArrayLike | Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        order: int = 0,
        histograms: ArrayLike | Tensor | None = None,
        shares: ArrayLike | Tensor | None = None,
        ids: Sequence[int] | None = None,
        evidence: ArrayLike | Tensor | None = None,
        support: ArrayLike | Tensor | None = None,
        patches: Sequence[Mapping[str, Any]] = (),
        feedback: Mapping[str, Any] | None = None,
        turning: Sequence[int] | None = None,
        novelty: ArrayLike | Tensor | None = None,
        **about: Unpack[About],
    ) -> None:
        """Log which cluster each position of a layer belongs to, such as k-means in filter space finds.

        Args:
            assignments: ints [N, h, w], or [N, d, h, w] of voxels: clusters, numbered from 0.
            order: of the layer among those of the tag's probe, 0 for the first in the network.
            histograms: how often each class is in a cluster, [k, K]; None: counted in these samples, by `labels`.
            shares: of each cluster in all positions, [k]; None: counted in these samples.
            ids: what each cluster is called, k numbers; its colour stays with it from step to step. None: 0 to k - 1.
            evidence: log-probability of each class given a sample's assignments, [N, K].
            support: log-probability of the predicted class given the cluster of each position, like the assignments.
            patches: parts of images near a centroid, each a mapping with `cluster`, `image` (as `images`, one) and optionally `label` and
                `distance`.
            feedback: the same of what a feedback network makes of the class probabilities at this layer: a mapping with `assignments`
                and, if known, `histograms`, `shares`, `ids`, `evidence`, `support` and `patches`.
            turning: for each sample the order of the layer at which it turns to its predicted class (the number of layers: at the
                output); -1: not known.
            novelty: how rarely a clustered image looks as strange as this sample at the layer, [N] in 0..1.
        """
        values = as_clusters(assignments)
        n = len(values)
        about.setdefault("targets", about.get("predicted"))
        samples = Samples.given(n, 1, images, about)
        given: dict[str, Any] = {"assignments": values, "histograms": histograms, "shares": shares, "ids": ids}
        given |= {"evidence": evidence, "support": support, "patches": patches}
        forms = about.get("dataformats", "NCHW")
        payload = Clusters(
            samples,
            as_order(order),
            as_path(given, samples, samples.labels, forms),
            None if feedback is None else as_path(feedback, samples, samples.predicted, forms),
            () if turning is None else as_turning(turning, n),
            novelty=as_numbers("novelty", novelty, (n,)),
        )
        self._log_given(tag, payload, about, global_step, walltime)

    def add_reconstructions(
        self,
        tag: str,
        reconstructions: Mapping[str, ArrayLike | Tensor],
        images: Probe | ArrayLike | Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        errors: Mapping[str, ArrayLike | Tensor] | None = None,
        representatives: ArrayLike | Tensor | None = None,
        prototypes: ArrayLike | Tensor | None = None,
        **about: Unpack[About],
    ) -> None:
        """Log images reconstructed from what layers know of them.

        Args:
            reconstructions: by layer, first to last ("" for the class probabilities), pixels to show as `images`.
            errors: by layer, the summed squared differences from the images, [N].
            representatives: for each sample an image that stands for its predicted class; `prototypes`: these, reconstructed from
                their class probabilities.
        """
        forms = about.get("dataformats", "NCHW")
        about.setdefault("targets", about.get("predicted"))
        if not reconstructions:
            raise ValueError("no reconstructions given; give at least one layer's")
        shown = {str(layer): given_pictures(pixels, forms) for layer, pixels in reconstructions.items()}
        n = len(next(iter(shown.values())))
        if not n:
            raise ValueError("the reconstructions are of no sample; give at least one")
        stand_ins, decoded = (
            None if pixels is None else given_pictures(pixels, forms) for pixels in (representatives, prototypes)
        )
        for name, pictures in [*shown.items(), ("representatives", stand_ins), ("prototypes", decoded)]:
            if pictures is not None and len(pictures) != n:
                raise ValueError(
                    f"got {len(pictures)} images for {name!r} and {n} for {next(iter(shown))!r}; give one a sample"
                )
        unknown = (errors or {}).keys() - shown.keys()
        if unknown:
            raise ValueError(f"errors for {min(unknown)!r}, of which there is no reconstruction; give them by layer")
        found = [
            Reconstruction(layer, pictures, as_numbers(f"errors of {layer!r}", (errors or {}).get(layer), (n,)))
            for layer, pictures in shown.items()
        ]
        payload = Reconstructions(Samples.given(n, 1, images, about), found, stand_ins, decoded)
        self._log_given(tag, payload, about, global_step, walltime)

    def _log_given(
        self, tag: str, payload: Payload, about: About, global_step: int | None, walltime: float | None
    ) -> None:
        declaration = declared(
            payload, tag, about.get("method", ""), about.get("layer", ""), {}, about.get("description", "")
        )
        self._log(payload, declaration, 0 if global_step is None else as_step(global_step), walltime)

    def _log(self, payload: Payload, declaration: pb.Series, step: int, walltime: float | None) -> None:
        raise NotImplementedError


def declared(
    payload: Payload, tag: str, method: str, layer: str, parameters: Mapping[str, Any], description: str
) -> pb.Series:
    """The declaration of a payload's series. Raises ValueError when it is too long, or the payload is."""
    payload.samples.check(payload.stored)
    return as_series(payload.kind, tag, method, layer, parameters, description)


def _check_superpixels(labels: Any, values: Any, name: str) -> None:
    if labels.max() >= values.shape[2]:
        raise ValueError(
            f"segments go up to {labels.max()}, but there are {name} for {values.shape[2]} superpixels only"
        )


def _errors(errors: Any, weights: Any) -> Any:
    if errors is None:
        return None
    found = as_weights("errors", errors, len(weights))
    if found.shape != weights.shape:
        raise ValueError(f"errors must have the shape of the weights, {list(weights.shape)}; got {list(found.shape)}")
    return found


def _related(one: Mapping[str, Any], labels: Any) -> Related:
    pairs = as_array(one["pairs"]).reshape(-1, 2)
    if pairs.size and (pairs.dtype.kind not in "iu" or pairs.min() < 0 or pairs.max() > labels.max()):
        raise ValueError(f"pairs must name superpixels, 0 to {labels.max()}; got {pairs.tolist()[:3]}")
    count = (len(pairs),)
    correlations, joint = (as_numbers(name, one[name], count) for name in ("correlations", "joint"))
    assert correlations is not None
    assert joint is not None
    return Related(
        pairs.astype(np.int64),
        correlations,
        joint,
        as_numbers("errors", one.get("errors"), count),
        [([int(i) for i in members], float(value)) for members, value in one.get("groups", ())],
        [(int(blocks), float(value)) for blocks, value in one.get("block_counts", ())],
    )
