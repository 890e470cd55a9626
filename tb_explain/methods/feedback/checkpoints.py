"""Files from which an interrupted fit goes on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tb_explain.methods.feedback.decoder import FeedbackNetwork

_FORMAT = "tb_explain feedback network 1"


def save(path: Path, state: dict[str, Any]) -> None:
    """Replace the file at once, so that an interruption leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        torch.save({"format": _FORMAT, **state}, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: Path, feedback: FeedbackNetwork, settings: dict[str, Any], classifier: list[float]) -> dict[str, Any]:
    """The state in a file. Raises ValueError when it is damaged, or of another decoder, classifier or fit."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds
        raise ValueError(f"{path} is no checkpoint that can be read ({str(error).partition(chr(10))[0]})") from error
    if not isinstance(state, dict) or state.get("format") != _FORMAT:
        raise ValueError(f"{path} is no checkpoint of a feedback network")
    saved, own = _architecture(state["decoder"]), _architecture(feedback.state_dict())
    if saved != own:
        theirs, mine = (
            next((f"{k} {v}" for k, v in a.items() if b.get(k) != v), "less") for a, b in ((saved, own), (own, saved))
        )
        raise ValueError(
            f"{path} is of another decoder: it has {theirs} where this one has {mine}; give another path, or remove it"
        )
    wrong = [f"{name}={value}" for name, value in state["settings"].items() if settings[name] != value]
    if wrong:
        raise ValueError(
            f"{path} is of a fit with {', '.join(wrong)}; fit with the same, give another path, or remove it"
        )
    if not torch.allclose(torch.tensor(state["classifier"]), torch.tensor(classifier), rtol=1e-3, atol=1e-6):
        raise ValueError(f"{path} was made with other weights of the classifier; give another path, or remove it")
    return state


def _architecture(state: dict[str, Any]) -> dict[str, str]:
    described = {name: str(list(value.shape)) for name, value in state.items() if isinstance(value, Tensor)}
    extra = state["_extra_state"]
    return {"layers": str(extra["layers"]), "images": str(extra["input_shape"]), **described}
