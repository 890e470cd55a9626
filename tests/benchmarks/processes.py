"""Other processes: their CPU time, and a TensorBoard of one's own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def browser_cpu() -> float:
    """CPU seconds of all processes of the browser that this one started."""
    return sum(cpu_seconds(child) for child in psutil.Process().children(recursive=True) if "chrom" in child.name())


@contextmanager
def tensorboard(logdir: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A TensorBoard that begins to answer."""
    with tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "tensorboard.main", "--port=0", "--logdir", str(logdir)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            address = None
            while address is None:
                time.sleep(0.1)
                log.seek(0)
                address = re.search(r"at (http://\S+)", log.read().decode(errors="replace"))
                log.seek(0, 2)
            yield address[1].rstrip("/"), psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(30)
