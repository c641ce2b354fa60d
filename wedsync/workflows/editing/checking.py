"""What is wrong with a definition: the engine's findings, and references that lead nowhere.

A reference to somebody else's hook is answered in the very words of one that does not exist.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, null, select

from wedsync.accounts.models import Membership
from wedsync.connections import permissions
from wedsync.connections.models import Connection
from wedsync.events.types import is_ours
from wedsync.listings import manifests
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.wording import listing
from wedsync.webhooks.models import Endpoint, Hook
from wedsync.workflows.catalogue import Entries, Entry, entries, infos_of
from wedsync.workflows.editing import address_checks, calls, poll_checks
from wedsync.workflows.editing.draft_operations import located_in
from wedsync.workflows.editing.references import Reference, references, references_at
from wedsync.workflows.engine import Problem, validate
from wedsync.workflows.engine.outline import Placed, off_among, steps_of, turned_off
from wedsync.workflows.engine.shape import Readable, readable
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
    "endpoint": (Endpoint.state != "deleted",),
}


@dataclass(frozen=True, slots=True)
class There:
    """What an organization has of what definitions name: ids by the kind of reference, and of its
    accounts the connector. A kind that is left out was not looked up."""

    ids: Mapping[str, Set[UUID]] = field(default_factory=dict)
    connectors: Mapping[UUID, str] = field(default_factory=dict)


def problems_of(
    organization_id: UUID,
    definition: Any,
    *,
    workflow_id: UUID | None = None,
    there: There | None = None,
    written: Readable | None = None,
) -> list[Problem]:
    """Everything that is wrong with a definition of this organization, in reading order.

    `workflow_id` is the workflow whose it is, once there is one: it must not come to call itself.
    What is `there` is looked up unless the caller has done so, and what of it can be gone through
    is asked unless it is `written`.
    """
    known = entries(organization_id)
    written = readable(definition) if written is None else written
    steps = tuple(steps_of(written))
    named = tuple(references_at(mapping(definition).get("trigger"), located_in(written)))
    there = _with_all(organization_id, named, there or There())
    found = _wrong_input(definition)
    found += _missing_among(named, there)
    found += poll_checks.problems(organization_id, definition)
    found += calls.problems(organization_id, workflow_id, named)
    found += _wrong_accounts(steps, known, there)
    found += _lacking_permissions(organization_id, steps, there)
    found += address_checks.problems(steps, known)
    whole = written if written is definition else None
    of_itself = validate(definition, actions=infos_of(known), is_ours=is_ours, written=whole)
    return of_itself + _milder_where_off(off_among(steps), found)


def _milder_where_off(off: Set[str], problems: list[Problem]) -> list[Problem]:
    """The problems, of which those of steps that are turned off block nothing."""
    return [replace(each, severity="warning") if each.step in off else each for each in problems]


def blocks_publishing(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def missing_references(organization_id: UUID, definition: Any) -> list[Problem]:
    """A problem for each reference to something this organization does not have."""
    named = tuple(references(definition))
    return _missing_among(named, _with_all(organization_id, named, There()))


def gone(organization_id: UUID, definition: Any) -> list[Problem]:
    """Of what is missing, that which a step that is on, or the trigger, would need."""
    missing = missing_references(organization_id, definition)
    needed = _milder_where_off(turned_off(definition), missing)
    return [each for each in needed if each.severity == "error"]


def _wrong_input(definition: Any) -> list[Problem]:
    """What the trigger asks for must be something that can be checked quickly."""
    trigger = mapping(mapping(definition).get("trigger"))
    problem = given_input.schema_problem(trigger.get("input"))
    fix = "Describe the fields of the input in plain JSON Schema, or leave it out."
    return [Problem(None, "trigger.input", problem, fix)] if problem else []


def _wrong_accounts(steps: Iterable[Placed], known: Entries, there: There) -> list[Problem]:
    """Steps whose action needs an account and has none, or one of another kind."""
    problems = []
    for step in (placed.step for placed in steps):
        entry = known.get(str(step.get("use")))
        if entry is None:
            continue
        name = step["id"] if isinstance(step.get("id"), str) else None
        connection = ids.read(step.get("connection"))
        if not step.get("connection"):
            if entry.needs_account:
                problems.append(Problem(name, "connection", *_needs_account(entry)))
            continue
        connector = there.connectors.get(connection) if connection else None
        if connector is not None and connector != entry.connector:
            problems.append(Problem(name, "connection", *_unfit(entry)))
    return problems


LACKS = "Its account is not allowed to do this yet"
"""How a problem begins whose mending is asking for a permission."""


def _lacking_permissions(
    organization_id: UUID, steps: Iterable[Placed], there: There
) -> list[Problem]:
    """Steps whose account was not given a permission that they need: they would wait for it."""
    wanted = {own for each in steps if (own := ids.read(each.step.get("connection")))}
    wanted &= there.connectors.keys()
    rows = _given(organization_id, wanted) if wanted else {}
    known = manifests.of_many(db.session, {row.listing_version_id for row in rows.values()})
    problems = []
    for step in (placed.step for placed in steps):
        row = rows.get(ids.read(step.get("connection")))
        slug, _, key = str(step.get("use")).partition(".")
        manifest = known.get(row.listing_version_id) if row is not None else None
        if row is None or manifest is None or slug != row.slug:
            continue
        missing = permissions.lacking(row.scopes, manifest, key)
        if missing:
            words = listing([each.words[:1].lower() + each.words[1:] for each in missing])
            name = step["id"] if isinstance(step.get("id"), str) else None
            said = f"{LACKS}: {words}."
            problems.append(Problem(name, "connection", said, _ASK_FOR_IT, "warning"))
    return problems


_ASK_FOR_IT = "Ask for the permission; until then the step waits."


def _given(organization_id: UUID, wanted: set[UUID]) -> Mapping[UUID | None, Any]:
    """What each account was given, by its id, of those whose provider names what it gives."""
    rows = db.session.execute(
        select(
            Connection.id, Connection.slug, Connection.scopes, Connection.listing_version_id
        ).where(
            Connection.organization_id == organization_id,
            Connection.id.in_(wanted),
            Connection.scopes != [],
        )
    )
    return {row.id: row for row in rows}


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


def _with_all(organization_id: UUID, named: Iterable[Reference], there: There) -> There:
    """What is there, with whatever of the kinds that are `named` was not looked up yet."""
    wanted: dict[str, set[UUID]] = {}
    for each in named:
        if each.kind in _IDS and each.kind not in there.ids and (own := ids.read(each.id)):
            wanted.setdefault(each.kind, set()).add(own)
    found = {kind: _existing(organization_id, kind, each) for kind, each in wanted.items()}
    return There(
        {**there.ids, **{kind: rows.keys() for kind, rows in found.items()}},
        {**there.connectors, **found.get("connection", {})},
    )


def _existing(organization_id: UUID, kind: str, wanted: set[UUID]) -> dict[UUID, Any]:
    """Those of a kind that there are, an account with its connector."""
    column = _IDS[kind]
    more = Connection.slug if kind == "connection" else null()
    rows = db.session.execute(
        select(column, more).where(
            column.class_.organization_id == organization_id,
            column.in_(wanted),
            *_CONDITIONS.get(kind, ()),
        )
    )
    return dict(rows.all())


def _missing_among(named: Iterable[Reference], there: There) -> list[Problem]:
    nothing: Set[UUID] = frozenset()
    return [
        _missing(each)
        for each in named
        if ids.read(each.id) not in there.ids.get(each.kind, nothing)
    ]


def _missing(reference: Reference) -> Problem:
    if reference.kind == "person":
        message, fix = "Nobody of this team is meant by this.", "Choose somebody of your team."
    else:
        message, fix = f"There is no such {reference.kind}.", "Choose one of yours."
    return Problem(reference.step, reference.field, message, fix)
