"""A REST service that answers what a test tells it to and remembers what it was asked."""

import binascii
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import orjson
import pytest


@dataclass(frozen=True)
class Asked:
    """One request as it came; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> Any:
        return orjson.loads(self.body)

    def tells(self, secret: str) -> bool:
        """Whether it carries this, in its address, a header, or its body."""
        body = self.body.decode(errors="replace")
        parts = [self.target, body, *self.headers.values(), self._signed_in()]
        return any(secret in unquote_plus(part) for part in parts)

    def _signed_in(self) -> str:
        """What its Basic authentication says."""
        kind, _, said = self.headers.get("authorization", "").partition(" ")
        try:
            return b64decode(said).decode(errors="replace") if kind.lower() == "basic" else ""
        except binascii.Error:
            return ""


@dataclass(frozen=True)
class Prepared:
    status: int
    headers: Mapping[str, str]
    body: bytes


_UNKNOWN = Prepared(404, {"Content-Type": "application/json"}, b'{"message":"Not known."}')


@dataclass
class RestService:
    """Where it answers, what it will say, and `asked`: what came, oldest first; `connections`
    counts everybody who reached it, whatever they said."""

    port: int = 0
    connections: int = 0
    asked: list[Asked] = field(default_factory=list)
    prepared: dict[tuple[str, str], Prepared] = field(default_factory=dict)
    otherwise: Prepared = _UNKNOWN

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        status: int = 200,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """From now on, answer this request with a JSON document, or with `body` as it is."""
        kind = {} if body is not None else {"Content-Type": "application/json"}
        content = orjson.dumps(document) if body is None else body
        self.prepared[method, path] = Prepared(status, {**kind, **(headers or {})}, content)

    def answer_to(self, asked: Asked) -> Prepared:
        self.asked.append(asked)
        return self.prepared.get((asked.method, asked.path), self.otherwise)


Service = TypeVar("Service", bound=RestService)


@contextmanager
def started_rest_service(
    kind: Callable[[], Service] = RestService,  # type: ignore[assignment]
) -> Iterator[Service]:
    """A service on 127.0.0.1 until the block ends."""
    service = kind()

    class Handler(_Handler):
        answering = service

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def service() -> Iterator[RestService]:
    """A service that knows nothing yet."""
    with started_rest_service() as started:
        yield started


class _Handler(BaseHTTPRequestHandler):
    answering: RestService

    def setup(self) -> None:
        self.answering.connections += 1
        super().setup()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(length))
        prepared = self.answering.answer_to(asked)
        self.send_response(prepared.status)
        for name, value in prepared.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(prepared.body)))
        self.end_headers()
        self.wfile.write(prepared.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Tests have nothing to read here."""
