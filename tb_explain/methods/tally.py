"""Counting what clusters are made of while a loader goes by."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tb_explain.methods.features import Reservoir
from tb_explain.methods.filter_space import SMOOTHING, FilterSpace, Patch, place_of, places_in, strangeness

if TYPE_CHECKING:
    from tb_explain.methods.receptive_fields import ReceptiveFields

_PICTURE = 64  # pixels of the longest side of a patch that is kept
_REFERENCES = 2_000  # images that say how strange a usual image is, fewer where they are large or of many classes


@dataclass(eq=False)
class Tally:
    """Counts what clusters are made of while a loader goes by, and keeps the patches nearest to each centroid."""

    space: FilterSpace
    """Without counts yet."""
    shape: tuple[int, ...]
    """Positions along each axis of the layer."""
    counts: NDArray[np.float64]
    most: int
    """Patches of a cluster to keep."""
    fields: ReceptiveFields | None
    references: Reservoir
    """Of some images: class, mean squared distance, and the cluster of each position."""
    _nearest: list[list[Patch]] = field(default_factory=list)

    @classmethod
    def of(
        cls, centroids: Tensor, classes: int, shape: tuple[int, ...], most: int, fields: ReceptiveFields | None
    ) -> Tally:
        """An empty one for a layer of positions in some shape."""
        k = len(centroids)
        places = places_in(shape, k, classes)
        counts = np.zeros((int(np.prod(places)), k, classes))
        positions = int(np.prod(shape))
        images = max(1, min(_REFERENCES, (1 << 22) // (positions + 2), (1 << 30) // (positions * classes)))
        space = FilterSpace(centroids, torch.empty(0), places)
        return cls(space, shape, counts, most, fields, Reservoir(images, 0), [[] for _ in range(k)])

    def add(self, features: Tensor, classes: Tensor, images: Tensor, labels: Sequence[int], first: int) -> None:
        """Features [n, C, *s] of images [n, C, *S] that came after `first` others; `classes` int64 [n] are counted, `labels` shown."""
        assigned, distances = self.space.assign(features)
        counts, shape = self.counts, self.shape
        place = place_of(shape, self.space.places)
        index = (place * counts.shape[1] + assigned.flatten(1).cpu()) * counts.shape[2] + classes.cpu()[:, None]
        counts += torch.bincount(index.flatten(), minlength=counts.size).reshape(counts.shape).numpy()
        far = distances.square().flatten(1).mean(1, keepdim=True)
        rows = torch.cat([classes.to(far)[:, None], far, assigned.flatten(1).to(far)], 1)
        self.references.add(rows[:, None], torch.zeros(len(rows), dtype=torch.long))
        if self.fields is None or not self.most:
            return
        # Of each image the position nearest to each centroid.
        n, k = len(features), self.space.k
        flat = torch.where(distances.isfinite(), distances, torch.inf).flatten(1)
        least = flat.new_full((n, k), torch.inf).scatter_reduce(1, assigned.flatten(1), flat, "amin")
        nearest, rows = least.topk(min(self.most, n), 0, largest=False)
        for j, (values, at) in enumerate(zip(nearest.T.tolist(), rows.T.tolist(), strict=True)):
            kept = self._nearest[j]
            for distance, row in zip(values, at, strict=True):
                if distance == float("inf") or (len(kept) == self.most and distance >= kept[-1].distance):
                    break
                mine = (assigned[row].flatten() == j) & (flat[row] == distance)
                position = tuple(int(i) for i in np.unravel_index(int(mine.nonzero()[0, 0]), shape))
                box = self.fields.box(position)
                window = (slice(None), *box)
                pixels = _small(images[row][window])
                kept.append(Patch(j, pixels, labels[row], distance, first + row, position, box))
                kept.sort(key=lambda patch: patch.distance)
                del kept[self.most :]

    def result(self, silhouettes: tuple[tuple[int, float], ...]) -> FilterSpace:
        """What was found."""
        patches = tuple(patch for kept in self._nearest for patch in kept)
        space = dataclasses.replace(
            self.space, counts=torch.from_numpy(self.counts), patches=patches, silhouettes=silhouettes
        )
        return dataclasses.replace(space, usual=self._usual(space))

    def _usual(self, space: FilterSpace) -> Tensor | None:
        """The strangeness of the images kept, each as if it had not been among those that were counted."""
        rows = torch.from_numpy(self.references.sample())
        if not len(rows):
            return None
        assigned = rows[:, 2:].long()
        place = place_of(self.shape, space.places)
        totals = space.counts.sum(1)
        likelihood = space.log_likelihood
        found = []
        for label, mine in zip(rows[:, 0].long().tolist(), assigned, strict=True):
            said = likelihood[place, mine].sum(0).double()
            here = place * space.k + mine
            own = here.bincount(minlength=totals.shape[0] * space.k)[here]
            all_own = place.bincount(minlength=totals.shape[0])[place]
            seen = space.counts[place, mine, label] - own + SMOOTHING
            said[label] = (seen / (totals[place, label] - all_own + SMOOTHING * space.k)).log().sum()
            found.append(said)
        far = rows[:, 1].double().sqrt()[:, None]
        return strangeness(far, torch.stack(found)).sort(1).values


def _small(pixels: Tensor) -> Tensor:
    scale = _PICTURE / max(pixels.shape[1:])
    if scale >= 1:
        return pixels.float().cpu().clone()
    size = [max(1, round(extent * scale)) for extent in pixels.shape[1:]]
    return torch.nn.functional.interpolate(pixels.float()[None], size, mode="area")[0].cpu()
