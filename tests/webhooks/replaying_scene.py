"""Replays moved by hand, and what they leave."""

import json
import threading
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import Row

from tests.workers.scene import Sink, Worker, one, rows
from wedsync.platform.db import db
from wedsync.webhooks import queries
from wedsync.webhooks.replays import replaying
from wedsync.webhooks.replays import service as replays
from wedsync.webhooks.replays.service import Preview, Wish

CHANGED = "seating.changed"
EVER = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2200, 1, 1, tzinfo=UTC)
NEVER = threading.Event()


def begin(
    app: APIFlask, organization_id: UUID, endpoint_id: UUID, which: Any = "all", **wish: Any
) -> UUID:
    """Begin a replay of everything there ever was, or since a moment."""
    asked = Wish(**{"since": EVER, "which": which, **wish})
    with app.app_context():
        replay = replays.begin(organization_id, endpoint_id, asked)
        db.session.commit()
        return replay.id


def look(app: APIFlask, organization_id: UUID, endpoint_id: UUID, **wish: Any) -> Preview:
    """What a replay of everything, or since a moment, would come to."""
    asked = Wish(**{"since": EVER, **wish})
    with app.app_context():
        return replays.preview(queries.get_endpoint(organization_id, endpoint_id), asked)


def go_on(worker: Worker) -> int:
    """Go through all that is due, until it is done or has to wait; how many were put in line."""
    return replaying.work(worker.engine, NEVER, quiet)


def quiet() -> None:
    """A bell nobody hears: deliveries are sent by hand here."""


def replay_of(app: APIFlask, replay_id: UUID) -> Row[Any]:
    return one(app, "SELECT * FROM replays WHERE id = :id", id=replay_id)


def let_lease_pass(app: APIFlask) -> None:
    """What somebody has, or has left for later, can be taken up."""
    rows(
        app,
        "UPDATE replays SET lease_until = clock_timestamp()"
        " WHERE lease_until IS NOT NULL RETURNING 1",
    )


def set_state(app: APIFlask, endpoint_id: UUID, state: str) -> None:
    """Have all deliveries of an endpoint in a state, as their tries would have left them."""
    rows(
        app,
        "UPDATE deliveries SET state = :state, failures = 3, owner = NULL, finished_at ="
        " CASE WHEN :state = 'due' THEN NULL ELSE clock_timestamp() END,"
        " next_attempt_at = CASE WHEN :state = 'due' THEN clock_timestamp() + interval '9 h' END"
        " WHERE endpoint_id = :id RETURNING 1",
        state=state,
        id=endpoint_id,
    )


def told(sink: Sink, organization_id: UUID) -> list[Any]:
    """The tables an organization's endpoint was told of, in the order they came."""
    return [json.loads(each["body"])["data"]["table"] for each in came_to(sink, organization_id)]


def came_to(sink: Sink, organization_id: UUID) -> list[dict[str, Any]]:
    """The requests an organization's endpoint was sent, in the order they came."""
    return [each for each in sink.requests() if each["path"] == f"/ok/{organization_id}"]
