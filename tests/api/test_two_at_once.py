"""Two at once: of two edits one comes too late, and what is asked of an endpoint that goes away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text
from werkzeug.test import TestResponse

from tests.personas import Persona
from tests.workers.scene import (
    Worker,
    beside,
    deliveries_of,
    make_endpoint,
    make_hook,
    one,
    publish,
    wait_until,
)
from wedsync.platform.db import db
from wedsync.platform.window import WINDOW
from wedsync.webhooks import queries
from wedsync.webhooks.delivering import limits

Ask = Callable[[Persona, UUID, UUID], TestResponse]
_WAITING = (
    "SELECT count(*) AS n FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture(autouse=True)
def _nothing_there_yet(worker: Worker) -> None:
    """The worker comes first: it begins with an empty database."""


@contextmanager
def somebody_else(app: APIFlask) -> Iterator[Connection]:
    """A transaction that is committed at the end."""
    with app.app_context():
        engine = db.engine
    with engine.begin() as connection:
        yield connection


def meanwhile(
    app: APIFlask, statement: str, ask: Callable[[], TestResponse], **values: object
) -> TestResponse:
    """What is answered to somebody who asks while another's change is not committed yet."""
    with somebody_else(app) as theirs:
        theirs.execute(text(statement), values)
        with beside(ask) as answered:
            wait_until(lambda: one(app, _WAITING).n > 0)
            theirs.commit()
            return answered.result()


@pytest.fixture
def endpoint(app: APIFlask, owner: Persona) -> UUID:
    return make_endpoint(app, owner.organization_id, "http://127.0.0.1:8999/told")[0]


# --- edits


def test_of_two_edits_of_the_same_endpoint_one_comes_too_late(
    app: APIFlask, owner: Persona, endpoint: UUID
) -> None:
    path = f"/endpoints/{endpoint}"
    tag = {"If-Match": owner.api.get(path).headers["ETag"]}
    refused = meanwhile(
        app,
        "UPDATE endpoints SET description = 'theirs' WHERE id = :id",
        lambda: owner.api.patch(path, json={"description": "mine"}, headers=tag),
        id=endpoint,
    )
    assert (refused.status_code, refused.json["current"]["description"]) == (412, "theirs")


def test_of_two_edits_of_the_same_hook_one_comes_too_late(app: APIFlask, owner: Persona) -> None:
    hook = make_hook(app, owner.organization_id)
    path = f"/hooks/{hook.id}"
    tag = {"If-Match": owner.api.get(path).headers["ETag"]}
    refused = meanwhile(
        app,
        "UPDATE hooks SET name = 'theirs' WHERE id = :id",
        lambda: owner.api.patch(path, json={"name": "mine"}, headers=tag),
        id=hook.id,
    )
    assert (refused.status_code, refused.json["current"]["name"]) == (412, "theirs")


def test_what_is_locked_is_read_anew(app: APIFlask, owner: Persona, endpoint: UUID) -> None:
    """A page has read the endpoint before; what somebody changed since is not written over."""
    with app.app_context():
        read = queries.get_endpoint(owner.organization_id, endpoint)
        with somebody_else(app) as theirs:
            theirs.execute(text("UPDATE endpoints SET description = 'theirs'"))
        assert read is queries.get_endpoint(owner.organization_id, endpoint, for_update=True)
        assert read.description == "theirs"


def test_limits_may_be_lifted_while_a_worker_asks_about_them(
    app: APIFlask, endpoint: UUID, worker: Worker
) -> None:
    with somebody_else(app) as connection:
        bound = limits.bounds_of(connection, [endpoint])[endpoint]
    assert bound.left > WINDOW


# --- what goes away

_ASKED: dict[str, Ask] = {
    "test": lambda owner, endpoint, _: owner.api.post(f"/endpoints/{endpoint}/test"),
    "resend": lambda owner, _, delivery: owner.api.post(f"/deliveries/{delivery}/resend"),
    "cancel": lambda owner, _, delivery: owner.api.post(f"/deliveries/{delivery}/cancel"),
    "rotate": lambda owner, endpoint, _: owner.api.post(f"/endpoints/{endpoint}/rotate"),
    "replay": lambda owner, endpoint, _: owner.api.post(
        f"/endpoints/{endpoint}/replays", json={"since": "2020-01-01T00:00:00Z"}
    ),
}


@pytest.mark.parametrize("ask", _ASKED.values(), ids=_ASKED)
def test_what_is_taken_away_meanwhile_is_not_found(
    app: APIFlask, owner: Persona, worker: Worker, endpoint: UUID, ask: Ask
) -> None:
    publish(app, owner.organization_id, "seating.changed", {"table": 4})
    worker.fan_out()
    (delivery,) = deliveries_of(app, endpoint)
    answered = meanwhile(
        app,
        "DELETE FROM endpoints WHERE id = :id",
        lambda: ask(owner, endpoint, delivery.id),
        id=endpoint,
    )
    assert (answered.status_code, answered.json["code"]) == (404, "not_found")
