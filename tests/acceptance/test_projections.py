"""What projections of a layer must show: classes that are learned come apart, pairs that look alike are found, rows keep their places."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from fruit_pictures import FRUITS, fruit8
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tb_explain.methods.collect import collect_features
from tb_explain.projections import Rows
from tb_explain.projections.class_distances import ClassDistances, class_distances
from tb_explain.projections.quality import trustworthiness
from tb_explain.projections.record import record_of
from tb_explain.projections.reducers import PCA, UMAP
from tb_explain.projections.reduction import reduce
from tb_explain.records import SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tests.acceptance.conftest import _block, _seeded, _train
from tests.benchmarks.alignment import digits, independent, live, movement, procrustes, quiet, together

MNIST = Path(os.environ.get("TB_EXPLAIN_MNIST", "no file was named"))


class Logged(NamedTuple):
    """What the writer would log of features."""

    measures: dict[str, float]
    distances: pb.ClassDistances
    found: ClassDistances
    by_features: ClassDistances  # found without knowing what was predicted
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]


def logged(directory: Path, values: NDArray[Any], labels: NDArray[Any], predicted: NDArray[Any]) -> Logged:
    ids = np.arange(len(values)).astype(np.uint64) + np.uint64(1)
    placed, _ = reduce(PCA(), values, ids, labels)
    series = pb.Series(tag="features", kind=pb.PROJECTION)
    rows = Rows(ids, labels, predicted)
    records, measures = record_of(SegmentWriter(directory), series, 0, 0.0, rows, placed, values)
    return Logged(
        measures,
        pb.Projection.FromString(records[-1].payload).class_distances,
        class_distances(values, labels, predicted, placed.neighbours),
        class_distances(values, labels, None, placed.neighbours),
        labels,
        predicted,
    )


def logged_of(directory: Path, model: nn.Module, images: Tensor, labels: Tensor) -> Logged:
    features = collect_features(model, DataLoader(TensorDataset(images, labels), 128), max_rows=None)
    assert not isinstance(features, list) and features.labels is not None and features.predicted is not None
    return logged(directory, features.values, features.labels, features.predicted)


def most_confused(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs by scikit-learn's confusion matrix, made symmetric."""
    matrix = confusion_matrix(labels, predicted)
    matrix = matrix + matrix.T
    first, second = np.triu_indices(len(matrix), 1)
    order = np.argsort(-matrix[first, second], kind="stable")
    return list(zip(first[order].tolist(), second[order].tolist(), strict=True))


