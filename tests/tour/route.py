"""The whole way of the tour."""

from __future__ import annotations

from collections.abc import Collection

from tests.tour import joining_stops, stops
from tests.tour.stop import Stop

ROUTE = [found for room in (joining_stops, stops) for found in vars(room).values() if isinstance(found, Stop)]


def tour_of(runs: Collection[str]) -> list[Stop]:
    """The stops of a logdir that holds these runs."""
    return [one for one in ROUTE if one.run in runs]
