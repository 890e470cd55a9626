"""Gradient methods on networks that have learned."""

from __future__ import annotations

import copy

import torch
from fruit_pictures import fruit8
from scipy.stats import spearmanr
from torch import Tensor, nn

from tb_explain.methods import GradCAM, GuidedBackprop, GuidedGradCAM, IntegratedGradients, attribute


def test_integrated_gradients_are_complete_on_a_trained_network(fruit8_model: nn.Module) -> None:
    """Below 5 % for every image, and far below for most."""
    fruits = fruit8(24, seed=5)
    baselines = fruits.images.mean((2, 3), keepdim=True)
    found = IntegratedGradients(baselines)(fruit8_model, fruits.images, fruits.labels)
    with torch.no_grad():
        rows = torch.arange(24)
        rise = (fruit8_model(fruits.images) - fruit8_model(baselines.expand_as(fruits.images)))[rows, fruits.labels]
    error = ((found.maps.sum((1, 2)) - rise) / rise).abs()
    assert error.max() < 0.05, error
    assert found.completeness is not None
    assert (found.completeness - error).abs().max() <= 1e-3
    assert error.median() < 0.01, error.median()


def inside(maps: Tensor, masks: Tensor) -> float:
    """The share of the maps that lies on the objects."""
    if maps.shape[1:] != masks.shape[1:]:
        maps = nn.functional.interpolate(maps[:, None], masks.shape[1:], mode="bilinear")[:, 0]
    return ((maps * masks).sum((1, 2)) / maps.sum((1, 2)).clamp(min=1e-12)).mean().item()


def test_guided_grad_cam_is_finer_than_both_of_its_parts(fruit8_model: nn.Module) -> None:
    fruits = fruit8(64, seed=4)
    methods = [GradCAM("features"), GuidedBackprop(), GuidedGradCAM("features")]
    found = attribute(fruit8_model, fruits.images, methods, fruits.labels)
    cam, guided, both = (inside(result.maps, fruits.masks) for result in found)
    assert both >= 1.5 * cam, f"{both:.2f}, {cam:.2f}"
    assert both >= guided, f"{both:.2f}, {guided:.2f}"


def test_guided_backpropagation_hardly_sees_the_last_layer(fruit8_model: nn.Module) -> None:
    """What its documentation warns of (Adebayo et al. 2018): with a random head the map is nearly the same; Guided Grad-CAM's is not."""
    fruits = fruit8(32, seed=4)
    random = copy.deepcopy(fruit8_model)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        random.fc.reset_parameters()
    similar = []
    for method in (GuidedBackprop(), GuidedGradCAM("features")):
        maps = [method(model, fruits.images, fruits.labels).maps.flatten(1) for model in (fruit8_model, random)]
        ranks = [spearmanr(a, b).statistic for a, b in zip(*maps, strict=True) if a.any() and b.any()]
        similar.append(sum(ranks) / len(ranks))
    assert similar[0] >= 0.8, similar
    assert similar[1] <= 0.5, similar
