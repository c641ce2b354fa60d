"""Effects that are rows of ours: an event published, a record changed, with the step's own commit.

A record is changed at once, so the run must still be ours: it is locked under its fence first. A
run that somebody else moved on meanwhile changes nothing, and its move is not written either.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.connectors.contract import Change, Failed, LocalContext, Publish, Succeeded
from wedsync.events.types import OURS
from wedsync.platform import ids
from wedsync.weddings.scope import scopes
from wedsync.workflows.running.journal import PublishedEvent
from wedsync.workflows.running.live_run import Advance, LiveRun

_STILL_OURS = text("SELECT id FROM runs WHERE id = :id AND fence = :fence FOR NO KEY UPDATE")


def publish(result: Advance, wanted: Publish, now: datetime) -> Succeeded:
    """Have an event of this workflow stored with the step."""
    run = result.run
    source = f"workflow:{run.workflow_id}"
    event_id = _announce(
        result, now, source, wanted.event_type, wanted.data, wedding_id=run.wedding_id
    )
    return Succeeded({"event_id": str(event_id)})


def change(
    result: Advance, wanted: Change, now: datetime, connection: Connection
) -> Succeeded | Failed | None:
    """Change a record; None when the run is not ours any more.

    What the steps after it see of their wedding is what it is from here on.
    """
    run = result.run
    if not _is_still_ours(connection, run):
        return None
    context = LocalContext(
        run.organization_id, run.wedding_id, now, partial(_announce_ours, result, now)
    )
    finished = wanted.apply(connection, context)
    if isinstance(finished, Succeeded) and run.wedding_id is not None:
        result.wedding = scopes(connection, {run.wedding_id}).get(run.wedding_id)
    return finished


def _is_still_ours(connection: Connection, run: LiveRun) -> bool:
    given = {"id": run.id, "fence": run.fence}
    return connection.execute(_STILL_OURS, given).one_or_none() is not None


def _announce_ours(
    result: Advance, now: datetime, event_type: str, data: Mapping[str, Any], about: UUID | None
) -> None:
    _announce(result, now, OURS, event_type, data, wedding_id=about)


def _announce(
    result: Advance, now: datetime, source: str, event_type: str, data: Any, wedding_id: UUID | None
) -> UUID:
    """An event that the step causes: its chain tells a ring of events from a new beginning."""
    run = result.run
    event = PublishedEvent(
        id=ids.new_id(),
        organization_id=run.organization_id,
        type=event_type,
        source=source,
        occurred_at=now,
        wedding_id=wedding_id,
        data=data,
        causation={
            "root": run.causation["root"],
            "depth": run.causation["depth"] + 1,
            "chain": [*run.causation["chain"], str(run.workflow_id)],
        },
    )
    result.move.published.append(event)
    return event.id
