"""Attempts that came to nothing: each says why, and that is noted."""

from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Table, text, update
from sqlalchemy import Connection as DatabaseConnection

from wedsync.audit import service as audit
from wedsync.connections import reasons
from wedsync.connections.models import Authorization
from wedsync.connections.reasons import Reason
from wedsync.connections.standing import TABLE
from wedsync.platform import clock

_ATTEMPTS = cast(Table, Authorization.__table__)
_CLOSED = text(
    "SELECT a.*, c.name FROM authorizations a JOIN connections c"
    " ON c.organization_id = a.organization_id AND c.id = a.connection_id"
    " WHERE a.outcome IS NULL AND a.expires_at <= :now"
    " ORDER BY a.expires_at LIMIT 100 FOR UPDATE OF c, a SKIP LOCKED"
)


def fail(database: DatabaseConnection, attempt: Row[Any], reason: Reason | None) -> None:
    """The attempt, while it is being carried out, came to nothing; a connection that never was
    says why."""
    said = reason.document() if reason else None
    ours = _ATTEMPTS.c.outcome == "exchanging"
    failed = database.execute(
        update(_ATTEMPTS)
        .where(*_it(attempt), ours)
        .values(outcome="failed", reason=said, held=None)
    )
    if failed.rowcount:
        _note_failure(database, attempt, reason)


def end_closed_windows(database: DatabaseConnection) -> None:
    """End the attempts from which nobody came back in time, each with its reason."""
    for attempt in database.execute(_CLOSED, {"now": clock.now()}).all():
        by_person = attempt.sign_in_id is not None
        reason = (reasons.window_closed if by_person else reasons.nobody_agreed)(attempt.name)
        said = reason.document()
        database.execute(
            update(_ATTEMPTS).where(*_it(attempt)).values(outcome="failed", reason=said, held=None)
        )
        _note_failure(database, attempt, reason)


def _note_failure(database: DatabaseConnection, attempt: Row[Any], reason: Reason | None) -> None:
    database.execute(
        update(TABLE)
        .where(
            TABLE.c.organization_id == attempt.organization_id,
            TABLE.c.id == attempt.connection_id,
            TABLE.c.state == "pending",
        )
        .values(reason=reason.document() if reason else None)
    )
    audit.record(
        "connection.attempt_failed",
        "connection",
        attempt.connection_id,
        organization_id=attempt.organization_id,
        facts={"reason": reason.code} if reason else {},
        executor=database,
    )


def _it(attempt: Row[Any]) -> tuple[ColumnElement[bool], ...]:
    return (
        _ATTEMPTS.c.organization_id == attempt.organization_id,
        _ATTEMPTS.c.id == attempt.id,
    )
