"""Images as spectra of decorrelated colours, shown to the network a little moved: what makes channels readable (Olah et al. 2017)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tb_explain.methods.maximize.canvas import Canvas, Frame, scale

# A square root of the covariance of red, green and blue (0..1) in six photographs that come with scikit-image and scikit-learn (astronaut,
# chelsea, coffee, rocket; china, flower). Its columns are the principal axes: dark to light, cold to warm, green to magenta.
COLOURS = ((0.241, 0.106, 0.010), (0.226, -0.027, -0.031), (0.215, -0.090, 0.021))


class Spectra(Canvas):
    """x = sigmoid(colours · F⁻¹(p / frequency)), climbed by Adam (Kingma and Ba 2015) along g / scale(g) - w ∇TV(x)."""

    def __init__(
        self,
        frame: Frame,
        *,
        steps: int,
        seed: int,
        rate: float,
        contrast: float,
        total_variation: float,
        jitter: float,
        zoom: float,
        turn: float,
    ) -> None:
        super().__init__(frame)
        height, width = frame.size
        self._rate, self._contrast, self._total_variation = rate, contrast, total_variation
        fy, fx = torch.fft.fftfreq(height), torch.fft.rfftfreq(width)
        # Energy falls with the square of the frequency, as it does in photographs.
        scale = 1 / (fy[:, None].square() + fx.square()).sqrt().clamp(min=1 / max(height, width))
        # Each column but the first (and the last of an even width) stands for two of the full plane.
        columns = torch.full_like(fx, 2.0)
        columns[0] = 1
        if width % 2 == 0:
            columns[-1] = 1
        rms = ((scale.square() * columns).sum() / (height * width)).sqrt()
        self._scale = (scale / rms).to(frame.mean)
        colours = torch.tensor(COLOURS) if frame.channels == 3 else torch.eye(frame.channels)
        self._colours = (colours / colours.norm(dim=1).max()).to(frame.mean)
        self._moves = self._affine(steps, seed, jitter, zoom, turn)
        self._mean: Tensor | None = None
        self._square: Tensor | None = None
        self._updates = 0

    def noise(self, seed: int, attempt: int = 0) -> Tensor:
        shape = (1, self.frame.channels, *self._scale.shape, 2)
        return (1 if attempt else self._contrast) * self.frame.noise(*shape, seed=seed + attempt)

    def of(self, images: Tensor) -> Tensor:
        # The sigmoid reaches neither 0 nor 1.
        logits = self.frame.pixels(images).clamp(0.01, 0.99).logit()
        uncoloured = torch.einsum("ij,njhw->nihw", torch.linalg.inv(self._colours), logits)
        return torch.view_as_real(torch.fft.rfft2(uncoloured, norm="ortho") / self._scale)

    def images(self, p: Tensor) -> Tensor:
        planes = torch.fft.irfft2(torch.view_as_complex(p) * self._scale, s=self.frame.size, norm="ortho")
        return self.frame.normalised(torch.einsum("ij,njhw->nihw", self._colours, planes).sigmoid())

    def shown(self, images: Tensor, step: int) -> Tensor:
        if self._moves is None:
            return images
        # One transform for all, so that what distinguishes the images is their objectives alone.
        grid = nn.functional.affine_grid(
            self._moves[step : step + 1], [1, 1, *self.frame.size], align_corners=False
        ).expand(len(images), -1, -1, -1)
        return nn.functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)

    def stepped(self, p: Tensor, images: Tensor, gradient: Tensor) -> Tensor:
        direction = gradient / scale(gradient) - self._total_variation * _gradient_of_variation(images.detach())
        (g,) = torch.autograd.grad(images, p, direction)
        self._updates += 1
        if self._mean is None or self._square is None:
            self._mean, self._square = torch.zeros_like(g), torch.zeros_like(g)
        self._mean.lerp_(g, 0.1)
        self._square.lerp_(g.square(), 0.001)
        mean, square = self._mean / (1 - 0.9**self._updates), self._square / (1 - 0.999**self._updates)
        return p.detach() + self._rate * mean / (square.sqrt() + 1e-8)

    def keep(self, rows: Tensor) -> None:
        if self._mean is not None and self._square is not None:
            self._mean, self._square = self._mean[rows], self._square[rows]

    def _affine(self, steps: int, seed: int, jitter: float, zoom: float, turn: float) -> Tensor | None:
        """[steps, 2, 3]: a shift, a magnification and a rotation each, drawn uniformly; None: images are shown as they are."""
        if not (jitter or zoom or turn):
            return None
        drawn = (
            2 * torch.rand(steps, 4, device="cpu", generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
            - 1
        )
        magnification, angle = 1 + zoom * drawn[:, 0], math.radians(turn) * drawn[:, 1]
        cos, sin = angle.cos() / magnification, angle.sin() / magnification
        height, width = self.frame.size  # both axes of the grid are of length 2, whatever the images' proportions
        across = torch.stack([cos, -sin * height / width, 2 * jitter * drawn[:, 2]], 1)
        down = torch.stack([sin * width / height, cos, 2 * jitter * drawn[:, 3]], 1)
        return torch.stack([across, down], 1).to(self.frame.mean)


def _gradient_of_variation(images: Tensor) -> Tensor:
    """Of Σ sqrt(dx² + dy² + 1e-3) over pixels, dx and dy the differences from the right and the lower neighbour (Rudin et al. 1992)."""
    dx = nn.functional.pad(images.diff(dim=3), (0, 1))
    dy = nn.functional.pad(images.diff(dim=2), (0, 0, 0, 1))
    length = (dx.square() + dy.square() + 1e-3).sqrt()
    dx, dy = dx / length, dy / length
    return -dx - dy + nn.functional.pad(dx[..., :-1], (1, 0)) + nn.functional.pad(dy[..., :-1, :], (0, 0, 1, 0))
