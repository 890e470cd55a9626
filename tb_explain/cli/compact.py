"""`tb-explain compact`: many small segments become one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tb_explain.cli.upkeep import Said, add_options, over_runs


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "compact",
        help="merge the many small files of a run",
        description="Merges the files of a run that nobody writes to any more; what is shown stays the same. Safe while TensorBoard "
        "reads and while others write.",
    )
    add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from tb_explain.upkeep.compact import compact

    def work(run: Path, idle: float) -> Said:
        return Said(compact(run, idle=idle, dry_run=options.dry_run))

    return over_runs(options, work)
