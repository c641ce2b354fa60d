"""What a run's page reads, gathered once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync.events import queries as events
from wedsync.events.models import Event
from wedsync.platform.db import db
from wedsync.weddings.models import Wedding
from wedsync.workflows import page_queries, queries
from wedsync.workflows.page_queries import RunRow
from wedsync.workflows.queries import RecordedStep
from wedsync.workflows.run_models import NO_ITEM, Run


@dataclass(frozen=True, slots=True)
class RunReading:
    """A run with the definition it runs, what started it, and what is recorded by step id."""

    row: RunRow
    run: Run
    definition: Any
    recorded: Mapping[str, RecordedStep]
    event: Event | None
    wedding: Wedding | None
    source: str | None
    next_run: UUID | None


def read_run(organization_id: UUID, run_id: UUID) -> RunReading:
    """Everything the page of one run tells. Raises NotFound."""
    record = queries.run_record(organization_id, run_id)
    run = record.line.run
    row = page_queries.list_run_rows(organization_id, run_id=run_id, limit=1)[0]
    event = events.get(organization_id, run.event_id) if run.event_id else None
    return RunReading(
        row=row,
        run=run,
        definition=page_queries.definitions(organization_id, [run.version_id])[run.version_id],
        recorded={each.step.step_id: each for each in record.steps if each.step.item == NO_ITEM},
        event=event,
        wedding=_wedding(organization_id, run.wedding_id),
        source=page_queries.source_name(organization_id, event.source) if event else None,
        next_run=_next_run(run),
    )


def _wedding(organization_id: UUID, wedding_id: UUID | None) -> Wedding | None:
    if wedding_id is None:
        return None
    return db.session.scalar(
        select(Wedding).where(Wedding.organization_id == organization_id, Wedding.id == wedding_id)
    )


def _next_run(run: Run) -> UUID | None:
    """The run that took this one up again, the latest when there are several."""
    if run.state not in ("failed", "stopped"):
        return None
    return db.session.scalar(
        select(Run.id)
        .where(
            Run.organization_id == run.organization_id,
            Run.workflow_id == run.workflow_id,
            Run.rerun_of == run.id,
        )
        .order_by(Run.id.desc())
        .limit(1)
    )
