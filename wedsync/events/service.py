"""Accepting facts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text
from sqlalchemy.orm import Session, scoped_session

from wedsync.errors import FieldError, Invalid
from wedsync.events.models import Event
from wedsync.events.types import OURS, problem_with, stored_event_type
from wedsync.platform import clock, documents, ids
from wedsync.platform.db import db

Executor = Connection | Session | scoped_session[Any]

MAX_DATA_BYTES = 256 * 1024

_OWN_WEDDING = text("SELECT id FROM weddings WHERE organization_id = :organization_id AND id = :id")


def publish(
    organization_id: UUID,
    event_type: str,
    data: Any,
    *,
    source: str,
    wedding_id: UUID | None = None,
    occurred_at: datetime | None = None,
    causation: dict[str, Any] | None = None,
    event_id: UUID | None = None,
) -> Event:
    """Store one event, to be fanned out after the commit.

    `source` is `ours`, `api`, `hook:<id>`, `connection:<id>`, `app:<id>` or `workflow:<id>`; it
    decides the stored type. A `wedding_id` that is not this organization's is dropped. Without a
    `causation` the event is its own root. Raises Invalid for a name or data that cannot be kept.
    """
    _check_type(event_type)
    _check_data(data)
    new_id = event_id or ids.new_id()
    event = Event(
        id=new_id,
        organization_id=organization_id,
        type=stored_event_type(event_type, source),
        source=source,
        occurred_at=occurred_at or clock.now(),
        wedding_id=own_wedding(organization_id, wedding_id),
        data=data,
        causation=causation or {"root": str(new_id), "depth": 0, "chain": []},
    )
    db.session.add(event)
    db.session.flush()
    return event


def announce(
    executor: Executor,
    organization_id: UUID,
    event_type: str,
    data: Any,
    wedding_id: UUID | None = None,
    causation: dict[str, Any] | None = None,
) -> UUID:
    """Store a fact of ours in the transaction of `executor`, which may be a drain's own.

    The caller vouches for the name and the data: both are made here, never typed or sent. Without
    a `causation` the event is its own root.
    """
    new_id = ids.new_id()
    row = {
        "id": new_id,
        "organization_id": organization_id,
        "type": event_type,
        "source": OURS,
        "occurred_at": clock.now(),
        "data": data,
        "wedding_id": wedding_id,
        "causation": causation or {"root": str(new_id), "depth": 0, "chain": []},
    }
    executor.execute(insert(Event), row)
    return new_id


def own_wedding(organization_id: UUID, wedding_id: UUID | None) -> UUID | None:
    """The wedding's id when the organization has it, else None.

    Asked of the table by name: events know nothing of the slice above that owns weddings.
    """
    if wedding_id is None:
        return None
    found: UUID | None = db.session.scalar(
        _OWN_WEDDING, {"organization_id": organization_id, "id": wedding_id}
    )
    return found


def _check_type(event_type: str) -> None:
    if problem := problem_with(event_type):
        raise Invalid(problem, errors=[FieldError("/type", "event_type", problem)])


def _check_data(data: Any) -> None:
    problem = problem_with_data(data)
    if problem:
        raise Invalid(problem, errors=[FieldError("/data", "data", problem)])


def problem_with_data(data: Any) -> str | None:
    """Why this cannot be kept as an event's data, as a sentence; None when it can."""
    try:
        written = documents.write(data)
        documents.read(written)
    except documents.BadDocument as error:
        return str(error)
    except TypeError:  # orjson: half a character, a number beyond 64 bits, no JSON at all
        return "It holds something that cannot be kept as JSON."
    if len(written) > MAX_DATA_BYTES:
        return f"The data is larger than {MAX_DATA_BYTES // 1024} kB."
    return None
