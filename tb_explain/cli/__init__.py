"""The `tb-explain` command: one module a subcommand."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tb_explain import __version__
from tb_explain.cli import compact, demo, export, ls, pack, prune, verify


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns the exit status. What goes wrong is said in one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="tb-explain", description="Explain for TensorBoard.")
    parser.add_argument("--version", action="version", version=f"tb-explain {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (demo, ls, export, pack, verify, compact, prune):
        command.add_to(commands)

    options = parser.parse_args(arguments)
    try:
        status = int(options.run(options))
        sys.stdout.flush()  # here, where it is known what to do when nobody reads it
        return status
    except KeyboardInterrupt:
        print("interrupted; what was logged is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ImportError, OSError, ValueError) as error:
        print(f"tb-explain {options.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return getattr(options, "in_trouble", 1)
