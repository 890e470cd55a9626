"""On images the feedback network and the clusters show what they show on voxels."""

from __future__ import annotations

import itertools

import pytest

from tests.acceptance.studies import Study

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the networks are trained in the first test


def test_clusters_become_those_of_a_class_with_depth(digits_study: Study) -> None:
    for figure, least in (("association", 0.7), ("purity", 0.8)):
        values = [getattr(layer.forward.space, figure) for layer in digits_study.clustered]
        assert all(after >= before - 0.02 for before, after in itertools.pairwise(values)), (figure, values)
        assert values[0] < 0.25 and values[-1] >= least, (figure, values)


def test_feedback_clusters_of_mistakes_are_those_of_the_predicted_class(digits_study: Study) -> None:
    predicted = digits_study.rates("feedback", digits_study.predicted)
    assert min(predicted) >= 0.7, predicted
    assert max(digits_study.chance("feedback", digits_study.predicted)) < 0.3
    assert max(digits_study.rates("feedback", digits_study.labels)) < 0.2


def test_forward_clusters_of_mistakes_are_those_of_the_true_class_in_low_layers(digits_study: Study) -> None:
    true = digits_study.rates("forward", digits_study.labels)[:3]
    wrong = digits_study.rates("forward", digits_study.predicted)[:3]
    assert sum(true) / 3 - sum(wrong) / 3 >= 0.05, (true, wrong)
    assert min(true) > 0.4 and max(digits_study.chance("forward", digits_study.labels)[:3]) < 0.2, true


def test_a_digit_is_nearer_to_its_reconstruction_than_to_what_stands_for_its_class(digits_study: Study) -> None:
    """The early layers keep nearly every pixel, so that E1 is far below the rest; E2, E3 and E4 are of one size."""
    table = digits_study.feedback.errors(digits_study.images, digits_study.loader()).table(digits_study.labels)
    for e1, *others in (table.correct, table.wrong):
        assert min(others) > 3 * e1, (e1, others)
        assert max(others) < 2 * min(others), others
