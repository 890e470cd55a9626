"""Voxels are shown as docs/file-format.md says, as three projections and the voxels themselves; pictures have ids of their own."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tb_explain import ExplainWriter, Probe
from tb_explain.pictures import Pictures, given_pictures, projected_size, projections
from tb_explain.records import explain_pb2 as pb
from tests.conftest import index_of

random = np.random.default_rng(0)
SHAPES = [(4, 4, 4), (2, 5, 3), (6, 2, 4), (1, 3, 2)]


def image_of(pictures: Pictures, row: int = 0) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(pictures.encoded[row][0])))


def voxels_of(pictures: Pictures, row: int = 0) -> np.ndarray:
    """As a reader finds them."""
    stored = pb.Volume.FromString(pictures.encoded[row][1])
    return np.frombuffer(zlib.decompress(stored.deflated), np.uint8).reshape(stored.depth, stored.height, stored.width)


def panels(image: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three projections, cut out of an image by the numbers in the document."""
    depth, height, width = shape
    assert image.shape == (max(height, depth), width + depth + width)
    front, side, top = image[:, :width], image[:, width : width + depth], image[:, width + depth :]
    assert not front[height:].any()
    assert not side[height:].any()
    assert not top[depth:].any()
    return front[:height], side[:height], top[:depth]


@pytest.mark.parametrize("shape", SHAPES)
def test_projections_are_the_greatest_voxels_along_each_axis(shape: tuple[int, int, int]) -> None:
    voxels = random.integers(1, 256, shape, np.uint8)
    front, side, top = panels(projections(voxels), shape)
    np.testing.assert_array_equal(front, voxels.max(0))
    np.testing.assert_array_equal(side, voxels.max(2).T)
    np.testing.assert_array_equal(top, voxels.max(1))


def test_where_one_voxel_appears() -> None:
    voxels = np.zeros((3, 4, 5), np.uint8)
    voxels[2, 1, 3] = 200
    assert np.argwhere(projections(voxels)).tolist() == [[1, 3], [1, 5 + 2], [2, 5 + 3 + 3]]


@pytest.mark.parametrize("shape", SHAPES)
def test_signed_maps_are_projected_by_magnitude_and_keep_their_sign(shape: tuple[int, int, int]) -> None:
    maps = random.normal(size=(2, 3, *shape)).astype(np.float32)
    found = projections(maps)
    assert found.shape == (2, 3, *projected_size(shape))
    assert found.dtype == np.float32
    for one, whole in zip(found.reshape(6, *found.shape[2:]), maps.reshape(6, *shape), strict=True):
        for panel, axis in zip(panels(one, shape), (0, 2, 1), strict=True):
            high, low = whole.max(axis), whole.min(axis)
            expected = np.where(high > -low, high, low)
            np.testing.assert_array_equal(panel, expected.T if axis == 2 else expected)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("convert", [np.asarray, torch.as_tensor, np.ndarray.tolist])
