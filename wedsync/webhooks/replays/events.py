"""The events a replay goes through: a page of them, and how many there are.

They are read in the order of their ids, and each page begins where the one before ended, so a page
costs what it holds however much lies around it.
"""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform.plans import Executor, along_an_index
from wedsync.webhooks.delivering import operational
from wedsync.webhooks.delivering.samples import TEST_TYPE

Which = Literal["all", "not_delivered", "failed"]

# Compared as rows, and in that order, one index has them; in any other words statistics that know
# little of one organization could have the planner walk through what is everybody's.
_EVENTS = (
    "SELECT id FROM events WHERE"
    " (organization_id, id) > (CAST(:organization AS uuid), CAST(:after AS uuid))"
    " AND (organization_id, id) < (CAST(:organization AS uuid), CAST(:end AS uuid))"
    " ORDER BY organization_id, id LIMIT :limit"
)
_THAT_GAVE_UP = (
    "SELECT event_id AS id FROM deliveries WHERE state = 'exhausted'"
    " AND (organization_id, endpoint_id, event_id)"
    "  > (CAST(:organization AS uuid), CAST(:endpoint AS uuid), CAST(:after AS uuid))"
    " AND (organization_id, endpoint_id, event_id)"
    "  < (CAST(:organization AS uuid), CAST(:endpoint AS uuid), CAST(:end AS uuid))"
    " ORDER BY organization_id, endpoint_id, event_id LIMIT :limit"
)
_OF_A_KIND = "(:of_all_kinds OR e.type = ANY(CAST(:kinds AS text[])))"
_OF_ENDPOINTS = "e.type = ANY(CAST(:of_endpoints AS text[]))"
# A test was meant for one endpoint: it is sent again there, and nowhere else. The sample of a hook
# was meant for nobody.
_IN_STATE = (
    "CASE WHEN d.state IS NULL THEN CAST(:which AS text) <> 'failed'"
    f"  AND e.type <> '{TEST_TYPE}' AND coalesce(e.headers ->> 'verdict', '') <> 'sample'"
    " WHEN d.state = 'exhausted' THEN true"
    " WHEN d.state = 'cancelled' THEN :which <> 'failed'"
    " WHEN d.state = 'delivered' THEN :which = 'all'"
    " WHEN d.state = 'due' THEN :which <> 'failed' AND d.next_attempt_at > clock_timestamp()"
    " ELSE false END"
)
_WITH_DELIVERIES = (
    " CROSS JOIN LATERAL (SELECT * FROM events WHERE events.id = page.id LIMIT 1) e"
    " LEFT JOIN LATERAL (SELECT state, lane, next_attempt_at FROM deliveries"
    "  WHERE (event_id, endpoint_id) >= (page.id, CAST(:endpoint AS uuid))"
    "  AND (event_id, endpoint_id) <= (page.id, CAST(:endpoint AS uuid))"
    "  ORDER BY event_id, endpoint_id LIMIT 1) d ON true"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events: of an organization, by id after `after` and before `end`, which an endpoint
    was told of as `which` says; `kinds` are stored names, None all."""

    organization_id: UUID
    endpoint_id: UUID
    after: UUID
    end: UUID
    which: Which
    kinds: tuple[str, ...] | None

    def given(self, limit: int) -> dict[str, Any]:
        return {
            "organization": self.organization_id,
            "endpoint": self.endpoint_id,
            "after": self.after,
            "end": self.end,
            "which": self.which,
            "of_all_kinds": self.kinds is None,
            "kinds": list(self.kinds or ()),
            "limit": limit,
        }


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many events there are, and how many of them are to be sent, a condition aside."""

    happened: int
    wanted: int


def page(connection: Connection, asked: Asked, limit: int, *, with_data: bool) -> list[Row[Any]]:
    """The next events in order: what a fan-out reads of each (its data only when asked, or when
    it may be about an endpoint), `is_ready` (it was fanned out), `is_parked`, `is_wanted`, and of
    the delivery there is, if any, `state` and `lane`."""
    of_endpoints = sorted(operational.TYPES)
    given = {**asked.given(limit), "with_data": with_data, "of_endpoints": of_endpoints}
    with along_an_index(connection):
        found = connection.execute(_PAGES[asked.which == "failed"], given).all()
    return sorted(found, key=lambda row: row.id.int)


def count(executor: Executor, asked: Asked, most: int) -> int:
    """How many events there are to go through; at most `most`."""
    given = asked.given(most)
    with along_an_index(executor):
        return int(executor.execute(_COUNTS[asked.which == "failed"], given).scalar_one())


def numbers(executor: Executor, asked: Asked, most: int) -> Numbers:
    """How many events there are, and how many would be sent; no more than `most` are looked at."""
    given = asked.given(most)
    with along_an_index(executor):
        found = executor.execute(_NUMBERS[asked.which == "failed"], given).one()
    return Numbers(found.happened, found.wanted)


def _both(write: str) -> tuple[Any, Any]:
    """The statement over all events, and over those whose delivery gave up."""
    return tuple(text(write.format(page=page)) for page in (_EVENTS, _THAT_GAVE_UP))  # type: ignore[return-value]


_PAGES = _both(
    "WITH page AS MATERIALIZED ({page})"
    " SELECT e.id, e.organization_id, e.type, e.source, e.occurred_at, e.wedding_id, e.causation,"
    f"  CASE WHEN (:with_data OR {_OF_ENDPOINTS}) AND {_OF_A_KIND} THEN e.data END AS data,"
    "  e.fanned_out_at IS NOT NULL AS is_ready, e.parked_at IS NOT NULL AS is_parked,"
    f"  {_OF_A_KIND} AND {_IN_STATE} AS is_wanted, d.state, d.lane FROM page{_WITH_DELIVERIES}"
)
_COUNTS = _both("SELECT count(*) FROM ({page}) page")
_NUMBERS = _both(
    "WITH page AS MATERIALIZED ({page}) SELECT count(*) AS happened,"
    f" count(*) FILTER (WHERE {_OF_A_KIND} AND {_IN_STATE}) AS wanted FROM page{_WITH_DELIVERIES}"
)
