"""Fuzzes one target with atheris, starting from its kept corpus; what fails is left in the working directory."""

from __future__ import annotations

import argparse
import logging
import math
import subprocess
import sys
import tempfile
import time

import atheris

from tests.fuzz.targets import CORPUS, MOST_MEMORY, MOST_SECONDS, TARGETS, target

# Inputs for one process. Under atheris 3.0, and only there, each index file that is read takes some 80 KB for good.
_RUNS = {"index": 2000, "payload": 1_000_000, "http": 100_000}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", metavar="DIRECTORY", help="where inputs that reach new code are put; else dropped")
    parser.add_argument("--merge", action="store_true", help="put into --keep the fewest inputs that reach as much")
    parser.add_argument("--once", action="store_true", help="in this process, which ends after some thousand inputs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as dropped:
        if given.once or given.merge:
            fuzz(given, given.keep or dropped)
        ends = time.monotonic() + given.seconds
        while (left := math.ceil(ends - time.monotonic())) > 0:
            command = [sys.executable, "-m", "tests.fuzz", given.target, "--once", "--seconds", str(left)]
            status = subprocess.run([*command, "--keep", given.keep or dropped]).returncode
            if status:
                sys.exit(status)


def fuzz(given: argparse.Namespace, kept: str) -> None:
    """Does not return."""
    with atheris.instrument_imports(include=list(TARGETS[given.target])):
        check = target(given.target)
    logging.disable()
    options = [
        f"-max_total_time={given.seconds}",
        f"-timeout={MOST_SECONDS}",
        f"-rss_limit_mb={MOST_MEMORY}",
        f"-runs={_RUNS[given.target]}",
        "-max_len=8192",
        f"-artifact_prefix=failed-{given.target}-",
        "-print_final_stats=1",
        "-verbosity=1",
    ]
    if given.merge:
        options.append("-merge=1")
    words = CORPUS / f"{given.target}.dict"
    if words.exists():
        options.append(f"-dict={words}")
    atheris.Setup([sys.argv[0], *options, kept, str(CORPUS / given.target)], check)
    atheris.Fuzz()


main()
