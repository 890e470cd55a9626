"""The cell of the guide shows the plugin in a notebook: IPython runs it as a notebook would."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest

from tb_explain import ExplainWriter
from tests.documentation.blocks import ROOT, blocks_of


def test_the_tab_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shells = pytest.importorskip("IPython.core.interactiveshell")
    import traitlets
    from tensorboard import manager

    (cell,) = [block.text for block in blocks_of(ROOT / "docs" / "guide.md") if block.section == "In a notebook"]
    assert "--logdir runs\n" in cell
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where TensorBoard leaves word for the next cell
    monkeypatch.setattr("tempfile.tempdir", None)
    with ExplainWriter("runs/one") as writer:
        writer.add_heatmaps("maps", np.ones((1, 2, 2)))
    shell = shells.InteractiveShell.instance()
    shell.add_traits(kernel=traitlets.Any())  # by which TensorBoard knows that cells can show pages
    shown: list[str] = []
    monkeypatch.setattr("IPython.display.HTML", shown.append)
    try:
        shell.run_cell(cell.replace("--logdir runs", "--logdir runs --port 0")).raise_error()
        (server,) = manager.get_all()
        address = f"http://localhost:{server.port}/data"
        with urlopen(f"{address}/plugins_listing") as answer:
            listed = json.load(answer)
        assert listed["tb_explain"]["tab_name"] == "Explain"
        with urlopen(f"{address}/plugin/tb_explain/runs") as answer:
            assert [run["run"] for run in json.load(answer)["runs"]] == ["one"]
        assert any(re.search(rf"\b{server.port}\b", str(html)) for html in shown), "the cell shows its page"
    finally:
        shells.InteractiveShell.clear_instance()
        for server in manager.get_all():
            os.kill(server.pid, signal.SIGTERM)
