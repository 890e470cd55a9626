"""The voxel objects of the examples are what they say, drawn or read from meshes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from voxel_shapes import CLASSES, modelnet, voxel_shapes

CUBE = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
CUBE_FACES = ["4 0 1 3 2", "4 4 6 7 5", "4 0 4 5 1", "4 2 3 7 6", "4 0 2 6 4", "4 1 5 7 3"]
TETRAHEDRON = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
TETRAHEDRON_FACES = ["3 0 2 1", "3 0 1 3", "3 0 3 2", "3 1 2 3"]


def test_objects_are_zeros_and_ones_of_every_class() -> None:
    shapes = voxel_shapes(300)
    assert shapes.voxels.shape == (300, 1, 16, 16, 16) and shapes.voxels.dtype == torch.float32
    assert shapes.labels.dtype == torch.int64 and sorted(set(shapes.labels.tolist())) == list(range(len(CLASSES)))
    assert set(shapes.voxels.unique().tolist()) == {0.0, 1.0}


def test_classes_are_numbered_in_the_order_given() -> None:
    shapes = voxel_shapes(200, ["bottle", "bathtub"], chunks=0, noise=0)
    volume = shapes.voxels.sum((1, 2, 3, 4))
    assert set(shapes.labels.tolist()) == {0, 1}
    assert volume[shapes.labels == 1].mean() > 1.2 * volume[shapes.labels == 0].mean()
    # A bottle is round: the corners of its box are empty, where a bathtub stands.
    floor = shapes.voxels[:, 0, 0].mean(0), shapes.voxels[shapes.labels == 1, 0, 0].mean(0)
    assert floor[1][8, 2] > 0.3 and shapes.voxels[shapes.labels == 0, 0, 0, 8, 1].max() == 0


def test_a_seed_repeats_and_another_does_not() -> None:
    first, again, other = (voxel_shapes(50, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.voxels, again.voxels) and torch.equal(first.labels, again.labels)
    assert not torch.equal(first.voxels, other.voxels)


def test_every_resolution_shows_the_same_objects() -> None:
    at_16, at_32, at_48 = (voxel_shapes(40, resolution=size, noise=0) for size in (16, 32, 48))
    assert at_32.voxels.shape == (40, 1, 32, 32, 32)
    assert torch.equal(at_16.labels, at_32.labels) and torch.equal(at_16.labels, at_48.labels)
    # The middle of three voxels has its centre where the coarse voxel has it.
    assert torch.equal(at_48.voxels[:, :, 1::3, 1::3, 1::3], at_16.voxels)


def test_objects_are_damaged_as_asked() -> None:
    whole, flipped, broken = (voxel_shapes(200, chunks=c, noise=p) for c, p in ((0, 0), (0, 0.02), (1, 0)))
    assert (whole.voxels != flipped.voxels).float().mean().item() == pytest.approx(0.02, abs=0.002)
    # One random draw later nothing is the same, so chunks are seen in the volume.
    assert 0.8 * whole.voxels.mean() < broken.voxels.mean() < 0.99 * whole.voxels.mean()


def test_a_small_network_tells_the_classes_apart() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv3d(1, 16, 4, 2, 1), nn.ReLU(), nn.Conv3d(16, 32, 4, 2, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * 64, len(CLASSES)),
        )  # fmt: skip
        shapes, fresh = voxel_shapes(1200), voxel_shapes(600, seed=1)
        optimiser = torch.optim.Adam(model.parameters(), 2e-3)
        for _ in range(5):
            for rows in torch.randperm(1200).split(32):
                optimiser.zero_grad()
                nn.functional.cross_entropy(model(shapes.voxels[rows]), shapes.labels[rows]).backward()
                optimiser.step()
        hits = model(fresh.voxels).argmax(1) == fresh.labels
    assert hits.float().mean() > 0.85
    for label, name in enumerate(CLASSES):
        assert hits[fresh.labels == label].float().mean() > 0.6, name


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no drawing of throne, elk; there are chair, table"):
        voxel_shapes(1, ["chair", "throne", "elk"])
    with pytest.raises(ValueError, match="resolution is 8; thin parts need at least 16"):
        voxel_shapes(1, resolution=8)


@pytest.mark.parametrize("header", ["OFF\n", "OFF", "# made by hand\nOFF\n\n"])
def test_a_cube_and_a_tetrahedron_come_back_solid(tmp_path: Path, header: str) -> None:
    _mesh(tmp_path / "cube/train/cube_0001.off", CUBE, CUBE_FACES, header)
    _mesh(tmp_path / "tent/train/tent_0001.off", TETRAHEDRON, TETRAHEDRON_FACES, header)
    voxels, labels = modelnet(tmp_path, "train", ["tent", "cube"])
    assert labels.tolist() == [0, 1] and voxels.shape == (2, 1, 16, 16, 16) and voxels.dtype == torch.float32
    assert voxels[1].min() == 1
    # Voxel centres span the side: the tetrahedron is x + y + z <= 15, up to the rounding of its slanted face.
    total = sum(torch.meshgrid(*(torch.arange(16),) * 3, indexing="ij"))
    assert isinstance(total, Tensor)
    tent = voxels[0, 0].bool()
    assert tent[total <= 15].all() and not tent[total > 17].any()


def test_a_mesh_stands_upright_in_the_middle_whatever_its_unit(tmp_path: Path) -> None:
    tower = [(200 + 30 * x, -7 + 60 * y, 1e3 + 150 * z) for x, y, z in CUBE]
    _mesh(tmp_path / "tower/test/a.off", tower, CUBE_FACES)
    tower_lying = [(z, y, x) for x, y, z in tower]
    _mesh(tmp_path / "tower/test/b.off", tower_lying, CUBE_FACES)
    voxels, _ = modelnet(tmp_path, "test", ["tower"])
    upright, lying = voxels[:, 0].bool()
    assert _extent(upright) == [(0, 15), (4, 10), (6, 9)] and upright.sum() == 16 * 7 * 4
    assert _extent(lying) == [(0, 3), (4, 10), (0, 15)]


@pytest.mark.parametrize("resolution", [16, 32, 64])
def test_boxes_of_any_proportion_are_solid_boxes(tmp_path: Path, resolution: int) -> None:
    heights = [4.0, 2.0, 1.0, 0.5, 0.2]
    for i, height in enumerate(heights):
        _mesh(tmp_path / f"box/train/{i}.off", [(x, y, height * z) for x, y, z in CUBE], CUBE_FACES)
    voxels, _ = modelnet(tmp_path, "train", ["box"], resolution)
    for height, box in zip(heights, voxels[:, 0].bool(), strict=True):
        extents = [last - first for first, last in _extent(box)]
        wanted = np.array([height, 1, 1]) / max(height, 1) * (resolution - 1)
        assert np.abs(np.array(extents) - wanted).max() <= 0.5
        assert box.sum() == np.prod([extent + 1 for extent in extents])


def test_voxels_are_kept_until_the_meshes_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, cache = tmp_path / "ModelNet10", tmp_path / "cache"
    _mesh(root / "cube/train/1.off", CUBE, CUBE_FACES)
    first = modelnet(root, "train", ["cube"], cache=cache)
    assert [path.name for path in cache.rglob("*.npz")] == ["train_16.npz"] and not list(root.rglob("*.npz"))
    with monkeypatch.context() as unread:
        unread.setattr("voxel_shapes._solid", lambda *_: pytest.fail("the mesh was read again"))
        assert torch.equal(modelnet(root, "train", ["cube"], cache=cache).voxels, first.voxels)
    assert modelnet(root, "train", ["cube"], 20, cache).voxels.shape[-1] == 20
    _mesh(root / "cube/train/2.off", TETRAHEDRON, TETRAHEDRON_FACES)
    assert len(modelnet(root, "train", ["cube"], cache=cache).voxels) == 2


@pytest.mark.parametrize(
    "text",
    [
        "", "solid nothing", "OFF\n3 1 0\n0 0 0\n1 0 0\n", "OFF\n1 0 0\n0 0 0\n", "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 9\n",
        "OFF\n3 1 0\n0 0 0\nnan 0 0\n0 1 0\n3 0 1 2\n",
    ],
    ids=["empty", "another format", "cut off", "no face", "a face of no vertex", "no number"],
)  # fmt: skip
def test_a_broken_mesh_is_named(tmp_path: Path, text: str) -> None:
    broken = tmp_path / "cube/train/broken.off"
    _mesh(broken.with_name("a.off"), CUBE, CUBE_FACES)
    broken.write_text(text)
    with pytest.raises(ValueError, match=f"^{re.escape(str(broken))} is not a readable .off mesh: ") as refusal:
        modelnet(tmp_path, "train", ["cube"])
    assert "\n" not in str(refusal.value)
    assert not list(tmp_path.rglob("*.npz"))


def test_a_missing_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path / 'bed' / 'train'} has no .off files")):
        modelnet(tmp_path, "train", ["bed"])


def _mesh(path: Path, vertices: list[tuple[float, float, float]], faces: list[str], header: str = "OFF\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{len(vertices)} {len(faces)} 0", *(" ".join(map(str, vertex)) for vertex in vertices), *faces]
    path.write_text(header + "\n".join(rows) + "\n")


def _extent(solid: Tensor) -> list[tuple[int, int]]:
    return [(int(axis.min()), int(axis.max())) for axis in np.nonzero(solid.numpy())]
