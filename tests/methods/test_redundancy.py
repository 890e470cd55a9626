"""Planted copies among filters are found, whatever was done to them, and nothing is found where nothing is alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods import FilterRedundancy, Redundancy
from tb_explain.methods.channel_moments import ChannelMoments
from tb_explain.methods.filter_similarity import colour_similarity, turns, weight_similarity

GENERATOR = torch.Generator().manual_seed(0)


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=GENERATOR)


def convolution(weight: Tensor, **how: Any) -> nn.Conv2d:
    layer = nn.Conv2d(weight.shape[1], len(weight), weight.shape[2], padding=weight.shape[2] // 2, **how)
    layer.weight.data = weight.clone()
    if layer.bias is not None:
        layer.bias.data.zero_()
    return layer


def redundancy(model: nn.Module, *how: Any, **more: Any) -> list[Redundancy]:
    return FilterRedundancy(*how, **more).report(model)


def only(found: list[Redundancy]) -> Redundancy:
    (one,) = found
    return one


def test_a_square_has_8_symmetries_and_a_cube_48() -> None:
    for extents, count in (((3, 3), 8), ((3, 3, 3), 48), ((1, 1), 1), ((3, 5), 4), ((1, 3), 2)):
        found = turns(extents)
        kernel = noise(1, *extents)
        assert len({tuple(turn(kernel).flatten().tolist()) for turn in found}) == len(found) == count
        assert torch.equal(found[0](kernel), kernel)


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_quarter_turns_are_called_by_their_angle(quarter: int) -> None:
    kernel = noise(1, 3, 3)
    (name,) = [turn.name for turn in turns((3, 3)) if torch.equal(turn(kernel), kernel.rot90(quarter, (1, 2)))]
    assert name == f"rotated {90 * quarter}°"


def test_planted_copies_are_found_with_what_was_done_to_them() -> None:
    bank = noise(8, 4, 3, 3)
    bank[3] = 2.5 * bank[0]
    bank[5] = bank[1].rot90(1, (1, 2)) + 0.7
    bank[6] = 0.1 * bank[2].flip(2)
    found = weight_similarity(bank)
    for f, g in ((0, 3), (1, 5), (2, 6)):
        assert found.values[f, g] == pytest.approx(1, abs=1e-5) == found.values[g, f]
        undone = found.turns[int(found.turned[g, f])](bank[f : f + 1])
        cosine = torch.corrcoef(torch.stack([undone.flatten(), bank[g].flatten()]))[0, 1]
        assert cosine == pytest.approx(1, abs=1e-5), "the turn makes g of f"
    assert found.turns[int(found.turned[0, 3])].name == "as it is"
    assert {found.turns[int(found.turned[f, g])].name for f, g in ((5, 1), (1, 5))} == {"rotated 90°", "rotated 270°"}
    assert found.turns[int(found.turned[2, 6])].name == "mirrored left to right"
    rest = found.values.clone().fill_diagonal_(0)
    for f, g in ((0, 3), (1, 5), (2, 6)):
        rest[f, g] = rest[g, f] = 0
    assert rest.max() < 0.7

    report = only(redundancy(nn.Sequential(convolution(bank), nn.ReLU()), "0"))
    assert {group.channels: group.relation for group in report.groups} == {
        (0, 3): "copy",
        (1, 5): "turned",
        (2, 6): "turned",
    }
    assert report.redundant == 3 / 8
    assert report.activations is report.accuracy is None


def test_the_cosine_is_that_of_the_filters_less_their_means() -> None:
    bank = noise(5, 2, 3, 3)
    expected = np.corrcoef(bank.flatten(1).numpy())
    ours = weight_similarity(bank)
    assert (ours.values.numpy() >= expected - 1e-5).all()
    as_they_are = (ours.turned == 0).numpy()
    np.testing.assert_allclose(ours.values.numpy()[as_they_are], expected[as_they_are], atol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_an_orthogonal_bank_has_no_pairs(seed: int) -> None:
    bank, _ = torch.linalg.qr(torch.randn(36, 36, generator=torch.Generator().manual_seed(seed)))
    report = only(redundancy(nn.Sequential(convolution(bank[:24].reshape(24, 4, 3, 3))), "0"))
    assert report.groups == []
    assert report.redundant == 0


def test_voxel_filters_are_turned_in_space() -> None:
    bank = noise(4, 2, 3, 3, 3)
    bank[3] = bank[1].permute(0, 2, 3, 1).flip(1, 2)
    found = weight_similarity(bank)
    assert found.values[1, 3] == pytest.approx(1, abs=1e-5)
    assert found.values[0, 3] < 0.8
    assert torch.equal(found.turns[int(found.turned[3, 1])](bank[1:2]), bank[3:])


def test_filters_of_other_colours_have_the_same_pattern() -> None:
    patterns, colours = noise(6, 1, 5, 5), noise(6, 3, 1, 1)
    patterns[4] = -patterns[1].rot90(1, (1, 2))
    bank = patterns * colours
    bank[5] = noise(3, 5, 5)  # of no single colour
    found = colour_similarity(bank)
    assert found.values[1, 4] == pytest.approx(1, abs=1e-4)
    assert (found.values[5] == 0).all()
    assert found.values[0, 2] < 0.9
    assert weight_similarity(bank).values[1, 4] < 0.9
    report = only(redundancy(nn.Sequential(convolution(bank)), "0"))
    assert [(group.channels, group.relation) for group in report.groups] == [((1, 4), "recoloured")]


def test_filters_that_see_other_channels_are_not_compared() -> None:
    bank = noise(4, 1, 3, 3)
    bank[2] = bank[0]
    found = weight_similarity(bank, groups=4)
    torch.testing.assert_close(found.values, torch.eye(4))


def test_zero_and_constant_filters_are_named_and_resemble_nothing() -> None:
    bank = noise(5, 2, 3, 3)
    bank[1] = 0
    bank[3] = 0.25
    bank[4] = 0
    report = only(redundancy(nn.Sequential(convolution(bank)), "0"))
    assert report.dead == (1, 3, 4)
    assert report.groups == []


def test_single_weights_are_compared_over_the_channels() -> None:
    bank = noise(4, 6, 1, 1)
    bank[2] = 3 * bank[0]
    found = weight_similarity(bank)
    assert found.values[0, 2] == pytest.approx(1, abs=1e-5)
    assert len(found.turns) == 1


class Labelled(nn.Module):
    """Two classes told by the sum of channels 0 and 1 against 2 and 3 (a copy of 2), while 4 and 5 are not looked at."""

    def __init__(self) -> None:
        super().__init__()
        bank = noise(6, 1, 3, 3)
        bank[3], bank[5] = bank[2], bank[4]
        self.convolution = convolution(bank)
        self.head = nn.Linear(2, 2, bias=False)
        self.head.weight.data = torch.eye(2)

    def forward(self, images: Tensor) -> Tensor:
        said = self.convolution(images).relu().mean((2, 3))
        return self.head(torch.stack([said[:, 0] + said[:, 1], said[:, 2] + said[:, 3]], 1))


def test_groups_are_ranked_by_what_removing_them_costs() -> None:
    model, images = Labelled(), noise(96, 1, 6, 6)
    with torch.no_grad():
        labels = model(images).argmax(1)
    data = [(some, of_some) for some, of_some in zip(images.split(32), labels.split(32), strict=True)]
    report = only(redundancy(model, "convolution", data))
    assert report.accuracy == 1
    assert [set(group.channels) for group in report.groups] == [{4, 5}, {2, 3}]
    unneeded, needed = report.groups
    assert unneeded.cost == 0
    model.convolution.weight.data[list(needed.channels[1:])] = 0
    with torch.no_grad():
        lost = 1 - float((model(images).argmax(1) == labels).float().mean())
    assert needed.cost == pytest.approx(lost)
    assert lost > 0.1


def test_channels_that_say_the_same_of_turned_images_are_found() -> None:
    bank = noise(5, 1, 3, 3)
    bank[3] = bank[1].rot90(1, (1, 2))
    first = nn.Sequential(convolution(bank, padding_mode="circular"), nn.ReLU())
    images = noise(8, 1, 12, 12)
    report = only(redundancy(first, "1", images))  # a rectifier: nothing but what it says
    assert report.weights is None
    assert report.activations is not None
    assert report.turned_activations is not None
    assert report.activations[1, 3] < 0.6
    assert report.turned_activations[1, 3] == pytest.approx(1, abs=1e-5)
    assert [(set(group.channels), group.relation) for group in report.groups] == [({1, 3}, "turned")]
    with torch.no_grad():
        said = first(images).movedim(1, 0).flatten(1)
    np.testing.assert_allclose(report.activations.numpy(), np.corrcoef(said.numpy()), atol=1e-5)


def test_moments_count_independent_channels() -> None:
    moments = ChannelMoments(6)
    for _ in range(4):
        values = noise(50, 3, 8, 8)
        moments.add({0: torch.cat([values, values], 1)})
    assert moments.dimensions() == pytest.approx(3, rel=0.01)
    moments = ChannelMoments(2)
    moments.add({0: torch.ones(3, 2, 2, 2)})
    assert moments.dimensions() == 0
    assert moments.still.all()
    assert (moments.correlation() == 0).all()


def test_positions_that_are_not_finite_are_left_out() -> None:
    values = noise(4, 3, 5, 5)
    broken = values.clone()
    broken[1, 2, 3, 3] = torch.nan
    clean = values.movedim(1, 0).flatten(1)
    clean = clean[:, broken.movedim(1, 0).flatten(1).isfinite().all(0)]
    moments = ChannelMoments(3)
    moments.add({0: broken})
    np.testing.assert_allclose(moments.correlation().numpy(), np.corrcoef(clean.numpy()), atol=1e-6)
    assert moments.count == 99


def test_dead_channels_of_a_rectifier_are_named() -> None:
    layer = convolution(noise(4, 1, 3, 3))
    assert layer.bias is not None
    layer.bias.data[2] = -1e3
    report = only(redundancy(nn.Sequential(layer, nn.ReLU()), "1", noise(4, 1, 8, 8)))
    assert report.dead == (2,)


def test_the_model_stays_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    redundancy(model, None, [(noise(4, 1, 8, 8), torch.zeros(4, dtype=torch.long))])
    assert model.training
    assert all(not module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_several_layers_give_a_report_each() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3))
    reports = redundancy(model)
    assert [report.layer for report in reports] == ["0", "2"]
    assert [report.colours is None for report in reports] == [False, True]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"layer": "1"}, "'1' is no convolution, so its filters have no weights to compare; give data too"),
        ({"layer": None, "copy": 1.5}, "copy must be a similarity above 0 and at most 1, got 1.5"),
        ({"layer": "nowhere"}, "the model has no layer 'nowhere'"),
        ({"layer": None, "data": iter([])}, "used up after one epoch"),
        ({"layer": None, "data": []}, "no images"),
    ],
)
def test_bad_input_is_one_sentence(how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        redundancy(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), **how)


def test_a_network_without_convolutions_is_said_to_have_none() -> None:
    with pytest.raises(ValueError, match="Linear has no convolutions; name a layer"):
        redundancy(nn.Linear(2, 2))


class Tokens(nn.Module):
    """Images of 8 pixels aside in 16 tokens of 24 channels, two of them copies, whose sum says which of two classes it is."""

    def __init__(self, copied: int, *, as_tuple: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Conv2d(1, 24, 2, 2)
        self.mixing = Mixing(as_tuple)
        self.head = nn.Linear(24, 2)
        for values in self.mixing.linear.parameters():
            values.data[copied] = values.data[3]
        self.head.weight.data.zero_()[0, [3, copied]] = 1
        self.head.bias.data.zero_()

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.mixing(self.embedding(images).flatten(2).transpose(1, 2))
        return self.head((tokens[0] if isinstance(tokens, tuple) else tokens).relu().mean(1))


class Mixing(nn.Module):
    def __init__(self, as_tuple: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(24, 24)
        self.as_tuple = as_tuple

    def forward(self, tokens: Tensor) -> Any:
        return (self.linear(tokens), None) if self.as_tuple else self.linear(tokens)


@pytest.mark.parametrize(("copied", "as_tuple"), [(23, False), (9, False), (9, True)])
def test_channels_of_tokens_are_switched_off(copied: int, as_tuple: bool) -> None:
    model, images = Tokens(copied, as_tuple=as_tuple), noise(48, 1, 8, 8)
    with torch.no_grad():
        model.head.bias[1] = model(images)[:, 0].median()
        labels = model(images).argmax(1)
    report = only(redundancy(model, "mixing", [(images, labels)]))
    (group,) = [group for group in report.groups if set(group.channels) == {3, copied}]
    for values in model.mixing.linear.parameters():
        values.data[group.channels[1]] = 0
    with torch.no_grad():
        lost = 1 - float((model(images).argmax(1) == labels).float().mean())
    assert group.cost == pytest.approx(lost)
    assert lost > 0.1


def test_convolutions_that_only_training_runs_are_left_out() -> None:
    class Auxiliary(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.main = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
            self.auxiliary = nn.Conv2d(1, 4, 3)

        def forward(self, images: Tensor) -> Tensor:
            return self.main(images) + (self.auxiliary(images).mean() if self.training else 0)

    data = [(noise(4, 1, 8, 8), torch.zeros(4, dtype=torch.long))]
    assert [one.layer for one in redundancy(Auxiliary(), None, data)] == ["main.0"]
    with pytest.raises(ValueError, match="layer 'auxiliary' was not used"):
        redundancy(Auxiliary(), "auxiliary", data)
