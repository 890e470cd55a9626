"""What other libraries return is logged as it comes: their own results, by their own packages, read back as they mean them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import tb_explain
from tb_explain import ExplainWriter, Probe
from tb_explain.pictures import projections

CLASS = 1


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 5, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, 4),
    ).eval()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def logged(directory: Path, verb: str, *given: Any, **about: Any) -> Any:
    with ExplainWriter(directory) as writer:
        getattr(writer, verb)("t", *given, global_step=3, **about)
    return tb_explain.open(directory).runs["."].tags["t"].read()


def same(logged: np.ndarray, expected: Any) -> None:
    expected = np.asarray(expected)
    np.testing.assert_allclose(logged, expected, atol=np.abs(expected).max() / 1000)


def test_captum(tmp_path: Path, model: nn.Module, images: torch.Tensor) -> None:
    from captum.attr import IntegratedGradients, LayerGradCam

    of_pixels = IntegratedGradients(model).attribute(images, target=CLASS)
    record = logged(tmp_path / "pixels", "add_heatmaps", of_pixels, images, targets=CLASS, exact=True)
    same(record.maps, of_pixels.sum(1, keepdim=True))
    assert record.targets.tolist() == [[CLASS], [CLASS]]
    record = logged(tmp_path / "probe", "add_heatmaps", of_pixels, Probe(images), exact=True)
    same(record.maps, of_pixels.sum(1, keepdim=True))

    cam = LayerGradCam(model, model[2]).attribute(images, target=CLASS)  # [N, 1, h, w], with its graph
    assert cam.requires_grad
    same(logged(tmp_path / "cam", "add_heatmaps", cam, images, targets=CLASS, exact=True).maps, cam.detach())


def test_maps_of_as_many_targets_as_channels_stay_apart(tmp_path: Path, images: torch.Tensor) -> None:
    record = logged(tmp_path, "add_heatmaps", images, images, targets=[[0, 1, 2], [3, 2, 1]], exact=True)
    same(record.maps, images)


def test_channels_last(tmp_path: Path, images: torch.Tensor) -> None:
    shown = images.permute(0, 2, 3, 1)
    record = logged(tmp_path, "add_heatmaps", images, shown, dataformats="NHWC", exact=True)
    same(record.maps, images.sum(1, keepdim=True))


def test_attributions_of_voxels_are_shown_by_their_projections(tmp_path: Path) -> None:
    voxels = torch.rand(2, 1, 8, 5, 6, generator=torch.Generator().manual_seed(0)) - 0.5
    expected = projections(voxels.sum(1).numpy())[:, None]
    for i, images in enumerate([Probe(voxels + 0.5), voxels + 0.5]):
        record = logged(tmp_path / str(i), "add_heatmaps", voxels, images, targets=CLASS, exact=True)
        same(record.maps, expected)
    # With the classes last they are still those of images.
    of_classes = torch.rand(2, 3, 8, 8, 4)
    same(
        logged(tmp_path / "classes", "add_heatmaps", of_classes, torch.rand(2, 3, 8, 8), exact=True).maps,
        of_classes.sum(1).movedim(-1, 1),
    )


def test_pytorch_grad_cam(tmp_path: Path, model: nn.Module, images: torch.Tensor) -> None:
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    maps = GradCAM(model=model, target_layers=[model[2]])(images, [ClassifierOutputTarget(CLASS)] * 2)
    same(logged(tmp_path, "add_heatmaps", maps, images, targets=CLASS, exact=True).maps[:, 0], maps)


def test_torch_cam(tmp_path: Path, model: nn.Module, images: torch.Tensor) -> None:
    from torchcam.methods import GradCAM

    with GradCAM(model, model[2]) as extract:
        maps = extract(CLASS, model(images))
    assert isinstance(maps, list)
    same(logged(tmp_path, "add_heatmaps", maps, images, targets=CLASS, exact=True).maps[:, 0], maps[0])


def test_shap_values(tmp_path: Path, model: nn.Module, images: torch.Tensor) -> None:
    import shap

    values, classes = shap.GradientExplainer(model, images).shap_values(images, nsamples=4, ranked_outputs=2)
    assert values.shape == (2, 3, 16, 16, 2)
    record = logged(tmp_path, "add_heatmaps", values, images, targets=classes, exact=True)
    same(record.maps, values.sum(1).transpose(0, 3, 1, 2))
    assert record.targets.tolist() == classes.tolist()


def test_maps_of_all_classes_need_no_targets(tmp_path: Path, model: nn.Module, images: torch.Tensor) -> None:
    import shap

    values = shap.GradientExplainer(model, images).shap_values(images, nsamples=4)
    names = [f"class {k}" for k in range(values.shape[-1])]
    record = logged(tmp_path / "all", "add_heatmaps", values, images, class_names=names, exact=True)
    same(record.maps, values.sum(1).transpose(0, 3, 1, 2))
    assert record.targets.tolist() == [list(range(len(names)))] * 2
    record = logged(tmp_path / "some", "add_heatmaps", values[..., :2], images, class_names=names, exact=True)
    assert record.targets.tolist() == [[-1, -1]] * 2  # nobody says which


def test_a_shap_explanation(tmp_path: Path, model: nn.Module, images: torch.Tensor) -> None:
    import shap

    def probabilities(batch: np.ndarray) -> np.ndarray:
        return model(torch.as_tensor(batch).permute(0, 3, 1, 2).float()).softmax(1).detach().numpy()

    pixels = images.permute(0, 2, 3, 1).numpy()
    explainer = shap.Explainer(probabilities, shap.maskers.Image("blur(4,4)", (16, 16, 3)), silent=True)
    explanation = explainer(pixels, max_evals=20, outputs=shap.Explanation.argsort.flip[:2])
    assert explanation.values.shape == (2, 16, 16, 3, 2)
    record = logged(tmp_path, "add_heatmaps", explanation, images, exact=True)
    same(record.maps, explanation.values.sum(3).transpose(0, 3, 1, 2))


def test_lime(tmp_path: Path, model: nn.Module, images: torch.Tensor) -> None:
    from lime.lime_image import LimeImageExplainer

    def probabilities(batch: np.ndarray) -> np.ndarray:
        return model(torch.as_tensor(batch).permute(0, 3, 1, 2).float()).softmax(1).detach().numpy()

    def explain(image: torch.Tensor) -> Any:
        pixels = image.permute(1, 2, 0).double().numpy()
        return LimeImageExplainer(random_state=0).explain_instance(
            pixels, probabilities, top_labels=2, num_samples=40, hide_color=0
        )

    explanations = [explain(image) for image in images]
    record = logged(tmp_path / "two", "add_superpixels", explanations)
    for i, explanation in enumerate(explanations):
        assert record.targets[i].tolist() == list(explanation.top_labels)
        np.testing.assert_array_equal(record.samples[i].segments, explanation.segments)
        for j, label in enumerate(explanation.top_labels):
            weights = dict(explanation.local_exp[label])
            expected = [weights.get(superpixel, 0) for superpixel in range(record.weights.shape[2])]
            np.testing.assert_allclose(record.weights[i, j], expected, rtol=1e-6, atol=1e-9)
            assert record.intercepts[i, j] == pytest.approx(explanation.intercept[label], rel=1e-6)
        np.testing.assert_array_equal(
            record.samples[i].image, (images[i].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        )
    assert logged(tmp_path / "one", "add_superpixels", explanations[0]).weights.shape[:2] == (1, 2)
    same(logged(tmp_path / "shown", "add_superpixels", explanations, None, images).weights, record.weights)


def test_segments_without_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="weights of the superpixels are missing"):
        logged(tmp_path, "add_superpixels", np.zeros((1, 4, 4), int))
