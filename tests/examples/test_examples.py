"""The examples run as their headers say, and what they log can be read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tb_explain
from tests.conftest import index_of

EXAMPLES = Path(__file__).parents[2] / "examples"
LAYERS = ("conv1", "conv2", "conv3", "conv4", "hidden")

pytestmark = pytest.mark.slow


def test_voxel_feedback(tmp_path: Path) -> None:
    said = run("voxel_feedback.py", "--quick", "--logdir", tmp_path)
    assert "of 200 new objects are taken for something else." in said
    assert "feedback hidden" in said and "E4  x, y'" in said
    check(tmp_path, "objects")


def test_voxel_feedback_of_modelnet(tmp_path: Path) -> None:
    for split, n in (("train", 12), ("test", 4)):
        for name, height in (("tower", 4), ("plate", 0.2)):
            for i in range(n):
                box(tmp_path / f"ModelNet2/{name}/{split}/{name}_{i:04}.off", 1 + 0.02 * i, 1 + 0.03 * i, height)
    said = run("voxel_feedback.py", "--quick", "--modelnet", tmp_path / "ModelNet2", "--logdir", tmp_path / "run")
    assert "of 8 new objects are taken for something else." in said
    check(tmp_path / "run", "objects")


def test_image_clusters(tmp_path: Path) -> None:
    said = run("image_clusters.py", "--quick", "--logdir", tmp_path)
    assert "of 134 new images are misread." in said and "association with the class" in said
    check(tmp_path, "images")


def test_image_clusters_of_a_folder(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for name, bright in (("day", 180), ("night", 20)):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(15):
            pixels = random.integers(bright, bright + 60, (20, 26, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{i}.png")
    arguments = ("--images", tmp_path / "images", "--size", "16", "--logdir", tmp_path / "run")
    assert "of 10 new images are misread." in run("image_clusters.py", "--quick", *arguments)
    check(tmp_path / "run", "images")


def test_embeddings(tmp_path: Path) -> None:
    said = run("embeddings.py", "--quick", "--logdir", tmp_path)
    assert "60 images at 3 layers." in said
    index = index_of(tmp_path)
    assert not index.failures()
    found = [series.declaration.tag for series in index.series()]
    assert sorted(found) == ["images/_blocks.10", "images/_blocks.2", "images/_fc.input"]


def test_fruit(tmp_path: Path) -> None:
    said = run("fruit.py", "--quick", "--size", "48", "--logdir", tmp_path)
    assert "the two classes confused most" in said and "LIME: the two strongest superpixels on the fruit" in said
    tags = tb_explain.open(tmp_path).runs["."].tags
    assert {tag.kind for tag in tags.values()} == {
        "PROJECTION", "HEATMAPS", "OCCLUSION", "OCCLUSION_PAIRS", "SUPERPIXELS"
    }  # fmt: skip
    assert not tb_explain.open(tmp_path).runs["."].failures


def test_how_networks_see(tmp_path: Path) -> None:
    said = run("how_networks_see.py", "--quick", "--logdir", tmp_path)
    assert "channels that pass nothing on" in said and "filters of the first convolution" in said
    runs = tb_explain.open(tmp_path).runs
    assert list(runs) == ["digits", "photographs"]
    assert not any(run.failures for run in runs.values())
    assert "digits/classes from class means" in runs["digits"].tags


def test_object_relations(tmp_path: Path) -> None:
    said = run("object_relations.py", "--quick", "--size", "96", "--logdir", tmp_path)
    assert "superpixels at which the largest correlation is greatest" in said
    tags = tb_explain.open(tmp_path).runs["."].tags
    assert sorted(tag.kind for tag in tags.values()) == ["CORRELATIONS", "HEATMAPS"]


def test_interpretable_cnn(tmp_path: Path) -> None:
    said = run("interpretable_cnn.py", "--quick", "--logdir", tmp_path)
    assert "location instability" in said and "Part that each interpretable filter follows: " in said
    for name in ("ordinary", "interpretable"):
        index = index_of(tmp_path / name)
        assert not index.failures()
        tags = {series.declaration.tag: len(index.steps(series).keys) for series in index.series()}
        assert tags["things/gradcam/block3"] == tags["things/filters"] == 2 and tags["synthesis/filter 0"] == 1, tags


@pytest.mark.parametrize("ranks", [1, 2])
def test_distributed(tmp_path: Path, ranks: int) -> None:
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2") if ranks == 2 else ()
    said = run("distributed.py", "--quick", "--logdir", tmp_path, by=torchrun)
    assert said.count(f"of {ranks} explained {60 // ranks} images.") == ranks
    assert "60 images are in the projection." in said
    index = index_of(tmp_path)
    assert not index.failures()
    tags = {series.declaration.tag: index.steps(series) for series in index.series()}
    for method in ("gradcam/10", "inputxgradient"):
        steps = tags[f"validation/{method}"]
        assert set(steps.step.tolist()) == {int(steps.step[0])} and steps.count.sum() == 60
    assert tags["probe/gradcam/10"].count.sum() == 16 and set(tags["probe/gradcam/10"].step.tolist()) == {0}
    assert [len(tags["validation/features"].keys), len(list(tmp_path.rglob("*tfevents*")))] == [1, 1]


@pytest.mark.parametrize(
    ("script", "arguments", "sentence"),
    [
        ("voxel_feedback.py", ("--modelnet", "nowhere"), "nowhere has no folders <class>/train"),
        ("embeddings.py", ("--images", "nowhere"), "nowhere has no folders <class> with images"),
        ("fruit.py", ("--images", "nowhere"), "nowhere has no folders <class> with images"),
        ("image_clusters.py", ("--size", "30"), "--size must be a multiple of 4 from 8, got 30"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(script: str, arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence) as refusal:
        run(script, *arguments)
    assert "Traceback" not in str(refusal.value)


def run(script: str, *arguments: str | Path, by: tuple[str, ...] = ()) -> str:
    path = os.pathsep.join([str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")])
    ended = subprocess.run(
        [sys.executable, *by, EXAMPLES / script, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def check(logdir: Path, probe: str) -> None:
    """Everything was logged, at every step; nothing failed."""
    index = index_of(logdir)
    assert not index.failures()
    tags = {series.declaration.tag: len(index.steps(series).keys) for series in index.series()}
    assert all(tags[f"{probe}/filterclusters/{layer}"] >= 2 for layer in LAYERS), tags
    assert all(tags[f"mistakes/filterclusters/{layer}"] == 1 for layer in LAYERS), tags
    assert tags["mistakes/reconstruction"] == 1


def box(path: Path, width: float, depth: float, height: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    corners = [f"{x} {y} {z}" for x in (0, width) for y in (0, depth) for z in (0, height)]
    faces = ["4 0 1 3 2", "4 4 6 7 5", "4 0 4 5 1", "4 2 3 7 6", "4 0 2 6 4", "4 1 5 7 3"]
    path.write_text("\n".join(["OFF", "8 6 0", *corners, *faces]) + "\n")
