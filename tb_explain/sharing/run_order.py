"""The order in which TensorBoard learns of runs: it gives them their colours by it."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping

from tb_explain.records import LOCAL, Files


def run_order(files: Files, logdir: str, directories: Mapping[str, str]) -> list[str]:
    """TensorBoard's runs by when they began: those with explanations, and of a directory the others, too."""
    all_of = dict(directories)
    if files is LOCAL:
        for directory, _, names in os.walk(logdir):
            if any("tfevents" in name for name in names):
                all_of.setdefault(os.path.relpath(directory, logdir), directory)
    began = {name: _began(files, directory) for name, directory in all_of.items()}
    return sorted(began, key=lambda name: (began[name], name))


def _began(files: Files, directory: str) -> float:
    """The time of the first event of a run: infinite if it has none."""
    try:
        events = sorted(name for name in files.sizes(directory) if "tfevents" in name)
        # A frame's length and its checksum, then the first field of an Event: its time.
        head = files.read(os.path.join(directory, events[0]), 12, 9) if events else b""
    except OSError:
        return math.inf
    return float(struct.unpack("<d", head[1:])[0]) if len(head) == 9 and head[0] == 0x09 else math.inf
