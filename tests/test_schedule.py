"""Explanations come when they are due and keep their share of the time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_explain.schedule import Schedule


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def explained(
    steps: list[int], every: int, budget: float | None = None, cost: float = 0.0, pause: float = 1.0
) -> list[int]:
    """The steps at which a loop with `pause` seconds a step is explained, at `cost` seconds each."""
    clock = Clock()
    schedule = Schedule(clock)
    found = []
    for step in steps:
        if schedule.due(step, every, budget):
            found.append(step)
            clock.now += cost
            schedule.done(step, cost)
        clock.now += pause
    return found


def test_the_first_call_is_always_due() -> None:
    assert Schedule(Clock()).due(17, 100, 1e-9)


def test_every_step_is_due_by_default() -> None:
    assert explained([0, 1, 2, 3], 1) == [0, 1, 2, 3]


def test_multiples_are_due_when_reached_or_passed() -> None:
    assert explained(list(range(25)), 10) == [0, 10, 20]
    assert explained([3, 7, 9, 12, 13, 19, 20, 47, 49, 50], 10) == [3, 12, 20, 47, 50]


def test_a_repeated_step_is_explained_once() -> None:
    assert explained([0, 0, 5, 5, 5, 6], 5) == [0, 5]


def test_steps_that_start_again_are_due_again() -> None:
    assert explained([0, 10, 20, 0, 10], 10) == [0, 10, 20, 0, 10]


def test_negative_steps_are_due_like_others() -> None:
    assert explained([-10, -6, -5, -1, 0], 5) == [-10, -5, 0]


def test_what_the_budget_does_not_allow_is_put_off_until_it_does() -> None:
    # 5 s each, in a loop of 1 s a step: a tenth of the time is 50 s.
    found = explained(list(range(200)), 10, budget=0.1, cost=5)
    assert found == [0, 45, 90, 135, 180]


def test_a_generous_budget_changes_nothing() -> None:
    assert explained(list(range(50)), 10, budget=0.5, cost=0.01) == explained(list(range(50)), 10)


@given(
    budget=st.floats(0.01, 1),
    costs=st.lists(st.floats(0, 20), min_size=1, max_size=200),
    pauses=st.lists(st.floats(0, 2), min_size=200, max_size=200),
)
def test_the_share_is_exceeded_by_the_latest_explanation_at_most(
    budget: float, costs: list[float], pauses: list[float]
) -> None:
    clock = Clock()
    schedule = Schedule(clock)
    spent = latest = 0.0
    for step, cost in enumerate(costs):
        if schedule.due(step, 1, budget):
            clock.now += cost
            schedule.done(step, cost)
            spent, latest = spent + cost, cost
        assert spent - latest <= budget * clock.now + 1e-9
        clock.now += pauses[step]


@pytest.mark.parametrize("every", [1, 7])
def test_asking_without_explaining_changes_nothing(every: int) -> None:
    schedule = Schedule(Clock())
    assert [schedule.due(step, every, None) for step in range(3)] == [True] * 3
