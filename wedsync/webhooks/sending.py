"""Sending deliveries: claimed by lane, attempted through the door, recorded under their fence.

An attempt's row is committed before its first byte leaves. A death in between resends with the
same `webhook-id`: at least once, never silently zero times.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from wedsync.platform import batch, clock, crypto, documents, leases, leaves
from wedsync.platform.batch import recordset
from wedsync.platform.outbound import Failure, Outcome, Request
from wedsync.platform.shares import Allotment, Shares
from wedsync.platform.vault import Vault, place
from wedsync.platform.window import Turn
from wedsync.webhooks import signing
from wedsync.webhooks.deliveries import LANES, body_of
from wedsync.webhooks.verdicts import Sending, Verdict, judge

log = logging.getLogger(__name__)

TIMEOUT_S = 15.0
# What a row itself can cause: a destroyed key, a secret that is none, data that is no JSON.
_CULPABLE = (crypto.Unsealable, ValueError, TypeError, LookupError)
_UNWRITABLE = (DataError, IntegrityError, ProgrammingError)
_NOT_READY = Failure("not_sent", "not_ready", "We could not sign what should be sent.")

_LANES = leases.lanes_with_work(
    "SELECT 1 FROM endpoints e WHERE e.id = CAST(left(lanes.key, 36) AS uuid) AND e.state <> 'on'"
)
# Nothing is due before its lane is, but for the difference of clocks. So a search begins behind
# what was taken before, which lies dead in the index for as long as anybody reads an old snapshot.
_CLOCKS_APART = "interval '2 seconds'"
_CLAIM = text(
    "WITH allowed AS (SELECT * FROM unnest(CAST(:lanes AS text[]), CAST(:allowances AS int[]))"
    "  AS t(lane, allowance)),"
    " picked AS ("
    "  SELECT d.id FROM allowed JOIN lanes l ON l.kind = 'deliveries' AND l.key = allowed.lane"
    "  CROSS JOIN LATERAL ("
    "   (SELECT id FROM deliveries WHERE lane = l.key AND NOT l.ordered AND state = 'due'"
    "     AND next_attempt_at <= (SELECT clock_timestamp())"
    f"    AND next_attempt_at >= l.next_due_at - {_CLOCKS_APART}"
    "     ORDER BY next_attempt_at LIMIT allowed.allowance)"
    "   UNION ALL"
    "   (SELECT id FROM (SELECT id, state, next_attempt_at FROM deliveries"
    "      WHERE lane = l.key AND l.ordered AND state IN ('due', 'in_flight')"
    "      ORDER BY seq LIMIT 1) head"
    "     WHERE state = 'due' AND next_attempt_at <= clock_timestamp())) d)"
    " UPDATE deliveries SET state = 'in_flight', owner = :owner, fence = fence + 1,"
    "  attempts = attempts + 1, lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " FROM picked, events e, endpoints p"
    # Asked again: whoever cancelled it meanwhile did so without the lane. Not in words an index
    # has: where the statistics know of nothing due, the planner would read all that is.
    " WHERE deliveries.id = picked.id AND deliveries.state || '' = 'due'"
    "  AND e.id = deliveries.event_id"
    "  AND p.id = deliveries.endpoint_id"
    " RETURNING deliveries.id, deliveries.organization_id, deliveries.endpoint_id,"
    "  deliveries.lane, deliveries.fence, deliveries.attempts, deliveries.failures,"
    "  e.id AS event_id, e.type, e.occurred_at, e.data, p.url, p.secret,"
    "  p.previous_secret, p.previous_secret_until, p.signing_key, p.previous_signing_key"
)
_SERVED = text(
    "UPDATE lanes SET served_at = clock_timestamp(), next_due_at = CASE WHEN ordered THEN"
    " (SELECT CASE state WHEN 'due' THEN next_attempt_at END FROM deliveries"
    "   WHERE lane = lanes.key AND state IN ('due', 'in_flight') ORDER BY seq LIMIT 1)"
    " ELSE (SELECT min(next_attempt_at) FROM deliveries WHERE lane = lanes.key AND state = 'due'"
    f"  AND next_attempt_at >= lanes.next_due_at - {_CLOCKS_APART})"
    " END WHERE kind = 'deliveries' AND key = ANY(:lanes)"
)
_ATTEMPT = text(
    "INSERT INTO delivery_attempts (delivery_id, number, organization_id)"
    " SELECT id, number, organization_id FROM "
    + recordset("id uuid, number int, organization_id uuid")
)
_FINISH_ATTEMPTS = text(
    "UPDATE delivery_attempts a SET finished_at = clock_timestamp(), outcome = t.outcome,"
    " status = t.status, error = t.error, timings = t.timings, answer = t.answer FROM "
    + recordset(
        "id uuid, number int, outcome text, status int, error text, timings jsonb, answer text"
    )
    + " WHERE a.delivery_id = t.id AND a.number = t.number"
)
_SETTLE = text(
    "UPDATE deliveries d SET state = t.state, failures = t.failures,"
    " next_attempt_at = t.next_attempt_at, owner = NULL, lease_until = NULL,"
    " finished_at = CASE WHEN t.state = 'due' THEN NULL ELSE clock_timestamp() END FROM "
    + recordset("id uuid, fence bigint, state text, failures int, next_attempt_at timestamptz")
    + " WHERE d.id = t.id AND d.fence = t.fence AND d.owner = :owner AND d.state = 'in_flight'"
)
_RENEW = text(
    "UPDATE deliveries SET lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id = ANY(:deliveries) AND owner = :owner AND state = 'in_flight'"
)
_RELEASE = text(
    "UPDATE deliveries SET state = 'due', owner = NULL, lease_until = NULL,"
    " next_attempt_at = clock_timestamp()"
    " WHERE state = 'in_flight' AND (owner = ANY(:owners) OR lease_until < clock_timestamp()"
    f" OR {leases.FORGOTTEN})"
    " RETURNING id, organization_id, lane, attempts"
)
_SLEEPING = text(
    "SELECT l.organization_id, l.key, d.next_attempt_at FROM lanes l CROSS JOIN LATERAL"
    " (SELECT next_attempt_at FROM deliveries WHERE lane = l.key AND state = 'due'"
    "  ORDER BY next_attempt_at LIMIT 1) d WHERE l.kind = 'deliveries' AND NOT l.ordered"
    " AND d.next_attempt_at < clock_timestamp() - interval '5 seconds'"
    " AND (l.next_due_at IS NULL OR l.next_due_at > d.next_attempt_at + interval '1 second')"
)
_LOST = text(
    "UPDATE delivery_attempts a SET finished_at = clock_timestamp(), outcome = 'lost',"
    " error = 'worker_lost' FROM unnest(CAST(:deliveries AS uuid[]), CAST(:numbers AS int[]))"
    " AS t(delivery_id, number) WHERE a.delivery_id = t.delivery_id AND a.number = t.number"
    " AND a.finished_at IS NULL"
)
_WELL = text(
    "UPDATE endpoints SET failing_since = NULL WHERE id IN"
    " (SELECT id FROM endpoints WHERE id = ANY(:endpoints) AND failing_since IS NOT NULL"
    "  ORDER BY id FOR UPDATE)"
)
_FAILING = text(
    "UPDATE endpoints SET failing_since = clock_timestamp() WHERE id IN"
    " (SELECT id FROM endpoints WHERE id = ANY(:endpoints) AND failing_since IS NULL"
    "  ORDER BY id FOR UPDATE)"
)
_GONE = text(
    "UPDATE endpoints SET state = 'disabled', state_reason = 'gone'"
    " WHERE id = ANY(:endpoints) AND state = 'on'"
)
_CANCEL = text(
    "UPDATE deliveries SET state = 'cancelled', finished_at = clock_timestamp(),"
    " next_attempt_at = NULL WHERE endpoint_id = ANY(:endpoints) AND state = 'due'"
    " AND EXISTS (SELECT FROM endpoints e WHERE e.id = deliveries.endpoint_id"
    "  AND e.state = 'disabled' AND e.state_reason = 'gone')"
)


class DeliverySource:
    """The deliveries of all organizations, as a window's work (see `platform/window.py`)."""

    def __init__(self, engine: Engine, vault: Vault, owner: leases.OwnerLock) -> None:
        self.owner = owner
        self._engine = engine
        self._vault = vault

    def turn(
        self,
        owner: UUID,
        finished: Sequence[tuple[Sending, Outcome]],
        room: int,
        shares: Shares,
    ) -> Turn[Sending]:
        verdicts = [judge(sending, outcome, clock.now()) for sending, outcome in finished]
        try:
            with self._engine.begin() as connection:
                _settle(connection, owner, verdicts)
                return self._claim(connection, owner, shares.allotment(room))
        except _UNWRITABLE:
            log.exception("a batch of deliveries could not be recorded; recording them one by one")
        with self._engine.begin() as connection:
            _settle_one_by_one(connection, owner, verdicts)
        return Turn()

    def renew(self, owner: UUID, rows: Sequence[UUID]) -> None:
        given = {"owner": owner, "deliveries": list(rows), "lease": leases.LEASE_SECONDS}
        with self._engine.begin() as connection:
            connection.execute(_RENEW, given)

    def _claim(self, connection: Connection, owner: UUID, allotment: Allotment) -> Turn[Sending]:
        taken = leases.take_lanes(connection, _LANES, LANES, allotment)
        if not taken:
            return Turn()
        rows = connection.execute(
            _CLAIM,
            {
                "lanes": list(taken),
                "allowances": list(taken.values()),
                "owner": owner,
                "lease": leases.LEASE_SECONDS,
            },
        ).all()
        connection.execute(_SERVED, {"lanes": list(taken)})
        return Turn(self._starts(connection, owner, rows), claimed=len(rows))

    def _starts(
        self, connection: Connection, owner: UUID, rows: Sequence[Row[Any]]
    ) -> list[tuple[Sending, Request]]:
        """What leaves now. A delivery that cannot be written or signed fails alone, as one whose
        receiver is not there does."""
        if not rows:
            return []
        sendings = [_sending(row) for row in rows]
        connection.execute(_ATTEMPT, batch.rows(sendings))
        secrets = _Secrets(self._vault, connection)
        starts, unable = [], []
        for sending, row in zip(sendings, rows, strict=True):
            try:
                starts.append((sending, self._request(connection, row, secrets)))
            except _CULPABLE:
                log.exception("delivery %s cannot be made ready to send", sending.id)
                unable.append(judge(sending, _NOT_READY, clock.now()))
        _settle(connection, owner, unable)
        return starts

    def _request(self, connection: Connection, row: Row[Any], secrets: "_Secrets") -> Request:
        now = clock.now()
        data = leaves.open_all(
            row.data,
            row.organization_id,
            partial(self._vault.data_key, connection, row.organization_id),
        )
        body = documents.write(body_of(row.event_id, row.type, row.occurred_at, data))
        signed = signing.sign(str(row.event_id), int(now.timestamp()), body, secrets.of(row, now))
        headers = {**signed, "content-type": "application/json"}
        return Request("POST", row.url, headers, body, timeout_s=TIMEOUT_S)


