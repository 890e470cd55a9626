"""Each method's maps tell what the network uses: hidden first it hurts, shown first it suffices, far more than pixels at random do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fruit_pictures import FRUIT_MEAN, fruit8
from torch import Tensor, nn

from tb_explain import methods as m
from tb_explain.methods.quality import Deletion, FigureValues, Insertion, evaluate

pytestmark = pytest.mark.slow

METHODS: list[m.Method] = [
    m.CAM(),
    m.GradCAM(),
    m.GradCAMPlusPlus(),
    m.GradCAMElementWise(),
    m.XGradCAM(),
    m.HiResCAM(),
    m.LayerCAM(),
    m.EigenCAM(),
    m.FinerCAM(),
    m.ScoreCAM(),
    m.AblationCAM(),
    m.SmoothGradCAMPlusPlus(),
    m.FullGrad(),
    m.Saliency(),
    m.SmoothGrad(),
    m.InputXGradient(),
    m.IntegratedGradients(),
    m.GuidedBackprop(),
    m.Deconvnet(),
    m.GuidedGradCAM(),
    m.LRP(),
    m.DeepTaylor(),
    m.XRAI(),
    m.Occlusion(sizes="medium"),
    m.RISE(masks=400),
    m.LIME(samples=300),
    m.KernelSHAP(samples=300),
    m.AblationCA(top=2),
]
# Which beat random order in deletion by less than 0.25: Finer-CAM, which shows what sets a class apart from its like and not the rest
# of the object (0.21), Deconvnet, which hardly depends on the class (0.20), and Full-Grad, whose biases light up everywhere (0.20).
LESS = {m.FinerCAM: 0.15, m.Deconvnet: 0.15, m.FullGrad: 0.15}


class Centred(nn.Module):
    """A network that takes pictures less the mean colour, so that 0, which every method takes for nothing, is no evidence."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images + FRUIT_MEAN)


@pytest.fixture(scope="module")
def figures(fruit8_model: nn.Module) -> dict[str, tuple[FigureValues, FigureValues]]:
    images = fruit8(64, seed=9).images - FRUIT_MEAN
    model = Centred(fruit8_model)
    results = m.attribute(model, images, METHODS)
    # Deep Taylor decomposition needs to meet pixels and their bounds at the first convolution.
    [deep_taylor] = m.attribute(fruit8_model, images + FRUIT_MEAN, [m.DeepTaylor()])
    results[METHODS.index(m.DeepTaylor())] = deep_taylor
    # All at the pictures' resolution, so that all are beside the same random order of single pixels.
    whole = [
        replace(result, maps=nn.functional.interpolate(result.maps[:, None], images.shape[2:], mode="bilinear")[:, 0])
        if isinstance(result, m.Attribution)
        else result
        for result in results
    ]
    found = evaluate(model, images, whole, [Deletion(), Insertion(baseline=0.0)])
    return {type(method).__name__: (one[0], one[1]) for method, one in zip(METHODS, found, strict=True)}


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_maps_beat_random_order(method: m.Method, figures: dict[str, tuple[FigureValues, FigureValues]]) -> None:
    deletion, insertion = figures[type(method).__name__]
    hurts = (deletion.random - deletion.values).mean().item()
    suffices = (insertion.values - insertion.random).mean().item()
    assert hurts >= LESS.get(type(method), 0.25), f"deletion better than at random by {hurts:.3f}"
    assert suffices >= 0.25, f"insertion better than at random by {suffices:.3f}"


def test_random_order_knows_nothing(figures: dict[str, tuple[FigureValues, FigureValues]]) -> None:
    """Half way between all and nothing. The middle of the picture knows a lot here: that is where the fruits are."""
    deletion, insertion = figures["GradCAM"]
    for figure in (deletion, insertion):
        assert 0.4 < figure.random.mean() < 0.6, figure.random.mean()
    assert (insertion.centred - insertion.random).mean() > 0.25
