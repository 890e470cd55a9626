"""What every answer has in common: methods, refusals, caching, compression. TensorBoard's own helper lacks most of it."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.datastructures import Headers

_log = logging.getLogger("tb_explain")

View = Callable[[Request], Response]

NOT_CACHED = "no-store"
REVALIDATED = "no-cache"
FOR_A_YEAR = "private, max-age=31536000, immutable"

_WORTH_COMPRESSING = 4096  # bytes
_QUOTED = 80  # characters of a wrong value repeated in a refusal


class Refusal(Exception):
    """A request that is not answered; the message is one sentence for whoever made it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def malformed(sentence: str) -> Refusal:
    """The request is not what docs/http.md describes."""
    return Refusal(400, sentence)


def unknown(sentence: str) -> Refusal:
    """What the request names does not exist."""
    return Refusal(404, sentence)


def quoted(value: str) -> str:
    """A value from a request as a refusal repeats it: printable and short."""
    text = ascii(value[:_QUOTED])
    return text if len(value) <= _QUOTED and len(text) <= _QUOTED + 2 else f"{text[: _QUOTED - 1]}…'"


def application(view: View) -> Any:
    """The WSGI application of a view. No exception leaves it: TensorBoard's other dashboards share the process."""

    @Request.application
    def answer(request: Request) -> Response:
        try:
            response = _answer(view, request)
        except Refusal as refusal:
            response = _sentence(refusal.status, str(refusal))
        except Exception:
            _log.exception("%s could not be answered", request.path)
            response = _sentence(500, "The Explain plugin failed here; TensorBoard's log has the traceback.")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return answer


def _answer(view: View, request: Request) -> Response:
    if request.method in ("GET", "HEAD"):
        try:
            _ = request.args  # read here, once for all
        except UnicodeError:
            raise malformed("The query is not text in UTF-8.") from None
        return view(request)
    response = _sentence(405, "Only GET and HEAD are answered here.")
    response.headers["Allow"] = "GET, HEAD"
    return response


def _sentence(status: int, sentence: str) -> Response:
    return content(sentence.encode(), "text/plain; charset=utf-8", NOT_CACHED, status)


class _Answer(Response):
    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """With the media type of a 304 too, which Werkzeug strips: TensorBoard warns of answers that have none."""
        headers = super().get_wsgi_headers(environ)
        headers.setdefault("Content-Type", self.headers["Content-Type"])
        return headers


def content(body: bytes, media_type: str, cache: str, status: int = 200) -> Response:
    """An answer as it stands."""
    return _Answer(body, status, {"Cache-Control": cache}, content_type=media_type)


def streamed(body: Iterator[bytes], length: int | None, media_type: str, cache: str) -> Response:
    """An answer that is made while it is sent; its length is promised if it is known."""
    response = _Answer(body, 200, {"Cache-Control": cache}, content_type=media_type)
    if length is not None:
        response.headers["Content-Length"] = str(length)
    return response


def as_json(request: Request, value: object) -> Response:
    """`value` as JSON, never cached."""
    return json_text(request, to_json(value).encode())


def to_json(value: object) -> str:
    """`value` as short as JSON has it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def json_text(request: Request, body: bytes) -> Response:
    """What is JSON already, never cached."""
    response = content(body, "application/json", NOT_CACHED)
    if len(body) > _WORTH_COMPRESSING:
        offer_compressed(request, response, lambda: gzip.compress(body, 3))
    return response


def offer_compressed(request: Request, response: Response, compressed: Callable[[], bytes]) -> None:
    """Replace the body by its gzip form if the client takes that."""
    response.headers["Vary"] = "Accept-Encoding"
    if request.accept_encodings.quality("gzip") > 0:
        response.headers["Content-Encoding"] = "gzip"
        response.set_data(compressed())


def the_only(request: Request, name: str, expected: str) -> str:
    """The one value of a parameter. Raises Refusal when there is none or more than one."""
    values = request.args.getlist(name)
    if len(values) != 1:
        raise malformed(f"There are {len(values)} parameters “{name}”; expected one: {expected}.")
    return values[0]
