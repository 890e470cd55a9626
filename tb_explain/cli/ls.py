"""`tb-explain ls`: which explanations a logdir holds."""

from __future__ import annotations

import argparse
import json
from typing import Any

from tb_explain.cli.words import plain


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    ls = commands.add_parser("ls", help="list the explanations in a logdir")
    ls.add_argument("logdir", help="a directory, an archive of one, or an address such as s3://bucket/runs")
    ls.add_argument("--json", action="store_true", help="for scripts")
    ls.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from tb_explain.records.runs import runs_of

    files, runs = runs_of(options.logdir)
    listed = [_describe(name, directory, files) for name, directory in runs.items()]
    if options.json:
        print(json.dumps({"runs": listed}, indent=1))
        return 0
    for run in listed:
        print(plain(run["run"]))
        for series in run["series"]:
            span = f"steps {series['first_step']} to {series['last_step']}" if series["records"] else "no steps"
            print(f"  {plain(series['tag']):<40} {series['records']:>6} records  {span}")
        if troubles := {name: number for name, number in run["counts"].items() if number}:
            print("  " + ", ".join(f"{number} {name}" for name, number in troubles.items()))
    if not listed:
        print(f"no explanations below {options.logdir}")
    return 0


def _describe(name: str, directory: str, files: Any) -> dict[str, Any]:
    from tb_explain.records import RunIndex
    from tb_explain.records import explain_pb2 as pb

    index = RunIndex(directory, files)
    index.refresh()
    listed = []
    for series in index.series():
        declared, steps = series.declaration, index.steps(series).step
        known = declared.kind in pb.Kind.values()
        listed.append(
            {
                "tag": declared.tag,
                "kind": pb.Kind.Name(declared.kind) if known else declared.kind,
                "method": declared.method,
                "layer": declared.layer,
                "records": len(steps),
                "first_step": int(steps[0]) if len(steps) else None,
                "last_step": int(steps[-1]) if len(steps) else None,
            }
        )
    return {"run": name, "series": listed, "counts": vars(index.counts())}
