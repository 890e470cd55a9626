"""A pretrained network on a photograph of a dog above a cat: each class lights its own animal.

Needs the photograph, which is not ours to give away: `dog_and_cat.png` in the folder that TB_EXPLAIN_PHOTOGRAPHS names.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tb_explain.demo import photograph, pretrained
from tb_explain.methods import LIME, GradCAM, GuidedGradCAM, LayerCAM, Occlusion
from tb_explain.methods.method import Method

PHOTOGRAPH = Path(os.environ.get("TB_EXPLAIN_PHOTOGRAPHS", "no folder was named")) / "dog_and_cat.png"

pytestmark = pytest.mark.skipif(
    not PHOTOGRAPH.exists(), reason="TB_EXPLAIN_PHOTOGRAPHS names no folder with dog_and_cat.png"
)


@pytest.fixture(scope="module")
def network() -> tuple[nn.Module, Tensor, list[str]]:
    found = pretrained()
    return found.model, found.normalised(photograph(PHOTOGRAPH))[None], found.class_names


def height(maps: Tensor) -> Tensor:
    """Where the centre of what speaks for the class lies: 0 at the upper border, 1 at the lower."""
    lit = maps.clamp(min=0).sum(-1)
    return (lit * torch.linspace(0, 1, lit.shape[-1])).sum(-1) / lit.sum(-1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "method",
    [
        GradCAM(),
        LayerCAM(),
        GuidedGradCAM(),
        LIME(samples=250, score="log-odds"),
        Occlusion(sizes="medium", score="log-odds"),
    ],
    ids=lambda method: type(method).__name__,
)
def test_each_class_lights_its_own_animal(network: tuple[nn.Module, Tensor, list[str]], method: Method) -> None:
    model, image, names = network
    dog, cat = names.index("bull mastiff"), names.index("tiger cat")
    of_dog, of_cat = height(method(model, image, [[dog, cat]]).maps[0])
    assert of_dog < 0.45, "the dog sits in the upper half"
    assert of_cat > 0.55, "the cat lies in the lower half"
