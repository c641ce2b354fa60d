"""Workflows that call each other: what is called must be there to be called, and no circle of
calls goes live, since it would never end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.workflows.editing.references import Reference, references
from wedsync.workflows.engine import Problem
from wedsync.workflows.engine.outline import turned_off
from wedsync.workflows.engine.words import clip
from wedsync.workflows.models import IS_LIVE, Workflow, WorkflowVersion

CALLABLE = ("workflow", "manual")
_MOST_LOOKED_AT = 500
_ONE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('workflow calls ' || :organization_id, 0))"
)


@dataclass(frozen=True, slots=True)
class _Called:
    """A workflow as those who call it find it; without a live version it calls nothing."""

    name: str
    state: str
    trigger_kind: str | None
    definition: Any


def calls_of(definition: Any) -> list[Reference]:
    """The places in which a definition calls another workflow."""
    return _calls_among(references(definition))


def problems(
    organization_id: UUID, workflow_id: UUID | None, named: Iterable[Reference]
) -> list[Problem]:
    """What is wrong with the calls among what a definition has `named`; that a workflow is not
    there is said elsewhere."""
    known = _Known(organization_id)
    found = (_problem(each, workflow_id, known) for each in _calls_among(named))
    return [problem for problem in found if problem]


def _calls_among(named: Iterable[Reference]) -> list[Reference]:
    return [each for each in named if each.kind == "workflow" and each.field == "workflow"]


def one_publisher_at_a_time(organization_id: UUID, definition: Any) -> None:
    """Let two who publish calls at once go one after the other: together they may close a circle
    that neither sees. Until the end of the transaction."""
    if calls_of(definition):
        db.session.execute(_ONE_AT_A_TIME, {"organization_id": str(organization_id)})


def _problem(call: Reference, workflow_id: UUID | None, known: "_Known") -> Problem | None:
    called_id = ids.read(call.id)
    if called_id is None:
        return None
    if called_id == workflow_id:
        return _error(call, "This workflow calls itself, which would never end.", "Call another.")
    called = known.look_up(called_id)
    if called is None:
        return None
    name = f"“{clip(called.name, 60)}”"
    if called.trigger_kind is None:
        return _error(call, f"{name} is not published yet.", "Publish it first.")
    if called.trigger_kind not in CALLABLE:
        fix = "Let it start when another workflow calls it, or call another."
        return _error(call, f"{name} starts in another way and cannot be called.", fix)
    ring = _ring(called_id, workflow_id, known) if workflow_id else None
    if ring:
        return _error(call, f"{_told(ring)} That would never end.", "Leave one of the calls out.")
    if called.state == "off":
        return Problem(call.step, call.field, f"{name} is off.", "Turn it on.", "warning")
    return None


def _error(call: Reference, message: str, fix: str) -> Problem:
    return Problem(call.step, call.field, message, fix)


def _ring(start: UUID, back_to: UUID, known: "_Known") -> list[str] | None:
    """The names of the workflows over which calls come back, from the first that is called."""
    ways: list[tuple[UUID, tuple[str, ...]]] = [(start, ())]
    seen = {start}
    while ways and len(seen) < _MOST_LOOKED_AT:
        here, names = ways.pop(0)
        found = known.look_up(here)
        if found is None:
            continue
        way = (*names, found.name)
        for called in _ids(found.definition):
            if called == back_to:
                return list(way)
            if called not in seen:
                seen.add(called)
                ways.append((called, way))
    return None


def _ids(definition: Any) -> Iterator[UUID]:
    off = turned_off(definition)
    for each in calls_of(definition):
        found = ids.read(each.id)
        if found and each.step not in off:
            yield found


def _told(ring: list[str]) -> str:
    names = [f"“{clip(name, 60)}”" for name in ring[:6]]
    return f"This workflow calls {', which calls '.join(names)}, which calls this one again."


class _Known:
    """The workflows of an organization, each read when it is first asked for."""

    def __init__(self, organization_id: UUID) -> None:
        self._organization_id = organization_id
        self._found: dict[UUID, _Called | None] = {}

    def look_up(self, workflow_id: UUID) -> _Called | None:
        if workflow_id not in self._found:
            self._found[workflow_id] = self._read(workflow_id)
        return self._found[workflow_id]

    def _read(self, workflow_id: UUID) -> _Called | None:
        row = db.session.execute(
            select(
                Workflow.name,
                Workflow.state,
                WorkflowVersion.trigger_kind,
                WorkflowVersion.definition,
            )
            .outerjoin(WorkflowVersion, IS_LIVE)
            .where(Workflow.organization_id == self._organization_id, Workflow.id == workflow_id)
        ).first()
        return _Called(*row) if row else None
