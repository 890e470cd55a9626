"""The HTML document of a report: the page's script, and the answers that it will ask for in script elements that run nothing.

Answers in JSON have an element each; a payload is base64 in an element of its own, numbered, deflated if that saves much. The
content policy lets run that one script and lets nothing be fetched from anywhere. The page reads it in
plugin_frontend/src/data/report.ts.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

BUNDLE = Path(__file__).parent / "static" / "report.js"

_WORTH_DEFLATING = 0.9  # the share of its size that a payload may keep, deflated

_HEAD = """\
<!doctype html>
<html lang="en" data-report>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="{generator}">
<title>{title}</title>
"""
_FOOT = """\
</head>
<body><noscript>This report shows its pictures with JavaScript, which is switched off here.</noscript></body>
</html>
"""


class Document:
    """A report that is being written, piece by piece, through `write`."""

    def __init__(self, write: Callable[[bytes], object], title: str, generator: str) -> None:
        self._write = write
        self._payloads = 0
        script = page_script()
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy = (
            f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src blob: data:; "
            "base-uri 'none'; form-action 'none'"
        )
        self._add(_HEAD.format(policy=policy, generator=html.escape(generator), title=html.escape(_text(title))))
        self._add(f'<script type="module">{script}</script>\n')

    def answer(self, name: str, value: object) -> None:
        """What is answered in JSON."""
        # Nothing that is inside can end the element: JSON has "<" in texts alone.
        text = json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
        self._add(f'<script type="application/json" id="{name}">{text}</script>\n')

    def payload(self, content: bytes, media_type: str | None = None) -> int:
        """Bytes, by a number; those of a media type (images) as they are."""
        kind, stored = media_type or "application/octet-stream", content
        if media_type is None and len(deflated := zlib.compress(content, 9)) <= _WORTH_DEFLATING * len(content):
            kind, stored = "application/zlib", deflated
        self._payloads += 1
        text = base64.b64encode(stored).decode()
        self._add(f'<script type="{kind}" id="payload-{self._payloads}">{text}</script>\n')
        return self._payloads

    def end(self) -> None:
        """Nothing is added any more."""
        self._add(_FOOT)

    def _add(self, text: str) -> None:
        self._write(text.encode())


class Bounded:
    """A file that nothing more is written to once it has more bytes than it may; they are still counted."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most
        self.size = 0

    def write(self, data: bytes) -> None:
        """Write these, or count them."""
        self.size += len(data)
        if self.size <= self._most:
            self._file.write(data)


def page_script() -> str:
    """The page. Raises FileNotFoundError in a checkout in which it was not built."""
    try:
        script = BUNDLE.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FileNotFoundError(
            "the page of Explain is not built; in the source checkout run: npm --prefix plugin_frontend ci && "
            "npm --prefix plugin_frontend run build"
        ) from None
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("the page's script would end before its end")  # a fault of the build
    return script


def _text(name: str) -> str:
    """A name as UTF-8 can have it: those of files may be any bytes."""
    return name.encode("utf-8", "replace").decode()
