"""When SummaryWriter's event file cannot be written: what we log there stops nobody, and it goes on once the disk takes it again."""

from __future__ import annotations

import functools
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_log = logging.getLogger("tb_explain")

_WRITER = "tensorboard.summary.writer.event_file_writer"
_LOCKED = ("write", "flush", "close")  # what takes the lock of an event file

_PAUSE = 10.0  # seconds between two attempts, of which each leaves a file


def name_shortcomings(log_dir: str) -> None:
    """Say so where event files come to nothing: without TensorFlow TensorBoard appends to them, which Google's driver answers by
    writing them anew.
    """
    if log_dir.startswith(("gs://", "gcs://")):
        from tensorboard.compat import tf

        if getattr(tf, "__version__", "") == "stub":
            _say(
                f"the event file in {log_dir} keeps only what is logged last: TensorBoard cannot append to gs:// without TensorFlow; "
                "explanations are not affected"
            )


@contextmanager
def tolerated() -> Iterator[None]:
    """Around what writes summaries of our own: that the event file does not take them is said once."""
    try:
        yield
    except Exception as error:
        _say(f"the event file cannot be written: {error}")


@functools.lru_cache(maxsize=100)
def _say(message: str) -> None:
    _log.warning("%s", message)


def is_interrupted() -> bool:
    """Whether this is a signal handler that came while its thread was writing to an event file, whose lock would wait for itself."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name in _LOCKED and frame.f_globals.get("__name__") == _WRITER:
            return True
        frame = frame.f_back
    return False


def revive(file_writer: Any, *as_made: Any) -> None:
    """Give a FileWriter whose thread has ended with an error, after which it would raise this for ever, another event file.

    `as_made` are EventFileWriter's arguments behind the directory. Raises what that raises, such as OSError while the disk is full.
    """
    thread = getattr(getattr(file_writer.event_writer, "_async_writer", None), "_worker", None)
    error = getattr(thread, "exception", None)
    if error is None or time.monotonic() < getattr(file_writer, "revived", 0.0) + _PAUSE:
        return
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    file_writer.revived = time.monotonic()
    file_writer.event_writer = EventFileWriter(file_writer.get_logdir(), *as_made)
    _say(f"summaries go on in another event file in {file_writer.get_logdir()}; the last ones are lost: {error}")
