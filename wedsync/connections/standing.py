"""How a connection stands: every change of state, with its event, its audit entry, its notice."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, Update, case, select, update

from wedsync.audit import service as audit
from wedsync.connections.credentials import Executor
from wedsync.connections.models import KEPT_STATES, Connection
from wedsync.connections.reasons import CREDENTIALS_REFUSED, Reason
from wedsync.events import service as events
from wedsync.notices import service as notices
from wedsync.platform import clock
from wedsync.platform.identity import Identity
from wedsync.platform.vault import Vault
from wedsync.settings import Settings

NOTICE = "needs_reauth"
TABLE = cast(Table, Connection.__table__)

NOTHING_IN_FLIGHT: dict[str, Any] = {
    "refresh_owner": None,
    "refresh_until": None,
    "refresh_started_at": None,
}
"""What a row says when nobody is renewing its token."""


def held_or(state: str) -> ColumnElement[str]:
    """How a connection stands whose credentials are like this: one somebody paused stays paused."""
    return case((TABLE.c.paused_at.is_not(None), "paused"), else_=state)


def row_query(organization_id: UUID, connection_id: UUID) -> Select[Any]:
    """One connection's row, whatever its state."""
    return select(TABLE).where(
        TABLE.c.organization_id == organization_id, TABLE.c.id == connection_id
    )


def find(executor: Executor, organization_id: UUID, connection_id: UUID) -> Row[Any] | None:
    return executor.execute(row_query(organization_id, connection_id)).first()


def same_credentials(row: Row[Any]) -> Update:
    """Change a connection while it has the credentials that `row` has."""
    return update(TABLE).where(
        TABLE.c.organization_id == row.organization_id,
        TABLE.c.id == row.id,
        TABLE.c.generation == row.generation,
    )


def needs_reauth(
    executor: Executor, vault: Vault, settings: Settings, row: Row[Any], reason: Reason
) -> bool:
    """Say that only a person can mend this, once; False when that was said, or it is gone.

    The row must be the one the caller judged: a connection renewed meanwhile is left alone.
    """
    changed: Any = executor.execute(
        same_credentials(row)
        .where(TABLE.c.state.in_(KEPT_STATES))
        .values(
            state="needs_reauth",
            state_since=clock.now(),
            reason=reason.document(),
            refresh_due_at=None,
            check_due_at=None,
            refresh_fence=TABLE.c.refresh_fence + 1,
            **NOTHING_IN_FLIGHT,
        )
    )
    if not changed.rowcount:
        return False
    tell(executor, row, "connection.needs_reauth", reason=reason)
    _ask_to_mend(executor, vault, settings, row, reason)
    return True


def _ask_to_mend(
    executor: Executor, vault: Vault, settings: Settings, row: Row[Any], reason: Reason
) -> None:
    notices.tell(
        executor,
        vault,
        settings,
        row.organization_id,
        "connection",
        row.id,
        NOTICE,
        title=_title(row.name, reason),
        words=reason.message,
        path=f"/connections/{row.id}",
    )


def _title(name: str, reason: Reason) -> str:
    if reason.code == CREDENTIALS_REFUSED:
        return f"{name} does not know us any more"
    return f"{name} has to be connected again"


def degrade(executor: Executor, row: Row[Any], reason: Reason, **values: Any) -> None:
    """Say that it works for now, and why it may not for long; the caller holds the row's claim."""
    since = {"state_since": clock.now()} if row.state == "active" else {}
    executor.execute(
        same_credentials(row)
        .where(TABLE.c.state.in_(KEPT_STATES))
        .values(state=held_or("degraded"), reason=reason.document(), **since, **values)
    )
    if row.reason is None:
        tell(executor, row, "connection.degraded", reason=reason)


def recovered(executor: Executor, row: Row[Any]) -> None:
    """Say that what was wrong with `row` is over, if anything was."""
    if row.reason is not None:
        tell(executor, row, "connection.recovered")


def tell(
    executor: Executor,
    row: Row[Any],
    event_type: str,
    *,
    by: Identity | None = None,
    reason: Reason | None = None,
) -> None:
    """Publish what became of a connection and note who did it."""
    events.announce(
        executor,
        row.organization_id,
        event_type,
        {
            "connection_id": str(row.id),
            "connector": row.slug,
            "name": row.name,
            "reason": reason.document() if reason else None,
        },
    )
    note(executor, row, event_type, by, reason.code if reason else None)


def mended(executor: Executor, row: Row[Any]) -> None:
    """Close what was told about it."""
    notices.close(executor, row.organization_id, "connection", row.id)


def note(
    executor: Executor,
    row: Row[Any],
    action: str,
    by: Identity | None = None,
    code: str | None = None,
) -> None:
    """Note who did what to a connection, where that is no news for anybody else."""
    facts = {"connector": row.slug, **({"reason": code} if code else {})}
    audit.record(
        action,
        "connection",
        row.id,
        organization_id=row.organization_id,
        by=by,
        facts=facts,
        executor=executor,
    )
