"""Changing workflows: drafts, publishing, switching on and off.

Every change is recorded in the audit with the one who made it (`by`, None for the platform).
"""

import hashlib
from typing import Any, TypedDict
from uuid import UUID

import orjson
from sqlalchemy import func, select

from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows import queries
from wedsync.workflows.clockwork import timers
from wedsync.workflows.editing import calls
from wedsync.workflows.editing.checking import blocks_publishing, problems_of
from wedsync.workflows.editing.drafts import Draft, check_revision, look_at
from wedsync.workflows.editing.recording import record
from wedsync.workflows.engine import Problem
from wedsync.workflows.models import Workflow, WorkflowVersion
from wedsync.workflows.run_models import Run
from wedsync.workflows.running import caps

MAX_NAME = 200
MAX_NOTE = 2_000
MOST = {"at_once": 1_000, "per_hour": 100_000}


def create(
    organization_id: UUID, name: str, definition: Any, *, by: Identity | None = None
) -> Draft:
    """Make a workflow, switched off. Its definition may be unfinished. Raises Invalid."""
    workflow = Workflow(organization_id=organization_id, name=_checked_name(name), draft=definition)
    db.session.add(workflow)
    db.session.flush()
    record("created", workflow, by)
    return look_at(workflow)


def duplicate(organization_id: UUID, workflow_id: UUID, *, by: Identity | None = None) -> Draft:
    """Make another workflow of a draft, switched off; its runs, versions and limits are its own.
    Raises NotFound."""
    workflow = queries.get_workflow(organization_id, workflow_id)
    name = f"{workflow.name[: MAX_NAME - len(_COPY)]}{_COPY}"
    made = create(organization_id, name, workflow.draft, by=by)
    record("duplicated", made.workflow, by, of=str(workflow_id))
    return made


_COPY = " (copy)"


class Changes(TypedDict, total=False):
    """What can be changed about a workflow beside its draft. `at_once` runs at most move at the
    same time and `per_hour` start within an hour; None is no limit of its own."""

    name: str
    at_once: int | None
    per_hour: int | None


def change(
    organization_id: UUID,
    workflow_id: UUID,
    changes: Changes,
    *,
    expected_revision: int | None = None,
    by: Identity | None = None,
) -> Workflow:
    """Give a workflow another name, or other limits. Raises NotFound, Stale, Invalid."""
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    check_revision(workflow, expected_revision)
    if "name" in changes:
        _rename(workflow, _checked_name(changes["name"]), by)
    given = dict(changes)
    limits = {field: _checked_limit(field, given[field]) for field in MOST if field in given}
    _limit(workflow, limits, by)
    return workflow


def _rename(workflow: Workflow, name: str, by: Identity | None) -> None:
    if workflow.name != name:
        record("renamed", workflow, by, before=workflow.name, after=name)
        workflow.name = name


def _limit(workflow: Workflow, wanted: dict[str, int | None], by: Identity | None) -> None:
    """Runs that wait because of a limit see the other one when they are looked at again."""
    changed = {field: new for field, new in wanted.items() if getattr(workflow, field) != new}
    for field, new in changed.items():
        setattr(workflow, field, new)
    if changed:
        db.session.flush()
        caps.changed(db.session.connection(), workflow.id)
        record("limited", workflow, by, **changed)


def publish(
    organization_id: UUID,
    workflow_id: UUID,
    *,
    note: str | None = None,
    expected_revision: int | None = None,
    by: Identity | None = None,
) -> WorkflowVersion:
    """Make the draft the live version and switch the workflow on; a paused one stays paused.

    A draft that says what is live makes no new version: the live one is given. Raises Invalid
    `workflow_invalid` with `problems` when the draft has errors, Stale when it is not at
    `expected_revision`.
    """
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    check_revision(workflow, expected_revision)
    version = _new_version(workflow, workflow.draft, note, by)
    record("published", workflow, by, version=version.number)
    return version


def rollback(
    organization_id: UUID,
    workflow_id: UUID,
    number: int,
    *,
    note: str | None = None,
    by: Identity | None = None,
) -> WorkflowVersion:
    """Publish the content of an older version anew; the draft stays as it is.

    What is live already makes no new version: the live one is given. Raises NotFound, and Invalid
    when what it refers to is gone by now.
    """
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    old = queries.get_version(organization_id, workflow_id, number)
    note = note or f"Back to version {number}"
    version = _new_version(workflow, old.definition, note, by)
    record("rolled_back", workflow, by, version=version.number, to=number)
    return version


def pause(organization_id: UUID, workflow_id: UUID, *, by: Identity | None = None) -> Workflow:
    """Hold everything back: new runs queue up and nothing moves until it is resumed."""
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    if workflow.state == "off":
        raise Conflict("This workflow is off, so there is nothing to pause.", code="workflow_off")
    return _switch(workflow, "paused", "paused", by)


def resume(organization_id: UUID, workflow_id: UUID, *, by: Identity | None = None) -> Workflow:
    """Go on after a pause, or switch a published workflow on again."""
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    if workflow.live_version_id is None:
        raise Conflict("Publish this workflow first.", code="workflow_not_published")
    return _switch(workflow, "on", "resumed", by)