@pytest.fixture(scope="module")
def fruits(fruit8_model: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> tuple[Logged, Logged]:
    """Of the layer before the last, and of the pixels."""
    pictures = fruit8(800, seed=2)
    directory = tmp_path_factory.mktemp("fruits")
    of_layer = logged_of(directory, fruit8_model, pictures.images, pictures.labels)
    of_pixels = logged(directory, pictures.images.flatten(1).numpy(), of_layer.labels, of_layer.predicted)
    return of_layer, of_pixels


def test_the_neighbours_of_a_fruit_are_of_its_kind_in_the_layer_and_not_in_the_pixels(
    fruits: tuple[Logged, Logged],
) -> None:
    of_layer, of_pixels = (one.measures["knn_purity"] for one in fruits)
    assert of_layer >= 0.85 and of_layer >= of_pixels + 0.3, (
        f"{of_layer:.3f} in the layer, {of_pixels:.3f} in the pixels"
    )


def test_cucumber_and_bitter_melon_are_nearest_and_most_often_confused(fruits: tuple[Logged, Logged]) -> None:
    of_layer, _ = fruits
    look_alike = FRUITS.index("cucumber"), FRUITS.index("bitter melon")
    distances = of_layer.found.distances[np.triu_indices(8, 1)]
    nearest, second = np.sort(distances)[:2]
    assert nearest <= 0.25 * second, f"{nearest:.3f}, the next {second:.3f}"
    assert of_layer.found.distances[look_alike] == nearest
    assert most_confused(of_layer.labels, of_layer.predicted)[0] == look_alike
    pair = of_layer.distances.pairs[0]
    assert (pair.first, pair.second) == look_alike
    assert pair.confusions >= 20 and pair.distance == pytest.approx(nearest)
    silhouettes = np.array(of_layer.distances.silhouettes)
    confusable = np.isin(range(8), look_alike)
    assert silhouettes[confusable].max() < 0.6 < 0.8 < silhouettes[~confusable].min(), silhouettes.round(2)
    assert {int(of_layer.labels[row]) for row in pair.rows} <= set(look_alike)
    between = of_layer.found.row_silhouettes[list(pair.rows)]
    assert (between < np.median(of_layer.found.row_silhouettes)).all(), "what lies between is in no class's middle"


class DigitNet(nn.Module):
    """Three convolutions, average pooling, one Linear."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(_block(1, 16), nn.MaxPool2d(2), _block(16, 32), _block(32, 32))
        self.fc = nn.Linear(32, 10)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.features(images).mean((2, 3)))


def trained_and_before(directory: Path, images: Tensor, labels: Tensor, epochs: int, rate: float) -> list[Logged]:
    """Of the half of the images that are not learned: before and after."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    fitted, fresh = order[: len(order) // 2], order[len(order) // 2 :]
    with _seeded():
        model = DigitNet().eval()
        before = logged_of(directory, model, images[fresh], labels[fresh])
        model.train()
        _train(model, images[fitted], labels[fitted], batch=32, epochs=epochs, rate=rate)
        return [before, logged_of(directory, model, images[fresh], labels[fresh])]


def assert_training_separates_the_classes(before: Logged, after: Logged) -> None:
    for name in ("silhouette", "knn_purity"):
        assert after.measures[name] >= before.measures[name] + 0.1, (name, before.measures, after.measures)
    confused = most_confused(after.labels, after.predicted)
    counts = after.found.confusions
    assert counts is not None
    counts = counts + counts.T
    named = [(pair.first, pair.second) for pair in after.distances.pairs[:5]]
    assert [counts[pair] for pair in named] == [counts[pair] for pair in confused[:5]]
    # The layer knows it too, without knowing what was predicted.
    by_features = [(pair.first, pair.second) for pair in after.by_features.pairs[:3]]
    said = f"{by_features} where {confused[:8]} of 45 are confused"
    assert by_features[0] in confused[:5] and len(set(by_features) & set(confused[:8])) >= 2, said
    assert after.distances.agreement >= 0.25 > before.distances.agreement


def test_digits_come_apart_and_the_pairs_are_those_of_the_confusion_matrix(tmp_path: Path) -> None:
    digits = load_digits()
    images = torch.from_numpy(digits.images).float()[:, None] / 16
    before, after = trained_and_before(tmp_path, images, torch.from_numpy(digits.target), epochs=5, rate=3e-3)
    assert_training_separates_the_classes(before, after)


@pytest.mark.slow
@pytest.mark.skipif(not MNIST.exists(), reason="TB_EXPLAIN_MNIST names no file with images [N, 28, 28] and labels [N]")
def test_mnist_comes_apart_and_the_pairs_are_those_of_the_confusion_matrix(tmp_path: Path) -> None:
    with np.load(MNIST) as file:
        images = torch.from_numpy(file["images"]).float()[:, None] / 255
        labels = torch.from_numpy(file["labels"]).long()
    before, after = trained_and_before(tmp_path, images, labels, epochs=3, rate=1e-3)
    assert_training_separates_the_classes(before, after)


@pytest.mark.slow
def test_rows_keep_their_places_while_a_network_learns_digits() -> None:
    features, _ = digits(epochs=6, rows=900)
    still = quiet(features)
    alone = independent(features, UMAP())
    aligned = live(features, UMAP())
    turned, held = (movement(at, still) for at in (procrustes(alone), aligned))
    ratio = np.mean(held) / np.mean(turned)
    assert ratio <= 0.35, f"{np.round(held, 2)} held to the step before, {np.round(turned, 2)} turned onto it"
    lost = [
        trustworthiness(step, fit) - trustworthiness(step, at)
        for step, fit, at in zip(features, alone, aligned, strict=True)
    ]
    assert max(lost) <= 0.02, np.round(lost, 4)


@pytest.mark.slow
def test_rows_keep_their_places_in_a_sequence_that_is_known_as_a_whole() -> None:
    features, _ = digits(epochs=3, rows=400)
    still = quiet(features)
    alone, whole = independent(features, UMAP()), together(features, UMAP())
    ratio = np.mean(movement(whole, still)) / np.mean(movement(procrustes(alone), still))
    assert ratio <= 0.35, f"{ratio:.2f} x the movement of turned fits"
    lost = [
        trustworthiness(step, fit) - trustworthiness(step, at)
        for step, fit, at in zip(features, alone, whole, strict=True)
    ]
    assert max(lost) <= 0.02, np.round(lost, 4)
