"""Up to which row something was let go, so that nobody looks there again.

Ids begin with the moment they were made, so their order is that of time.
"""

from uuid import UUID

from sqlalchemy import Connection, text

THE_FIRST = UUID(int=0)

_REACHED = text("SELECT reached FROM retention_marks WHERE name = :name")
_REACH = text(
    "INSERT INTO retention_marks (name, reached) VALUES (:name, :reached)"
    " ON CONFLICT (name) DO UPDATE SET reached = excluded.reached"
)


def reached(connection: Connection, name: str) -> UUID:
    """The last row that was looked at."""
    found: UUID | None = connection.execute(_REACHED, {"name": name}).scalar()
    return found or THE_FIRST


def reach(connection: Connection, name: str, row_id: UUID) -> None:
    connection.execute(_REACH, {"name": name, "reached": row_id})
