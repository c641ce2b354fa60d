"""One organization has a million deliveries due for ten endpoints that hang at their cap; another's
next one should hardly notice."""

import json
import time
from collections.abc import Mapping
from uuid import UUID

from tests.bench import traffic
from tests.bench.measurement import Run
from tests.bench.scene import DELIVERIES_PATH, HANGING_PATH
from tests.bench.stage import Stage
from wedsync.accounts import organizations
from wedsync.events import service as events
from wedsync.platform.db import db
from wedsync.platform.runtime import commit
from wedsync.webhooks.endpoints import service as endpoints

ENDPOINTS = 10
PLACES = 2
_SAMPLES, _EVERY_S = 20, 0.5
_PATH = f"{HANGING_PATH}-due"

_EVENTS = (
    "INSERT INTO events (organization_id, type, source, occurred_at, data, causation,"
    " fanned_out_at) SELECT %(organization)s, 'bench.due', 'api', now(), %(data)s::jsonb,"
    " '{}', now() FROM generate_series(1, %(events)s)"
)
_DELIVERIES = (
    "INSERT INTO deliveries (organization_id, endpoint_id, event_id, event_type, lane,"
    " next_attempt_at) SELECT e.organization_id, p.id, e.id, e.type, p.id::text,"
    " now() - random() * interval '1 minute' FROM events e CROSS JOIN endpoints p"
    " WHERE e.organization_id = %(organization)s AND e.type = 'bench.due'"
    " AND p.organization_id = e.organization_id"
)
_LANES = (
    "INSERT INTO lanes (kind, key, organization_id, next_due_at) SELECT 'deliveries', id::text,"
    " organization_id, now() - interval '2 minutes' FROM endpoints"
    " WHERE organization_id = %(organization)s"
)


def make_due(run: Run) -> None:
    """The million, and the worker at it until all ten endpoints hang."""
    stage = run.stage
    stage.forget_arrivals()
    with stage.app.app_context():
        made = organizations.create("Bench due", slug="bench-due").id
        url = f"http://127.0.0.1:{stage.ports.sink}{_PATH}"
        for _ in range(ENDPOINTS):
            endpoints.create(made, {"url": url, "max_in_flight": PLACES, "event_types": ["none"]})
        db.session.commit()
    _insert(stage, made, run.size.due // ENDPOINTS)
    stage.ring("deliveries")
    in_flight = "SELECT count(*) FROM deliveries WHERE state = 'in_flight'"
    stage.wait_until(lambda: stage.ask(in_flight) >= ENDPOINTS * PLACES, "all of them to hang")


def beside_a_million_due(run: Run) -> Mapping[str, float]:
    """From an event's commit to its first try, one after the other, until some hung too long."""
    took = []
    for number in range(_SAMPLES):
        took.append(_first_try_ms(run, number))
        time.sleep(_EVERY_S)
    run.stage.answer_who_hangs()
    return {"first_try_beside_due_ms": max(took)}


def _first_try_ms(run: Run, number: int) -> float:
    stage, who = run.stage, run.scene.organizations[1]
    stage.forget_arrivals()
    with stage.app.app_context():
        events.publish(who.id, traffic.PHOTOS, traffic.answer(number), source="api")
        commit("events")
    began = time.monotonic()
    return (stage.wait_for_arrivals(DELIVERIES_PATH, 1) - began) * 1000


def _insert(stage: Stage, organization: UUID, events_: int) -> None:
    given = {
        "organization": organization,
        "events": events_,
        "data": json.dumps(traffic.answer(0)),
    }
    database = stage.database
    # Rows that belong together by how they are made: nothing is looked up for each of them.
    database.execute("SET session_replication_role = replica")
    for statement in (_EVENTS, _DELIVERIES, _LANES):
        database.execute(statement, given)
    database.execute("RESET session_replication_role")
