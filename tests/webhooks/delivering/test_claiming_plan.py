"""Claiming deliveries reads what it takes: not what else is due, nor what was taken before."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.webhooks import plans
from tests.webhooks.plans import nodes_of, plan_of
from tests.workers.passing_time import let_pass
from tests.workers.scene import Sink, Worker, deliveries_of, make_endpoint, publish
from wedsync.platform import batch
from wedsync.platform.db import db
from wedsync.platform.plans import along_an_index
from wedsync.webhooks.delivering import claiming, lanes, limits, standing

DUE = 3_000
TAKEN = 50

_EVENTS = text(
    "INSERT INTO events (organization_id, type, source, occurred_at, data, causation,"
    " fanned_out_at) SELECT :organization, 'seating.changed', 'api', now(), '{}', '{}', now()"
    " FROM generate_series(1, :due)"
)
_DELIVERIES = text(
    "INSERT INTO deliveries"
    " (organization_id, endpoint_id, event_id, event_type, lane, next_attempt_at)"
    " SELECT organization_id, :endpoint, id, type, :lane, now() - interval '1 minute' FROM events"
    " WHERE organization_id = :organization AND type = 'seating.changed'"
)
_LANE = text(
    "INSERT INTO lanes (kind, key, organization_id, next_due_at)"
    " VALUES ('deliveries', :lane, :organization, now() - interval '1 minute')"
    " ON CONFLICT (kind, key) DO UPDATE SET next_due_at = excluded.next_due_at"
)


@pytest.fixture
def endpoint(app: APIFlask, organization: UUID) -> UUID:
    made, _secret = make_endpoint(app, organization, "https://seating.example/hook")
    return made


@pytest.fixture
def busy(app: APIFlask, organization: UUID, endpoint: UUID) -> Iterator[Connection]:
    """Much that is due, and statistics from when nothing was; undone afterwards."""
    given = {"organization": organization, "endpoint": endpoint, "lane": str(endpoint), "due": DUE}
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(_EVENTS, given)
        connection.execute(_DELIVERIES, given)
        connection.execute(_LANE, given)
        connection.execute(text("UPDATE deliveries SET state = 'delivered'"))
        connection.execute(text("ANALYZE events, deliveries, lanes, endpoints"))
        connection.execute(text("UPDATE deliveries SET state = 'due'"))
        yield connection
        connection.rollback()


def rows_read(connection: Connection, statement: str, **given: Any) -> float:
    """The most rows one part of the plan reads of deliveries."""
    return plans.rows_read(plan_of(connection, statement, **given), "deliveries")


def test_a_claim_reads_what_it_takes_also_by_statistics_that_know_of_nothing_due(
    busy: Connection, endpoint: UUID
) -> None:
    given = {"lanes": [str(endpoint)], "allowances": [TAKEN], "owner": uuid4(), "lease": 90}
    assert rows_read(busy, claiming._CLAIM.text, **given) <= TAKEN


def test_a_claim_begins_where_its_lane_is_due(busy: Connection, endpoint: UUID) -> None:
    """What was taken before lies dead in the index, and is not looked at again."""
    given = {"lanes": [str(endpoint)], "allowances": [TAKEN], "owner": uuid4(), "lease": 90}
    looks = [
        node["Index Cond"]
        for node in nodes_of(plan_of(busy, claiming._CLAIM.text, **given))
        if node.get("Index Name") == "ix_deliveries_due"
    ]
    assert len(looks) == 1
    assert ">= (l.next_due_at - " in looks[0]


def test_a_lane_that_nobody_told_of_its_work_is_found(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _secret = make_endpoint(app, organization, sink.url("/ok/asleep"))
    publish(app, organization, "seating.changed", {"table": 4})
    worker.fan_out()
    let_pass(app, 10)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE lanes SET next_due_at = NULL"))
    worker.deliver()
    assert [each.state for each in deliveries_of(app, endpoint)] == ["due"]
    with app.app_context(), db.engine.begin() as connection:
        lanes.sweep_lanes(connection)
    worker.deliver()
    assert [each.state for each in deliveries_of(app, endpoint)] == ["delivered"]


@pytest.mark.parametrize("known", [False, True])
def test_a_look_for_what_lanes_stopped_at_does_not_read_what_was_given_up(
    busy: Connection, *, known: bool
) -> None:
    busy.execute(text("UPDATE deliveries SET state = 'exhausted', next_attempt_at = NULL"))
    if known:
        busy.execute(text("ANALYZE deliveries"))
    busy.execute(
        text(
            "UPDATE deliveries SET blocks_lane = true WHERE id IN"
            " (SELECT id FROM deliveries ORDER BY id LIMIT 2)"
        )
    )
    assert rows_read(busy, lanes._TO_GO_ON.text) <= 2


# --- endpoints that are asked about


@pytest.mark.parametrize("known", ["delivered", "in_flight"])
def test_counting_what_is_in_flight_does_not_read_what_is_due(
    app: APIFlask, organization: UUID, endpoint: UUID, known: str
) -> None:
    """By statistics that know of nothing in flight, or of nothing else."""
    given = {"organization": organization, "endpoint": endpoint, "lane": str(endpoint), "due": DUE}
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(_EVENTS, given)
        connection.execute(_DELIVERIES, given)
        connection.execute(text("UPDATE endpoints SET max_in_flight = 100"))
        connection.execute(text("UPDATE deliveries SET state = :known"), {"known": known})
        connection.execute(text("ANALYZE events, deliveries, lanes, endpoints"))
        connection.execute(text("UPDATE deliveries SET state = 'due'"))
        connection.execute(
            text(
                "UPDATE deliveries SET state = 'in_flight' WHERE id IN"
                " (SELECT id FROM deliveries ORDER BY id LIMIT 40)"
            )
        )
        with along_an_index(connection):
            read = rows_read(connection, limits._PLACES.text, endpoints=[endpoint])
        connection.rollback()
    assert read <= 2 * 40


def test_a_look_for_lanes_reads_one_endpoint_for_each(busy: Connection, endpoint: UUID) -> None:
    given = {"kind": "deliveries", "full": [], "full_organizations": [], "limit": TAKEN}
    busy.execute(
        text(
            "INSERT INTO endpoints (organization_id, url, secret) SELECT organization_id,"
            " 'https://seating.example/' || n, secret FROM endpoints, generate_series(1, 500) n"
        )
    )
    busy.execute(
        text(
            "INSERT INTO lanes (kind, key, organization_id, next_due_at) SELECT 'deliveries',"
            " id::text, organization_id, now() FROM endpoints ON CONFLICT DO NOTHING"
        )
    )
    plan = plan_of(busy, claiming._LANES.text, **given)
    looks = [each for each in nodes_of(plan) if each.get("Relation Name") == "endpoints"]
    assert looks
    read = max(
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in looks
    )
    assert read <= busy.execute(text("SELECT count(*) FROM lanes")).scalar_one()


def test_what_came_home_is_held_against_its_own_endpoints_only(
    busy: Connection, endpoint: UUID
) -> None:
    """Also by statistics that know of a single endpoint."""
    busy.execute(
        text(
            "INSERT INTO endpoints (organization_id, url, secret) SELECT organization_id,"
            " 'https://seating.example/' || n, secret FROM endpoints, generate_series(1, 2000) n"
        )
    )
    news = standing._nothing(endpoint, "https://seating.example/hook")
    plan = plan_of(
        busy,
        standing._STAND.text,
        **batch.rows([{**news, "failed": True, "downs": 1}]),
        endpoints=[endpoint],
        first_s=30.0,
        longest_s=600.0,
    )
    looks = [each for each in nodes_of(plan) if each.get("Relation Name") == "endpoints"]
    read = [
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"]
        for each in looks
        if "Scan" in each["Node Type"]
    ]
    assert read
    assert max(read) <= 1
