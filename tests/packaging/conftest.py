"""What is given to others, built once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def build(source: Path, destination: Path, kind: str, path: str = os.environ["PATH"]) -> Path:
    """Call the build backend as pip does; returns what it has made."""
    code = f"import build_backend; print(build_backend.build_{kind}({str(destination)!r}))"
    environment = {**os.environ, "PYTHONPATH": str(source / "plugin_frontend"), "PATH": path}
    done = subprocess.run([sys.executable, "-c", code], cwd=source, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return destination / done.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")
