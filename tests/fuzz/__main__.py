"""Fuzzes one target with atheris, starting from its kept corpus; what fails is left in the working directory."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile

import atheris

from tests.fuzz.targets import CORPUS, MOST_MEMORY, MOST_SECONDS, TARGETS, target


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--keep", metavar="DIRECTORY", help="where inputs that reach new code are put; else dropped")
    parser.add_argument("--merge", action="store_true", help="put into --keep the fewest inputs that reach as much")
    given = parser.parse_args()
    with atheris.instrument_imports(include=list(TARGETS[given.target])):
        check = target(given.target)
    logging.disable()
    with tempfile.TemporaryDirectory() as dropped:
        options = [
            f"-max_total_time={given.seconds}",
            f"-timeout={MOST_SECONDS}",
            f"-rss_limit_mb={MOST_MEMORY}",
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
        atheris.Setup([sys.argv[0], *options, given.keep or dropped, str(CORPUS / given.target)], check)
        atheris.Fuzz()  # which never returns


main()
