"""What methods return is what a reader finds in the records, whatever kind it is; and batches do not matter."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import (
    LIME,
    LRP,
    RISE,
    XRAI,
    AblationCA,
    AblationCAM,
    DeepTaylor,
    FullGrad,
    GradCAM,
    GuidedBackprop,
    IntegratedGradients,
    KernelSHAP,
    Occlusion,
    OcclusionPairs,
    ScoreCAM,
    SmoothGrad,
    SmoothGradCAMPlusPlus,
    Top,
    attribute,
)
from tb_explain.methods.method import Method
from tb_explain.records import decode_array
from tb_explain.records import explain_pb2 as pb
from tests.test_verbs import label_map, read

METHODS: list[Method] = [
    GradCAM("2"),
    ScoreCAM("2"),
    AblationCAM("2"),
    SmoothGradCAMPlusPlus("2", samples=3),
    SmoothGrad(samples=3),
    IntegratedGradients(steps=4),
    GuidedBackprop(),
    LRP(),
    DeepTaylor(),
    FullGrad(),
    XRAI(steps=4),
    RISE(masks=20),
    Occlusion(sizes=(4, 6)),
    OcclusionPairs(size=5),
    LIME(n_segments=6, samples=50),
    KernelSHAP(n_segments=6, samples=50),
    AblationCA(n_segments=6, contexts=2, block_counts=(4,)),
]


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(600, 4)
    )


@pytest.fixture
def probe() -> Probe:
    return Probe(torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(0)), [0, 1, 2])


def logged(run: Path, model: nn.Module, probe: Probe, method: Method, kind: int, targets: Any = None) -> Any:
    with ExplainWriter(run, strict=True) as writer:
        (result,) = writer.explain(model, probe, 4, [method], targets=targets)
    return result, read(run, f"probe/{type(method).__name__.lower()}", kind)


def close(stored: Any, tensor: Tensor, tolerance: float = 1e-6) -> None:
    values = tensor.numpy()
    found = decode_array(stored).astype(np.float64).reshape(values.shape)
    np.testing.assert_allclose(found, values, atol=tolerance * max(np.abs(values).max(initial=0), 1e-12))


@pytest.mark.parametrize("targets", [None, Top(2)])
@pytest.mark.parametrize("method", [LIME(n_segments=6, samples=50), KernelSHAP(n_segments=6, samples=50)])
def test_superpixels(tmp_path: Path, model: nn.Module, probe: Probe, method: Method, targets: Any) -> None:
    result, message = logged(tmp_path, model, probe, method, pb.SUPERPIXELS, targets)
    close(message.weights, result.weights)
    close(message.errors, result.errors)
    assert message.forwards == result.forwards > 0
    assert bool(message.r2) == (result.r2 is not None) == isinstance(method, LIME)
    np.testing.assert_allclose(message.r2, [] if result.r2 is None else result.r2.ravel(), rtol=1e-6)
    np.testing.assert_allclose(message.intercepts, result.intercepts.ravel(), rtol=1e-6)
    assert list(message.targets) == result.targets.ravel().tolist()
    for sample, segments in zip(message.samples, result.segments, strict=True):
        np.testing.assert_array_equal(label_map(tmp_path, sample), segments)


@pytest.mark.parametrize("targets", [None, Top(2)])
def test_occlusion(tmp_path: Path, model: nn.Module, probe: Probe, targets: Any) -> None:
    result, message = logged(tmp_path, model, probe, Occlusion(sizes=(4, 6)), pb.OCCLUSION, targets)
    np.testing.assert_allclose(message.scores, result.scores.ravel(), rtol=1e-6)
    assert message.score == "probability"
    for stored, slider in zip(message.sliders, result.sliders, strict=True):
        assert (stored.height, stored.width) == (slider.height, slider.width)
        assert decode_array(stored.rows).tolist() == list(slider.rows)
        assert decode_array(stored.columns).tolist() == list(slider.columns)
        close(stored.scores, slider.scores, 2**-11)
        np.testing.assert_array_equal(decode_array(stored.predicted), slider.predicted)


@pytest.mark.parametrize("targets", [None, Top(2)])
def test_pairs_of_windows(tmp_path: Path, model: nn.Module, probe: Probe, targets: Any) -> None:
    result, message = logged(tmp_path, model, probe, OcclusionPairs(size=5), pb.OCCLUSION_PAIRS, targets)
    close(message.pairs, result.pairs, 2**-11)
    for stored, windows in ((message.held, result.held), (message.moved, result.moved)):
        assert decode_array(stored.corners).tolist() == [list(corner) for corner in windows.corners]
        close(stored.alone, windows.alone, 2**-11)


@pytest.mark.parametrize("targets", [None, Top(2)])
def test_correlations(tmp_path: Path, model: nn.Module, probe: Probe, targets: Any) -> None:
    method = AblationCA(n_segments=6, contexts=3, block_counts=(4, 9), score="log-odds")
    result, message = logged(tmp_path, model, probe, method, pb.CORRELATIONS, targets)
    close(message.sensitivities, result.sensitivities)
    close(message.errors, result.errors)
    assert message.score == "log-odds"
    assert len(message.related) == len(result.related) == (6 if targets else 3)
    for stored, related in zip(message.related, result.related, strict=True):
        assert decode_array(stored.pairs).tolist() == related.pairs.tolist()
        close(stored.correlations, related.correlations)
        close(stored.joint, related.joint)
        assert [(c.superpixels, pytest.approx(c.correlation)) for c in stored.block_counts] == list(
            related.block_counts
        )


def alike(one: Any, other: Any, where: str = "") -> None:
    assert type(one) is type(other), where
    if isinstance(one, Tensor):
        assert one.shape == other.shape, where
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5, equal_nan=True, msg=lambda m: f"{where}: {m}")
    elif dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            if field.name not in ("method", "forwards"):
                alike(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), where
        for a, b in zip(one, other, strict=True):
            alike(a, b, where)
    elif isinstance(one, float):
        assert one == pytest.approx(other, abs=1e-5), where
    else:
        assert one == other, where


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_batches_do_not_matter(model: nn.Module, probe: Probe, method: Method) -> None:
    targets = [[0, 1], [2, 3], [3, 0]]
    (whole,) = attribute(model, probe.images, [method], targets)
    (parts,) = attribute(model, probe.images, [method], targets, batch_size=2)
    alike(whole, parts, type(method).__name__)


def test_bounds_of_each_image_stay_with_it(model: nn.Module, probe: Probe) -> None:
    low = torch.rand(3, 1, 1, 1, generator=torch.Generator().manual_seed(1)) - 1
    method = DeepTaylor(low=low, high=1.0)
    (whole,) = attribute(model, probe.images, [method], 1)
    (parts,) = attribute(model, probe.images, [method], 1, batch_size=2)
    alike(whole, parts)
    alone = [DeepTaylor(low=float(low[i]), high=1.0)(model, probe.images[i : i + 1], 1).maps for i in range(3)]
    torch.testing.assert_close(whole.maps, torch.cat(alone), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_a_call_leaves_no_trace(model: nn.Module, probe: Probe, method: Method) -> None:
    model.train()
    model(probe.images).sum().backward()
    gradients = [parameter.grad.clone() for parameter in model.parameters()]
    weights = [parameter.detach().clone() for parameter in model.parameters()]
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    with torch.no_grad():
        attribute(model, probe.images, [method], 1)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True))
    assert all(torch.equal(p, w) for p, w in zip(model.parameters(), weights, strict=True))
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == numpy_state).all()
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert not any("forward" in module.__dict__ for module in model.modules())


class Failing(nn.Module):
    """Raises at a given call."""

    def __init__(self, inner: nn.Module, at: int) -> None:
        super().__init__()
        self.inner, self.at, self.calls = inner, at, 0

    def forward(self, images: Tensor) -> Tensor:
        self.calls += 1
        if self.calls == self.at:
            raise RuntimeError("out of order")
        return self.inner(images)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
@pytest.mark.parametrize("at", [1, 2])
def test_an_exception_in_the_model_passes_through_and_leaves_no_trace(
    model: nn.Module, probe: Probe, method: Method, at: int
) -> None:
    failing = Failing(model, at).train()
    if isinstance(getattr(method, "layer", None), str):
        method = dataclasses.replace(method, layer="inner.2")
    with contextlib.suppress(RuntimeError) as stopped:
        attribute(failing, probe.images, [method], 1)
        stopped = "it needs fewer passes"
    assert (failing.calls >= at) == (stopped is None)
    assert all(module.training for module in failing.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in failing.modules())
    assert not any("forward" in module.__dict__ for module in failing.modules())
