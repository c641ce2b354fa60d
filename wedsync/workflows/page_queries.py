"""What the pages read: lists with only the columns they show, and the names behind ids."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    func,
    select,
    union,
)

from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest, TriggerEntry
from wedsync.events import meanings
from wedsync.events.models import Event
from wedsync.events.subjects import name_in
from wedsync.events.types import stored_event_type
from wedsync.listings import manifests
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks.models import Hook
from wedsync.weddings.models import Wedding
from wedsync.workflows.models import Workflow, WorkflowVersion
from wedsync.workflows.run_models import NO_ITEM, Run, RunStep


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as a list shows it.

    `subject` is whom it is about: the couple, else a name in what came in, else None. The
    connection is the one it waits for, or waits to be its turn with; the zone is
    that of the couple's wedding, None where it is about none.
    """

    id: UUID
    workflow_id: UUID
    workflow_name: str
    workflow_state: str
    version_id: UUID
    version: int
    state: str
    reason: Any
    waiting_for: Any
    created_at: datetime
    finished_at: datetime | None
    subject: str | None
    connection_name: str | None
    connection_state: str | None
    wedding_zone: str | None


@dataclass(frozen=True, slots=True)
class StepMark:
    """How one step of a listed run ended; `taken` is the branch it chose."""

    step: str
    state: str
    taken: str | None


