"""`tb-explain export`: a logdir as one HTML file."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tb_explain.cli.choice import add_choice, choice_in

if TYPE_CHECKING:
    from tb_explain.sharing.export import Exported

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "export",
        help="write the page, with what it shows, into one HTML file",
        description="Writes one HTML file that shows the same page as the tab in TensorBoard, from disk, without a server and without a "
        "network: to mail, to keep, to put beside a paper. Exit status: 1 also when some records are damaged.",
    )
    parser.add_argument("logdir", help="a directory, an archive of one, or an address such as s3://bucket/runs")
    parser.add_argument("-o", "--output", default="report.html", metavar="FILE", help="default: %(default)s")
    add_choice(parser)
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
    from tb_explain.cli.progress import Progress
    from tb_explain.cli.words import many, size_in_words
    from tb_explain.sharing.export import Exporting, TooLarge

    if options.samples is not None and options.samples < 1:
        raise ValueError(f"--samples must be at least 1, got {options.samples}")
    choice = choice_in(options, options.samples)
    max_size = _parse_size(options.max_size)
    target = Path(options.output)
    if target.exists() and (target.is_dir() or not options.force):
        raise FileExistsError(f"{target} is there already; give another -o, or --force to replace it")
    if not target.parent.is_dir():
        raise NotADirectoryError(f"there is no directory {target.parent}")
    exporting = Exporting(options.logdir, choice)
    progress = Progress(exporting.size)
    try:
        exported = exporting.write(target, max_size, progress.advance)
    except TooLarge as error:
        raise ValueError(_too_large(error.exported, max_size)) from None
    finally:
        progress.clear()
    if options.json:
        sizes = [{"run": run, "tag": tag, "bytes": size} for (run, tag), size in exported.sizes.items()]
        facts = {"runs": exported.runs, "records": exported.records, "unreadable": exported.unreadable}
        print(json.dumps({"file": str(target), "bytes": exported.size, **facts, "series": sizes}, indent=1))
    else:
        of = ", ".join(exported.runs)
        print(f"{target}: {size_in_words(exported.size)}, {many(exported.records, 'record')} of {of}")
    if exported.unreadable:
        print(f"{many(exported.unreadable, 'record')} cannot be read: tb-explain verify tells more", file=sys.stderr)
    return 1 if exported.unreadable else 0


def _too_large(exported: Exported, most: int) -> str:
    from tb_explain.cli.words import size_in_words

    largest = sorted(exported.sizes.items(), key=lambda item: -item[1])[:3]
    parts = ", ".join(f"{size_in_words(size)} are {tag} of {run}" for (run, tag), size in largest)
    return (
        f"the report would have {size_in_words(exported.size)}, and may have {size_in_words(most)}; {parts}. Leave some out with "
        "--steps (such as last:1 or spread:5), --samples, --tag or --run, or allow more with --max-size"
    )


def _parse_size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *([kMG]?)B?", text.strip())
    if match is None:
        raise ValueError(f"--max-size {text} is no size; expected one such as 25MB")
    return int(float(match[1]) * _UNITS[match[2]])
