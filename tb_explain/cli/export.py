"""`tb-explain export`: a logdir as one HTML file."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "export",
        help="write the page, with what it shows, into one HTML file",
        description="Writes one HTML file that shows the same page as the tab in TensorBoard, from disk, without a server and without a "
        "network: to mail, to keep, to put beside a paper.",
    )
    parser.add_argument("logdir", help="a directory, or an address such as s3://bucket/runs")
    parser.add_argument("-o", "--output", default="report.html", metavar="FILE", help="default: %(default)s")
    parser.add_argument("--run", action="append", default=[], metavar="GLOB", dest="runs", help="only runs named so")
    parser.add_argument("--tag", action="append", default=[], metavar="GLOB", dest="tags", help="only series tagged so")
    parser.add_argument(
        "--steps",
        metavar="RULES",
        help="only some steps of each series: last:N (the N newest), every:K (multiples of K, and the newest), spread:N (N from the "
        "first to the newest), a step, FIRST..LAST, or several with commas between",
    )
    parser.add_argument("--samples", type=int, metavar="N", help="only the first N samples of each step of a series")
    parser.add_argument(
        "--max-size",
        default="100MB",
        metavar="SIZE",
        help="of the file; beyond it, none is written (default: %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    parser.add_argument("--json", action="store_true", help="for scripts")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from tb_explain.sharing.choice import Choice, StepChoice
    from tb_explain.sharing.export import export, in_megabytes

    if options.samples is not None and options.samples < 1:
        raise ValueError(f"--samples must be at least 1, got {options.samples}")
    steps = StepChoice.parse(options.steps) if options.steps is not None else StepChoice()
    max_size = _parse_size(options.max_size)
    target = Path(options.output)
    if not target.absolute().parent.is_dir() or target.is_dir():
        raise FileNotFoundError(f"-o {target} is no place for a file")
    if target.exists() and not options.force:
        raise FileExistsError(f"{target} is there already; give another -o, or --force to replace it")
    exported = export(
        options.logdir,
        target,
        Choice(options.runs, options.tags, steps, options.samples),
        max_size=max_size,
        progress=_show_progress if sys.stderr.isatty() else lambda done, total: None,
    )
    if options.json:
        sizes = [{"run": run, "tag": tag, "bytes": size} for (run, tag), size in exported.sizes.items()]
        facts = {"runs": exported.runs, "records": exported.records, "unreadable": exported.unreadable}
        print(json.dumps({"file": str(target), "bytes": exported.size, **facts, "series": sizes}, indent=1))
        return 0
    print(f"{target}: {in_megabytes(exported.size)}, {_many(exported.records, 'record')} of {', '.join(exported.runs)}")
    if exported.unreadable:
        print(f"{_many(exported.unreadable, 'record')} of them cannot be read: tb-explain verify tells more")
    return 0


def _parse_size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *([kMG]?)B?", text.strip())
    if match is None:
        raise ValueError(f"--max-size {text} is no size; expected one such as 25MB")
    return int(float(match[1]) * _UNITS[match[2]])


def _show_progress(done: int, total: int) -> None:
    width = 30
    filled = width * done // total
    if done == total:
        print(f"\r{' ' * (width + 30)}\r", end="", file=sys.stderr, flush=True)
    elif width * (done - 1) // total != filled or done == 1:
        print(
            f"\r[{'#' * filled}{' ' * (width - filled)}] {done} of {total} records", end="", file=sys.stderr, flush=True
        )


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
