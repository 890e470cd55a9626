"""FilterClusters on small networks: what it clusters, which patches it shows, which layer an image turns at, and bad input."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods import FilterClusters, GradCAM, Output, attribute, make_interpretable
from tb_explain.methods.cluster_paths import Clustered, matched, turning_layer
from tb_explain.methods.filter_space import FilterSpace


def network(seed: int = 0, channels: int = 1) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(96, 8),
        nn.ReLU(),
        nn.Linear(8, 3),
    ).eval()


LAYERS = ["1", "3", "6", "7"]


@pytest.fixture(autouse=True)
def _no_graph() -> Iterator[None]:
    with torch.no_grad():
        yield


def images(n: int = 30, seed: int = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 1, 8, 8, generator=generator), torch.randint(0, 3, (n,), generator=generator)


def loader(n: int = 30, batch: int = 7) -> list[tuple[Tensor, Tensor]]:
    x, y = images(n)
    return list(zip(x.split(batch), y.split(batch), strict=True))


def test_all_layers_are_clustered_in_their_own_spaces() -> None:
    model, (x, _) = network(), images()
    spaces = FilterClusters(LAYERS, k=5).fit(model, loader())
    found = spaces.explain(model, x)
    for order, (name, one) in enumerate(zip(LAYERS, found, strict=True)):
        features = model[: int(name) + 1](x)
        v = features.flatten(2).transpose(1, 2) if features.ndim == 4 else features[:, None]
        space = spaces.spaces[name, "forward"]
        assert space.centroids.shape == (5, v.shape[2])
        assert (one.layer, one.order) == (name, order)
        nearest = torch.cdist(v, space.centroids).argmin(2)
        assert torch.equal(one.forward.assignments.flatten(1), nearest)
        assert one.forward.assignments.shape[1:] == (features.shape[2:] if features.ndim == 4 else (1, 1))
        assert torch.equal(one.predicted, model(x).argmax(1))


def test_layers_are_ordered_as_the_network_calls_them() -> None:
    model, (x, y) = network(), images()
    found = FilterClusters(["6", "1", "3"], k=[2, 3, 4]).explain_set(model, x, y)
    assert [(one.layer, one.order, one.forward.space.k) for one in found] == [("1", 0, 3), ("3", 1, 4), ("6", 2, 2)]


def test_a_layer_as_wide_as_the_output_is_not_the_output() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.ReLU(), nn.Linear(3, 3))
    x, y = images(60)
    hidden = FilterClusters(["1", "2"]).fit(model, [(x, y)])
    assert (hidden.has_output, hidden.spaces["2", "forward"].k) == (False, 20)
    output = FilterClusters(["1", "3"]).fit(model, [(x, y)])
    assert (output.has_output, output.spaces["3", "forward"].k) == (True, 3)


def test_without_patches_no_receptive_fields_are_measured() -> None:
    (found,) = FilterClusters("3", k=3, patches=0)(network(), images()[0])
    assert found.fields is None
    assert found.forward.space.patches == ()


def test_statistics_count_every_position_of_the_loader_by_its_true_class() -> None:
    model, (x, y) = network(), images()
    space = FilterClusters("3", k=4).fit(model, loader()).spaces["3", "forward"]
    v = model[:4](x).flatten(2).transpose(1, 2)
    nearest = torch.cdist(v, space.centroids).argmin(2)
    expected = torch.zeros(16, 4, 3)
    for row, label in zip(nearest, y.tolist(), strict=True):
        for u, j in enumerate(row.tolist()):
            expected[u, j, label] += 1
    assert torch.equal(space.counts.float(), expected)


def test_batches_do_not_matter() -> None:
    model, (x, y) = network(), images()
    one, other = (FilterClusters(LAYERS, k=5).fit(model, loader(batch=batch)) for batch in (30, 4))
    for key, space in one.spaces.items():
        assert torch.allclose(space.centroids, other.spaces[key].centroids, atol=1e-5)
        assert torch.equal(space.counts, other.spaces[key].counts)
        assert [(p.sample, p.position) for p in space.patches] == [
            (p.sample, p.position) for p in other.spaces[key].patches
        ]
    assert y.shape == (30,)
    assert len(x) == 30


def test_without_labels_the_predicted_class_counts() -> None:
    model, (x, _) = network(), images()
    labelled = FilterClusters("3", k=4).fit(model, [(x, model(x).argmax(1))])
    unlabelled = FilterClusters("3", k=4).fit(model, x)
    assert torch.equal(labelled.spaces["3", "forward"].counts, unlabelled.spaces["3", "forward"].counts)


def test_patches_are_what_the_nearest_positions_see() -> None:
    model, (x, y) = network(), images()
    spaces = FilterClusters("3", k=3, patches=5).fit(model, loader())
    space = spaces.spaces["3", "forward"]
    v = model[:4](x).flatten(2).transpose(1, 2)
    distances, nearest = torch.cdist(v, space.centroids).min(2)
    for j in range(3):
        mine = torch.where(nearest == j, distances, torch.inf)
        least, at = mine.min(1)
        order = least.argsort()[:5]
        patches = [patch for patch in space.patches if patch.cluster == j]
        assert [patch.sample for patch in patches] == [int(i) for i in order if least[i].isfinite()]
        for patch in patches:
            assert patch.distance == pytest.approx(float(least[patch.sample]), abs=1e-3)
            assert patch.position == tuple(np.unravel_index(int(at[patch.sample]), (4, 4)))
            assert patch.label == int(y[patch.sample])
            assert patch.box == spaces.fields["3"].box(patch.position)
            assert torch.equal(patch.pixels, x[patch.sample][(slice(None), *patch.box)])


def test_the_published_numbers_of_clusters() -> None:
    x, y = torch.rand(100, 1, 8, 8), torch.randint(0, 3, (100,))
    spaces = FilterClusters(LAYERS).fit(network(), [(x, y)])
    assert [spaces.spaces[name, "forward"].k for name in LAYERS] == [60, 30, 20, 3], "the output has one a class"


def test_voxels_and_tokens_and_other_outputs() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv3d(1, 4, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 27, 2))
    x = torch.rand(12, 1, 6, 6, 6)
    (found,) = FilterClusters("1", k=3)(model, x)
    assert found.forward.assignments.shape == (12, 3, 3, 3)
    assert found.forward.space.patches[0].pixels.shape == (1, 2, 2, 2)

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = network()

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"other": x.mean((1, 2, 3))[:, None], "main": self.body(x)}

    both, (x, _) = Both(), images()
    (found,) = FilterClusters("body.3", k=3)(both, x, Output("main"))
    assert torch.equal(found.predicted, both.body(x).argmax(1))


@pytest.mark.parametrize(
    ("votes", "strange", "predicted", "label", "turning"),
    [
        ([0, 0, 1], [], 1, 0, 2),  # the true class, then the predicted
        ([0, 2, 1], [], 1, 0, 1),  # behind the last that votes for the true one
        ([1, 0, 1], [], 1, 0, 2),
        ([0, 0, 0], [], 1, 0, 3),  # at the output
        ([1, 1, 1], [], 1, 0, 0),  # from the beginning
        ([2, 2, 1], [], 1, 0, 0),  # none ever voted for the true one
        ([2, 2, 1], [], 1, 1, 2),  # label not known, or right: away from what most voted for
        ([2, 0, 1], [], 1, 1, 1),  # as many: the one voted for first
        ([1, 1, 1], [], 1, 1, 0),
        ([0, 0, 1], [1], 1, 0, 1),  # unlike anything clustered
        ([0, 0, 0], [2, 1], 1, 0, 1),
    ],
)
def test_the_turning_layer(votes: list[int], strange: list[int], predicted: int, label: int, turning: int) -> None:
    unlike = torch.tensor([[i in strange] for i in range(3)])
    found = turning_layer(torch.tensor([[v] for v in [*votes, predicted]]), unlike, torch.tensor([label]))
    assert found.tolist() == [turning]


def test_results_say_where_each_image_turns() -> None:
    model, (x, y) = network(), images(60)
    predicted = model(x).argmax(1)
    for layers in (LAYERS, LAYERS[:-1]):  # with the output, whose own vote is the prediction, and without
        found = FilterClusters(layers, k=3).explain_set(model, x, y)
        inner = found[:3]
        votes = torch.stack([*(one.forward.evidence.argmax(1) for one in inner), predicted])
        strange = torch.stack([one.novelty for one in inner]) < 0.05 / 3
        assert all(torch.equal(one.turning, turning_layer(votes, strange, y)) for one in found)


def test_images_unlike_those_clustered_are_told() -> None:
    model, (x, y) = network(), images(400)
    spaces = FilterClusters(["1", "3", "6"], k=8).fit(model, list(zip(x.split(50), y.split(50), strict=True)))
    fresh, _ = images(200, seed=5)
    usual = spaces.explain(model, fresh)
    for one in usual:
        assert (one.novelty < 0.05).float().mean() < 0.12
    other = spaces.explain(model, 5 * fresh)
    assert (other[0].novelty < 0.05 / 3).all()
    assert not other[0].turning.any(), "unlike from the first layer on"


def test_clusters_keep_their_names_when_they_come_in_another_order() -> None:
    model, (x, _) = network(), images()
    (before,) = FilterClusters("3", k=5)(model, x)
    order = torch.tensor([3, 0, 4, 1, 2])  # new cluster j was cluster order[j]
    space = before.forward.space
    shuffled = FilterSpace(space.centroids[order], space.counts[:, order], space.places)
    fitted = FilterClusters("3", k=5).fit(model, x)
    (now,) = replace(fitted, spaces={("3", "forward"): shuffled}).explain(model, x, last=[before])
    assert now.forward.ids == tuple(order.tolist())
    assert now.stability == 1
    named = torch.tensor(now.forward.ids)[now.forward.assignments]
    assert torch.equal(named, before.forward.assignments)


def test_more_clusters_than_before_get_new_names() -> None:
    model, (x, _) = network(), images()
    few, many = (FilterClusters("3", k=k)(model, x)[0].forward for k in (2, 4))
    names, stability = matched(many, few)
    assert len(set(names.ids)) == 4
    assert {0, 1} < set(names.ids)
    assert stability is not None
    fewer, _ = matched(few, names)
    assert set(fewer.ids) < set(names.ids)
    assert matched(many, None)[1] is None


def test_a_step_goes_on_from_the_last() -> None:
    model, (x, y) = network(), images()
    method = FilterClusters(LAYERS, k=5)
    first = method.explain_set(model, x, y)
    assert [one.stability for one in first] == [None] * 4
    second = method.explain_set(model, x, y, last=first)
    for one, before in zip(second, first, strict=True):
        assert one.stability == pytest.approx(1, abs=0.005)
        assert (one.forward.assignments == before.forward.assignments).float().mean() > 0.995
        assert one.scalars.keys() == {"purity", "entropy", "association", "stability"}
        assert one.fields is before.fields, "receptive fields do not change while a network learns"


def test_the_same_seed_gives_the_same_clusters_and_the_model_stays_as_it_was() -> None:
    model, (x, _) = network(), images()
    model.train()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    drawn = torch.random.get_rng_state()
    one, other = (FilterClusters(LAYERS, k=5, seed=4)(model, x) for _ in range(2))
    assert all(torch.equal(a.forward.assignments, b.forward.assignments) for a, b in zip(one, other, strict=True))
    assert torch.equal(torch.random.get_rng_state(), drawn)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert bool((model[0].weight.grad == 1).all())
    assert not any(module._forward_hooks for module in model.modules())


def test_under_inference_mode_and_with_another_precision() -> None:
    model, (x, _) = network(), images()
    with torch.inference_mode():
        (one,) = FilterClusters("3", k=4)(model, x.clone())
    (other,) = FilterClusters("3", k=4)(model.double(), x)
    assert torch.equal(one.forward.assignments, other.forward.assignments)


def test_constant_activations_are_one_cluster(caplog: pytest.LogCaptureFixture) -> None:
    model, (x, _) = network(), images()
    nn.init.constant_(model[2].bias, -100)
    with caplog.at_level(logging.WARNING, "tb_explain"):
        (found,) = FilterClusters("3", k=4)(model, x)
    assert found.forward.space.k == 1
    assert not found.forward.assignments.any()
    assert "1 distinct vectors only: 1 clusters instead of 4" in caplog.text


def test_images_that_are_not_finite_are_marked_and_left_out() -> None:
    model, (x, y) = network(), images()
    broken = x.clone()
    broken[3] = torch.nan
    (found,) = FilterClusters("3", k=4).fit(model, [(x, y)]).explain(model, broken)
    assert found.flags.nonzero().flatten().tolist() == [3]
    assert found.forward.evidence.isfinite().all()
    (of_broken,) = FilterClusters("3", k=4)(model, broken)
    assert of_broken.forward.space.centroids.isfinite().all()


@pytest.mark.parametrize(
    ("method", "data", "sentence"),
    [
        (FilterClusters("3", k=4000), "loader", "k=4000 clusters of 480 vectors at layer '3' cannot be"),
        (FilterClusters("3", k=0), "loader", "k must be a whole number from 1"),
        (FilterClusters("3", k="many"), "loader", "k must be a whole number from 1"),
        (FilterClusters(["1", "3"], k=[3]), "loader", "got 1 numbers of clusters for 2 layers"),
        (FilterClusters("33"), "loader", "the model has no layer '33'"),
        (FilterClusters("3"), None, "no data to cluster"),
        (FilterClusters("3"), "iterator", "data is a list_iterator, which is used up"),
        (FilterClusters("3"), [], "the data have no images"),
        (FilterClusters("3"), "nan", "gave no finite vector"),
        (FilterClusters("3"), 7, "data must be a DataLoader"),
        (FilterClusters("3", k=2), "labels", "labels must be classes of the model, 0 to 2; got 9"),
        (FilterClusters("3", k=2), "names", "labels must be 30 class indices"),
        (FilterClusters("3", k=2), "integers", "expected batches of float images"),
    ],
)
def test_bad_input_is_said_in_a_sentence(method: FilterClusters, data: Any, sentence: str) -> None:
    x, y = images()
    made = {
        "loader": loader(),
        "iterator": iter(loader()),
        "nan": x * torch.nan,
        "labels": [(x, y + 9 - y)],
        "names": [(x, y[:4])],
        "integers": [((x * 255).byte(), y)],
    }
    with pytest.raises((TypeError, ValueError), match=sentence):
        method.fit(network(), made[data] if isinstance(data, str) else data)


def test_images_of_several_sizes_are_refused() -> None:
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    with pytest.raises(ValueError, match=r"layer '0' gave \[3, 4, 4\] after \[3, 6, 6\]; give images of one size"):
        FilterClusters("0", k=2).fit(model, [torch.rand(2, 1, 8, 8), torch.rand(2, 1, 6, 6)])


def test_a_layer_that_is_never_reached_is_named() -> None:
    model = nn.Sequential(network(), nn.Identity())
    model.spare = nn.Conv2d(1, 1, 1)
    model.forward = lambda x: model[0](x)  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="layer 'spare' was not used"):
        FilterClusters("spare").fit(model, loader())


def test_it_is_called_by_itself() -> None:
    with pytest.raises(TypeError, match="FilterClusters looks at a set of images at once"):
        attribute(network(), images()[0], [GradCAM("3"), FilterClusters("3")])


def test_results_print_shortly() -> None:
    assert repr(FilterClusters("3", data=loader())) == "FilterClusters(layer='3', k=None, patches=4, seed=0)"
    assert isinstance(FilterClusters("3", k=2)(network(), images()[0])[0], Clustered)


def test_an_interpretable_layer_has_the_patches_of_its_filters() -> None:
    plain = FilterClusters(["3"], k=3).fit(network(), loader()).fields["3"]
    masked = FilterClusters(["3"], k=3).fit(make_interpretable(network(), "3"), loader())
    assert masked.fields["3"].box((1, 2)) == plain.box((1, 2))
    assert masked.spaces["3", "forward"].patches


def test_layers_that_see_no_part_of_the_image_have_no_patches(caplog: pytest.LogCaptureFixture) -> None:
    class Everywhere(nn.Module):
        """Its positions are sorted, so that none of them belongs to a part of the image."""

        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(2).sort(2).values.reshape(x.shape)

    model, (x, y) = network(), images()
    model[3] = Everywhere()
    with caplog.at_level(logging.WARNING, logger="tb_explain"):
        found = FilterClusters(["1", "3"], k=3).explain_set(model, x, y)
        assert "no patches of clusters: layer '3'" in caplog.text
        caplog.clear()
        again = FilterClusters(["1", "3"], k=3).explain_set(model, x, y, last=found)
    assert not caplog.text, "it is said once"
    for of_layer in (found, again):
        assert of_layer[0].fields is not None
        assert of_layer[1].fields is None
        assert of_layer[1].forward.space.k == 3
