"""Opening a connection for the call that needs it."""

import random
import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Engine, Row

from wedsync.connections import credentials, reasons, standing
from wedsync.connections.credentials import Executor
from wedsync.connections.means import Means, access_of, manifest_of
from wedsync.connections.models import USABLE_STATES
from wedsync.connections.reasons import REFRESH_INTERRUPTED, REFUSED, REFUSED_AGAIN
from wedsync.connections.tokens import refreshing, timing
from wedsync.connectors.contract import Access
from wedsync.connectors.filling import NotFilled
from wedsync.platform import clock, crypto
from wedsync.platform.vault import Vault
from wedsync.settings import Settings

SECOND_REFUSAL_S = 600.0
"""A refusal so soon after another one, with renewed or checked credentials, is believed."""

_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.05, 0.5
_RENEWED_ALONE = ("oauth2_code", "oauth2_client_credentials")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A connection that cannot be used now. `gone`: not before somebody mends it; else it comes
    back by itself in a moment. `message` is a sentence for the vendor."""

    gone: bool
    message: str


def open_for_work(
    database: DatabaseConnection,
    vault: Vault,
    settings: Settings,
    organization_id: UUID,
    connection_id: UUID,
) -> Access | Unusable:
    """The opened connection; never calls out.

    A token that is about to end marks the refresh as due and is unusable until that is done.
    """
    row = standing.find(database, organization_id, connection_id)
    found = _open(database, vault, settings, row)
    if row is not None and isinstance(found, Unusable) and not found.gone:
        _mark_due(database, row)
    return found


def refused(
    database: DatabaseConnection, organization_id: UUID, connection_id: UUID, generation: int
) -> None:
    """Note that the far end answered 401 to the credentials of that generation.

    Older credentials say nothing, and neither do those that may have run out: they are renewed.
    Others are renewed or checked at once, and nobody uses the connection until that is done. A
    second such refusal within ten minutes is believed: only a person can mend it.
    """
    seen = standing.find(database, organization_id, connection_id)
    if seen is None or not _is_news(seen, generation):
        return  # many are refused at once, and should not stand in line at its row
    query = standing.row_query(organization_id, connection_id).with_for_update()
    row = database.execute(query).first()
    if row is None or not _is_news(row, generation):
        return
    now, code = clock.now(), (row.reason or {}).get("code")
    if code == REFRESH_INTERRUPTED:
        database.execute(
            standing.same_credentials(row).values(access_expires_at=now, refresh_due_at=now)
        )
        return
    if _may_have_ended(database, row):
        _let_it_end(database, row)
        return
    again = row.refused_at is not None and (now - row.refused_at).total_seconds() < SECOND_REFUSAL_S
    reason = (reasons.refused_again if again else reasons.refused)(row.name)
    standing.degrade(database, row, reason, refused_at=now, **_looked_at_now(database, row))


def fresh(
    engine: Engine,
    vault: Vault,
    settings: Settings,
    organization_id: UUID,
    connection_id: UUID,
    timeout_s: float,
) -> Access | Unusable:
    """The opened connection, renewed first where that is due; waits at most `timeout_s`.

    Whoever finds the token dying renews it under the lease, on a thread of its own that outlives
    an impatient caller; everybody else waits for the row.
    """
    means = Means(engine, vault, settings)
    until, look_s = time.monotonic() + timeout_s, _FIRST_LOOK_S
    while True:
        with engine.begin() as database:
            row = standing.find(database, organization_id, connection_id)
            found = _open(database, vault, settings, row)
            if row is not None and isinstance(found, Unusable) and not found.gone:
                _mark_due(database, row)
        if row is not None and _is_free_to_refresh(row, found):
            _refresh_aside(means, organization_id, connection_id)
        done = isinstance(found, Access) or found.gone
        if done or time.monotonic() >= until:
            return found
        time.sleep(look_s * random.uniform(0.7, 1.3))  # fifty who wait should not look as one
        look_s = min(look_s * 1.5, _LONGEST_LOOK_S)


def _open(
    executor: Executor, vault: Vault, settings: Settings, row: Row[Any] | None
) -> Access | Unusable:
    if row is None:
        return Unusable(gone=True, message="This connection was taken away.")
    closed = _closed(row)
    if closed is not None:
        return closed
    try:
        secrets = credentials.opened(executor, vault, row.organization_id, row.id, row.secret)
        return access_of(settings, manifest_of(executor, row), row, secrets)
    except crypto.Unsealable:
        return Unusable(gone=True, message=reasons.secret_lost(row.name).message)
    except NotFilled as error:
        return Unusable(gone=True, message=error.detail)


def _closed(row: Row[Any]) -> Unusable | None:
    """Why a row is not opened, if it is not."""
    reason: dict[str, str] = row.reason or {}
    if row.state == "pending":
        return Unusable(gone=True, message=f"{row.name} is not connected yet.")
    if row.state == "paused":
        return Unusable(gone=True, message=f"{row.name} is paused.")
    if row.state == "needs_reauth":
        return Unusable(gone=True, message=reason.get("message", f"{row.name} needs you."))
    if row.state not in USABLE_STATES:
        return Unusable(gone=True, message=f"{row.name} is not connected any more.")
    if reason.get("code") in (REFUSED, REFUSED_AGAIN):
        return Unusable(gone=False, message=reason["message"])
    if timing.is_dying(row.refreshed_at, row.access_expires_at, clock.now()):
        return Unusable(gone=False, message=f"Our permission from {row.name} is being renewed.")
    return None


def _mark_due(database: DatabaseConnection, row: Row[Any]) -> None:
    """Let the refresh happen now, unless it is due anyway or must wait for a back-off."""
    if row.access_expires_at is None or row.refresh_due_at is None:
        return
    now, interrupted = clock.now(), (row.reason or {}).get("code") == REFRESH_INTERRUPTED
    lasts = interrupted and now < row.access_expires_at  # it is used to its very end
    if lasts or row.refresh_failures or row.refresh_due_at <= now:
        return
    database.execute(standing.same_credentials(row).values(refresh_due_at=now))


def _is_news(row: Row[Any], generation: int) -> bool:
    """Whether a refusal of that generation changes anything: several of one moment are one."""
    if row.generation != generation or row.state not in USABLE_STATES:
        return False
    if (row.reason or {}).get("code") in (REFUSED, REFUSED_AGAIN):
        return False
    now, ended, due = clock.now(), row.access_expires_at, row.refresh_due_at
    is_over = ended is not None and ended <= now
    return not (is_over and due is not None and (due <= now or row.refresh_failures))


def _may_have_ended(database: DatabaseConnection, row: Row[Any]) -> bool:
    """Whether these credentials are a token that was used for long enough to be over."""
    if manifest_of(database, row).auth.kind not in _RENEWED_ALONE:
        return False
    return timing.may_have_ended(row.refreshed_at, row.access_expires_at, clock.now())


def _let_it_end(database: DatabaseConnection, row: Row[Any]) -> None:
    """Have the token renewed before anybody uses the connection again."""
    now = clock.now()
    due = row.refresh_due_at if row.refresh_failures else now  # a back-off is waited for
    database.execute(
        standing.same_credentials(row).values(access_expires_at=now, refresh_due_at=due)
    )


def _looked_at_now(database: DatabaseConnection, row: Row[Any]) -> dict[str, Any]:
    """Have the credentials renewed, or the account asked, at once."""
    now = clock.now()
    if manifest_of(database, row).auth.kind in _RENEWED_ALONE:
        return {"refresh_due_at": now, "access_expires_at": now}
    return {"check_due_at": now}


def _is_free_to_refresh(row: Row[Any], found: Access | Unusable) -> bool:
    """Whether a refresh is due, as far as one can see without claiming it."""
    if isinstance(found, Unusable) and found.gone:
        return False
    now = clock.now()
    is_due = row.refresh_due_at is not None and row.refresh_due_at <= now
    return is_due and (row.refresh_until is None or row.refresh_until <= now)


_aside: dict[UUID, threading.Thread] = {}
_aside_lock = threading.Lock()


def _refresh_aside(means: Means, organization_id: UUID, connection_id: UUID) -> None:
    """Refresh on a thread of its own; one of a connection at a time in this process."""
    with _aside_lock:
        at_it = _aside.get(connection_id)
        if at_it is not None and at_it.is_alive():
            return
        # Not a daemon: a process that ends lets it come home, for its answer comes only once.
        thread = threading.Thread(
            target=refreshing.refresh,
            args=(means, organization_id, connection_id),
            name=f"refresh-{connection_id}",
        )
        _aside[connection_id] = thread
        thread.start()
