"""Pages of replays, previews and what is fetched read what they hold, whatever statistics say."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.personas import make_organization
from tests.webhooks import plans
from tests.webhooks.replaying_scene import EVER
from tests.workers.scene import make_endpoint
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.plans import along_an_index
from wedsync.webhooks.delivering import polling
from wedsync.webhooks.replays import events as replay_events
from wedsync.webhooks.replays.events import Asked

MANY = 1_500
PAGE = 50
KNOWN = ["nothing", "others", "events", "ours", "all", "what arrived"]
"""What there was when statistics were made."""
END = UUID(int=(1 << 128) - 1)

_EVENTS = text(
    "INSERT INTO events (organization_id, type, source, occurred_at, data, causation,"
    " fanned_out_at) SELECT unnest(CAST(:organizations AS uuid[])), 'seating.changed', 'api',"
    " now(), '{}', '{}', now() FROM generate_series(1, :many)"
)
_DELIVERIES = text(
    "INSERT INTO deliveries (organization_id, endpoint_id, event_id, event_type, lane, seq, state,"
    " next_attempt_at) SELECT organization_id, :endpoint, id, type, :lane,"
    " row_number() OVER (ORDER BY id), 'exhausted', now() - interval '1 minute' FROM events"
    " WHERE organization_id = :organization"
)
_MOST_ARRIVE = text("UPDATE deliveries SET state = 'delivered' WHERE seq % 10 <> 0")
_ANALYZE = text("ANALYZE events, deliveries")
_ALONE = text("LOCK TABLE events, deliveries IN SHARE UPDATE EXCLUSIVE MODE")
"""Nobody else makes statistics of them meanwhile."""
_FORGET_STATISTICS = (
    text("DELETE FROM pg_statistic WHERE starelid IN ('events'::regclass, 'deliveries'::regclass)"),
    text("UPDATE pg_class SET reltuples = -1 WHERE relname IN ('events', 'deliveries')"),
)


@pytest.fixture
def endpoint(app: APIFlask, organization: UUID) -> UUID:
    made, _secret = make_endpoint(app, organization, "https://seating.example/hook")
    return made


@pytest.fixture(params=KNOWN)
def busy(
    app: APIFlask,
    empty_database: None,
    organization: UUID,
    endpoint: UUID,
    request: pytest.FixtureRequest,
) -> Iterator[Connection]:
    """Much that happened here and elsewhere, of which statistics know as much as there was at one
    moment or another, or nothing at all; undone afterwards.

    What others were told of lies before ours, and one in ten of all deliveries has given up, which
    most did before.
    """
    stranger = make_organization(app)
    theirs, _secret = make_endpoint(app, stranger, "https://flowers.example/hook")
    of_others = {"organization": stranger, "endpoint": theirs, "lane": str(theirs)}
    of_ours = {"organization": organization, "endpoint": endpoint, "lane": str(endpoint)}
    steps: list[tuple[str, Any, Any]] = [
        ("others", _EVENTS, {"organizations": [stranger] * 3, "many": MANY}),
        ("events", _EVENTS, {"organizations": [organization, stranger], "many": MANY}),
        ("ours", _DELIVERIES, of_ours),
        ("all", _DELIVERIES, of_others),
        ("what arrived", _MOST_ARRIVE, {}),
    ]
    with app.app_context(), db.engine.connect() as connection:
        for forget in (_ALONE, *_FORGET_STATISTICS):
            connection.execute(forget)
        for name, statement, given in steps:
            connection.execute(statement, given)
            if name == request.param:
                connection.execute(_ANALYZE)
        yield connection
        connection.rollback()


def rows_read(connection: Connection, statement: Any, given: dict[str, Any], table: str) -> float:
    with along_an_index(connection):
        return plans.rows_read(plans.plan_of(connection, statement.text, **given), table)


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
        assert rows_read(busy, statement, given, table) <= PAGE


@pytest.mark.parametrize("which", ["not_delivered", "failed"])
def test_a_preview_reads_no_more_than_it_looks_at(
    busy: Connection, organization: UUID, endpoint: UUID, which: Any
) -> None:
    asked = Asked(organization, endpoint, ids.first_at(EVER), END, which, None)
    statement = replay_events._NUMBERS[which == "failed"]
    for table in ("events", "deliveries"):
        assert rows_read(busy, statement, asked.given(PAGE), table) <= PAGE


def test_what_is_fetched_begins_where_the_reader_stands(
    busy: Connection, organization: UUID, endpoint: UUID
) -> None:
    waiting = text("UPDATE deliveries SET state = 'due' WHERE endpoint_id = :id")
    busy.execute(waiting, {"id": endpoint})
    given = {"lane": str(endpoint), "after": MANY // 2, "limit": PAGE}
    page = {**given, "organization": organization, "most_bytes": polling.MOST_BYTES}
    for table in ("events", "deliveries"):
        assert rows_read(busy, polling._MESSAGES, page, table) <= PAGE
    assert rows_read(busy, polling._FIRST, given | {"after": 0, "limit": 1}, "deliveries") <= 1
