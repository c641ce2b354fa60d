"""Going through a table with sealed columns, and sealing anew what retired keys sealed.

A page of rows at a time, along the primary key, no transaction open while something is worked out.
A value is put back by compare-and-set on the ciphertext, and only where nobody else is at the row:
nobody waits for this, and nobody's change is lost. What could not be put back is met again the next
time. What was sealed anew already is passed by, so whoever goes on after a death loses a page.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text

from wedsync.platform import crypto, leaves
from wedsync.platform.rotation.sealed_columns import SealedTable
from wedsync.platform.vault.known_keys import Destroyed
from wedsync.platform.vault.sealing import OpenKey, open_with, place, seal_with
from wedsync.platform.vault.whole import Vault

PAGE = 1_000
_MOST_BYTES = 8 * 1024 * 1024
_LEAF = re.compile(r'"\$sealed": "([A-Za-z0-9+/]+={0,2})"')

Retired: TypeAlias = Mapping[tuple[UUID, UUID], UUID | None]
"""Retired keys by organization and id: the wedding whose key it is, None for the organization's."""

_RETIRED = text(
    "SELECT organization_id, id, wedding_id FROM data_keys"
    " WHERE retired_at IS NOT NULL AND destroyed_at IS NULL"
)
_IS_RETIRED = (
    "substring({column} FROM 2 FOR 16) IN (SELECT uuid_send(id) FROM data_keys"
    " WHERE retired_at IS NOT NULL AND destroyed_at IS NULL)"
)
_HAS_LEAVES = "position('\"$sealed\"' IN {column}::text) > 0"


@dataclass(slots=True)
class Tally:
    """What came of a walk: values sealed anew, those that somebody else was at, and those that
    their key does not open."""

    looked: int = 0
    sealed: int = 0
    passed: int = 0
    unopened: int = 0


@dataclass(frozen=True, slots=True)
class _Change:
    key: tuple[Any, ...]
    column: str
    before: Any
    after: Any


def retired_keys(engine: Engine) -> Retired:
    """The keys whose values are to be sealed anew."""
    with engine.begin() as connection:
        rows = connection.execute(_RETIRED).all()
    return {(row.organization_id, row.id): row.wedding_id for row in rows}


def walk(engine: Engine, vault: Vault, table: SealedTable, retired: Retired) -> Iterator[Tally]:
    """Go through one table; says after each page how far it came, the last of them at its end."""
    statements = _Statements(table)
    tally, after = Tally(), None
    while True:
        with engine.begin() as connection:
            page = connection.execute(*statements.page(after)).first()
        if page is None:
            break
        upto = tuple(page[:-1])
        _page(engine, vault, statements, retired, tally, (after, upto))
        tally.looked, after = tally.looked + page[-1], upto
        yield tally
        if page[-1] < PAGE:  # what comes in meanwhile is sealed under the new keys
            break
    yield tally


def _page(
    engine: Engine,
    vault: Vault,
    statements: "_Statements",
    retired: Retired,
    tally: Tally,
    between: tuple[tuple[Any, ...] | None, tuple[Any, ...]],
) -> None:
    """As much at once as memory is meant for: a body may have a megabyte."""
    after, upto = between
    while True:
        with engine.begin() as connection:
            rows = connection.execute(*statements.portion(after, upto)).all()
            changes = _changes(connection, vault, statements.table, retired, rows, tally)
        for column in statements.table.columns:
            wanted = [change for change in changes if change.column == column]
            if wanted:
                with engine.begin() as connection:
                    done: Any = connection.execute(*statements.change(column, wanted))
                    put_back = int(done.rowcount)
                tally.sealed += put_back
                tally.passed += len(wanted) - put_back
        if not rows:
            return
        after = tuple(rows[-1][: len(statements.table.key)])


