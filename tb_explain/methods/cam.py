"""Class activation maps: the formulas, each over the activations A [N, C, h, w] and gradients G of one layer.

In the docstrings u is a site of the layer, k a channel, c the target class, y_c its score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn

from tb_explain.methods.method import AtLayer, LayerMethod
from tb_explain.methods.targets import class_scores

if TYPE_CHECKING:
    from tb_explain.methods.batch import Batch

_EPS = 1e-8

_POWER_STEPS = 24
_RESIDUAL = 2e-6  # of the eigenvalue; float32 allows little less


@dataclass(frozen=True)
class _RectifiedMethod(LayerMethod):
    relu: bool = True
    """Keep only what speaks for the target, as published. False: signed maps."""

    @property
    def signed(self) -> bool:
        return not self.relu

    def maps(self, at: AtLayer) -> Tensor:
        evidence = self.evidence(at)
        return evidence.relu() if self.relu else evidence

    def evidence(self, at: AtLayer) -> Tensor:
        """The map before rectification."""
        raise NotImplementedError


def _class_weights(at: AtLayer) -> Tensor:
    """W_ck of the target class, [N, C], of a model that averages this layer and applies one Linear to it.

    Raises ValueError when the model does not: told by comparing with what it said.
    """
    if (at.classes < 0).any():
        raise ValueError("CAM shows what speaks for a class: it needs classes as targets; use GradCAM for callables")
    pooled, every = at.A.flatten(2).mean(2), at.batch.targets.every
    for module in at.batch.network.module.modules():
        if every is not None and isinstance(module, nn.Linear) and module.in_features == at.A.shape[1]:
            weight = module.weight.detach().float()
            bias = None if module.bias is None else module.bias.detach().float()
            said, truth = class_scores(nn.functional.linear(pooled, weight, bias)), every.detach().float()
            tolerance = 1e-3 if every.dtype == torch.float32 else 5e-2
            if said.shape == truth.shape and torch.allclose(
                said, truth, rtol=tolerance, atol=tolerance * float(truth.abs().max())
            ):
                return class_scores(weight.T).T[at.classes]
    raise ValueError(
        f"CAM needs a model that is only an average over {at.layer.name!r} and one Linear from there on; "
        "use GradCAM, which is the same map where CAM is defined"
    )


@dataclass(frozen=True)
class CAM(_RectifiedMethod):
    """M(u) = sum_k W_ck A_k(u). For a model that ends in an average over the layer and one Linear (Zhou et al. 2016, eq. 2)."""

    needs_gradients: ClassVar[bool] = False

    def evidence(self, at: AtLayer) -> Tensor:
        W = _class_weights(at)
        return torch.einsum("nc,nc...->n...", W, at.A)


@dataclass(frozen=True)
class GradCAM(_RectifiedMethod):
    """w_k = mean_u G_k(u);  M(u) = relu(sum_k w_k A_k(u)) (Selvaraju et al. 2017, eq. 1 and 2)."""

    def evidence(self, at: AtLayer) -> Tensor:
        w = at.G.flatten(2).mean(2)
        return torch.einsum("nc,nc...->n...", w, at.A)


@dataclass(frozen=True)
class GradCAMPlusPlus(_RectifiedMethod):
    """a_k(u) = G² / (2 G² + G³ sum_v A_k(v));  w_k = sum_u a_k(u) relu(G_k(u)) (Chattopadhay et al. 2018, eq. 9 and 19)."""

    def evidence(self, at: AtLayer) -> Tensor:
        A, G = at.A.flatten(2), at.G.flatten(2).relu()
        # Only positive gradients count, and there a = 1 / (2 + G sum A): without G², which underflows in deep networks.
        w = (G / (2 + G * A.sum(2, keepdim=True))).sum(2)
        return torch.einsum("nc,nc...->n...", w, at.A)


@dataclass(frozen=True)
class XGradCAM(_RectifiedMethod):
    """w_k = sum_u A_k(u) G_k(u) / sum_u A_k(u), 0 for a channel without activation (Fu et al. 2020, eq. 8)."""

    def evidence(self, at: AtLayer) -> Tensor:
        A, G = at.A.flatten(2), at.G.flatten(2)
        total = A.sum(2)
        w = torch.where(total.abs() < _EPS, 0, (A * G).sum(2) / torch.where(total.abs() < _EPS, 1, total))
        return torch.einsum("nc,nc...->n...", w, at.A)


@dataclass(frozen=True)
class HiResCAM(_RectifiedMethod):
    """M(u) = relu(sum_k G_k(u) A_k(u)) (Draelos & Carin 2020, eq. 4)."""

    def evidence(self, at: AtLayer) -> Tensor:
        return (at.G * at.A).sum(1)


@dataclass(frozen=True)
class LayerCAM(_RectifiedMethod):
    """M(u) = relu(sum_k relu(G_k(u)) A_k(u)) (Jiang et al. 2021, eq. 5 and 6)."""

    def evidence(self, at: AtLayer) -> Tensor:
        return (at.G.relu() * at.A).sum(1)


@dataclass(frozen=True)
class GradCAMElementWise(LayerMethod):
    """M(u) = sum_k relu(G_k(u) A_k(u)): HiResCAM without what speaks against the target (pytorch-grad-cam 2021)."""

    def maps(self, at: AtLayer) -> Tensor:
        return (at.G * at.A).relu().sum(1)


@dataclass(frozen=True)
class FinerCAM(GradCAM):
    """Grad-CAM of sum_d p_d (y_c - strength y_d) / sum_d p_d over the classes d whose scores are closest to that of the target c:
    what tells it from those (Zhang et al. 2025, eq. 5, with their weights by probability p).
    """

    strength: float = 1.0
    """How much of the similar classes' evidence is taken away; 0 gives Grad-CAM."""
    similar: int = 3
    """How many similar classes."""

    def objective(self, batch: Batch) -> Tensor:
        classes = batch.targets.classes
        every = batch.targets.every
        if every is None or every.ndim != 2 or (classes < 0).any():
            raise ValueError("FinerCAM compares classes: it needs scores [N, classes] and classes as targets")
        chosen = every.gather(1, classes)
        distance = (
            (every.detach()[:, None] - chosen.detach()[..., None]).abs().scatter(2, classes[..., None], torch.inf)
        )
        count = min(self.similar, every.shape[1] - 1)
        others = distance.topk(count, largest=False).indices.flatten(1)
        shape = (*classes.shape, count)
        scores, weights = (values.gather(1, others).view(shape) for values in (every, every.softmax(1)))
        return (weights * (chosen[..., None] - self.strength * scores)).sum(2) / (weights.sum(2) + 1e-9)


