"""Pages and requests that need a token, while its provider hangs: on renewing it, on handing out
new ones and on being looked at, with every place for asking taken."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tests.bench.measurement import Run, percentile
from tests.bench.processes import BenchError
from tests.bench.visitor import Visitor, sign_up
from tests.workflows.connected import connect, list_it
from wedsync import api
from wedsync.accounts import api_keys
from wedsync.connectors.manifest import Manifest
from wedsync.platform import clock, documents
from wedsync.platform.db import db
from wedsync.workflows.editing import service as workflows

READER, ASKER = "hana@example.com", "hugo@example.com"
_CHECKING, _CONNECTING = 5, 2
_AGAIN_S = 0.3
_HANG = 6
"""The four places of the front, and at least two of the drain."""

_KEY_FIELD = {"name": "api_key", "title": "Key", "kind": "secret"}
_SEAT = {
    "key": "release",
    "label": "Release a seat",
    "sentence": "Release the seat of {guest}",
    "done": "Released the seat of {guest}",
    "group": "Guests",
    "effect": "idempotent",
    "choose_from": {"guest": "tables"},
    "input": {
        "type": "object",
        "required": ["guest"],
        "properties": {"guest": {"type": "string", "title": "Guest"}},
    },
    "request": {"method": "PUT", "path": "/seats", "json": {"guest": "{input.guest}"}},
}
_TABLES = {"key": "tables", "label": "Tables", "request": {"method": "GET", "path": "/tables"}}
_OF = "SELECT organization_id FROM memberships m JOIN users u ON u.id = m.user_id WHERE email = %s"
_TIDY = (
    "UPDATE runs SET state = 'stopped', waiting_for = NULL, due_at = NULL, finished_at = now()"
    " WHERE organization_id = ANY(:ids) AND state IN ('queued', 'running', 'waiting')",
    "UPDATE authorizations SET outcome = 'failed', held = NULL WHERE organization_id = ANY(:ids)",
    "UPDATE connections SET state = 'deleted', secret = NULL, refresh_due_at = NULL,"
    " check_due_at = NULL WHERE organization_id = ANY(:ids)",
    "UPDATE account_choices SET due_at = NULL WHERE organization_id = ANY(:ids)",
)


def make_connections(run: Run) -> None:
    """Somebody whose only permission has run out, and somebody who asks and asks."""
    app, sink = run.stage.app, f"http://127.0.0.1:{run.stage.ports.sink}"
    with app.app_context():
        reader, asker = sign_up(READER)[1].id, sign_up(ASKER)[1].id
        db.session.commit()
    now = clock.now()
    ended = {
        "access_expires_at": now - timedelta(seconds=1),
        "refreshed_at": now - timedelta(hours=1),
        "refresh_due_at": now,
        "settings": {"client_id": "bench"},
    }
    connection = connect(app, reader, _by_token(sink), **ended)
    for number in range(_CHECKING):
        connect(app, asker, _by_key(sink, number))
    list_it(app, _by_token(sink, slug="hanging-new"))
    step = {
        "id": "seat",
        "kind": "action",
        "use": "hanging-token.release",
        "connection": str(connection),
        "input": {"guest": "Rosa"},
    }
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [step]}
    with app.app_context():
        draft = workflows.create(reader, "Release the seats", definition)
        workflows.publish(reader, draft.workflow.id)
        db.session.commit()


def pages(run: Run) -> Mapping[str, float]:
    """Each of them in turn, again and again; all of them together are what counts."""
    with _everybody_asking(run), closing(Visitor(run.stage.ports.front, READER)) as visitor:
        asks = _asks(run, visitor)
        for ask in asks.values():
            ask()
        took: dict[str, list[float]] = {name: [] for name in asks}
        for _ in range(run.size.pages):
            for name, ask in asks.items():
                took[name].append(ask())
    _tidy_up(run)
    every = [each for times in took.values() for each in times]
    found = {f"hanging_{name}_p95_ms": percentile(times, 95) for name, times in took.items()}
    return {**found, "hanging_provider_p95_ms": percentile(every, 95)}


def _asks(run: Run, visitor: Visitor) -> dict[str, Callable[[], float]]:
    """What is measured, by name; each gives the milliseconds until its answer is there whole."""
    stage = run.stage
    reader: UUID = stage.ask(_OF, READER)
    connection = stage.ask("SELECT id FROM connections WHERE organization_id = %s", reader)
    workflow = stage.ask("SELECT id FROM workflows WHERE organization_id = %s", reader)
    with stage.app.app_context():
        _key, raw = api_keys.create(reader, "Bench", [api_keys.EVERYTHING])
        db.session.commit()
    open_list = f"/workflows/{workflow}/edit?step=seat&field=input.guest&pick=choices"
    return {
        "page": lambda: visitor.get(f"/connections/{connection}").took_ms,
        "list": lambda: visitor.get("/connections").took_ms,
        "choices": lambda: visitor.get(open_list).took_ms,
        "api": _caller(stage.ports.front, raw, "GET", f"/connections/{connection}"),
        "run_start": _caller(stage.ports.front, raw, "POST", f"/workflows/{workflow}/runs"),
    }


def _caller(port: int, key: str, method: str, path: str) -> Callable[[], float]:
    """A request of a script, over a connection it keeps."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    numbers = count()

    def ask() -> float:
        body = documents.write({"input": {"number": next(numbers)}}) if method == "POST" else None
        began = time.monotonic()
        connection.request(method, f"{api.BASE_PATH}{path}", body, headers)
        answer = connection.getresponse()
        answer.read()
        took_ms = (time.monotonic() - began) * 1000
        if answer.status >= 300:
            raise BenchError(f"{method} {path} was answered {answer.status}.")
        return took_ms

    return ask


