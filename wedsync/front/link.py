"""One database connection of the front's own, opened again after it broke."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg.rows import TupleRow

from wedsync.platform.db import engine_options

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 2.0
_LONGEST_STATEMENT_S = 12.0

log = logging.getLogger(__name__)


class DatabaseAway(Exception):
    """There is no answer from the database now; whether a statement had its effect is unknown."""


class Link:
    """Runs one statement at a time, each a transaction of its own.

    While the database is away every call fails at once, and one in a while tries to reach it: the
    pause doubles from a tenth of a second to two seconds.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None
        self._lock = asyncio.Lock()
        self._pause_s = _FIRST_PAUSE_S
        self._not_before = 0.0

    async def run(self, statement: LiteralString, parameters: Sequence[Any] = ()) -> list[TupleRow]:
        """Run a statement and commit it. Raises DatabaseAway, or psycopg.Error for what it says
        of this one statement."""
        async with self._lock:
            connection = await self._reached()
            try:
                async with asyncio.timeout(_LONGEST_STATEMENT_S):
                    cursor = await connection.execute(statement, parameters, prepare=True)
                    return await cursor.fetchall() if cursor.description else []
            except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
                if not _broke(connection, error):
                    raise
                await self._give_up(error)
                raise DatabaseAway from error

    async def close(self) -> None:
        """End the connection; the next statement would open another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _reached(self) -> psycopg.AsyncConnection[TupleRow]:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        if time.monotonic() < self._not_before:
            raise DatabaseAway
        options = engine_options(application_name=self._name)["connect_args"]
        try:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, **options
            )
        except psycopg.OperationalError as error:
            await self._give_up(error)
            raise DatabaseAway from error
        self._pause_s = _FIRST_PAUSE_S
        return self._connection

    async def _give_up(self, error: Exception) -> None:
        log.warning("%s: the database did not answer (%s)", self._name, type(error).__name__)
        await self.close()
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


def _broke(connection: psycopg.AsyncConnection[TupleRow], error: Exception) -> bool:
    """Whether the connection is of no more use; a lock that was not to be had leaves it well."""
    shutting_down = isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith("57P")
    return connection.closed or shutting_down or not isinstance(error, psycopg.Error)
