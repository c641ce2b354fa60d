"""Providers that lie: whatever they answer, nothing breaks, and a page says how it stands."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.lone_provider import CODE, Listed, listed
from tests.connections.renewing import refresh
from tests.connections.ways import engine_of, keeper_of, only, row_of
from tests.far_ends.rest_service import Prepared
from tests.page_words import words_of
from tests.personas import Persona
from wedsync.connections.connecting import asking
from wedsync.platform import ids

GOOD = {"access_token": "access", "refresh_token": "refresh", "expires_in": 3600}
BIDI = "\u202emoc.live\u202c"

ODD: dict[str, Any] = {
    "no document": b"",
    "a page": b"<!doctype html><h1>Welcome</h1>",
    "half a document": b'{"access_token": "x',
    "a list": b'["access"]',
    "a number": b"7",
    "null": b"null",
    "a document too deep": b'{"access_token":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a lone surrogate": b'{"access_token":"\\ud800","refresh_token":"\\udfff"}',
    "a byte order mark": b'\xef\xbb\xbf{"access_token":"a"}',
    "letters that are no UTF-8": b'{"access_token":"\xff\xfe"}',
    "no text": {"access_token": {"a": 1}},
    "an empty token": {"access_token": ""},
    "a token of two lines": GOOD | {"access_token": "a\r\nX-Admin: 1"},
    "a token with a zero": GOOD | {"access_token": "a\x00b", "refresh_token": "\x00"},
    "a token no header can carry": GOOD | {"access_token": "ключ🔑"},
    "a token of a megabyte": GOOD | {"access_token": "a" * 900_000},
    "a refresh token that is a list": GOOD | {"refresh_token": ["a"]},
    "a life that is no number": GOOD | {"expires_in": "²"},
    "a life that is not a number": GOOD | {"expires_in": "nan"},
    "a life without end": GOOD | {"expires_in": "1e400"},
    "a life before it": GOOD | {"expires_in": -5},
    "a life of too many digits": b'{"access_token":"a","expires_in":' + b"9" * 400 + b"}",
    "a life that is a switch": GOOD | {"expires_in": True},
    "permissions with a zero": GOOD | {"scope": "guests.read\x00 a\x00b"},
    "permissions that turn round": GOOD | {"scope": f"guests.read {BIDI}"},
    "permissions without end": GOOD | {"scope": "guests.read " + "x " * 200_000},
    "permissions as numbers": GOOD | {"scope": [1, None, {"a": 1}, "guests.read"]},
    "permissions that are a document": GOOD | {"scope": {"guests.read": True}},
    "an error beside a token": GOOD | {"error": None},
    "an error that is a document": {"error": {"code": ["invalid_grant"]}},
}


def settled(app: APIFlask, persona: Persona) -> Any:
    """The connection, with nothing of its attempt left hanging."""
    query = text("SELECT outcome FROM authorizations WHERE organization_id = :id")
    with engine_of(app).connect() as database:
        outcomes = set(database.scalars(query, {"id": persona.organization_id}))
    assert outcomes <= {"connected", "failed"}, outcomes
    return only(app, persona)


def shows_well(persona: Persona, row: Any) -> None:
    """Its pages are pages."""
    for path in ("/connections", f"/connections/{row.id}", f"/connections/{row.id}/reconnect"):
        page = persona.browser.get(path)
        assert page.status_code == 200, words_of(page)
        assert "\u202e" not in page.text
        assert "\x00" not in page.text


@pytest.mark.parametrize("said", ODD.values(), ids=ODD.keys())
def test_whatever_a_token_endpoint_says_ends_on_a_page(
    app: APIFlask, editor: Persona, said: Any
) -> None:
    with listed(app) as found:
        body = said if isinstance(said, bytes) else None
        found.provider.answers("POST", "/token", said if body is None else None, body=body)
        state = found.leave(editor)["state"]
        answer = found.back(editor, state=state, code=CODE)
        assert answer.status_code == 303, words_of(answer)
        keeper_of(app).work()
        row = settled(app, editor)
        assert row.state == "active" or row.reason["message"]
        shows_well(editor, row)
        assert all("x-admin" not in asked.headers for asked in found.provider.asked)


@pytest.mark.parametrize("said", ODD.values(), ids=ODD.keys())
def test_whatever_a_refresh_is_answered_with_leaves_a_connection_that_says_how_it_stands(
    app: APIFlask, editor: Persona, said: Any
) -> None:
    with listed(app) as found:
        connection_id = found.connect(editor)
        body = said if isinstance(said, bytes) else None
        found.provider.answers("POST", "/token", said if body is None else None, body=body)
        assert refresh(app, connection_id)
        row = row_of(app, connection_id)
        assert row.refresh_started_at is None
        assert row.state in ("active", "degraded", "needs_reauth")
        assert row.state == "active" or row.reason["message"]
        shows_well(editor, row)


ACCOUNTS: dict[str, Any] = {
    "no id": {"name": "Fern"},
    "an id that is a document": {"id": {"a": 1}, "name": "Fern"},
    "an id that is a switch": {"id": True, "name": "Fern"},
    "an id with a zero": {"id": "a\x00", "name": "F\x00ern"},
    "an id without end": {"id": "a" * 500_000, "name": "Fern"},
    "a name without end": {"id": "a", "name": "Fern " * 100_000},
    "a name that turns round": {"id": "a", "name": BIDI},
    "a name of tags": {"id": "a", "name": "<script>alert(1)</script>"},
    "a name of lines": {"id": "a", "name": "a\r\nb\tc\x1b[31m"},
    "a name that is a list": {"id": "a", "name": ["Fern"]},
    "a document of ten megabytes": b'{"id":"a","name":"b","more":"' + b"x" * 10_000_000 + b'"}',
    "a page": b"<!doctype html><h1>Welcome</h1>",
}


@pytest.mark.parametrize("said", ACCOUNTS.values(), ids=ACCOUNTS.keys())
def test_whatever_an_account_says_of_itself_ends_on_a_page(
    app: APIFlask, editor: Persona, said: Any
) -> None:
    with listed(app) as found:
        body = said if isinstance(said, bytes) else None
        found.provider.answers("GET", "/me", said if body is None else None, body=body)
        state = found.leave(editor)["state"]
        assert found.back(editor, state=state, code=CODE).status_code == 303
        keeper_of(app).work()
        row = settled(app, editor)
        assert row.state == "active" or row.reason["message"]
        assert len(row.name) <= 200
        shows_well(editor, row)
        assert "<script>alert" not in editor.browser.get(f"/connections/{row.id}").text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_token_endpoint_that_leads_elsewhere_is_not_followed(
    app: APIFlask, editor: Persona, status: int
) -> None:
    with listed(app) as found, listed(app) as elsewhere:
        code = f"code-{ids.new_id().hex}"
        where = f"{elsewhere.provider.url}/token?code={code}"
        leads = Prepared(status, {"Location": where}, b"")
        found.provider.prepared["POST", "/token"] = leads
        found.provider.prepared["GET", "/me"] = leads
        state = found.leave(editor)["state"]
        found.back(editor, state=state, code=code)
        keeper_of(app).work()
        # Whoever else is due is looked after too, and may have been connected to what was at this
        # port before: only who followed knows this code.
        assert not [asked for asked in elsewhere.provider.asked if asked.tells(code)]
        row = settled(app, editor)
        assert row.state == "pending"
        assert row.reason["message"] in words_of(editor.browser.get(f"/connections/{row.id}"))


def test_a_token_endpoint_that_never_comes_to_an_end_is_left(
    app: APIFlask, editor: Persona
) -> None:
    with listed(app) as found, dripping() as endless:
        slow = Listed(app, found.provider).publish(token_url=f"{endless}/token")
        state = slow.leave(editor)["state"]
        began = time.monotonic()
        slow.back(editor, state=state, code=CODE)
        assert time.monotonic() - began < asking.WITHIN_S + 30
        assert settled(app, editor).reason["code"] == "no_answer"


@contextmanager
def dripping() -> Iterator[str]:
    """A server that begins to answer and says a little more, again and again."""
    done = threading.Event()

    class Drip(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            with suppress(OSError):
                while not done.wait(0.2):
                    self.wfile.write(b" ")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Tests have nothing to read here."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        done.set()
        server.shutdown()
        server.server_close()
        thread.join()
