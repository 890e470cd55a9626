"""What a feedback network gives back of images: from every layer, from the verdict alone, and from single positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from tb_explain.methods.clusters import FilterSpaces
from tb_explain.methods.features import sites
from tb_explain.methods.feedback import FeedbackNetwork, ReconstructionErrors, ResponseField
from tb_explain.methods.layers import bare
from tb_explain.methods.method import SetMethod
from tb_explain.methods.results import Explained, Flag
from tb_explain.methods.targets import Targets


@dataclass(frozen=True, eq=False, kw_only=True)
class Reconstructed(Explained):
    """N images as a feedback network gives them back, in the model's input space."""

    reconstructions: dict[str, Tensor]
    """By layer, first to last, [N, C, *S]; "": from the class probabilities."""
    sums: dict[str, Tensor]
    """By layer float32 [N]: summed squared differences from the images."""
    through_centroids: tuple[str, Tensor] | None
    """A layer, and the images decoded from what the class probabilities give there, each position's vector replaced by the
    centroid of its cluster."""
    errors: ReconstructionErrors | None
    """The four errors, with the training samples that stand for the predicted classes."""
    sites: dict[str, tuple[int, ...]]
    """By layer: its positions along each axis; a layer of vectors has none."""
    fields: list[ResponseField]
    """What single positions stand for."""

    @property
    def figures(self) -> dict[str, Tensor]:
        """Float32 [N] by name: the four errors, or those that need no training samples; the smaller the better."""
        if self.errors is None:
            best = min((name for name in self.sums if name), key=lambda name: float(self.sums[name].mean()))
            return {NAMES[0]: self.sums[best], NAMES[3]: self.sums[""]}
        return dict(zip(NAMES, self.errors.sums.T, strict=True))


NAMES = (
    "input–reconstruction",
    "representative–class reconstruction",
    "reconstruction–class reconstruction",
    "input–class reconstruction",
)
"""Of the four errors E1 to E4."""


@dataclass(frozen=True)
class Reconstruction(SetMethod):
    """Reconstructions by a fitted `FeedbackNetwork`: what each layer still knows of an image, and what its class looks like.

    From layer l: D_1∘…∘D_l(h_l); from the class probabilities p: D_1∘…∘D_L(p). After FER-CNN (see `FeedbackNetwork`).
    """

    feedback: FeedbackNetwork = field(repr=False)
    data: Any = field(default=None, repr=False, compare=False)
    """Loader of training samples, of which some stand for the predicted classes; None: only the images themselves are looked at."""
    spaces: FilterSpaces | None = field(default=None, repr=False)
    """Clusters that `FilterClusters(feedback=...)` found, through whose centroids the class is reconstructed once more."""
    positions: Mapping[str, Sequence[Sequence[int]]] | None = None
    """By layer, those to show the response fields of; None: the middle one of each layer."""

    def explain_set(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor | None = None,
        targets: Targets = None,
        last: Sequence[Explained] | None = None,
    ) -> list[Reconstructed]:
        """Reconstruct images [N, C, *S] of the feedback network's own model. One result.

        Raises ValueError for another model, or for images of another size than the network was fitted to.
        """
        network = self.feedback
        if bare(model) is not network.model:
            raise ValueError(
                "the feedback network mirrors another model; make a FeedbackNetwork of this one, and fit it"
            )
        codes = network.codes(images)
        x = images.detach().to(codes.probabilities.device, torch.float32)
        found = {name: network.decode(name, code) for name, code in codes.forward.items()}
        found[""] = network.decode(None, codes.probabilities)
        sums = {name: (x - one).square().flatten(1).sum(1) for name, one in found.items()}
        finite = torch.stack(list(sums.values())).isfinite().all(0)
        sure = codes.probabilities.amax(1)
        return [
            Reconstructed(
                targets=codes.predicted,
                probabilities=sure,
                outputs=codes.probabilities.clamp(min=1e-30).log(),
                predicted=codes.predicted,
                predicted_probabilities=sure,
                flags=torch.where(finite, int(Flag.OK), int(Flag.NOT_FINITE)).to(torch.uint8),
                method=self,
                layer="",
                input_size=tuple(images.shape[2:]),
                reconstructions={name: one.nan_to_num(0.0, 0.0, 0.0) for name, one in found.items()},
                sums=sums,
                through_centroids=self._through_centroids(codes.feedback, x),
                errors=None if self.data is None else network.errors(images, self.data),
                sites={name: tuple(code.shape[2:]) for name, code in codes.forward.items()},
                fields=[
                    one
                    for name, at in self._positions(codes.forward).items()
                    for one in network.respond(images, name, at)
                ],
            )
        ]

    def _through_centroids(self, feedback: dict[str, Tensor], x: Tensor) -> tuple[str, Tensor] | None:
        if self.spaces is None:
            return None
        layers = [name for name in self.feedback.layers if (name, "feedback") in self.spaces.spaces]
        if not layers:
            raise ValueError(
                "the filter spaces have no feedback path; fit FilterClusters(feedback=...) of this network"
            )
        layer, code = layers[-1], feedback[layers[-1]]
        space = self.spaces.spaces[layer, "feedback"]
        grid = sites(layer, code, len(x), tuple(x.shape[2:]))
        nearest, _ = space.assign(grid)
        replaced = space.centroids.to(code)[nearest.flatten(1)]
        return layer, self.feedback.decode(layer, replaced.mT.reshape(code.shape))

    def _positions(self, forward: dict[str, Tensor]) -> Mapping[str, Sequence[Sequence[int]]]:
        if self.positions is not None:
            return self.positions
        grids = {name: tuple(code.shape[2:]) for name, code in forward.items() if code[0, 0].numel() > 1}
        return {name: [tuple(extent // 2 for extent in shape)] for name, shape in grids.items()}
