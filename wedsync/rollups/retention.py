"""Rollups are kept: minutes for 90 days, hours for two years."""

from sqlalchemy import Connection, text

_FORGET = tuple(
    text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table}"
        f" WHERE at < now() - interval '{kept}' ORDER BY at LIMIT 5000))"
    )
    for table, kept in (("rollup_minutes", "90 days"), ("rollup_hours", "2 years"))
)


def prune(connection: Connection) -> None:
    """Forget what is too old, five thousand rows of each at a time."""
    for statement in _FORGET:
        connection.execute(statement)
