"""Features that ranks collect of their shares are, together, those that one process collects of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader, Dataset, DistributedSampler, Subset, TensorDataset

from tb_explain.methods import Features, collect_features, gather_features

MODEL = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5))


@pytest.fixture(scope="module")
def data() -> TensorDataset:
    """Of five classes, some far larger than others; a few pictures are there twice."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(101, 1, 6, 7, generator=generator)
    images[90:95] = images[:5]
    labels = torch.multinomial(torch.tensor([0.6, 0.2, 0.1, 0.06, 0.04]), 101, True, generator=generator)
    labels[90:95] = labels[:5]
    return TensorDataset(images, labels)


@pytest.fixture
def gathered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What rank 0 gets when ranks give what they have; handing it over is `torch.distributed`'s part."""

    def gather(*ranks: Any) -> Any:
        def gather_object(mine: Any, found: list[Any]) -> None:
            found[:] = [([one] if isinstance(one, Features) else one, isinstance(one, Features)) for one in ranks]

        monkeypatch.setattr(dist, "is_initialized", lambda: True)
        monkeypatch.setattr(dist, "get_world_size", lambda: len(ranks))
        monkeypatch.setattr(dist, "get_rank", lambda: 0)
        monkeypatch.setattr(dist, "gather_object", gather_object)
        return gather_features(ranks[0])

    return gather


def assert_same(found: Features, expected: Features) -> None:
    """But for the order, and places in loaders."""
    order = np.lexsort((expected.indices, expected.ids))
    np.testing.assert_array_equal(found.ids, expected.ids[order])
    for name in ("labels", "predicted", "tiles"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name)[order], err_msg=name)
    np.testing.assert_allclose(found.values, expected.values[order], atol=1e-6)
    np.testing.assert_allclose(found.probabilities, expected.probabilities[order], atol=1e-6)
    assert found.layer == expected.layer
    assert found.choice == expected.choice


def share_of(data: Dataset[Any], rank: int, size: int) -> DataLoader[Any]:
    return DataLoader(Subset(data, range(rank, len(data), size)), 8)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 2, 3, 60])
@pytest.mark.parametrize("max_rows", [None, 30, 3])
def test_the_union_is_what_one_process_collects(
    data: TensorDataset, gathered: Any, size: int, max_rows: int | None
) -> None:
    whole = collect_features(MODEL, DataLoader(data, 16), "2", max_rows=max_rows, seed=4)
    ranks = [collect_features(MODEL, share_of(data, r, size), "2", max_rows=max_rows, seed=4) for r in range(size)]
    assert isinstance(whole, Features)
    assert_same(gathered(*ranks), whole)


def test_what_a_distributedsampler_repeats_counts_once(data: TensorDataset, gathered: Any) -> None:
    whole = collect_features(MODEL, DataLoader(data, 16), "2")
    ranks = []
    for rank in range(4):
        sampler: DistributedSampler[Any] = DistributedSampler(data, 4, rank, shuffle=True, seed=1)
        assert len(sampler) == 26, "101 are not 4 equal shares"
        ranks.append(collect_features(MODEL, DataLoader(data, 8, sampler=sampler), "2"))
    found = gathered(*ranks)
    assert len(found) == 101
    assert isinstance(whole, Features)
    np.testing.assert_array_equal(found.ids, np.sort(whole.ids))
    assert found.indices.tolist() != sorted(found.indices.tolist())
    assert sorted(found.indices.tolist()) == list(range(101))


def test_layers_are_gathered_in_their_order_and_a_rank_may_have_none(data: TensorDataset, gathered: Any) -> None:
    layers = ["2", "0"]
    whole = collect_features(MODEL, DataLoader(data, 16), layers)
    ranks = [collect_features(MODEL, share_of(data, rank, 2), layers) for rank in range(2)]
    found = gathered(ranks[0], None, ranks[1])
    assert isinstance(found, list) and isinstance(whole, list)
    for one, expected in zip(found, whole, strict=True):
        assert_same(one, expected)


def test_what_not_all_ranks_know_is_not_known(data: TensorDataset, gathered: Any) -> None:
    images, labels = data.tensors
    ranks = [
        collect_features(MODEL, [(images[:50], labels[:50])], "2"),
        collect_features(MODEL, [images[50:]], "2", thumbnail=None),
    ]
    found = gathered(*ranks)
    assert found.tiles is None
    assert (found.labels >= 0).sum() == 50
    assert found.predicted is not None


@pytest.mark.parametrize(
    ("ranks", "sentence"),
    [
        ([{"layer": "0"}, {"layer": "2"}], "different layers"),
        ([{"max_rows": 5}, {"max_rows": 6}], "the same max_rows and seed everywhere"),
        ([{"pool": "flatten", "layer": "0"}, {"layer": "0"}], "different numbers of values"),
    ],
)
def test_ranks_that_do_not_agree_are_told_so(
    data: TensorDataset, gathered: Any, ranks: Sequence[dict[str, Any]], sentence: str
) -> None:
    found = [collect_features(MODEL, DataLoader(data, 16), **{"layer": "2"} | of_rank) for of_rank in ranks]
    with pytest.raises(ValueError, match=sentence):
        gathered(*found)


def test_without_a_process_group_a_sentence_says_so(data: TensorDataset) -> None:
    with pytest.raises(RuntimeError, match="there is no process group"):
        gather_features(collect_features(MODEL, DataLoader(data, 16), "2"))
