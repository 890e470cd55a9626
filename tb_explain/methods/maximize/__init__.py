"""Feature visualisation: images that maximise what a network says at a channel, a neuron, a direction or a class."""

from tb_explain.methods.maximize.ascent import maximize
from tb_explain.methods.maximize.class_means import class_means
from tb_explain.methods.maximize.maximized import Maximized
from tb_explain.methods.maximize.objectives import Channel, ClassScore, Direction, Objective
from tb_explain.methods.maximize.recipes import Natural, Plain, Recipe

__all__ = [
    "Channel",
    "ClassScore",
    "Direction",
    "Maximized",
    "Natural",
    "Objective",
    "Plain",
    "Recipe",
    "class_means",
    "maximize",
]
