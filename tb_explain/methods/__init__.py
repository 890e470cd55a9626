"""Attribution methods: a model and images in, maps out. No files, no TensorBoard.

Each method is a small frozen value that holds its parameters and nothing else:

    attribution = GradCAM(layer="layer4")(model, images, targets)

`attribute` computes several methods, layers and targets from one forward pass.
"""

from tb_explain.methods.cam import CAM, EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, LayerMethod, XGradCAM
from tb_explain.methods.engine import attribute
from tb_explain.methods.results import Attribution, Flag
from tb_explain.methods.targets import Targets, Top

__all__ = [
    "CAM",
    "Attribution",
    "EigenCAM",
    "Flag",
    "GradCAM",
    "GradCAMPlusPlus",
    "HiResCAM",
    "LayerCAM",
    "LayerMethod",
    "Targets",
    "Top",
    "XGradCAM",
    "attribute",
]
