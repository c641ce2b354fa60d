"""Secrets that can be recognised: who hands them out, who listens, and how they are looked for."""

import io
import json
import urllib.request
import urllib.response
from base64 import b64encode
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import orjson

from tests.far_ends.rest_service import Asked, Prepared, RestService
from wedsync.cli.demonstration.visitor import Visitor

MARK = "canary"
_STATUSES = {"/refuse": 422, "/break": 500, "/unknown": 401, "/slowly": 429}


@dataclass
class Canaries:
    """Every secret by its name, and the places where one is shown once on purpose."""

    values: dict[str, str] = field(default_factory=dict)
    shown: set[tuple[str, str]] = field(default_factory=set)

    def add(self, name: str, value: str, *shown_at: str) -> str:
        """Know a secret; `shown_at` are paths (or their beginnings) whose answers may hold it."""
        assert len(value) >= 8, name
        self.values[name] = value
        self.shown |= {(name, path) for path in shown_at}
        return value

    def found_in(self, content: bytes, path: str = "") -> list[str]:
        """The names of the secrets that stand here in any form, where they are not meant to."""
        return [
            name
            for name, value in self.values.items()
            if any(form in content for form in _forms(value))
            and not any(of == name and path.startswith(at) for of, at in self.shown)
        ]


def _forms(value: str) -> set[bytes]:
    """As it is, in JSON, HTML and addresses, in hexadecimal digits, in Base64 wherever it begins.

    A webhook secret is the Base64 of its key: what stands behind its prefix is looked for too.
    """
    written = {value, value.removeprefix("whsec_"), escape(value), json.dumps(value)[1:-1]}
    written |= {quote(value, safe=""), quote_plus(value), value.encode().hex()}
    found = {form.encode() for form in written}
    for before in range(3):
        digits = b64encode(bytes(before) + value.encode()).rstrip(b"=")
        own = digits[(before * 8 + 5) // 6 : (before + len(value.encode())) * 8 // 6]
        found |= {own, own.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


class Echo(RestService):
    """A service that says back whatever it was sent, in headers and body, whatever the answer.

    `/token` hands out tokens that are canaries, and live 6 s; `token_status` other than 200 makes
    it refuse, and say what it was sent.
    """

    token_status = 200
    token_error = "temporarily_unavailable"

    def answer_to(self, asked: Asked) -> Prepared:
        self.asked.append(asked)
        if asked.path == "/token":
            return self._token(asked)
        status = _STATUSES.get(asked.path, 200)
        if asked.path == "/page":
            page = f"<!doctype html><h1>{_said(asked)}</h1>".encode()
            return Prepared(status, {**_echoed(asked), "Content-Type": "text/html"}, page)
        return _answer(status, asked, {"id": "acct_1", "name": "Echo"})

    def tokens(self) -> list[str]:
        """What may have been handed out, in order: an access and a refresh token each time."""
        times = sum(asked.path == "/token" for asked in self.asked)
        return [
            f"{MARK}-{kind}-token-number-{number}"
            for number in range(1, times + 1)
            for kind in ("access", "refresh")
        ]

    def _token(self, asked: Asked) -> Prepared:
        if self.token_status != 200:
            said = {"error": self.token_error, "error_description": _said(asked)}
            return _answer(self.token_status, asked, said)
        access, refresh = self.tokens()[-2:]
        granted = {"access_token": access, "refresh_token": refresh, "token_type": "Bearer"}
        body = orjson.dumps({**granted, "expires_in": 6})
        return Prepared(200, {"Content-Type": "application/json"}, body)


def _said(asked: Asked) -> str:
    lines = [f"{name}: {value}" for name, value in asked.headers.items()]
    return f"{asked.headers.get('authorization', '')} and {lines} {asked.body.decode()}"


def _echoed(asked: Asked) -> dict[str, str]:
    """What came in `Authorization`, sent back as headers."""
    sent = asked.headers.get("authorization", "none")
    return {"X-Debug": sent, "WWW-Authenticate": f'Bearer realm="{sent}"'}


def _answer(status: int, asked: Asked, more: dict[str, Any]) -> Prepared:
    sent = {"headers": dict(asked.headers), "body": asked.body.decode()}
    document = {"message": f"You said {_said(asked)}", "sent": sent, **more}
    headers = {**_echoed(asked), "Content-Type": "application/json"}
    return Prepared(status, headers, orjson.dumps(document))


@dataclass
class Seen:
    """One answer of ours: what was asked for, and everything that came, headers and all."""

    path: str
    content: bytes


class Watched(urllib.request.BaseHandler):
    """Keeps every answer a visitor gets."""

    handler_order = 600

    def __init__(self, seen: list[Seen], base_url: str) -> None:
        self._seen = seen
        self._base_url = base_url

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:
        body = response.read()
        if request.full_url.startswith(self._base_url):
            path = urlsplit(request.full_url).path
            self._seen.append(Seen(path, bytes(str(response.headers), "latin-1") + body))
        again = urllib.response.addinfourl(
            io.BytesIO(body), response.headers, response.url, response.code
        )
        again.msg = response.msg  # type: ignore[attr-defined]
        return again


def watched_visitor(base_url: str, seen: list[Seen]) -> Visitor:
    """Somebody with a browser, every answer to whom is kept."""
    visitor = Visitor(base_url)
    visitor._opener.add_handler(Watched(seen, base_url))
    return visitor
