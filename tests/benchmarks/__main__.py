"""Runs the benchmarks named on the command line, or all of them, and prints one table: `python -m tests.benchmarks [PART...]`.

Each part runs in a process of its own and tells its figures as they come: one that fails, or an interrupt, loses no others. What a part prints on its
way goes to the standard error, the table alone to the standard output. All parts at their usual size take 20 to 40 minutes on two cores.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from tests.benchmarks.table import Row, as_markdown, as_text

ALL = (
    "attribution",
    "reruns",
    "gradients",
    "occlusion",
    "lime",
    "quality",
    "maximize",
    "clusters",
    "alignment",
    "reducing",
    "writer",
    "ranks",
    "store",
    "startup",
    "serving",
    "load",
    "projection",
    "page",
    "page_session",
)

# In a process of its own: what the part prints goes beside the figures, which are JSON, one a line.
PART = """
import importlib, json, os, sys
from dataclasses import asdict
answer, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
os.dup2(2, 1)
try:
    for row in importlib.import_module(sys.argv[1]).main(full=sys.argv[2:] == ["full"]):
        print(json.dumps(asdict(row)), file=answer, flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""


def rows_of(module: str, full: bool = False) -> Iterator[Row]:
    """The figures of a part as they become known. Raises CalledProcessError, after them, when it fails."""
    part = module.rpartition(".")[2]
    command = [sys.executable, "-c", PART, module, *(["full"] if full else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                yield Row(**json.loads(line) | {"part": part})
        except BaseException:  # nobody wants the rest
            _interrupt(process)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, part)


def _interrupt(process: subprocess.Popen[str]) -> None:
    """Ends a part, which takes its servers and browsers with it; an interrupt from the keyboard has reached it already."""
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def machine() -> dict[str, object]:
    """Where and when, and by what."""
    packages = {}
    for name in ("torch", "tensorboard", "numpy"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, {_processor()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "packages": packages,
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def described(of: dict[str, object]) -> str:
    """The same in a sentence."""
    packages = ", ".join(f"{name} {found}" for name, found in dict(of["packages"]).items())  # type: ignore[call-overload]
    return f"{of['date']}, {of['machine']}; Python {of['python']}, {packages}; load {of['load']} at the start"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", choices=[*ALL, []], help="one or more of: " + ", ".join(ALL), metavar="PART")
    parser.add_argument("--full", action="store_true", help="long parts at the size of docs/performance.md")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="instead of a table for the terminal")
    form.add_argument("--markdown", action="store_true", help="a table for docs/performance.md")
    options = parser.parse_args()
    parts = options.part or list(ALL)
    where, rows, failed = machine(), [], []
    print(described(where), file=sys.stderr)
    try:
        for number, part in enumerate(parts, 1):
            print(f"\n== {part} ({number} of {len(parts)})", file=sys.stderr, flush=True)
            began = time.monotonic()
            try:
                for row in rows_of(f"tests.benchmarks.{part}", options.full):
                    rows.append(row)
                    print("   " + "  ".join(filter(None, row.cells())), file=sys.stderr, flush=True)
            except subprocess.CalledProcessError as error:
                failed.append(part)
                print(f"{part} failed ({error.returncode}); what it measured before is kept", file=sys.stderr)
            print(f"   {time.monotonic() - began:.0f} s", file=sys.stderr)
    except KeyboardInterrupt:
        failed.append("interrupted")
        print("\ninterrupted; what was measured before:", file=sys.stderr)
    if options.json:
        print(
            json.dumps({**where, "failed": failed, "rows": [asdict(row) for row in rows]}, indent=1, ensure_ascii=False)
        )
    elif options.markdown:
        print(f"{described(where)}.\n\n{as_markdown(rows)}")
    else:
        print(f"\n{described(where)}\n\n{as_text(rows)}")
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()
