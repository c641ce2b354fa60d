"""Reading stays quick however many versions have been: the queue is read by its own index."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import event, text

from tests.listings.manifests import seatwell
from tests.listings.ways import a_draft, sent
from tests.personas import Persona
from wedsync.listings import queries
from wedsync.platform.db import db

LISTINGS, VERSIONS = 150, 20


@pytest.fixture
def many_versions(app: APIFlask, stranger: Persona) -> None:
    """Thousands of versions that nobody has to look at any more."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "WITH made AS (INSERT INTO listings (organization_id, slug)"
                " SELECT :id, 'past-' || :mark || '-' || n FROM generate_series(1, :listings) n"
                " RETURNING id, organization_id)"
                " INSERT INTO listing_versions"
                " (organization_id, listing_id, number, state, manifest, content_hash)"
                " SELECT organization_id, id, number, 'superseded', CAST(:manifest AS jsonb), ''"
                " FROM made, generate_series(1, :versions) number"
            ),
            {
                "id": stranger.organization_id,
                "mark": stranger.organization_slug[-8:],
                "listings": LISTINGS,
                "versions": VERSIONS,
                "manifest": json.dumps(seatwell()),
            },
        )
        connection.execute(text("ANALYZE listing_versions, listings"))


def rows_read(app: APIFlask, read: Callable[[], Any], table: str) -> float:
    """How many rows of a table the statement that `read` asks has looked at."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            read()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        [(statement, parameters)] = asked
        with db.engine.connect() as connection:
            explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
            plan = connection.exec_driver_sql(explained, parameters).scalar_one()
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes_of(plan[0]["Plan"])
        if node.get("Relation Name") == table
    )


def nodes_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for child in node.get("Plans", ()) for inner in nodes_of(child))]


@pytest.mark.parametrize("read", [queries.to_review, queries.count_to_review])
def test_the_queue_reads_what_waits_and_nothing_else(
    app: APIFlask, partner: Persona, many_versions: None, read: Callable[[], Any]
) -> None:
    for _ in range(3):
        sent(app, partner, a_draft(app, partner))
    with app.app_context():
        waiting = queries.count_to_review()
    assert rows_read(app, read, "listing_versions") <= waiting


def test_one_listing_is_found_by_its_address(
    app: APIFlask, partner: Persona, many_versions: None
) -> None:
    version_id = sent(app, partner, a_draft(app, partner))
    assert rows_read(app, lambda: queries.submission(version_id), "listing_versions") <= 1
