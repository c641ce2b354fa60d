"""A workflow as a document that can be kept elsewhere, and taken in again by anybody.

    {"wedsync": {"format": 1, "kind": "workflow"},
     "name": "Tell the kitchen",
     "definition": {…, "connection": "connection-1", …},
     "needs": [{"placeholder": "connection-1", "kind": "connection",
                "name": "Olive & Thyme", "connector": "smtp"}]}

What the organization has of its own is not in it: ids are replaced by placeholders, which `needs`
explains. Everything else is word for word what was written.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync.connections.models import Connection
from wedsync.platform.db import db
from wedsync.webhooks.models import Endpoint, Hook
from wedsync.workflows import queries
from wedsync.workflows.editing.references import references, replaced
from wedsync.workflows.models import Workflow

EXCHANGE_FORMAT = 1
KIND = "workflow"


def export(organization_id: UUID, workflow_id: UUID, number: int | None = None) -> dict[str, Any]:
    """The draft of a workflow, or one of its versions, as such a document. Raises NotFound."""
    workflow = queries.get_workflow(organization_id, workflow_id)
    definition = workflow.draft
    if number is not None:
        definition = queries.get_version(organization_id, workflow_id, number).definition
    named = _placeholders(definition)
    return {
        "wedsync": {"format": EXCHANGE_FORMAT, "kind": KIND},
        "name": workflow.name,
        "definition": replaced(definition, lambda each: named[each.kind, each.id]),
        "needs": [
            {"placeholder": placeholder, "kind": kind, **_told(organization_id, kind, own_id)}
            for (kind, own_id), placeholder in named.items()
        ],
    }


def _placeholders(definition: Any) -> Mapping[tuple[str, str], str]:
    """A name for each thing a definition names, in reading order: `hook-1`, `hook-2` …"""
    named: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}
    for each in references(definition):
        if (each.kind, each.id) not in named:
            counts[each.kind] = counts.get(each.kind, 0) + 1
            named[each.kind, each.id] = f"{each.kind}-{counts[each.kind]}"
    return named


def _told(organization_id: UUID, kind: str, written: str) -> dict[str, str | None]:
    """What helps somebody else to choose their own instead."""
    try:
        own_id = UUID(written)
    except ValueError:
        return {"name": None, "connector": None}
    if kind == "connection":
        query = select(Connection.name, Connection.slug).where(
            Connection.organization_id == organization_id, Connection.id == own_id
        )
        row = db.session.execute(query).first()
        return {"name": row[0] if row else None, "connector": row[1] if row else None}
    return {"name": _name(organization_id, kind, own_id), "connector": None}


def _name(organization_id: UUID, kind: str, own_id: UUID) -> str | None:
    names: Mapping[str, Any] = {
        "hook": Hook.name,
        "workflow": Workflow.name,
        "endpoint": Endpoint.description,
    }
    if kind not in names:
        return None
    model = names[kind].class_
    found: str | None = db.session.scalar(
        select(names[kind]).where(model.organization_id == organization_id, model.id == own_id)
    )
    return found
