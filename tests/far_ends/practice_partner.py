"""Petal Practice as a process of its own, and the hands of the person who uses it.

`settings_for` points every test's settings at a port that is kept for it; the process is started
by the first test that asks for `practice_partner`, and each test finds it as on its first day.
"""

import secrets
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from tests.far_ends.processes import far_end
from wedsync.settings import Settings

CLIENT = ("wedsync", "practice-secret-of-the-tests")
MEADOW = "acct_meadow"
HARBOUR = "acct_harbour"
# Below the ports the system hands out by itself, so that nobody takes one in the meantime.
_PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class PracticePartner:
    """Where it answers; every method is an HTTP request."""

    url: str
    smtp_port: int
    redirect_uri: str
    client: tuple[str, str] = CLIENT

    @property
    def mail_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp_port}"

    def faults(self, **switches: Any) -> dict[str, Any]:
        """Switch faults on or off; README.md of `wedsync/sandbox` has the table."""
        return self.call("POST", "/faults", switches)

    def seen(self) -> dict[str, Any]:
        """The counters."""
        return self.call("GET", "/faults/seen")

    def inbox(self, to: str = "") -> list[dict[str, Any]]:
        """The mails it caught, the newest first."""
        found = self.call("GET", f"/inbox/messages?{urllib.parse.urlencode({'to': to})}")
        mails: list[dict[str, Any]] = found["messages"]
        return mails

    def answer(self, guest_id: str, status: str, **more: Any) -> dict[str, Any]:
        """A guest answers: `accepted` or `declined`, with `account`, `party_size`, `allergy`…"""
        body = {"guest_id": guest_id, "status": status, **more}
        return self.call("POST", "/practice/answers", body)

    def enquire(self, name: str, email: str, date: str, **more: Any) -> dict[str, Any]:
        body = {"name": name, "email": email, "date": date, **more}
        return self.call("POST", "/practice/enquiries", body)

    def choose(self, chosen: int, needed: int = 60, **more: Any) -> dict[str, Any]:
        """The couple choose pictures for their album."""
        return self.call(
            "POST", "/practice/favourites", {"chosen": chosen, "needed": needed, **more}
        )

    def accept(self, *redirect_uris: str) -> None:
        """Let WedSync come back to other addresses too, such as that of a live site."""
        client_id, secret = self.client
        uris = [self.redirect_uri, *redirect_uris]
        body = {"id": client_id, "secret": secret, "name": "WedSync", "redirect_uris": uris}
        self.call("POST", "/practice/clients", body)

    def allow(
        self, authorize_url: str, account: str = MEADOW, scopes: Sequence[str] | None = None
    ) -> str:
        """Press Allow on the consent page; where the browser is sent then."""
        fields = [("decision", "allow"), ("account", account)]
        fields += [("scope", scope) for scope in scopes or ()]
        return self._decide(authorize_url, fields)

    def deny(self, authorize_url: str) -> str:
        """Press Deny; where the browser is sent then."""
        return self._decide(authorize_url, [("decision", "deny")])

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """A JSON request; raises `urllib.error.HTTPError` for any answer but a good one."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else orjson.dumps(body)
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=15) as answer:
            content = answer.read()
        return orjson.loads(content) if content else None

    def _decide(self, authorize_url: str, fields: list[tuple[str, str]]) -> str:
        data = urllib.parse.urlencode(fields).encode()
        with urllib.request.build_opener(_Stay).open(authorize_url, data, timeout=15) as answer:
            assert answer.status == 302, answer.read()
            return str(answer.headers["Location"])


class _Stay(urllib.request.HTTPErrorProcessor):
    """A redirect is an answer to look at, not to follow."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response


def kept_url() -> str:
    """An address for a practice partner; its port and the next are free."""
    while True:
        port = secrets.choice(_PORTS)
        if _is_free(port) and _is_free(port + 1):
            return f"http://localhost:{port}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def started_practice_partner(url: str, redirect_uri: str, **told: str) -> Iterator[PracticePartner]:
    """The process, which ends with the block or with this test run; `told` are its variables."""
    port = urllib.parse.urlsplit(url).port or 0
    partner = PracticePartner(url, port + 1, redirect_uri)
    ports = {"SANDBOX_PORT": str(port), "SANDBOX_SMTP_PORT": str(partner.smtp_port)}
    argv = [sys.executable, "-m", "wedsync.sandbox"]
    with far_end(argv, **ports, SANDBOX_URL=url, **told) as said:
        assert said.startswith("Petal Practice answers"), said
        yield partner


@contextmanager
def practice_beside(settings: Settings) -> Iterator[PracticePartner]:
    """One for an installation whose settings have kept its address."""
    redirect_uri = f"{settings.public_url}/oauth/callback/sandbox"
    with started_practice_partner(settings.sandbox_url, redirect_uri) as partner:
        partner.accept()
        yield partner


@pytest.fixture(scope="session")
def practice_process(settings: Settings) -> Iterator[PracticePartner]:
    with practice_beside(settings) as partner:
        yield partner


@pytest.fixture
def practice_partner(practice_process: PracticePartner) -> PracticePartner:
    """Petal Practice on its first day: no faults, no grants, an empty inbox."""
    practice_process.call("DELETE", "/practice")
    practice_process.accept()
    return practice_process
