"""Very many deliveries at once, as a busy year leaves them."""

from dataclasses import dataclass
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import Connection, text

from wedsync.platform import ids
from wedsync.platform.db import db

TYPES = ("guests.count_changed", "guests.meals_changed", "seating.guest_added", "invoice.paid")
RARE_TYPE = "contract.signed"
RARE_ERROR = "tls_failed"
COUPLES = 40

_ENDPOINT = text(
    "INSERT INTO endpoints (id, organization_id, url, description, secret)"
    " VALUES (:endpoint, :organization, :url, :name, '')"
)
_WEDDINGS = text(
    "INSERT INTO weddings (organization_id, title, date)"
    " SELECT :organization, 'Couple ' || n || ' & Partner', date '2031-06-01' + CAST(n AS int)"
    " FROM generate_series(1, :couples) n RETURNING id"
)
_EVENTS = text(
    "WITH couples AS (SELECT array_agg(id ORDER BY id) AS ids FROM weddings"
    "  WHERE organization_id = :organization)"
    " INSERT INTO events (id, organization_id, type, source, occurred_at, data, causation,"
    "  wedding_id, fanned_out_at)"
    " SELECT uuidv7(), :organization,"
    "  CASE WHEN n = :count / 100 THEN :rare ELSE (CAST(:types AS text[]))[1 + n % 4] END,"
    "  'api', now(), jsonb_build_object('guest', jsonb_build_object('name', 'Guest ' || n)),"
    "  '{}', CASE WHEN n % 2 = 0 THEN ids[1 + n % cardinality(ids)] END, now()"
    " FROM couples, generate_series(1, :count) n"
)
# One in fifty gave up, one in a thousand waits; the very first was cancelled.
_DELIVERIES = text(
    "WITH numbered AS (SELECT *, row_number() OVER (ORDER BY id) AS n FROM events"
    "  WHERE organization_id = :organization AND source = 'api')"
    " INSERT INTO deliveries (id, organization_id, endpoint_id, event_id, event_type, wedding_id,"
    "  lane, state, attempts, failures, next_attempt_at, finished_at, last_error)"
    " SELECT uuidv7(), organization_id, :endpoint, id, type, wedding_id, CAST(:endpoint AS text),"
    "  CASE WHEN n = 1 THEN 'cancelled' WHEN n % 1000 = 0 THEN 'due'"
    "   WHEN n % 50 = 0 THEN 'exhausted' ELSE 'delivered' END, 1,"
    "  CASE WHEN n % 50 = 0 THEN 1 ELSE 0 END,"
    "  CASE WHEN n % 1000 = 0 THEN now() + interval '1 hour' END,"
    "  CASE WHEN n % 1000 > 0 THEN now() END,"
    "  CASE WHEN n = 150 THEN :rare_error WHEN n % 50 = 0 THEN 'http_503' END FROM numbered"
    " ORDER BY n"
)
_ATTEMPTS = text(
    "INSERT INTO delivery_attempts (delivery_id, number, organization_id, started_at, finished_at,"
    " outcome, status, error, timings, answer)"
    " SELECT id, 1, organization_id, now(), now(),"
    "  CASE WHEN last_error IS NULL THEN 'ok' ELSE 'refused' END,"
    "  CASE WHEN last_error IS NULL THEN 200 ELSE 503 END, last_error,"
    '  \'{"dns_ms": 4, "connect_ms": 9, "tls_ms": 21, "first_byte_ms": 170, "total_ms": 173}\','
    "  'ok' FROM deliveries WHERE organization_id = :organization AND endpoint_id = :endpoint"
)
_HOURS = text(
    "INSERT INTO delivery_hours (endpoint_id, organization_id, hour, made)"
    " SELECT endpoint_id, organization_id, date_trunc('hour', now(), 'UTC'), count(*)"
    " FROM deliveries WHERE endpoint_id = :endpoint GROUP BY 1, 2"
)


@dataclass(frozen=True)
class Bulk:
    """An endpoint with that many deliveries."""

    organization_id: UUID
    endpoint_id: UUID


def make_many(connection: Connection, organization_id: UUID, count: int, name: str) -> Bulk:
    """An endpoint that was told of `count` things, some of them about couples."""
    bulk = Bulk(organization_id, ids.new_id())
    given = {
        "organization": organization_id,
        "endpoint": bulk.endpoint_id,
        "url": "https://kitchen.example/told",
        "name": name,
        "count": count,
        "couples": COUPLES,
        "types": list(TYPES),
        "rare": RARE_TYPE,
        "rare_error": RARE_ERROR,
    }
    for statement in (_ENDPOINT, _WEDDINGS, _EVENTS, _DELIVERIES, _ATTEMPTS, _HOURS):
        connection.execute(statement, given)
    return bulk


def many(app: APIFlask, organization_id: UUID, count: int, name: str = "The kitchen") -> Bulk:
    """The same, committed."""
    with app.app_context(), db.engine.begin() as connection:
        return make_many(connection, organization_id, count, name)
