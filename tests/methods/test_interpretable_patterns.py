"""Patterns planted among the peaks of filters are found, and the up-convolution shows a filter where it speaks."""

from __future__ import annotations

import copy
import math
from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain.methods import UpConvolution, make_interpretable, mine_patterns

N = 160


def network(axes: int = 2) -> nn.Sequential:
    """Channel f of the image, rectified, is the map of filter f."""
    pool = {2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d}[axes](1)
    return nn.Sequential(OrderedDict(maps=nn.ReLU(), pool=pool, head=nn.Flatten()))


def planted() -> tuple[Tensor, Tensor]:
    """Images of 5 channels, and labels.

    Things (class 1): channel 0 peaks left above the middle, 1 in the middle, 2 at either of two places, 3 nowhere. Other images:
    channel 1 peaks anywhere. Channel 4 peaks anywhere in all images.
    """
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(N) % 2
    middle = torch.randint(8, 16, (N, 2), generator=generator)
    images = torch.zeros(N, 5, 24, 24)

    def put(i: int, f: int, at: Tensor, jitter: int = 1) -> None:
        y, x = (at + torch.randint(-jitter, jitter + 1, (2,), generator=generator)).tolist()
        images[i, f, y, x] = 1.0 + float(torch.rand(1, generator=generator))

    for i in range(N):
        if labels[i]:
            put(i, 0, middle[i] + torch.tensor([-5, -4]))
            put(i, 1, middle[i])
            if i % 4 == 1:
                images[i, 0].zero_()
            put(i, 2, middle[i] + torch.tensor([5, 4] if i % 4 == 1 else [5, -6]))
        else:
            put(i, 1, torch.randint(2, 22, (2,), generator=generator))
        put(i, 4, torch.randint(2, 22, (2,), generator=generator))
    return images, labels


