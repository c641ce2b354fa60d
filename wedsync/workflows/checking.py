"""What is wrong with a definition: the engine's findings, and references that lead nowhere.

A reference to somebody else's hook is answered in the very words of one that does not exist.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync.connections.models import Connection
from wedsync.events.types import is_ours
from wedsync.platform.db import db
from wedsync.webhooks.models import Endpoint, Hook
from wedsync.workflows.catalogue import action_infos
from wedsync.workflows.engine import Problem, steps_in_order, validate
from wedsync.workflows.models import Workflow

_TABLES: dict[str, type[Connection] | type[Hook] | type[Endpoint] | type[Workflow]] = {
    "connection": Connection,
    "hook": Hook,
    "endpoint": Endpoint,
    "workflow": Workflow,
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
    found = validate(definition, actions=action_infos(), is_ours=is_ours)
    return found + missing_references(organization_id, definition)


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


def _existing(organization_id: UUID, named: list[Reference]) -> set[tuple[str, UUID | None]]:
    there: set[tuple[str, UUID | None]] = set()
    for kind, model in _TABLES.items():
        wanted = {found for each in named if each.kind == kind and (found := _uuid(each.id))}
        if wanted:
            rows = db.session.scalars(
                select(model.id).where(
                    model.organization_id == organization_id, model.id.in_(wanted)
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
