"""What is climbed with: how parameters become images, how the network is shown them, and how a step is made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from tb_explain.methods.layers import resized, widened


@dataclass(frozen=True, eq=False)
class Frame:
    """What images are to be like: [C, *S], made of pixels in 0..1 by (pixel - mean) / std."""

    channels: int
    size: tuple[int, ...]
    mean: Tensor
    """[C, 1, ...], on the model's device and of the images' dtype, as `std` is."""
    std: Tensor

    def normalised(self, pixels: Tensor) -> Tensor:
        """Images as the model takes them."""
        return (pixels - self.mean) / self.std

    def pixels(self, images: Tensor) -> Tensor:
        """The way back."""
        return images * self.std + self.mean

    def noise(self, *shape: int, seed: int) -> Tensor:
        """Standard normal, the same on every device."""
        found = torch.randn(*shape, device="cpu", generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        return found.to(self.mean)

    def grey(self) -> Tensor:
        """[C, *S]: an image that shows nothing."""
        return self.normalised(torch.full((self.channels, *self.size), 0.5).to(self.mean))


class Canvas(ABC):
    """Parameters p [n, ...] of n images, and what an optimiser remembers of each."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    @abstractmethod
    def noise(self, seed: int, attempt: int = 0) -> Tensor:
        """Parameters [1, ...] of a random start; `attempt` > 0: of another one, after so many that led nowhere."""

    @abstractmethod
    def of(self, images: Tensor) -> Tensor:
        """Parameters of given images [n, C, *S]."""

    def images(self, p: Tensor) -> Tensor:
        """[n, C, *S], with their graph."""
        return p

    def shown(self, images: Tensor, step: int) -> Tensor:
        """What the network sees of them at a step, with its graph."""
        return images

    @abstractmethod
    def stepped(self, p: Tensor, images: Tensor, gradient: Tensor) -> Tensor:
        """Parameters after a step; `images` are those of p with their graph, `gradient` is that of the scores with respect to them."""

    @abstractmethod
    def keep(self, rows: Tensor) -> None:
        """Forget all but these images."""


def lengths(gradient: Tensor) -> Tensor:
    """[n]: the norm of each image's; not finite if any of its values is not."""
    norms: Tensor = torch.linalg.vector_norm(gradient, dim=tuple(range(1, gradient.ndim)))
    return norms


def scale(gradient: Tensor) -> Tensor:
    """[n, 1, ...]: rms(g) + 1e-5 of each image. In these units how far a step goes depends on no score's scale."""
    rms = lengths(gradient) / gradient[0].numel() ** 0.5
    return widened(rms, gradient.ndim) + 1e-5


class Pixels(Canvas):
    """z <- z + λ (g / scale(g) - α sign z), then back into the box of valid pixels if there is one."""

    def __init__(self, frame: Frame, step_size: float, l1: float, box: bool) -> None:
        super().__init__(frame)
        self._step_size, self._l1 = step_size, l1
        self._box = (frame.normalised(torch.zeros_like(frame.mean)), frame.normalised(torch.ones_like(frame.mean)))
        self._bounded = box

    def noise(self, seed: int, attempt: int = 0) -> Tensor:
        # First another one of threefold amplitude, as in the paper. What is silent for any white noise may still see smooth images.
        size = self.frame.size if attempt < 2 else tuple(max(1, extent // 4) for extent in self.frame.size)
        white = self.frame.noise(1, self.frame.channels, *size, seed=seed + attempt)
        return self.of((3 if attempt else 1) * resized(white, self.frame.size))

    def of(self, images: Tensor) -> Tensor:
        return images.clamp(*self._box) if self._bounded else images

    def stepped(self, p: Tensor, images: Tensor, gradient: Tensor) -> Tensor:
        climbed = torch.addcdiv(p.detach(), gradient, scale(gradient), value=self._step_size)
        if self._l1:
            climbed.sub_(p.sign(), alpha=self._step_size * self._l1)
        return self.of(climbed)

    def keep(self, rows: Tensor) -> None:
        pass  # there is nothing to remember