@dataclass(frozen=True)
class EigenCAM(LayerMethod):
    """M = relu(Ã v), v the first right singular vector of the centred activations Ã [sites, C] (Muhammad & Yeasin 2020, eq. 4).

    Does not look at the target. A singular vector has no sign: the side with the largest magnitude is taken as positive.
    """

    needs_gradients: ClassVar[bool] = False
    class_dependent: ClassVar[bool] = False

    def maps(self, at: AtLayer) -> Tensor:
        X = at.A.flatten(2).nan_to_num(0.0, 0.0, 0.0).transpose(1, 2)
        X = X - X.mean(1, keepdim=True)
        projection = _first_principal_scores(X)
        extreme = projection.gather(1, projection.abs().argmax(1, keepdim=True))
        maps = (projection * extreme.sign()).relu()
        maps = torch.where(at.A.flatten(1).isfinite().all(1)[:, None], maps, torch.nan)
        return maps.reshape(at.A.shape[0], *at.A.shape[2:])


def _first_principal_scores(X: Tensor) -> Tensor:
    """X v for the first right singular vector v of each X [N, P, C], by the smaller of the two Gram matrices; [N, P]."""
    if X.shape[1] <= X.shape[2]:
        values, vectors = _leading_eigenpair(X @ X.transpose(1, 2))
        return vectors * values[:, None].sqrt()
    _, vectors = _leading_eigenpair(X.transpose(1, 2) @ X)
    return (X @ vectors[..., None]).squeeze(-1)


def _leading_eigenpair(S: Tensor) -> tuple[Tensor, Tensor]:
    """The largest eigenvalue [N] and its vector [N, P] of positive semidefinite S [N, P, P]: power iteration, and where two
    eigenvalues are too close for it the whole decomposition, which takes several times as long.
    """
    # A random start has a part along the vector sought; one picked from S, such as a column, may have none.
    start = torch.randn(S.shape[1], 1, device="cpu", generator=torch.Generator().manual_seed(0))
    vectors = start.to(S).expand(len(S), -1, -1)
    for _ in range(_POWER_STEPS):
        vectors = nn.functional.normalize(S @ vectors, dim=1)
    images = S @ vectors
    values = (vectors * images).sum((1, 2)).clamp(min=0)
    residuals = (images - values[:, None, None] * vectors).flatten(1).norm(dim=1)
    vectors = vectors.squeeze(-1)
    unsure = residuals > _RESIDUAL * values
    if unsure.any():
        exact = torch.linalg.eigh(S[unsure])
        values[unsure], vectors[unsure] = exact.eigenvalues[:, -1].clamp(min=0), exact.eigenvectors[..., -1]
    return values, vectors
