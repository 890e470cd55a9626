"""The response field is all that a position's part of the image is decoded from."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tb_explain.methods import make_interpretable
from tb_explain.methods.feedback import FeedbackNetwork


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def chain(axes: int, *, pool: bool = False, size: tuple[int, ...] = (35, 42, 21)) -> nn.Sequential:
    conv = {2: nn.Conv2d, 3: nn.Conv3d}[axes]
    torch.manual_seed(0)
    model = nn.Sequential(
        conv(1, 6, 4, stride=2, padding=1),
        nn.ReLU(),
        conv(6, 8, 3, padding=1, dilation=1),
        nn.ReLU(),
        {2: nn.MaxPool2d, 3: nn.MaxPool3d}[axes](2) if pool else nn.Identity(),
        conv(8, 8, 3, stride=2, padding=2, dilation=2, groups=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(8),
        nn.ReLU(),
        nn.Linear(8, 3),
    )
    model(noise(1, 1, *size[:axes]))
    return model


@pytest.mark.parametrize(
    ("axes", "layer", "positions"),
    [
        (2, "1", [(0, 0), (8, 3), (16, 20), (5, 11)]),
        (2, "3", [(0, 0), (8, 10), (16, 20), (2, 18)]),
        (2, "6", [(0, 0), (4, 5), (8, 10), (0, 7)]),
        (3, "1", [(0, 0, 0), (8, 3, 4), (16, 20, 9)]),
        (3, "3", [(0, 0, 0), (8, 10, 5), (16, 20, 9)]),
        (3, "6", [(0, 0, 0), (8, 5, 2), (4, 10, 4)]),
    ],
)
def test_the_response_field_gives_what_all_positions_give(
    axes: int, layer: str, positions: list[tuple[int, ...]]
) -> None:
    """Property R1: where the decoder mirrors kernel, stride and padding."""
    images = noise(3, 1, *(35, 42, 21)[:axes])
    feedback = FeedbackNetwork(chain(axes), images=images)
    for parameter in feedback.parameters():  # as large as after training, biases too
        nn.init.normal_(parameter, std=0.3, generator=torch.Generator().manual_seed(2))
    code = feedback.codes(images).forward[layer]
    full = feedback.reconstruct(images, layer)
    for position, found in zip(positions, feedback.respond(images, layer, positions), strict=True):
        assert found.position == position
        assert found.layer == layer
        box = (slice(None), slice(None), *found.receptive_field)
        torch.testing.assert_close(found.input, images[box])
        torch.testing.assert_close(found.full, full[box])
        sites = (slice(None), slice(None), *found.response_field)
        assert code[sites][0].numel() < code[0].numel()  # else there is nothing to show
        assert all(where.start <= i < where.stop for where, i in zip(found.response_field, position, strict=True))
        difference = (found.field - found.full).abs().max().item()
        assert difference < 1e-5, (position, difference)
        assert found.isolated_error.min() > 1e-4
        assert found.isolated_error.min() > 10 * found.field_error.max()
        kept = torch.zeros_like(code)
        kept[sites] = code[sites]
        torch.testing.assert_close(found.field, feedback.decode(layer, kept)[box])
        alone = torch.zeros_like(code)
        alone[(..., *position)] = code[(..., *position)]
        torch.testing.assert_close(found.isolated, feedback.decode(layer, alone)[box])


def test_behind_a_pooling_the_field_is_close_and_the_position_alone_is_not() -> None:
    """Neighbours of the field reach into the crop through the convolution that follows the upsampling."""
    images = noise(2, 1, 64, 64)
    feedback = FeedbackNetwork(chain(2, pool=True, size=(64, 64)), ["1", "4"], images=images)
    (found,) = feedback.respond(images, "4", [(6, 9)])
    assert found.field_error.max() < 0.2 * found.isolated_error.min(), (found.field_error, found.isolated_error)


def test_many_positions_are_what_they_are_one_by_one() -> None:
    images = noise(5, 1, 20, 20)
    feedback = FeedbackNetwork(chain(2, size=(20, 20)), ["1"], images=images)
    positions = [(y, x) for y in range(0, 10, 3) for x in range(0, 10, 2)]
    together = feedback.respond(images, "1", positions)
    for position, found in zip(positions, together, strict=True):
        (alone,) = feedback.respond(images, "1", [position])
        assert found.receptive_field == alone.receptive_field
        torch.testing.assert_close(found.field, alone.field)
        torch.testing.assert_close(found.isolated, alone.isolated)


def test_a_set_of_positions_is_decoded_together() -> None:
    images = noise(3, 1, 20, 20)
    feedback = FeedbackNetwork(chain(2, size=(20, 20)), ["1"], images=images, skips=True)
    positions = [(0, 3), (4, 4), (9, 1), (4, 4)]
    code = feedback.codes(images).forward["1"]
    kept = torch.zeros_like(code)
    for y, x in positions:
        kept[:, :, y, x] = code[:, :, y, x]
    torch.testing.assert_close(feedback.reconstruct(images, "1", positions=positions), feedback.decode("1", kept))
    (found,) = feedback.respond(images, "1", [(4, 4)])
    field = [(y, x) for y in range(10)[found.response_field[0]] for x in range(10)[found.response_field[1]]]
    box = (slice(None), slice(None), *found.receptive_field)
    torch.testing.assert_close(feedback.reconstruct(images, "1", positions=field)[box], found.field)
    with pytest.raises(ValueError, match=r"there is no position \(4, 10\): the layer has \[10, 10\]"):
        feedback.reconstruct(images, "1", positions=[(4, 10)])
    with pytest.raises(ValueError, match="no positions; name a layer"):
        feedback.reconstruct(images, positions=[(4, 4)])


def test_a_vector_is_one_position_that_sees_everything() -> None:
    images = noise(2, 1, 35, 42)
    feedback = FeedbackNetwork(chain(2), images=images)
    (found,) = feedback.respond(images, "9", [()])
    assert found.position == found.response_field == ()
    torch.testing.assert_close(found.field, found.full)
    torch.testing.assert_close(found.isolated, found.full)
    whole = feedback.reconstruct(images, "9")[(slice(None), slice(None), *found.receptive_field)]
    torch.testing.assert_close(found.full, whole)


def test_positions_and_layers_that_are_not_there_are_refused() -> None:
    images = noise(2, 1, 35, 42)
    feedback = FeedbackNetwork(chain(2))
    for layer, position, message in [
        ("1", (17, 0), r"\[17, 21\] positions, there is no \[17, 0\]"),
        ("1", (3,), r"there is no \[3\]"),
        ("7", (0, 0), "no layer '7'; it has '1'"),
    ]:
        with pytest.raises(ValueError, match=message):
            feedback.respond(images, layer, [position])


def test_an_interpretable_layer_responds_by_what_its_filters_see() -> None:
    model, images = chain(2), noise(2, 1, 35, 42)
    (plain,) = FeedbackNetwork(model, ["3"], images=images).respond(images, "3", [(8, 10)])
    (masked,) = FeedbackNetwork(make_interpretable(model, "3"), ["3"], images=images).respond(images, "3", [(8, 10)])
    assert masked.receptive_field == plain.receptive_field
