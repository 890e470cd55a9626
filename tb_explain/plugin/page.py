"""The page's files: the bundle that `plugin_frontend` builds into `static/`."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from werkzeug import Request, Response

from tb_explain.plugin.http import FOR_A_YEAR, REVALIDATED, content, offer_compressed, quoted, unknown

BUNDLE = Path(__file__).parent / "static"

# Not from the operating system's list, which on some machines calls JavaScript plain text: browsers then refuse to run it.
_MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
_COMPRESSIBLE = {".js", ".css", ".json", ".map", ".svg", ".wasm"}

_ENTRY = "index.js"
_NAME = re.compile(r"(?=.{1,200}$)[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)

_NOT_BUILT = b"""\
export function render() {
  document.body.textContent =
    "The page of Explain is not built. In the source checkout run: npm --prefix plugin_frontend ci && " +
    "npm --prefix plugin_frontend run build (needs Node 20 or newer), then reload this page.";
}
"""


class _File(NamedTuple):
    body: bytes
    compressed: bytes | None
    etag: str


def static(request: Request) -> Response:
    """A file of the bundle. Raises Refusal for a path that is not one."""
    name = request.path.partition("/static/")[2]
    path = _inside_bundle(name)
    if path is None:
        if name == _ENTRY:
            return content(_NOT_BUILT, _MEDIA_TYPES[".js"], REVALIDATED)
        raise unknown(f"The page has no file {quoted(name)}.")
    suffix = os.path.splitext(path)[1]
    status = os.stat(path)
    file = _load(path, status.st_mtime_ns, status.st_size)
    # All but the entry have a hash of their content in the name.
    response = content(
        file.body,
        _MEDIA_TYPES.get(suffix, "application/octet-stream"),
        REVALIDATED if name == _ENTRY else FOR_A_YEAR,
    )
    compressed = file.compressed
    if compressed is not None:
        offer_compressed(request, response, lambda: compressed)
    response.set_etag(file.etag, weak=True)  # of both forms
    # Not by make_conditional, which also reads dates, and fails on some.
    if request.if_none_match.contains_weak(file.etag):
        response.status_code = 304
    return response


def _inside_bundle(name: str) -> str | None:
    """The real path of a file of the bundle; None for anything else, however it is spelt.

    Of what is no such name nothing is asked of the file system: on Windows, a path can be an address on somebody's server.
    """
    if not _NAME.fullmatch(name):
        return None
    root = os.path.realpath(BUNDLE)
    path = os.path.realpath(os.path.join(root, name))
    return path if os.path.commonpath([root, path]) == root and os.path.isfile(path) else None


@lru_cache(maxsize=256)
def _load(path: str, changed: int, size: int) -> _File:
    """A file's content; `changed` and `size` make a rebuilt one another entry of the cache."""
    body = Path(path).read_bytes()
    worth = os.path.splitext(path)[1] in _COMPRESSIBLE
    return _File(body, gzip.compress(body, 6) if worth else None, hashlib.sha256(body).hexdigest()[:32])
