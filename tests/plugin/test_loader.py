"""Whatever is wrong with the plugin, TensorBoard starts; and showing explanations needs nothing of what makes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartTensorBoard


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_entry_point_imports_nothing_that_can_fail() -> None:
    code = """
import sys
import tensorboard.plugins.base_plugin
before = set(sys.modules)
from importlib.metadata import entry_points
loader, = [found for found in entry_points(group="tensorboard_plugins") if found.name == "tb_explain"]
loader.load()
print(*sorted(name for name in set(sys.modules) - before if name.partition(".")[0] not in sys.stdlib_module_names))
"""
    assert python(code).split() == ["tb_explain", "tb_explain.plugin", "tb_explain.plugin.loader"]


def test_the_plugin_imports_no_torch_and_none_of_the_methods() -> None:
    code = """
import sys
from tensorboard.plugins.base_plugin import TBContext
from tb_explain.plugin.loader import ExplainLoader
assert ExplainLoader().load(TBContext(logdir=".")) is not None
print(*sorted(sys.modules))
"""
    loaded = set(python(code).split())
    assert "tb_explain.records.index" in loaded
    assert not loaded & {"torch", "sklearn", "umap", "lime", "tensorflow", "tb_explain.methods", "tb_explain.writer"}


@pytest.mark.parametrize("broken", ["google_crc32c", "tb_explain.plugin.plugin"])
def test_tensorboard_starts_although_the_plugin_cannot(
    tmp_path: Path, tensorboard: StartTensorBoard, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Imported before anything else by every Python that has this folder on its path.
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import sys
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == {broken!r}:
            raise RuntimeError("built for\\nanother Python")
sys.meta_path.insert(0, Broken())
"""
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    server = tensorboard("--logdir", str(tmp_path), "--load_fast=false")
    listing = server.get("data/plugins_listing").json()
    assert "scalars" in listing
    assert "tb_explain" not in listing
    assert server.ask("runs").status == 404
    complaints = server.complaints()
    assert len(complaints) == 1
    assert "the Explain tab is not available: RuntimeError: built for another Python" in complaints[0]
    server.expected = complaints
