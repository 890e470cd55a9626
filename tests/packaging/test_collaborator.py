"""Whoever is sent a logdir installs the viewer alone, without PyTorch, on any Python we claim, and sees everything that was logged."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path

import pytest

from tb_explain.records import explain_pb2 as pb
from tests.conftest import Run, StartTensorBoard, until
from tests.packaging.conftest import ROOT, THIS_PYTHON
from tests.plugin.test_routes import payloads

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Viewer = Callable[[str], Path]

SETTINGS = ConfigParser()
SETTINGS.read(ROOT / "setup.cfg")
CLASSIFIER = "Programming Language :: Python :: "
PYTHONS = [
    line.removeprefix(CLASSIFIER)
    for line in SETTINGS["metadata"]["classifiers"].splitlines()
    if line.startswith(f"{CLASSIFIER}3.")
]

READ = """
import sys, tb_explain
((name, run),) = tb_explain.open("logs").runs.items()
tag = run.tags["probe/GradCAM"]
print(name, *tag.steps, tag.read(100).maps.shape)
try:
    import torch
except ImportError:
    tb_explain.ExplainWriter
"""


@pytest.fixture(autouse=True)
def _nothing_but_what_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)


def test_every_python_since_the_oldest_is_claimed() -> None:
    assert SETTINGS["options"]["python_requires"] == f">={PYTHONS[0]}"
    assert [f"3.{10 + number}" for number in range(len(PYTHONS))] == PYTHONS


@pytest.mark.parametrize("version", PYTHONS)
def test_a_logdir_is_shown_without_pytorch(
    viewer: Viewer, version: str, tmp_path: Path, tensorboard: StartTensorBoard
) -> None:
    python = viewer(version)
    run = Run(tmp_path / "logs" / "resnet").log("probe/GradCAM", [0, 100])
    server = tensorboard("--logdir=logs", python=str(python), cwd=tmp_path)
    read = subprocess.run([python, "-c", READ], cwd=tmp_path, capture_output=True, text=True)
    assert read.stdout == "resnet 0 100 (2, 1, 7, 7)\n"
    assert read.stderr.endswith('ImportError: logging explanations needs PyTorch: pip install "tb-explain[train]"\n')
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


def test_the_demo_is_listed_and_served_without_pytorch(
    demo: Path, viewer: Viewer, tensorboard: StartTensorBoard
) -> None:
    python = viewer(THIS_PYTHON)
    command = [python.parent / "tb-explain", "ls", demo]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "digits/gradcam/conv3" in listed
    assert "steps 0 to 400" in listed
    server = tensorboard("--logdir", str(demo), python=str(python))
    assert server.runs().keys() == {"digits", "photographs"}
    for run in ("digits", "photographs"):
        for series in server.ask("steps", run=run, kind="HEATMAPS").json()["series"]:
            assert series["tag"] in listed
            found = list(payloads(server.ask("records", run=run, key=series["keys"]).body))
            samples = pb.Heatmaps.FromString(found[-1]).samples
            assert len(found) == len(series["keys"])
            assert server.ask("image", run=run, hash=samples[0].image.hex()).status == 200
