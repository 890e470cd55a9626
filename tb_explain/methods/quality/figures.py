"""The figures that say how far a map can be trusted: small frozen values, each with its formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from tb_explain.methods.baselines import Baseline
from tb_explain.methods.quality.copies import Copies, Exchanged, Hidden, Imputed, Veiled
from tb_explain.methods.quality.similarity import gini
from tb_explain.methods.quality.subject import Subject

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class Figure:
    """A number for each map."""

    name: ClassVar[str]
    better: ClassVar[Better]


@dataclass(frozen=True)
class MapFigure(Figure):
    """A figure of the map itself, with or without asking the model about perturbed copies of the image."""

    @property
    def copies(self) -> tuple[Copies, ...]:
        """The copies whose scores it needs."""
        return ()

    def values(self, subject: Subject, scores: Mapping[Copies, Tensor], clean: Tensor) -> Tensor:
        """[M, T], or [M, 1] where it does not depend on the target. `scores` [count, T] of the copies, `clean` [T] of the image itself."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Curve(MapFigure):
    steps: int = 24  # equal numbers of pixels, one at least
    baseline: Baseline = 0.0  # what stands for a pixel that is not there
    _kept: ClassVar[bool]

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be 1 or more, got {self.steps}")

    @property
    def copies(self) -> tuple[Copies, ...]:
        return Exchanged(self.steps, self.baseline, self._kept), Hidden(self.baseline)

    def values(self, subject: Subject, scores: Mapping[Copies, Tensor], clean: Tensor) -> Tensor:
        exchanged, hidden = self.copies
        assert isinstance(exchanged, Exchanged)
        n_maps = len(subject.native)
        counts = exchanged.counts(subject.ranks.shape[1])
        between = scores[exchanged].reshape(n_maps, len(counts) - 2, len(clean))
        whole, nothing = (end.reshape(1, 1, -1).expand(n_maps, 1, -1) for end in (clean, scores[hidden]))
        curve = torch.cat([nothing, between, whole] if self._kept else [whole, between, nothing], 1)
        fractions = torch.tensor(counts, device=curve.device) / counts[-1]
        return torch.trapezoid(curve, fractions, dim=1)


@dataclass(frozen=True)
class Deletion(_Curve):
    """Area under p(x with the highest pixels hidden), from none to all of them (Petsiuk et al. 2018); 0..1, lower is better."""

    name: ClassVar[str] = "deletion"
    better: ClassVar[Better] = "lower"
    _kept: ClassVar[bool] = False


@dataclass(frozen=True)
class Insertion(_Curve):
    """Area under p(baseline with the highest pixels shown), from none to all of them (Petsiuk et al. 2018); 0..1, higher is better."""

    baseline: Baseline = "blur"

    name: ClassVar[str] = "insertion"
    better: ClassVar[Better] = "higher"
    _kept: ClassVar[bool] = True


@dataclass(frozen=True)
class _Shown(MapFigure):
    baseline: Baseline = 0.0  # what a map hides

    @property
    def copies(self) -> tuple[Copies, ...]:
        return (Veiled(self.baseline),)


@dataclass(frozen=True)
class AverageDrop(_Shown):
    """max(0, p(x) - p(M x)) / p(x), M the map in 0..1 (Chattopadhay et al. 2018); 0..1, lower is better."""

    name: ClassVar[str] = "average_drop"
    better: ClassVar[Better] = "lower"

    def values(self, subject: Subject, scores: Mapping[Copies, Tensor], clean: Tensor) -> Tensor:
        drop = (clean - scores[self.copies[0]]).clamp(min=0) / clean
        return torch.where(clean > 0, drop, torch.nan)


