"""`tb-explain prune`: only some of the steps are kept."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tb_explain.cli.upkeep import Said, add_options, over_runs


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "prune",
        help="keep only some of the steps",
        description="Deletes explanations for good: all steps but those that a rule names, and the newest of each series. Pictures that "
        "nothing refers to any more go, too. Safe while TensorBoard reads and while others write; what is in files that "
        "may still grow stays.",
    )
    add_options(parser)
    parser.add_argument(
        "--keep-steps",
        required=True,
        metavar="RULES",
        help="last:N (the N newest), every:K (multiples of K), spread:N (N from the first to the newest), or several with commas between",
    )
    parser.add_argument("--tag", action="append", default=[], metavar="GLOB", dest="tags", help="only series tagged so")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from tb_explain.upkeep.prune import KeepSteps, prune

    keep_steps = KeepSteps.parse(options.keep_steps)

    def work(run: Path, idle: float) -> Said:
        pruned = prune(run, keep_steps, tags=options.tags, idle=idle, dry_run=options.dry_run)
        steps = {tag: {"kept": kept, "of": n} for tag, (kept, n) in pruned.steps.items()}
        lines = [f"{tag}: {kept} of {n} steps kept" for tag, (kept, n) in pruned.steps.items()]
        return Said(pruned.tidied, lines, {"steps": steps})

    return over_runs(options, work)
