"""Two lines in a plain training script give a page with something in every view, and change nothing else."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
import torch

import tb_explain
from tb_explain import ExplainWriter, first_look

SCRIPT = Path(__file__).parents[2] / "examples" / "mnist.py"
MARK = "# explain"

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def projected(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """As in a process of its own; and what would be handed to UMAP, which has tests of its own and compiles for long: tag and step."""
    found: list[tuple[str, int]] = []
    monkeypatch.setattr(first_look, "_writers", [])
    monkeypatch.setattr(
        ExplainWriter, "add_projection", lambda _, tag, features, global_step, **more: found.append((tag, global_step))
    )
    return found


def trained(script: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    folder.mkdir()
    monkeypatch.chdir(folder)
    arguments = ["--digits", "--dry-run", "--epochs", "2", "--no-accel", "--save-model"]
    monkeypatch.setattr(sys, "argv", [str(script), *arguments])
    runpy.run_path(str(script), run_name="__main__")
    for writer in first_look._writers:
        writer.close()
    return torch.load("mnist_cnn.pt", weights_only=True)


def test_two_lines_fill_the_page_and_leave_training_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, projected: list[tuple[str, int]]
) -> None:
    lines = SCRIPT.read_text().splitlines(keepends=True)
    plain = [line for line in lines if not line.rstrip().endswith(MARK)]
    assert len(lines) - len(plain) == 2
    assert "tb_explain" not in "".join(plain)
    (tmp_path / "plain.py").write_text("".join(plain))

    expected = trained(tmp_path / "plain.py", tmp_path / "without", monkeypatch)
    assert not first_look._writers
    found = trained(SCRIPT, tmp_path / "with", monkeypatch)
    assert expected.keys() == found.keys()
    for name, weights in expected.items():
        assert torch.equal(weights, found[name]), name

    (run,) = tb_explain.open(tmp_path / "with" / "runs").runs.values()
    assert not run.failures
    kinds = {tag.kind for tag in run.tags.values()}
    assert kinds == {"HEATMAPS", "CLUSTERS", "CHANNELS"}
    assert projected == [("images/projection/fc2.input", 1), ("images/projection/fc2.input", 2)]
    assert all(list(tag.steps) == [1, 2] for tag in run.tags.values()), run.tags
    maps = run.tags["images/gradcam/conv2"].read(2)
    assert sorted({sample.label for sample in maps.samples}) == list(range(10))
