"""Petal Practice as somebody outside sees it: its pages, and the mails it caught."""

import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import orjson

from wedsync.cli import Unusable

_TIMEOUT_S = 15


class Practice:
    """The practice partner at `url`. Raises Unusable when it does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self.host = parts.hostname or ""
        self.smtp_port = (parts.port or 80) + 1
        """Its mails come in beside its pages (`wedsync/sandbox/README.md`)."""

    def require(self) -> None:
        """Raise Unusable, with what to do, unless it answers."""
        self._ask("GET", "/healthz")

    def answer(self, guest_id: str, status: str) -> None:
        """A guest says whether they come."""
        self._ask("POST", "/practice/answers", {"guest_id": guest_id, "status": status})

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What it caught for an address, the newest first."""
        found = self._ask("GET", f"/inbox/messages?{urllib.parse.urlencode({'to': to})}")
        mails: list[dict[str, Any]] = found["messages"]
        return mails

    def _ask(self, method: str, path: str, document: Any = None) -> Any:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        body = None if document is None else orjson.dumps(document)
        request = urllib.request.Request(  # noqa: S310 - an address of our own settings
            self.url + path, body, headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return orjson.loads(answer.read())
        except (OSError, orjson.JSONDecodeError) as error:
            raise Unusable(
                f"The practice partner does not answer at {self.url}: "
                "`wedsync up` starts one, `wedsync sandbox` starts it alone."
            ) from error
