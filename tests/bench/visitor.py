"""Somebody who signs in with a browser and goes on over one kept connection."""

import gzip
import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.bench.processes import BenchError
from wedsync.accounts import organizations
from wedsync.accounts.models import Organization, User

_PASSWORD = "three quiet olive trees"
_TOKEN = re.compile(rb"""(?:X-CSRFToken:|name="csrf_token"[^>]*value=")([^'"]+)""")


@dataclass(frozen=True)
class Answer:
    """What came, in how many bytes, and in how many milliseconds it was there whole."""

    content: bytes
    sent_bytes: int
    took_ms: float


def sign_up(email: str) -> tuple[User, Organization]:
    """Somebody with a business of their own, who can then visit."""
    return organizations.sign_up(
        name="Imogen", email=email, password=_PASSWORD, business="Rosewood Weddings"
    )


class Visitor:
    """Is signed in from the beginning."""

    def __init__(self, port: int, email: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._cookie = self._token = ""
        self.get("/sign-in")
        self.post("/sign-in", {"email": email, "password": _PASSWORD})

    def get(self, path: str) -> Answer:
        answer = self._ask("GET", path)
        found = _TOKEN.search(answer.content)
        if found is None:
            raise BenchError(f"{path} has no token for its forms.")
        self._token = found[1].decode()
        return answer

    def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": self._token}
        return self._ask("POST", path, urlencode(fields), {**sent, **(headers or {})})

    def close(self) -> None:
        self._connection.close()

    def _ask(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        asked = {"Accept": "text/html", "Accept-Encoding": "gzip"}
        sent = {"Cookie": self._cookie, **asked, **(headers or {})}
        began = time.monotonic()
        self._connection.request(method, path, body, sent)
        answer = self._connection.getresponse()
        came = answer.read()
        took_ms = (time.monotonic() - began) * 1000
        if answer.status not in (200, 303):
            raise BenchError(f"{method} {path} was answered {answer.status}.")
        if cookie := answer.getheader("Set-Cookie"):
            self._cookie = cookie.partition(";")[0]
        is_compressed = answer.getheader("Content-Encoding") == "gzip"
        return Answer(gzip.decompress(came) if is_compressed else came, len(came), took_ms)
