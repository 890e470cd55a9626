"""How far the explanation of the same images has moved while a model was trained."""

from __future__ import annotations

import torch

from tb_explain.methods.quality.evaluation import FigureValues
from tb_explain.methods.quality.similarity import centres, spearman
from tb_explain.methods.results import Explained


def drift(previous: Explained, current: Explained) -> list[FigureValues]:
    """Two figures of what changed in each map since the last one: "drift_spearman", the rank correlation of both maps (1: nothing), and
    "drift_pixels", how far the centre of mass of |map| has moved in pixels of the image.

    Both are of one method, layer and images at two steps of a training. NaN where a map is constant or not finite, and where
    another class was explained.
    """
    if previous.maps.shape != current.maps.shape or previous.input_size != current.input_size:
        raise ValueError(
            f"maps {list(previous.maps.shape)} cannot be compared with {list(current.maps.shape)}; "
            "give results of one method for the same images at two steps"
        )
    axes = current.targets.ndim
    before, after = previous.maps.to(current.maps.device).float(), current.maps.float()
    same = previous.targets.to(after.device) == current.targets.to(after.device)
    likeness = spearman(before.flatten(axes), after.flatten(axes))
    moved = torch.linalg.vector_norm(centres(after, current.input_size) - centres(before, current.input_size), dim=-1)
    return [
        FigureValues(name, torch.where(same, values, torch.nan), None, None, "neither")
        for name, values in (("drift_spearman", likeness), ("drift_pixels", moved))
    ]
