"""Figures against closed forms, plain loops and torch-cam."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn
from torchcam.metrics import ClassificationMetric, DeletionInsertionMetric

from tb_explain.methods import Attribution, EigenCAM, GradCAM, LayerCAM, MultiLabel, attribute
from tb_explain.methods.quality import (
    ROAD,
    AverageDrop,
    Deletion,
    EnergyInside,
    Figure,
    FigureValues,
    Increase,
    Insertion,
    Pointing,
    RandomLogit,
    Sparseness,
    boxes_as_masks,
    evaluate,
)


class SmallNet(nn.Module):
    """Two convolutions and a pooled head, for any number of channels and of axes."""

    def __init__(self, channels: int = 3, classes: int = 4, axes: int = 2) -> None:
        super().__init__()
        convolution = nn.Conv2d if axes == 2 else nn.Conv3d
        self.features = nn.Sequential(
            convolution(channels, 6, 3, stride=2, padding=1), nn.ReLU(), convolution(6, 8, 3, padding=1), nn.ReLU()
        )
        self.fc = nn.Linear(8, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.features(images).flatten(2).mean(2))


class Additive(nn.Module):
    """Logits (0, sum of w x): evidence is where w x is."""

    def __init__(self, weights: torch.Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        evidence = (images * self.weights).flatten(1).sum(1)
        return torch.stack([torch.zeros_like(evidence), evidence], 1)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 3, 16, 12, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model() -> SmallNet:
    torch.manual_seed(1)
    return SmallNet().eval()


def with_maps(result: Attribution, maps: torch.Tensor) -> Attribution:
    return replace(result, maps=maps)


def one(model: nn.Module, images: torch.Tensor, result: Attribution, figure: Figure, **options: object) -> FigureValues:
    [[found]] = evaluate(model, images, [result], [figure], **options)
    return found


def close(a: torch.Tensor, b: torch.Tensor, tolerance: float = 1e-5) -> None:
    difference = (a - b).abs().max().item()
    assert a.shape == b.shape and difference <= tolerance * max(1, b.abs().max().item()), f"{difference:.2e}\n{a}\n{b}"


def test_curves_equal_a_plain_loop(model: SmallNet, images: torch.Tensor) -> None:
    """Steps that do not divide the number of pixels, and a map at a resolution of its own."""
    result = GradCAM("features.0", relu=False)(model, images, [0, 1, 2])
    deletion, insertion = evaluate(model, images, [result], [Deletion(7, baseline=0.3), Insertion(7, baseline=0.1)])[0]
    shown = nn.functional.interpolate(result.maps[:, None], (16, 12), mode="bilinear")[:, 0]
    for n, image in enumerate(images):
        order = shown[n].flatten().argsort(descending=True)
        curves: list[list[float]] = [[], []]
        fractions = []
        for step in range(8):
            count = round(192 * step / 7)
            fractions.append(count / 192)
            deleted, inserted = image.flatten(1).clone(), torch.full((3, 192), 0.1)
            deleted[:, order[:count]] = 0.3
            inserted[:, order[:count]] = image.flatten(1)[:, order[:count]]
            for curve, picture in zip(curves, (deleted, inserted), strict=True):
                with torch.no_grad():
                    curve.append(model(picture.reshape(1, 3, 16, 12)).softmax(1)[0, n].item())
        for figure, curve in zip((deletion, insertion), curves, strict=True):
            points = zip(fractions, curve, strict=True)
            expected = sum((b - a) * (p + q) / 2 for (a, p), (b, q) in pairwise(points))
            assert abs(figure.values[n] - expected) <= 1e-6


class GivenMaps:
    """What torch-cam's metrics take for an extractor: it has the map already."""

    map: torch.Tensor

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __call__(self, *_: object, **__: object) -> list[torch.Tensor]:
        return [self.map[None]]

    def fuse_cams(self, maps: list[torch.Tensor]) -> torch.Tensor:
        return maps[0]

    def _hooks_off(self) -> nullcontext[None]:
        return nullcontext()


