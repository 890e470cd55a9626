"""Quality figures and drift: stored with the maps, and scalars beside the loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util
from torch import nn

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import LIME, AblationCA, GradCAM, IntegratedGradients, LayerCAM, Occlusion, Saliency, Top
from tb_explain.methods.quality import Deletion, EnergyInside, Insertion, Sparseness, drift, evaluate
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(600, 3)
    )


@pytest.fixture
def probe() -> Probe:
    images = torch.rand(3, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(3, 12, 12)
    masks[:, 3:9, 3:9] = 1
    return Probe(images, masks=masks)


def scalars(run: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(run)).Reload()
    found = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    for tag in events.Tags()["tensors"]:
        if events.summary_metadata[tag].plugin_data.plugin_name == "scalars":
            found[tag] = [(e.step, tensor_util.make_ndarray(e.tensor_proto).item()) for e in events.Tensors(tag)]
    return found


def message(run: Path, tag: str, kind: Any = pb.HEATMAPS) -> Any:
    index = index_of(run)
    series = index.find(tag, kind)
    assert series
    parse = {pb.HEATMAPS: pb.Heatmaps, pb.CORRELATIONS: pb.Correlations}[kind]
    return parse.FromString(index.read(index.steps(series).keys[-1]))


def test_figures_are_stored_with_the_maps_and_their_means_are_scalars(
    tmp_path: Path, model: nn.Module, probe: Probe
) -> None:
    figures = [Insertion(steps=4), Deletion(steps=4), Sparseness(), EnergyInside()]
    with ExplainWriter(tmp_path) as writer:
        results = writer.explain(model, probe, 7, [GradCAM("2"), Saliency()], figures=figures, targets=Top(2))
    expected = evaluate(model, probe.images, results, figures, Top(2), masks=probe.masks)
    logged = scalars(tmp_path)
    for tag, name, of_result in (
        ("probe/gradcam/2", "gradcam", expected[0]),
        ("probe/saliency", "saliency", expected[1]),
    ):
        for stored, figure in zip(message(tmp_path, tag).figures, of_result, strict=True):
            assert stored.name == figure.name
            np.testing.assert_allclose(stored.values, figure.values.ravel(), rtol=1e-6)
            np.testing.assert_allclose(stored.random, figure.random.ravel(), rtol=1e-6)
            np.testing.assert_allclose(stored.centred, figure.centred.ravel(), rtol=1e-6)
            assert pb.Better.Name(stored.better).lower() == figure.better
            ((step, value),) = logged[f"explain/{name}/{figure.name}"]
            assert step == 7
            assert value == pytest.approx(float(figure.values.nanmean()), rel=1e-5)
            for suffix, control in (("_random", figure.random), ("_centred", figure.centred)):
                ((_, value),) = logged[f"explain/{name}/{figure.name}{suffix}"]
                assert value == pytest.approx(float(control.nanmean()), rel=1e-5)


def test_drift_is_logged_from_the_second_step_on(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    with ExplainWriter(tmp_path) as writer:
        (before,) = writer.explain(model, probe, 0, [GradCAM("2")], targets=1)
        with torch.no_grad():
            model[2].weight += 0.1 * torch.randn(model[2].weight.shape)
        (after,) = writer.explain(model, probe, 5, [GradCAM("2")], targets=1)
        writer.explain(model, probe, 6, [GradCAM("2")], targets=1)
    rank, pixels = drift(before, after)
    logged = scalars(tmp_path)
    assert [step for step, _ in logged["explain/gradcam/drift_spearman"]] == [5, 6]
    assert logged["explain/gradcam/drift_spearman"][0][1] == pytest.approx(float(rank.values.nanmean()), rel=1e-4)
    assert logged["explain/gradcam/drift_pixels"][0][1] == pytest.approx(float(pixels.values.nanmean()), rel=1e-4)
    assert logged["explain/gradcam/drift_spearman"][1][1] == pytest.approx(1)
    assert logged["explain/gradcam/drift_pixels"][1][1] == pytest.approx(0, abs=1e-5)
    assert [figure.name for figure in message(tmp_path, "probe/gradcam/2").figures] == [
        "drift_spearman",
        "drift_pixels",
    ]


def test_layers_and_probes_are_named_where_there_are_several(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    other = Probe(probe.images, name="val")
    with ExplainWriter(tmp_path) as writer:
        writer.explain(model, probe, 0, [GradCAM(["0", "2"]), LayerCAM("2")], figures=[Sparseness()])
        writer.explain(model, other, 0, [LayerCAM("2")], figures=[Sparseness()])
    assert set(scalars(tmp_path)) >= {
        "explain/gradcam/0/sparseness",
        "explain/gradcam/2/sparseness",
        "explain/layercam/sparseness",
        "explain/layercam/sparseness_random",
        "explain/val/layercam/sparseness",
        "explain/val/layercam/sparseness_centred",
    }


def test_methods_of_one_class_are_told_apart_by_what_they_differ_in(
    tmp_path: Path, model: nn.Module, probe: Probe
) -> None:
    blurred, tiny = Occlusion(sizes=(4,), baseline="blur"), Occlusion(sizes=(4,), baseline=-1.0)
    cams = [GradCAM("0"), GradCAM("2", relu=False), LayerCAM(["0", "2"]), LayerCAM("2", relu=False)]
    methods = [Occlusion(sizes=(4,)), blurred, tiny, *cams, Saliency()]
    with ExplainWriter(tmp_path, strict=True) as writer:
        for step in range(2):
            writer.explain(model, probe, step, methods, figures=[Sparseness()], targets=1)
    titles = {
        "probe/occlusion": "Occlusion",
        "probe/occlusion-baseline-blur": "Occlusion(baseline='blur')",
        "probe/occlusion-baseline--1.0": "Occlusion(baseline=-1.0)",
        "probe/gradcam/0": "GradCAM",
        "probe/gradcam/2": "GradCAM",
        "probe/layercam/0": "LayerCAM",
        "probe/layercam/2": "LayerCAM",
        "probe/layercam-relu-false/2": "LayerCAM(relu=False)",
        "probe/saliency": "Saliency",
    }
    logged, index = scalars(tmp_path), index_of(tmp_path)
    assert {one.declaration.tag: one.declaration.method for one in index.series()} == titles
    for tag in titles:  # each is compared with its own map of the step before, which is the same
        name = tag.removeprefix("probe/")
        series = name if name.startswith(("gradcam/", "layercam/")) else name.removesuffix("/2")
        assert logged[f"explain/{series}/drift_spearman"] == [(1, pytest.approx(1))]


def test_figures_of_superpixels(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        writer.explain(model, probe, 0, [AblationCA(n_segments=6)], figures=[Insertion(steps=3)])
    (figure,) = message(tmp_path, "probe/ablationca", pb.CORRELATIONS).figures
    assert figure.name == "insertion"
    assert len(figure.values) == 3


def test_what_a_method_says_about_its_own_result(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        gradients, lime = writer.explain(model, probe, 2, [IntegratedGradients(), LIME(n_segments=6, samples=60)])
    (figure,) = message(tmp_path, "probe/integratedgradients").figures
    assert (figure.name, pb.Better.Name(figure.better)) == ("completeness", "LOWER")
    np.testing.assert_allclose(figure.values, gradients.completeness, rtol=1e-6)
    logged = scalars(tmp_path)
    assert logged["explain/integratedgradients/completeness"][0][1] == pytest.approx(
        float(gradients.completeness.mean())
    )
    assert logged["explain/lime/r2"][0][1] == pytest.approx(float(lime.r2.mean()))


def test_a_figure_that_fails_takes_no_map_along(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    probe.masks = None
    with ExplainWriter(tmp_path) as writer:
        assert len(writer.explain(model, probe, 3, [GradCAM("2")], figures=[EnergyInside()])) == 1
        assert writer.failed == 1
    assert message(tmp_path, "probe/gradcam/2").samples
    index = index_of(tmp_path)
    (failure,) = index.failures()
    assert failure.failure.tag == "probe/figures"
    assert "EnergyInside needs to know where the object is; give masks" in failure.failure.message


def test_masks_must_fit_the_images() -> None:
    with pytest.raises(ValueError, match=r"masks must be \[2, 4, 4\], one an image; got \[2, 4, 5\]"):
        Probe(torch.rand(2, 1, 4, 4), masks=torch.zeros(2, 4, 5))
