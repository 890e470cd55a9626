"""A callback for Hugging Face's Trainer: its scalars and the explanations of a probe, in one run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tb_explain.probe import Probe
from tb_explain.writer import ExplainWriter

if TYPE_CHECKING:
    from tb_explain.methods import Method

try:
    from transformers import TrainerControl, TrainerState, TrainingArguments
    from transformers.integrations import TensorBoardCallback
except ImportError as error:
    raise ImportError("this callback needs transformers: pip install transformers") from error


class ExplainCallback(TensorBoardCallback):
    """Takes the place of TensorBoardCallback: logs what it logs, and explains before the first step and at multiples of `every` steps.

    Args:
        probe, methods, every, budget: as `ExplainWriter.explain` takes them, here by default every 100 steps within a share of 0.05; and so
            `options`: `targets`, `figures`. The probe's images are `pixel_values`, as the image processor makes them.
        writer: where to log; None: where TensorBoardCallback does.

    Rank 0 explains. Raises ValueError when training begins and `report_to` asks for a second event file in the same directory.
    """

    def __init__(
        self,
        probe: Probe,
        methods: Sequence[Method],
        *,
        every: int = 100,
        budget: float | None = 0.05,
        writer: ExplainWriter | None = None,
        **options: Any,
    ) -> None:
        super().__init__(writer)
        self._SummaryWriter = ExplainWriter
        self._arguments: dict[str, Any] = {"methods": methods, "every": every, "budget": budget, **options}
        self._probe = probe

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin to log."""
        if "tensorboard" in (args.report_to or ()):
            raise ValueError("ExplainCallback logs to TensorBoard itself; take “tensorboard” out of report_to")
        super().on_train_begin(args, state, control, **kwargs)
        self.on_step_end(args, state, control, **kwargs)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Explain if it is time."""
        if state.is_world_process_zero:
            self.tb_writer.explain(kwargs["model"], self._probe, state.global_step, **self._arguments)
