"""Occlusion on a network that has learned fruits: a window as large as half the fruit hides it, a small one hardly, two a little."""

from __future__ import annotations

import pytest
import torch
from fruit_pictures import FRUIT_MEAN, Pictures, fruit8
from torch import Tensor, nn

from tb_explain.methods import Occlusion, OcclusionPairs
from tb_explain.methods.results import OcclusionPairScores, OcclusionScores

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fruits(fruit8_model: nn.Module) -> Pictures:
    """Those of 16 that the network is sure of."""
    some = fruit8(16, seed=11)
    with torch.no_grad():
        sure = fruit8_model(some.images).softmax(1)[torch.arange(16), some.labels] > 0.9
    assert sure.sum() >= 10
    return Pictures(*(part[sure] for part in some))


def shares(masks: Tensor, corners: list[tuple[int, int]], height: int, width: int) -> Tensor:
    """How much of each window [N, M] is object."""
    return torch.stack(
        [masks[:, top : top + height, left : left + width].float().mean((1, 2)) for top, left in corners], 1
    )


def test_the_fruit_is_hidden_by_a_medium_window_and_hardly_by_a_small_one(
    fruit8_model: nn.Module, fruits: Pictures
) -> None:
    found = Occlusion(baseline=FRUIT_MEAN)(fruit8_model, fruits.images, fruits.labels)
    assert isinstance(found, OcclusionScores)
    on, off = {}, {}
    for name, slider in zip(("small", "medium", "large"), found.sliders, strict=True):
        drops = (found.scores[:, None, None] - slider.scores).flatten(1)
        corners = [(top, left) for top in slider.rows for left in slider.columns]
        object_ = shares(fruits.masks, corners, slider.height, slider.width)
        on[name] = drops[object_ > 0.5].mean().item()
        off[name] = drops[object_ == 0].abs().mean().item()
    assert on["medium"] >= 5 * on["small"], on
    assert on["large"] > on["medium"], on
    assert on["small"] < 0.05, on
    assert off["small"] < 0.01, off


def test_two_small_windows_hide_more_than_one_and_less_than_a_medium_one(
    fruit8_model: nn.Module, fruits: Pictures
) -> None:
    pairs = OcclusionPairs(baseline=FRUIT_MEAN)(fruit8_model, fruits.images, fruits.labels)
    medium = Occlusion("medium", baseline=FRUIT_MEAN)(fruit8_model, fruits.images, fruits.labels)
    assert isinstance(pairs, OcclusionPairScores)
    assert isinstance(medium, OcclusionScores)
    held, moved = (
        shares(fruits.masks, list(windows.corners), windows.height, windows.width) > 0.5
        for windows in (pairs.held, pairs.moved)
    )
    apart = torch.tensor([[p != q for q in pairs.moved.corners] for p in pairs.held.corners])
    both = held[:, :, None] & moved[:, None] & apart
    one = (pairs.scores[:, None] - pairs.moved.alone)[moved].mean().item()
    two = (pairs.scores[:, None, None] - pairs.pairs)[both].mean().item()
    slider = medium.sliders[0]
    corners = [(top, left) for top in slider.rows for left in slider.columns]
    on = shares(fruits.masks, corners, slider.height, slider.width) > 0.5
    whole = (medium.scores[:, None, None] - slider.scores).flatten(1)[on].mean().item()
    print(one, two, whole)
    assert one < two < whole, (one, two, whole)
    assert two < 0.15, two
