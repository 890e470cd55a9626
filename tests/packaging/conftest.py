"""What is given to others, built once, and the environments of those who install it."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = "tb_explain/plugin/static/"
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def build(source: Path, destination: Path, kind: str, path: str = os.environ["PATH"]) -> Path:
    """Call the build backend as pip does; returns what it has made."""
    code = f"import build_backend; print(build_backend.build_{kind}({str(destination)!r}))"
    environment = {**os.environ, "PYTHONPATH": str(source / "plugin_frontend"), "PATH": path}
    done = subprocess.run([sys.executable, "-c", code], cwd=source, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return destination / done.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, in which an earlier build has left a chunk of an older page."""
    stale = ROOT / "build" / "lib" / PAGE / "chunks" / "older-00000000.js"
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.touch()
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of this checkout."""
    return build(ROOT, tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="session")
def viewer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Of a version, the Python of an environment in which only the viewer is installed; skips where there is no such Python."""

    @functools.cache
    def install(version: str) -> Path:
        environment = tmp_path_factory.mktemp(f"viewer-{version}") / "venv"
        uv("venv", "--python", interpreter(version), str(environment))
        python = environment / "bin" / "python"
        uv("pip", "install", "--python", str(python), str(wheel))
        uv("pip", "check", "--python", str(python))
        return python

    return install


def uv(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def interpreter(version: str) -> str:
    """The path of a Python."""
    if version == THIS_PYTHON:
        return sys.executable
    if (command := shutil.which(f"python{version}")) is not None:
        # pyenv leaves commands on PATH that only run for the version that is chosen.
        environment = {**os.environ, "PYENV_VERSION": version}
        found = subprocess.run(
            [command, "-c", "import sys; print(sys.executable)"], env=environment, capture_output=True, text=True
        )
        if found.returncode == 0:
            return found.stdout.strip()
    pytest.skip(f"there is no Python {version} here")
