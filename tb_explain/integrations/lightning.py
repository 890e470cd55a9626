"""A callback for Lightning: explains a probe while `Trainer.fit` runs, into the run of its TensorBoardLogger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch.utils.tensorboard import SummaryWriter

from tb_explain.probe import Probe
from tb_explain.writer import ExplainWriter

if TYPE_CHECKING:
    from tb_explain.methods import Method

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as error:
    raise ImportError("this callback needs Lightning: pip install lightning") from error


class ExplainCallback(Callback):
    """Explains before the first step of training, then whenever a multiple of `every` steps is reached; on rank 0.

    Logs into the event file of the trainer's TensorBoardLogger. Raises ValueError when fitting begins without one. Does nothing in a
    trainer's `fast_dev_run`, which logs nowhere.

    Args:
        probe, methods, every, budget: as `ExplainWriter.explain` takes them, here by default every 100 steps within a share of 0.05; and so
            `options`: `targets`, `figures`. Layers are those of the LightningModule, such as `"model.layer4"`.
    """

    def __init__(
        self, probe: Probe, methods: Sequence[Method], *, every: int = 100, budget: float | None = 0.05, **options: Any
    ) -> None:
        self._probe = probe
        self._arguments: dict[str, Any] = {"methods": methods, "every": every, "budget": budget, **options}
        self._writer: ExplainWriter | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin to log."""
        if trainer.is_global_zero and not trainer.fast_dev_run:
            found = [logger.experiment for logger in trainer.loggers if isinstance(logger.experiment, SummaryWriter)]
            if not found:
                raise ValueError("ExplainCallback found no TensorBoardLogger; give one to Trainer(logger=…)")
            self._writer = ExplainWriter.onto(found[0])
            self.on_train_batch_end(trainer, pl_module)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Explain if it is time."""
        if self._writer is not None:
            self._writer.explain(pl_module, self._probe, trainer.global_step, **self._arguments)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Finish writing, also after an exception."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
