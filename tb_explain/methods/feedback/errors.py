"""The four reconstruction errors, and training samples that stand for predicted classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from tqdm import tqdm

from tb_explain.methods.features import same_draws
from tb_explain.methods.feedback.results import Codes, ReconstructionErrors
from tb_explain.methods.loader import Loader, batches, check_loader, length

if TYPE_CHECKING:
    from tb_explain.methods.feedback.decoder import FeedbackNetwork


def reconstruction_errors(
    feedback: FeedbackNetwork, images: Tensor, loader: Loader, layer: str | None, validation: Loader | None
) -> ReconstructionErrors:
    """See `FeedbackNetwork.errors`."""
    check_loader(loader)
    if validation is not None:
        check_loader(validation, "validation")
    codes = feedback.codes(images)
    if layer is not None:
        feedback._depth(layer)
    images = images.detach().to(codes.probabilities.device, torch.float32)
    nearest = _Nearest(codes, images, feedback.layers[-1])
    choice = _Choice(feedback)
    with same_draws(loader):
        for some in _watched(loader, images.device):
            found = feedback.codes(some)
            nearest.see(found, some)
            if layer is None and validation is None:
                choice.see(found, some)
    if layer is None and validation is not None:
        with same_draws(validation):
            for some in _watched(validation, images.device):
                choice.see(feedback.codes(some), some)
    if not nearest.n_seen:
        raise ValueError("the loader gives no batches; give one of training samples")
    chosen = layer or choice.best
    x = images
    x_again = feedback.decode(chosen, codes.forward[chosen])
    y, y_again = nearest.images, feedback.decode(None, nearest.probabilities)
    differences = [x - x_again, y - y_again, x_again - y_again, x - y_again]
    sums = torch.stack([difference.square().flatten(1).sum(1) for difference in differences], 1)
    return ReconstructionErrors(
        layer=chosen,
        layer_errors=choice.errors if layer is None else {},
        predicted=codes.predicted,
        sums=sums,
        means=sums / x[0].numel(),
        reconstructions=x_again,
        representatives=y,
        representative_indices=nearest.indices,
        class_reconstructions=y_again,
    )


def _watched(loader: Loader, device: torch.device) -> tqdm[Tensor]:
    # The bar shows only for work long enough to wait for, and only on a terminal.
    return tqdm(
        batches(loader, device),
        total=length(loader),
        desc="training samples",
        unit="batch",
        leave=False,
        delay=2,
        disable=None,
    )


class _Nearest:
    """Of each image, the sample seen so far that is predicted as the same class and nearest in its last feedback code."""

    def __init__(self, codes: Codes, images: Tensor, layer: str) -> None:
        self._layer = layer
        self._predicted = codes.predicted
        self._codes = codes.feedback[layer].flatten(1)
        self._distances = self._codes.new_full((len(images),), torch.inf)
        self.images = torch.full_like(images, torch.nan)
        self.probabilities = torch.full_like(codes.probabilities, torch.nan)
        self.indices = torch.full_like(codes.predicted, -1)
        self.n_seen = 0

    def see(self, codes: Codes, samples: Tensor) -> None:
        theirs = codes.feedback[self._layer].flatten(1)
        # By multiplying matrices near neighbours would be told apart less well.
        distances = torch.cdist(self._codes, theirs, compute_mode="donot_use_mm_for_euclid_dist")
        distances[(self._predicted[:, None] != codes.predicted) | distances.isnan()] = torch.inf
        least, which = distances.min(1)
        closer = least < self._distances
        which = which[closer]
        self._distances[closer] = least[closer]
        self.images[closer] = samples[which]
        self.probabilities[closer] = codes.probabilities[which]
        self.indices[closer] = self.n_seen + which
        self.n_seen += len(samples)


class _Choice:
    """The layer from whose codes samples are reconstructed best."""

    def __init__(self, feedback: FeedbackNetwork) -> None:
        self._feedback = feedback
        self._sums = dict.fromkeys(feedback.layers, 0.0)
        self._n = 0

    def see(self, codes: Codes, samples: Tensor) -> None:
        finite = samples.isfinite().flatten(1).all(1)
        for layer, code in codes.forward.items():
            squared = (self._feedback.decode(layer, code) - samples).square().flatten(1).sum(1)
            self._sums[layer] += float(squared[finite].double().sum())
        self._n += int(finite.sum())

    @property
    def errors(self) -> dict[str, float]:
        """Mean summed squared error a layer."""
        return {layer: total / max(self._n, 1) for layer, total in self._sums.items()}

    @property
    def best(self) -> str:
        return min(self._sums, key=self._sums.__getitem__)
