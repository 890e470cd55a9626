"""A local S3 server (moto's) that counts what it is asked, and can be shut and opened again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server


class Request(NamedTuple):
    """One request, and how many bytes its answer had."""

    method: str
    path: str  # with the query
    answered: int

    @property
    def is_listing(self) -> bool:
        return "list-type=2" in self.path


@dataclass
class S3:
    """The server. What was stored in it stays while it is shut."""

    environment: dict[str, str] = field(default_factory=dict)  # which clients must have to find it
    requests: list[Request] = field(default_factory=list)
    before: Callable[[str, str], None] = lambda method, path: None  # called with each request; may wait
    port: int = 0
    _server: BaseWSGIServer | None = None

    def open(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        application = DomainDispatcherApplication(create_backend_app)

        def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            path = environ["PATH_INFO"] + "?" + environ.get("QUERY_STRING", "")
            self.before(environ["REQUEST_METHOD"], path)
            body = b"".join(application(environ, start_response))
            self.requests.append(Request(environ["REQUEST_METHOD"], path, len(body)))
            return [body]

        self._server = make_server("127.0.0.1", self.port, counting, threaded=True)
        self.port = self._server.port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.environment = {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
        }

    def shut(self) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    def counted(self, part: str, ask: Callable[[], Any]) -> list[Request]:
        """What is asked of the server meanwhile with this word in the path; others, such as a TensorBoard, may ask, too."""
        before = len(self.requests)
        ask()
        return [request for request in self.requests[before:] if part in request.path]
