"""The certified authorization server of npm `oidc-provider`, as a process.

It rotates refresh tokens and withdraws the whole family when a spent one is used again;
`oidc_provider.mjs` says what it answers.
"""

import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from tests.far_ends.processes import far_end
from wedsync.settings import CHECKOUT

_SERVER = CHECKOUT / "tests" / "far_ends" / "oidc_provider.mjs"
CLIENT = ("wedsync", "oidc-secret-of-the-tests")

Entry = dict[str, Any]
"""What happens to one refresh: `before_s`, `after_s`, `leaves_out`, `status`."""


@dataclass(frozen=True)
class OidcProvider:
    """Where it answers, and where it sends people back to."""

    url: str
    redirect_uri: str

    @property
    def form(self) -> dict[str, str]:
        """What a vendor types to connect it as a web service of their own choice."""
        return {
            "address": self.url,
            "authorize_url": f"{self.url}/auth",
            "token_url": f"{self.url}/token",
            "issuer": self.url,
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "scope": "openid",
            "check_path": "/me",
        }

    def steer(self, *, life_s: int, refreshes: Sequence[Entry] = ({},)) -> None:
        """How long tokens live from now on, and what happens to refreshes, over and over."""
        self._ask("/steering", {"life_s": life_s, "refreshes": list(refreshes)})

    def seen(self) -> dict[str, Any]:
        """The counters, and what became of each family."""
        found: dict[str, Any] = self._ask("/seen")
        return found

    def allow(self, authorize_url: str) -> str:
        """Sign in and agree; where the browser is sent then."""
        opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(), _UntilHome(self.redirect_uri)
        )
        with opener.open(authorize_url, timeout=15) as answer:
            assert answer.status == HTTPStatus.SEE_OTHER, answer.read()
            return str(answer.headers["Location"])

    def _ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else orjson.dumps(body)
        with urllib.request.urlopen(self.url + path, data, timeout=15) as answer:
            return orjson.loads(answer.read())


class _UntilHome(urllib.request.HTTPRedirectHandler):
    """Goes where it is sent, but not to us: that is the browser's to do."""

    def __init__(self, home: str) -> None:
        self._home = home

    def http_error_303(self, request: Any, answer: Any, *said: Any) -> Any:
        if str(answer.headers["Location"]).startswith(self._home):
            return answer
        return super().http_error_303(request, answer, *said)


@contextmanager
def started_oidc_provider(redirect_uri: str) -> Iterator[OidcProvider]:
    """One that knows nobody yet, and ends with the block or with this test run."""
    with far_end(["node", str(_SERVER), *CLIENT, redirect_uri]) as said:
        assert said.startswith("http://"), said
        yield OidcProvider(said.strip(), redirect_uri)
