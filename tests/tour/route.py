"""The whole way of the tour."""

from __future__ import annotations

from collections.abc import Collection

from tests.tour import joining_stops, stops

ROUTE = [*stops.STOPS]


def tour_of(runs: Collection[str]) -> list[stops.Stop]:
    """The stops of a logdir that holds these runs."""
    return [one for one in ROUTE if one.run in runs]