class _Secrets:
    """The secrets of endpoints, each opened once for all that leaves together."""

    def __init__(self, vault: Vault, connection: Connection) -> None:
        self._vault = vault
        self._connection = connection
        self._opened: dict[tuple[UUID, str], str] = {}

    def of(self, row: Row[Any], now: datetime) -> list[str]:
        """What signs now: secret and signing key and, while they overlap, those before."""
        until = row.previous_secret_until
        fields = ["secret", "signing_key"]
        if until is not None and until > now:
            fields += ["previous_secret", "previous_signing_key"]
        kept = ((field, getattr(row, field)) for field in fields)
        return [self._open(row, field, sealed) for field, sealed in kept if sealed is not None]

    def _open(self, row: Row[Any], field: str, sealed: bytes) -> str:
        kept = (row.endpoint_id, field)
        if kept not in self._opened:
            where = place("endpoints", row.endpoint_id, field)
            opened = self._vault.open(self._connection, row.organization_id, where, sealed)
            self._opened[kept] = opened.decode()
        return self._opened[kept]


def _sending(row: Row[Any]) -> Sending:
    return Sending(
        row.id,
        row.organization_id,
        row.endpoint_id,
        row.lane,
        row.fence,
        row.attempts,
        row.failures,
    )


def _settle_one_by_one(connection: Connection, owner: UUID, verdicts: Sequence[Verdict]) -> None:
    """What cannot be recorded is let go: its lease runs out, and it is sent again."""
    for verdict in verdicts:
        try:
            with connection.begin_nested():
                _settle(connection, owner, [verdict])
        except _UNWRITABLE:
            log.exception("what became of delivery %s cannot be recorded", verdict.id)


