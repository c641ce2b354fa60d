"""Writing down what became of deliveries, and giving back what the dead held.

Whoever writes locks lanes first, then endpoints, then deliveries.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from wedsync.platform import batch, clock, leases
from wedsync.platform.batch import recordset
from wedsync.platform.outbound import Answer
from wedsync.rollups import endings
from wedsync.webhooks.delivering import deadly, operational, standing
from wedsync.webhooks.delivering.service import LANES
from wedsync.webhooks.delivering.verdicts import Verdict, refused

log = logging.getLogger(__name__)

UNWRITABLE = (DataError, IntegrityError, ProgrammingError)
CANCELLED_AT_ONCE = 5_000

_ENDED = endings.OF_DELIVERY.format(a="{a}", endpoint_id="endpoint_id")
# One reading of what came home for both tables it is written to.
_SETTLE = text(
    "WITH t AS MATERIALIZED (SELECT * FROM "
    + recordset(
        "id uuid, endpoint_id uuid, number int, fence bigint, outcome text, status int,"
        " error text, timings jsonb, answer text, request_headers text, response_headers text,"
        " state text, failures int, next_attempt_at timestamptz"
    )
    + "), tried AS (UPDATE delivery_attempts a SET finished_at = clock_timestamp(),"
    "  outcome = t.outcome, status = t.status, error = t.error, timings = t.timings,"
    "  answer = t.answer, request_headers = t.request_headers,"
    "  response_headers = t.response_headers"
    "  FROM t WHERE a.delivery_id = t.id AND a.number = t.number RETURNING a.organization_id,"
    "  t.endpoint_id, a.finished_at, a.outcome, a.error, a.timings,"
    "  old.finished_at AS old_at, old.outcome AS old_outcome, old.error AS old_error),"
    f" told AS ({endings.INSERT} SELECT organization_id, {_ENDED.format(a='tried')}, 1 FROM tried"
    # One that was given up as lost was counted as that.
    f"  UNION ALL SELECT organization_id, {_ENDED.format(a='taken')}, -1 FROM (SELECT"
    "   organization_id, endpoint_id, old_at AS finished_at, old_outcome AS outcome,"
    "   old_error AS error, NULL::jsonb AS timings FROM tried WHERE old_at IS NOT NULL) taken)"
    " UPDATE deliveries d SET state = t.state, failures = t.failures, last_error = t.error,"
    " next_attempt_at = t.next_attempt_at, owner = NULL, lease_until = NULL, deaths = 0,"
    " finished_at = CASE WHEN t.state = 'due' THEN NULL ELSE clock_timestamp() END,"
    " blocks_lane = t.state = 'exhausted' AND strpos(d.lane, ':') > 0 AND"
    "  (SELECT stops_at_failure FROM endpoints e WHERE e.id = d.endpoint_id)"
    " FROM t WHERE d.id = t.id AND d.fence = t.fence AND d.owner = :owner"
    " AND d.state = 'in_flight' RETURNING d.id, d.state, d.blocks_lane,"
    "  CASE WHEN t.state = 'exhausted' THEN (SELECT e.state = 'deleted' FROM endpoints e"
    "   WHERE e.id = d.endpoint_id) END AS is_of_deleted"
)
_LEFT_BEHIND = (
    "state = 'in_flight' AND (owner = ANY(:owners) OR lease_until < clock_timestamp()"
    f" OR {leases.FORGOTTEN})"
)
_TO_RELEASE = text(f"SELECT id, organization_id, lane FROM deliveries WHERE {_LEFT_BEHIND}")
_RELEASE = text(
    "UPDATE deliveries SET state = 'due', owner = NULL, lease_until = NULL,"
    f" next_attempt_at = clock_timestamp(), deaths = deaths + {deadly.BLAMED}"
    " FROM (SELECT id FROM deliveries WHERE id = ANY(:deliveries)"
    f"  AND {_LEFT_BEHIND} ORDER BY id FOR NO KEY UPDATE) named WHERE deliveries.id = named.id"
    " RETURNING deliveries.id, deliveries.attempts"
)
_LOST = text(
    "WITH lost AS (UPDATE delivery_attempts a SET finished_at = clock_timestamp(),"
    " outcome = 'lost', error = 'worker_lost'"
    " FROM unnest(CAST(:deliveries AS uuid[]), CAST(:numbers AS int[])) AS t(delivery_id, number)"
    " WHERE a.delivery_id = t.delivery_id AND a.number = t.number"
    " AND a.finished_at IS NULL RETURNING a.*)"
    f" {endings.INSERT} SELECT lost.organization_id,"
    f" {endings.OF_DELIVERY.format(a='lost', endpoint_id='d.endpoint_id')}, 1"
    " FROM lost JOIN deliveries d ON d.id = lost.delivery_id"
)
# One endpoint after the other, along the index of its deliveries by state.
_CANCEL = (
    "UPDATE deliveries SET state = 'cancelled', finished_at = clock_timestamp(),"
    " next_attempt_at = NULL FROM (SELECT d.id FROM (SELECT id, organization_id FROM endpoints"
    "   WHERE {named} state = 'disabled' AND state_reason = 'gone' ORDER BY id) e"
    "  CROSS JOIN LATERAL (SELECT id FROM deliveries WHERE organization_id = e.organization_id"
    "   AND endpoint_id = e.id AND state = 'due' LIMIT :most FOR NO KEY UPDATE SKIP LOCKED) d"
    "  LIMIT :most) open WHERE deliveries.id = open.id"
)
_CANCEL_ALL = text(_CANCEL.format(named=""))
_CANCEL_OF = text(_CANCEL.format(named="id = ANY(:endpoints) AND"))


def settle(connection: Connection, owner: UUID, verdicts: Sequence[Verdict]) -> None:
    """Record attempts, and what they mean for their deliveries and endpoints, where `owner` still
    holds them."""
    if not verdicts:
        return
    _touch(connection, verdicts)
    gone = standing.say_gone(connection, [each for each in verdicts if each.is_gone])
    verdicts = [_at_an_old_address(each, gone) for each in verdicts]
    standing.stand(connection, verdicts)
    rows = [verdict.row() for verdict in verdicts]
    settled = connection.execute(_SETTLE, {"owner": owner, **batch.rows(rows)}).all()
    deadly.survived(connection, owner, [each.sending for each in verdicts])
    _tell(connection, verdicts, settled)
    operational.gone(connection, [row for row in gone.values() if row.is_news])
    failing = {each.sending.endpoint_id for each in verdicts if each.state != "delivered"}
    if failing:  # also what was under way when the endpoint said that it is gone
        cancel_what_is_gone(connection, sorted(failing))


def settle_one_by_one(engine: Engine, owner: UUID, verdicts: Sequence[Verdict]) -> None:
    """What cannot be recorded is let go: its lease runs out, and it is sent again.

    Each in a transaction of its own, for the next one's lane comes before this one's row.
    """
    for verdict in verdicts:
        try:
            with engine.begin() as connection:
                settle(connection, owner, [verdict])
        except UNWRITABLE:
            log.exception("what became of delivery %s cannot be recorded", verdict.sending.id)


def _at_an_old_address(verdict: Verdict, gone: dict[UUID, Any]) -> Verdict:
    """Who is gone from an address that was changed meanwhile may be at the new one."""
    answer, sending = verdict.outcome, verdict.sending
    if not verdict.is_gone or sending.endpoint_id in gone or not isinstance(answer, Answer):
        return verdict
    return refused(sending, answer, clock.now())


def _touch(connection: Connection, verdicts: Sequence[Verdict]) -> None:
    """Lanes whose head came home have work again: a later try, or the next in order."""
    now = clock.now()
    due: dict[UUID, dict[str, datetime]] = {}
    for verdict in verdicts:
        sending = verdict.sending
        if verdict.next_attempt_at is None and not sending.is_ordered and not verdict.is_gone:
            continue
        when = verdict.next_attempt_at or now
        lanes = due.setdefault(sending.organization_id, {})
        lanes[sending.lane] = min(when, lanes.get(sending.lane, when))
    _touch_all(connection, due)


def _touch_all(connection: Connection, due: dict[UUID, dict[str, datetime]]) -> None:
    for organization_id in sorted(due):
        leases.touch_lanes(connection, LANES, organization_id, due[organization_id])


def _tell(connection: Connection, verdicts: Sequence[Verdict], settled: Sequence[Row[Any]]) -> None:
    """Announce what was given up just now."""
    given_up = {
        row.id: row.blocks_lane
        for row in settled
        if row.state == "exhausted" and not row.is_of_deleted
    }
    for verdict in verdicts:
        if verdict.sending.id in given_up:
            blocks = bool(given_up[verdict.sending.id])
            operational.exhausted(connection, verdict, blocks_lane=blocks)


def cancel_what_is_gone(connection: Connection, endpoints: Sequence[UUID] | None = None) -> int:
    """Cancel what is due for endpoints that said they are gone, a page of it; how many it was."""
    if endpoints is None:
        return connection.execute(_CANCEL_ALL, {"most": CANCELLED_AT_ONCE}).rowcount
    given = {"endpoints": endpoints, "most": CANCELLED_AT_ONCE}
    return connection.execute(_CANCEL_OF, given).rowcount


def release(connection: Connection, owners: Sequence[UUID]) -> int:
    """Give back what the dead held and what outlived its lease; returns how many."""
    found = connection.execute(_TO_RELEASE, {"owners": list(owners)}).all()
    if not found:
        return 0
    now = clock.now()
    due: dict[UUID, dict[str, datetime]] = {}
    for row in found:
        due.setdefault(row.organization_id, {})[row.lane] = now
    _touch_all(connection, due)
    given = {"owners": list(owners), "deliveries": [row.id for row in found]}
    rows = connection.execute(_RELEASE, given).all()
    numbered = {"deliveries": [row.id for row in rows], "numbers": [row.attempts for row in rows]}
    connection.execute(_LOST, numbered)
    return len(rows)
