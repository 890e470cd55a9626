"""The CAM family against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tb_explain.methods import (
    CAM,
    Attribution,
    EigenCAM,
    FinerCAM,
    Flag,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    Output,
    Top,
    XGradCAM,
    attribute,
)


class Pooled(nn.Module):
    """A convolution, a global average, one Linear: where CAM is defined and the gradient is W / P."""

    def __init__(self, classes: int = 5, rectify: bool = True) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 7, 3, padding=1), nn.ReLU() if rectify else nn.Identity())
        self.fc = nn.Linear(7, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.features(images).mean((2, 3)))


class TwoLayers(nn.Module):
    """A head with a non-linearity, so that gradients differ between sites."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 6, 3)
        self.head = nn.Sequential(nn.Tanh(), nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(4, 3, 12, 10, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def pooled() -> Pooled:
    torch.manual_seed(1)
    return Pooled()


@pytest.fixture
def deep(images: torch.Tensor) -> TwoLayers:
    torch.manual_seed(1)
    model = TwoLayers()
    model(images)
    return model


def by_hand(model: TwoLayers, images: torch.Tensor, target: int) -> tuple[torch.Tensor, torch.Tensor]:
    A = model.features(images).detach().requires_grad_()
    (G,) = torch.autograd.grad(model.head(A)[:, target].sum(), A)
    return A.detach().double(), G.double()


def close(ours: torch.Tensor, truth: torch.Tensor) -> None:
    difference = ((ours.double() - truth).abs().max() / truth.abs().max()).item()
    assert difference <= 1e-5, f"{difference:.2e}"


def one(found: Attribution | list[Attribution]) -> Attribution:
    assert isinstance(found, Attribution)
    return found


def test_identities_on_a_pooled_network(pooled: Pooled, images: torch.Tensor) -> None:
    layer = "features.1"
    cam, grad, hires, xgrad = (
        result.maps
        for result in attribute(
            pooled,
            images,
            [
                CAM(layer, relu=False),
                GradCAM(layer, relu=False),
                HiResCAM(layer, relu=False),
                XGradCAM(layer, relu=False),
            ],
            2,
        )
    )
    sites = images.shape[2] * images.shape[3]
    A = pooled.features(images).detach()
    close(cam, torch.einsum("c,nchw->nhw", pooled.fc.weight[2].detach().double(), A.double()))
    close(cam, sites * grad.double())
    close(hires, grad.double())
    close(xgrad, grad.double())


def test_grad_cam_of_a_head_with_a_nonlinearity(deep: TwoLayers, images: torch.Tensor) -> None:
    A, G = by_hand(deep, images, 3)
    found = attribute(
        deep,
        images,
        [
            GradCAM("features"),
            HiResCAM("features"),
            LayerCAM("features"),
            XGradCAM("features"),
            GradCAMPlusPlus("features"),
        ],
        3,
    )
    close(found[0].maps, (G.mean((2, 3), keepdim=True) * A).sum(1).relu())
    close(found[1].maps, (G * A).sum(1).relu())
    close(found[2].maps, (G.relu() * A).sum(1).relu())
    w = (A * G).sum((2, 3)) / A.sum((2, 3))
    close(found[3].maps, torch.einsum("nc,nchw->nhw", w, A).relu())
    a = torch.where(G == 0, 0, G**2 / (2 * G**2 + A.sum((2, 3), keepdim=True) * G**3))
    close(found[4].maps, torch.einsum("nc,nchw->nhw", (a * G.relu()).sum((2, 3)), A).relu())


def test_grad_cam_plus_plus_does_not_vanish_with_small_gradients(deep: TwoLayers, images: torch.Tensor) -> None:
    """G² of 1e-12 is below the epsilon that published code adds to the denominator: the map must scale with the gradient alone."""
    tiny = 1e-6

    def scaled(output: torch.Tensor) -> torch.Tensor:
        return output[:, 3] * tiny

    A, G = by_hand(deep, images, 3)
    G = G * tiny
    a = torch.where(G == 0, 0, 1 / (2 + A.sum((2, 3), keepdim=True) * G))
    truth = torch.einsum("nc,nchw->nhw", (a * G.relu()).sum((2, 3)), A).relu()
    close(one(GradCAMPlusPlus("features")(deep, images, scaled)).maps, truth)


@pytest.mark.parametrize("gap", [0.0, 5.0], ids=["close eigenvalues", "a dominant one"])
@pytest.mark.parametrize("shape", [(3, 20, 4, 3), (3, 5, 8, 9)])
def test_eigen_cam_is_the_first_principal_component(shape: tuple[int, ...], gap: float) -> None:
    generator = torch.Generator().manual_seed(3)
    A = torch.randn(shape, generator=generator)
    A += gap * torch.randn(3, shape[1], 1, 1, generator=generator) * torch.randn(3, 1, *shape[2:], generator=generator)
    assert_first_principal_component(A)


def test_eigen_cam_is_not_taken_in_by_one_hot_site() -> None:
    """A site that is the strongest, alone, and orthogonal to what the others share."""
    A = torch.zeros(1, 16, 3, 4)
    A[0, 0] = torch.tensor([[1, -1, 1, -1], [1, -1, 1, -1], [1, -1, 0, 0]])
    A[0, 1, 2, 3] = 3.2
    assert_first_principal_component(A)


def assert_first_principal_component(A: torch.Tensor) -> None:
    # The first layer's activations are the input itself.
    ours = one(EigenCAM("0")(nn.Sequential(nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), A)).maps
    for map_, activation in zip(ours, A, strict=True):
        X = activation.flatten(1).T.double().numpy()
        X = X - X.mean(0)
        projection = X @ np.linalg.svd(X, full_matrices=False)[2][0]
        largest = np.abs(projection).max()
        either = [np.maximum(sign * projection, 0) for sign in (1, -1)]
        if abs(abs(projection.min()) - projection.max()) > 1e-6 * largest:  # else both signs are as good
            either = [np.maximum(projection * np.sign(projection[np.abs(projection).argmax()]), 0)]
        assert any(np.allclose(map_.flatten().numpy(), expected, atol=1e-5 * largest) for expected in either)


def test_targets(deep: TwoLayers, images: torch.Tensor) -> None:
    method = GradCAM("features", relu=False)
    every = one(method(deep, images, torch.arange(5).expand(4, 5)))
    assert every.maps.shape == (4, 5, 10, 8)
    assert every.maps.flatten(2).std(1).min() > 0
    predicted = deep(images).argmax(1)
    assert torch.equal(one(method(deep, images)).targets, predicted)
    rows = torch.arange(4)
    for targets, columns in (
        (None, predicted),
        (2, torch.full((4,), 2)),
        ([0, 1, 2, 4], torch.tensor([0, 1, 2, 4])),
        (torch.tensor([3, 3, 0, 1]), torch.tensor([3, 3, 0, 1])),
        (lambda output: output[:, 4], torch.full((4,), 4)),
        ([lambda row: row[1]] * 4, torch.full((4,), 1)),
    ):
        found = one(method(deep, images, targets))
        assert torch.allclose(found.maps, every.maps[rows, columns], atol=1e-6)
    top = one(method(deep, images, Top(2)))
    assert torch.equal(top.targets, deep(images).topk(2).indices)
    assert torch.allclose(top.probabilities, deep(images).softmax(1).topk(2).values, atol=1e-6)


def test_batches_do_not_matter(deep: TwoLayers, images: torch.Tensor) -> None:
    whole = attribute(deep, images, [LayerCAM("features")], [0, 1, 2, 3])[0]
    parts = attribute(deep, images, [LayerCAM("features")], [0, 1, 2, 3], batch_size=3)[0]
    assert torch.allclose(whole.maps, parts.maps, atol=1e-6)
    assert torch.equal(whole.targets, parts.targets)


def test_a_single_logit_has_two_classes(images: torch.Tensor) -> None:
    torch.manual_seed(1)
    model = Pooled(classes=1)
    against, for_ = (one(GradCAM("features.1", relu=False)(model, images, target)) for target in (0, 1))
    assert torch.allclose(against.maps, -for_.maps)
    assert torch.allclose(for_.probabilities, model(images)[:, 0].sigmoid(), atol=1e-6)
    assert torch.allclose(against.probabilities + for_.probabilities, torch.ones(4))
    cam = one(CAM("features.1", relu=False)(model, images, 0))
    assert torch.allclose(cam.maps, against.maps * 120, atol=1e-4)


def test_several_layers_give_several_results(images: torch.Tensor) -> None:
    torch.manual_seed(1)
    model = Pooled()
    found = GradCAM(["features.0", model.features[1]])(model, images)
    assert isinstance(found, list)
    assert [result.layer for result in found] == ["features.0", "features.1"]


def test_volumes() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv3d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(3))
    volumes = torch.randn(2, 1, 6, 7, 8)
    model(volumes)
    assert one(GradCAM("1")(model, volumes)).maps.shape == (2, 4, 5, 6)


def test_maps_that_cannot_be_trusted_say_so(pooled: Pooled, images: torch.Tensor) -> None:
    with torch.no_grad():
        pooled.fc.weight[1] = 0
    found = one(GradCAM("features.1")(pooled, images, 1))
    assert found.flags.tolist() == [Flag.ALL_ZERO | Flag.ZERO_GRADIENT] * 4
    with torch.no_grad():
        pooled.fc.weight[3] = torch.nan
    found = one(GradCAM("features.1")(pooled, images, 3))
    assert found.maps.isfinite().all()
    assert all(flag & Flag.NOT_FINITE for flag in found.flags.tolist())
    with torch.no_grad():
        pooled.features[0].weight.fill_(torch.nan)
    found = one(EigenCAM("features.0")(pooled, images, 0))
    assert all(flag & Flag.NOT_FINITE for flag in found.flags.tolist())


def test_cam_refuses_a_network_that_it_is_not_defined_for(deep: TwoLayers, images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="CAM needs a model that is only an average"):
        CAM("features")(deep, images)


class TwoHeads(nn.Module):
    """Two Linears over one average, of 5 and of 7 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.other = Pooled(5), Pooled(7)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        pooled = self.first.features(images).mean((2, 3))
        return {"logits": self.first.fc(pooled), "other": self.other.fc(pooled)}


@pytest.mark.parametrize("method", [CAM, FinerCAM, GradCAM])
def test_one_output_of_several_is_the_one_explained(method: Any, images: torch.Tensor) -> None:
    torch.manual_seed(1)
    heads = TwoHeads()
    alone = Pooled(7)
    alone.features, alone.fc = heads.first.features, heads.other.fc
    for target in (3, 6):
        found = one(method("first.features", relu=False)(heads, images, Output("other", target)))
        expected = one(method("features", relu=False)(alone, images, target))
        assert torch.allclose(found.maps, expected.maps, atol=1e-6)


def test_cam_reads_the_weights_of_a_class(pooled: Pooled, images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="CAM shows what speaks for a class: it needs classes as targets"):
        CAM("features")(pooled, images, lambda output: output[:, 0])
