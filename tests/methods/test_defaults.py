"""Whoever has set torch's default device or dtype gets the same explanations, and their own code still runs under what they set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain import ExplainWriter, Probe, explain
from tb_explain.methods import Method, Top, maximize
from tb_explain.methods.quality import ROAD, Deletion, Insertion, Randomisation, RandomLogit
from tests.methods.test_draws import READERS, X, Y
from tests.test_results_logged import METHODS

CUDA = ["cuda"] if torch.cuda.is_available() else []
Default = Callable[[], tuple[str, torch.dtype]]
BATCHES = list(zip(X.split(8), Y.split(8), strict=True))  # a DataLoader draws, which cannot be done on "meta"


class Asking(nn.Module):
    """Makes a tensor in its forward pass, as models do that rely on the default."""

    seen: set[tuple[str, torch.dtype]]

    def forward(self, images: Tensor) -> Tensor:
        made = torch.zeros(1)
        self.seen.add((made.device.type, made.dtype))
        return images


def network(channels: int = 3) -> nn.Sequential:
    torch.manual_seed(0)
    asking = Asking()
    asking.seen = set()
    return nn.Sequential(
        asking,
        nn.Sequential(nn.Conv2d(channels, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


# Tensors on "meta" have no values: any use of one raises.
@pytest.fixture(params=["meta", *CUDA, torch.float64], ids=str)
def default(request: pytest.FixtureRequest) -> Iterator[Default]:
    """Sets it when called, and says what a model is to see."""
    chosen = request.param

    def choose() -> tuple[str, torch.dtype]:
        if isinstance(chosen, str):
            torch.set_default_device(chosen)
            return chosen, torch.float32
        torch.set_default_dtype(chosen)
        return "cpu", chosen

    yield choose
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)


def tensors(found: Any) -> list[Tensor]:
    if isinstance(found, (Tensor, np.ndarray)):
        return [torch.from_numpy(found) if isinstance(found, np.ndarray) else found]
    if isinstance(found, (list, tuple)):
        return [tensor for one in found for tensor in tensors(one)]
    if dataclasses.is_dataclass(found):
        return tensors([getattr(found, field.name) for field in dataclasses.fields(found)])
    return []


def same(first: Any, again: Any) -> None:
    expected, found = tensors(first), tensors(again)
    assert len(expected) == len(found) > 0
    for one, other in zip(expected, found, strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(other, one, equal_nan=True)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_explanations_are_the_same(method: Method, default: Default, tmp_path: Path) -> None:
    model = network()
    probe = Probe(torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(0)), [0, 1, 2])

    def explained(run: Path) -> Any:
        with ExplainWriter(run, strict=True) as writer:
            return writer.explain(model, probe, 0, [method], targets=Top(2))

    first = explained(tmp_path / "a")
    model[0].seen.clear()
    theirs = default()
    again = explained(tmp_path / "b")
    assert model[0].seen == {theirs}
    now = torch.zeros(1)
    assert (now.device.type, now.dtype) == theirs
    same(first, again)


CALLS: dict[str, Callable[[nn.Module, Any], Any]] = {
    **READERS,
    "maximising": lambda model, loader: maximize(model, ["class:1", "2:3"], size=8, channels=1, steps=3),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_reads_data_or_trains_finds_the_same(call: str, default: Default) -> None:
    model = network(1)
    first = CALLS[call](model, BATCHES)
    default()
    same(first, CALLS[call](model, BATCHES))


def test_figures_and_whole_data_sets(default: Default, tmp_path: Path) -> None:
    model, probe = network(1), Probe(X[:3])
    default()
    with ExplainWriter(tmp_path, strict=True) as writer:
        assert writer.explain_all(model, BATCHES, 0, [METHODS[0]]) == len(X)
        figures = [Insertion(steps=3), Deletion(steps=3), ROAD(), RandomLogit(), Randomisation()]
        assert writer.explain(model, probe, 0, [METHODS[0]], figures=figures)


@pytest.mark.parametrize("default", [*CUDA, torch.float64], ids=str, indirect=True)
def test_the_first_look(default: Default, tmp_path: Path) -> None:
    model = network(1)
    default()
    with ExplainWriter(tmp_path, strict=True) as writer:
        explain(model, DataLoader(TensorDataset(X, Y), 8), 0, writer=writer)
