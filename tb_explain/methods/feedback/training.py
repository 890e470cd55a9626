"""Training a feedback network: the loss, epochs, early stop, and going on after an interruption."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss
from tqdm import tqdm

from tb_explain.methods.features import same_draws
from tb_explain.methods.feedback import checkpoints
from tb_explain.methods.feedback.results import History
from tb_explain.methods.layers import widened
from tb_explain.methods.loader import Loader, batches, check_loader, is_binary, length
from tb_explain.methods.network import Network

if TYPE_CHECKING:
    from tb_explain.methods.feedback.decoder import FeedbackNetwork

_log = logging.getLogger(__name__)

_NEAR_INPUT = 2.0  # a_1 and a_2; the others are 1
_LOCAL = 0.1
_KEPT = 0.5  # of the skips, in training


@dataclass(frozen=True)
class Plan:
    """How to train."""

    epochs: int
    learning_rate: float
    layerwise: bool
    patience: int | None

    def __post_init__(self) -> None:
        for name, value in (("epochs", self.epochs), ("patience", self.patience)):
            if value is not None and value < 1:
                raise ValueError(f"{name} must be 1 or more, got {value}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, along a half cosine."""
        return self.learning_rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2


def train(
    feedback: FeedbackNetwork, plan: Plan, loader: Loader, validation: Loader | None, checkpoint: Path | None
) -> None:
    """See `FeedbackNetwork.fit`."""
    check_loader(loader)
    if validation is not None:
        check_loader(validation, "validation")
    elif plan.patience is not None:
        raise ValueError("patience counts epochs without a smaller validation loss; give validation too")
    with (
        same_draws(loader),
        same_draws(validation),
        feedback._running(_first_finite(loader)) as (network, _),
    ):
        training = _Training(feedback, plan, network)
        if checkpoint is not None and checkpoint.exists():
            training.resume(checkpoint, loader)
        feedback.history = training.history
        training.run(loader, validation, checkpoint)


def _first_finite(loader: Loader) -> Tensor:
    images = None
    for images in batches(loader, torch.device("cpu")):
        if images.isfinite().all():
            break
    if images is None:
        raise ValueError("the loader gives no batches; give one that has images")
    return images


