"""What the subcommands that rewrite segments have in common: which runs, when a segment is done, what is said of it."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tb_explain.cli.words import many, plain, size_in_words

if TYPE_CHECKING:
    from tb_explain.upkeep.tidy import Tidied


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options in common."""
    parser.add_argument("logdir", help="a directory")
    parser.add_argument("--run", action="append", default=[], metavar="GLOB", dest="runs", help="only runs named so")
    parser.add_argument(
        "--idle",
        type=float,
        default=24.0,
        metavar="HOURS",
        help="after which a segment that was never closed counts as left by a writer that was killed (default: %(default)s)",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    parser.add_argument("--json", action="store_true", help="for scripts")


@dataclass
class Said:
    """What a command did to one run, and what it has to say of it besides."""

    tidied: Tidied
    lines: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def over_runs(options: argparse.Namespace, work: Callable[[Path, float], Said]) -> int:
    """Work on all runs asked for, each by itself; one that fails is named and does not keep the others from it."""
    failed = 0
    answers = []
    for name, run in _chosen(options).items():
        try:
            said = work(Path(run), options.idle * 3600)
        except OSError as error:
            failed += 1
            answers.append({"run": name, "error": str(error)})
            print(plain(f"{name}: {error}"), file=sys.stderr)
            continue
        answers.append({"run": name, **_facts(said.tidied), **said.facts})
        if not options.json:
            for line in _lines(name, said, options.dry_run):
                print(plain(line), flush=True)
    if options.json:
        print(json.dumps({"dry_run": options.dry_run, "runs": answers}, indent=1))
    elif not answers:
        print(f"no explanations below {options.logdir}")
    return 1 if failed else 0


def _chosen(options: argparse.Namespace) -> dict[str, str]:
    from tb_explain.records.remote import is_remote
    from tb_explain.records.runs import runs_of
    from tb_explain.sharing.choice import Choice

    if is_remote(options.logdir) or os.path.isfile(options.logdir):
        what = "an address" if is_remote(options.logdir) else "a file"
        raise ValueError(f"{options.logdir} is {what}; give a directory, since files are rewritten in place")
    runs = runs_of(options.logdir)[1]
    return Choice(options.runs).of_runs(runs) if runs else runs


def _facts(tidied: Tidied) -> dict[str, Any]:
    done = tidied.rewritten
    return {
        "segments_before": tidied.segments + sum(len(one.sources) - 1 for one in done),
        "segments": tidied.segments,
        "in_use": tidied.in_use,
        "records_kept": sum(one.records for one in done),
        "records_dropped": sum(one.dropped for one in done),
        "blobs_dropped": sum(one.blobs_dropped for one in done),
        "bytes_before": sum(one.size_before for one in done),
        "bytes": sum(one.size for one in done),
        "left_alone": tidied.left_alone,
    }


def _lines(name: str, said: Said, dry_run: bool) -> Iterator[str]:
    facts = _facts(said.tidied)
    yield name
    for line in said.lines:
        yield f"  {line}"
    if said.tidied.rewritten:
        would = "would become" if dry_run else "became"
        yield f"  {many(facts['segments_before'], 'segment')} {would} {facts['segments']}"
        if facts["records_dropped"]:
            yield f"  {many(facts['records_dropped'], 'record')} dropped, {facts['records_kept']} kept in what is rewritten"
        if facts["blobs_dropped"]:
            yield f"  {many(facts['blobs_dropped'], 'copy', 'copies')} of pictures and other parts dropped"
        saved = facts["bytes_before"] - facts["bytes"]
        yield f"  {size_in_words(facts['bytes_before'])} {would} {size_in_words(facts['bytes'])}: {size_in_words(saved)} saved"
    else:
        yield "  nothing to do"
    if facts["in_use"]:
        yield f"  {many(facts['in_use'], 'segment')} may still be written to: left as they are"
    for segment, why in said.tidied.left_alone.items():
        yield f"  {segment} is left alone: {why}"
