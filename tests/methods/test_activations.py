"""What channels respond to: figures against closed forms, patches against looking everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods import (
    Activations,
    ChannelActivations,
    FeatureImages,
    FilterClusters,
    MultiLabel,
    Output,
    make_interpretable,
    receptive_fields,
)
from tb_explain.methods.channel_statistics import RunningStatistics
from tb_explain.methods.maximize import Plain


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    found = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4),
    ).eval()  # fmt: skip
    found[3].bias.data += 0.4
    return found


@pytest.fixture
def images() -> Tensor:
    return torch.rand(40, 3, 12, 16, generator=seeded())


@pytest.fixture
def labels() -> Tensor:
    return torch.arange(40) % 3  # of four classes one does not come


def loader(images: Tensor, labels: Tensor | None, size: int = 7) -> list[Any]:
    parts = images.split(size)
    return list(parts) if labels is None else list(zip(parts, labels.split(size), strict=True))


def only(found: list[ChannelActivations]) -> ChannelActivations:
    (one,) = found
    return one


def test_maps_are_the_layers_own(model: nn.Module, images: Tensor) -> None:
    found = Activations(("1", "4"))(model, images)
    assert [one.layer for one in found] == ["1", "4"]
    with torch.no_grad():
        torch.testing.assert_close(found[0].activations, model[:2](images))
        torch.testing.assert_close(found[1].activations, model[:5](images))
        torch.testing.assert_close(found[0].outputs, model(images))


def test_figures_are_those_of_all_positions(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    one = only(Activations("1", data=loader(images, labels))(model, images[:2])).statistics
    with torch.no_grad():
        a = model[:2](images).double().numpy()
    flat = a.transpose(1, 0, 2, 3).reshape(6, -1)
    assert one.images == 40
    np.testing.assert_allclose(one.mean.numpy(), flat.mean(1), rtol=1e-5)
    np.testing.assert_allclose(one.maximum.numpy(), flat.max(1), rtol=1e-6)
    np.testing.assert_allclose(one.sparsity.numpy(), (flat <= 1e-6).mean(1), rtol=1e-5)
    light = images.mean(1).double().numpy().ravel()
    expected = [abs(np.corrcoef(channel, light)[0, 1]) for channel in flat]
    np.testing.assert_allclose(one.luminance.numpy(), expected, atol=1e-5)
    means = np.stack([a[labels.numpy() == c].mean((0, 2, 3)) for c in range(3)], 1)
    np.testing.assert_allclose(one.class_means.numpy()[:, :3], means, rtol=1e-5)
    assert one.class_means[:, 3].isnan().all()
    best, order = means.max(1), means.argmax(1)
    rest = (means.sum(1) - best) / 2
    np.testing.assert_allclose(one.selectivity.numpy(), (best - rest) / (best + rest), rtol=1e-4)
    assert one.preferred.tolist() == order.tolist()
    assert not one.dead.any()


def test_brightness_is_compared_at_the_layers_own_resolution(model: nn.Module, images: Tensor) -> None:
    one = only(Activations("4")(model, images)).statistics
    with torch.no_grad():
        flat = model[:5](images).transpose(0, 1).flatten(1).numpy()
    light = nn.functional.interpolate(images.mean(1, keepdim=True), (4, 6), mode="area").flatten().numpy()
    expected = [abs(np.corrcoef(channel, light)[0, 1]) if channel.any() else 0 for channel in flat]
    np.testing.assert_allclose(one.luminance.numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("size", [1, 3, 40])
def test_batches_of_any_size_give_the_same(model: nn.Module, images: Tensor, labels: Tensor, size: int) -> None:
    whole = only(Activations("4", data=loader(images, labels, 40))(model, images[:1])).statistics
    parts = only(Activations("4", data=loader(images, labels, size))(model, images[:1])).statistics
    for name in ("mean", "maximum", "sparsity", "luminance", "class_means", "selectivity"):
        torch.testing.assert_close(getattr(parts, name), getattr(whole, name), equal_nan=True, rtol=1e-4, atol=1e-5)
    assert parts.tops is not None
    assert whole.tops is not None
    torch.testing.assert_close(parts.tops.values, whole.tops.values)
    assert torch.equal(parts.tops.images, whole.tops.images)
    assert torch.equal(parts.tops.boxes, whole.tops.boxes)


def test_patches_are_where_the_strongest_responses_are(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    tops = only(Activations("4", data=loader(images, labels), patches=3)(model, images[:1])).statistics.tops
    assert tops is not None
    with torch.no_grad():
        a = model[:5](images)
    fields = receptive_fields(model, ["4"], images)["4"]
    for channel in range(8):
        peaks = a[:, channel].flatten(1).max(1).values
        expected = peaks.sort(descending=True, stable=True)
        torch.testing.assert_close(tops.values[channel], expected.values[:3])
        for slot in range(3):
            image = int(tops.images[channel, slot])
            assert peaks[image] == tops.values[channel, slot]
            assert tops.labels[channel, slot] == labels[image]
            place = np.unravel_index(int(a[image, channel].argmax()), a.shape[2:])
            box = fields.box([int(i) for i in place])
            assert tops.boxes[channel, slot].tolist() == [[s.start for s in box], [s.stop for s in box]]
            side = max(s.stop - s.start for s in box)
            if all(s.stop - s.start == side for s in box):
                patch = images[image][(slice(None), *box)]
                repeated = nn.functional.interpolate(patch[None], tops.pixels.shape[3:], mode="nearest-exact")[0]
                torch.testing.assert_close(tops.pixels[channel, slot].float(), repeated, atol=1e-3, rtol=1e-3)


def test_a_layer_that_sees_by_comparing_has_figures_but_no_patches(
    model: nn.Module, images: Tensor, caplog: pytest.LogCaptureFixture
) -> None:
    model.get_submodule("4").register_forward_hook(lambda module, given, x: x * (x == x.amax((2, 3), keepdim=True)))
    method = Activations(("1", "4"))
    plain, masked = found = method(model, images[:8])
    assert plain.statistics.tops is not None
    assert masked.statistics.tops is None
    assert masked.fields is None
    assert masked.statistics.maximum.gt(0).any()
    assert "no patches of what channels respond to: layer '4'" in caplog.text
    caplog.clear()
    again = method.explain_set(model, images[:8], last=found)
    assert again[0].fields == plain.fields
    assert again[1].fields is None
    assert not caplog.text, "it is said once"


def test_an_interpretable_layer_has_the_patches_of_its_filters(model: nn.Module, images: Tensor) -> None:
    """What they see, without the masks, which look at the whole image; the maps are those behind the masks."""
    plain = only(Activations("4")(model, images[:8]))
    masked = only(Activations("4")(make_interpretable(model, "4"), images[:8]))
    assert masked.fields == plain.fields and masked.statistics.tops is not None
    assert (masked.activations <= plain.activations).all() and (masked.activations < plain.activations).any()


def test_each_image_counts_once_and_missing_ones_are_said(model: nn.Module, images: Tensor) -> None:
    tops = only(Activations("1", patches=4)(model, images[:3])).statistics.tops
    assert tops is not None
    assert (tops.images[:, :3].sort(1).values == torch.arange(3)).all()
    assert (tops.images[:, 3] == -1).all()
    assert tops.values[:, 3].isneginf().all()
    assert (tops.labels == -1).all()


def test_no_patches_when_none_are_asked_for(model: nn.Module, images: Tensor) -> None:
    one = only(Activations("1", patches=0)(model, images[:3]))
    assert one.statistics.tops is None
    assert one.fields is None


def test_dead_channels_are_named(model: nn.Module, images: Tensor) -> None:
    model[3].bias.data[2] = -1e4
    model[3].weight.data[5] = 0
    model[3].bias.data[5] = 3
    one = only(Activations("4")(model, images))
    assert one.statistics.dead.tolist() == [i in (2, 5) for i in range(8)], "never above 0, or the same everywhere"
    assert one.statistics.selectivity[[2, 5]].isnan().all()
    assert one.statistics.preferred[[2, 5]].tolist() == [-1, -1]
    assert one.scalars["dead"] == 0.25


def test_scalars_are_means_over_live_channels(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    model[3].bias.data[2] = -1e4
    one = only(Activations("4", data=loader(images, labels))(model, images[:1]))
    alive = ~one.statistics.dead
    assert set(one.scalars) == {"dead", "sparsity", "selectivity"}
    assert one.scalars["sparsity"] == pytest.approx(float(one.statistics.sparsity[alive].mean()))
    assert one.scalars["selectivity"] == pytest.approx(float(one.statistics.selectivity[alive].mean()))


def test_without_labels_the_predicted_class_counts(model: nn.Module, images: Tensor) -> None:
    one = only(Activations("1", data=loader(images, None))(model, images[:1])).statistics
    with torch.no_grad():
        a, predicted = model[:2](images), model(images).argmax(1)
    for c in predicted.unique().tolist():
        torch.testing.assert_close(one.class_means[:, c], a[predicted == c].mean((0, 2, 3)))
    assert one.tops is not None
    assert (one.tops.labels == -1).all()


def test_one_class_has_no_selectivity(model: nn.Module, images: Tensor) -> None:
    one = only(Activations("1")(model, images[:4]))
    one = only(Activations("1", data=loader(images, torch.zeros(40, dtype=torch.long)))(model, images[:1]))
    assert one.statistics.selectivity.isnan().all()
    assert "selectivity" not in one.scalars


def test_values_that_are_not_finite_do_not_count(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    broken = images.clone()
    broken[1] = torch.nan
    clean = only(
        Activations("1", data=loader(images[[0, *range(2, 40)]], labels[[0, *range(2, 40)]]))(model, images[:1])
    )
    found = only(Activations("1", data=loader(broken, labels))(model, broken[:3]))
    for name in ("mean", "maximum", "sparsity", "luminance", "class_means"):
        ours, theirs = getattr(found.statistics, name), getattr(clean.statistics, name)
        torch.testing.assert_close(ours, theirs, equal_nan=True, rtol=1e-5, atol=1e-6)
    assert found.statistics.tops is not None
    assert (found.statistics.tops.images != 1).all()
    assert found.flags.tolist() == [0, 1, 0]


@pytest.mark.parametrize("channels", [1, 4])
def test_any_number_of_input_channels(channels: int) -> None:
    model = nn.Sequential(nn.Conv2d(channels, 1, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2))
    one = only(Activations("1")(model, torch.rand(5, channels, 8, 8, generator=seeded())))
    assert one.activations.shape == (5, 1, 6, 6)
    assert one.statistics.tops is not None
    assert one.statistics.tops.pixels.shape == (1, 4, channels, 8, 8)


def test_voxels_and_layers_without_positions() -> None:
    model = nn.Sequential(nn.Conv3d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64 * 3, 5), nn.ReLU(), nn.Linear(5, 2))
    voxels = torch.rand(6, 1, 6, 6, 6, generator=seeded())
    first, vectors = Activations(("1", "4"))(model, voxels)
    assert first.activations.shape == (6, 3, 4, 4, 4)
    assert vectors.activations.shape == (6, 5, 1, 1, 1)
    assert first.statistics.tops is not None
    assert first.statistics.tops.pixels.shape == (3, 4, 1, 6, 6, 6)
    assert first.statistics.tops.boxes.shape == (3, 4, 2, 3)


def test_large_maps_are_averaged_down() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = torch.rand(2, 1, 256, 128, generator=seeded())
    one = only(Activations("0", patches=0)(model, images))
    assert one.activations.shape == (2, 2, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(one.activations, nn.functional.avg_pool2d(model[0](images), (4, 2)))


def test_stages_are_the_default(model: nn.Module, images: Tensor) -> None:
    names = [one.layer for one in Activations()(model, images[:2])]
    assert names
    assert "7" not in names


def test_training_goes_on_as_if_nothing_had_been(images: Tensor) -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(560, 2)
    )
    model.train()
    before, state = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    Activations("2", data=loader(images, None))(model, images[:2])
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(not module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_receptive_fields_are_found_once(model: nn.Module, images: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    method = Activations("4")
    first = method.explain_set(model, images)
    monkeypatch.setattr("tb_explain.methods.fields.receptive_fields", None)
    again = method.explain_set(model, images, last=first)
    assert again[0].fields == first[0].fields


def test_memory_does_not_grow_with_the_images() -> None:
    running = RunningStatistics(4, 2, None, 0, 48)
    for _ in range(50):
        said = torch.rand(8, 4, 5, 5, generator=seeded())
        running.add(said, torch.rand(8, 1, 10, 10, generator=seeded()), torch.zeros(8, dtype=torch.long), None, ())
    held = sum(value.numel() for value in vars(running).values() if isinstance(value, Tensor))
    assert held < 200


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Activations("1", patches=-1), "patches must be 0 or more"),
        (Activations("nope"), "the model has no layer 'nope'"),
        (Activations("1", data=[]), "the data have no images"),
    ],
)
def test_bad_input_is_one_sentence(model: nn.Module, images: Tensor, method: Activations, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        method(model, images[:2])


class Heads(nn.Module):
    """Two stages, and heads of classes and of sites."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU())
        self.classes, self.sites = nn.Linear(8, 4), nn.Conv2d(8, 4, 1)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        codes = self.second(self.first(images))
        return {"sort": self.classes(codes.mean((2, 3))), "where": self.sites(codes)}


@pytest.mark.parametrize(
    "method", [Activations(patches=0), FilterClusters(k=3, patches=0), FeatureImages(channels=1, recipe=Plain(steps=1))]
)
@pytest.mark.parametrize("output", ["sort", "where"])
def test_the_stages_of_one_output_of_several_are_found(method: Any, output: str) -> None:
    torch.manual_seed(0)
    found = method.explain_set(Heads(), torch.rand(4, 3, 16, 16), targets=Output(output))
    assert [one.layer for one in found][:2] == ["first", "second"]


def test_labels_of_several_classes_are_not_known_ones(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    several = nn.functional.one_hot(labels, 4).float()
    with pytest.raises(ValueError, match="labels must be 7 class indices"):
        Activations("1", data=loader(images, several))(model, images[:2])
    found, expected = (
        only(Activations("1", data=loader(images, given))(model, images[:2], MultiLabel())) for given in (several, None)
    )
    torch.testing.assert_close(found.statistics.mean, expected.statistics.mean)