@contextmanager
def _everybody_asking(run: Run) -> Iterator[None]:
    """More people than there are places have the provider asked, each again when it gave up."""
    stopping = threading.Event()
    asker: UUID = run.stage.ask(_OF, ASKER)
    cursor = run.stage.database.execute(
        b"SELECT id FROM connections WHERE organization_id = %s ORDER BY id", [asker]
    )
    looks = [(f"/connections/{row[0]}/check", {}) for row in cursor.fetchall()]
    begins = [("/connect/hanging-new", {"client_id": "b", "client_secret": "c"})] * _CONNECTING
    threads = [
        threading.Thread(target=_go_on_asking, args=(run, path, fields, stopping), daemon=True)
        for path, fields in [*looks, *begins]
    ]
    for thread in threads:
        thread.start()
    run.stage.ring("connections")
    hang = partial(run.stage.sink, "/waiting")
    run.stage.wait_until(lambda: hang()["count"] >= _HANG, "having the provider hang", 30)
    try:
        yield
    finally:
        stopping.set()
        run.stage.answer_who_hangs()
        for thread in threads:
            thread.join(timeout=30)


def _go_on_asking(run: Run, path: str, fields: dict[str, str], stopping: threading.Event) -> None:
    with closing(Visitor(run.stage.ports.front, ASKER)) as visitor:
        visitor.get("/connections")
        while not stopping.is_set():
            visitor.post(path, fields)
            stopping.wait(_AGAIN_S)


def _tidy_up(run: Run) -> None:
    """Nothing of this goes on beside what is measured next."""
    organizations = [run.stage.ask(_OF, email) for email in (READER, ASKER)]
    with run.stage.app.app_context():
        for statement in _TIDY:
            db.session.execute(text(statement), {"ids": organizations})
        db.session.commit()


def _by_token(sink: str, slug: str = "hanging-token") -> Manifest:
    """A connector whose tokens are for the client itself."""
    fields = [
        {"name": "client_id", "title": "Client id"},
        {"name": "client_secret", "title": "Client secret", "kind": "secret"},
    ]
    oauth = {
        "authorize_url": f"{sink}/authorize",
        "token_url": f"{sink}/hanging/token",
        "client_from": "fields",
    }
    auth = {"kind": "oauth2_client_credentials", "fields": fields, "oauth": oauth}
    headers = {"Authorization": "Bearer {secret.access_token}"}
    return _manifest(sink, slug, {**auth, "headers": headers})


def _by_key(sink: str, number: int) -> Manifest:
    headers = {"Authorization": "Bearer {secret.api_key}"}
    auth = {"kind": "api_key", "fields": [_KEY_FIELD], "headers": headers}
    return _manifest(sink, f"hanging-key-{number}", auth)


def _manifest(sink: str, slug: str, auth: dict[str, Any]) -> Manifest:
    """Whose account it is, is asked by a POST, for the far end lets only those hang."""
    asked = {"method": "POST", "path": "/hanging/me"}
    return Manifest.model_validate(
        {
            "slug": slug,
            "name": "Hanging Tables",
            "summary": "Tables and seats.",
            "icon": "armchair",
            "shelf": {
                "categories": ["build"],
                "description": "Tables.",
                "tried_against": "a stand-in",
            },
            "base_url": sink,
            "auth": auth,
            "account": {"request": asked, "id_path": "id", "name_path": "name"},
            "actions": [_SEAT],
            "choices": [_TABLES],
        }
    )
