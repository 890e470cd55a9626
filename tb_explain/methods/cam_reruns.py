"""Class activation maps whose channels are weighed by running the model again: masked, ablated or noisy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from tb_explain.methods.batch import gradients_of
from tb_explain.methods.layers import resized, widened
from tb_explain.methods.method import LayerMethod, LayerPass
from tb_explain.methods.tail import tail
from tb_explain.methods.taps import tapped

_EPS = 1e-8


@dataclass(frozen=True)
class _ByChannel(LayerMethod):
    """M(u) = relu(sum_k w_k A_k(u)), with weights of channels that a subclass measures."""

    channels: int | None = None
    """Weigh only so many: those that vary most over the sites. None: all. The model runs once a channel (and image)."""
    relu: bool = True
    """Keep only what speaks for the target, as published. False: signed maps."""

    needs_gradients: ClassVar[bool] = False

    @property
    def signed(self) -> bool:
        return not self.relu

    def explain_layer(self, layer: LayerPass) -> Tensor:
        if self.channels is not None and self.channels < 1:
            raise ValueError(f"channels must be 1 or more, or None for all; got {self.channels}")
        A = layer.A.nan_to_num(0, 0, 0)
        # A channel that is the same everywhere says nothing about where.
        spread = A.flatten(2).amax(2) - A.flatten(2).amin(2)
        maps = []
        for row in range(len(A)):
            order = A[row].flatten(1).var(1).argsort(descending=True)[: self.channels]
            chosen = order[spread[row, order] > 0].sort().values
            if len(chosen):
                weights = self.weights(layer, row, chosen)
                maps.append(torch.einsum("tc,c...->t...", weights, A[row, chosen]))
            else:
                maps.append(A.new_zeros(layer.targets, *A.shape[2:]))
        found = torch.stack(maps)
        found = torch.where(widened(layer.A.flatten(1).isfinite().all(1), found.ndim), found, torch.nan)
        return found.relu() if self.relu else found

    def weights(self, layer: LayerPass, row: int, channels: Tensor) -> Tensor:
        """Weights [T, len(channels)] of an image's channels."""
        raise NotImplementedError


@dataclass(frozen=True)
class ScoreCAM(_ByChannel):
    """H_k = norm01(up(A_k));  w = softmax_k(y_c(x ⊙ H_k));  M(u) = relu(sum_k w_k A_k(u)) (Wang et al. 2020, eq. 3 to 6).

    One forward pass a channel. Channels without any variation, of which H is not defined, get no weight.
    """

    def weights(self, layer: LayerPass, row: int, channels: Tensor) -> Tensor:
        batch = layer.batch
        image, A = batch.images[row], layer.A[row, channels]

        def write(buffer: Tensor, start: int, stop: int) -> None:
            masks = resized(A[start:stop, None], batch.size)
            low, high = masks.flatten(1).amin(1), masks.flatten(1).amax(1)
            masks = (masks - widened(low, masks.ndim)) / widened((high - low).clamp(min=_EPS), masks.ndim)
            torch.mul(image, masks.to(image.dtype), out=buffer[: stop - start])

        scores = batch.perturbed(row, len(channels), write, "logit")
        return scores.softmax(0).transpose(0, 1)


@dataclass(frozen=True)
class AblationCAM(_ByChannel):
    """w_k = (y_c - y_c(A_k = 0)) / |y_c|;  M(u) = relu(sum_k w_k A_k(u)) (Desai & Ramaswamy 2020, eq. 2 and 3).

    Only what follows the layer runs again, once a channel. The magnitude of y_c divides: by a negative score, as published, the map
    would change its sign.
    """

    def weights(self, layer: LayerPass, row: int, channels: Tensor) -> Tensor:
        batch = layer.batch
        clean = batch.clean()[row]
        lost = []
        with tail(batch.network, batch.images[row : row + 1], layer.name) as run:
            for some in torch.split(channels, layer.copies_at_once):
                rows = torch.full((len(some),), row, device=some.device)
                output = run(layer.without_channels(row, some))
                lost.append(clean - batch.targets.read(output, rows).float())
        return torch.cat(lost).transpose(0, 1) / clean.abs().clamp(min=_EPS)[:, None]


@dataclass(frozen=True)
class SmoothGradCAMPlusPlus(LayerMethod):
    """Grad-CAM++ with powers of the gradient averaged over noisy copies of the image (Omeiza et al. 2019, eq. 8):
    a_k(u) = <G²> / (2 <G²> + <G³> sum_v A_k(v));  w_k = sum_u a_k(u) relu(<G_k(u)>);  M(u) = relu(sum_k w_k A_k(u)).
    """

    samples: int = 8
    noise: float = 0.15
    """Standard deviation, as a share of each image's range."""
    seed: int = 0
    relu: bool = True
    """Keep only what speaks for the target, as published. False: signed maps."""

    @property
    def signed(self) -> bool:
        return not self.relu

    def explain_layer(self, layer: LayerPass) -> Tensor:
        if self.samples < 1:
            raise ValueError(f"samples must be 1 or more, got {self.samples}")
        # The powers are of G / scale: a square of a deep network's gradient may be 0 in float32.
        sites = tuple(range(2, layer.G.ndim))
        scale = layer.G.abs().amax(sites, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny)
        first, second, third = (torch.zeros_like(layer.G) for _ in range(3))
        for noisy in _noisy(layer.batch.images, self.samples, self.noise, self.seed):
            G = _gradients_for(layer, noisy) / scale
            first += G / self.samples
            second += G**2 / self.samples
            third += G**3 / self.samples
        total = widened(layer.A.flatten(2).sum(2), layer.A.ndim)
        a = torch.where(second > 0, second / (2 * second + scale * third * total), 0)
        w = (a * first.relu() * scale).flatten(3).sum(3)
        maps = torch.einsum("tnc,nc...->nt...", w, layer.A)
        return maps.relu() if self.relu else maps


def _noisy(images: Tensor, samples: int, noise: float, seed: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    flat = images.float().flatten(1)
    sigma = widened(noise * (flat.amax(1) - flat.amin(1)), images.ndim)
    for _ in range(samples):
        # The same for all images: what one of them gets does not depend on the others of its batch.
        drawn = torch.randn(images.shape[1:], device="cpu", generator=generator).to(images.device)
        yield images + (sigma * drawn).to(images.dtype)


def _gradients_for(layer: LayerPass, images: Tensor) -> Tensor:
    """Gradients [T, N, C, h, w] of the targets' scores at the layer, for other images than those of the pass."""
    batch = layer.batch
    with torch.enable_grad():
        activations, output = tapped(batch.network, images, {layer.name}, {layer.name}, {layer.name})
        rows = torch.arange(len(images), device=images.device)
        (found,) = gradients_of(batch.targets.read(output, rows), [activations[layer.name]])
    return torch.stack([layer.grid(one) for one in found])
