"""What connections are called: by whoever named one, else by its connector and account.

No two that are there have the same name, as far as that can be seen when one is given.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from wedsync.audit import service as audit
from wedsync.connections import queries
from wedsync.connections.credentials import Executor
from wedsync.connections.models import Connection
from wedsync.connections.standing import TABLE
from wedsync.errors import FieldError, Invalid
from wedsync.platform.db import db
from wedsync.platform.identity import Identity

LONGEST = 120
_ROOM_FOR_A_NUMBER = 5


def name_for(executor: Executor, row: Connection | Row[Any], connector: str, account: str) -> str:
    """What a connection is called now that its account is known: what somebody chose, else
    `Petal Practice (Meadow Weddings)`, and a number behind it where that is taken."""
    if row.is_named:
        return str(row.name)
    wished = f"{connector} ({account})" if account else connector
    wished = wished[: LONGEST - _ROOM_FOR_A_NUMBER]
    taken = _taken(executor, row.organization_id, row.id)
    number, name = 1, wished
    while name.casefold() in taken:
        number += 1
        name = f"{wished} {number}"
    return name


def rename(by: Identity, connection_id: UUID, name: str) -> Connection:
    """Call a connection something else. Raises NotFound, Invalid."""
    connection = queries.get_connection(by.organization_id, connection_id, for_update=True)
    wanted = " ".join(name.split())
    problem = _problem_with(wanted, connection)
    if problem:
        raise Invalid(problem, errors=[FieldError("/name", "name", problem)])
    if connection.name != wanted:
        connection.name, connection.is_named = wanted, True
        db.session.flush()
        audit.record(
            "connection.renamed",
            "connection",
            connection.id,
            organization_id=connection.organization_id,
            by=by,
            facts={"connector": connection.slug},
        )
    return connection


def _problem_with(name: str, connection: Connection) -> str | None:
    if not name or len(name) > LONGEST:
        return f"A name has 1 to {LONGEST} characters."
    if not name.isprintable():
        return "This holds a character that cannot be used here."
    if name.casefold() in _taken(db.session, connection.organization_id, connection.id):
        return "Another connection is called that. Choose a name that tells them apart."
    return None


def _taken(executor: Executor, organization_id: UUID, but: UUID) -> frozenset[str]:
    """The names of the others, in small letters."""
    query = select(func.lower(TABLE.c.name)).where(
        TABLE.c.organization_id == organization_id,
        TABLE.c.id != but,
        TABLE.c.state != "deleted",
    )
    return frozenset(str(name).casefold() for name in executor.execute(query).scalars())
