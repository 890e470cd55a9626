"""The reference networks have learned what the pictures show, and the same seed gives the same pictures."""

from __future__ import annotations

import torch
from fruit_pictures import FRUIT_MEAN, fruit8, fruit_pairs
from torch import nn

from tests.acceptance.data import SCENE_MEAN, scene_ab


def test_pictures_are_what_they_say(fruit8_model: nn.Module, scene_ab_model: nn.Module) -> None:
    fruits, pairs, scenes = fruit8(64, 2), fruit_pairs(24, 2), scene_ab(64, 2, (11.5, 13.5))
    assert torch.equal(fruits.images, fruit8(64, 2).images) and not torch.equal(fruits.images, fruit8(64, 3).images)
    for pictures in (fruits, pairs, scenes):
        assert pictures.images.min() >= 0 and pictures.images.max() <= 1
    assert (pairs.labels[:, 0] != pairs.labels[:, 1]).all()
    # What is evidence is what the masks cover: without it the networks do not see the class any more.
    hidden = torch.where(fruits.masks[:, None], FRUIT_MEAN, fruits.images)
    rows = torch.arange(64)
    with torch.no_grad():
        seen = fruit8_model(fruits.images).softmax(1)[rows, fruits.labels].mean().item()
        unseen = fruit8_model(hidden).softmax(1)[rows, fruits.labels].mean().item()
        both = scene_ab_model(scenes.images).argmax(1)
        nothing = scene_ab_model(
            torch.where((scenes.discs | scenes.squares)[:, None], SCENE_MEAN, scenes.images)
        ).argmax(1)
    assert seen > 0.8 and unseen < 0.3, f"{seen:.2f}, {unseen:.2f}"
    assert (both == scenes.labels).float().mean() > 0.95
    assert (nothing == 0).float().mean() > 0.8
    assert 1 / 50 < scenes.squares.flatten(1).float().mean(1).max() < 1 / 30
