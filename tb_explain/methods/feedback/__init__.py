"""The feedback network: a mirrored decoder that shows what each layer of a classifier, and its verdict, still know of an image."""

from tb_explain.methods.feedback.decoder import FeedbackNetwork
from tb_explain.methods.feedback.results import Codes, ErrorTable, History, ReconstructionErrors, ResponseField

__all__ = ["Codes", "ErrorTable", "FeedbackNetwork", "History", "ReconstructionErrors", "ResponseField"]
