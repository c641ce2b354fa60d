"""Which wedding an event is about: the one it has, the one its data names by id, or the one its
hook knows how to find, by couple and day. Always one of the event's own organization."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.connectors.filling import reached
from wedsync.platform import ids
from wedsync.weddings import couple_and_day
from wedsync.weddings.couple_and_day import Meant

_WEDDINGS = text(
    "SELECT id, organization_id FROM weddings WHERE id = ANY(:ids)"
    " AND organization_id = ANY(:organizations)"
)


def weddings_of(
    connection: Connection,
    opened: Sequence[tuple[Row[Any], Any]],
    hooks: Mapping[str, Row[Any]],
) -> Mapping[UUID, UUID]:
    """The weddings of events, by the event's id; `opened` is each with its data, `hooks` took them,
    by source."""
    by_id = {row.id: _id_in(row, data) for row, data in opened}
    known = _own(connection, opened, {each for each in by_id.values() if each})
    meant = {
        row.id: _meant(row, data, hooks[row.source])
        for row, data in opened
        if by_id[row.id] is None and row.source in hooks
    }
    found = couple_and_day.find(connection, {each for each in meant.values() if each})
    told = {row.id: known.get((row.organization_id, by_id[row.id])) for row, _ in opened}
    told.update({event: found.get(each) for event, each in meant.items() if each})
    return {event: wedding for event, wedding in told.items() if wedding}


def _own(
    connection: Connection, opened: Sequence[tuple[Row[Any], Any]], named: set[UUID]
) -> Mapping[tuple[UUID, UUID | None], UUID]:
    if not named:
        return {}
    organizations = list({row.organization_id for row, _ in opened})
    given = {"ids": list(named), "organizations": organizations}
    return {(row.organization_id, row.id): row.id for row in connection.execute(_WEDDINGS, given)}


def _id_in(row: Row[Any], data: Any) -> UUID | None:
    if row.wedding_id is not None:
        return UUID(str(row.wedding_id))
    named = data.get("wedding_id") if isinstance(data, dict) else None
    return ids.read(named) if isinstance(named, str) else None


def _meant(row: Row[Any], data: Any, hook: Row[Any]) -> Meant | None:
    where = hook.options.get("wedding")
    if where is None:
        return None
    couple, day = reached(data, where["couple"]), reached(data, where["day"])
    if isinstance(couple, str) and isinstance(day, str):
        with suppress(ValueError):
            return Meant(row.organization_id, couple, date.fromisoformat(day))
    return None