def _changes(
    connection: Connection,
    vault: Vault,
    table: SealedTable,
    retired: Retired,
    rows: Sequence[Row[Any]],
    tally: Tally,
) -> list[_Change]:
    """What is to be put back, worked out with the keys of all these rows, read at once."""
    used = {
        (row.organization_id, key_id) for row in rows for key_id in _key_ids(table, row)
    } & retired.keys()
    vault.read(connection, used)
    vault.read_organizations(connection, {whose for whose, _ in used})
    weddings = {(whose, wedding) for whose, key in used if (wedding := retired[whose, key])}
    for_weddings = vault.wedding_keys(connection, weddings)
    successors = {
        (whose, key): for_weddings[whose, wedding]
        if (wedding := retired[whose, key])
        else vault.data_key(connection, whose)
        for whose, key in used
    }
    return [
        change
        for row in rows
        for change in _of_row(connection, vault, table, row, successors, tally)
    ]


def _key_ids(table: SealedTable, row: Row[Any]) -> set[UUID]:
    found = crypto.key_ids_of(getattr(row, column) for column in table.values)
    for column in table.leaves:
        found |= crypto.key_ids_of(map(_bytes_of, _LEAF.findall(getattr(row, column) or "")))
    return found


def _of_row(
    connection: Connection,
    vault: Vault,
    table: SealedTable,
    row: Row[Any],
    successors: Mapping[tuple[UUID, UUID], OpenKey],
    tally: Tally,
) -> Iterator[_Change]:
    key = tuple(row[: len(table.key)])
    resealing = _Resealing(connection, vault, row.organization_id, successors, tally)
    for column in table.values:
        value = getattr(row, column)
        sealed = resealing.value(value, place(table.name, row.id, column)) if value else None
        if sealed is not None:
            yield _Change(key, column, value, sealed)
    for column in table.leaves:
        document = getattr(row, column)
        changed = _LEAF.sub(resealing.leaf, document) if document else document
        if changed != document:
            yield _Change(key, column, document, changed)


@dataclass(frozen=True, slots=True)
class _Resealing:
    """Seals anew what retired keys of one organization sealed, and counts what does not open."""

    connection: Connection
    vault: Vault
    whose: UUID
    successors: Mapping[tuple[UUID, UUID], OpenKey]
    tally: Tally

    def value(self, sealed: bytes, where: str) -> bytes | None:
        """The value under its new key; None where its own is not retired, or does not open it."""
        try:
            keys = self._keys(sealed)
            return self._anew(keys, sealed, where) if keys else None
        except crypto.Unsealable:
            self.tally.unopened += 1
            return None

    def leaf(self, found: re.Match[str]) -> str:
        """The same for a leaf as it is written; what merely looks like one stays."""
        sealed = _bytes_of(found[1]) or b""
        try:
            keys = self._keys(sealed)
        except Destroyed:
            return found[0]
        except crypto.Unsealable:  # its key may come back
            self.tally.unopened += 1
            return found[0]
        try:
            changed = self._anew(keys, sealed, leaves.PLACE) if keys else None
        except crypto.Unsealable:  # nobody's loss
            return found[0]
        return (
            found[0].replace(found[1], base64.b64encode(changed).decode()) if changed else found[0]
        )

    def _keys(self, sealed: bytes) -> tuple[OpenKey, OpenKey] | None:
        """The key of this value and the one for it now; None where its own is not retired. Raises
        Unsealable where that is not to be had."""
        before = next(iter(crypto.key_ids_of([sealed])), None)
        if before is None or (successor := self.successors.get((self.whose, before))) is None:
            return None
        return self.vault.key(self.connection, self.whose, before), successor

    def _anew(self, keys: tuple[OpenKey, OpenKey], sealed: bytes, where: str) -> bytes:
        before, successor = keys
        return seal_with(successor, self.whose, where, open_with(before, self.whose, where, sealed))


def _bytes_of(leaf: str) -> bytes | None:
    try:
        return base64.b64decode(leaf, validate=True)
    except ValueError:
        return None


