"""`tb-explain demo`: two networks trained and explained, to look at."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any


def add_to(commands: Any) -> None:
    """Declare the subcommand."""
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
    demo.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.steps < 1:
        raise ValueError(f"--steps must be at least 1, got {options.steps}")
    from tb_explain.demo import explain_photographs, train_digits

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
