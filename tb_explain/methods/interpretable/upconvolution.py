"""What a filter, or a pattern of filters, stands for in pixels: a network that gives images back from the maps of one layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from tb_explain.methods.features import sites
from tb_explain.methods.interpretable.reading import name_of
from tb_explain.methods.layers import Layer, bare, widened
from tb_explain.methods.loader import Loader, check_loader, labelled, length
from tb_explain.methods.network import Network, checked_inputs, undisturbed
from tb_explain.methods.taps import tapped

_CHUNK = 64
_LEAST_KEPT = 0.3  # share of the channels that training leaves at the least
_WIDEST, _NARROWEST = 256, 16  # channels between the layers


@dataclass(frozen=True, eq=False)
class Synthesis:
    """What some filters add to N images."""

    filters: tuple[int, ...]
    pictures: Tensor
    """float32 [N, C, *S]: U(what they say) − U(0), in the model's input space; 0: nothing."""
    energy: Tensor
    """float32 [N, *S]: its squares, summed over colours."""

    def share_inside(self, masks: Tensor) -> Tensor:
        """Float32 [N]: of the energy, what lies on bool masks [N, *S]; NaN: there is none."""
        inside = (self.energy * masks.to(self.energy)).flatten(1).sum(1)
        return inside / self.energy.flatten(1).sum(1)


