"""`tb-explain verify`: every damage in a logdir, each with its place."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tb_explain.cli.words import plain


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "verify",
        help="report every damage in a logdir",
        description="Reads all explanations in a logdir in full and names all that is damaged or left over, also while they are "
        "written. Exit status: 0 nothing is damaged, 1 something is, 2 the logdir could not be read.",
    )
    parser.add_argument("logdir", help="a directory, an archive of one, or an address such as s3://bucket/runs")
    parser.add_argument("--json", action="store_true", help="for scripts")
    parser.set_defaults(run=_run, in_trouble=2)


def _run(options: argparse.Namespace) -> int:
    from tb_explain.cli.progress import Progress
    from tb_explain.records.runs import runs_of
    from tb_explain.upkeep.verify import size_of, verify

    files, found = runs_of(options.logdir)
    runs = {name: Path(directory) for name, directory in found.items()}
    progress = Progress(sum(size_of(run, files) for run in runs.values()))
    verified = {}
    for name, run in runs.items():
        verified[name] = verify(run, Path(options.logdir), progress.advance, files)
        progress.clear()
        if not options.json:
            _print(name, verified[name].findings)
    damages = sum(finding.damage for one in verified.values() for finding in one.findings)
    if options.json:
        answers = [{"run": name, **asdict(one)} for name, one in verified.items()]
        print(json.dumps({"damages": damages, "runs": answers}, indent=1))
    else:
        records, blobs = (sum(getattr(one, name) for one in verified.values()) for name in ("records", "blobs"))
        said = f"{damages} damaged" if damages else "nothing is damaged"
        print(f"{len(runs)} runs, {records} records, {blobs} pictures and other parts: {said}")
    return 1 if damages else 0


def _print(run: str, findings: list[Any]) -> None:
    file = None
    if findings:
        print(plain(run))
    for finding in findings:
        if finding.file != file:
            file = finding.file
            if file:
                print(f"  {plain(file)}")
        where = "" if finding.position is None else f"byte {finding.position}, "
        mark = "" if finding.damage else "(no damage) "
        print(f"    {mark}{where}{plain(finding.text)}", flush=True)