def test_curves_and_drop_equal_torch_cam(model: SmallNet, images: torch.Tensor) -> None:
    def softmax(scores: torch.Tensor) -> torch.Tensor:
        return scores.softmax(1)

    result = GradCAM("features.2", relu=False)(model, images, [0, 1, 3])  # no ties: each breaks them in its own way
    maps = result.maps - result.maps.amin((1, 2), keepdim=True)
    result, normalised = with_maps(result, maps), maps / maps.amax((1, 2), keepdim=True)
    extractor = GivenMaps(model)
    curves = DeletionInsertionMetric(extractor, softmax, steps=24)  # of 192 pixels: equal steps, as ours are
    shown = ClassificationMetric(extractor, softmax)
    for image, extractor.map, target in zip(images, normalised, (0, 1, 3), strict=True):
        curves.update(image[None], target)
        shown.update(image[None], target)
    figures = [Deletion(), Insertion(baseline=0.0), AverageDrop(), Increase()]
    ours = {figure.name: figure.values.mean().item() for figure in evaluate(model, images, [result], figures)[0]}
    theirs = {**curves.summary(), **shown.summary()}
    names = {
        "deletion": "deletion_auc",
        "insertion": "insertion_auc",
        "average_drop": "avg_drop",
        "increase": "conf_increase",
    }
    for mine, its in names.items():
        assert abs(ours[mine] - theirs[its]) <= 1e-5, f"{mine}: {ours[mine]} {theirs[its]}"


def test_the_truth_has_the_best_curves() -> None:
    """Of an additive score no order of pixels deletes or inserts faster than that of what they contribute."""
    generator = torch.Generator().manual_seed(0)
    weights, image = torch.randn(1, 8, 8, generator=generator), torch.rand(1, 1, 8, 8, generator=generator)
    model = Additive(weights / 4)
    maps = torch.stack([(weights * image)[0, 0], *torch.randn(20, 8, 8, generator=generator)])
    template = GradCAM()(SmallNet(1, 2), image, 1)
    results = [with_maps(template, candidate[None]) for candidate in maps]
    found = evaluate(model, image, results, [Deletion(64), Insertion(64, baseline=0.0)])
    deletion, insertion = (torch.cat([figures[i].values for figures in found]) for i in range(2))
    assert (deletion[0] < deletion[1:]).all() and (insertion[0] > insertion[1:]).all()


def test_several_figures_results_and_targets_equal_single_ones(model: SmallNet, images: torch.Tensor) -> None:
    targets = torch.tensor([[0, 3], [1, 2], [2, 0]])
    masks = torch.rand(3, 2, 16, 12) > 0.7
    methods = [GradCAM("features.2"), LayerCAM("features.0"), EigenCAM("features.2")]
    figures = [
        Deletion(5),
        Insertion(5),
        AverageDrop(),
        Increase(),
        ROAD((30, 60)),
        Sparseness(),
        Pointing(1),
        EnergyInside(),
    ]
    results = attribute(model, images, methods, targets)
    together = evaluate(model, images, results, figures, masks=masks, batch_size=2)
    for i, result in enumerate(results):
        for j, figure in enumerate(figures):
            for t in range(2):
                single = replace(result, maps=result.maps[:, t], targets=targets[:, t])
                alone = one(model, images, single, figure, masks=masks[:, t])
                for name in ("values", "random", "centred"):
                    whole = getattr(together[i][j], name)
                    assert whole.shape == (3, 2)
                    close(whole[:, t], getattr(alone, name), 1e-5)


def test_a_random_map_is_judged_as_the_control_is(model: SmallNet, images: torch.Tensor) -> None:
    """The control is uniform noise from the seed: the same at the next step, another with another seed, no trace in torch's."""
    result = GradCAM("features.0")(model, images, 0)
    state = torch.get_rng_state()
    first, again, other = (one(model, images, result, Deletion(6), seed=seed) for seed in (3, 3, 4))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(first.random, again.random) and not torch.equal(first.random, other.random)
    assert torch.equal(first.values, other.values)
    without = one(model, images, result, Deletion(6), controls=False)
    assert without.random is None and without.centred is None
    close(without.values, first.values)


