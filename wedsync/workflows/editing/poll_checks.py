"""What is wrong with a trigger that looks for new records, beyond its form."""

from typing import Any
from uuid import UUID

from wedsync.connections import standing
from wedsync.connectors.manifest import StreamEntry
from wedsync.platform.db import db
from wedsync.workflows.clockwork import polling
from wedsync.workflows.engine import Problem
from wedsync.workflows.engine.steps.kind import mapping


def problems(organization_id: UUID, definition: Any) -> list[Problem]:
    """A list that the connection's service does not have; the connection itself is looked for
    elsewhere."""
    trigger = mapping(mapping(definition).get("trigger"))
    if trigger.get("kind") != "poll":
        return []
    found = streams(organization_id, trigger.get("connection"))
    if found is None or any(stream.key == trigger.get("stream") for stream in found):
        return []
    if not found:
        message = "This service has no list we could look at."
        return [Problem(None, "trigger.connection", message, "Choose another way to start.")]
    fix = f"Choose one of its lists, such as “{found[0].key}”."
    return [Problem(None, "trigger.stream", "This service has no such list.", fix)]


def streams(organization_id: UUID, connection_id: Any) -> tuple[StreamEntry, ...] | None:
    """The lists that can be looked at through a connection; None when there is none of this id."""
    try:
        row = standing.find(db.session, organization_id, UUID(str(connection_id)))
    except ValueError:
        return None
    if row is None or row.state == "deleted":
        return None
    return polling.streams_of(db.session, row)
