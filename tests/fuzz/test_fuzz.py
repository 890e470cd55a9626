"""Every input that once told something is told it again, and the fuzzers find nothing new in the little time they have here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzz.targets import MOST_MEMORY, MOST_SECONDS, TARGETS, corpus, target

SECONDS = int(os.environ.get("TB_EXPLAIN_FUZZ_SECONDS", "3"))  # for each target


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_are_answered_as_documented(name: str) -> None:
    check = target(name)
    assert corpus(name)
    for path in corpus(name):
        data = path.read_bytes()
        check(data)  # once without being measured: what is made once is made now
        tracemalloc.start()
        started = time.monotonic()
        check(data)
        took = time.monotonic() - started
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert took < MOST_SECONDS, f"{path.name} took {took:.1f} s"
        assert peak < 32 << 20, f"{path.name} took {peak >> 20} MB"


@pytest.mark.slow
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel for this Python or system")
@pytest.mark.parametrize("name", TARGETS)
def test_fuzzing_finds_nothing(name: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.fuzz", name, "--seconds", str(SECONDS)]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=SECONDS + 120,
    )
    report = done.stdout + done.stderr
    assert done.returncode == 0 and not list(tmp_path.glob("failed-*")), report[-4000:]
    memory = max(
        map(int, re.findall(r"stat::peak_rss_mb: *(\d+)", report))
    )  # of several processes, one after the other
    assert memory <= MOST_MEMORY, report[-4000:]
    inputs = sum(map(int, re.findall(r"stat::number_of_executed_units: *(\d+)", report)))
    print(f"{name}: {inputs} inputs, {memory} MB")
