"""A layer whose weights were corrupted is named by the images that are misread since."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from tb_explain.methods.clusters import FilterClusters
from tests.acceptance.studies import LayeredNet, Study

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the networks are trained in the first test

ALL = (*LayeredNet.LAYERS, "classes")


def permuted(layer: nn.Conv3d | nn.Linear, generator: torch.Generator) -> None:
    """The filters are all there, each in another's place."""
    order = torch.randperm(len(layer.weight), generator=generator)
    layer.weight.copy_(layer.weight[order])
    layer.bias.copy_(layer.bias[order])


def shuffled(layer: nn.Conv3d | nn.Linear, generator: torch.Generator) -> None:
    """The weights are all there, each in another's place."""
    order = torch.randperm(layer.weight.numel(), generator=generator)
    layer.weight.copy_(layer.weight.flatten()[order].view_as(layer.weight))


@pytest.mark.parametrize("corrupt", [permuted, shuffled])
@pytest.mark.parametrize("study_name", ["voxel_study", "digits_study"])
def test_the_corrupted_layer_is_named_for_most_images_misread_since(
    study_name: str, corrupt: Callable[[nn.Module, torch.Generator], None], request: pytest.FixtureRequest
) -> None:
    study: Study = request.getfixturevalue(study_name)
    spaces = FilterClusters(LayeredNet.LAYERS, patches=0).fit(study.model, study.loader())
    named = {}
    for at, name in enumerate(ALL):
        broken = copy.deepcopy(study.model)
        layer = next(
            m for m in broken.get_submodule(name).modules() if isinstance(m, (nn.modules.conv._ConvNd, nn.Linear))
        )
        with torch.no_grad():
            corrupt(layer, torch.Generator().manual_seed(0))
            predicted = broken(study.images).argmax(1)
        misread = (~study.wrong & (predicted != study.labels)).nonzero().flatten()[:150]
        assert len(misread) >= 30, f"corrupting {name} makes {len(misread)} mistakes only"
        turning = spaces.explain(broken, study.images[misread])[0].turning
        named[name] = float((turning == at).float().mean())
    # By chance one of six.
    assert min(named.values()) >= 0.7, named


@pytest.mark.parametrize("study_name", ["voxel_study", "digits_study"])
def test_images_never_seen_but_understood_are_not_strange(study_name: str, request: pytest.FixtureRequest) -> None:
    """A layer counts as strange where one clustered image in a hundred is as strange: one of five layers in one image of twenty."""
    study: Study = request.getfixturevalue(study_name)
    strange = torch.stack([layer.novelty < 0.05 / len(study.clustered) for layer in study.clustered])
    assert strange.any(0)[~study.wrong].float().mean() < 0.1
