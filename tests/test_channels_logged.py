"""What channels respond to, as it lies in a logdir: read back and compared with what was found."""

from __future__ import annotations

import gc
import io
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import Activations, FeatureImages, FilterRedundancy
from tb_explain.records import decode_column
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of


def read(directory: Path, kind: int = pb.CHANNELS) -> dict[str, list[Any]]:
    index = index_of(directory)
    assert index.counts().failed == 0
    return {
        series.declaration.tag: [pb.Channels.FromString(index.read(key)) for key in index.steps(series).keys]
        for series in index.series()
        if series.declaration.kind == kind
    }


class Blobs:
    def __init__(self, directory: Path) -> None:
        self.index = index_of(directory)

    def values(self, column: pb.Column) -> np.ndarray:
        return decode_column(column, self.index.read_blob(pb.COLUMN, column.values))

    def names(self, name: bytes) -> list[str]:
        return list(pb.ClassNames.FromString(self.index.read_blob(pb.CLASSES, name)).names)

    def tile(self, thumbnails: pb.Thumbnails, i: int) -> np.ndarray:
        hashes = self.values(thumbnails.sheets)
        sheet, place = divmod(i, thumbnails.down * thumbnails.across)
        stored = self.index.read_blob(pb.IMAGE, hashes[sheet].tobytes())
        row, column = divmod(place, thumbnails.across)
        pixels = np.asarray(Image.open(io.BytesIO(stored)))
        return pixels[row * thumbnails.height :, column * thumbnails.width :][: thumbnails.height, : thumbnails.width]


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 5, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3),
    )  # fmt: skip


@pytest.fixture
def probe() -> Probe:
    images = torch.rand(7, 1, 10, 10, generator=torch.Generator().manual_seed(0))
    return Probe(images, [0, 1, 2, 0, 1, 2, 0], class_names=["a", "b", "c"], name="val")


