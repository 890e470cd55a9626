"""How channels vary together over many images: sums of products, also with what they say of the images turned."""

from __future__ import annotations

import torch
from torch import Tensor

from tb_explain.methods.filter_similarity import NOTHING


class ChannelMoments:
    """Running sums over images and positions of what C channels say, in double precision.

    Each batch comes as activations [N, C, *s] by how many quarter turns the images were rotated by, the activations turned back; 0 is
    among them. Positions with a value that is not finite are left out.
    """

    def __init__(self, channels: int) -> None:
        self.count = 0
        """Of positions."""
        self._least = torch.full((channels,), torch.inf, dtype=torch.float64)
        self._greatest = -self._least
        self._sums: dict[int, Tensor] = {}
        self._squares: dict[int, Tensor] = {}
        self._products: dict[int, Tensor] = {}

    def add(self, said: dict[int, Tensor]) -> None:
        """Count a batch in."""
        flat = {turns: values.movedim(1, 0).flatten(1).double().cpu() for turns, values in said.items()}
        finite = torch.stack([values.isfinite().all(0) for values in flat.values()]).all(0)
        flat = {turns: values[:, finite] for turns, values in flat.items()}
        upright = flat[0]
        if not upright.shape[1]:
            return
        self.count += upright.shape[1]
        self._least = torch.minimum(self._least, upright.amin(1))
        self._greatest = torch.maximum(self._greatest, upright.amax(1))
        for turns, values in flat.items():
            for sums, new in (
                (self._sums, values.sum(1)),
                (self._squares, values.square().sum(1)),
                (self._products, upright @ values.T),
            ):
                sums[turns] = sums[turns] + new if turns in sums else new

    @property
    def still(self) -> Tensor:
        """Bool [C]: channels that say the same everywhere."""
        return ~(self._greatest - self._least > NOTHING * torch.maximum(self._greatest.abs(), self._least.abs()))

    def correlation(self, turns: int = 0) -> Tensor:
        """float32 [C, C] in -1..1, of channels with channels of the turned images; 0 of those that are still."""
        mean, turned = self._sums[0] / self.count, self._sums[turns] / self.count
        variance = (self._squares[0] / self.count - mean.square()).clamp(min=0)
        turned_variance = (self._squares[turns] / self.count - turned.square()).clamp(min=0)
        covariance = self._products[turns] / self.count - mean[:, None] * turned
        size = (variance[:, None] * turned_variance).sqrt()
        known = ~(self.still[:, None] | self.still) & (size > 0)
        return torch.where(known, covariance / size.clamp(min=torch.finfo(torch.float64).tiny), 0).clamp(-1, 1).float()

    def turned_correlation(self) -> Tensor | None:
        """float32 [C, C]: the greatest correlation of one channel with another of images turned; None: none were."""
        found = [self.correlation(turns) for turns in self._products if turns]
        if not found:
            return None
        best = torch.stack(found).amax(0)
        return torch.maximum(best, best.T)

    def dimensions(self) -> float:
        """(sum of eigenvalues)² / sum of their squares, of the covariance: 1 to C."""
        mean = self._sums[0] / self.count
        values = torch.linalg.eigvalsh(self._products[0] / self.count - mean[:, None] * mean).clamp(min=0)
        squares = float(values.square().sum())
        return float(values.sum().square()) / squares if squares else 0.0

    def strength(self) -> Tensor:
        """float64 [C]: root mean square."""
        return (self._squares[0] / self.count).sqrt()
