"""Work that lies there already: events not fanned out, deliveries that are due.

What is to be measured begins when this is committed, so it is written straight into the tables, in
one transaction, as the front and the fan-out would have left it.
"""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.bench import traffic
from tests.bench.scene import Organization, Scene
from tests.bench.stage import Stage
from wedsync.events.types import stored_event_type
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.runtime import runtime, vault
from wedsync.platform.vault import place
from wedsync.webhooks.delivering.service import FannedEvent, make_deliveries
from wedsync.webhooks.hooks.incoming import RAW_BODY

_ACCEPTED = (
    "COPY events (id, organization_id, type, source, occurred_at, sender_event_id, raw_body,"
    " headers, causation) FROM STDIN"
)
_FANNED_OUT = (
    "COPY events (id, organization_id, type, source, occurred_at, data, causation, fanned_out_at)"
    " FROM STDIN"
)
_BY_API = "api"
_HEADERS = json.dumps({"scheme": "standard_webhooks", "verdict": "verified", "headers": {}})


@dataclass(frozen=True)
class Sent:
    """A request body that came to a hook."""

    organization_id: UUID
    hook_id: UUID
    content: bytes


def accept_events(stage: Stage, scene: Scene, count: int) -> float:
    """Have `count` answers of guests accepted and ring; returns the instant they were there."""
    return accept(stage, [_answer(organization, n) for organization, n in _shared(scene, count)])


def accept(stage: Stage, sent: Sequence[Sent]) -> float:
    """Have these accepted and ring; returns the instant they were there."""
    with stage.app.app_context():
        rows = [_accepted(each) for each in sent]
        with db.engine.begin() as connection:
            cursor: Any = connection.connection.cursor()
            with cursor.copy(_ACCEPTED) as copy:
                for row in rows:
                    copy.write_row(row)
        at = time.monotonic()
        runtime().wake.ring("events")
    return at


def make_due(stage: Stage, scene: Scene, count: int) -> float:
    """Make `count` deliveries due and ring; returns the instant they were there."""
    events = [_photos(organization, n) for organization, n in _shared(scene, count)]
    with stage.app.app_context():
        with db.engine.begin() as connection:
            cursor: Any = connection.connection.cursor()
            with cursor.copy(_FANNED_OUT) as copy:
                for event in events:
                    copy.write_row(_fanned_out(event))
            make_deliveries(connection, events, clock.now())
        at = time.monotonic()
        runtime().wake.ring("deliveries")
    return at


def _shared(scene: Scene, count: int) -> list[tuple[Organization, int]]:
    everybody = scene.organizations
    return [(everybody[number % len(everybody)], number) for number in range(count)]


def _answer(organization: Organization, number: int) -> Sent:
    return Sent(organization.id, organization.rsvps.id, traffic.body(traffic.RSVP, number))


def _accepted(sent: Sent) -> tuple[object, ...]:
    event_id = ids.new_id()
    source = f"hook:{sent.hook_id}"
    where = place("events", event_id, RAW_BODY)
    sealed = vault().seal(db.session, sent.organization_id, where, sent.content)
    return (
        event_id,
        sent.organization_id,
        stored_event_type(traffic.RSVP, source),
        source,
        clock.now(),
        uuid.uuid4().hex,
        sealed,
        _HEADERS,
        _own_root(event_id),
    )


def _own_root(event_id: uuid.UUID) -> str:
    return json.dumps({"root": str(event_id), "depth": 0, "chain": []})


def _photos(organization: Organization, number: int) -> FannedEvent:
    event_id = ids.new_id()
    return FannedEvent(
        event_id,
        organization.id,
        stored_event_type(traffic.PHOTOS, _BY_API),
        _BY_API,
        clock.now(),
        traffic.answer(number),
        None,
        json.loads(_own_root(event_id)),
    )


def _fanned_out(event: FannedEvent) -> tuple[object, ...]:
    data, causation = json.dumps(event.data), json.dumps(event.causation)
    at = event.occurred_at
    return (event.id, event.organization_id, event.type, event.source, at, data, causation, at)
