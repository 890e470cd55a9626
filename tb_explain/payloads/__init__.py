"""Explanations on their way into a record: checked, copied from whatever device and library they came from, encoded."""

from tb_explain.payloads.channels import Channels
from tb_explain.payloads.clusters import Clusters
from tb_explain.payloads.correlations import Correlations
from tb_explain.payloads.heatmaps import Heatmaps
from tb_explain.payloads.occlusion import Occlusion
from tb_explain.payloads.of_result import payload_of
from tb_explain.payloads.reconstructions import Reconstructions
from tb_explain.payloads.samples import About, Figure, Payload, Samples, records
from tb_explain.payloads.superpixels import Superpixels

__all__ = [
    "About",
    "Channels",
    "Clusters",
    "Correlations",
    "Figure",
    "Heatmaps",
    "Occlusion",
    "Payload",
    "Reconstructions",
    "Samples",
    "Superpixels",
    "payload_of",
    "records",
]
