"""A far end on this machine: it takes a delivery only when `standardwebhooks` verifies it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

_HOST = "127.0.0.1"


class Receiver(ThreadingHTTPServer):
    """Listens on loopback. `taken` holds verified bodies by `webhook-id`.

    `secret` is the endpoint's; without it nothing is taken.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.taken: dict[str, Any] = {}
        self.secret = ""

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.server_port}/seating"

    def take(self, body: bytes, headers: dict[str, str]) -> HTTPStatus:
        """Verify one delivery; what cannot be verified is refused."""
        try:
            document = Webhook(self.secret).verify(body, headers)
        except (EmptyWebhookSecretError, WebhookVerificationError):
            return HTTPStatus.BAD_REQUEST
        self.taken[headers["webhook-id"]] = document
        return HTTPStatus.NO_CONTENT


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.server.take(body, headers))
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing: the hops say what matters."""


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver for as long as the block lasts."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()
