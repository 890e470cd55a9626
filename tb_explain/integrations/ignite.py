"""A handler for Ignite's TensorboardLogger: explains a probe whenever the event that it is attached to fires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from tb_explain.probe import Probe
from tb_explain.writer import ExplainWriter

if TYPE_CHECKING:
    from tb_explain.methods import Method

try:
    from ignite.engine import Engine, Events
    from ignite.handlers.tensorboard_logger import TensorboardLogger
except ImportError as error:
    raise ImportError("this handler needs Ignite: pip install pytorch-ignite") from error


class ExplainHandler:
    """For `logger.attach(trainer, ExplainHandler(model, probe, methods), Events.ITERATION_COMPLETED(every=100))`.

    Logs into the logger's own event file; steps are the engine's iterations.

    Args:
        model, probe, methods, budget: as `ExplainWriter.explain` takes them, here by default within a share of 0.05; and so `options`:
            `targets`, `figures`.

    Raises TypeError when the logger was made with tensorboardX, which Ignite prefers where it is installed.
    """

    def __init__(
        self, model: nn.Module, probe: Probe, methods: Sequence[Method], *, budget: float | None = 0.05, **options: Any
    ) -> None:
        self._model = model
        self._probe = probe
        self._arguments: dict[str, Any] = {"methods": methods, "budget": budget, **options}
        self._writer: ExplainWriter | None = None

    def __call__(self, engine: Engine, logger: TensorboardLogger, event_name: str | Events) -> None:
        """Explain, as far as the budget allows."""
        if self._writer is None:
            self._writer = ExplainWriter.onto(logger.writer)
            engine.add_event_handler(Events.COMPLETED, self._writer.flush)
        self._writer.explain(self._model, self._probe, engine.state.iteration, **self._arguments)