def test_planted_places_are_found_with_their_spread_and_what_occurs_together() -> None:
    images, labels = planted()
    loader = DataLoader(TensorDataset(images, labels), 50)
    found = mine_patterns(network(), "maps", loader, 1, quantile=1 - 1 / 576)
    # The anchor is a mean of peaks, channel 4's too, so that offsets differ by a third of what they scatter.
    assert found.modes[1] == 1 and found.modes[2] >= 2 and found.modes[3] == 0
    assert found.confidence[:3].tolist() == pytest.approx([1, 0.5, 1]) and found.peaks[0] == 1
    two = [node for node in found.nodes if node.filter == 2]
    assert sum(node.support for node in two) > 0.9
    assert found.anchors.shape == (N, 2) and found.places.shape == (N, 5, 2)
    best = found.patterns[0]
    assert best.confidence == 1 and best.support >= 0.3
    for pattern in found.patterns:
        nodes = [found.nodes[node] for node in pattern.nodes]
        rows, places = found.where(*pattern.nodes)
        mine = labels[rows] == 1
        assert pattern.support == pytest.approx(float(mine.sum()) / 80)
        assert pattern.confidence == pytest.approx(float(mine.float().mean())) and pattern.confidence >= 0.95
        for j, node in enumerate(nodes):
            peaks = images[rows, node.filter].flatten(1).argmax(1)
            assert torch.equal(places[:, j], torch.stack([peaks // 24, peaks % 24], 1))
            offset = places[:, j] - found.anchors[rows] - torch.tensor(node.offset)
            assert (offset.norm(dim=1) <= 3 * node.spread + 1e-4).all()
    for j, node in enumerate(found.nodes):
        rows, places = found.where(j)
        away = (places[:, 0] - found.anchors[rows] - torch.tensor(node.offset)).norm(dim=1)
        assert away.max() <= 3 * node.spread + 1e-4, "channel 1 is elsewhere in other images"
    assert len({pattern.nodes for pattern in found.patterns}) == len(found.patterns) <= 20
    again = mine_patterns(network(), "maps", images, 1, labels=labels, quantile=1 - 1 / 576)
    assert again.patterns == found.patterns and again.nodes == found.nodes


def test_offsets_are_exact_where_the_anchor_is() -> None:
    """Without the wandering channel, and symmetric about the middle, the anchor is the middle."""
    images = torch.zeros(40, 2, 24, 24)
    for i in range(40):
        y, x = 8 + i % 7, 9 + i % 5
        images[i, 0, y - 3, x - 2] = images[i, 1, y + 3, x + 2] = 1.0
    found = mine_patterns(network(), "maps", images, quantile=1 - 1 / 576)
    assert [node.offset for node in found.nodes] == [pytest.approx((-3, -2)), pytest.approx((3, 2))]
    assert all(node.spread == pytest.approx(math.sqrt(1 / 12), abs=1e-6) for node in found.nodes)
    assert [node.part for node in found.nodes] == [0, 1] and found.modes.tolist() == [1, 1]
    (pattern,) = found.patterns
    assert pattern.nodes == (0, 1) and pattern.support == 1 and math.isnan(pattern.confidence)
    assert found.confidence.isnan().all()
    images[:, 1] = images[:, 0].roll(1, 2)  # one position to the right of the first
    assert [node.part for node in mine_patterns(network(), "maps", images, quantile=1 - 1 / 576).nodes] == [0, 0]


def test_two_peaks_an_image_are_counted_where_they_do_not_touch() -> None:
    images = torch.zeros(20, 1, 16, 16)
    images[:, 0, 3, 3], images[:, 0, 3, 5], images[:, 0, 10, 10] = 2.0, 1.0, 1.5
    found = mine_patterns(network(), "maps", images, quantile=1 - 3 / 256)
    assert found.peaks.tolist() == [2], "the second lies within two positions of the first"
    assert torch.equal(found.places[:, 0], torch.tensor([[3, 3]]).expand(20, 2))


def test_constant_and_broken_images_and_an_interpretable_layer() -> None:
    images = torch.rand(30, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    images[3] = 0.5
    images[4, 0] = torch.nan
    found = mine_patterns(network(), "maps", images)
    assert found.anchors.isfinite().all() and found.anchors[3].tolist() == [3.5, 3.5]
    model = make_interpretable(network(), "maps")
    assert mine_patterns(model, "maps", images).nodes == found.nodes
    nothing = mine_patterns(network(), "maps", torch.zeros(5, 2, 8, 8))
    assert nothing.nodes == () and nothing.patterns == () and nothing.modes.tolist() == [0, 0]


def test_which_images_are_of_the_class_must_be_known() -> None:
    images = torch.rand(12, 2, 8, 8)
    with pytest.raises(ValueError, match="to know which images are of class 1, labels of all 12 images are needed"):
        mine_patterns(network(), "maps", images, 1)
    with pytest.raises(ValueError, match="labels of all 12 images"):
        mine_patterns(network(), "maps", images, 1, labels=torch.zeros(11, dtype=torch.long))
    with pytest.raises(ValueError, match="no image is of class 7"):
        mine_patterns(network(), "maps", images, 7, labels=torch.zeros(12, dtype=torch.long))


def scenes(n: int = 48) -> Tensor:
    """Channel f has a bright square somewhere."""
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(n, 3, 16, 16)
    for i in range(n):
        for f in range(3):
            y, x = torch.randint(2, 12, (2,), generator=generator).tolist()
            images[i, f, y : y + 3, x : x + 3] = 1.0
    return images


@pytest.fixture(scope="module")
def fitted() -> UpConvolution:
    return UpConvolution(pooled(), "maps").fit(DataLoader(scenes(), 8, shuffle=True), epochs=20)


def pooled() -> nn.Sequential:
    model = network()
    model.maps = nn.Sequential(nn.AvgPool2d(2), nn.ReLU())
    return model


def test_the_decoder_learns_and_a_filter_is_shown_where_it_speaks(fitted: UpConvolution) -> None:
    images = scenes()
    assert fitted.losses[-1] < 0.5 * fitted.losses[0] and len(fitted.losses) == 20, fitted.losses
    for f in range(3):
        found = fitted.synthesise(images, [f])
        assert found.pictures.shape == images.shape and found.filters == (f,)
        torch.testing.assert_close(found.energy, found.pictures.square().sum(1))
        near = nn.functional.max_pool2d(images[:, f : f + 1], 7, 1, 3)[:, 0] > 0
        assert found.share_inside(near).mean() > 0.8
        colours = found.pictures.square().sum((0, 2, 3))
        assert colours.argmax() == f, "filter f is colour f"
    silent = fitted.synthesise(torch.zeros(2, 3, 16, 16), [0])
    assert silent.energy.abs().max() < 1e-8, "U(0) is nothing"


def test_a_synthesis_knows_the_filters_windows_only(fitted: UpConvolution) -> None:
    images = scenes()[:4]
    z = fitted.maps(images)
    assert 0.9 < z.amax() <= 1 and z.shape == (4, 3, 8, 8)
    at = torch.tensor([[[1, 1], [6, 5]]]).expand(4, 2, 2)
    only = torch.zeros_like(z)
    only[:, 0, 0:3, 0:3] = z[:, 0, 0:3, 0:3]
    only[:, 2, 5:8, 4:7] = z[:, 2, 5:8, 4:7]
    expected = fitted.decode(only) - fitted.decode(torch.zeros_like(only))
    torch.testing.assert_close(fitted.synthesise(images, [0, 2], at, radius=1).pictures, expected)
    only = torch.zeros_like(z)
    only[:, 1] = z[:, 1]
    whole = fitted.decode(only) - fitted.decode(torch.zeros_like(only))
    torch.testing.assert_close(fitted.synthesise(images, [1], radius=None).pictures, whole)


def test_a_fit_can_be_repeated_and_leaves_the_network_and_random_numbers_alone() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 2))
    before = copy.deepcopy(model.state_dict())
    state = torch.get_rng_state()
    loader = DataLoader(scenes(16), 8, shuffle=True)
    first = UpConvolution(model, "2").fit(loader, epochs=2).state_dict()
    assert torch.equal(torch.get_rng_state(), state) and model.training
    torch.rand(1)
    second, other = (UpConvolution(model, "2", seed=seed).fit(loader, epochs=2).state_dict() for seed in (0, 1))
    for name, value in before.items():
        assert torch.equal(value, model.state_dict()[name]), name
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, second[name]) for name, value in first.items() if isinstance(value, Tensor))
    assert not torch.equal(first["stages.0.weight"], other["stages.0.weight"])


