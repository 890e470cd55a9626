"""What is explained: classes, labels, one output of several, segmentations, callables; and what is measured of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM as PeerGradCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import SemanticSegmentationTarget
from torch import nn

from tb_explain.methods import GradCAM, MultiLabel, Output, Top
from tb_explain.methods.targets import class_scores, resolve, slice_targets

SCORES = torch.tensor([[1.0, 3.0, -2.0, 0.5], [0.0, -1.0, 4.0, 3.5], [100.0, 1.0, 0.0, -1.0]])
ROWS = torch.arange(3)


@pytest.mark.parametrize(
    ("targets", "classes"),
    [
        (None, [[1], [2], [0]]),
        (3, [[3]] * 3),
        ([0, 1, 2], [[0], [1], [2]]),
        (torch.tensor([[0, 1], [2, 3], [1, 1]]), [[0, 1], [2, 3], [1, 1]]),
        (Top(2), [[1, 0], [2, 3], [0, 1]]),
        (Top(9), None),
        (MultiLabel(Top(2)), [[1, 0], [2, 3], [0, 1]]),
    ],
)
def test_classes(targets: Any, classes: Any) -> None:
    found = resolve(targets, SCORES)
    if classes is None:
        assert found.classes.shape == (3, 4)
    else:
        assert found.classes.tolist() == classes
        assert torch.equal(found.scores, SCORES.gather(1, torch.tensor(classes)))
    assert found.predicted.tolist() == [1, 2, 0]
    assert torch.equal(found.outputs, SCORES)


@pytest.mark.parametrize("labels", [False, True])
def test_probabilities_exclude_each_other_unless_they_are_of_labels(labels: bool) -> None:
    targets = MultiLabel([[0, 2]] * 3) if labels else [[0, 2]] * 3
    every = SCORES.sigmoid() if labels else SCORES.softmax(1)
    found = resolve(targets, SCORES)
    torch.testing.assert_close(found.probabilities, every[:, [0, 2]])
    torch.testing.assert_close(found.read(SCORES, ROWS, "probability"), every[:, [0, 2]])
    torch.testing.assert_close(found.predicted_probabilities, every.amax(1))


def test_log_odds_are_those_of_the_probability_and_never_infinite() -> None:
    found = resolve([[0, 1]] * 3, SCORES.double())
    p = SCORES.double().softmax(1)[:, :2]
    torch.testing.assert_close(found.read(SCORES, ROWS, "log-odds")[:2], (p / (1 - p)).log()[:2].float())
    saturated = resolve(0, SCORES)
    assert saturated.probabilities[2, 0] == 1
    torch.testing.assert_close(saturated.read(SCORES, ROWS, "log-odds")[2, 0], 100 - SCORES[2, 1:].logsumexp(0))
    labels = resolve(MultiLabel(0), SCORES)
    assert torch.equal(labels.read(SCORES, ROWS, "log-odds"), SCORES[:, :1])


def test_a_single_logit_stands_for_two_classes() -> None:
    z = torch.tensor([[2.0], [-1.0]])
    found = resolve([[0, 1]] * 2, z)
    assert torch.equal(found.scores, torch.cat([-z, z], 1))
    torch.testing.assert_close(found.probabilities, torch.cat([1 - z.sigmoid(), z.sigmoid()], 1))
    assert found.predicted.tolist() == [1, 0]
    torch.testing.assert_close(found.read(z, torch.arange(2), "log-odds"), torch.cat([-z, z], 1))


def test_copies_are_read_for_the_sample_that_they_are_copies_of() -> None:
    found = resolve([[0, 1], [1, 2], [2, 3]], SCORES)
    copies = torch.randn(5, 4)
    rows = torch.tensor([2, 0, 1, 1, 2])
    expected = copies.gather(1, torch.tensor([[2, 3], [0, 1], [1, 2], [1, 2], [2, 3]]))
    assert torch.equal(found.read(copies, rows), expected)
    each = resolve([lambda row, k=k: row[k] * 10 for k in range(3)], SCORES)
    assert torch.equal(each.read(copies, rows)[:, 0], 10 * copies.gather(1, rows[:, None])[:, 0])
    together = resolve(lambda output: output.sum(1), SCORES)
    assert torch.equal(together.read(copies, rows)[:, 0], copies.sum(1))


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ({"boxes": SCORES * 0, "classes": SCORES}, "classes"),
        ((SCORES * 0, SCORES), 1),
        (SimpleNamespace(aux=SCORES * 0, main=SCORES), "main"),
    ],
)
def test_one_output_of_several(output: Any, name: str | int) -> None:
    found = resolve(Output(name, Top(2)), output)
    assert found.classes.tolist() == [[1, 0], [2, 3], [0, 1]]
    assert torch.equal(found.read(output, ROWS), found.scores)
    labels = resolve(MultiLabel(Output(name, 1)), output)
    torch.testing.assert_close(labels.probabilities, SCORES[:, 1:2].sigmoid())
    called = resolve(Output(name, lambda scores: scores[:, 2]), output)
    assert torch.equal(called.scores[:, 0], SCORES[:, 2])


def test_the_scores_of_a_structure_are_found() -> None:
    for output in ({"logits": SCORES}, {"out": SCORES, "aux": 0}, SimpleNamespace(logits=SCORES), (SCORES, "x")):
        assert torch.equal(class_scores(output), SCORES)


class Fields(NamedTuple):
    features: torch.Tensor
    logits: torch.Tensor


def test_the_scores_of_a_named_tuple_go_by_their_name() -> None:
    output = Fields(torch.zeros(3, 8), SCORES)
    assert torch.equal(class_scores(output), SCORES)
    assert torch.equal(resolve(Output("logits"), output).outputs, SCORES)
    with pytest.raises(ValueError, match="what it returned has 'features', 'logits'"):
        resolve(Output("logit"), output)


# --- segmentation -----------------------------------------------------------------------------------------------------


@pytest.fixture
def segmentation() -> torch.Tensor:
    return torch.randn(2, 4, 5, 6, generator=torch.Generator().manual_seed(0))


def test_a_class_of_a_segmentation_is_the_mean_over_its_sites(segmentation: torch.Tensor) -> None:
    found = resolve([[0, 1, 2, 3]] * 2, segmentation)
    said = segmentation.argmax(1)
    for n in range(2):
        for c in range(4):
            mine = said[n] == c
            torch.testing.assert_close(found.scores[n, c], segmentation[n, c][mine].mean())
            torch.testing.assert_close(found.probabilities[n, c], segmentation[n].softmax(0)[c][mine].mean())
    assert found.predicted.tolist() == [int(one.flatten().bincount(minlength=4).argmax()) for one in said]
    changed = torch.randn(3, 4, 5, 6)
    rows = torch.tensor([1, 0, 1])
    for i, row in enumerate(rows):  # its sites are those of the image, not of the copy
        torch.testing.assert_close(found.read(changed, rows)[i, 2], changed[i, 2][said[row] == 2].mean())


def test_a_class_that_is_nowhere_is_its_mean_everywhere(segmentation: torch.Tensor) -> None:
    segmentation[:, 3] -= 100
    found = resolve(3, segmentation)
    torch.testing.assert_close(found.scores[:, 0], segmentation[:, 3].mean((1, 2)))


def test_a_large_segmentation_in_half_precision_is_finite() -> None:
    scores = torch.full((1, 2, 96, 96), 20.0).half().requires_grad_()
    found = resolve(0, scores)
    torch.testing.assert_close(found.scores, torch.tensor([[20.0]]))
    found.scores.sum().backward()
    assert scores.grad is not None
    assert (scores.grad[:, 0] > 0).all()


class Segmenting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU())
        self.head = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images))


def test_grad_cam_of_a_segmentation_equals_pytorch_grad_cam_with_its_target() -> None:
    model, images = Segmenting().eval(), torch.rand(1, 3, 12, 12)
    said = model(images).argmax(1)
    target = int(said.flatten().mode().values)
    mask = (said[0] == target).float().numpy()
    ours = GradCAM("features")(model, images, target).maps.numpy() * mask.sum()  # they explain the sum, not the mean
    with PeerGradCAM(model, [model.features]) as cam:
        theirs = cam(images, [SemanticSegmentationTarget(target, mask)])
    assert abs(scale_cam_image(ours) - theirs).max() <= 1e-5


# --- what does not fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "output", "sentence"),
    [
        (4, SCORES, "target 4 is out of range: the model has 4 classes, 0 to 3"),
        (-1, SCORES, "target -1 is out of range"),
        ([0.5, 1, 2], SCORES, "targets must be class indices"),
        (torch.zeros(3, 1, 1, dtype=torch.long), SCORES, r"targets must have shape \[\], \[N\] or \[N, T\]"),
        (Top(0), SCORES, r"Top\(0\) names no class"),
        (0, torch.zeros(3), r"the model's output has shape \[3\], expected \[N, classes\]"),
        (0, "text", "the model returned str in which no scores were found"),
        (Output("logit"), {"logits": SCORES}, "the model has no output 'logit'; what it returned has 'logits'"),
        (Output(3), (SCORES,), "the model has no output 3; what it returned is a tuple"),
        (lambda output: output, SCORES, r"one score a sample, a tensor \[N\], got \[3, 4\]"),
    ],
)
def test_bad_targets_get_one_clear_sentence(targets: Any, output: Any, sentence: str) -> None:
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        resolve(targets, output)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrap", [lambda t: t, MultiLabel, lambda t: Output(0, t), lambda t: Output(0, MultiLabel(t))])
def test_targets_are_cut_with_the_batch(wrap: Any) -> None:
    cut = slice_targets(wrap([5, 6, 7]), 3, slice(1, 3))
    while not isinstance(cut, list):
        cut = cut.targets
    assert cut == [6, 7]
    with pytest.raises(ValueError, match="got 3 targets for 4 images"):
        slice_targets(wrap([5, 6, 7]), 4, slice(1, 3))


def test_one_class_for_all_may_be_a_number_of_numpy() -> None:
    assert slice_targets(np.int64(2), 3, slice(1)) == 2
    assert resolve(np.int64(2), SCORES).classes.tolist() == [[2]] * 3


def test_a_score_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="score must be 'logit', 'probability' or 'log-odds', got 'odds'"):
        resolve(0, SCORES).read(SCORES, ROWS, "odds")  # type: ignore[arg-type]