def test_maps_are_not_kept_for_the_next_step(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        (found,) = writer.explain(model, probe, 0, [Activations("2")])
        maps = weakref.ref(found.activations)
        del found
        writer.flush()
        gc.collect()
        assert maps() is None
        (again,) = writer.explain(model, probe, 1, [Activations("2")])
    assert again.fields is not None


def test_what_is_stored_is_what_was_found(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        first, second = writer.explain(model, probe, 3, [Activations(("1", "3"), patches=3)])
    found = read(tmp_path)
    assert set(found) == {"val/activations/1", "val/activations/3"}
    blobs = Blobs(tmp_path)
    for result, (message,) in ((first, found["val/activations/1"]), (second, found["val/activations/3"])):
        channels = result.activations.shape[1]
        assert message.channels == channels
        assert (message.height, message.width) == (10, 10)
        assert [sample.id for sample in message.samples] == probe.pictures.ids.tolist()
        assert [sample.label for sample in message.samples] == [0, 1, 2, 0, 1, 2, 0]
        ranges = blobs.values(message.ranges)
        assert ranges.shape == (7, channels, 2)
        assert len(message.maps) == 7
        for i, column in enumerate(message.maps):
            levels = blobs.values(column)
            assert levels.dtype == np.uint8
            low, high = (ranges[i, :, k, None, None] for k in (0, 1))
            values = low + (high - low) * levels / np.float32(255)
            assert np.abs(values - result.activations[i].numpy()).max() <= ((high - low) / 510).max() + 1e-6
        of = result.statistics
        stored = {one.name: one for one in message.statistics}
        assert list(stored) == ["mean", "maximum", "sparsity", "dead", "selectivity", "luminance", "class"]
        for name in ("mean", "maximum", "sparsity", "selectivity", "luminance"):
            np.testing.assert_array_equal(blobs.values(stored[name].values), getattr(of, name).numpy())
        assert stored["mean"].low == pytest.approx(float(of.mean.min()))
        assert stored["mean"].high == pytest.approx(float(of.mean.max()))
        assert blobs.names(stored["class"].categories) == ["a", "b", "c"]
        preferred = blobs.values(stored["class"].values)
        assert np.where(preferred == 65535, -1, preferred.astype(int)).tolist() == of.preferred.tolist()
        np.testing.assert_allclose(blobs.values(message.class_means), of.class_means.numpy(), rtol=1e-3, atol=1e-6)
        assert {one.name: one.value for one in message.measures} == pytest.approx(result.scalars)


def test_patches_are_stored_with_where_they_are_from(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    data = [(probe.images, torch.tensor(probe.labels))]
    with ExplainWriter(tmp_path, strict=True) as writer:
        (result,) = writer.explain(model, probe, 3, [Activations("3", data=data, patches=3)])
    ((message,),) = read(tmp_path).values()
    tops, blobs = result.statistics.tops, Blobs(tmp_path)
    assert message.tops.count == 3
    values = blobs.values(message.tops.values)
    np.testing.assert_array_equal(np.nan_to_num(values, nan=-np.inf), tops.values.numpy())
    known = tops.images.numpy() >= 0
    labels = blobs.values(message.tops.labels)
    np.testing.assert_array_equal(labels[known], probe.labels[tops.images.numpy()[known]])
    np.testing.assert_array_equal(blobs.values(message.tops.boxes), tops.boxes.flatten(2).numpy())
    ids = blobs.values(message.tops.images)
    np.testing.assert_array_equal(ids[known], probe.pictures.ids[tops.images.numpy()[known]])
    for channel in range(5):
        for i in range(3):
            tile = blobs.tile(message.tops.pictures, 3 * channel + i)
            expected = probe.shown(tops.pixels[channel, i][None]).flat(0)[..., 0] if known[channel, i] else 0
            np.testing.assert_array_equal(tile, np.broadcast_to(expected, tile.shape))


def test_steps_share_what_stays_the_same(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    with ExplainWriter(tmp_path, strict=True) as writer:
        for step in range(3):
            writer.explain(model, probe, step, [Activations("1")])
    ((first, second, third),) = read(tmp_path).values()
    assert [one.values for one in first.maps] == [one.values for one in third.maps]
    assert first.tops.pictures.sheets == second.tops.pictures.sheets


def test_dead_shares_are_scalars_beside_the_loss(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    model[0].bias.data[:] = 1
    model[0].bias.data[:3] = -100
    with ExplainWriter(tmp_path, strict=True) as writer:
        (result,) = writer.explain(model, probe, 5, [Activations("1")])
    events = EventAccumulator(str(tmp_path)).Reload()
    for name in ("dead", "sparsity", "selectivity"):
        (scalar,) = events.Scalars(f"explain/val/activations/{name}")
        assert scalar.step == 5
        assert scalar.value == pytest.approx(result.scalars[name])
    assert result.scalars["dead"] == 0.5


def test_a_failing_loader_stops_nothing(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    with ExplainWriter(tmp_path) as writer:
        assert writer.explain(model, probe, 5, [Activations("1", data=[])]) == []
        assert writer.failed == 1


def test_maps_that_are_not_finite_are_marked(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    model[0].bias.data[0] = torch.nan
    with ExplainWriter(tmp_path, strict=True) as writer:
        writer.explain(model, probe, 5, [Activations("1")])
    ((message,),) = read(tmp_path).values()
    assert list(message.flags) == [pb.NOT_FINITE] * 7
    assert np.isfinite(Blobs(tmp_path).values(message.ranges)).all()


def test_voxels_are_kept_in_space(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv3d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(192, 2))
    probe = Probe(torch.rand(2, 1, 6, 6, 6, generator=torch.Generator().manual_seed(0)))
    with ExplainWriter(tmp_path, strict=True) as writer:
        writer.explain(model, probe, 0, [Activations("1", patches=2)])
    ((message,),) = read(tmp_path).values()
    blobs = Blobs(tmp_path)
    assert blobs.values(message.maps[0]).shape == (3, 4, 4, 4)
    assert message.tops.pictures.width == 18, "three projections side by side"


def test_near_copies_are_listed_while_training(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    model[0].weight.data[4] = 2 * model[0].weight.data[1]
    data = [(probe.images, torch.tensor(probe.labels))]
    with ExplainWriter(tmp_path, strict=True) as writer:
        writer.explain(model, probe, 4, [FilterRedundancy("0")])
        (report,) = writer.explain(model, probe, 5, [FilterRedundancy("0", data)])
    ((bare, costed),) = read(tmp_path).values()
    assert (bare.channels, len(bare.samples)) == (6, 0)
    assert [(list(group.channels), group.relation, group.HasField("cost")) for group in bare.groups] == [
        ([1, 4], "copy", False)
    ]
    assert [group.cost for group in costed.groups] == [pytest.approx(group.cost) for group in report.groups]
    (similarity,) = costed.statistics
    stored = Blobs(tmp_path).values(similarity.values)
    np.testing.assert_array_equal(stored, report.similarity.numpy())
    assert stored[[1, 4]] == pytest.approx(1, abs=1e-5)
    scalars = EventAccumulator(str(tmp_path)).Reload().Scalars("explain/val/filterredundancy/redundant")
    assert [scalar.value for scalar in scalars] == pytest.approx([1 / 6, report.redundant])


def test_what_filters_look_for_while_training(tmp_path: Path, model: nn.Module, probe: Probe) -> None:
    model[0].weight.data[4], model[0].bias.data[4] = 0, -1
    method = FeatureImages("1", channels=[0, 4, 5], classes=2, recipe="paper")
    with ExplainWriter(tmp_path, strict=True) as writer:
        first, output = writer.explain(model, probe, 4, [method])
    found, blobs = read(tmp_path), Blobs(tmp_path)
    ((channels,), (classes,)) = (found[f"val/featureimages/{layer}"] for layer in ("1", "output"))
    made = channels.maximised
    assert (channels.channels, len(channels.samples), made.recipe) == (6, 0, "paper")
    assert blobs.values(made.channels).tolist() == [0, 4, 5]
    assert list(made.objectives) == ["1:0", "1:4", "1:5"]
    assert blobs.values(made.states).tolist() == [0, 1, 0]
    traces = blobs.values(made.traces)
    assert traces.shape == (3, 21)
    np.testing.assert_array_equal(traces[[0, 2]], first.maximized.scores[[0, 2]].float().numpy())
    assert np.isnan(traces[1, 1:]).all(), "a dead channel's trace ends where it begins"
    expected = np.rint(first.maximized.pixels.numpy()[:, 0] * 255)
    for i in range(3):
        tile = blobs.tile(made.pictures, i)
        np.testing.assert_array_equal(tile, expected[i])
    assert classes.channels == 3
    assert list(classes.maximised.objectives) == ["a", "b"]
    assert output.maximized.scores[:, -1].gt(output.maximized.scores[:, 0]).all()
    scalars = EventAccumulator(str(tmp_path)).Reload().Scalars("explain/val/featureimages/1/unraised")
    assert [scalar.value for scalar in scalars] == pytest.approx([1 / 3])


def test_classes_alone(model: nn.Module, probe: Probe) -> None:
    (found,) = FeatureImages(channels=0, classes=[2], recipe="paper")(model, probe.images)
    assert (found.layer, found.channels, found.chosen) == ("output", 3, (2,))


def test_feature_images_are_in_the_probes_normalisation(tmp_path: Path, probe: Probe) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    normalised = Probe((probe.images - 0.3) / 0.2, mean=[0.3], std=[0.2])
    with ExplainWriter(tmp_path, strict=True) as writer:
        (found,) = writer.explain(model, normalised, 0, [FeatureImages("0", channels=2, recipe="soft")])
    assert found.maximized.mean == pytest.approx((0.3,))
    assert found.maximized.std == pytest.approx((0.2,))
    assert found.maximized.images.shape == (2, 1, 10, 10)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (FeatureImages("1", channels=[6]), "channels of layer '1' go from 0 to 5, got 6"),
        (FeatureImages("1", channels=-1), "channels of layer '1' go from 0 to 5, got -1"),
        (FeatureImages("1", classes=[3]), "classes go from 0 to 2, got 3"),
        (FeatureImages("1", channels=0), "nothing to maximise; ask for channels, classes or both"),
        (FeatureImages("1", recipe="vivid"), "no recipe 'vivid'"),
    ],
)
def test_feature_images_that_cannot_be(model: nn.Module, probe: Probe, method: FeatureImages, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        method(model, probe.images)


def test_activations_from_anywhere(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    with ExplainWriter(tmp_path) as writer:
        writer.add_activations(
            "own/layer4",
            random.normal(size=(2, 3, 4, 5)),
            random.integers(0, 256, (2, 3, 8, 8), np.uint8),
            7,
            statistics={"entropy": [0.5, np.nan, 2], "kind": ["edge", "edge", "colour"]},
            class_means=random.random((3, 4)),
            groups=[{"channels": [0, 2], "relation": "copy", "similarity": 0.97, "cost": 0.01}, {"channels": (1, 2)}],
            measures={"dead": 0.25},
            template_slope=4,
            layer="layer4",
            labels=[0, 3],
        )
        writer.add_activations("vectors", random.normal(size=(2, 3)))
    found, blobs = read(tmp_path), Blobs(tmp_path)
    (message,) = found["own/layer4"]
    entropy, kind = message.statistics
    np.testing.assert_array_equal(blobs.values(entropy.values), np.float32([0.5, np.nan, 2]))
    assert (entropy.low, entropy.high) == (0.5, 2)
    assert blobs.names(kind.categories) == ["colour", "edge"]
    assert blobs.values(kind.values).tolist() == [1, 1, 0]
    assert [(list(g.channels), g.relation, g.HasField("cost")) for g in message.groups] == [
        ([0, 2], "copy", True),
        ([1, 2], "alike", False),
    ]
    assert message.template_slope == 4
    assert [(one.name, one.value) for one in message.measures] == [("dead", 0.25)]
    assert blobs.values(found["vectors"][0].maps[1]).shape == (3, 1, 1)


def test_feature_images_from_anywhere(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pictures, traces = random.integers(0, 256, (3, 3, 9, 9), np.uint8), random.random((3, 21)).astype(np.float32)
    with ExplainWriter(tmp_path) as writer:
        writer.add_feature_images(
            "maximised/layer4",
            pictures,
            7,
            channels=[5, 2, -1],
            objectives=["layer4:5", "layer4:2", "layer4:5 - layer4:2"],
            of=512,
            traces=traces,
            dead=[False, True, False],
            recipe="own",
            layer="layer4",
        )
        writer.add_feature_images("plain", pictures)
    found, blobs = read(tmp_path), Blobs(tmp_path)
    (message,) = found["maximised/layer4"]
    made = message.maximised
    assert (message.channels, len(message.samples), made.recipe) == (512, 0, "own")
    assert blobs.values(made.channels).tolist() == [5, 2, -1]
    assert blobs.values(made.states).tolist() == [0, 1, 0]
    np.testing.assert_array_equal(blobs.values(made.traces), traces)
    assert list(made.objectives)[2] == "layer4:5 - layer4:2"
    for i in range(3):
        np.testing.assert_array_equal(blobs.tile(made.pictures, i), pictures[i].transpose(1, 2, 0))
    assert list(found["plain"][0].maximised.objectives) == ["channel 0", "channel 1", "channel 2"]
    assert found["plain"][0].channels == 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: w.add_activations("t", np.zeros(3)), r"activations must be numbers .* got float64 \[3\]"),
        (lambda w: w.add_activations("t", np.zeros((0, 2, 3, 3))), "activations must be numbers"),
        (
            lambda w: w.add_activations("t", np.zeros((1, 2, 3, 3)), statistics={"x": [1]}),
            "statistic 'x' has 1 values for 2 channels",
        ),
        (
            lambda w: w.add_activations("t", np.zeros((1, 2)), class_means=np.zeros((3, 4))),
            "class_means must be numbers",
        ),
        (lambda w: w.add_activations("t", np.zeros((1, 2)), groups=[{"channels": [0, 2]}]), "of 0 to 1, got"),
        (lambda w: w.add_activations("t", np.zeros((2, 2)), np.zeros((3, 1, 4, 4))), "got 3 images for 2 samples"),
        (lambda w: w.add_feature_images("t", np.zeros((2, 1, 4, 4)), channels=[0]), "channels must be 2 whole numbers"),
        (lambda w: w.add_feature_images("t", np.zeros((2, 1, 4, 4)), channels=[0, 9], of=9), "to 8, got 0 to 9"),
        (lambda w: w.add_feature_images("t", np.zeros((2, 1, 4, 4)), objectives=["a"]), "got 1 objectives"),
        (
            lambda w: w.add_feature_images("t", np.zeros((2, 1, 4, 4)), traces=np.zeros((3, 5))),
            "traces must be numbers",
        ),
        (lambda w: w.add_feature_images("t", np.zeros((0, 1, 4, 4))), "no pictures given"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path: Path, call: Any, message: str) -> None:
    with ExplainWriter(tmp_path) as writer, pytest.raises(ValueError, match=message):
        call(writer)
