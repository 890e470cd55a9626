"""Whoever is sent a logdir installs the viewer alone, without PyTorch, and sees everything that was logged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tb_explain.records import explain_pb2 as pb
from tests.conftest import Run, StartTensorBoard, until
from tests.plugin.test_routes import payloads

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def viewer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment in which only the viewer is installed."""
    environment = tmp_path_factory.mktemp("collaborator") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    return python


def test_a_logdir_is_shown_without_pytorch(viewer: Path, tmp_path: Path, tensorboard: StartTensorBoard) -> None:
    assert subprocess.run([viewer, "-c", "import torch"], capture_output=True, cwd=tmp_path).returncode != 0
    run = Run(tmp_path / "logs" / "resnet").log("probe/GradCAM", [0, 100])
    server = tensorboard("--logdir=logs", python=str(viewer), cwd=tmp_path)
    (found,) = server.runs().values()
    assert [series["tag"] for series in found["series"]] == ["probe/GradCAM"]
    until(lambda: server.get("data/plugins_listing").json()["tb_explain"]["enabled"])
    (series,) = server.ask("steps", run="resnet", kind="HEATMAPS").json()["series"]
    assert list(payloads(server.ask("records", run="resnet", key=series["keys"]).body)) == run.payloads
    for name, encoded in run.images.items():
        assert server.ask("image", run="resnet", hash=name).body == encoded
    page = server.ask("static/index.js")
    assert page.status == 200
    assert b"is not built" not in page.body


def test_the_demo_is_listed_and_served_without_pytorch(viewer: Path, demo: Path, tensorboard: StartTensorBoard) -> None:
    command = [viewer.parent / "tb-explain", "ls", demo]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "digits/gradcam/conv3" in listed
    assert "steps 0 to 400" in listed
    server = tensorboard("--logdir", str(demo), python=str(viewer))
    assert server.runs().keys() == {"digits", "photographs"}
    for run in ("digits", "photographs"):
        for series in server.ask("steps", run=run, kind="HEATMAPS").json()["series"]:
            assert series["tag"] in listed
            found = list(payloads(server.ask("records", run=run, key=series["keys"]).body))
            samples = pb.Heatmaps.FromString(found[-1]).samples
            assert len(found) == len(series["keys"])
            assert server.ask("image", run=run, hash=samples[0].image.hex()).status == 200


def test_logging_says_what_to_install(viewer: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [viewer, "-c", "from tb_explain import ExplainWriter"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert 'pip install "tb-explain[train]"' in done.stderr