def test_a_decoder_is_saved_and_loaded(fitted: UpConvolution) -> None:
    again = UpConvolution(pooled(), "maps")
    again.load_state_dict(fitted.state_dict())
    images = scenes()[:3]
    assert torch.equal(again.synthesise(images, [1]).energy, fitted.synthesise(images, [1]).energy)
    empty = UpConvolution(pooled(), "maps")
    empty.load_state_dict(UpConvolution(pooled(), "maps").state_dict())


def test_voxels_and_sizes_that_are_no_power_of_two() -> None:
    voxels = torch.rand(6, 2, 5, 6, 7)
    up = UpConvolution(network(axes=3), "maps").fit([voxels], epochs=1)
    assert up.synthesise(voxels, [1]).pictures.shape == voxels.shape
    model = network()
    model.maps = nn.Sequential(nn.Conv2d(3, 2, 3, stride=3), nn.ReLU())
    images = torch.rand(4, 3, 20, 27)
    assert UpConvolution(model, "maps").fit([images], epochs=1).synthesise(images, [0, 1]).energy.shape == (4, 20, 27)


def test_what_does_not_fit_is_said_in_a_sentence(fitted: UpConvolution) -> None:
    with pytest.raises(RuntimeError, match="has not been trained yet; call fit first"):
        UpConvolution(pooled(), "maps").synthesise(scenes(2), [0])
    with pytest.raises(ValueError, match="layer 'pool' has one position"):
        UpConvolution(pooled(), "pool").fit([scenes(2)])
    with pytest.raises(ValueError, match="epochs must be 1 or more"):
        UpConvolution(pooled(), "maps").fit([scenes(2)], epochs=0)
    with pytest.raises(ValueError, match="the loader gives no images"):
        UpConvolution(pooled(), "maps").fit([])
    with pytest.raises(ValueError, match="no batch of an epoch had a loss that is a number"):
        UpConvolution(pooled(), "maps").fit([torch.full((2, 3, 16, 16), torch.nan)], epochs=1)
    for wrong in ([], [3], [-1]):
        with pytest.raises(ValueError, match="filters must be some of the layer's, 0 to 2"):
            fitted.synthesise(scenes(2), wrong)
    with pytest.raises(ValueError, match=r"at must be \[2, 1, 2\], got \[1, 2\]"):
        fitted.synthesise(scenes(2), [0], torch.zeros(1, 2))