class _Statements:
    """The statements of one table. Its names are our own, and never a stranger's."""

    def __init__(self, table: SealedTable) -> None:
        self.table = table
        self._names = [name for name, _ in table.key]
        self._key = ", ".join(self._names)

    def page(self, after: tuple[Any, ...] | None) -> tuple[Any, dict[str, Any]]:
        """The last key of the next page, and how many rows the page has."""
        backwards = ", ".join(f"{name} DESC" for name in self._names)
        statement = (
            f"WITH page AS MATERIALIZED (SELECT {self._key} FROM {self.table.name}"
            f" WHERE {self._behind(after)} ORDER BY {self._key} LIMIT {PAGE})"
            f" SELECT {self._key}, (SELECT count(*) FROM page) FROM page"
            f" ORDER BY {backwards} LIMIT 1"
        )
        return text(statement), self._named("after", after)

    def portion(
        self, after: tuple[Any, ...] | None, upto: tuple[Any, ...]
    ) -> tuple[Any, dict[str, Any]]:
        """The rows of a page that may be concerned, in the order of their keys."""
        table = self.table
        size = " + ".join(
            [f"coalesce(octet_length({name}), 0)" for name in table.values]
            + [f"coalesce(octet_length({name}::text), 0)" for name in table.leaves]
        )
        concerned = " OR ".join(
            [_IS_RETIRED.format(column=name) for name in table.values]
            + [_HAS_LEAVES.format(column=name) for name in table.leaves]
        )
        columns = ", ".join([*table.values, *(f"{name}::text AS {name}" for name in table.leaves)])
        whose = "" if "organization_id" in self._names else ", organization_id"
        statement = (
            "SELECT * FROM (SELECT sized.*,"
            f" sum(octets) OVER (ORDER BY {self._key}) - octets AS octets_before"
            f" FROM (SELECT {self._key}{whose}, {columns}, {size} AS octets FROM {table.name}"
            f" WHERE {self._behind(after)} AND ({self._key}) <= ({self._parameters('upto')})"
            f" AND ({concerned})) sized) found WHERE octets_before < {_MOST_BYTES}"
            f" ORDER BY {self._key}"
        )
        return text(statement), self._named("after", after) | self._named("upto", upto)

    def change(self, column: str, changes: Sequence[_Change]) -> tuple[Any, dict[str, Any]]:
        """Put back what is still as it was read and nobody is at."""
        name, kind = self.table.name, "jsonb" if column in self.table.leaves else "bytea"
        sent = "text" if kind == "jsonb" else kind
        arrays = [f"CAST(:k{at} AS {type_}[])" for at, (_, type_) in enumerate(self.table.key)]
        same = " AND ".join(f"kept.{each} = given.{each}" for each in self._names)
        statement = (
            f"WITH given AS (SELECT * FROM unnest({', '.join(arrays)}, CAST(:before AS {sent}[]),"
            f" CAST(:after AS {sent}[])) AS t({self._key}, before, after)),"
            " picked AS MATERIALIZED (SELECT given.* FROM given"
            f" JOIN {name} kept ON {same} WHERE kept.{column} = CAST(given.before AS {kind})"
            " FOR NO KEY UPDATE OF kept SKIP LOCKED)"
            f" UPDATE {name} kept SET {column} = CAST(given.after AS {kind})"
            f" FROM picked given WHERE {same}"
        )
        keys = {f"k{at}": [each.key[at] for each in changes] for at in range(len(self._names))}
        values = {"before": [c.before for c in changes], "after": [c.after for c in changes]}
        return text(statement), keys | values

    def _behind(self, after: tuple[Any, ...] | None) -> str:
        return "true" if after is None else f"({self._key}) > ({self._parameters('after')})"

    def _parameters(self, prefix: str) -> str:
        return ", ".join(
            f"CAST(:{prefix}{at} AS {type_})" for at, (_, type_) in enumerate(self.table.key)
        )

    def _named(self, prefix: str, values: tuple[Any, ...] | None) -> dict[str, Any]:
        return {f"{prefix}{at}": value for at, value in enumerate(values or ())}