def test_given_voxels_are_stored_beside_their_projections(shape: tuple[int, int, int], convert: Any) -> None:
    voxels = random.integers(0, 256, (2, 1, *shape), np.uint8)
    given = convert(voxels / 255) if convert is np.ndarray.tolist else convert(voxels)
    pictures = given_pictures(given, "NCHW")
    assert len(pictures) == 2
    assert pictures.size == image_of(pictures).shape == projected_size(shape)
    assert pictures.nbytes == voxels.size
    for row in range(2):
        np.testing.assert_array_equal(voxels_of(pictures, row), voxels[row, 0])
        np.testing.assert_array_equal(image_of(pictures, row), projections(voxels[row, 0]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_voxels_are_taken_as_0_to_1(dtype: Any) -> None:
    voxels = np.array([0, 0.25, 0.5, 1], dtype).reshape(1, 1, 1, 2, 2)
    assert voxels_of(given_pictures(voxels, "NCHW")).ravel().tolist() == [0, 64, 128, 255]


def test_images_have_no_volume() -> None:
    pictures = given_pictures(random.integers(0, 256, (2, 3, 4, 5), np.uint8), "NCHW")
    assert [volume for _, volume in pictures.encoded] == [b"", b""]
    assert pictures.size == (4, 5)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            np.zeros((2, 3, 4, 4, 4), np.uint8),
            "voxels to show must be [N, 1, D, H, W], none of them 0; got shape [2, 3, 4, 4, 4]",
        ),
        (
            np.zeros((2, 4, 4, 4, 1), np.uint8),
            "voxels to show must be [N, 1, D, H, W], none of them 0; got shape [2, 4, 4, 4, 1]",
        ),
        (np.zeros((2, 1, 4, 4, 4), int), "images to show must be uint8 in 0..255 or floats in 0..1, got int64"),
        (np.full((2, 1, 4, 4, 4), 1.5), "float images to show must lie in 0..1, got values from 0 to 1.5; undo"),
        (np.zeros((1, 1, 1, 4, 4, 4)), "images must be [N, H, W] or four axes as dataformats='NCHW' says, got shape"),
        (
            np.zeros((0, 1, 4, 4, 4)),
            "voxels to show must be [N, 1, D, H, W], none of them 0; got shape [0, 1, 4, 4, 4]",
        ),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(given: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(sentence)) as caught:
        given_pictures(given, "NCHW")
    assert "\n" not in str(caught.value)


def test_a_probe_shows_binary_voxels_as_they_are() -> None:
    voxels = torch.rand(2, 1, 3, 4, 5, generator=torch.Generator().manual_seed(0)) > 0.7
    probe = Probe(voxels.float())
    assert repr(probe) == "Probe(2 images [1, 3, 4, 5], name='probe')"
    for row in range(2):
        np.testing.assert_array_equal(voxels_of(probe.pictures, row), voxels[row, 0].numpy() * 255)
        np.testing.assert_array_equal(image_of(probe.pictures, row), projections(voxels[row, 0].numpy() * 255))
    assert probe.pictures.shared


def test_a_probe_undoes_the_normalisation_of_voxels() -> None:
    voxels = random.integers(0, 256, (2, 1, 3, 4, 5), np.uint8)
    probe = Probe((voxels.astype(np.float32) / 255 - 0.3) / 0.2, mean=[0.3], std=[0.2])
    for row in range(2):
        np.testing.assert_array_equal(voxels_of(probe.pictures, row), voxels[row, 0])


def test_voxels_out_of_range_are_stretched_each_by_itself() -> None:
    voxels = torch.stack([torch.linspace(-1, 1, 8), torch.linspace(0, 50, 8)]).reshape(2, 1, 2, 2, 2)
    for row in range(2):
        stored = voxels_of(Probe(voxels).pictures, row)
        np.testing.assert_array_equal(stored.ravel(), np.rint(np.arange(8) / 7 * 255))


def test_of_several_channels_of_voxels_the_first_is_shown() -> None:
    voxels = torch.rand(2, 3, 2, 4, 5, generator=torch.Generator().manual_seed(0))
    expected = np.rint(voxels[1, 0].numpy() * 255)
    np.testing.assert_array_equal(voxels_of(Probe(voxels).pictures, 1), expected)
    mean, std = [0.5, 0.1, 0.2], [0.5, 2.0, 3.0]
    wide = (torch.tensor([*mean, *std])).reshape(2, 3, 1, 1, 1)
    normalised = Probe((voxels - wide[0]) / wide[1], mean=mean, std=std)
    np.testing.assert_array_equal(voxels_of(normalised.pictures, 1), expected)


def test_voxels_that_are_not_numbers_are_empty() -> None:
    voxels = torch.full((1, 1, 2, 2, 2), float("nan"))
    voxels[0, 0, 1] = 1
    assert voxels_of(Probe(voxels).pictures).ravel().tolist() == [0] * 4 + [255] * 4


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_pixel_that_is_no_number_leaves_the_others_as_they_would_be(value: float) -> None:
    images = torch.linspace(-2, 2, 16).reshape(1, 1, 4, 4).repeat(3, 1, 1, 1)
    expected = image_of(Probe(images[:1]).pictures).copy()
    images[1, 0, 1, 1] = value
    images[2] = value
    pictures = Probe(images).pictures
    np.testing.assert_array_equal(image_of(pictures, 0), expected)
    expected[1, 1] = 0
    np.testing.assert_array_equal(image_of(pictures, 1), expected)
    assert not image_of(pictures, 2).any()


@pytest.mark.parametrize(
    ("mean", "std", "sentence"),
    [([0.5, 0.5], None, "mean and std must have 1 numbers each, one a channel; got 2 and 1")],
)
def test_a_normalisation_that_does_not_fit_voxels_is_said(mean: Any, std: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(sentence)):
        Probe(torch.rand(1, 1, 2, 2, 2), mean=mean, std=std)


def test_a_probe_shows_other_images_as_its_own() -> None:
    pixels = random.integers(0, 256, (2, 3, 6, 5), np.uint8)
    normalised = (torch.from_numpy(pixels).float() / 255 - 0.4) / 0.3
    probe = Probe(normalised, mean=[0.4] * 3, std=[0.3] * 3)
    part = probe.shown(normalised[1:, :, 2:5, 1:4].requires_grad_())
    np.testing.assert_array_equal(image_of(part), pixels[1, :, 2:5, 1:4].transpose(1, 2, 0))
    assert not part.shared, "nobody but the record holds these"
    assert part.nbytes == 3 * 3 * 3
    half = probe.shown(normalised.to(torch.bfloat16))
    assert len(half) == 2


def test_a_probe_shows_parts_of_volumes_as_its_own() -> None:
    voxels = (torch.rand(1, 1, 4, 4, 4, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    probe = Probe(voxels * 4 - 2, mean=[0.5], std=[0.25])
    shown = probe.shown((voxels * 4 - 2)[:, :, 1:3, :, 2:])
    np.testing.assert_array_equal(voxels_of(shown), voxels[0, 0, 1:3, :, 2:].numpy() * 255)


def test_a_picture_has_the_same_id_wherever_it_is_and_another_has_another() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 3), np.uint8)
    ids = Pictures(pixels).ids
    assert ids.dtype == np.uint64
    assert len(set(ids.tolist())) == 3
    assert 0 < int(ids.min()) <= int(ids.max()) < 2**53
    np.testing.assert_array_equal(Pictures(pixels[::-1].copy()).ids, ids[::-1])
    turned = Pictures(pixels.reshape(3, 6, 4, 3)).ids
    assert not set(turned.tolist()) & set(ids.tolist()), "the same bytes in another shape are another picture"


def test_samples_are_called_by_their_pictures(tmp_path: Path) -> None:
    images = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    with ExplainWriter(tmp_path) as writer:
        writer.add_heatmaps("seen", np.ones((2, 2, 2)), Probe(images))
        writer.add_heatmaps("unseen", np.ones((2, 2, 2)))
    index = index_of(tmp_path)
    ids = {}
    for series in index.series():
        (key,) = index.steps(series).keys
        ids[series.declaration.tag] = [sample.id for sample in pb.Heatmaps.FromString(index.read(key)).samples]
    assert ids == {"seen": Probe(images).pictures.ids.tolist(), "unseen": [0, 0]}