class _Training:
    def __init__(self, feedback: FeedbackNetwork, plan: Plan, network: Network) -> None:
        self.feedback = feedback
        self.plan = plan
        self.network = network
        self.history = History()
        self.optimizer = torch.optim.Adam(feedback.parameters(), plan.learning_rate)
        self.best: dict[str, Any] | None = None  # the state with the smallest validation loss
        self.settings = {**asdict(plan), "seed": feedback.seed}

    def run(self, loader: Loader, validation: Loader | None, checkpoint: Path | None) -> None:
        done = len(self.history.losses)
        per_epoch = length(loader)
        total = None if per_epoch is None else per_epoch * self.plan.epochs
        # The bar shows only for work long enough to wait for, and only on a terminal.
        with tqdm(
            total=total,
            initial=done * (per_epoch or 0),
            desc="feedback network",
            unit="batch",
            leave=False,
            delay=2,
            disable=None,
        ) as bar:
            for epoch in range(done, self.plan.epochs):
                if self.history.stopped_early:
                    break
                self._epoch(epoch, loader, bar)
                if validation is not None:
                    self._validate(validation)
                if checkpoint is not None:
                    checkpoints.save(checkpoint, self._state(loader))
        if self.best is not None:
            self.feedback.load_state_dict(self.best)

    def _epoch(self, epoch: int, loader: Loader, bar: tqdm[Any]) -> None:
        # Of the epoch's number alone, so that one resumed is the same.
        torch.default_generator.manual_seed(self.feedback.seed * 1_000_003 + epoch)
        generator = torch.Generator().manual_seed(self.feedback.seed * 1_000_003 + epoch)
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.rate(epoch)
        total, counted, skipped = 0.0, 0, 0
        for images in self._images(loader):
            loss = self._loss(images, generator)
            value = float(loss.detach())
            if math.isfinite(value):
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
                total, counted = total + value, counted + 1
            else:
                skipped += 1
            bar.update()
            bar.set_postfix(loss=f"{total / max(counted, 1):.4g}", refresh=False)
        if not counted:
            raise ValueError(
                f"none of the {skipped} batches of epoch {epoch} had a loss that is a number: the images or the model's codes hold "
                f"NaN or infinity, or learning_rate {self.plan.learning_rate} is too large"
            )
        if skipped:
            _log.warning("%d of %d batches were left out: their loss was no number", skipped, skipped + counted)
        self.history.losses.append(total / counted)
        self.history.skipped.append(skipped)

    def _validate(self, validation: Loader) -> None:
        with torch.no_grad():
            values = [float(self._loss(images, None)) for images in self._images(validation)]
        finite = [value for value in values if math.isfinite(value)]
        history = self.history
        history.validation.append(sum(finite) / len(finite) if finite else math.inf)
        if self.plan.patience is None:
            return
        if history.best_epoch == len(history.validation) - 1:
            self.best = {
                name: value.detach().clone() if isinstance(value, Tensor) else value
                for name, value in self.feedback.state_dict().items()
            }
        history.stopped_early = len(history.validation) - 1 - history.best_epoch >= self.plan.patience

    def _images(self, loader: Loader) -> Iterator[Tensor]:
        for images in batches(loader, self.network.device):
            self.feedback._ready(self.network, images)
            if self.feedback.binary and not is_binary(images) and images.isfinite().all() and images.any():
                raise ValueError("the first images held only 0 and 1, and now there are others; scale all images alike")
            yield images

    def _loss(self, images: Tensor, generator: torch.Generator | None) -> Tensor:
        """The loss of a batch; with a generator, that of training, of which a random half of the skips is withheld."""
        codes = [images, *self.feedback._read(self.network, images)]
        with torch.autocast(images.device.type, enabled=False):
            if self.plan.layerwise:
                return self._alone(codes)
            return self._end_to_end(codes, generator)

    def _alone(self, codes: list[Tensor]) -> Tensor:
        """Σ_l of each D_l by itself: it does not see what others make, so that one sum trains all."""
        loss = self._reconstruction(self.feedback.stages[0](codes[1]), codes[0])
        for stage, code, before in zip(self.feedback.stages[1:], codes[2:], codes[1:], strict=False):
            loss = loss + _relative(stage(code), before)
        return loss

    def _end_to_end(self, codes: list[Tensor], generator: torch.Generator | None) -> Tensor:
        """All codes on their way down together: D_l runs once, on what comes from above and the layer's own code."""
        n, depth = len(codes[0]), len(codes) - 1
        local = codes[0].new_zeros(())
        kept = None
        if self.feedback.skips and generator is not None:
            kept = (torch.rand(depth * n, device="cpu", generator=generator) < _KEPT).to(codes[0].device)
        above: list[Tensor] = []  # the class first, then from deep to shallow
        for stage, code, before in reversed(list(zip(self.feedback.stages, codes[1:], codes, strict=False))):
            values = torch.cat([*above, code])
            plain = stage(values)
            above = [plain]
            if before is codes[0]:
                break
            local = local + _relative(plain[-n:], before)
            if self.feedback.skips:
                skipped = stage(values, before.repeat(len(values) // n, *(1,) * (before.ndim - 1)))
                # Never on the class path, whose rows are the first.
                shown = torch.arange(len(values), device=values.device) >= n
                if kept is not None:
                    shown &= kept[: len(values)]
                above = [torch.where(widened(shown, plain.ndim), skipped, plain)]
        paths = above[0].reshape(depth, *codes[0].shape).flip(0)  # from shallow to deep
        weights = [_NEAR_INPUT] * 2 + [1.0] * depth
        terms = [a * self._reconstruction(values, codes[0]) for a, values in zip(weights, paths, strict=False)]
        return torch.stack(terms).sum() + _LOCAL * local

    def _reconstruction(self, values: Tensor, images: Tensor) -> Tensor:
        if self.feedback.binary:
            return binary_cross_entropy_with_logits(values, images)
        return mse_loss(values, images)

    def _state(self, loader: Loader) -> dict[str, Any]:
        generator = getattr(loader, "generator", None)
        return {
            "settings": self.settings,
            "classifier": self._fingerprint(),
            "decoder": self.feedback.state_dict(),
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "history": asdict(self.history),
            "loader": generator.get_state() if isinstance(generator, torch.Generator) else None,
        }

    def resume(self, checkpoint: Path, loader: Loader) -> None:
        """Take up a fit where its checkpoint was written."""
        state = checkpoints.load(checkpoint, self.feedback, self.settings, self._fingerprint())
        self.feedback.load_state_dict(state["decoder"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best = state["best"]
        self.history = History(**state["history"])
        generator = getattr(loader, "generator", None)
        if isinstance(generator, torch.Generator) and state["loader"] is not None:
            generator.set_state(state["loader"].cpu())

    def _fingerprint(self) -> list[float]:
        """Mean magnitudes of the classifier's codes for some noise."""
        noise = torch.randn(
            2, *(self.feedback.input_shape or ()), device="cpu", generator=torch.Generator().manual_seed(0)
        )
        return [float(code.abs().mean()) for code in self.feedback._read(self.network, noise.to(self.network.device))]


def _relative(values: Tensor, truth: Tensor) -> Tensor:
    """Mean squared error over the truth's mean square."""
    return mse_loss(values, truth) / truth.square().mean().clamp(min=1e-12)
