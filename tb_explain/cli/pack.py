"""`tb-explain pack`: explanations as one small archive."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tb_explain.cli.choice import add_choice, choice_in


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "pack",
        help="write explanations into a zip archive, which opens as it is",
        description="Writes the explanations of some runs into one zip archive: merged, without what is not shown any more. TensorBoard "
        "(--logdir explanations.zip), tb-explain and tb_explain.open read it without unpacking it. Exit status: 1 also when something "
        "damaged had to be left out.",
    )
    parser.add_argument("logdir", help="a directory, an archive of one, or an address such as s3://bucket/runs")
    parser.add_argument("-o", "--output", default="explanations.zip", metavar="FILE", help="default: %(default)s")
    add_choice(parser)
    parser.add_argument(
        "--with-events",
        action="store_true",
        help="add TensorBoard's own event files of these runs, scalars and all; TensorBoard shows them once unpacked",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument("--dry-run", action="store_true", help="say what would be packed, and write nothing")
    parser.add_argument("--json", action="store_true", help="for scripts")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from tb_explain.cli.progress import Progress
    from tb_explain.cli.words import many, plain, size_in_words
    from tb_explain.sharing.pack import Packing

    target = Path(options.output)
    if target.exists() and not options.force and not options.dry_run:
        raise FileExistsError(f"{target} is there already; give another -o, or --force to replace it")
    if not target.parent.is_dir():
        raise NotADirectoryError(f"there is no directory {target.parent}")
    packing = Packing(options.logdir, choice_in(options), with_events=options.with_events)
    packed = packing.packed
    if not options.dry_run:
        progress = Progress(sum(run.size for run in packed.runs.values()))
        try:
            packed = packing.write(target, lambda size: progress.advance(size // 2))
        finally:
            progress.clear()
    if options.json:
        runs = [{"run": name, **asdict(run)} for name, run in packed.runs.items()]
        print(
            json.dumps({"file": str(target), "dry_run": options.dry_run, "bytes": packed.size, "runs": runs}, indent=1)
        )
    else:
        for name, run in packed.runs.items():
            events = f", {many(run.event_files, 'event file')}" if run.event_files else ""
            print(f"{plain(name)}: {many(run.records, 'record')}{events}, {size_in_words(run.size)}")
        total = size_in_words(sum(run.size for run in packed.runs.values()))
        print(
            f"{target} would hold {total}, before it is compressed"
            if packed.size is None
            else f"{target}: {size_in_words(packed.size)}"
        )
    damaged = 0
    for name, run in packed.runs.items():
        for segment, why in run.left_out.items():
            damaged += 1
            print(plain(f"{name}: {segment} is left out: {why}"), file=sys.stderr)
    return 1 if damaged else 0
