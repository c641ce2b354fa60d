"""Pages of replays, previews and what is fetched read what they hold, whatever statistics say."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.personas import make_organization
from tests.webhooks.replaying_scene import EVER
from tests.workers.scene import make_endpoint
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.plans import along_an_index
from wedsync.webhooks.delivering import polling
from wedsync.webhooks.replays import events as replay_events
from wedsync.webhooks.replays.events import Asked

MANY = 3_000
PAGE = 50
MOST_READ = 2 * PAGE
"""A page, and what of the tables beside it an index cannot tell apart; never what lies around."""
END = UUID(int=(1 << 128) - 1)

_EVENTS = text(
    "INSERT INTO events (organization_id, type, source, occurred_at, data, causation,"
    " fanned_out_at) SELECT unnest(CAST(:organizations AS uuid[])), 'seating.changed', 'api',"
    " now(), '{}', '{}', now() FROM generate_series(1, :many)"
)
_DELIVERIES = text(
    "INSERT INTO deliveries (organization_id, endpoint_id, event_id, event_type, lane, seq, state,"
    " next_attempt_at) SELECT organization_id, :endpoint, id, type, :lane,"
    " row_number() OVER (ORDER BY id), :state, now() - interval '1 minute' FROM events"
    " WHERE organization_id = :organization"
)
_ANALYZE = text("ANALYZE events, deliveries")


@pytest.fixture
def endpoint(app: APIFlask, organization: UUID) -> UUID:
    made, _secret = make_endpoint(app, organization, "https://seating.example/hook")
    return made


@pytest.fixture(params=["of nothing", "of others", "of all"])
def busy(
    app: APIFlask, organization: UUID, endpoint: UUID, request: pytest.FixtureRequest
) -> Iterator[Connection]:
    """Much that happened here and elsewhere, and statistics from before, from when only the others
    were there, or from now; undone afterwards."""
    stranger = make_organization(app)
    known = {"of nothing": 0, "of others": 1, "of all": 2}[request.param]
    with app.app_context(), db.engine.connect() as connection:
        steps = (
            lambda: connection.execute(_EVENTS, {"organizations": [stranger] * 3, "many": MANY}),
            lambda: _happen_here(connection, organization, endpoint, stranger),
        )
        for number, step in enumerate(steps):
            if number == known:
                connection.execute(_ANALYZE)
            step()
        if known == len(steps):
            connection.execute(_ANALYZE)
        yield connection
        connection.rollback()


def _happen_here(
    connection: Connection, organization: UUID, endpoint: UUID, stranger: UUID
) -> None:
    both = [organization, stranger]
    connection.execute(_EVENTS, {"organizations": both, "many": MANY})
    given = {"endpoint": endpoint, "lane": str(endpoint), "organization": organization}
    connection.execute(_DELIVERIES, {**given, "state": "exhausted"})


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes_of(inner)


def rows_read(connection: Connection, statement: Any, given: dict[str, Any], table: str) -> float:
    """The most rows one part of the plan reads of a table."""
    explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}")
    with along_an_index(connection):
        plan = connection.execute(explained, given).scalar_one()[0]["Plan"]
    reading = [
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes_of(plan)
        if node.get("Relation Name") == table and "Scan" in node["Node Type"]
    ]
    assert reading
    return max(reading)


def asked_for(connection: Connection, organization: UUID, endpoint: UUID, which: Any) -> Asked:
    """What is left in the middle of a replay."""
    middle = connection.execute(
        text(
            "SELECT id FROM events WHERE organization_id = :organization ORDER BY id"
            " OFFSET :half LIMIT 1"
        ),
        {"organization": organization, "half": MANY // 2},
    ).scalar_one()
    return Asked(organization, endpoint, middle, END, which, None)


@pytest.mark.parametrize("which", ["all", "not_delivered", "failed"])
def test_a_page_reads_what_it_holds(
    busy: Connection, organization: UUID, endpoint: UUID, which: str
) -> None:
    asked = asked_for(busy, organization, endpoint, which)
    given = {**asked.given(PAGE), "with_data": True, "of_endpoints": []}
    statement = replay_events._PAGES[which == "failed"]
    for table in ("events", "deliveries"):
        assert rows_read(busy, statement, given, table) <= MOST_READ


@pytest.mark.parametrize("which", ["not_delivered", "failed"])
def test_a_preview_reads_no_more_than_it_looks_at(
    busy: Connection, organization: UUID, endpoint: UUID, which: Any
) -> None:
    asked = Asked(organization, endpoint, ids.first_at(EVER), END, which, None)
    statement = replay_events._NUMBERS[which == "failed"]
    for table in ("events", "deliveries"):
        assert rows_read(busy, statement, asked.given(PAGE), table) <= MOST_READ


def test_what_is_fetched_begins_where_the_reader_stands(
    busy: Connection, organization: UUID, endpoint: UUID
) -> None:
    waiting = text("UPDATE deliveries SET state = 'due' WHERE endpoint_id = :id")
    busy.execute(waiting, {"id": endpoint})
    given = {"lane": str(endpoint), "after": MANY // 2, "limit": PAGE, "organization": organization}
    for table in ("events", "deliveries"):
        assert rows_read(busy, polling._MESSAGES, given, table) <= MOST_READ
    assert rows_read(busy, polling._FIRST, given | {"after": 0, "limit": 1}, "deliveries") <= 2