def _settle(connection: Connection, owner: UUID, verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        return
    connection.execute(_FINISH_ATTEMPTS, batch.rows(verdicts))
    _touch(connection, verdicts)
    connection.execute(_SETTLE, {"owner": owner, **batch.rows(verdicts)})
    _judge_endpoints(connection, verdicts)


def _touch(connection: Connection, verdicts: Sequence[Verdict]) -> None:
    """Lanes whose head came home have work again: a later try, or the next in order."""
    now = clock.now()
    due: dict[UUID, dict[str, datetime]] = {}
    for verdict in verdicts:
        is_ordered = ":" in verdict.lane
        if verdict.next_attempt_at is None and not is_ordered:
            continue
        when = verdict.next_attempt_at or now
        lanes = due.setdefault(verdict.organization_id, {})
        lanes[verdict.lane] = min(when, lanes.get(verdict.lane, when))
    for organization_id in sorted(due):
        leases.touch_lanes(connection, LANES, organization_id, due[organization_id])


def _judge_endpoints(connection: Connection, verdicts: Sequence[Verdict]) -> None:
    well = {v.endpoint_id for v in verdicts if v.state == "delivered"}
    failing = {v.endpoint_id for v in verdicts if v.state != "delivered"} - well
    gone = sorted({v.endpoint_id for v in verdicts if v.is_gone})
    if well:
        connection.execute(_WELL, {"endpoints": sorted(well)})
    if failing:
        connection.execute(_FAILING, {"endpoints": sorted(failing)})
    if gone:
        connection.execute(_GONE, {"endpoints": gone})
    if failing:  # also what was under way when the endpoint said that it is gone
        connection.execute(_CANCEL, {"endpoints": sorted(failing)})


def release(connection: Connection, owners: Sequence[UUID]) -> int:
    """Give back what the dead held and what outlived its lease; returns how many."""
    rows = connection.execute(_RELEASE, {"owners": list(owners)}).all()
    if not rows:
        return 0
    connection.execute(
        _LOST,
        {"deliveries": [row.id for row in rows], "numbers": [row.attempts for row in rows]},
    )
    for organization_id in sorted({row.organization_id for row in rows}):
        lanes = {row.lane: clock.now() for row in rows if row.organization_id == organization_id}
        leases.touch_lanes(connection, LANES, organization_id, lanes)
    return len(rows)


def sweep_lanes(connection: Connection) -> None:
    """Wake lanes in which something is due from before they know of work."""
    due: dict[UUID, dict[str, datetime]] = {}
    for lane in connection.execute(_SLEEPING):
        due.setdefault(lane.organization_id, {})[lane.key] = lane.next_attempt_at
    for organization_id in sorted(due):
        leases.touch_lanes(connection, LANES, organization_id, due[organization_id])
