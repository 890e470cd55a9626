"""Numbers that say how far a map can be trusted: `evaluate` computes figures of results, `drift` how they move during a training."""

from tb_explain.methods.quality.drift import drift
from tb_explain.methods.quality.evaluation import FigureValues, boxes_as_masks, evaluate
from tb_explain.methods.quality.figures import (
    ROAD,
    AverageDrop,
    Deletion,
    EnergyInside,
    Figure,
    Increase,
    Insertion,
    Pointing,
    Sparseness,
)
from tb_explain.methods.quality.sanity import Randomisation, RandomLogit

__all__ = [
    "ROAD",
    "AverageDrop",
    "Deletion",
    "EnergyInside",
    "Figure",
    "FigureValues",
    "Increase",
    "Insertion",
    "Pointing",
    "RandomLogit",
    "Randomisation",
    "Sparseness",
    "boxes_as_masks",
    "drift",
    "evaluate",
]
