"""ExplainWriter: torch's SummaryWriter plus the verbs that log explanations."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import os
import time
import traceback
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import ArrayLike

from tb_explain import heatmaps
from tb_explain.probe import Pictures, Probe, as_labels, as_pixels
from tb_explain.records import Recorder
from tb_explain.records import explain_pb2 as pb
from tb_explain.schedule import Schedule

try:
    import torch
    from torch.utils.tensorboard import SummaryWriter
except ImportError as error:
    raise ImportError('logging explanations needs PyTorch: pip install "tb-explain[train]"') from error

if TYPE_CHECKING:
    from tb_explain.methods import Explained, Method, Targets

_log = logging.getLogger("tb_explain")

PLUGIN_NAME = "tb_explain"

_LONGEST_DECLARATION = 1 << 19  # bytes; a reader takes an entry of more than 1 MiB for damage


class ExplainWriter(SummaryWriter):
    """A SummaryWriter that also logs explanations; every `add_*` of SummaryWriter works as before.

    Encoding and writing happen on a background thread. Leaving a `with` block, `close`, and the interpreter's exit (an
    exception in the loop included) write everything that was accepted; what `flush` returned for survives a kill. In a forked
    child explanations are logged as in its parent, but no summaries, as with SummaryWriter: their thread did not come along.

    Args:
        log_dir, comment, purge_step, max_queue, flush_secs, filename_suffix: as SummaryWriter's. `purge_step` hides earlier
            explanations from that step on, too.
        strict: raise what fails in `explain` instead of logging, counting and showing it.
        when_full: what a verb does when the queue is full: "block" waits, "drop" discards and counts.
        queue_bytes: size of the queue.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
        *,
        strict: bool = False,
        when_full: Literal["block", "drop"] = "block",
        queue_bytes: int = 256 << 20,
    ) -> None:
        super().__init__(
            None if log_dir is None else os.fspath(log_dir), comment, purge_step, max_queue, flush_secs, filename_suffix
        )
        self._strict = strict
        self._recorder = Recorder(self.log_dir, queue_bytes=queue_bytes, when_full=when_full, purge_step=purge_step)
        self._pid = os.getpid()
        self._marked: set[str] = set()
        self._schedules: dict[str, Schedule] = {}
        # Runs at interpreter exit, and when the writer is collected without having been closed.
        self._finalizer = weakref.finalize(self, _finish, self._recorder, self._get_file_writer(), self._pid)  # type: ignore[no-untyped-call]

    @property
    def failed(self) -> int:
        """How many explanations could not be made or written so far."""
        return self._recorder.failed

    @property
    def dropped(self) -> int:
        """How many explanations were discarded because the queue was full."""
        return self._recorder.dropped

    def explain(
        self,
        model: torch.nn.Module,
        probe: Probe,
        step: int,
        methods: Sequence[Method],
        *,
        targets: Targets = None,
        every: int = 1,
        budget: float | None = None,
        walltime: float | None = None,
    ) -> list[Explained]:
        """Explain the probe's images and log the maps under `<probe>/<method>/<layer>`; leaves the model and its training as they were.

        Args:
            methods: for example `[GradCAM(), LayerCAM("layer3")]`; all come from one forward pass.
            targets: what to explain, see `tb_explain.methods.Targets`; None: the predicted class of each image.
            every: explain at the first call, then whenever a multiple of `every` steps is reached or passed.
            budget: share of the loop's time (0 to 1) that explaining may take; calls beyond it are skipped.

        Returns the attributions, or an empty list when nothing was due or something failed. A failure is logged, counted in
        `failed` and shown in the page; it raises only with `strict=True`.
        """
        at = 0  # what a step that is none is shown as
        try:
            step = at = _as_step(step)
            _check_schedule(every, budget)
            schedule = self._schedules.setdefault(f"{probe.name} {methods!r}", Schedule())
            if not schedule.due(step, every, budget):
                return []
            started = time.perf_counter()
            try:
                return self._explain(model, probe, step, methods, targets, walltime)
            finally:
                schedule.done(step, time.perf_counter() - started)
        except Exception as error:
            if self._strict:
                raise
            tag = getattr(probe, "name", "explain")
            _log.error("%s could not be explained at step %s: %s", tag, step, error, exc_info=True)
            self._recorder.fail(tag, at, f"{type(error).__name__}: {error}", traceback.format_exc())
            return []

    def add_heatmaps(
        self,
        tag: str,
        maps: ArrayLike | torch.Tensor,
        images: Probe | ArrayLike | torch.Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        dataformats: str = "NCHW",
        targets: ArrayLike | torch.Tensor | None = None,
        probabilities: ArrayLike | torch.Tensor | None = None,
        labels: ArrayLike | torch.Tensor | None = None,
        predicted: ArrayLike | torch.Tensor | None = None,
        predicted_probabilities: ArrayLike | torch.Tensor | None = None,
        class_names: Sequence[str] | None = None,
        sample_names: Sequence[str] | None = None,
        signed: bool | None = None,
        exact: bool = False,
        method: str = "",
        layer: str = "",
        description: str = "",
    ) -> None:
        """Log attribution maps from anywhere: numpy or torch, of this library, captum, pytorch-grad-cam or your own.

        Args:
            maps: floats [N, h, w], or [N, T, h, w] for T targets a sample, at any resolution; they cover the whole image.
            images: what to show below them: a Probe, or uint8 (0..255) or float (0..1) pixels as `dataformats` says.
            targets: classes that the maps explain, [N] or [N, T]; one number for all; -1: none.
            probabilities: of the targets, the same shape as `targets`.
            labels, predicted: true and predicted class, [N]; `predicted_probabilities` of the latter, [N].
            signed: whether negative values speak against the target; None: whether there are any.
            exact: store float16 instead of 256 levels a map.
            method, layer, description: shown with the maps.

        Raises ValueError when the shapes do not agree. Values that are not finite are stored as 0 and marked.
        """
        values = heatmaps.as_maps(maps)
        n, t = values.shape[:2]
        pictures: Pictures | None
        if isinstance(images, Probe):
            pictures = images.pictures
            labels = images.labels if labels is None else labels
            class_names = images.class_names if class_names is None else class_names
            sample_names = images.sample_names if sample_names is None else sample_names
        else:
            pictures = None if images is None else Pictures(as_pixels(images, dataformats))
        values, flags = heatmaps.finite(values)
        self._log_heatmaps(
            heatmaps.Heatmaps(
                maps=values,
                pictures=pictures,
                labels=None if labels is None else as_labels("labels", labels, n),
                predicted=None if predicted is None else as_labels("predicted", predicted, n),
                predicted_probabilities=heatmaps.as_numbers("predicted_probabilities", predicted_probabilities, (n,)),
                targets=heatmaps.as_targets(targets, n, t),
                probabilities=heatmaps.as_numbers("probabilities", probabilities, (n, t)),
                flags=flags,
                class_names=None if class_names is None else [str(name) for name in class_names],
                sample_names=None if sample_names is None else [str(name) for name in sample_names],
                signed=bool((values < 0).any()) if signed is None else signed,
                class_dependent=True,
                exact=exact,
            ),
            pb.Series(kind=pb.HEATMAPS, tag=tag, method=method, layer=layer, description=description),
            0 if global_step is None else _as_step(global_step),
            walltime,
        )

    def flush(self) -> None:
        """Write everything accepted so far, explanations and summaries."""
        self._recorder.flush()
        if os.getpid() == self._pid:
            super().flush()

    def close(self) -> None:
        """Flush, then close all files. Harmless when repeated."""
        self._finalizer()
        if os.getpid() == self._pid:
            super().close()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()

    def _explain(
        self,
        model: torch.nn.Module,
        probe: Probe,
        step: int,
        methods: Sequence[Method],
        targets: Targets,
        walltime: float | None,
    ) -> list[Explained]:
        from tb_explain.methods import attribute

        found = attribute(model, probe.images, methods, targets)
        for attribution in found:
            name = type(attribution.method).__name__
            parameters = {f.name: getattr(attribution.method, f.name) for f in dataclasses.fields(attribution.method)}
            parameters["layer"] = attribution.layer
            declaration = pb.Series(
                kind=pb.HEATMAPS,
                tag=f"{probe.name}/{name.lower()}/{attribution.layer}",
                method=name,
                layer=attribution.layer,
                parameters=json.dumps(parameters, default=repr),
                description=(type(attribution.method).__doc__ or "").strip().partition("\n")[0],
            )
            self._log_heatmaps(heatmaps.of_attribution(attribution, probe), declaration, step, walltime)
        return found

    def _log_heatmaps(
        self, logged: heatmaps.Heatmaps, declaration: pb.Series, step: int, walltime: float | None
    ) -> None:
        heatmaps.check(logged)
        if declaration.ByteSize() > _LONGEST_DECLARATION:
            raise ValueError(f"tag, description and parameters of {declaration.tag[:40]!r} exceed 512 KiB together")
        wall_time = time.time() if walltime is None else walltime
        if not math.isfinite(wall_time):
            raise ValueError(f"walltime must be seconds since 1970, got {walltime}")
        accepted = self._recorder.put(
            declaration.tag,
            step,
            logged.nbytes,
            lambda segment: heatmaps.records(segment, logged, declaration, step, wall_time),
        )
        if accepted and declaration.tag not in self._marked and os.getpid() == self._pid:
            self._marked.add(declaration.tag)
            self._mark(declaration.tag, step, wall_time)

    def _mark(self, tag: str, step: int, wall_time: float) -> None:
        """Write the one small summary that makes TensorBoard list the run and the tab, through SummaryWriter's own file."""
        from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR, Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
        from tensorboard.compat.proto.types_pb2 import DT_FLOAT

        metadata = SummaryMetadata(
            plugin_data=SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME, content=b'{"version":1}'),
            data_class=DATA_CLASS_TENSOR,
        )
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        tensor = TensorProto(dtype=DT_FLOAT, float_val=[0.0], tensor_shape=shape)
        summary = Summary(value=[Summary.Value(tag=tag, metadata=metadata, tensor=tensor)])
        writer = self._get_file_writer()  # type: ignore[no-untyped-call]
        writer.add_summary(summary, step, wall_time)
        writer.flush()


def _finish(recorder: Recorder, file_writer: Any, pid: int) -> None:
    recorder.close()
    if os.getpid() == pid:
        file_writer.flush()


def _as_step(step: Any) -> int:
    value = int(step)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"the step must fit 64 bits, got {value}")
    return value


def _check_schedule(every: int, budget: float | None) -> None:
    if every < 1:
        raise ValueError(f"every must be at least 1 step, got {every}")
    if budget is not None and not 0 < budget <= 1:
        raise ValueError(f"budget must be a share of the loop's time above 0 and at most 1, got {budget}")