def turn_off(organization_id: UUID, workflow_id: UUID, *, by: Identity | None = None) -> Workflow:
    """Start no more runs; what already runs goes on to its end.

    Raises Conflict when it is paused and holds runs: they would all go on at once.
    """
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    if workflow.state == "paused" and _holds_runs(workflow):
        raise Conflict(
            "It is paused and holds runs. Let them go on, or stop them, then turn it off.",
            code="workflow_holds_runs",
        )
    return _switch(workflow, "off", "turned_off", by)


def delete(organization_id: UUID, workflow_id: UUID, *, by: Identity | None = None) -> None:
    """Remove a workflow that never ran. Raises Conflict when it did: its record is kept."""
    workflow = queries.get_workflow(organization_id, workflow_id, lock=True)
    if _has_run(workflow):
        raise Conflict(
            "This workflow has run, and the record of that is kept. Turn it off instead.",
            code="workflow_has_runs",
        )
    record("deleted", workflow, by)
    db.session.delete(workflow)
    db.session.flush()


def _switch(workflow: Workflow, state: str, action: str, by: Identity | None) -> Workflow:
    if workflow.state != state:
        workflow.state = state
        timers.keep(workflow)
        record(action, workflow, by)
    return workflow


def _new_version(
    workflow: Workflow, definition: Any, note: str | None, by: Identity | None
) -> WorkflowVersion:
    _refuse_problems(workflow, definition)
    live = queries.live_version(workflow)
    if live is not None and live.content_hash == content_hash(definition):
        if workflow.state != "paused":
            _switch(workflow, "on", "resumed", by)
        return live
    version = WorkflowVersion(
        organization_id=workflow.organization_id,
        workflow_id=workflow.id,
        number=_last_number(workflow) + 1,
        definition=definition,
        content_hash=content_hash(definition),
        note=_checked_note(note),
        published_by=by.user_id if by else None,
        **_trigger_columns(definition["trigger"]),
    )
    db.session.add(version)
    db.session.flush()
    workflow.live_version_id = version.id
    # What a pause holds goes on when somebody says so, not because something was published.
    if workflow.state != "paused":
        workflow.state = "on"
    timers.keep(workflow)
    return version


def content_hash(definition: Any) -> str:
    """SHA-256 of the definition's canonical JSON, in hex."""
    canonical = orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()


def _trigger_columns(trigger: dict[str, Any]) -> dict[str, str | None]:
    """What the fan-out looks a version up by."""
    columns: dict[str, str | None] = {
        "trigger_kind": trigger["kind"],
        "event_type": None,
        "source": None,
    }
    if trigger["kind"] == "webhook":
        columns["source"] = f"hook:{UUID(trigger['hook'])}"
    elif trigger["kind"] == "event":
        columns["event_type"] = trigger["event_type"]
        columns["source"] = _stored_source(trigger["source"])
    return columns


def _stored_source(written: str) -> str:
    """A source as events bear it: its id in the one way ids are written."""
    kind, colon, own_id = written.partition(":")
    return f"{kind}:{UUID(own_id)}" if colon else written


def _refuse_problems(workflow: Workflow, definition: Any) -> None:
    calls.one_publisher_at_a_time(workflow.organization_id, definition)
    problems = problems_of(workflow.organization_id, definition, workflow_id=workflow.id)
    if blocks_publishing(problems):
        raise Invalid(
            "This workflow cannot be published yet.",
            code="workflow_invalid",
            extra={"problems": [problem_as_json(problem) for problem in problems]},
        )


def problem_as_json(problem: Problem) -> dict[str, Any]:
    """A problem as API and import tell it."""
    return {
        "step": problem.step,
        "field": problem.field,
        "message": problem.message,
        "fix": problem.fix,
        "severity": problem.severity,
    }


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        problem = f"A name has 1 to {MAX_NAME} characters."
        raise Invalid(problem, errors=[FieldError("/name", "name", problem)])
    return name


def _checked_limit(field: str, value: object) -> int | None:
    if value is None or (isinstance(value, int) and 1 <= value <= MOST[field]):
        return value
    problem = f"Choose a number from 1 to {MOST[field]:,}, or leave it empty for no limit."
    raise Invalid(problem, errors=[FieldError(f"/{field}", field, problem)])


def _checked_note(note: str | None) -> str | None:
    if note is not None and len(note) > MAX_NOTE:
        problem = f"A note has at most {MAX_NOTE} characters."
        raise Invalid(problem, errors=[FieldError("/note", "note", problem)])
    return note


def _last_number(workflow: Workflow) -> int:
    query = select(func.max(WorkflowVersion.number)).where(
        WorkflowVersion.organization_id == workflow.organization_id,
        WorkflowVersion.workflow_id == workflow.id,
    )
    return db.session.scalar(query) or 0


def _holds_runs(workflow: Workflow) -> bool:
    query = select(Run.id).where(
        Run.organization_id == workflow.organization_id,
        Run.workflow_id == workflow.id,
        Run.state.in_(("queued", "waiting")),
        Run.due_at <= func.clock_timestamp(),
    )
    return db.session.scalar(query.limit(1)) is not None


def _has_run(workflow: Workflow) -> bool:
    query = select(Run.id).where(
        Run.organization_id == workflow.organization_id, Run.workflow_id == workflow.id
    )
    return db.session.scalar(query.limit(1)) is not None
