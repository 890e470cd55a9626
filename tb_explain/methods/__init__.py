"""Attribution methods: a model and images in, maps out. No files, no TensorBoard.

Each method is a small frozen value that holds its parameters and nothing else:

    attribution = GradCAM(layer="layer4")(model, images, targets)

`attribute` computes several methods, layers and targets from one forward pass.
"""

from tb_explain.methods.ablation_ca import AblationCA
from tb_explain.methods.activations import Activations, ChannelActivations
from tb_explain.methods.cam import (
    CAM,
    EigenCAM,
    FinerCAM,
    GradCAM,
    GradCAMElementWise,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    XGradCAM,
)
from tb_explain.methods.cam_reruns import AblationCAM, ScoreCAM, SmoothGradCAMPlusPlus
from tb_explain.methods.channel_statistics import ChannelStatistics, TopPatches
from tb_explain.methods.cluster_paths import Clustered, ClusterPath
from tb_explain.methods.clusters import FilterClusters, FilterSpaces
from tb_explain.methods.collect import Features, collect_features
from tb_explain.methods.engine import attribute
from tb_explain.methods.feature_images import FeatureImages, LayerImages
from tb_explain.methods.feedback import Codes, ErrorTable, FeedbackNetwork, History, ReconstructionErrors, ResponseField
from tb_explain.methods.filter_space import FilterSpace
from tb_explain.methods.fullgrad import FullGrad
from tb_explain.methods.gather import gather_features
from tb_explain.methods.gradients import InputXGradient, IntegratedGradients, Saliency, SmoothGrad
from tb_explain.methods.guided import Deconvnet, GuidedBackprop, GuidedGradCAM
from tb_explain.methods.interpretable import (
    FilterFigures,
    FilterLoss,
    InterpretableConv2d,
    LocationInstability,
    PartInterpretability,
    Pattern,
    PatternNode,
    Patterns,
    Synthesis,
    UpConvolution,
    location_instability,
    make_interpretable,
    make_ordinary,
    mine_patterns,
    part_interpretability,
)
from tb_explain.methods.lime import LIME
from tb_explain.methods.lrp import LRP, DeepTaylor
from tb_explain.methods.maximize import (
    Channel,
    ClassScore,
    Direction,
    Maximized,
    Natural,
    Objective,
    Plain,
    Recipe,
    class_means,
    maximize,
)
from tb_explain.methods.method import ImageMethod, LayerMethod, Method, SetMethod
from tb_explain.methods.occlusion import Occlusion, OcclusionPairs
from tb_explain.methods.projection import Projection
from tb_explain.methods.receptive_fields import ReceptiveFields, receptive_fields
from tb_explain.methods.reconstruction import Reconstructed, Reconstruction
from tb_explain.methods.redundancy import FilterGroup, FilterRedundancy, Redundancy
from tb_explain.methods.results import (
    Attribution,
    Correlations,
    Explained,
    Flag,
    OcclusionPairScores,
    OcclusionScores,
    Superpixels,
)
from tb_explain.methods.rise import RISE
from tb_explain.methods.shap import KernelSHAP
from tb_explain.methods.targets import MultiLabel, Output, Targets, Top
from tb_explain.methods.xrai import XRAI

__all__ = [
    "CAM",
    "LIME",
    "LRP",
    "RISE",
    "XRAI",
    "AblationCA",
    "AblationCAM",
    "Activations",
    "Attribution",
    "Channel",
    "ChannelActivations",
    "ChannelStatistics",
    "ClassScore",
    "ClusterPath",
    "Clustered",
    "Codes",
    "Correlations",
    "Deconvnet",
    "DeepTaylor",
    "Direction",
    "EigenCAM",
    "ErrorTable",
    "Explained",
    "FeatureImages",
    "Features",
    "FeedbackNetwork",
    "FilterClusters",
    "FilterFigures",
    "FilterGroup",
    "FilterLoss",
    "FilterRedundancy",
    "FilterSpace",
    "FilterSpaces",
    "FinerCAM",
    "Flag",
    "FullGrad",
    "GradCAM",
    "GradCAMElementWise",
    "GradCAMPlusPlus",
    "GuidedBackprop",
    "GuidedGradCAM",
    "HiResCAM",
    "History",
    "ImageMethod",
    "InputXGradient",
    "IntegratedGradients",
    "InterpretableConv2d",
    "KernelSHAP",
    "LayerCAM",
    "LayerImages",
    "LayerMethod",
    "LocationInstability",
    "Maximized",
    "Method",
    "MultiLabel",
    "Natural",
    "Objective",
    "Occlusion",
    "OcclusionPairScores",
    "OcclusionPairs",
    "OcclusionScores",
    "Output",
    "PartInterpretability",
    "Pattern",
    "PatternNode",
    "Patterns",
    "Plain",
    "Projection",
    "ReceptiveFields",
    "Recipe",
    "Reconstructed",
    "Reconstruction",
    "ReconstructionErrors",
    "Redundancy",
    "ResponseField",
    "Saliency",
    "ScoreCAM",
    "SetMethod",
    "SmoothGrad",
    "SmoothGradCAMPlusPlus",
    "Superpixels",
    "Synthesis",
    "Targets",
    "Top",
    "TopPatches",
    "UpConvolution",
    "XGradCAM",
    "attribute",
    "class_means",
    "collect_features",
    "gather_features",
    "location_instability",
    "make_interpretable",
    "make_ordinary",
    "maximize",
    "mine_patterns",
    "part_interpretability",
    "receptive_fields",
]