def test_pixels_of_a_constant_map_are_ordered_at_random(model: SmallNet, images: torch.Tensor) -> None:
    result = GradCAM("features.2")(model, images, 0)
    constant = with_maps(result, torch.ones_like(result.maps))
    values = [one(model, images, constant, Deletion(8), seed=seed).values for seed in (0, 0, 1)]
    assert torch.equal(values[0], values[1]) and not torch.equal(values[0], values[2])
    # By position, everything would begin with the upper left corner.
    pointed = [
        one(model, images, constant, Pointing(0), masks=masks_of_corner(), seed=seed).values for seed in range(5)
    ]
    assert torch.stack(pointed).mean() < 0.5


def masks_of_corner() -> torch.Tensor:
    masks = torch.zeros(3, 16, 12, dtype=torch.bool)
    masks[:, 0, 0] = True
    return masks


@pytest.mark.parametrize(
    "figure", [Deletion(3), Insertion(3), AverageDrop(), Increase(), Sparseness(), Pointing(), EnergyInside()]
)
def test_not_a_number_stays_not_a_number(model: SmallNet, images: torch.Tensor, figure: Figure) -> None:
    result = GradCAM("features.2", relu=False)(model, images, 0)
    maps = result.maps.clone()
    maps[1, 0, 0] = torch.nan
    found = one(model, images, with_maps(result, maps), figure, masks=images[:, 0] > 0.5)
    assert found.values.isnan().tolist() == [False, True, False]
    assert found.random.isfinite().all() and found.centred.isfinite().all()


def test_of_a_zero_map_what_is_not_defined_is_nan(model: SmallNet, images: torch.Tensor) -> None:
    result = GradCAM("features.2")(model, images, 0)
    nothing = with_maps(result, torch.zeros_like(result.maps))
    for figure in (Sparseness(), EnergyInside(), RandomLogit()):
        values = one(model, images, nothing, figure, masks=images[:, 0] > 0.5).values
        assert values.isnan().all(), figure
    empty = torch.zeros(3, 16, 12, dtype=torch.bool)
    for figure in (Pointing(), EnergyInside()):
        assert one(model, images, result, figure, masks=empty).values.isnan().all(), figure


def test_sparseness_is_the_gini_coefficient(model: SmallNet, images: torch.Tensor) -> None:
    result = GradCAM("features.2")(model, images, 0)
    maps = torch.stack([torch.full((10, 10), -2.0), torch.zeros(10, 10), torch.arange(100.0).reshape(10, 10)])
    maps[1, 3, 4] = -5
    values = one(model, images, with_maps(result, maps), Sparseness()).values
    # All alike: 0. One of n: 1 - 1 / n. The numbers 0 to n - 1: (n + 1) / 3n.
    close(values, torch.tensor([0, 0.99, 101 / 300]), 1e-6)


def test_pointing_within_a_tolerance(model: SmallNet, images: torch.Tensor) -> None:
    result = GradCAM("features.2")(model, images, 0)
    maps, masks = torch.zeros(3, 16, 12), torch.zeros(3, 16, 12, dtype=torch.bool)
    masks[:, 4:8, 2:6] = True
    maps[0, 5, 3] = maps[1, 10, 8] = maps[2, 11, 8] = 1  # inside, sqrt(3² + 3²) and 5 pixels away
    pointing = {
        tolerance: one(model, images, with_maps(result, maps), Pointing(tolerance), masks=masks).values.tolist()
        for tolerance in (0, 4.3, 5)
    }
    assert pointing == {0: [1, 0, 0], 4.3: [1, 1, 0], 5: [1, 1, 1]}


def test_energy_inside_counts_what_is_above_zero(model: SmallNet, images: torch.Tensor) -> None:
    result = GradCAM("features.2")(model, images, 0)
    maps = torch.full((3, 16, 12), -1.0)
    maps[:, 0, 0], maps[:, 8, 8] = 3, 1
    found = one(model, images, with_maps(result, maps), EnergyInside(), masks=masks_of_corner())
    close(found.values, torch.full((3,), 0.75))
    close(found.random.mean(), torch.tensor(0.005), 0.01)


