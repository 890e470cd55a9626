"""Builds the page, then leaves the rest to setuptools (PEP 517 and PEP 660). A source distribution brings the page along."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

PAGE = Path(__file__).resolve().parent
LIBRARY = PAGE.parent / "tb_explain"
BUNDLES = (LIBRARY / "plugin" / "static" / "index.js", LIBRARY / "sharing" / "static" / "report.js")
OLDEST_NODE = (20, 19)


def build_wheel(*arguments: Any) -> str:
    """The wheel, page included."""
    build_page()
    # setuptools would take along what an earlier build has left here: chunks of an older page.
    shutil.rmtree(PAGE.parent / "build" / "lib", ignore_errors=True)
    return build_meta.build_wheel(*arguments)


def build_sdist(*arguments: Any) -> str:
    """The source distribution, with the built page instead of its sources."""
    build_page()
    return build_meta.build_sdist(*arguments)


def build_editable(*arguments: Any) -> str:
    """An installation of the checkout, whose page is built once, now."""
    build_page()
    return build_meta.build_editable(*arguments)


def build_page() -> None:
    """Install what the page needs and build it, each if its result is missing or out of date."""
    if not (PAGE / "package.json").exists():
        return  # a source distribution
    if any(is_older(bundle, page_sources()) for bundle in BUNDLES):
        npm = find_npm()
        if is_older(PAGE / "node_modules" / ".package-lock.json", [PAGE / "package-lock.json"]):
            run(npm, "ci", "--no-audit", "--no-fund")
        run(npm, "run", "build")


def page_sources() -> Iterator[Path]:
    """What the bundle depends on; folders too, whose time tells of a file deleted."""
    yield PAGE / "src"
    yield from (PAGE / "src").rglob("*")
    yield from PAGE.glob("*.json")
    yield from PAGE.glob("*.config.*")


def is_older(result: Path, sources: Any) -> bool:
    """Whether `result` is missing or older than one of its sources."""
    return not result.exists() or any(source.stat().st_mtime > result.stat().st_mtime for source in sources)


def find_npm() -> str:
    """The path of npm. Exits with one sentence when there is none, or when its Node is too old."""
    npm, node = shutil.which("npm"), shutil.which("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip() if node else "none"
    if npm is None or tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_NODE:
        needed = ".".join(map(str, OLDEST_NODE))
        sys.exit(
            f"Building the page of Explain from a checkout needs Node {needed} or newer with npm, found {version}."
        )
    return npm


def run(npm: str, *arguments: str) -> None:
    """Run npm; its output is shown only if it fails, which ends the build."""
    command = " ".join(["npm", *arguments])
    print(f"building the page: {command}", flush=True)
    done = subprocess.run([npm, *arguments], cwd=PAGE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}\n“{command}” failed in {PAGE}; its output is above.")
