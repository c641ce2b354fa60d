"""Taking in a workflow that was exported here or elsewhere.

It becomes a draft, switched off. Placeholders are replaced by what the organization has, as far
as somebody says or the names tell; those that are left are problems of the draft like any other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync.connections.models import Connection
from wedsync.errors import FieldError, Invalid
from wedsync.platform import documents
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.webhooks.models import Hook
from wedsync.workflows.editing import service
from wedsync.workflows.editing.draft_operations import located
from wedsync.workflows.editing.drafts import Draft
from wedsync.workflows.editing.exporting import EXCHANGE_FORMAT, KIND
from wedsync.workflows.editing.patches import written
from wedsync.workflows.editing.references import Reference, replaced
from wedsync.workflows.engine import escape_key
from wedsync.workflows.engine.checks import gives_record
from wedsync.workflows.engine.limits import MAX_STEPS
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.models import Workflow

MAX_BYTES = 1_000_000
MAX_NEEDS = 500
_TEMPLATES = ("input", "values")
_NEED = ("placeholder", "kind", "name", "connector")


@dataclass(frozen=True, slots=True)
class Need:
    """One thing an exported workflow names, and how to tell which of one's own is meant."""

    placeholder: str
    kind: str
    name: str | None = None
    connector: str | None = None


def take_in(
    organization_id: UUID,
    document: Any,
    mapping_of: Mapping[str, str] | None = None,
    *,
    by: Identity | None = None,
) -> Draft:
    """Make a workflow of an exported document.

    `mapping_of` says which id each placeholder stands for; None: what bears the same name is
    meant. Raises Invalid for a document that is not one, or of a newer WedSync.
    """
    _check(document)
    needs = list(_needs(document))
    if mapping_of is None:
        mapping_of = _of_the_same_name(organization_id, needs)
    known = {(each.kind, each.placeholder) for each in needs}

    def own(reference: Reference) -> str:
        is_placeholder = (reference.kind, reference.id) in known
        return mapping_of.get(reference.id, reference.id) if is_placeholder else reference.id

    definition = _escaped(replaced(document["definition"], own))
    return service.create(organization_id, _name(document), definition, by=by)


def read_file(body: bytes) -> Any:
    """The document in an uploaded file. Raises Invalid."""
    if not body:
        raise _refused("document", "Choose a file first.")
    if len(body) > MAX_BYTES:
        raise _refused("document", "This file is larger than 1 MB.")
    try:
        return documents.read(body)
    except documents.BadDocument as error:
        raise _refused(
            "document", f"This is no copy of a workflow, or not a whole one. {error}"
        ) from error


def _check(document: Any) -> None:
    told = mapping(mapping(document).get("wedsync"))
    number = told.get("format")
    if not isinstance(number, int) or isinstance(number, bool) or told.get("kind") != KIND:
        raise _refused("wedsync", "This is not a workflow that WedSync exported.")
    if number > EXCHANGE_FORMAT:
        raise _refused("wedsync", "This was exported by a newer WedSync, and cannot be read here.")
    if not isinstance(document.get("definition"), dict):
        raise _refused("definition", "There is no workflow in it.")
    if problem := refusal(document["definition"]):
        raise _refused("definition", problem)
    if (count := sum(1 for _ in located(document["definition"]))) > MAX_STEPS:
        problem = f"It has {count:,} steps, and a workflow at most {MAX_STEPS}."
        raise _refused("definition", f"{problem} Split it into several.")
    if len(sequence(document.get("needs"))) > MAX_NEEDS:
        raise _refused("needs", f"It needs more than {MAX_NEEDS} things.")


def _name(document: Mapping[str, Any]) -> str:
    name = document.get("name")
    return name if isinstance(name, str) and name.strip() else "A workflow from elsewhere"


def _needs(document: Mapping[str, Any]) -> Iterator[Need]:
    for each in sequence(document.get("needs")):
        told = {field: mapping(each).get(field) for field in _NEED}
        if isinstance(told["placeholder"], str) and isinstance(told["kind"], str):
            name, connector = (told[key] for key in ("name", "connector"))
            yield Need(
                told["placeholder"],
                told["kind"],
                name if isinstance(name, str) else None,
                connector if isinstance(connector, str) else None,
            )


def _of_the_same_name(organization_id: UUID, needs: list[Need]) -> dict[str, str]:
    """What each need is called here, where exactly one thing of its kind is called that."""
    found: dict[str, str] = {}
    for need in needs:
        if need.name and need.kind in ("connection", "hook", "workflow"):
            ids = db.session.scalars(_candidates(organization_id, need).limit(2)).all()
            if len(ids) == 1:
                found[need.placeholder] = str(ids[0])
    return found


def _candidates(organization_id: UUID, need: Need) -> Any:
    if need.kind == "connection":
        return select(Connection.id).where(
            Connection.organization_id == organization_id,
            Connection.name == need.name,
            Connection.slug == need.connector,
            Connection.state != "deleted",
        )
    model: Any = Workflow if need.kind == "workflow" else Hook
    return select(model.id).where(model.organization_id == organization_id, model.name == need.name)


def _escaped(definition: Any) -> Any:
    """A set of named values whose only name is also an operator's can only mean itself."""
    for each in located(definition):
        for field in _TEMPLATES:
            call = operator_call(each.step.get(field))
            if call and not gives_record(call[0]):
                value = {escape_key(call[0], alone=True): call[1]}
                definition = written(definition, (*each.path, field), value)
    return definition


def _refused(field: str, problem: str) -> Invalid:
    return Invalid(problem, errors=[FieldError(f"/{field}", "exported", problem)])
