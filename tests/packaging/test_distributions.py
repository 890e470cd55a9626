"""Wheel and source distribution bring the built page, everything it takes to serve it, and nothing stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import PAGE, ROOT, build
from tests.packaging.test_metadata import metadata

pytestmark = pytest.mark.slow


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_the_package_and_the_page_as_built(wheel: Path) -> None:
    found = contents(wheel)
    built = {path.relative_to(ROOT).as_posix() for path in (ROOT / PAGE).rglob("*") if path.is_file()}
    assert f"{PAGE}index.js" in built
    assert {name for name in found if name.startswith(PAGE)} == built
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tb_explain").rglob("*.py")}
    assert {name for name in found if name.endswith(".py")} == modules
    assert "tb_explain/sharing/static/report.js" in found
    assert {"tb_explain/py.typed", "tb_explain/records/explain.proto", "tb_explain/records/explain_pb2.pyi"} <= found


def test_chunks_of_an_older_page_are_left_behind(wheel: Path) -> None:
    assert not [name for name in contents(wheel) if "older-" in name]


def test_the_source_distribution_installs_without_node(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("tb_explain-*/")
    assert not (source / "plugin_frontend" / "src").exists()
    assert (source / "LICENSE").exists()
    empty = tmp_path / "empty"
    empty.mkdir()
    again = build(source, empty, "wheel", path=str(empty))
    assert contents(again) == contents(wheel)
    assert metadata(again) == metadata(wheel)


@pytest.mark.parametrize("node", [None, "v18.20.4"])
def test_a_checkout_without_node_says_what_is_needed(tmp_path: Path, node: str | None) -> None:
    copied = tmp_path / "plugin_frontend"
    copied.mkdir()
    for name in ("build_backend.py", "package.json"):
        shutil.copy(ROOT / "plugin_frontend" / name, copied)
    programs = tmp_path / "bin"
    programs.mkdir()
    if node:
        for name in ("node", "npm"):
            (programs / name).write_text(f"#!/bin/sh\necho {node}\n")
            (programs / name).chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", "import build_backend; build_backend.build_wheel('.')"],
        env={**os.environ, "PYTHONPATH": str(copied), "PATH": str(programs)},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert done.stderr == (
        f"Building the page of Explain from a checkout needs Node 20.19 or newer with npm, found {node or 'none'}.\n"
    )
