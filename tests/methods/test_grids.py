"""Token grids of transformers, found from shapes alone."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from pytorch_grad_cam import GradCAM as PeerGradCAM
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from tb_explain.methods import AblationCAM, EigenCAM, GradCAM, LayerCAM, ScoreCAM, attribute
from tb_explain.methods.layers import grid_of


@pytest.mark.parametrize(
    ("shape", "size", "sites"),
    [
        ((2, 197, 192), (224, 224), (14, 14)),  # a class token
        ((2, 198, 192), (224, 224), (14, 14)),  # and one of distillation (DeiT)
        ((2, 201, 384), (224, 224), (14, 14)),  # and four registers (DINOv2)
        ((2, 261, 384), (224, 224), (16, 16)),  # the same with patches of 14
        ((2, 196, 192), (224, 224), (14, 14)),  # none (averaged)
        ((2, 49, 768), (224, 224), (7, 7)),  # Swin of Hugging Face
        ((2, 7, 7, 768), (224, 224), (7, 7)),  # Swin of torchvision
        ((2, 1 + 12 * 20, 64), (192, 320), (12, 20)),  # not square
        ((197, 2, 192), (224, 224), (14, 14)),  # sequence first
        ((2, 512, 7, 7), (224, 224), (7, 7)),  # a convolution
        ((2, 5, 5, 5), (20, 20), (5, 5)),  # either would do: a convolution
        ((2, 16, 3, 1), (9, 7), (3, 1)),  # a convolution that fits no patches
    ],
)
def test_the_grid_is_found_from_the_shapes(shape: Any, size: Any, sites: Any) -> None:
    to_grid = grid_of(shape, 2, size)
    assert to_grid is not None
    values = torch.randn(shape)
    grid = to_grid(values)
    channels = shape[-1] if len(shape) == 3 or shape[1:3] == (7, 7) else shape[1]
    assert grid.shape == (2, channels, *sites)
    if len(shape) == 3:  # the last site is the last token
        tokens = values if shape[0] == 2 else values.transpose(0, 1)
        assert torch.equal(grid[:, :, -1, -1], tokens[:, -1])
        assert torch.equal(grid[:, :, 0, 1], tokens[:, tokens.shape[1] - sites[0] * sites[1] + 1])
    grid.zero_()
    assert not values.any() or len(shape) == 3, "it is a view"


@pytest.mark.parametrize(
    ("shape", "size"), [((2, 10), (32, 32)), ((2, 64, 1, 1), (32, 32)), ((2, 1, 64), (32, 32)), ((2, 83, 8), (32, 32))]
)
def test_what_has_no_grid_is_refused(shape: Any, size: Any) -> None:
    assert grid_of(shape, 2, size) is None


def vit() -> nn.Module:
    torch.manual_seed(0)
    model = torchvision.models.VisionTransformer(64, 16, 2, 2, 32, 64, num_classes=5).eval()
    nn.init.normal_(model.heads.head.weight)
    return model


def as_peer_scales(maps: torch.Tensor, size: int) -> Any:
    return scale_cam_image(scale_cam_image(maps.numpy(), (size, size)))


@pytest.mark.parametrize("layer", ["encoder.layers.encoder_layer_0", "encoder.layers.encoder_layer_1.ln_1"])
def test_a_vision_transformer_equals_pytorch_grad_cam_with_its_reshape_transform(layer: str) -> None:
    model, images = vit(), torch.randn(2, 3, 64, 64)

    def reshape(tokens: torch.Tensor) -> torch.Tensor:
        return tokens[:, 1:].reshape(len(tokens), 4, 4, -1).permute(0, 3, 1, 2)

    ours = GradCAM(layer)(model, images, [0, 3]).maps
    given = GradCAM(layer, reshape_transform=reshape)(model, images, [0, 3]).maps
    assert torch.equal(ours, given)
    with PeerGradCAM(model, [model.get_submodule(layer)], reshape_transform=reshape) as cam:
        theirs = cam(images, [ClassifierOutputTarget(0), ClassifierOutputTarget(3)])
    assert abs(as_peer_scales(ours, 64) - theirs).max() <= 1e-5


def test_the_default_layer_is_the_last_on_whose_patches_the_scores_depend() -> None:
    model, images = vit(), torch.randn(2, 3, 64, 64)
    found, last = attribute(model, images, [GradCAM(), GradCAM("encoder.layers.encoder_layer_1")], 1)
    assert found.layer == "encoder.layers.encoder_layer_1.ln_1"
    assert not found.flags.any()
    assert found.maps.flatten(1).any(1).all()
    # The class token alone is read behind the last block: patches have no gradient there, and the result says so.
    assert (last.flags & 4).all()


def test_every_kind_of_cam_explains_a_transformer() -> None:
    model, images = vit(), torch.randn(2, 3, 64, 64)
    layer = "encoder.layers.encoder_layer_0"
    methods = [LayerCAM(layer), EigenCAM(layer), ScoreCAM(layer), AblationCAM(layer, relu=False)]
    for result in attribute(model, images, methods, 2):
        assert result.maps.shape == (2, 4, 4)
        assert result.maps.isfinite().all()
        assert result.maps.any()


def test_ablation_on_tokens_zeroes_a_channel_of_the_patches_alone() -> None:
    model, images = vit(), torch.randn(1, 3, 64, 64)
    layer = "encoder.layers.encoder_layer_0"
    ours = AblationCAM(layer, relu=False)(model, images, 2).maps[0]
    module = model.get_submodule(layer)
    kept: list[torch.Tensor] = []

    def exchange(_module: nn.Module, _args: Any, tokens: torch.Tensor) -> torch.Tensor:
        kept.append(tokens[0].clone())
        tokens = tokens.clone()
        for k in range(32):
            tokens[k + 1, 1:, k] = 0
        return tokens

    handle = module.register_forward_hook(exchange)
    with torch.no_grad():
        scores = model(images.expand(33, -1, -1, -1))[:, 2]
    handle.remove()
    w = (scores[0] - scores[1:]) / scores[0].abs()
    truth = (kept[0][1:] @ w).view(4, 4)
    assert ((ours - truth).abs().max() / truth.abs().max()) <= 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["swin_t", "swin_v2_t"])
def test_swin_is_explained_without_being_told_its_shape(name: str) -> None:
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, num_classes=4).eval()
    images = torch.randn(1, 3, 64, 64)
    layer = "features.5"

    def reshape(features: torch.Tensor) -> torch.Tensor:
        return features.permute(0, 3, 1, 2)

    ours = GradCAM(layer, relu=False)(model, images, 1)
    given = GradCAM(layer, relu=False, reshape_transform=reshape)(model, images, 1)
    assert ours.maps.shape == (1, 4, 4)
    assert torch.equal(ours.maps, given.maps)
    assert GradCAM()(model, images, 1).layer == "permute"


@pytest.mark.parametrize(
    ("method", "sentence"),
    [
        (
            GradCAM("encoder.layers.encoder_layer_0.mlp.0", reshape_transform=lambda t: t.mean(2)),
            r"reshape_transform made \[2, 17\] of \[2, 17, 64\], expected \[2, C, h, w\]",
        ),
        (GradCAM("heads"), r"layer 'heads' gives \[2, 5\], expected \[N, C, h, w\] with more than one site, or tokens"),
        (
            AblationCAM(
                "encoder.layers.encoder_layer_0",
                reshape_transform=lambda t: t[:, 1:].permute(0, 2, 1).reshape(len(t), -1, 4, 4).clone(),
            ),
            "ablating channels needs a reshape_transform that gives a view",
        ),
    ],
)
def test_bad_input_gets_one_clear_sentence(method: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        method(vit(), torch.randn(2, 3, 64, 64), 1)
    assert "\n" not in str(caught.value)