def test_what_speaks_against_the_target_is_not_shown(model: SmallNet, images: torch.Tensor) -> None:
    result = GradCAM("features.2", relu=False)(model, images, 0)
    assert result.maps.min() < 0
    positive = with_maps(result, result.maps.clamp(min=0))
    for figure in (AverageDrop(baseline="mean"), Increase()):
        close(one(model, images, result, figure).values, one(model, images, positive, figure).values)


def test_boxes_are_masks_of_the_pixels_inside() -> None:
    boxes = torch.tensor([[[1, 2, 4, 6.0], [0, 0, 0, 0]], [[0, 0, 1, 1], [9, 7, 10, 8]]])
    masks = boxes_as_masks(boxes, (8, 10))
    expected = torch.zeros(2, 8, 10, dtype=torch.bool)
    expected[0, 2:6, 1:4] = expected[1, 0, 0] = expected[1, 7, 9] = True
    assert torch.equal(masks, expected)


def test_greyscale_voxels_and_a_single_logit() -> None:
    torch.manual_seed(0)
    figures = [Deletion(4), Insertion(4), AverageDrop(), Sparseness(), Pointing(1), EnergyInside()]
    for model, images in (
        (SmallNet(1, 1), torch.rand(2, 1, 9, 7)),
        (SmallNet(1, 3, axes=3), torch.rand(2, 1, 6, 8, 7)),
    ):
        result = GradCAM("features.2", relu=False)(model, images, 1)
        found = evaluate(model, images, [result], figures, masks=images[:, 0] > 0.5)[0]
        for figure in found:
            assert figure.values.shape == (2,) and figure.values.isfinite().all(), figure.name
            assert figure.random.isfinite().all() and figure.centred.isfinite().all(), figure.name
    with pytest.raises(ValueError, match="ROAD fills in pixels of images"):
        evaluate(model, images, [result], [ROAD()])


def test_labels_and_callables_are_read_as_they_were(model: SmallNet, images: torch.Tensor) -> None:
    labels = GradCAM("features.2")(model, images, MultiLabel(torch.tensor([1, 1, 2])))
    deletion = one(model, images, labels, Deletion(1), targets=MultiLabel())
    with torch.no_grad():
        scores = torch.stack([model(images), model(torch.zeros_like(images))]).sigmoid()
    close(deletion.values, scores.mean(0)[torch.arange(3), torch.tensor([1, 1, 2])])

    def margin(output: torch.Tensor) -> torch.Tensor:
        return output[:, 0] - output[:, 1]

    result = GradCAM("features.2")(model, images, margin)
    found = one(model, images, result, Deletion(1), targets=margin)
    with torch.no_grad():
        close(found.values, (margin(model(images)) + margin(model(torch.zeros_like(images)))) / 2)
    assert one(model, images, result, RandomLogit(), targets=margin).values.isnan().all()
    with pytest.raises(ValueError, match="callables, not classes; give them as targets again"):
        one(model, images, result, Deletion(1))


def test_what_does_not_fit_is_said(model: SmallNet, images: torch.Tensor) -> None:
    result = GradCAM("features.2")(model, images, 0)
    for arguments, message in (
        ((images, [result], []), "at least one result and one figure"),
        ((images, [result], [result]), "is no figure; give values such as"),
        ((images, [result], [Pointing()]), "Pointing needs to know where the object is"),
        (
            (images[:2], [result], [Deletion()]),
            r"explain 3 images \[16, 12\], but the images given are \[2, 3, 16, 12\]",
        ),
        ((images, [result, GradCAM("features.2")(model, images, 1)], [Deletion()]), "different targets"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            evaluate(model, *arguments)
    with pytest.raises(ValueError, match=r"masks must be \[N, H, W\]"):
        evaluate(model, images, [result], [Pointing()], masks=torch.zeros(3, 8, 12))
    with pytest.raises(ValueError, match="steps must be 1 or more, got 0"):
        Deletion(steps=0)
    with pytest.raises(ValueError, match="percentiles must be whole numbers from 1 to 99"):
        ROAD(percentiles=(0, 50))
