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


def cpu_of_all(process: psutil.Process) -> float:
    """CPU seconds of a process and of those that it started: TensorBoard's data server is one of its own."""
    return cpu_seconds(process) + sum(cpu_seconds(child) for child in process.children(recursive=True))


def browser_cpu() -> float:
    """CPU seconds of all processes of the browser that this one started."""
    return sum(cpu_seconds(child) for child in psutil.Process().children(recursive=True) if "chrom" in child.name())


# TensorBoard with those of the installed plugins of which `kept` is true.
TENSORBOARD = """
from tensorboard import default, main
installed = default._iter_entry_points
default._iter_entry_points = lambda group: [found for found in installed(group) if {kept}]
{more}
main.run_main()
"""

# Another plugin, which answers with as many bytes of a file as it is asked for: what any answer costs at least.
FLOOR = """
from tensorboard.plugins.base_plugin import TBPlugin
from werkzeug import Request, Response
class Floor(TBPlugin):
    plugin_name = "floor"
    def is_active(self):
        return False
    def get_plugin_apps(self):
        return {"/file": self.file}
    @Request.application
    def file(request):
        with open("/dev/zero", "rb") as file:
            return Response(file.read(int(request.args["bytes"])), content_type="application/octet-stream", headers={"X-Content-Type-Options": "nosniff"})
    file = staticmethod(file)
dynamic = default.get_dynamic_plugins
default.get_dynamic_plugins = lambda: [*dynamic(), Floor]
"""


@contextmanager
def tensorboard(
    logdir: Path, *arguments: str, plugin: bool = True, more: str = ""
) -> Iterator[tuple[str, psutil.Process]]:
    """A TensorBoard that begins to answer, with the plugin or without, and after some more code."""
    with tempfile.TemporaryFile() as log:
        code = TENSORBOARD.format(kept="True" if plugin else "found.name != 'tb_explain'", more=more)
        command = [sys.executable, "-c", code, "--port=0", "--logdir", str(logdir), *arguments]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            address = None
            while address is None:
                time.sleep(0.02)
                if process.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(f"TensorBoard does not start: {log.read().decode(errors='replace')}")
                log.seek(0)
                address = re.search(r"at (http://\S+)", log.read().decode(errors="replace"))
                log.seek(0, 2)
            yield address[1].rstrip("/"), psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(30)
