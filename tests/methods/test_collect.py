"""Features are what the layers give, of the same rows at every step, and collecting them leaves no trace."""

from __future__ import annotations

import logging
import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor

from tb_explain import Probe
from tb_explain.methods import MultiLabel, Output, collect_features
from tb_explain.methods.chosen import Chosen
from tb_explain.pictures import Pictures, picture_id
from tb_explain.thumbnails import tiles_of


def network(classes: int = 4) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(32, classes),
    )


@pytest.fixture
def images() -> Tensor:
    return torch.randn(90, 3, 9, 12, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def labels() -> Tensor:
    return torch.tensor([0] * 60 + [1] * 20 + [3] * 10)


def batches(*tensors: Tensor, size: int = 16) -> list[Any]:
    return list(zip(*(tensor.split(size) for tensor in tensors), strict=True))


@pytest.mark.parametrize(
    ("architecture", "node", "inputs", "size"),
    [
        ("resnet18", "flatten", "fc.input", 64),
        ("vit_b_16", "getitem_5", "heads.head.input", 224),
        ("densenet121", "flatten", "classifier.input", 64),
        ("efficientnet_b0", "classifier.0", "classifier.1.input", 64),
    ],
)
def test_the_default_is_what_the_last_linear_is_given(architecture: str, node: str, inputs: str, size: int) -> None:
    torch.manual_seed(0)
    model = models.get_model(architecture, weights=None).eval()
    images = torch.randn(3, 3, size, size)
    expected = create_feature_extractor(model, [node])(images)[node].detach().numpy()
    features = collect_features(model, images.split(2))
    assert features.layer == inputs
    assert features.values.dtype == np.float32
    np.testing.assert_allclose(features.values, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def test_of_several_linears_it_is_the_last() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    images = torch.rand(5, 1, 2, 2)
    features = collect_features(model, images)
    assert features.layer == "3.input"
    np.testing.assert_allclose(features.values, model[:3](images).detach(), atol=1e-6)


def test_several_layers_are_of_one_pass_and_pooled_as_asked(images: Tensor) -> None:
    torch.manual_seed(0)
    model = models.resnet18(weights=None)
    small = images[:5, :, :8, :8].repeat_interleave(8, 2).repeat_interleave(8, 3)
    calls = []
    model.register_forward_hook(lambda *_: calls.append(1))
    expected = create_feature_extractor(model.eval(), ["layer2", "layer1.0.relu"])(small)
    model.train()
    for pool, reduce in {
        "mean": lambda a: a.mean((2, 3)),
        "max": lambda a: a.amax((2, 3)),
        "flatten": lambda a: a.flatten(1),
    }.items():
        calls.clear()
        layer2, conv1 = collect_features(model, [small[:4], small[4:]], [model.layer2, "layer1.0.conv1"], pool=pool)
        assert len(calls) == 2
        assert (layer2.layer, conv1.layer) == ("layer2", "layer1.0.conv1")
        whole = reduce(expected["layer2"]).detach().numpy()
        np.testing.assert_allclose(layer2.values, whole, rtol=1e-5, atol=1e-5 * np.abs(whole).max())
        assert conv1.values.shape == reduce(torch.empty(5, 64, 16, 16)).shape


def test_pooling_by_hand() -> None:
    model = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(8, 2))
    images = torch.tensor([[[[1.0, 2], [3, 4]], [[-1, -2], [-3, -9]]]])
    for pool, expected in {"mean": [2.5, -3.75], "max": [4, -1], "flatten": [1, 2, 3, 4, -1, -2, -3, -9]}.items():
        assert collect_features(model, images, "0", pool=pool).values.tolist() == [expected]


def test_a_vision_transformer_s_tokens_are_pooled_without_the_class_token() -> None:
    torch.manual_seed(0)
    model = models.vit_b_16(weights=None).eval()
    images = torch.randn(2, 3, 224, 224)
    kept = {}
    hook = model.encoder.layers[3].register_forward_hook(lambda _m, _a, output: kept.update(output=output))
    model(images)
    hook.remove()
    features = collect_features(model, images, "encoder.layers.encoder_layer_3")
    expected = kept["output"][:, 1:].mean(1).detach().numpy()
    np.testing.assert_allclose(features.values, expected, rtol=1e-4, atol=1e-5)


def test_without_a_linear_the_last_spatial_layer_serves_and_is_named(
    images: Tensor, caplog: pytest.LogCaptureFixture
) -> None:
    class AllConvolution(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 5, 3), nn.Conv2d(5, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.two(self.one(x)).mean((2, 3))

    with caplog.at_level(logging.WARNING, "tb_explain"):
        features = collect_features(AllConvolution(), images)
    assert features.layer == "two"
    assert "AllConvolution has no Linear; its features are those of layer 'two'" in caplog.text


def test_what_is_known_of_a_row_is_its_own(images: Tensor, labels: Tensor) -> None:
    model = network().eval()
    features = collect_features(model, batches(images, labels))
    said = model(images).softmax(1)
    np.testing.assert_array_equal(features.labels, labels)
    np.testing.assert_array_equal(features.predicted, said.argmax(1))
    np.testing.assert_allclose(features.probabilities, said.amax(1).detach(), rtol=1e-5)
    np.testing.assert_array_equal(features.indices, np.arange(90))
    assert len(features) == 90
    assert repr(features) == "Features(90 rows of 32 values, layer='6.input')"


def test_labels_are_optional_and_outputs_may_be_named_or_of_labels(images: Tensor) -> None:
    class Several(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = network()

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"other": x.mean((2, 3)), "scores": self.body(x)}

    model = Several()
    features = collect_features(model, images, targets=Output("scores", MultiLabel()))
    assert features.labels is None
    expected = model.eval()(images)["scores"].sigmoid().amax(1).detach()
    np.testing.assert_allclose(features.probabilities, expected, rtol=1e-5)


def test_labels_of_other_classes_than_the_model_s_leave_no_prediction(images: Tensor, labels: Tensor) -> None:
    features = collect_features(network(), batches(images, labels + 4))
    np.testing.assert_array_equal(features.labels, labels + 4)
    assert features.predicted is None
    assert features.probabilities is None


def test_rows_are_called_by_their_pictures_as_a_probe_s_are(images: Tensor) -> None:
    mean, std = [0.4, 0.5, 0.6], [0.2, 0.3, 0.2]
    for known in ({"mean": mean, "std": std}, {}):
        probe = Probe(images, **known)
        features = collect_features(network(), images.split(7), **known)
        np.testing.assert_array_equal(features.ids, probe.pictures.ids)
    plain = images.sigmoid()
    np.testing.assert_array_equal(collect_features(network(), plain).ids, Probe(plain).pictures.ids)


def test_ids_are_those_of_float32_images_whatever_the_model_computes_in(images: Tensor) -> None:
    features = collect_features(network().bfloat16(), images)
    np.testing.assert_array_equal(features.ids, Probe(images).pictures.ids)


def test_a_picture_s_id_does_not_depend_on_its_batch() -> None:
    bright, plain = torch.full((1, 3, 9, 12), 3.0), torch.rand(1, 3, 9, 12)
    bright[0, 0, 0] = 0
    together = collect_features(network(), [torch.cat([plain, bright])])
    apart = collect_features(network(), [plain, bright])
    np.testing.assert_array_equal(together.ids, apart.ids)


@pytest.mark.parametrize(
    ("max_rows", "expected"), [(89, [59, 20, 10]), (45, [17, 17, 10]), (30, [10, 10, 10]), (4, [1, 1, 1]), (2, None)]
)
def test_equally_many_rows_of_each_class_stay(
    max_rows: int, expected: list[int] | None, images: Tensor, labels: Tensor
) -> None:
    features = collect_features(network(), batches(images, labels), max_rows=max_rows)
    counts = np.bincount(features.labels, minlength=4)[[0, 1, 3]]
    assert counts.tolist() == expected if expected else len(features) == max_rows
    whole = collect_features(network(), batches(images, labels), max_rows=None)
    for column in ("values", "ids", "labels", "predicted", "probabilities", "tiles"):
        np.testing.assert_array_equal(getattr(features, column), getattr(whole, column)[features.indices], column)


@pytest.mark.parametrize("max_rows", [60, 31, 10, 2])
def test_the_same_rows_stay_in_every_order_and_of_every_network(max_rows: int, images: Tensor, labels: Tensor) -> None:
    def ids(model: nn.Module, order: Tensor, size: int, seed: int = 0) -> set[int]:
        loader = batches(images[order], labels[order], size=size)
        return set(collect_features(model, loader, max_rows=max_rows, seed=seed).ids.tolist())

    kept = ids(network(), torch.arange(90), 16)
    other = models.resnet18(weights=None, num_classes=4)
    for order in (torch.arange(90).flip(0), torch.randperm(90)):
        assert ids(network(), order, 7) == kept
        assert ids(other, order, 90) == kept
    assert ids(network(), torch.arange(90), 16, seed=1) != kept


def test_a_shuffled_loader_gives_the_same_rows_each_time(images: Tensor, labels: Tensor) -> None:
    loader = DataLoader(TensorDataset(images, labels), 16, shuffle=True)
    model, found = network(), []
    for seed in range(2):
        torch.manual_seed(seed)
        found.append(collect_features(model, loader, max_rows=20))
    first, second = found
    assert (first.ids != second.ids).any(), "the loader was not shuffled"
    np.testing.assert_array_equal(np.sort(first.ids), np.sort(second.ids))


def test_rows_that_stay_are_those_of_sorting_everything() -> None:
    generator = np.random.default_rng(0)
    ids = generator.permutation(4000).astype(np.uint64)
    labels = (generator.random(4000) ** 3 * 40).astype(np.int64)
    chosen = Chosen(200, seed=3)
    taken = 0
    for start in range(0, 4000, 33):
        some = slice(start, start + 33)
        rows = chosen.offer(ids[some], labels[some])
        chosen.take(rows, {"place": start + rows})
        taken += len(rows)
        assert max(len(column) for column in chosen.columns.values()) <= 300, "memory must be bounded"
    assert taken < 2000, "most of what comes late need not be looked at"
    found = chosen.sorted_by("place")
    room = max(r for r in range(1, 200) if np.minimum(np.bincount(labels), r).sum() <= 200)
    counts = np.bincount(found["labels"], minlength=40)
    np.testing.assert_array_equal(counts, np.minimum(np.bincount(labels, minlength=40), room))
    shuffled = Chosen(200, seed=3)
    order = generator.permutation(4000)
    shuffled.take(shuffled.offer(ids[order], labels[order]), {"place": order})
    np.testing.assert_array_equal(shuffled.sorted_by("place")["place"], found["place"])


def test_which_rows_stay_says_nothing_of_their_ids() -> None:
    ids = np.arange(10_000, dtype=np.uint64)
    chosen = Chosen(2000, seed=0)
    chosen.take(chosen.offer(ids, np.zeros(10_000, np.int64)), {})
    kept = chosen.sorted_by("ids")["ids"]
    tenths = np.bincount((kept // 1000).astype(int), minlength=10)
    assert len(kept) == 2000
    assert (abs(tenths - 200) < 5 * np.sqrt(200 * 0.8)).all(), tenths


def test_float16_takes_half_the_room_and_says_when_it_cannot(images: Tensor) -> None:
    model = network().eval()
    half, whole = (collect_features(model, images, "0", dtype=dtype).values for dtype in ("float16", "float32"))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, whole, rtol=1e-3, atol=1e-6)
    with torch.no_grad():
        model[0].bias.fill_(1e5)
    with pytest.raises(ValueError, match=r"layer '0' gives 1e\+05, float16 holds 65504 at most; use dtype='float32'"):
        collect_features(model, images, "0", dtype="float16")


def test_rows_that_are_no_numbers_stay_to_be_counted_later(images: Tensor) -> None:
    images[4, 0, 0, 0] = torch.nan
    images[5, 0, 0, 0] = torch.inf
    values = collect_features(network(), images, "0", dtype="float16").values
    assert np.flatnonzero(~np.isfinite(values).all(1)).tolist() == [4, 5]


def test_thumbnails_are_antialiased_and_never_enlarged() -> None:
    checks = torch.zeros(2, 3, 64, 128)
    checks[:, :, ::2, ::2] = checks[:, :, 1::2, 1::2] = 1
    tiles = collect_features(network(), checks).tiles
    assert tiles.shape == (2, 16, 32, 3)
    assert abs(tiles.astype(int) - 128).max() <= 2, "single pixels of 0 and 1 must give grey"
    small = torch.rand(2, 3, 9, 12)
    np.testing.assert_array_equal(
        collect_features(network(), small).tiles, np.rint(small.permute(0, 2, 3, 1).numpy() * 255)
    )
    assert collect_features(network(), small, thumbnail=None).tiles is None
    assert collect_features(network(), small, thumbnail=6).tiles.shape == (2, 4, 6, 3)


def test_images_of_several_sizes_have_tiles_of_one() -> None:
    features = collect_features(network(), [torch.ones(1, 3, 64, 64), torch.ones(1, 3, 20, 40)])
    assert features.tiles.shape == (2, 32, 32, 3)
    assert features.tiles[0].min() == 255
    assert (features.tiles[1, 8:24] == 255).all()
    assert features.tiles[1, :8].max() == features.tiles[1, 24:].max() == 0


def test_voxels_are_shown_as_their_projections() -> None:
    model = nn.Sequential(nn.Conv3d(1, 4, 3), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 3))
    voxels = (torch.rand(4, 1, 8, 8, 8) > 0.7).float()
    features = collect_features(model, [voxels], ["0", "3.input"])
    assert [one.values.shape for one in features] == [(4, 4), (4, 4)]
    np.testing.assert_array_equal(features[0].ids, Probe(voxels).pictures.ids)
    assert features[0].tiles.shape == (4, 8, 24, 1)
    assert features[0].ids[0] == picture_id((voxels[0, 0].numpy() * 255).astype(np.uint8))


def test_greys_and_colours_fit_the_same_tiles() -> None:
    grey = Pictures(np.full((1, 4, 4, 1), 7, np.uint8))
    coloured = tiles_of(grey, [0], 4, np.empty((0, 4, 4, 3), np.uint8))
    assert coloured.shape == (1, 4, 4, 3)
    assert (coloured == 7).all()


@pytest.mark.parametrize(
    ("loader", "given", "sentence"),
    [
        ([], {}, "the data have no images"),
        (iter([torch.rand(2, 3, 9, 12)]), {}, "used up after one epoch"),
        (
            [(torch.rand(2, 3, 9, 12), torch.rand(2))],
            {},
            "labels must be 2 class indices (integers), got torch.float32",
        ),
        ([(torch.rand(2, 3, 9, 12), torch.tensor([0, -1]))], {}, "labels must be class indices from 0; got -1"),
        ([torch.rand(2, 3, 9, 12)], {"layer": "7"}, "the model has no layer '7'"),
        ([torch.rand(2, 3, 9, 12)], {"layer": "7.input"}, "the model has no layer '7.input'"),
        ([torch.rand(2, 3, 9, 12)], {"pool": "sum"}, "pool must be 'mean', 'max' or 'flatten', got 'sum'"),
        ([torch.rand(2, 3, 9, 12)], {"dtype": "int8"}, "dtype must be 'float32' or 'float16', got 'int8'"),
        ([torch.rand(2, 3, 9, 12)], {"max_rows": 0}, "max_rows must be at least 1"),
        ([torch.rand(2, 3, 9, 12)], {"thumbnail": 0}, "thumbnail must be at least 1 pixel"),
        ([torch.rand(2, 3, 9, 12)], {"mean": [0.5]}, "mean and std must have 3 numbers each"),
        (
            [torch.rand(2, 3, 9, 12), torch.rand(2, 3, 10, 12)],
            {"layer": "0", "pool": "flatten"},
            "layer '0' gave 960 values an image after 864; give images of one size, or pool",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(loader: Any, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        collect_features(network(), loader, **given)
    assert sentence in str(caught.value)


class Augmented(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """Draws from every random state that there is."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return torch.rand(3, 9, 12) + random.random() + np.random.rand(), i % 4


@pytest.fixture
def states() -> Any:
    def states(model: nn.Module, generator: torch.Generator) -> list[Any]:
        return [
            [module.training for module in model.modules()],
            {name: value.clone() for name, value in model.state_dict().items()},
            [p.grad.clone() for p in model.parameters()],
            [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()],
            torch.get_rng_state(),
            generator.get_state(),
            np.random.get_state()[1].tolist(),
            random.getstate(),
        ]

    return states


def test_collecting_leaves_no_trace(states: Any) -> None:
    from tests.methods.test_training import assert_bit_equal

    model = network().train()
    model[1].eval()
    model(torch.rand(4, 3, 9, 12)).sum().backward()
    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(Augmented(), 4, shuffle=True, generator=generator)
    large = torch.rand(4, 3, 9, 12) * 1e9
    before = states(model, generator)
    collect_features(model, loader, ["0", "6.input"])
    collect_features(model, loader)
    with pytest.raises(ValueError, match="float16"):
        collect_features(model, large, dtype="float16")
    assert_bit_equal(before, states(model, generator))


def test_compiled_and_wrapped_models_are_seen_through(images: Tensor) -> None:
    model = network().eval()
    expected = collect_features(model, images).values
    np.testing.assert_array_equal(collect_features(nn.DataParallel(model), images).values, expected)
    np.testing.assert_array_equal(collect_features(torch.compile(model), images, "module.6.input").values, expected)


@pytest.mark.parametrize("capacity", [3, 10, 20, 30])
def test_the_choice_is_the_same_in_every_order_and_from_any_number_of_shares(capacity: int) -> None:
    ids, labels = np.arange(1, 38, dtype=np.uint64), np.arange(37) % 3

    def stay(order: np.ndarray, at_once: int) -> Chosen:
        chosen = Chosen(capacity, seed=1)
        for some in np.split(order, range(at_once, len(order), at_once)):
            chosen.take(chosen.offer(ids[some], labels[some]), {})
        return chosen

    random = np.random.default_rng(0)
    expected = stay(np.arange(37), 37).sorted_by("ids")["ids"].tolist()
    assert len(expected) == capacity // 3 * 3
    for at_once in (1, 4, 8):
        order = random.permutation(37)
        assert stay(order, at_once).sorted_by("ids")["ids"].tolist() == expected
        union = Chosen(capacity, seed=1)
        for share in np.array_split(order, at_once):
            of_share = stay(share, 4)
            union.join(of_share.choice.counts, of_share.sorted_by("ids"))
        assert union.sorted_by("ids")["ids"].tolist() == expected
