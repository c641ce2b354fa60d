"""What is wrong with a definition: the engine's findings, and references that lead nowhere.

A reference to somebody else's hook is answered in the very words of one that does not exist.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from wedsync.accounts.models import Membership
from wedsync.connections.models import Connection
from wedsync.events.types import is_ours
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks.models import Endpoint, Hook
from wedsync.workflows.catalogue import Entries, Entry, entries, infos_of
from wedsync.workflows.editing import calls, poll_checks
from wedsync.workflows.editing.references import Reference, references
from wedsync.workflows.engine import Problem, steps_in_order, validate
from wedsync.workflows.engine.outline import turned_off
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.models import Workflow
from wedsync.workflows.running import given_input

_IDS: Mapping[str, Any] = {
    "connection": Connection.id,
    "hook": Hook.id,
    "endpoint": Endpoint.id,
    "workflow": Workflow.id,
    "person": Membership.user_id,
}
_CONDITIONS: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "connection": (Connection.state != "deleted",),
    # What comes to a connection's hook comes from the connection.
    "hook": (Hook.connection_id.is_(None),),
}


def problems_of(
    organization_id: UUID, definition: Any, *, workflow_id: UUID | None = None
) -> list[Problem]:
    """Everything that is wrong with a definition of this organization, in reading order.

    `workflow_id` is the workflow whose it is, once there is one: it must not come to call itself.
    """
    known = entries(organization_id)
    found = _wrong_input(definition)
    found += missing_references(organization_id, definition)
    found += poll_checks.problems(organization_id, definition)
    found += calls.problems(organization_id, workflow_id, definition)
    found += _wrong_accounts(organization_id, definition, known)
    of_itself = validate(definition, actions=infos_of(known), is_ours=is_ours)
    return of_itself + _milder_where_off(definition, found)


def _milder_where_off(definition: Any, problems: list[Problem]) -> list[Problem]:
    """The problems, of which those of steps that are turned off block nothing."""
    off = turned_off(definition)
    return [replace(each, severity="warning") if each.step in off else each for each in problems]


def blocks_publishing(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def missing_references(organization_id: UUID, definition: Any) -> list[Problem]:
    """A problem for each reference to something this organization does not have."""
    named = list(references(definition))
    there = _existing(organization_id, named)
    return [_missing(each) for each in named if (each.kind, ids.read(each.id)) not in there]


def gone(organization_id: UUID, definition: Any) -> list[Problem]:
    """Of what is missing, that which a step that is on, or the trigger, would need."""
    missing = missing_references(organization_id, definition)
    return [each for each in _milder_where_off(definition, missing) if each.severity == "error"]


def _wrong_input(definition: Any) -> list[Problem]:
    """What the trigger asks for must be something that can be checked quickly."""
    trigger = mapping(mapping(definition).get("trigger"))
    problem = given_input.schema_problem(trigger.get("input"))
    fix = "Describe the fields of the input in plain JSON Schema, or leave it out."
    return [Problem(None, "trigger.input", problem, fix)] if problem else []


def _wrong_accounts(organization_id: UUID, definition: Any, known: Entries) -> list[Problem]:
    """Steps whose action needs an account and has none, or one of another kind."""
    if not isinstance(definition, dict):
        return []
    steps = [placed.step for placed in steps_in_order(definition)]
    using = [(step, known[use]) for step in steps if (use := str(step.get("use"))) in known]
    named = {found for step, _ in using if (found := ids.read(step.get("connection")))}
    kinds = _kinds(organization_id, named) if named else {}
    problems = []
    for step, entry in using:
        name = step["id"] if isinstance(step.get("id"), str) else None
        connection = step.get("connection")
        if not connection:
            if entry.needs_account:
                problems.append(Problem(name, "connection", *_needs_account(entry)))
            continue
        kind = kinds.get(ids.read(connection))
        if kind is not None and kind != entry.connector:
            problems.append(Problem(name, "connection", *_unfit(entry)))
    return problems


def _kinds(organization_id: UUID, named: set[UUID]) -> dict[UUID | None, str]:
    """Which connector each of these connections is of."""
    rows = db.session.execute(
        select(Connection.id, Connection.slug).where(
            Connection.organization_id == organization_id,
            Connection.id.in_(named),
            Connection.state != "deleted",
        )
    )
    return dict(rows.all())


def _needs_account(entry: Entry) -> tuple[str, str]:
    return (
        f"This step needs an account at {entry.connector_name}.",
        "Choose one of yours, or connect one.",
    )


def _unfit(entry: Entry) -> tuple[str, str]:
    return (
        f"This is not an account at {entry.connector_name}.",
        f"Choose one of yours at {entry.connector_name}.",
    )


def _existing(organization_id: UUID, named: list[Reference]) -> set[tuple[str, UUID | None]]:
    there: set[tuple[str, UUID | None]] = set()
    for kind, column in _IDS.items():
        wanted = {found for each in named if each.kind == kind and (found := ids.read(each.id))}
        if wanted:
            rows = db.session.scalars(
                select(column).where(
                    column.class_.organization_id == organization_id,
                    column.in_(wanted),
                    *_CONDITIONS.get(kind, ()),
                )
            )
            there |= {(kind, row) for row in rows}
    return there


def _missing(reference: Reference) -> Problem:
    if reference.kind == "person":
        message, fix = "Nobody of this team is meant by this.", "Choose somebody of your team."
    else:
        message, fix = f"There is no such {reference.kind}.", "Choose one of yours."
    return Problem(reference.step, reference.field, message, fix)
