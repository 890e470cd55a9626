"""CPU time of other processes."""

from __future__ import annotations

import psutil


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def browser_cpu() -> float:
    """CPU seconds of all processes of the browser that this one started."""
    return sum(cpu_seconds(child) for child in psutil.Process().children(recursive=True) if "chrom" in child.name())