def list_run_rows(
    organization_id: UUID,
    *,
    run_id: UUID | None = None,
    states: Collection[str] = (),
    also: Select[tuple[UUID]] | None = None,
    workflow_id: UUID | None = None,
    event_id: UUID | None = None,
    wedding_id: UUID | None = None,
    since: datetime | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[RunRow]:
    """Runs, newest first, older than `before`, narrowed to what is given; those that `also`
    selects count as being in one of the states."""
    wanted = [Run.organization_id == organization_id, Run.parent_run_id.is_(None)]
    if run_id:
        wanted.append(Run.id == run_id)
    if also is not None:
        wanted.append(Run.id.in_(in_states_or(organization_id, states, also)))
    elif states:
        wanted.append(Run.state.in_(states))
    if workflow_id:
        wanted.append(Run.workflow_id == workflow_id)
    if event_id:
        wanted.append(Run.event_id == event_id)
    if wedding_id:
        wanted.append(Run.wedding_id == wedding_id)
    if since:
        wanted.append(Run.id >= ids.first_at(since))
    if before:
        wanted.append(Run.id < before)
    return [RunRow(*row) for row in db.session.execute(run_rows_query(wanted, limit))]


def in_states_or(
    organization_id: UUID, states: Collection[str], also: Select[tuple[UUID]]
) -> CompoundSelect[tuple[UUID]]:
    """Selects the runs people see in one of these states, and those that `also` selects.

    A union rather than an “or”, which no index answers.
    """
    seen = (Run.organization_id == organization_id, Run.parent_run_id.is_(None))
    return union(select(Run.id).where(*seen, Run.state.in_(states)), also)


_PAGE = (
    Run.id,
    Run.organization_id,
    Run.workflow_id,
    Run.version_id,
    Run.event_id,
    Run.wedding_id,
    Run.input,
    Run.state,
    Run.reason,
    Run.waiting_for,
    Run.created_at,
    Run.finished_at,
)


def run_rows_query(wanted: Sequence[ColumnElement[bool]], limit: int) -> Select[Any]:
    """The statement behind `list_run_rows`: the page is picked first, names are looked up after."""
    page = select(*_PAGE).where(*wanted).order_by(Run.id.desc()).limit(limit).subquery("page")
    return (
        select(
            page.c.id,
            page.c.workflow_id,
            Workflow.name,
            Workflow.state,
            page.c.version_id,
            WorkflowVersion.number,
            page.c.state,
            page.c.reason,
            page.c.waiting_for,
            page.c.created_at,
            page.c.finished_at,
            func.coalesce(Wedding.title, name_in(func.coalesce(Event.data, page.c.input))),
            Connection.name,
            Connection.state,
            Wedding.zone,
        )
        .join(Workflow, _is(page, Workflow, "workflow_id"))
        .join(WorkflowVersion, _is(page, WorkflowVersion, "version_id"))
        .outerjoin(Event, _is(page, Event, "event_id"))
        .outerjoin(Wedding, _is(page, Wedding, "wedding_id"))
        .outerjoin(Connection, _is_waited_for(page))
        .order_by(page.c.id.desc())
    )


def item_rows_query(wanted: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """Items of loops with what a page tells of each; their workflow and version are the run's."""
    return (
        select(
            Run.id,
            Run.cause,
            Run.item,
            Run.input,
            Run.state,
            Run.reason,
            Run.waiting_for,
            Run.created_at,
            Run.finished_at,
            Workflow.state.label("workflow_state"),
            Connection.name.label("connection_name"),
            Connection.state.label("connection_state"),
        )
        .join(
            Workflow,
            and_(Workflow.organization_id == Run.organization_id, Workflow.id == Run.workflow_id),
        )
        .outerjoin(
            Connection,
            and_(
                Connection.organization_id == Run.organization_id,
                cast(Connection.id, Text) == _named_in(Run.waiting_for),
            ),
        )
        .where(*wanted)
    )


def _is(page: FromClause, model: Any, column: str) -> ColumnElement[bool]:
    return and_(model.organization_id == page.c.organization_id, model.id == page.c[column])


def _is_waited_for(page: FromClause) -> ColumnElement[bool]:
    return and_(
        Connection.organization_id == page.c.organization_id,
        cast(Connection.id, Text) == _named_in(page.c.waiting_for),
    )


def _named_in(waiting_for: Any) -> ColumnElement[str]:
    """The connection that a run waits for, or in whose line it stands."""
    return func.coalesce(waiting_for["connection_id"].astext, waiting_for["id"].astext)


def step_marks(organization_id: UUID, run_ids: Collection[UUID]) -> dict[UUID, list[StepMark]]:
    """The steps of these runs in the order they happened."""
    marks: dict[UUID, list[StepMark]] = {run_id: [] for run_id in run_ids}
    if not marks:
        return marks
    rows = db.session.execute(
        select(RunStep.run_id, RunStep.step_id, RunStep.state, RunStep.explanation["taken"].astext)
        .where(
            RunStep.organization_id == organization_id,
            RunStep.run_id.in_(marks),
            RunStep.item == NO_ITEM,
        )
        .order_by(RunStep.run_id, RunStep.position, RunStep.started_at)
    )
    for run_id, step, state, taken in rows:
        marks[run_id].append(StepMark(step, state, taken))
    return marks


def definitions(organization_id: UUID, version_ids: Collection[UUID]) -> dict[UUID, Any]:
    """The definitions of these versions."""
    rows = db.session.execute(
        select(WorkflowVersion.id, WorkflowVersion.definition).where(
            WorkflowVersion.organization_id == organization_id,
            WorkflowVersion.id.in_(set(version_ids)),
        )
    )
    return dict(rows.all())


def open_counts(organization_id: UUID, states: Collection[str]) -> dict[str, int]:
    """How many runs are in each of these states, asked only of the few that are not over."""
    rows = db.session.execute(
        select(Run.state, func.count())
        .where(
            Run.organization_id == organization_id,
            Run.parent_run_id.is_(None),
            Run.state.in_(states),
        )
        .group_by(Run.state)
    )
    return dict.fromkeys(states, 0) | dict(rows.all())


def workflow_names(organization_id: UUID) -> Mapping[UUID, str]:
    """What the workflows are called, by name."""
    rows = db.session.execute(
        select(Workflow.id, Workflow.name)
        .where(Workflow.organization_id == organization_id)
        .order_by(func.lower(Workflow.name), Workflow.id)
    )
    return dict(rows.all())


def source_names(organization_id: UUID) -> Mapping[str, str]:
    """What people call the places events come from: `{"hook:<id>": "Petal's answers"}`, and what
    events mean: `{"connection:<id> external.rsvp.received": "a guest answers"}`.
    """
    hooks = db.session.execute(
        select(Hook.id, Hook.name).where(Hook.organization_id == organization_id)
    )
    named = {f"hook:{hook_id}": name for hook_id, name in hooks}
    for workflow_id, name in workflow_names(organization_id).items():
        named[f"workflow:{workflow_id}"] = name
    return {**meanings.NAMES, **named, **_connection_names(organization_id)}


def _connection_names(organization_id: UUID) -> Mapping[str, str]:
    rows = db.session.execute(
        select(Connection.id, Connection.name, Connection.listing_version_id).where(
            Connection.organization_id == organization_id
        )
    ).all()
    known = manifests.of_many(db.session, {row.listing_version_id for row in rows})
    named: dict[str, str] = {}
    for row in rows:
        named[f"connection:{row.id}"] = row.name
        named |= event_names(f"connection:{row.id}", known[row.listing_version_id])
    return named


def event_names(source: str, manifest: Manifest) -> dict[str, str]:
    """What the events mean that come from a connection of this connector."""
    return {
        f"{source} {stored_event_type(trigger.event_type, source)}": _meaning(
            trigger, manifest.name
        )
        for trigger in manifest.triggers
    }


def _meaning(trigger: TriggerEntry, name: str) -> str:
    """A trigger's sentence as what happens there: `When money arrives in Stripe` is `money
    arrives`."""
    said = trigger.sentence.removeprefix("When ").removesuffix(".")
    said = said.removesuffix(f" in {name}").removesuffix(f" at {name}")
    return said[:1].lower() + said[1:]


_SOURCES: Mapping[str, Any] = {"connection": Connection, "hook": Hook, "workflow": Workflow}


def source_name(organization_id: UUID, source: str) -> str | None:
    """What people call where an event came from; None when it came from ourselves."""
    kind, _, named = source.partition(":")
    model: Any = _SOURCES.get(kind)
    if model is None:
        return {"ours": None, "api": "the API"}.get(kind, "a partner")
    name = db.session.scalar(
        select(model.name).where(model.organization_id == organization_id, model.id == UUID(named))
    )
    return str(name or "something that is gone")


def last_runs(organization_id: UUID, workflow_ids: Collection[UUID]) -> dict[UUID, datetime | None]:
    """When each of these workflows last began a run; None for those that never did."""
    latest = (
        select(Run.created_at)
        .where(
            Run.organization_id == organization_id,
            Run.workflow_id == Workflow.id,
            Run.parent_run_id.is_(None),
        )
        .order_by(Run.id.desc())
        .limit(1)
        .correlate(Workflow)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Workflow.id, latest).where(
            Workflow.organization_id == organization_id, Workflow.id.in_(set(workflow_ids))
        )
    )
    return dict(rows.all())
