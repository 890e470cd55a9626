"""Results of other libraries, as they return them, in the shapes that the verbs take: captum, pytorch-grad-cam, torch-cam, shap, lime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.samples import About
from tb_explain.pictures import as_array, projections
from tb_explain.probe import Probe


def attributions(given: Any, images: Any, about: About) -> Any:
    """What `as_maps` takes, of attributions in other shapes:

    - a value for each channel of each pixel, [N, C, H, W] of images of that shape (captum, shap): the sum over the channels. They are
      maps of C targets if `targets` says so, being [N, C]. Of voxels [N, C, D, H, W] the projections of that sum;
    - with the classes last, [N, C, H, W, K] or a `shap.Explanation` [N, H, W, C, K]: the same for each class;
    - a list with one array, [N, h, w] (torch-cam, of one layer).
    """
    if hasattr(given, "base_values") and hasattr(given, "values"):  # a shap.Explanation
        values = np.moveaxis(np.asarray(given.values), 3, 1)
        return np.moveaxis(values.sum(1), -1, 1) if values.ndim == 5 else values.sum(1)
    if isinstance(given, list) and len(given) == 1 and np.ndim(as_array(given[0])) == 3:
        given = given[0]
    if np.ndim(given) == 5 and tuple(given.shape[1:]) == _shape(images, about):
        return projections(as_array(given).sum(1))
    if np.ndim(given) == 5:
        return np.moveaxis(as_array(given).sum(1), -1, 1)
    of_channels = np.ndim(given) == 4 and tuple(given.shape[1:]) == _shape(images, about)
    if of_channels and np.ndim(as_array(about.get("targets", -1))) < 2:
        return as_array(given).sum(1)
    return given


def _shape(images: Any, about: About) -> tuple[int, ...] | None:
    """Channels, height and width of images to show; of voxels channels, depth, height and width."""
    if images is None or isinstance(images, Probe):
        return None if images is None else tuple(images.images.shape[1:])
    shape = np.shape(as_array(images))
    if len(shape) == 5:
        return shape[1:]
    order = about.get("dataformats", "NCHW").upper()
    return tuple(shape[order.index(axis)] for axis in "CHW") if len(shape) == 4 and len(order) == 4 else None


class LocalModels(NamedTuple):
    """Weights of superpixels, as `add_superpixels` takes them."""

    segments: NDArray[np.int64]
    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    targets: NDArray[np.int64]
    images: NDArray[Any]


def local_models(explanations: Any) -> LocalModels | None:
    """What one `lime.lime_image.ImageExplanation` or a list of them says, of all its labels; None for anything else.

    Raises ValueError when they explain different numbers of labels.
    """
    given = explanations if isinstance(explanations, Sequence) else [explanations]
    if not given or not all(hasattr(one, "local_exp") and hasattr(one, "segments") for one in given):
        return None
    targets = [[int(label) for label in getattr(one, "top_labels", None) or one.local_exp] for one in given]
    if len({len(labels) for labels in targets}) > 1:
        raise ValueError(f"explanations must have equally many labels each, got {[len(labels) for labels in targets]}")
    segments = np.stack([np.asarray(one.segments) for one in given])
    weights = np.zeros((*np.shape(targets), int(segments.max()) + 1))
    for of_sample, one, labels in zip(weights, given, targets, strict=True):
        for of_target, label in zip(of_sample, labels, strict=True):
            for superpixel, weight in one.local_exp[label]:
                of_target[superpixel] = weight
    intercepts = [[one.intercept[label] for label in labels] for one, labels in zip(given, targets, strict=True)]
    images = np.stack([np.asarray(one.image) for one in given])
    return LocalModels(segments, weights, np.array(intercepts, float), np.array(targets), images)
