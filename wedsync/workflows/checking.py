"""What is wrong with a definition: the engine's findings, and references that lead nowhere.

A reference to somebody else's hook is answered in the very words of one that does not exist.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from wedsync.connections.models import Connection
from wedsync.events.types import is_ours
from wedsync.platform.db import db
from wedsync.webhooks.models import Endpoint, Hook
from wedsync.workflows.catalogue import Entries, Entry, entries, infos_of
from wedsync.workflows.engine import Problem, steps_in_order, validate
from wedsync.workflows.models import Workflow

_TABLES: dict[str, type[Connection] | type[Hook] | type[Endpoint] | type[Workflow]] = {
    "connection": Connection,
    "hook": Hook,
    "endpoint": Endpoint,
    "workflow": Workflow,
}
_CONDITIONS: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "connection": (Connection.state != "deleted",),
    # What comes to a connection's hook comes from the connection.
    "hook": (Hook.connection_id.is_(None),),
}
_SOURCE_KINDS = ("hook", "connection", "app", "workflow")
_INPUT_KINDS = ("endpoint", "hook", "connection", "workflow")


@dataclass(frozen=True, slots=True)
class Reference:
    """One place of a definition that names an object; `step` is None in the trigger."""

    step: str | None
    field: str
    kind: str
    id: str


def problems_of(organization_id: UUID, definition: Any) -> list[Problem]:
    """Everything that is wrong with a definition of this organization, in reading order."""
    known = entries(organization_id)
    found = validate(definition, actions=infos_of(known), is_ours=is_ours)
    found += missing_references(organization_id, definition)
    return found + _wrong_accounts(organization_id, definition, known)


def blocks_publishing(problems: list[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def references(definition: Any) -> Iterator[Reference]:
    """Every object a definition names, whatever else is wrong with it."""
    if not isinstance(definition, dict):
        return
    yield from _of_trigger(definition.get("trigger"))
    for placed in steps_in_order(definition):
        yield from _of_step(placed.step)


def missing_references(organization_id: UUID, definition: Any) -> list[Problem]:
    """A problem for each reference to something this organization does not have."""
    named = list(references(definition))
    there = _existing(organization_id, named)
    return [_missing(each) for each in named if (each.kind, _uuid(each.id)) not in there]


def _of_trigger(trigger: Any) -> Iterator[Reference]:
    if not isinstance(trigger, dict):
        return
    hook, source = trigger.get("hook"), trigger.get("source")
    if trigger.get("kind") == "webhook" and isinstance(hook, str):
        yield Reference(None, "trigger.hook", "hook", hook)
    if isinstance(source, str):
        kind, colon, named = source.partition(":")
        if colon and kind in _SOURCE_KINDS:
            yield Reference(None, "trigger.source", kind, named)


def _of_step(step: Any) -> Iterator[Reference]:
    step_id = step.get("id")
    name = step_id if isinstance(step_id, str) else None
    connection, given = step.get("connection"), step.get("input")
    if isinstance(connection, str):
        yield Reference(name, "connection", "connection", connection)
    if isinstance(given, dict):
        for kind in _INPUT_KINDS:
            if isinstance(given.get(kind), str):
                yield Reference(name, f"input.{kind}", kind, given[kind])


def _wrong_accounts(organization_id: UUID, definition: Any, known: Entries) -> list[Problem]:
    """Steps whose action needs an account and has none, or one of another kind."""
    if not isinstance(definition, dict):
        return []
    steps = [placed.step for placed in steps_in_order(definition)]
    using = [(step, known[use]) for step in steps if (use := str(step.get("use"))) in known]
    named = {found for step, _ in using if (found := _uuid(str(step.get("connection"))))}
    kinds = _kinds(organization_id, named) if named else {}
    problems = []
    for step, entry in using:
        name = step["id"] if isinstance(step.get("id"), str) else None
        connection = step.get("connection")
        if not connection:
            if entry.needs_account:
                problems.append(Problem(name, "connection", *_needs_account(entry)))
            continue
        kind = kinds.get(_uuid(str(connection)))
        if kind is not None and kind != entry.connector:
            problems.append(Problem(name, "connection", *_unfit(entry)))
    return problems


def _kinds(organization_id: UUID, ids: set[UUID]) -> dict[UUID | None, str]:
    """Which connector each of these connections is of."""
    rows = db.session.execute(
        select(Connection.id, Connection.slug).where(
            Connection.organization_id == organization_id,
            Connection.id.in_(ids),
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
    for kind, model in _TABLES.items():
        wanted = {found for each in named if each.kind == kind and (found := _uuid(each.id))}
        if wanted:
            rows = db.session.scalars(
                select(model.id).where(
                    model.organization_id == organization_id,
                    model.id.in_(wanted),
                    *_CONDITIONS.get(kind, ()),
                )
            )
            there |= {(kind, row) for row in rows}
    return there


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _missing(reference: Reference) -> Problem:
    message = f"There is no such {reference.kind}."
    return Problem(reference.step, reference.field, message, "Choose one of yours.")
