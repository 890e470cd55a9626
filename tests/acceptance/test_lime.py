"""On pictures of fruit whose place is known, LIME's strongest superpixels lie on the fruit."""

from __future__ import annotations

import pytest
import torch
from fruit_pictures import fruit8
from torch import nn

from tb_explain.methods import LIME, Flag

pytestmark = pytest.mark.slow


def test_the_two_strongest_superpixels_lie_on_the_object(fruit8_model: nn.Module) -> None:
    """F10: at least 0.55 of their area, over 20 images, by a local model with an R² of at least 0.7."""
    fruit = fruit8(20, seed=5)
    found = LIME(samples=400, baseline="mean")(fruit8_model, fruit.images, fruit.labels)
    strongest = found.weights.topk(2).indices
    chosen = torch.stack([torch.isin(one, best) for one, best in zip(found.segments, strongest, strict=True)])
    on_object = (chosen & fruit.masks).sum((1, 2)) / chosen.sum((1, 2))
    share = on_object.mean().item()
    base_rate = fruit.masks.float().mean().item()
    assert share >= 0.55, f"{share:.2f} of the two lie on the object, which covers {base_rate:.2f} of the image"
    r2 = found.r2.mean().item()
    assert r2 >= 0.7, f"R² = {r2:.2f}"
    assert not (found.flags & Flag.NOT_FINITE).any()
