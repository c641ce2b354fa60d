"""Looking at an account now and then: is it still there, and are we still let in?"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Row, text

from wedsync.connections import access, account, credentials, reasons, standing
from wedsync.connections.account import NOBODY, Account
from wedsync.connections.limits import beside_runs
from wedsync.connections.means import Means, access_of, can_be_checked, manifest_of
from wedsync.connections.models import KEPT_STATES, Connection
from wedsync.connections.reasons import REFUSED, REFUSED_AGAIN, Reason
from wedsync.connections.standing import TABLE
from wedsync.connections.tokens import timing
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.filling import NotFilled
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Conflict
from wedsync.listings import manifests
from wedsync.platform import clock, crypto
from wedsync.platform.db import db

TIMEOUT_S = 20.0
_LOOKS_KEPT = 6
_RENEWED_ALONE = ("oauth2_code", "oauth2_client_credentials")

Looked = Literal["asked", "put_off", "not_asked"]
"""What became of a look; one that is `put_off` waits for a call of the connection's budget."""

# The next look is put off first, so that nobody else looks while we do.
_CLAIM = text(
    "UPDATE connections SET check_due_at = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE organization_id = :organization_id AND id = :id AND state IN ('active', 'degraded')"
    " AND (CAST(:due_by AS timestamptz) IS NULL OR check_due_at <= :due_by) RETURNING *"
)


@dataclass(frozen=True, slots=True)
class _Look:
    """A look that is ours: the row, and the opened connection."""

    row: Row[Any]
    manifest: Manifest
    access: Access


def make_due(connection: Connection) -> None:
    """Have a drain look at it at once; the caller commits and rings.

    Raises Conflict where nobody can be asked.
    """
    manifest = manifests.of(db.session, connection.listing_version_id)
    if not can_be_checked(manifest):
        raise Conflict(
            f"Nobody at {manifest.name} can be asked whose account it is.",
            code="connection_not_checkable",
        )
    connection.check_due_at = clock.now()


def check(
    means: Means,
    organization_id: UUID,
    connection_id: UUID,
    *,
    timeout_s: float,
    due_by: datetime | None = None,
) -> Looked:
    """Ask whose account a connection is, and keep what was found in words.

    With `due_by` only if that was due by then, and nobody else did it meanwhile.
    """
    given = {
        "organization_id": organization_id,
        "id": connection_id,
        "lease": timeout_s * 2 + 10,
        "due_by": due_by,
    }
    with means.engine.begin() as database:
        row = database.execute(_CLAIM, given).first()
        look = _begin(database, means, row) if row is not None else None
    if look is None:
        return "not_asked"
    if _is_put_off(means, look):
        return "put_off"
    found = account.ask(look.manifest, look.access, timeout_s)
    if isinstance(found, Failed):
        beside_runs.heard(means.engine, organization_id, connection_id, None, found)
    with means.engine.begin() as database:
        _settle(database, means, look, found)
    return "asked"


def _is_put_off(means: Means, look: _Look) -> bool:
    """Whether it has to wait, as other work needs what calls there are."""
    row = look.row
    place = (row.organization_id, row.id)
    wait_s = beside_runs.wait_s(means.engine, *place, look.manifest, last=True)
    if wait_s is None:
        return False
    due = clock.now() + timedelta(seconds=wait_s)
    with means.engine.begin() as database:
        database.execute(standing.same_credentials(row).values(check_due_at=due))
    return True


def _begin(database: DatabaseConnection, means: Means, row: Row[Any]) -> _Look | None:
    manifest = manifest_of(database, row)
    cause = _cause_not_to_ask(row, manifest)
    if cause is not None:
        standing.needs_reauth(database, means.vault, means.settings, row, cause)
        return None
    now = clock.now()
    if not can_be_checked(manifest):
        database.execute(standing.same_credentials(row).values(check_due_at=None))
        return None
    if timing.is_dying(row.refreshed_at, row.access_expires_at, now):
        due = timing.next_check_at(now, well=False, random=random.random())
        database.execute(standing.same_credentials(row).values(check_due_at=due))
        return None
    try:
        secrets = credentials.opened(database, means.vault, row.organization_id, row.id, row.secret)
        return _Look(row, manifest, access_of(means.settings, manifest, row, secrets))
    except (crypto.Unsealable, NotFilled):
        cause = reasons.secret_lost(row.name)
        standing.needs_reauth(database, means.vault, means.settings, row, cause)
        return None


def _cause_not_to_ask(row: Row[Any], manifest: Manifest) -> Reason | None:
    """A refusal that is believed: said twice, or nobody there to ask."""
    code = (row.reason or {}).get("code")
    if manifest.auth.kind in _RENEWED_ALONE:
        return None
    if code == REFUSED_AGAIN or (code == REFUSED and not can_be_checked(manifest)):
        return reasons.credentials_refused(row.name)
    return None


def _settle(
    database: DatabaseConnection, means: Means, look: _Look, found: Account | Failed
) -> None:
    row = look.row
    if isinstance(found, Account):
        _settle_well(database, means, row, found)
    elif found.kind != "auth":
        _note(database, row, well=False, words=found.message)
    elif look.manifest.auth.kind in _RENEWED_ALONE:
        _note(database, row, well=False, words=found.message)
        access.refused(database, row.organization_id, row.id, row.generation)
    else:
        cause = reasons.credentials_refused(row.name)
        standing.needs_reauth(database, means.vault, means.settings, row, cause)


def _settle_well(database: DatabaseConnection, means: Means, row: Row[Any], found: Account) -> None:
    if row.account_id is not None and found != NOBODY and found.id != row.account_id:
        ours = row.account_name or row.account_id
        cause = reasons.account_changed(row.name, found.name, ours)
        standing.needs_reauth(database, means.vault, means.settings, row, cause)
        return
    mended: dict[str, Any] = {}
    if (row.reason or {}).get("code") == REFUSED:
        mended = {
            "state": standing.held_or("active"),
            "state_since": clock.now(),
            "reason": None,
            "ready_at": clock.now(),
        }
    words = f"It answered as {found.name}." if found.name else "It let us in."
    if _note(database, row, well=True, words=words, **mended) and mended:
        standing.recovered(database, row)


def _with_look(
    before: list[dict[str, Any]], found: dict[str, Any], now: datetime
) -> list[dict[str, Any]]:
    """What was found lately, with this look: the same as the last time counts with that."""
    at = now.isoformat()
    if before and {name: before[0][name] for name in found} == found:
        last = {**before[0], "last_at": at, "times": before[0]["times"] + 1}
        return [last, *before[1:]]
    return [{**found, "first_at": at, "last_at": at, "times": 1}, *before][:_LOOKS_KEPT]


def _note(
    database: DatabaseConnection, row: Row[Any], *, well: bool, words: str, **values: Any
) -> bool:
    """Keep what a look found; False where the connection came to its end, or needs a person,
    while we looked."""
    now = clock.now()
    noted = database.execute(
        standing.same_credentials(row)
        .where(TABLE.c.state.in_(KEPT_STATES))
        .values(
            checked_at=now,
            check_result={"well": well, "words": words},
            looks=_with_look(row.looks, {"well": well, "words": words}, now),
            check_due_at=timing.next_check_at(now, well=well, random=random.random()),
            **values,
        )
    )
    return bool(noted.rowcount)
