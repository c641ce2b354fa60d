"""Lists at accounts as they were read last: asked for, kept sealed, forgotten with the account.

Times here are the database's, since they are compared with claims.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.connections.credentials import Executor
from wedsync.connectors.choices import Choice
from wedsync.platform import crypto, documents
from wedsync.platform.vault import Vault, place

FRESH_S = 900
"""How long a list is taken as it is; an older one is shown too, and read anew meanwhile."""

LOOK_AGAIN_S = 60
"""A list that could not be read is not asked for again by itself so soon."""

_KEPT_DAYS = 30

_FIND = text(
    "SELECT *, due_at IS NOT NULL AS is_wanted FROM account_choices"
    " WHERE organization_id = :organization_id AND connection_id = :connection_id AND key = :key"
)
# Somebody who asks while it is wanted already changes nothing of the claim.
_ASK = text(
    "INSERT INTO account_choices AS kept (id, organization_id, connection_id, key, due_at)"
    " SELECT uuidv7(), c.organization_id, c.id, :key,"
    "  clock_timestamp() + make_interval(secs => :after_s)"
    " FROM connections c WHERE c.organization_id = :organization_id AND c.id = :connection_id"
    "  AND c.state NOT IN ('pending', 'deleted', 'revoked')"
    " ON CONFLICT (organization_id, connection_id, key) DO UPDATE"
    " SET asked_at = excluded.asked_at, due_at = CASE"
    "  WHEN kept.due_at IS NOT NULL THEN kept.due_at"
    "  WHEN :refresh OR (coalesce(kept.loaded_at, '-infinity')"
    "    < clock_timestamp() - make_interval(secs => :fresh_s)"
    "   AND coalesce(kept.failed_at, '-infinity')"
    "    < clock_timestamp() - make_interval(secs => :look_again_s)) THEN excluded.due_at END"
    " RETURNING id, due_at IS NOT NULL AS is_wanted, loaded_at IS NOT NULL AS is_there"
)
_CLAIM = text(
    "UPDATE account_choices"
    " SET claimed_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE organization_id = :organization_id AND id = :id AND due_at IS NOT NULL"
    " AND coalesce(claimed_until, '-infinity') <= clock_timestamp()"
    " RETURNING *"
)
_MAKE_DUE = text(
    "UPDATE account_choices SET due_at = clock_timestamp()"
    " WHERE organization_id = :organization_id AND id = :id AND due_at IS NOT NULL"
)
_HAND_OVER = text(
    "UPDATE account_choices SET due_at = clock_timestamp(), claimed_until = NULL"
    " WHERE organization_id = :organization_id AND id = :id"
    " AND claimed_until = :claimed_until AND due_at IS NOT NULL"
)
_KEEP = text(
    "UPDATE account_choices SET entries = :entries, is_cut = :is_cut,"
    " loaded_at = clock_timestamp(), due_at = NULL, claimed_until = NULL,"
    " failure = NULL, failed_at = NULL"
    " WHERE organization_id = :organization_id AND id = :id AND claimed_until = :claimed_until"
)
_FAIL = text(
    "UPDATE account_choices SET failure = :failure, failed_at = clock_timestamp(),"
    " due_at = NULL, claimed_until = NULL"
    " WHERE organization_id = :organization_id AND id = :id AND claimed_until = :claimed_until"
)
_FORGET = text(
    "DELETE FROM account_choices"
    " WHERE organization_id = :organization_id AND connection_id = :connection_id"
)
PRUNE = text(
    "DELETE FROM account_choices WHERE id IN (SELECT id FROM account_choices"
    f" WHERE asked_at < now() - interval '{_KEPT_DAYS} days' LIMIT 1000)"
)
"""Forget lists nobody asked for in a month."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A list as it was read last, at `loaded_at` (None: never yet). `is_wanted`: it is being read
    now, or will be; `failure` is why that did not work the last time; `is_cut`: there were more."""

    choices: tuple[Choice, ...] = ()
    loaded_at: datetime | None = None
    is_wanted: bool = False
    failure: str | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A list that was asked for: whether it is to be read, and whether an earlier reading
    `is_there` to be shown meanwhile."""

    id: UUID
    is_wanted: bool
    is_there: bool