@dataclass(frozen=True)
class Increase(_Shown):
    """1 where p(M x) > p(x), else 0; M the map in 0..1 (Chattopadhay et al. 2018); higher is better."""

    name: ClassVar[str] = "increase"
    better: ClassVar[Better] = "higher"

    def values(self, subject: Subject, scores: Mapping[Copies, Tensor], clean: Tensor) -> Tensor:
        shown = scores[self.copies[0]]
        return torch.where(shown.isfinite() & clean.isfinite(), (shown > clean).float(), torch.nan)


@dataclass(frozen=True)
class ROAD(MapFigure):
    """Mean over percentiles of (p without the lowest pixels - p without the highest) / 2, where what is removed is filled in from its
    neighbours (Rong et al. 2022); -0.5..0.5, higher is better. Images [N, C, H, W] only.
    """

    percentiles: tuple[int, ...] = (
        10,
        20,
        30,
        40,
        50,
        60,
        70,
        80,
        90,
    )  # of the map's values: pixels from there on are removed
    noise: float = 0.01  # standard deviation added to what was filled in, in the model's input space

    name: ClassVar[str] = "road"
    better: ClassVar[Better] = "higher"

    def __post_init__(self) -> None:
        if not self.percentiles or not all(isinstance(p, int) and 0 < p < 100 for p in self.percentiles):
            raise ValueError(f"percentiles must be whole numbers from 1 to 99, got {self.percentiles}")

    @property
    def copies(self) -> tuple[Copies, ...]:
        return tuple(Imputed(self.percentiles, self.noise, lowest) for lowest in (True, False))

    def values(self, subject: Subject, scores: Mapping[Copies, Tensor], clean: Tensor) -> Tensor:
        without_lowest, without_highest = (scores[copies] for copies in self.copies)
        difference = (without_lowest - without_highest) / 2
        return difference.reshape(len(subject.native), len(self.percentiles), -1).mean(1)


@dataclass(frozen=True)
class Sparseness(MapFigure):
    """The Gini coefficient of |M| at the map's own resolution; 0 (all alike)..1 (one place). Says nothing about truth."""

    name: ClassVar[str] = "sparseness"
    better: ClassVar[Better] = "neither"

    def values(self, subject: Subject, scores: Mapping[Copies, Tensor], clean: Tensor) -> Tensor:
        return torch.stack([gini(one.flatten()) for one in subject.native])[:, None]


@dataclass(frozen=True)
class Pointing(MapFigure):
    """1 where the highest pixel lies in the object's mask, or within `tolerance` of it, else 0 (Zhang et al. 2018); higher is better."""

    tolerance: float = 15  # pixels; 15 is the authors', for photographs

    name: ClassVar[str] = "pointing"
    better: ClassVar[Better] = "higher"

    def values(self, subject: Subject, scores: Mapping[Copies, Tensor], clean: Tensor) -> Tensor:
        assert subject.masks is not None
        places = torch.stack(torch.meshgrid(*(torch.arange(extent) for extent in subject.size), indexing="ij"), -1)
        places = places.flatten(0, -2).float().to(subject.image.device)
        highest = places[subject.ranks.argmin(1)]
        columns = []
        for mask in subject.masks.flatten(1):
            if not mask.any():
                columns.append(highest.new_full((len(highest),), torch.nan))
                continue
            away = torch.stack([(places[mask] - place).square().sum(1).min() for place in highest])
            columns.append((away <= self.tolerance**2).float())
        return torch.stack(columns, 1)


@dataclass(frozen=True)
class EnergyInside(MapFigure):
    """The share of what is above 0 in the map that lies in the object's mask (Wang et al. 2020); 0..1, higher is better."""

    name: ClassVar[str] = "energy_inside"
    better: ClassVar[Better] = "higher"

    def values(self, subject: Subject, scores: Mapping[Copies, Tensor], clean: Tensor) -> Tensor:
        assert subject.masks is not None
        positive, masks = subject.maps.clamp(min=0).flatten(1), subject.masks.flatten(1)
        inside = positive @ masks.float().T / positive.sum(1, keepdim=True)
        return torch.where(masks.any(1), inside, torch.nan)
