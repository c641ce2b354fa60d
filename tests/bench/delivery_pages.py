"""The pages of deliveries as somebody signed in sees them: every filter, with 100,000 deliveries in
the organization, and many of others beside them."""

from collections.abc import Mapping
from contextlib import closing
from uuid import UUID

from sqlalchemy import text

from tests.bench.measurement import Run, percentile
from tests.bench.processes import BenchError
from tests.bench.visitor import Visitor, sign_up
from tests.webhooks.deliveries_in_bulk import RARE_ERROR, RARE_TYPE, TYPES, make_many
from wedsync.platform.db import db

READER = "ruth@example.com"
_OTHERS = 3
_READ_OF_STORED = 10
_ROUND_OF_PAGES = 4

_FILTERS = {
    "all": "",
    "waiting": "state=waiting",
    "arrived": "state=arrived",
    "gave_up": "state=gave-up",
    "stopped": "state=stopped",
    "type": f"type={TYPES[0]}",
    "rare_type": f"type={RARE_TYPE}",
    "error": "error=http_503",
    "rare_error": f"error={RARE_ERROR}",
    "time": "when=day",
    "type_and_state": f"type={TYPES[3]}&state=stopped",
    "everything": f"type={TYPES[2]}&state=gave-up&error=http_503&when=week",
    "couple": "q=couple+17",
    "event": "q=meals+changed",
    "couple_and_event": "q=couple+seating",
    "name": "q=guest+77",
    "nobody": "q=nobody+at+all",
    "number": "q={number}",
    "opened": "delivery={delivery}",
    "further_back": "before={delivery}",
}
_LATEST = text(
    "SELECT id, event_id FROM deliveries WHERE organization_id = :id ORDER BY id OFFSET :middle"
    " LIMIT 1"
)
_OF_READER = (
    "SELECT organization_id FROM memberships m JOIN users u ON u.id = m.user_id WHERE email = %s"
)
# Whatever waits keeps the stage from being idle.
_NONE_WAITS = text(
    "UPDATE deliveries SET state = 'exhausted', next_attempt_at = NULL, finished_at = now()"
    " WHERE organization_id = :id AND state = 'due'"
)


def make_deliveries(run: Run) -> None:
    """An organization with one person and very many deliveries, and others with many."""
    count = run.size.stored // _READ_OF_STORED
    with run.stage.app.app_context():
        _user, mine = sign_up(READER)
        others = [sign_up(f"other-{number}-{READER}")[1] for number in range(_OTHERS)]
        connection = db.session.connection()
        for organization in others:
            make_many(connection, organization.id, count // _OTHERS, "Another kitchen")
            connection.execute(_NONE_WAITS, {"id": organization.id})
        make_many(connection, mine.id, count, "The kitchen")
        connection.execute(_NONE_WAITS, {"id": mine.id})
        db.session.commit()
    run.stage.database.execute("ANALYZE")


def pages(run: Run) -> Mapping[str, float]:
    """Each filter of the page of all, and of the endpoint's own; the slowest is what counts."""
    addresses = _addresses(run)
    times = max(4, run.size.pages // _ROUND_OF_PAGES)
    with closing(Visitor(run.stage.ports.front, READER)) as visitor:
        for path in addresses.values():
            _milliseconds(visitor, path)
        found = {
            name: percentile([_milliseconds(visitor, path) for _ in range(times)], 95)
            for name, path in addresses.items()
        }
    figures = {f"deliveries_{name}_ms": took for name, took in found.items()}
    return {**figures, "deliveries_page_p95_ms": max(found.values())}


def _addresses(run: Run) -> dict[str, str]:
    organization: UUID = run.stage.ask(_OF_READER, READER)
    endpoint = run.stage.ask("SELECT id FROM endpoints WHERE organization_id = %s", organization)
    middle = run.size.stored // _READ_OF_STORED // 2
    with run.stage.app.app_context():
        row = db.session.execute(_LATEST, {"id": organization, "middle": middle}).one()
    given = {"number": row.event_id, "delivery": row.id}
    asked = {name: query.format(**given) for name, query in _FILTERS.items()}
    of_endpoint = f"/webhooks/endpoints/{endpoint}?"
    return {
        "overview": "/webhooks",
        **{name: f"/webhooks/deliveries?{query}" for name, query in asked.items()},
        **{f"endpoint_{name}": of_endpoint + query for name, query in asked.items()},
    }


def _milliseconds(visitor: Visitor, path: str) -> float:
    """How long a page takes to be there whole."""
    page = visitor.get(path)
    if b"eliveries" not in page.content:
        raise BenchError(f"{path} does not show deliveries.")
    return page.took_ms
