"""A probe keeps what it was given, shows it as it looked, and says what is wrong with the rest."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tb_explain import Probe
from tb_explain.pictures import Pictures, as_pixels

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def shown(pictures: Pictures) -> np.ndarray:
    """The pixels that somebody will see (small pictures are stored exactly)."""
    return np.stack([np.asarray(Image.open(io.BytesIO(encoded))) for encoded, _ in pictures.encoded])


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3), np.uint8)


def normalised(pixels: np.ndarray) -> torch.Tensor:
    return ((torch.from_numpy(pixels).float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("numbers", [list, np.array, torch.tensor])
def test_normalisation_is_undone_for_display(pixels: np.ndarray, numbers: Any) -> None:
    probe = Probe(normalised(pixels), mean=numbers(MEAN), std=numbers(STD))
    np.testing.assert_array_equal(shown(probe.pictures), pixels)


def test_images_between_0_and_1_are_shown_as_they_are(pixels: np.ndarray) -> None:
    probe = Probe(pixels.transpose(0, 3, 1, 2).astype(np.float32) / 255)
    np.testing.assert_array_equal(shown(probe.pictures), pixels)


def test_other_images_are_stretched_each_by_itself() -> None:
    images = torch.stack([torch.linspace(-3, 5, 12), torch.linspace(0, 100, 12)]).reshape(2, 1, 3, 4)
    np.testing.assert_array_equal(shown(Probe(images).pictures)[:, [0, -1], [0, -1]], [[0, 255], [0, 255]])


def test_a_constant_image_outside_the_range_is_shown() -> None:
    assert shown(Probe(torch.full((1, 3, 4, 4), 7.0)).pictures).shape == (1, 4, 4, 3)


def test_given_pixels_are_shown_instead(pixels: np.ndarray) -> None:
    probe = Probe(torch.randn(4, 12, 3, 3), pixels=pixels)
    np.testing.assert_array_equal(shown(probe.pictures), pixels)


@pytest.mark.parametrize(("channels", "shape"), [(1, (2, 4, 4)), (2, (2, 4, 4)), (3, (2, 4, 4, 3)), (7, (2, 4, 4, 3))])
def test_any_number_of_channels_is_shown_somehow(channels: int, shape: tuple[int, ...]) -> None:
    assert shown(Probe(torch.rand(2, channels, 4, 4)).pictures).shape == shape


def test_a_probe_is_a_snapshot() -> None:
    images, pixels = torch.zeros(1, 1, 2, 2), np.zeros((1, 2, 2), np.uint8)
    labels = np.array([0])
    probe = Probe(images, labels, pixels=pixels)
    images += 1
    pixels += 255
    assert not probe.images.any()
    assert not shown(probe.pictures).any()


def test_what_is_stretched_stays_normal_for_the_model() -> None:
    images = torch.randn(2, 3, 4, 4)
    assert torch.equal(Probe(images).images, images)


def test_images_that_require_gradients_are_taken_without() -> None:
    assert not Probe(torch.rand(1, 1, 2, 2, requires_grad=True)).images.requires_grad


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_float_is_taken_and_kept(dtype: torch.dtype) -> None:
    probe = Probe(torch.rand(2, 3, 4, 4, dtype=dtype))
    assert probe.images.dtype == dtype
    assert shown(probe.pictures).shape == (2, 4, 4, 3)


def test_pictures_are_encoded_once() -> None:
    probe = Probe(torch.rand(2, 3, 4, 4))
    assert probe.pictures.encoded is probe.pictures.encoded


def test_it_describes_itself() -> None:
    probe = Probe(torch.rand(2, 3, 4, 5), [0, 1], class_names=np.array(["a", "b"]), sample_names=[7, None], name="val")
    assert len(probe) == 2
    assert repr(probe) == "Probe(2 images [3, 4, 5], name='val')"
    assert (probe.class_names, probe.sample_names) == (["a", "b"], ["7", "None"])
    assert probe.labels is not None
    assert probe.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("images", "more", "sentence"),
    [
        (
            torch.rand(3, 4, 4),
            {},
            "probe images must be floats [N, C, H, W] or [N, C, D, H, W], got torch.float32 [3, 4, 4]",
        ),
        (
            torch.zeros(1, 3, 4, 4, dtype=torch.uint8),
            {},
            "probe images must be floats [N, C, H, W] or [N, C, D, H, W], got torch.uint8",
        ),
        (
            torch.rand(0, 3, 4, 4),
            {},
            "probe images must be floats [N, C, H, W] or [N, C, D, H, W], got torch.float32 [0, 3, 4, 4]",
        ),
        (None, {"labels": [0]}, "labels must be 2 class indices (integers from 0), got int64 [1]"),
        (None, {"labels": [0.0, 1.0]}, "labels must be 2 class indices (integers from 0), got float64 [2]"),
        (None, {"labels": [0, -1]}, "labels must be 2 class indices (integers from 0)"),
        (None, {"labels": [0, 2], "class_names": "ab"}, "label 2 has no name: there are 2 class_names"),
        (None, {"sample_names": ["a"]}, "got 1 sample_names for 2 images; give one an image"),
        (None, {"pixels": np.zeros((3, 4, 4), np.uint8)}, "got pixels of 3 images for 2 images"),
        (None, {"mean": [0.5]}, "mean and std must have 3 numbers each, one a channel; got 1 and 3"),
        (None, {"mean": [0.5] * 3, "std": [1, 1]}, "mean and std must have 3 numbers each, one a channel; got 3 and 2"),
    ],
)
def test_what_does_not_agree_is_said_in_a_sentence(images: Any, more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(sentence)):
        Probe(torch.rand(2, 3, 4, 4) if images is None else images, **more)


@pytest.mark.parametrize(
    ("shape", "dataformats"),
    [((2, 4, 5, 3), "NHWC"), ((2, 3, 4, 5), "NCHW"), ((3, 4, 5, 2), "chwn"), ((2, 4, 5), "NCHW")],
)
def test_pixels_are_ordered_as_dataformats_say(shape: tuple[int, ...], dataformats: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    expected = pixels[..., None] if pixels.ndim == 3 else np.einsum(f"{dataformats.lower()}->nhwc", pixels)
    np.testing.assert_array_equal(as_pixels(pixels, dataformats), expected)
    np.testing.assert_array_equal(as_pixels(torch.from_numpy(pixels), dataformats), expected)
    np.testing.assert_array_equal(as_pixels(pixels / 255, dataformats), expected)


def test_half_precision_pictures_are_taken() -> None:
    levels = torch.tensor([0.0, 0.5, 1.0]).reshape(1, 1, 3)
    for dtype in (torch.float16, torch.bfloat16):
        assert as_pixels(levels.to(dtype), "NCHW").ravel().tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("pixels", "dataformats", "sentence"),
    [
        (np.zeros((4, 4), np.uint8), "NCHW", "images must be [N, H, W] or four axes as dataformats='NCHW' says, got"),
        (np.zeros((1, 3, 4, 4), np.uint8), "NHW", "images must be [N, H, W] or four axes as dataformats='NHW' says"),
        (
            np.zeros((1, 4, 4, 3), np.uint8),
            "NCHW",
            "images to show must have 1 or 3 channels, got 4 (shape [1, 4, 4, 3]",
        ),
        (np.zeros((1, 4, 4), np.int64), "NCHW", "images to show must be uint8 in 0..255 or floats in 0..1, got int64"),
        (np.full((1, 4, 4), 1.5), "NCHW", "float images to show must lie in 0..1, got values from 0 to 1.5; undo the"),
        (np.full((1, 4, 4), -2.0), "NCHW", "float images to show must lie in 0..1, got values from -2 to 0; undo the"),
        (np.full((1, 4, 4), np.nan), "NCHW", "float images to show must lie in 0..1, got values from nan to nan"),
    ],
)
def test_pixels_that_cannot_be_shown_are_refused_in_a_sentence(
    pixels: np.ndarray, dataformats: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match="^" + re.escape(sentence)):
        as_pixels(pixels, dataformats)
