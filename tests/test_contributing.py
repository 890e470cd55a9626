"""docs/contributing.md tells how to add a method and a kind of record: following it word by word adds them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import tb_explain

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "contributing.md").read_text()
_, METHOD, RECORD = re.split(r"^## How to add .*$", DOCUMENT, flags=re.MULTILINE)

# (file or "", language, text) of each block, in the order of the document.
BLOCKS = re.compile(r"^(?:`(\S+)`:\n\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_a_method(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("layer4", nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh()))
    model.add_module("head", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)))
    images = torch.rand(2, 3, 8, 8)
    variables: dict[str, object] = {"__name__": "contributed", "model": model, "images": images}
    sys.modules["contributed"] = sys.modules[__name__]  # where dataclasses look for names
    for _, language, text in BLOCKS.findall(METHOD):
        assert language == "python"
        exec(text, variables)
    del sys.modules["contributed"]
    tags = tb_explain.open("runs").runs["contributed"].tags
    assert list(tags) == ["probe/gradientnorm/layer4", "probe/gradcam/layer4"]
    tag = tags["probe/gradientnorm/layer4"]
    assert tag.parameters["power"] == 0.5
    # Behind an average the gradient is the same at all sites: W / 36.
    record = tag.read()
    weights = model.head[2].weight.detach()[record.targets[:, 0]] / 36
    expected = weights.norm(dim=1) ** 0.5
    assert torch.allclose(torch.from_numpy(record.maps).amax((1, 2, 3)), expected, rtol=1e-4)


@pytest.mark.slow
def test_a_kind_of_record(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "tb_explain", tmp_path / "tb_explain", ignore=shutil.ignore_patterns("static", "__pycache__")
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # where “python” is this one
    env = os.environ | {"PYTHONPATH": str(tmp_path), "PATH": path}
    said = ""
    for name, language, text in BLOCKS.findall(RECORD):
        file = tmp_path / name
        if language == "diff":
            lines = text.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] != "+")
            source = file.read_text()
            assert source.count(before) == 1, f"{name} has {before!r} {source.count(before)} times"
            file.write_text(source.replace(before, "".join(line[1:] for line in lines if line[0] != "-")))
        elif name:
            assert not file.exists(), f"{name} exists already"
            file.write_text(text)
        else:
            command = [sys.executable, "-c", text] if language == "python" else ["bash", "-c", text]
            ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
            assert ended.returncode == 0, ended.stderr
            said += ended.stdout
    assert said == "3 ['layer1', 'layer2'] [[[0.1 0.9]]]\n"
    # Whoever does not know the kind, such as this process, skips it and says so.
    run = tb_explain.open(tmp_path / "runs").runs["depths"]
    assert dict(run.tags) == {}
    index = tb_explain.records.RunIndex(tmp_path / "runs" / "depths")
    index.refresh()
    assert index.counts().unknown == 1
