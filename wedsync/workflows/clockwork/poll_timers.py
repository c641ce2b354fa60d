"""Workflows that look for new records at a partner now and then: whose turn it is, and how far
each has come.

One timer per workflow, connection and stream, so that going back to an older version goes on where
that one had come to. `plan` is `{"connection", "stream"}`, `cursor` is of `connectors.streams`.
A look is claimed by a lease; what it brings is kept page by page, cursor and records in one
transaction, while the claim holds and the workflow still wants them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import documents
from wedsync.webhooks.delivering.service import FannedEvent
from wedsync.workflows.models import Workflow
from wedsync.workflows.running.waiting_on import CHANGES

KIND = "poll"
LEASE_SECONDS = 90
LONGEST_BACK_OFF = timedelta(hours=1)
FULL_LOOKS = 20
ENDLESS = "list_endless"

_ENDLESS = {
    "code": ENDLESS,
    "message": f"{FULL_LOOKS} looks in a row did not come to the end of their list. We go on where "
    "we are, as often as this workflow says. Ask them if it should not be that long.",
}

_KEEP = text(
    "INSERT INTO workflow_timers (workflow_id, key, organization_id, kind, due_at, plan)"
    " VALUES (:workflow_id, :key, :organization_id, 'poll', :now, CAST(:plan AS jsonb))"
    " ON CONFLICT (workflow_id, key) DO UPDATE SET error = NULL, failures = 0, full_looks = 0,"
    "  due_at = coalesce(workflow_timers.due_at, excluded.due_at)"
)
_KEY_OF_LIVE = (
    "'poll:' || (v.definition #>> '{trigger,connection}')"
    " || ':' || (v.definition #>> '{trigger,stream}')"
)
_CLAIM = text(
    "WITH due AS (SELECT t.workflow_id, t.key,"
    "  CAST(v.definition #>> '{trigger,every_s}' AS float) AS every_s"
    "  FROM workflow_timers t JOIN workflows w ON w.id = t.workflow_id AND w.state = 'on'"
    "  JOIN workflow_versions v ON v.id = w.live_version_id AND v.trigger_kind = 'poll'"
    f"  WHERE t.kind = 'poll' AND t.due_at <= :now AND t.key = {_KEY_OF_LIVE}"
    "   AND (t.lease_until IS NULL OR t.lease_until <= clock_timestamp())"
    "   AND t.organization_id <> ALL(CAST(:full AS uuid[]))"
    "  ORDER BY t.due_at LIMIT 1 FOR UPDATE OF t SKIP LOCKED FOR SHARE OF w SKIP LOCKED)"
    " UPDATE workflow_timers t SET owner = :owner,"
    "  lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " FROM due WHERE t.workflow_id = due.workflow_id AND t.key = due.key"
    " RETURNING t.workflow_id, t.key, t.organization_id, t.plan, t.cursor, t.failures,"
    "  t.full_looks, t.owner, t.lease_until, due.every_s"
)
_STILL_WANTED = text(
    "SELECT 1 FROM workflows w JOIN workflow_versions v ON v.id = w.live_version_id"
    f" WHERE w.id = :workflow_id AND w.state IN ('on', 'paused') AND {_KEY_OF_LIVE} = :key"
    " FOR SHARE OF w"
)
_OURS = " WHERE workflow_id = :workflow_id AND key = :key AND owner = :owner AND lease_until = :had"
_ADVANCE = text(
    "UPDATE workflow_timers SET cursor = CAST(:cursor AS jsonb),"
    " lease_until = clock_timestamp() + make_interval(secs => :lease)"
    f"{_OURS} RETURNING lease_until"
)
# What was held meanwhile stays held; it goes on where this one came to.
_END = text(
    "UPDATE workflow_timers SET owner = NULL, lease_until = NULL, fired_at = :now,"
    " failures = :failures, full_looks = :full_looks, error = CAST(:error AS jsonb),"
    f" due_at = CASE WHEN due_at IS NULL THEN NULL ELSE CAST(:next AS timestamptz) END{_OURS}"
)
_PUT_OFF = text(
    "UPDATE workflow_timers SET owner = NULL, lease_until = NULL,"
    f" due_at = CASE WHEN due_at IS NULL THEN NULL ELSE CAST(:next AS timestamptz) END{_OURS}"
)
_RELEASE = text(
    "UPDATE workflow_timers SET owner = NULL, lease_until = NULL WHERE owner = ANY(:owners)"
)
_LOOK_AGAIN = text(
    "UPDATE workflow_timers SET due_at = :now WHERE organization_id = ANY(:organizations)"
    " AND kind = 'poll' AND due_at IS NOT NULL AND plan ->> 'connection' = ANY(:connections)"
)


def key_of(trigger: Mapping[str, Any]) -> str:
    """The key of the timer that serves this trigger."""
    return f"poll:{trigger['connection']}:{trigger['stream']}"


def keep(
    connection: Connection, workflow: Workflow, trigger: Mapping[str, Any], now: datetime
) -> None:
    """Let a workflow that is on look; one that was looking already keeps its next turn."""
    plan = {"connection": trigger["connection"], "stream": trigger["stream"]}
    connection.execute(
        _KEEP,
        {
            "workflow_id": workflow.id,
            "key": key_of(trigger),
            "organization_id": workflow.organization_id,
            "now": now,
            "plan": documents.write(plan).decode(),
        },
    )


def claim(
    connection: Connection, owner: UUID, full: Sequence[UUID], now: datetime
) -> Row[Any] | None:
    """One look that is due, of none of the organizations that have all their places."""
    given = {"owner": owner, "full": list(full), "now": now, "lease": LEASE_SECONDS}
    return connection.execute(_CLAIM, given).one_or_none()


def advance(
    connection: Connection, claimed: Row[Any], had: datetime, cursor: Mapping[str, Any]
) -> datetime | None:
    """Move a claimed look on and lengthen its lease; the lease's new end, or None when somebody
    else has it or the workflow does not want it any more: then nothing may be kept."""
    if connection.execute(_STILL_WANTED, _named(claimed)).first() is None:
        return None
    written = documents.write(cursor).decode()
    given = {**_claim_of(claimed, had), "cursor": written, "lease": LEASE_SECONDS}
    ends: datetime | None = connection.execute(_ADVANCE, given).scalar()
    return ends


def end(
    connection: Connection,
    claimed: Row[Any],
    had: datetime,
    now: datetime,
    *,
    wait: timedelta | None = None,
    error: Mapping[str, Any] | None = None,
    full: bool = False,
) -> None:
    """Give a look back: next in `wait`, or as often as the trigger says; after an error later
    each time, but at least once an hour where the trigger says so.

    `full`: it did not come to the end of the list. When `FULL_LOOKS` in a row did not, the next
    comes no sooner than the trigger says, and the timer says so.
    """
    failures = claimed.failures + 1 if error else 0
    full_looks = claimed.full_looks + full if full or error else 0
    if full and full_looks >= FULL_LOOKS:
        wait, error = None, _ENDLESS
    given = {
        **_claim_of(claimed, had),
        "now": now,
        "failures": failures,
        "full_looks": full_looks,
        "error": documents.write(error).decode() if error else None,
        "next": now + (_back_off(claimed.every_s, failures) if wait is None else wait),
    }
    connection.execute(_END, given)


def put_off(
    connection: Connection, claimed: Row[Any], had: datetime, now: datetime, wait: timedelta
) -> None:
    """Give back a look that saw nothing: what the one before found still holds."""
    connection.execute(_PUT_OFF, {**_claim_of(claimed, had), "next": now + wait})


def release(connection: Connection, owners: Sequence[UUID]) -> int:
    """Give back what dead owners were looking at."""
    return connection.execute(_RELEASE, {"owners": list(owners)}).rowcount


def connection_changed(
    connection: Connection, events: Sequence[FannedEvent], now: datetime
) -> None:
    """Called by the fan-out, before it locks lanes: who waits for a connection looks again."""
    changed = [event for event in events if event.source == "ours" and event.type in CHANGES]
    if changed:
        given = {
            "organizations": sorted({event.organization_id for event in changed}),
            "connections": sorted({str(event.data["connection_id"]) for event in changed}),
            "now": now,
        }
        connection.execute(_LOOK_AGAIN, given)


def _back_off(every_s: float, failures: int) -> timedelta:
    every = timedelta(seconds=every_s)
    if not failures:
        return every
    return min(every * (1 << min(failures, 10)), max(every, LONGEST_BACK_OFF))


def _named(claimed: Row[Any]) -> dict[str, Any]:
    return {"workflow_id": claimed.workflow_id, "key": claimed.key}


def _claim_of(claimed: Row[Any], had: datetime) -> dict[str, Any]:
    return {**_named(claimed), "owner": claimed.owner, "had": had}
