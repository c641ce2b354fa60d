"""What expressions see of a wedding."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

_COLUMNS = (
    "id, title, date, rsvp_deadline, final_count_due, delivery_date, final_count, zone, venue,"
    " currency, status, partners"
)
_SCOPES = text(f"SELECT {_COLUMNS} FROM weddings WHERE id = ANY(:ids)")
_DATES = ("date", "rsvp_deadline", "final_count_due", "delivery_date")

Scope = dict[str, Any]
"""`id, title, date, rsvp_deadline, final_count_due, delivery_date, final_count, zone, venue,
currency, status, partners`; dates in ISO 8601, null where there is none."""


def scopes(connection: Connection, ids: set[UUID]) -> dict[UUID, Scope]:
    """The weddings by id, as `wedding` in an expression, in one query; none for no ids."""
    if not ids:
        return {}
    return {row.id: scope_of(row) for row in connection.execute(_SCOPES, {"ids": list(ids)})}


def scope_of(row: Row[Any]) -> Scope:
    """One row of `weddings` as expressions see it."""
    found: Scope = {
        "id": str(row.id),
        "title": row.title,
        "final_count": row.final_count,
        "zone": row.zone,
        "venue": row.venue,
        "currency": row.currency,
        "status": row.status,
        "partners": row.partners,
    }
    for name in _DATES:
        day = getattr(row, name)
        found[name] = day.isoformat() if day else None
    return found
