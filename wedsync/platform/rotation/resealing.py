"""Sealing anew what older keys sealed: under data keys by going through every sealed column, and
our own e-mail under the master key in use."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Engine, text

from wedsync.platform import crypto
from wedsync.platform.rotation.sealed_columns import SEALED, SEALED_FOR_PLATFORM, SealedTable
from wedsync.platform.rotation.walking import Retired, Tally, retired_keys, walk
from wedsync.platform.vault.sealing import place
from wedsync.platform.vault.whole import Vault

Told: TypeAlias = Callable[[str, Tally, bool], None]
"""Told of a table's name, how far a walk through it is, and whether that was its end."""

_MOST_PASSES = 20
_PAUSE_S = 0.2
_AT_ONCE = 1_000

_MESSAGES = text(
    "SELECT id, content FROM mail_messages WHERE state IN ('due', 'sending')"
    " AND content IS NOT NULL AND substring(content FROM 2 FOR 16) <> uuid_send(:master)"
    f" AND id > :after ORDER BY id LIMIT {_AT_ONCE}"
)
_PUT_BACK = text(
    "WITH picked AS MATERIALIZED (SELECT t.* FROM unnest(CAST(:ids AS uuid[]),"
    "  CAST(:before AS bytea[]), CAST(:after AS bytea[])) AS t(id, before, after)"
    "  JOIN mail_messages m ON m.id = t.id AND m.content = t.before"
    "  FOR NO KEY UPDATE OF m SKIP LOCKED)"
    " UPDATE mail_messages SET content = picked.after FROM picked"
    " WHERE mail_messages.id = picked.id"
)
_FIRST = "00000000-0000-0000-0000-000000000000"


def under_new_data_keys(engine: Engine, vault: Vault, told: Told) -> Tally:
    """Go through everything that is sealed until a pass meets nothing that retired keys sealed;
    `passed` is what somebody was at every time, `unopened` what no key opens."""
    retired, whole = retired_keys(engine), Tally()
    tables: Sequence[SealedTable] = SEALED if retired else ()
    last: dict[str, Tally] = {}
    for _ in range(_MOST_PASSES):
        for table in tables:
            last[table.name] = tally = _through(engine, vault, table, retired, told)
            whole.looked += tally.looked
            whole.sealed += tally.sealed
        tables = [each for each in tables if last[each.name].sealed or last[each.name].passed]
        if not tables:
            break
        time.sleep(_PAUSE_S if any(last[each.name].passed for each in tables) else 0)
    whole.passed = sum(tally.passed for tally in last.values())
    whole.unopened = sum(tally.unopened for tally in last.values())
    return whole


def under_new_master_key(engine: Engine, vault: Vault) -> Tally:
    """The same for our own e-mail that has not left; sealed under a master key itself."""
    tally, after = Tally(), _FIRST
    while True:
        given = {"master": vault.ring.current.id, "after": after}
        with engine.begin() as connection:
            rows = connection.execute(_MESSAGES, given).all()
        if not rows:
            return tally
        anew = {row.id: _anew(vault, row) for row in rows}
        good = [row for row in rows if anew[row.id] is not None]
        put_back = {
            "ids": [row.id for row in good],
            "before": [row.content for row in good],
            "after": [anew[row.id] for row in good],
        }
        with engine.begin() as connection:
            done: Any = connection.execute(_PUT_BACK, put_back)
        tally.looked += len(rows)
        tally.sealed += int(done.rowcount)
        tally.passed += len(good) - int(done.rowcount)
        tally.unopened += len(rows) - len(good)
        after = rows[-1].id


def _through(
    engine: Engine, vault: Vault, table: SealedTable, retired: Retired, told: Told
) -> Tally:
    tally = Tally()
    for tally in walk(engine, vault, table, retired):
        told(table.name, tally, False)
    told(table.name, tally, True)
    return tally


def _anew(vault: Vault, row: Any) -> bytes | None:
    where = place(SEALED_FOR_PLATFORM.name, row.id, SEALED_FOR_PLATFORM.values[0])
    try:
        return vault.seal_for_platform(where, vault.open_for_platform(where, row.content))
    except crypto.Unsealable:
        return None
