"""Reading the log of accepted facts."""

from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import defer

from wedsync.errors import NotFound
from wedsync.events.models import Event
from wedsync.platform.db import db

EventState = Literal["to_fan_out", "fanned_out", "parked"]
STATES: tuple[EventState, ...] = get_args(EventState)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a list is narrowed to; `type` is the stored name."""

    type: str | None = None
    source: str | None = None
    state: EventState | None = None


def state_of(event: Event) -> EventState:
    """Where the event stands; `parked` when it could not be fanned out."""
    if event.parked_at is not None:
        return "parked"
    return "to_fan_out" if event.fanned_out_at is None else "fanned_out"


def get(organization_id: UUID, event_id: UUID) -> Event:
    """One event with its data. Raises NotFound."""
    event = db.session.scalar(
        select(Event)
        .where(Event.organization_id == organization_id, Event.id == event_id)
        .options(defer(Event.raw_body), defer(Event.headers))
    )
    if event is None:
        raise NotFound("There is no such event.")
    return event


def latest(
    organization_id: UUID,
    wanted: EventFilter = EventFilter(),
    *,
    before: UUID | None = None,
    limit: int = 50,
) -> list[Event]:
    """Events, newest first, older than `before`; their data is left for `get`."""
    found = db.session.scalars(
        select(Event)
        .where(Event.organization_id == organization_id, *_conditions(wanted, before))
        .order_by(Event.id.desc())
        .limit(limit)
        .options(
            defer(Event.raw_body, raiseload=True),
            defer(Event.headers, raiseload=True),
            defer(Event.data, raiseload=True),
        )
    )
    return list(found)


def _conditions(wanted: EventFilter, before: UUID | None) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.type is not None:
        conditions.append(Event.type == wanted.type)
    if wanted.source is not None:
        conditions.append(Event.source == wanted.source)
    if wanted.state is not None:
        conditions.append(_in_state(wanted.state))
    if before is not None:
        conditions.append(Event.id < before)
    return conditions


def _in_state(state: EventState) -> ColumnElement[bool]:
    if state == "parked":
        return Event.parked_at.is_not(None)
    if state == "fanned_out":
        return Event.fanned_out_at.is_not(None)
    return Event.fanned_out_at.is_(None) & Event.parked_at.is_(None)
