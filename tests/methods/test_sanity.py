"""Similarity of maps: between classes, between networks that unlearn, and from step to step."""

from __future__ import annotations

from dataclasses import replace

import pytest
import scipy.stats
import torch
from torch import nn
from torch.utils._pytree import tree_map

from tb_explain.methods import EigenCAM, GradCAM, LayerCAM, Occlusion, attribute
from tb_explain.methods.quality import Randomisation, RandomLogit, drift, evaluate
from tb_explain.methods.quality.sanity import _parameters_from_the_top, _with_parameters
from tb_explain.methods.quality.similarity import centres, spearman


class Net(nn.Module):
    """The head is registered before what runs first, and a parameter belongs to the whole."""

    def __init__(self, classes: int = 5) -> None:
        super().__init__()
        self.head = nn.Linear(8, classes)
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(inplace=True))
        self.body = nn.Sequential(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head((self.body(self.stem(images)) * self.scale).amax((2, 3)))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(3, 3, 16, 14, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model() -> Net:
    torch.manual_seed(2)
    return Net()


def test_spearman_equals_scipy() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(6, 300, generator=generator), torch.randn(6, 300, generator=generator)
    a[2], b[3] = a[2].round(), (3 * b[3]).round()  # ties
    a[4, :200] = 0
    b[5] = a[5].exp()
    ours = spearman(a, b)
    for i in range(6):
        assert abs(ours[i].item() - scipy.stats.spearmanr(a[i].numpy(), b[i].numpy()).statistic) <= 1e-6
    assert ours[5] == 1
    large = torch.randn(2, 224 * 224, generator=generator)
    theirs = scipy.stats.spearmanr(large[0].numpy(), large[1].numpy()).statistic
    assert abs(spearman(large[0], large[1]).item() - theirs) <= 1e-5


def test_spearman_of_what_has_no_order_is_nan() -> None:
    values = torch.arange(12.0)
    broken = values.clone()
    broken[3] = torch.nan
    for other in (torch.ones(12), broken, torch.full((12,), torch.inf)):
        assert spearman(values, other).isnan() and spearman(other, values).isnan()


def test_random_logit_compares_with_another_class(model: Net, images: torch.Tensor) -> None:
    """Of two classes the other one is known; a method that does not look at the class always agrees with itself."""
    two = Net(2)
    methods = [GradCAM("body.2", relu=False), EigenCAM("body.2"), Occlusion(sizes=5)]
    results = attribute(two, images, methods, [0, 1, 1])
    others = attribute(two, images, methods, [1, 0, 0])
    values = [found[0].values for found in evaluate(two, images, results, [RandomLogit()])]
    for ours, one, other in zip(values, results, others, strict=True):
        for n in range(3):
            expected = scipy.stats.spearmanr(one.maps[n].flatten(), other.maps[n].flatten()).statistic
            assert abs(ours[n].item() - expected) <= 1e-5
    assert values[1].tolist() == [1, 1, 1]
    # Several targets a sample, and layers that the method itself chose.
    targets = torch.tensor([[0, 1], [2, 3], [4, 0]])
    result = GradCAM(relu=False)(model, images, targets)
    [[found]] = evaluate(model, images, [result], [RandomLogit()])
    assert found.values.shape == (3, 2) and found.values.isfinite().all() and (found.values < 0.999).all()
    assert found.random is None


def test_layers_unlearn_from_the_one_that_runs_last(model: Net, images: torch.Tensor) -> None:
    assert _parameters_from_the_top(model, images[:1]) == [
        ["head.weight", "head.bias"],
        ["body.2.weight", "body.2.bias"],
        ["body.0.weight", "body.0.bias"],
        ["stem.1.weight", "stem.1.bias"],
        ["stem.0.weight", "stem.0.bias"],
        ["scale"],
    ]


def test_an_attentions_projection_belongs_to_the_attention() -> None:
    encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    names = _parameters_from_the_top(encoder, torch.randn(1, 4, 8))
    assert sorted(name for layer in names for name in layer) == sorted(name for name, _ in encoder.named_parameters())


def test_unlearned_networks_share_all_but_what_was_replaced(model: Net) -> None:
    new = torch.randn_like(model.head.weight)
    other = _with_parameters(model, {"head.weight": new})
    assert torch.equal(other.head.weight, new) and not torch.equal(model.head.weight, new)
    assert other.stem[0].weight is model.stem[0].weight and other.stem[1].running_mean is model.stem[1].running_mean


def test_randomisation_leaves_no_trace(model: Net, images: torch.Tensor) -> None:
    model.train()
    model(images).sum().backward()
    before = tree_map(torch.clone, {**model.state_dict(), **{n: p.grad for n, p in model.named_parameters()}})
    state = torch.get_rng_state()
    result = GradCAM("body.2")(model, images, 0)
    first, again, other = (
        evaluate(model, images, [result], [Randomisation()], seed=seed)[0][0].values for seed in (0, 0, 1)
    )
    after = {**model.state_dict(), **{n: p.grad for n, p in model.named_parameters()}}
    assert all(torch.equal(before[name], after[name]) for name in before) and model.training and model.body.training
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_randomisation_tells_what_depends_on_what_was_learned(model: Net, images: torch.Tensor) -> None:
    """With the head alone unlearned, a map of activations is the same; with everything, none is."""

    model.eval()
    results = attribute(model, images, [EigenCAM("stem"), GradCAM("body.2", relu=False), LayerCAM("body.2")], 1)
    whole = evaluate(model, images, results, [Randomisation(stages=1)])
    by_layer = evaluate(model, images, results, [Randomisation(stages=6)])
    assert all(found[0].values.abs().max() < 0.6 for found in whole), [found[0].values for found in whole]
    # Eigen-CAM of the stem holds until the stem itself is reached: four layers of six lie above it or are the head.
    assert (by_layer[0][0].values > 0.5).all() and (by_layer[1][0].values < by_layer[0][0].values).all()


def test_a_change_of_sign_is_no_unlearning(images: torch.Tensor) -> None:
    """With one channel, weights that are drawn anew can only scale the map."""
    model = nn.Sequential(nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 8))
    result = GradCAM("0", relu=False)(model, images[:1, :1], torch.arange(8)[None])
    [[found]] = evaluate(model, images[:1, :1], [result], [Randomisation()])
    assert (found.values > 0.9999).all(), found.values


def test_centres_are_in_pixels_of_the_image() -> None:
    maps = torch.zeros(2, 4, 5)
    maps[0, 1, 3], maps[1, 0, 0], maps[1, 0, 4] = 2, -1, 1
    assert torch.allclose(centres(maps, (4, 5)), torch.tensor([[1.0, 3.0], [0.0, 2.0]]))
    # Each value of the map covers 8 x 6 pixels, 8 to 15 and 18 to 23 for the first.
    assert torch.allclose(centres(maps, (32, 30)), torch.tensor([[11.5, 20.5], [3.5, 14.5]]))


def test_drift_of_a_shifted_map(model: Net, images: torch.Tensor) -> None:
    result = GradCAM("body.2")(model, images, 0)
    maps = torch.zeros(3, 10, 8)
    maps[:, 2:4, 2:4] = torch.tensor([[1.0, 2], [3, 4]])
    moved = maps.roll((3, 4), (1, 2))
    moved[1], moved[2] = maps[1], 0
    likeness, pixels = drift(replace(result, maps=maps), replace(result, maps=moved))
    # Of a map of 10 x 8 for 16 x 14 pixels: 3 rows are 4.8 pixels, 4 columns 7.
    expected = torch.tensor([(4.8**2 + 7**2) ** 0.5, 0, torch.nan])
    assert torch.allclose(pixels.values, expected, equal_nan=True)
    assert likeness.values[0] < 0 and likeness.values[1] == 1 and likeness.values[2].isnan()
    assert (likeness.name, pixels.name) == ("drift_spearman", "drift_pixels")


def test_drift_is_not_defined_between_classes(model: Net, images: torch.Tensor) -> None:
    before = GradCAM("body.2")(model, images, torch.tensor([[0, 1], [0, 1], [0, 1]]))
    after = GradCAM("body.2")(model, images, torch.tensor([[0, 1], [2, 1], [0, 3]]))
    for figure in drift(before, after):
        assert figure.values.isnan().tolist() == [[False, False], [True, False], [False, True]]
    with pytest.raises(ValueError, match="cannot be compared"):
        drift(before, GradCAM("stem")(model, images, 0))
