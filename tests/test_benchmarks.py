"""The benchmarks' table: every part gives rows alone, and one that fails loses neither its own earlier rows nor those of others."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import ALL, described, machine, rows_of
from tests.benchmarks.table import Row, as_markdown, as_text, rounded


def test_every_part_is_there() -> None:
    assert all(importlib.util.find_spec(f"tests.benchmarks.{part}") for part in ALL)


def test_figures_have_three_digits_and_small_seconds_are_milliseconds() -> None:
    assert [rounded(x) for x in (0, 0.98, 1.0, 12.34, 563.2, 3355.4, 0.00127)] == [
        "0", "0.98", "1.00", "12.3", "563", "3 355", "0.00127",
    ]  # fmt: skip
    row = Row("reading", 0.00123, "s", 0.5, "a package", meaning="CPU time")
    assert row.cells() == ("reading", "1.23 ms", "0.5 s a package", "0.00246 ×", "CPU time")
    assert Row("alone", 3, "MB").cells() == ("alone", "3.00 MB", "", "", "")
    assert Row("by rounds", 2, "s", 1, "floor", ratio=1.5).cells()[3] == "1.50 ×"


def test_the_table_as_text_and_as_markdown() -> None:
    rows = [Row("a | b", 1, "s", 2, "x", part="one"), Row("c", 1, "s", part="one"), Row("d", 1, "s", part="two")]
    lines = as_text(rows).splitlines()
    assert [line for line in lines if line in ("one", "two")] == ["one", "two"]
    assert len({line.index("1.00 s") for line in lines if "1.00 s" in line}) == 1, "columns are in line"
    assert as_markdown(rows).splitlines()[2:] == [
        "| one | a \\| b | **1.00 s** | 2.00 s x | 0.5 × |  |",
        "|  | c | **1.00 s** |  |  |  |",
        "| two | d | **1.00 s** |  |  |  |",
    ]


def test_a_part_that_fails_keeps_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "failing_part.py").write_text(
        """
from tests.benchmarks.table import Row
def main(full=False):
    print("talks on its way")
    yield Row("first", 2.0 if full else 1.0, "s")
    raise ValueError
"""
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    for full, figure in ((False, 1.0), (True, 2.0)):
        rows = rows_of("failing_part", full)
        assert next(rows) == Row("first", figure, "s", part="failing_part")
        with pytest.raises(subprocess.CalledProcessError):
            next(rows)


def test_where_and_when_is_said() -> None:
    found = json.loads(json.dumps(machine()))
    assert set(found) == {"date", "machine", "python", "packages", "load"}
    assert found["date"] in described(found) and "tensorboard" in found["packages"]
