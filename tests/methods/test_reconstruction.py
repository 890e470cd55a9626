"""The Reconstruction method: what it decodes from where, its errors, and what it needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tb_explain import ExplainWriter, Probe
from tb_explain.methods import FeedbackNetwork, FilterClusters, Flag, Reconstruction
from tb_explain.methods.reconstruction import NAMES, Reconstructed
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of


@pytest.fixture(scope="module")
def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(24, 3),
    ).eval()


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(24, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def feedback(model: nn.Sequential, images: Tensor) -> FeedbackNetwork:
    network = FeedbackNetwork(model, ["1", "3"])
    network.fit(images.split(8), epochs=2)
    return network


def test_every_layer_and_the_class_are_decoded(model: nn.Sequential, images: Tensor, feedback: FeedbackNetwork) -> None:
    (found,) = Reconstruction(feedback)(model, images[:5])
    assert list(found.reconstructions) == ["1", "3", ""]
    for layer, one in found.reconstructions.items():
        assert torch.equal(one, feedback.reconstruct(images[:5], layer or None))
        expected = (one - images[:5]).square().sum((1, 2, 3))
        torch.testing.assert_close(found.sums[layer], expected)
    with torch.no_grad():
        p = model(images[:5]).softmax(1)
    torch.testing.assert_close(found.predicted_probabilities, p.amax(1))
    assert torch.equal(found.predicted, p.argmax(1))
    best = min("13", key=lambda layer: float(found.sums[layer].mean()))
    assert list(found.figures) == [NAMES[0], NAMES[3]]
    assert torch.equal(found.figures[NAMES[0]], found.sums[best])
    assert torch.equal(found.figures[NAMES[3]], found.sums[""])
    assert [(one.layer, one.position) for one in found.fields] == [("1", (2, 2)), ("3", (1, 1))], "the middle ones"


def test_with_training_samples_there_are_four_errors(
    model: nn.Sequential, images: Tensor, feedback: FeedbackNetwork
) -> None:
    (found,) = Reconstruction(feedback, images[6:].split(9), positions={})(model, images[:5])
    theirs = feedback.errors(images[:5], images[6:].split(9))
    assert torch.equal(torch.stack(list(found.figures.values()), 1), theirs.sums)
    assert list(found.figures) == list(NAMES)
    assert not found.fields


def test_the_class_is_decoded_through_the_centroids_of_its_clusters(
    model: nn.Sequential, images: Tensor, feedback: FeedbackNetwork
) -> None:
    spaces = FilterClusters(feedback=feedback, k=3).fit(model, images)
    (found,) = Reconstruction(feedback, spaces=spaces, positions={})(model, images[:5])
    assert found.through_centroids is not None
    layer, ours = found.through_centroids
    assert layer == "3"
    g = feedback.codes(images[:5]).feedback["3"]
    centroids = spaces.spaces["3", "feedback"].centroids
    nearest = torch.cdist(g.flatten(2).transpose(1, 2), centroids).argmin(2)
    code = centroids[nearest].transpose(1, 2).reshape(g.shape)
    assert torch.equal(ours, feedback.decode("3", code))
    forward_only = FilterClusters(["1"], k=3).fit(model, images)
    with pytest.raises(ValueError, match="no feedback path"):
        Reconstruction(feedback, spaces=forward_only)(model, images[:5])


def test_another_model_is_refused(images: Tensor, feedback: FeedbackNetwork) -> None:
    with pytest.raises(ValueError, match="mirrors another model"):
        Reconstruction(feedback)(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), images)


def test_images_that_are_not_finite_are_marked(model: nn.Sequential, images: Tensor, feedback: FeedbackNetwork) -> None:
    broken = images[:4].clone()
    broken[2, 0, 0, 0] = torch.nan
    (found,) = Reconstruction(feedback)(model, broken)
    assert found.flags.tolist() == [0, 0, Flag.NOT_FINITE, 0]
    assert all(one.isfinite().all() for one in found.reconstructions.values())


def test_what_it_finds_is_logged(
    tmp_path: Path, model: nn.Sequential, images: Tensor, feedback: FeedbackNetwork
) -> None:
    spaces = FilterClusters(feedback=feedback, k=3).fit(model, images)
    probe = Probe(images[:4], [0, 1, 2, 0], name="val")
    with ExplainWriter(tmp_path, strict=True) as writer:
        (found,) = writer.explain(model, probe, 7, [Reconstruction(feedback, images[4:].split(9), spaces)])
    assert isinstance(found, Reconstructed)
    index = index_of(tmp_path)
    (series,) = index.series()
    assert (series.declaration.tag, series.declaration.kind) == ("val/reconstruction", pb.RECONSTRUCTIONS)
    steps = index.steps(series)
    assert steps.step.tolist() == [7]
    message = pb.Reconstructions.FromString(index.read(steps.keys[0]))
    assert [(one.layer, one.through_centroids) for one in message.reconstructions] == [
        ("1", False),
        ("3", False),
        ("", False),
        ("3", True),
    ]
    for one in message.reconstructions[:3]:
        np.testing.assert_allclose(one.errors, found.sums[one.layer], rtol=1e-6)
        assert all(picture.image for picture in one.pictures)
    assert len(message.representatives) == len(message.prototypes) == 4
    assert [figure.name for figure in message.figures] == list(NAMES)
    assert len(message.fields) == 2 * 4
    field = message.fields[0]
    assert (list(field.position), list(field.positions)) == ([2, 2], [4, 4])
    box = found.fields[0].receptive_field
    assert list(zip(field.starts, field.stops, strict=True)) == [(one.start, one.stop) for one in box]
    assert all(picture.image for picture in (field.input, field.alone, field.field, field.whole))
