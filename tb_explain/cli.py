"""The `tb-explain` command."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tb_explain import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status. What goes wrong is said in one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="tb-explain", description="Explain for TensorBoard.")
    parser.add_argument("--version", action="version", version=f"tb-explain {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)

    demo = commands.add_parser("demo", help="train and explain two networks, then say how to look at them")
    demo.add_argument("--logdir", default="runs/demo", help="where to log (default: %(default)s)")
    demo.add_argument("--steps", type=int, default=400, help="training steps on the digits (default: %(default)s)")
    demo.add_argument(
        "--model", help="a torchvision classifier by name, downloaded (default: the packaged EfficientNet-Lite0)"
    )
    demo.add_argument(
        "--images", metavar="FOLDER", help="photographs to explain (default: some that are already installed)"
    )
    demo.add_argument("--serve", action="store_true", help="start TensorBoard at the end")
    demo.set_defaults(run=_demo)

    ls = commands.add_parser("ls", help="list the explanations in a logdir")
    ls.add_argument("logdir", help="a directory, or an address such as s3://bucket/runs")
    ls.set_defaults(run=_ls)

    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        print("interrupted; what was logged is kept", file=sys.stderr)
        return 130
    except (ImportError, OSError, ValueError) as error:
        print(f"tb-explain {options.command}: {error}", file=sys.stderr)
        return 1


def _demo(options: argparse.Namespace) -> int:
    from tb_explain.demo import explain_photographs, train_digits

    if options.steps < 1:
        raise ValueError(f"--steps must be at least 1, got {options.steps}")
    logdir = Path(options.logdir)
    if any((logdir / run).exists() for run in ("digits", "photographs")):
        raise ValueError(f"{logdir} holds an earlier demo; give another --logdir, or delete it")
    train_digits(logdir / "digits", options.steps)
    explain_photographs(logdir / "photographs", options.model, options.images)
    command = ["tensorboard", "--logdir", str(logdir)]
    if options.serve:
        return subprocess.call([sys.executable, "-m", "tensorboard.main", *command[1:]])
    print(f"Look at it with:  {' '.join(command)}    (tab “Explain”)")
    return 0


def _ls(options: argparse.Namespace) -> int:
    from tb_explain.records import RunIndex
    from tb_explain.records.runs import runs_of

    files, runs = runs_of(options.logdir)
    for name, directory in runs.items():
        index = RunIndex(directory, files)
        index.refresh()
        print(name)
        for series in index.series():
            steps = index.steps(series).step
            span = f"steps {steps[0]} to {steps[-1]}" if len(steps) else "no steps"
            print(f"  {series.declaration.tag:<40} {len(steps):>6} records  {span}")
        counts = index.counts()
        troubles = {name: number for name, number in vars(counts).items() if number}
        if troubles:
            print("  " + ", ".join(f"{number} {name}" for name, number in troubles.items()))
    if not runs:
        print(f"no explanations below {options.logdir}")
    return 0
