"""Filters that can be read: layers whose filters each learn one part, how well they do, and which patterns they form."""

from tb_explain.methods.interpretable.filters import FilterFigures
from tb_explain.methods.interpretable.loss import FilterLoss
from tb_explain.methods.interpretable.parts import (
    LocationInstability,
    PartInterpretability,
    location_instability,
    part_interpretability,
)
from tb_explain.methods.interpretable.patterns import Pattern, PatternNode, Patterns, mine_patterns
from tb_explain.methods.interpretable.templates import InterpretableConv2d, make_interpretable, make_ordinary
from tb_explain.methods.interpretable.upconvolution import Synthesis, UpConvolution

__all__ = [
    "FilterFigures",
    "FilterLoss",
    "InterpretableConv2d",
    "LocationInstability",
    "PartInterpretability",
    "Pattern",
    "PatternNode",
    "Patterns",
    "Synthesis",
    "UpConvolution",
    "location_instability",
    "make_interpretable",
    "make_ordinary",
    "mine_patterns",
    "part_interpretability",
]
