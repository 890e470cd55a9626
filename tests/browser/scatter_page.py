"""The scatter plot alone on a page, under TensorBoard's content policy: for what the Explain tab cannot be made to do."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FRONTEND = Path(__file__).parents[2] / "plugin_frontend"

# What TensorBoard says of a plugin's page.
POLICY = (
    "default-src 'self'; font-src 'self' data:; frame-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "style-src 'self' https://www.gstatic.com data: 'unsafe-inline'; connect-src 'self'; script-src 'self' 'unsafe-eval'"
)

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Scatter plot</title>
<link rel="icon" href="data:,">
<body style="margin: 0"><canvas></canvas><script type="module" src="start.js"></script></html>
"""

START = """
import * as scatter from "./scatter.js";
window.scatter = scatter;
"""


class _Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def scatter_page(directory: Path) -> Iterator[str]:
    """The address of a page with a canvas and, as `window.scatter`, the scatter plot's module, built into `directory`."""
    npx = shutil.which("npx")
    assert npx, "install Node: the scatter plot is built for its tests"
    command = [npx, "vite", "build", "--config", "dev/scatter/vite.config.ts", "--logLevel", "error"]
    subprocess.run([*command, "--outDir", str(directory), "--emptyOutDir"], cwd=FRONTEND, check=True)
    (directory / "index.html").write_text(PAGE)
    (directory / "start.js").write_text(START)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/index.html"
    finally:
        server.shutdown()
        server.server_close()
