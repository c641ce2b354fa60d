"""New data keys for old: made beside them, and the old ones deleted once nothing needs them.

An old key is `retired_at`: it seals nothing more, as soon as every process has read the keys anew,
and opens what it sealed. Each change is a short transaction that leaves every organization and
every wedding with exactly one key that seals.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from wedsync.platform import crypto, ids
from wedsync.platform.vault import wrapping
from wedsync.platform.vault.sealing import OpenKey
from wedsync.platform.vault.whole import Vault

_AT_ONCE = 1_000
_WAITING = "retired_at IS NOT NULL AND destroyed_at IS NULL"

_BEGUN = text(
    f"SELECT coalesce(min(retired_at), clock_timestamp()) FROM data_keys WHERE {_WAITING}"
)
_OLD = (
    "SELECT id, organization_id, wedding_id FROM data_keys WHERE {whose}"
    " AND retired_at IS NULL AND destroyed_at IS NULL AND created_at < :begun"
    " AND NOT EXISTS (SELECT FROM data_keys before"
    "  WHERE before.organization_id = data_keys.organization_id AND before.{same}"
    "  AND before.retired_at IS NOT NULL AND before.destroyed_at IS NULL)"
    f" ORDER BY id LIMIT {_AT_ONCE} FOR NO KEY UPDATE"
)
_OLD_OF_ORGANIZATIONS = text(_OLD.format(whose="wedding_id IS NULL", same="wedding_id IS NULL"))
_OLD_OF_WEDDINGS = text(
    _OLD.format(
        whose="wedding_id IS NOT NULL AND EXISTS (SELECT FROM data_keys o"
        " WHERE o.organization_id = data_keys.organization_id AND o.wedding_id IS NULL"
        " AND o.retired_at IS NULL AND o.destroyed_at IS NULL)",
        same="wedding_id = data_keys.wedding_id",
    )
)
_RETIRE = text("UPDATE data_keys SET retired_at = clock_timestamp() WHERE id = ANY(:ids)")
# One is enough for all to wait, and the first goes on telling when this generation was begun.
_RETIRE_ANEW = text(
    "UPDATE data_keys SET retired_at = clock_timestamp() WHERE id = (SELECT id FROM data_keys"
    f" WHERE {_WAITING} ORDER BY retired_at DESC LIMIT 1)"
)
_ADD = text(
    "INSERT INTO data_keys (id, organization_id, wedding_id, master_key_id, wrapped_by, wrapped)"
    " SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]),"
    "  CAST(:weddings AS uuid[]), CAST(:masters AS uuid[]), CAST(:wrapped_by AS uuid[]),"
    "  CAST(:wrapped AS bytea[]))"
)
_UNDER_MASTERS = text(
    "SELECT id, organization_id, wrapped FROM data_keys WHERE wedding_id IS NULL"
    " AND destroyed_at IS NULL AND master_key_id <> :master AND id > :after"
    f" ORDER BY id LIMIT {_AT_ONCE}"
)
_UNDER_RETIRED = text(
    "SELECT k.id, k.organization_id, k.wedding_id, k.wrapped_by, k.wrapped FROM data_keys k"
    " JOIN data_keys by ON by.organization_id = k.organization_id AND by.id = k.wrapped_by"
    " WHERE k.retired_at IS NULL AND k.destroyed_at IS NULL"
    " AND by.retired_at IS NOT NULL AND by.destroyed_at IS NULL"
    f" AND k.id > :after ORDER BY k.id LIMIT {_AT_ONCE}"
)
_REWRAP = text(
    "UPDATE data_keys SET wrapped = t.after, master_key_id = t.master, wrapped_by = t.wrapped_by"
    " FROM unnest(CAST(:ids AS uuid[]), CAST(:before AS bytea[]), CAST(:after AS bytea[]),"
    "  CAST(:masters AS uuid[]), CAST(:wrapped_by AS uuid[]))"
    "  AS t(id, before, after, master, wrapped_by)"
    " WHERE data_keys.id = t.id AND data_keys.wrapped = t.before"
)
_LET_GO = text(
    "UPDATE data_keys SET wrapped_by = NULL"
    " WHERE destroyed_at IS NOT NULL AND wrapped_by IS NOT NULL"
)
_DELETE = (
    "DELETE FROM data_keys WHERE id IN (SELECT id FROM data_keys"
    f" WHERE {_WAITING} AND {{whose}} LIMIT {_AT_ONCE})"
)
_DELETE_OF_WEDDINGS = text(_DELETE.format(whose="wedding_id IS NOT NULL"))
_DELETE_OF_ORGANIZATIONS = text(_DELETE.format(whose="wedding_id IS NULL"))

_FIRST = UUID(int=0)


def make(engine: Engine, vault: Vault) -> int:
    """A new key for every organization and every wedding that has only one from before. Whoever
    died at this is gone on with; returns how many were made. Raises crypto.Unsealable."""
    with engine.begin() as connection:
        begun: datetime = connection.execute(_BEGUN).scalar_one()
    made = 0
    for step in (_organizations, _weddings):
        while count := step(engine, vault, begun):
            made += count
    return made


def rewrap_under_master(engine: Engine, vault: Vault) -> tuple[int, int]:
    """Wrap the keys of organizations by the master key in use; how many were, and how many could
    not be, their master key being away."""
    master, after, done, locked = vault.ring.current, _FIRST, 0, 0
    while True:
        with engine.begin() as connection:
            rows = connection.execute(_UNDER_MASTERS, {"master": master.id, "after": after}).all()
            wrapped = {row.id: _under(vault, row) for row in rows}
            good = [row for row in rows if wrapped[row.id] is not None]
            given = _rewrapped(good, [wrapped[row.id] for row in good])
            given |= {"masters": [master.id] * len(good), "wrapped_by": [None] * len(good)}
            changed: Any = connection.execute(_REWRAP, given)
        done, locked = done + int(changed.rowcount), locked + len(rows) - len(good)
        if not rows:
            return done, locked
        after = rows[-1].id


def rewrap_under_organizations(engine: Engine, vault: Vault) -> int:
    """Wrap the keys of weddings by the key in use of their organization, where a process that had
    not read that yet wrapped them by the one before."""
    after, done = _FIRST, 0
    while True:
        with engine.begin() as connection:
            rows = connection.execute(_UNDER_RETIRED, {"after": after}).all()
            keys = _in_use(connection, vault, rows)
            given = _rewrapped(
                rows, [_under_organization(connection, vault, row, keys) for row in rows]
            )
            given["masters"] = [None] * len(rows)
            given["wrapped_by"] = [keys[row.organization_id].id for row in rows]
            changed: Any = connection.execute(_REWRAP, given)
        done += int(changed.rowcount)
        if not rows:
            return done
        after = rows[-1].id


def retire_anew(engine: Engine) -> None:
    """Let the retired keys wait from now on, as if they had been in use until this moment."""
    with engine.begin() as connection:
        connection.execute(_RETIRE_ANEW)


def delete_retired(engine: Engine) -> int:
    """Delete the keys that seal nothing more; those that were destroyed stay, as the word of it."""
    with engine.begin() as connection:
        connection.execute(_LET_GO)
    deleted = 0
    for statement in (_DELETE_OF_WEDDINGS, _DELETE_OF_ORGANIZATIONS):
        while count := _changed(engine, statement):
            deleted += count
    return deleted


def _organizations(engine: Engine, vault: Vault, begun: datetime) -> int:
    with engine.begin() as connection:
        old = connection.execute(_OLD_OF_ORGANIZATIONS, {"begun": begun}).all()
        master = vault.ring.current
        wrapped = [wrapping.wrap(master, row.organization_id, crypto.new_key()) for row in old]
        _replace(connection, old, wrapped, [master.id] * len(old), [None] * len(old))
    return len(old)


def _weddings(engine: Engine, vault: Vault, begun: datetime) -> int:
    with engine.begin() as connection:
        old = connection.execute(_OLD_OF_WEDDINGS, {"begun": begun}).all()
        keys = _in_use(connection, vault, old)
        wrapped = [
            wrapping.wrap_for_wedding(
                keys[row.organization_id], row.organization_id, row.wedding_id, crypto.new_key()
            )
            for row in old
        ]
        by = [keys[row.organization_id].id for row in old]
        _replace(connection, old, wrapped, [None] * len(old), by)
    return len(old)


def _replace(
    connection: Connection,
    old: Sequence[Row[Any]],
    wrapped: Sequence[bytes],
    masters: Sequence[UUID | None],
    wrapped_by: Sequence[UUID | None],
) -> None:
    if not old:
        return
    connection.execute(_RETIRE, {"ids": [row.id for row in old]})
    given = {
        "ids": [ids.new_id() for _ in old],
        "organizations": [row.organization_id for row in old],
        "weddings": [row.wedding_id for row in old],
        "masters": masters,
        "wrapped_by": wrapped_by,
        "wrapped": wrapped,
    }
    connection.execute(_ADD, given)


def _in_use(connection: Connection, vault: Vault, rows: Sequence[Row[Any]]) -> dict[UUID, OpenKey]:
    """The keys in use of the organizations of these rows."""
    whose = {row.organization_id for row in rows}
    vault.read_organizations(connection, whose)
    return {each: vault.data_key(connection, each) for each in whose}


def _under(vault: Vault, row: Row[Any]) -> bytes | None:
    try:
        key = wrapping.unwrap(vault.ring, row.organization_id, row.wrapped)
    except crypto.Unsealable:
        return None
    return wrapping.wrap(vault.ring.current, row.organization_id, key)


def _under_organization(
    connection: Connection, vault: Vault, row: Row[Any], keys: dict[UUID, OpenKey]
) -> bytes:
    whose = row.organization_id
    before = vault.key(connection, whose, row.wrapped_by)
    key = wrapping.unwrap_for_wedding(before, whose, row.wedding_id, row.wrapped)
    return wrapping.wrap_for_wedding(keys[whose], whose, row.wedding_id, key)


def _rewrapped(rows: Sequence[Row[Any]], after: Sequence[bytes | None]) -> dict[str, Any]:
    return {
        "ids": [row.id for row in rows],
        "before": [row.wrapped for row in rows],
        "after": after,
    }


def _changed(engine: Engine, statement: Any) -> int:
    with engine.begin() as connection:
        done: Any = connection.execute(statement)
        return int(done.rowcount)
