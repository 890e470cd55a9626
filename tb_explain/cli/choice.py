"""The options that say which part of a logdir is shared."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tb_explain.sharing.choice import Choice


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("--run", action="append", default=[], metavar="GLOB", dest="runs", help="only runs named so")
    parser.add_argument("--tag", action="append", default=[], metavar="GLOB", dest="tags", help="only series tagged so")
    parser.add_argument(
        "--steps",
        metavar="RULES",
        help="only some steps of each series: last:N (the N newest), every:K (multiples of K, and the newest), spread:N (N from the "
        "first to the newest), a step, FIRST..LAST, or several with commas between",
    )


def choice_in(options: argparse.Namespace, samples: int | None = None) -> Choice:
    """What they say. Raises ValueError for steps that are none."""
    from tb_explain.sharing.choice import Choice, StepChoice

    steps = StepChoice.parse(options.steps) if options.steps is not None else StepChoice()
    return Choice(options.runs, options.tags, steps, samples)
