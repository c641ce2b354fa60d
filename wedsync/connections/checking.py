"""Looking at an account now and then: is it still there, and are we still let in?"""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Row, text

from wedsync.connections import access, account, credentials, reasons, standing, timing
from wedsync.connections.account import NOBODY, Account
from wedsync.connections.means import Means, access_of, can_be_checked, manifest_of
from wedsync.connections.reasons import REFUSED, REFUSED_AGAIN, Reason
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.filling import NotFilled
from wedsync.connectors.manifest import Manifest
from wedsync.platform import clock, crypto

TIMEOUT_S = 20.0
_RENEWED_ALONE = ("oauth2_code", "oauth2_client_credentials")

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


def check(
    means: Means,
    organization_id: UUID,
    connection_id: UUID,
    *,
    timeout_s: float,
    due_by: datetime | None = None,
) -> bool:
    """Ask whose account a connection is, and keep what was found in words; True when we asked.

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
        return False
    found = account.ask(look.manifest, look.access, timeout_s)
    with means.engine.begin() as database:
        _settle(database, means, look, found)
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
            "state": "active",
            "state_since": clock.now(),
            "reason": None,
            "ready_at": clock.now(),
        }
    words = f"It answered as {found.name}." if found.name else "It let us in."
    _note(database, row, well=True, words=words, **mended)


def _note(
    database: DatabaseConnection, row: Row[Any], *, well: bool, words: str, **values: Any
) -> None:
    now = clock.now()
    database.execute(
        standing.same_credentials(row).values(
            checked_at=now,
            check_result={"well": well, "words": words},
            check_due_at=timing.next_check_at(now, well=well, random=random.random()),
            **values,
        )
    )
