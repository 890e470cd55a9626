"""The one small summary a tag that makes TensorBoard list the run and the tab."""

from __future__ import annotations

import os
from typing import Any

from tb_explain.event_file import tolerated

PLUGIN_NAME = "tb_explain"


class Marks:
    """Writes one for each tag, through SummaryWriter's own file; in a forked child, and without a file, none."""

    def __init__(self, file_writer: Any) -> None:
        self._file_writer = file_writer
        self._pid = os.getpid()
        self._written: set[str] = set()

    def write(self, tag: str, step: int, wall_time: float) -> None:
        """Write a tag's, once. Raises nothing: what it marks is on its way."""
        if self._file_writer is None or tag in self._written or os.getpid() != self._pid:
            return
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
        with tolerated():
            self._file_writer.add_summary(summary, step, wall_time)
            self._file_writer.flush()
            self._written.add(tag)
