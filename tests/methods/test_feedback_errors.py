"""The table of reconstruction errors is what a computation by hand gives."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods.feedback import FeedbackNetwork, ReconstructionErrors


def noise(n: int, seed: int) -> Tensor:
    return torch.randn(n, 1, 6, 6, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def feedback() -> FeedbackNetwork:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 3)
    )
    network = FeedbackNetwork(model, skips=True)
    network.fit([noise(64, 5)], epochs=3)
    return network


def by_hand(
    feedback: FeedbackNetwork, images: Tensor, samples: Tensor, layer: str
) -> tuple[list[list[float]], list[int]]:
    theirs = feedback.codes(samples)
    errors, chosen = [], []
    for x in images.split(1):
        own = feedback.codes(x)
        candidates = [i for i in range(len(samples)) if theirs.predicted[i] == own.predicted[0]]
        y_index = min(candidates, key=lambda i: float((theirs.feedback["4"][i] - own.feedback["4"][0]).norm()))
        y = samples[y_index : y_index + 1]
        x_again = feedback.decode(layer, own.forward[layer])
        y_again = feedback.decode(None, theirs.probabilities[y_index : y_index + 1])
        pairs = [(x, x_again), (y, y_again), (x_again, y_again), (x, y_again)]
        errors.append([float(((a - b) ** 2).sum()) for a, b in pairs])
        chosen.append(y_index)
    return errors, chosen


def test_errors_are_those_of_the_definition(feedback: FeedbackNetwork) -> None:
    images, samples = noise(7, 1), noise(50, 2)
    found = feedback.errors(images, samples.split(16), layer="1")
    expected, chosen = by_hand(feedback, images, samples, "1")
    torch.testing.assert_close(found.sums, torch.tensor(expected))
    torch.testing.assert_close(found.means, torch.tensor(expected) / 36)
    assert found.representative_indices.tolist() == chosen
    assert torch.equal(found.representatives, samples[chosen])
    codes = feedback.codes(images)
    assert torch.equal(found.predicted, codes.predicted)
    torch.testing.assert_close(found.reconstructions, feedback.decode("1", codes.forward["1"]))
    torch.testing.assert_close(found.class_reconstructions, feedback.reconstruct(samples[chosen]))
    assert found.layer_errors == {}


def test_the_layer_is_that_reconstructed_best(feedback: FeedbackNetwork) -> None:
    images, samples, others = noise(3, 1), noise(40, 2), 3 * noise(20, 3)
    for validation, expected in [(None, samples), ([others], others)]:
        found = feedback.errors(images, samples.split(16), validation=validation)
        forward = feedback.codes(expected).forward
        errors = {
            layer: float((feedback.decode(layer, forward[layer]) - expected).square().sum() / len(expected))
            for layer in feedback.layers
        }
        assert found.layer_errors == pytest.approx(errors, rel=1e-5)
        assert found.layer == min(errors, key=errors.__getitem__)


def test_a_table_of_correct_and_wrong_images(feedback: FeedbackNetwork) -> None:
    images = noise(9, 1)
    found = feedback.errors(images, [noise(50, 2)])
    labels = found.predicted.clone()
    labels[:4] = (labels[:4] + 1) % 3
    table = found.table(labels)
    assert table.n_wrong == 4
    assert table.n_correct == 5
    assert table.wrong == pytest.approx(found.sums[:4].mean(0).tolist())
    assert table.correct == pytest.approx(found.sums[4:].mean(0).tolist())
    assert "wrong (4)" in str(table)
    assert f"{table.wrong[3] / table.wrong[0]:.4g}" in str(table).splitlines()[-1]
    everything_right = found.table(found.predicted)
    assert everything_right.n_wrong == 0
    assert all(map(math.isnan, everything_right.wrong))
    assert "nan" in str(everything_right)
    with pytest.raises(ValueError, match=r"got labels \[2\] for 9 images"):
        found.table(torch.zeros(2, dtype=torch.long))


def test_classes_without_samples_and_images_that_are_no_number(feedback: FeedbackNetwork) -> None:
    images, samples = noise(30, 1), noise(60, 2)
    predicted, theirs = feedback.codes(images).predicted, feedback.codes(samples).predicted
    classes = predicted.unique()
    assert len(classes) > 1
    missing = classes[-1]
    images[predicted.tolist().index(classes[0]), 0, 2, 2] = torch.nan
    kept = samples[theirs != missing]
    kept[0, 0, 0, 0] = torch.nan
    found: ReconstructionErrors = feedback.errors(images, [kept], layer="1")
    lost = predicted == missing
    assert found.representative_indices[lost].eq(-1).all()
    assert found.sums[lost, 0].isfinite().all()
    assert found.sums[lost, 1:].isnan().all()
    known = found.sums.isfinite().all(1)
    assert int(known.sum()) == int((~lost).sum()) - 1
    assert not found.representative_indices.eq(0).any()
    table = found.table(found.predicted)
    assert table.n_correct == int(known.sum())
    assert all(map(math.isfinite, feedback.errors(images, [kept]).layer_errors.values()))


def test_samples_that_cannot_be_had_are_refused(feedback: FeedbackNetwork) -> None:
    images = noise(3, 1)
    with pytest.raises(ValueError, match="loader is a generator"):
        feedback.errors(images, (batch for batch in [images]))
    with pytest.raises(ValueError, match="gives no batches; give one of training samples"):
        feedback.errors(images, [])
    with pytest.raises(ValueError, match="no layer '3'; it has '1', '4'"):
        feedback.errors(images, [images], layer="3")
