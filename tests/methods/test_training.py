"""Explaining during training changes nothing in it, to the last bit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, Top, XGradCAM


class Restless(nn.Module):
    """Draws random numbers and counts its calls in evaluation mode too."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return nn.functional.dropout(features, 0.1, training=True)


def network() -> nn.Module:
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Dropout2d(0.2)),
        nn.Sequential(nn.Conv2d(8, 16, 3, padding=1, stride=2), nn.BatchNorm2d(16), nn.ReLU(inplace=True)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        Restless(),
        nn.Dropout(0.5),
        nn.Linear(16, 4),
    )


DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def train(run: Path | None, amp: bool, device: str) -> dict[str, Any]:
    """50 seeded steps; with a run directory, six methods explain at every 5th."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    model = network().to(device).train()
    model[1][1].eval()  # a frozen batch norm, as in fine-tuning
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    probe = Probe(torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(7)))
    methods = [method("1") for method in (GradCAM, GradCAMPlusPlus, XGradCAM, HiResCAM, LayerCAM, EigenCAM)]
    writer = None if run is None else ExplainWriter(run, strict=True)
    explained = 0
    for step in range(50):
        with torch.autocast(device, torch.bfloat16, enabled=amp):
            images, labels = torch.randn(16, 3, 16, 16, device=device), torch.randint(4, (16,), device=device)
            loss = nn.functional.cross_entropy(model(images), labels)
            if writer is not None and step % 2:  # inside the autocast, between forward and backward
                explained += len(writer.explain(model, probe, step, methods, targets=Top(2), every=5))
        optimizer.zero_grad()
        loss.backward()
        if writer is not None and not step % 2:  # with gradients in place
            explained += len(
                writer.explain(model, probe, step, [*methods, GradCAM()], targets=[0, 1, 2, 3, 0, 1], every=5)
            )
        optimizer.step()
    if writer is not None:
        writer.close()
        assert explained == 10 * (6 + 7)
    return {
        "model": model.state_dict(),
        "gradients": [parameter.grad for parameter in model.parameters()],
        "modes": [module.training for module in model.modules()],
        "optimizer": optimizer.state_dict(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if device == "cuda" else None,
        "numpy": np.random.get_state()[1].tolist(),
        "python": random.getstate(),
        "loss": loss.item(),
    }


def assert_bit_equal(a: Any, b: Any, where: str = "") -> None:
    if isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype and torch.equal(
            a.view(torch.uint8) if a.ndim else a, b.view(torch.uint8) if b.ndim else b
        ), where
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_bit_equal(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_bit_equal(x, y, f"{where}[{i}]")
    else:
        assert a == b, where


@pytest.fixture
def deterministic(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """CUDA's kernels need telling that the same seed means the same bits."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("amp", [False, True], ids=["float32", "bfloat16 autocast"])
def test_training_is_bit_equal_with_explanations(amp: bool, device: str, tmp_path: Path) -> None:
    assert_bit_equal(train(None, amp, device), train(tmp_path / "run", amp, device))
