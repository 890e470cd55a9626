"""What a network makes of a whole set of images, as points: which images it finds alike, and how that changes while it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from tb_explain.methods.collect import Features, Pool, collect_features, read_features
from tb_explain.methods.layers import Layers
from tb_explain.methods.method import SetMethod
from tb_explain.methods.targets import Targets, outputs_of
from tb_explain.projections.reducers import UMAP, Reducer

if TYPE_CHECKING:
    from tb_explain.methods.results import Explained
    from tb_explain.probe import Probe


@dataclass(frozen=True)
class Projection(SetMethod):
    """Features of a layer, one vector an image, in two or three dimensions: images lie together that the layer finds alike.

    `writer.explain` logs one projection a layer, `<probe>/projection/<layer>`; reducing (UMAP; McInnes et al. 2018) happens in a process
    of its own, so that it delays no training. Called as other methods are, it gives the features.
    """

    layer: Layers = None
    """Dotted names or modules, or `<name>.input` for what one is given; None: the input of the last Linear."""
    data: Any = field(default=None, repr=False, compare=False)
    """Loader of batches (images, labels), gone through once; None: the explained images themselves."""
    reducer: Reducer = field(default_factory=UMAP)
    """`UMAP()`, `PCA()` or `TSNE()`."""
    pool: Pool = "mean"
    """What becomes of a layer's positions: their mean, their maximum, or all of them ("flatten")."""
    dtype: Literal["float32", "float16"] = "float32"
    max_rows: int | None = 5000
    """How many images to take, equally many of each class and the same at every step; None: all."""
    seed: int = 0
    """Which images these are."""

    def explain_set(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor | None = None,
        targets: Targets = None,
        last: Sequence[Explained] | None = None,
    ) -> list[Features]:
        """The features of the method's data, or of the images themselves: one result a layer."""
        found = collect_features(
            model, _batches(images, labels) if self.data is None else self.data, self.layer, **self._how(targets)
        )
        return found if isinstance(found, list) else [found]

    def of_probe(
        self, model: nn.Module, probe: Probe, targets: Targets = None, last: Sequence[Explained] | None = None
    ) -> list[Features]:
        """The same with pictures, and so ids, as the probe shows its images."""
        if self.data is not None:
            return read_features(
                model, self.data, self.layer, lambda images, _: probe.shown(images), **self._how(targets)
            )
        return read_features(
            model,
            _batches(probe.images, None if probe.labels is None else torch.from_numpy(probe.labels)),
            self.layer,
            lambda images, first: probe.pictures[first : first + len(images)],
            **self._how(targets),
        )

    def _how(self, targets: Targets) -> dict[str, Any]:
        return {
            "pool": self.pool,
            "dtype": self.dtype,
            "max_rows": self.max_rows,
            "targets": outputs_of(targets),
            "thumbnail": 32,
            "seed": self.seed,
        }


def _batches(images: Tensor, labels: Tensor | None) -> list[Any]:
    parts = [slice(start, start + 16) for start in range(0, len(images), 16)]
    return [images[part] if labels is None else (images[part], labels[part]) for part in parts]