class UpConvolution(nn.Module):
    """U: maps of one layer -> image, by convolutions and doublings (Dosovitskiy & Brox 2016), for layers of any network.

    Trained to minimise the mean squared error of U(z) and the image; z are the maps as the layer passes them on, each divided by the
    largest value of its filter over the data, with 0 to 70 % of the channels of each sample left out at random, so that single
    filters are nothing unusual. The network itself is left as it was, and is no part of `parameters()` or `state_dict()`.

    Args:
        model: a classifier of images or voxels.
        layer: whose maps to start from.
        seed: of the first weights, of the order in which a shuffling loader gives samples, and of what is left out.
    """

    scale: Tensor
    """float32 [C]: the largest value of each filter."""

    def __init__(self, model: nn.Module, layer: Layer, *, seed: int = 0) -> None:
        super().__init__()
        self._model = (bare(model),)  # in a tuple, it is not registered as a part
        self.layer = name_of(model, layer)
        self.seed = seed
        self.losses: list[float] = []
        """Mean squared error of each epoch of the last fit."""
        self.stages = nn.Sequential()
        self._shapes: list[list[int]] = []
        """Of maps and images, without the batch; none before the first fit."""
        self.register_buffer("scale", torch.empty(0))

    def fit(self, loader: Loader, *, epochs: int = 6, learning_rate: float = 3e-3) -> UpConvolution:
        """Train anew by Adam whose rate falls along a half cosine. Cost: `epochs` + 1 forward passes of the model and the decoder's own. Returns itself.

        Raises ValueError where the layer has no positions or the loader no images, or no loss of an epoch is a number.
        """
        check_loader(loader)
        if epochs < 1 or not learning_rate > 0:
            raise ValueError(f"epochs must be 1 or more and learning_rate above 0, got {epochs} and {learning_rate}")
        self.losses = []
        batches = length(loader)
        total = None if batches is None else batches * epochs
        with (
            undisturbed(self._model[0]) as network,
            tqdm(total=total, desc="up-convolution", unit="batch", leave=False, delay=2, disable=None) as bar,
        ):
            self._measure(network, loader)
            optimizer = torch.optim.Adam(self.stages.parameters(), learning_rate)
            for epoch in range(epochs):
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate * (1 + math.cos(math.pi * epoch / epochs)) / 2
                torch.default_generator.manual_seed(self.seed * 1_000_003 + epoch)  # put back by `undisturbed`
                self.losses.append(self._epoch(network, loader, optimizer, bar))
        return self

    def forward(self, maps: Tensor) -> Tensor:
        """Images [N, C, *S] of maps [N, C, *s] that were divided by `scale`."""
        images: Tensor = self.stages(maps)
        return images

    def maps(self, images: Tensor) -> Tensor:
        """z, float32 [N, C, *s] in 0..1 or so, of images [N, C, *S]."""
        if not len(self.scale):
            raise RuntimeError("the decoder has not been trained yet; call fit first")
        checked_inputs(self._model[0], images)
        with undisturbed(self._model[0]) as network:
            return torch.cat([self._normalised(self._read(network, part)[1]) for part in torch.split(images, _CHUNK)])

    def decode(self, maps: Tensor) -> Tensor:
        """`forward` without a graph, in float32 and in parts."""
        with torch.no_grad(), torch.autocast(maps.device.type, enabled=False):
            return torch.cat([self(part) for part in torch.split(maps, _CHUNK)])

    def synthesise(
        self, images: Tensor, filters: Sequence[int], at: Tensor | None = None, *, radius: int | None = 2
    ) -> Synthesis:
        """What some filters say about images [N, C, *S], in pixels.

        Args:
            at: int64 [N, filters, axes]: the position of each, as `Patterns.where` gives them; None: that of its map's peak.
            radius: positions around it, along each axis, that count; None: the whole map.
        """
        z = self.maps(images)
        chosen = list(filters)
        if not chosen or min(chosen) < 0 or max(chosen) >= z.shape[1]:
            raise ValueError(f"filters must be some of the layer's, 0 to {z.shape[1] - 1}; got {chosen}")
        only = torch.zeros_like(z)
        only[:, chosen] = z[:, chosen]
        if radius is not None:
            places = z.shape[2:]
            if at is None:
                at = torch.stack(torch.unravel_index(z[:, chosen].flatten(2).argmax(2), places), -1)
            if at.shape != (len(z), len(chosen), len(places)):
                raise ValueError(f"at must be [{len(z)}, {len(chosen)}, {len(places)}], got {list(at.shape)}")
            for axis, extent in enumerate(places):
                index = torch.arange(extent, device=z.device)
                near = (index - at[..., axis, None].to(z.device)).abs() <= radius
                shape = [len(z), len(chosen), *(extent if other == axis else 1 for other in range(len(places)))]
                only[:, chosen] *= near.reshape(shape)
        pictures = self.decode(only) - self.decode(torch.zeros_like(z[:1]))
        return Synthesis(tuple(chosen), pictures, pictures.square().sum(1))

    def _normalised(self, maps: Tensor) -> Tensor:
        return maps / widened(self.scale, maps.ndim - 1)

    def _read(self, network: Network, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images as float32, on the model's device, and what the layer passes on, [n, C, *s]."""
        images = images.detach().to(network.device, network.dtype)
        with torch.no_grad():
            found, _ = tapped(network, images.clone(), {self.layer}, set(), {self.layer})
        maps = sites(self.layer, found[self.layer], len(images), tuple(images.shape[2:]))
        if math.prod(maps.shape[2:]) == 1:
            raise ValueError(
                f"layer {self.layer!r} has one position, so nothing can be told of places; name an earlier layer"
            )
        return images.float(), maps.nan_to_num(0, 0, 0)

    def _measure(self, network: Network, loader: Loader) -> None:
        """Makes the decoder for the sizes that the first batch has, and finds the largest values that all have."""
        most: Tensor | None = None
        for batch, _ in labelled(loader):
            images, maps = self._read(network, batch)
            if most is None:
                self._build([list(maps.shape[1:]), list(images.shape[1:])], network.device)
                most = torch.zeros_like(maps[0, :, 0].flatten(1)[:, 0])
            most = torch.maximum(most, maps.flatten(2).amax((0, 2)))
        if most is None:
            raise ValueError("the loader gives no images; give one of at least one batch")
        self.scale = torch.where(most > 0, most, 1)

    def _build(self, shapes: list[list[int]], device: torch.device) -> None:
        self._shapes = shapes
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            torch.default_generator.manual_seed(self.seed)
            self.stages = _stages(*shapes)
        self.stages.to(device, torch.float32)

    def _epoch(self, network: Network, loader: Loader, optimizer: torch.optim.Optimizer, bar: tqdm[Any]) -> float:
        total, counted = 0.0, 0
        for batch, _ in labelled(loader):
            images, maps = self._read(network, batch)
            share = _LEAST_KEPT + (1 - _LEAST_KEPT) * torch.rand(len(maps), 1)
            keep = widened(torch.rand(maps.shape[:2]) < share, maps.ndim).to(maps)
            with torch.autocast(maps.device.type, enabled=False):
                loss = nn.functional.mse_loss(self(self._normalised(maps) * keep), images)
            value = float(loss.detach())
            if math.isfinite(value):
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                total, counted = total + value, counted + 1
            bar.update()
        if not counted:
            raise ValueError(
                "no batch of an epoch had a loss that is a number; check the images for NaN, or lower learning_rate"
            )
        return total / counted

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Builds the decoder first, for the sizes that the state knows."""
        shapes = state_dict["_extra_state"]["shapes"]
        if shapes:
            device = next((parameter.device for parameter in self._model[0].parameters()), torch.device("cpu"))
            self._build(shapes, device)
            self.scale = torch.empty(shapes[0][0], device=device)
        return super().load_state_dict(state_dict, strict, assign)

    def get_extra_state(self) -> dict[str, Any]:
        """What a state says beside the weights."""
        return {"shapes": self._shapes}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """The shapes are known by then."""


def _stages(maps: Sequence[int], images: Sequence[int]) -> nn.Sequential:
    """A convolution a doubling from maps (C, *s) to images (C, *S), one before and one behind."""
    (channels, *places), (colours, *size) = maps, images
    conv: Any = {2: nn.Conv2d, 3: nn.Conv3d}[len(size)]
    sizes = [tuple(places)]
    while sizes[-1] != tuple(size):
        sizes.append(tuple(min(2 * few, many) for few, many in zip(sizes[-1], size, strict=True)))
    width = min(_WIDEST, max(2 * _NARROWEST, channels))
    parts: list[nn.Module] = [conv(channels, width, 3, padding=1), nn.ReLU()]
    for _, larger in pairwise(sizes):
        narrower = max(width // 2, _NARROWEST)
        parts += [nn.Upsample(size=larger), conv(width, narrower, 3, padding=1), nn.ReLU()]
        width = narrower
    return nn.Sequential(*parts, conv(width, colours, 3, padding=1))
