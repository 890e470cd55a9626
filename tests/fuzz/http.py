"""Requests: whatever is asked, and however it is spelt, an answer is one that docs/http.md knows, and no file outside is touched."""

from __future__ import annotations

import atexit
import logging
import shutil
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

from tensorboard.backend.application import TensorBoardWSGI
from tensorboard.plugins.base_plugin import TBContext
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tb_explain.plugin.page import BUNDLE
from tb_explain.plugin.plugin import ExplainPlugin
from tests.fuzz import logdirs
from tests.fuzz.watch import Watch

PREFIX = b"/data/plugin/tb_explain/"
ROUTES = ("runs", "steps", "records", "summaries", "image", "classes", "labels", "volume", "column")

_STATUSES = {200, 304, 400, 404, 405, 416}
_TEXT = "text/plain; charset=utf-8"
_MEDIA = {
    "runs": {"application/json"},
    "steps": {"application/json"},
    "image": {"image/png", "image/jpeg", "image/webp"},
}
_OCTETS = {"application/octet-stream"}


class Asked:
    """The plugin over a hostile logdir, and what its answers must be like."""

    def __init__(self, root: Path) -> None:
        self.logdir = logdirs.write(root)
        self.outside = root / "outside"
        self.keys = {run: logdirs.keys_of(self.logdir / run) for run in ("a", "linked data")}
        self._app = TensorBoardWSGI([ExplainPlugin(TBContext(logdir=str(self.logdir), data_provider=None, flags=None))])

    def watched(self) -> Watch:
        """While it is entered, every file that is opened is seen."""
        return Watch(str(self.logdir), str(BUNDLE))

    def ask(self, method: bytes, target: bytes, headers: dict[bytes, bytes]) -> int:
        """The status of an answer; AssertionError when something is wrong with it."""
        environ = EnvironBuilder().get_environ()
        path, _, query = target.partition(b"?")
        environ["REQUEST_METHOD"] = method.decode("latin-1")
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        environ["QUERY_STRING"] = query.decode("latin-1")
        for name, value in headers.items():
            environ["HTTP_" + name.decode("latin-1").upper().replace("-", "_")] = value.decode("latin-1")
        parts, status, answered = run_wsgi_app(self._app, environ, buffered=True)
        body = b"".join(parts)
        code = int(status.split()[0])
        asked = unquote_to_bytes(path).decode("utf-8", "replace").rstrip("/")
        route = asked.removeprefix(PREFIX.decode()) if asked.startswith(PREFIX.decode()) else None
        if route not in ROUTES and not (route or "").startswith("static/"):
            assert code < 500, f"{code} of TensorBoard itself"
            return code
        assert code in _STATUSES, (code, body[:200])
        assert answered["X-Content-Type-Options"] == "nosniff"
        media = answered["Content-Type"]
        if code in (400, 404, 405, 416):
            assert media == _TEXT and len(body) < 400, (code, media, body[:200])
        elif route in ROUTES:
            assert media in _MEDIA.get(route, _OCTETS), (code, media)
        assert logdirs.SECRET not in body
        if method == b"HEAD":
            assert not body
        return code


@cache
def _begin() -> tuple[Asked, Watch]:
    root = Path(tempfile.mkdtemp(prefix="tb_explain-fuzz-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    logging.getLogger("tensorboard").setLevel(logging.CRITICAL)
    asked = Asked(root)
    return asked, asked.watched()


def check(data: bytes) -> None:
    """The lines are the method, the target below the plugin's address, and headers; {key} and {hash} stand for real ones."""
    asked, watch = _begin()
    method, _, rest = data.partition(b"\n")
    target, _, rest = rest.partition(b"\n")
    headers = dict(line.partition(b": ")[::2] for line in rest.split(b"\n")[:20] if line)
    key, name = asked.keys["a"][0], logdirs.HASHES[0]
    target = target.replace(b"{key}", key.encode()).replace(b"{hash}", name.encode())
    with watch:
        asked.ask(method, PREFIX + target, headers)
    assert not watch.outside, watch.outside
