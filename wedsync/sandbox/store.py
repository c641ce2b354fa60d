"""Where the practice partner keeps what it knows: one SQLite file, or memory.

One connection under one lock: requests take turns, which also makes redeeming a code, rotating a
token and acting once per idempotency key atomic without further care.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, name TEXT, couple TEXT, email TEXT, wedding_date TEXT);
CREATE TABLE IF NOT EXISTS guests (
    account_id TEXT, id TEXT, position INTEGER, name TEXT, email TEXT, household TEXT,
    status TEXT, party_size INTEGER, meal TEXT, allergy TEXT, seat TEXT,
    PRIMARY KEY (account_id, id));
CREATE TABLE IF NOT EXISTS meals (
    account_id TEXT, date TEXT, count INTEGER, PRIMARY KEY (account_id, date));
CREATE TABLE IF NOT EXISTS holds (
    account_id TEXT, date TEXT, held_for TEXT, email TEXT, held_until TEXT,
    PRIMARY KEY (account_id, date));
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY, account_id TEXT, kind TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS codes (
    hash TEXT PRIMARY KEY, client_id TEXT, account_id TEXT, redirect_uri TEXT, scope TEXT,
    challenge TEXT, expires_at REAL, family_id TEXT);
CREATE TABLE IF NOT EXISTS families (
    id TEXT PRIMARY KEY, client_id TEXT, account_id TEXT, scope TEXT, revoked TEXT,
    refreshes INTEGER DEFAULT 0, reused INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS tokens (
    hash TEXT PRIMARY KEY, family_id TEXT, kind TEXT, scope TEXT, expires_at REAL,
    spent INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS keys (
    client_id TEXT, key TEXT, request TEXT, digest TEXT, status INTEGER, body TEXT,
    seen INTEGER DEFAULT 1, PRIMARY KEY (client_id, key));
CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT PRIMARY KEY, account_id TEXT, family_id TEXT, url TEXT, events TEXT, secret TEXT);
"""


class Store:
    """`read` and `write` work inside and outside a transaction; a write outside is one."""

    def __init__(self, home: Path | None) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(_file(home), check_same_thread=False)
        self._connection.isolation_level = None
        self._connection.row_factory = sqlite3.Row
        self._depth = 0
        self._afterwards: list[Callable[[], None]] = []
        self._connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and alone; what was put off by `after` happens once it is kept."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                self._afterwards.clear()
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth = 0
            due, self._afterwards = self._afterwards, []
        for happen in due:
            happen()

    def after(self, happen: Callable[[], None]) -> None:
        """Do it once the transaction that is open has been kept; raises outside of one."""
        with self._lock:
            if not self._depth:
                raise RuntimeError("There is no transaction to wait for.")
            self._afterwards.append(happen)

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._connection.execute(sql, values)]

    def row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def write(self, sql: str, *values: Any) -> int:
        """Run one statement; how many rows it changed."""
        with self.transaction():
            return self._connection.execute(sql, values).rowcount

    def add(self, table: str, **values: Any) -> None:
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        self.write(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())

    def empty(self) -> None:
        """Forget every row."""
        with self.transaction():
            for table in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
                self.write(f"DELETE FROM {table['name']}")

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _file(home: Path | None) -> str:
    if home is None:
        return ":memory:"
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return str(home / "practice.db")
