"""A stop of the tour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.tour.guide import Guide


@dataclass(frozen=True)
class Stop:
    """A place of the tour, and what is done there."""

    name: str
    view: str
    run: str  # the run that it needs
    visit: Callable[[Guide], None]


def stop(view: str, run: str) -> Callable[[Callable[[Guide], None]], Stop]:
    """Makes a stop of what is done there."""
    return lambda visit: Stop(visit.__name__, view, run, visit)