def find(
    executor: Executor, vault: Vault, organization_id: UUID, connection_id: UUID, key: str
) -> Kept:
    """The list of a connection; nothing was read yet where there is none."""
    row = executor.execute(_FIND, _place(organization_id, connection_id, key)).first()
    if row is None:
        return Kept()
    choices = _opened(executor, vault, row)
    return Kept(choices, row.loaded_at, row.is_wanted, row.failure, row.is_cut)


def ask(
    executor: Executor,
    organization_id: UUID,
    connection_id: UUID,
    key: str,
    *,
    after_s: float,
    refresh: bool,
) -> Asked | None:
    """Have a list read, by a drain after `after_s`, where it is not fresh or `refresh` says so.

    None where there is no such connection, or none that was ever connected.
    """
    given = {
        **_place(organization_id, connection_id, key),
        "after_s": after_s,
        "refresh": refresh,
        "fresh_s": FRESH_S,
        "look_again_s": LOOK_AGAIN_S,
    }
    row = executor.execute(_ASK, given).first()
    return Asked(row.id, row.is_wanted, row.is_there) if row is not None else None


def claim(
    executor: Executor, organization_id: UUID, row_id: UUID, lease_s: float
) -> Row[Any] | None:
    """Take it to be read; None where it is not wanted, or somebody is at it."""
    given = {"organization_id": organization_id, "id": row_id, "lease": lease_s}
    return executor.execute(_CLAIM, given).first()


def make_due(executor: Executor, organization_id: UUID, row_id: UUID) -> None:
    """Let a drain take up at once what is wanted."""
    executor.execute(_MAKE_DUE, {"organization_id": organization_id, "id": row_id})


def hand_over(executor: Executor, row: Row[Any]) -> None:
    """Leave a claimed list to a drain."""
    executor.execute(_HAND_OVER, _claimed(row))


def keep(
    executor: Executor, vault: Vault, row: Row[Any], choices: Sequence[Choice], *, is_cut: bool
) -> None:
    """Keep what was read, while the claim is ours."""
    written = documents.write([[each.value, each.name, each.note] for each in choices])
    sealed = vault.seal(executor, row.organization_id, _sealed_to(row), written)
    executor.execute(_KEEP, {**_claimed(row), "entries": sealed, "is_cut": is_cut})


def fail(executor: Executor, row: Row[Any], sentence: str) -> None:
    """Keep why it could not be read, while the claim is ours; what was read before stays."""
    executor.execute(_FAIL, {**_claimed(row), "failure": sentence})


def forget(executor: Executor, organization_id: UUID, connection_id: UUID) -> None:
    """Forget every list of a connection: it ended, or has another account's credentials."""
    given = {"organization_id": organization_id, "connection_id": connection_id}
    executor.execute(_FORGET, given)


def _opened(executor: Executor, vault: Vault, row: Row[Any]) -> tuple[Choice, ...]:
    if row.entries is None:
        return ()
    try:
        opened = vault.open(executor, row.organization_id, _sealed_to(row), row.entries)
    except crypto.Unsealable:  # the key was destroyed: it is read anew when it is asked for
        return ()
    return tuple(Choice(value, name, note) for value, name, note in documents.read(opened))


def _sealed_to(row: Row[Any]) -> str:
    return place("account_choices", row.id, "entries")


def _place(organization_id: UUID, connection_id: UUID, key: str) -> dict[str, Any]:
    return {"organization_id": organization_id, "connection_id": connection_id, "key": key}


def _claimed(row: Row[Any]) -> dict[str, Any]:
    return {
        "organization_id": row.organization_id,
        "id": row.id,
        "claimed_until": row.claimed_until,
    }
