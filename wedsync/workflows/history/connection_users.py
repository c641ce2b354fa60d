"""Which workflows use a connection, or listen to a hook: in what is live, or in a draft."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import Text, cast, or_, select

from wedsync.connections.models import Connection
from wedsync.errors import NotFound
from wedsync.platform.db import db
from wedsync.webhooks.models import Hook
from wedsync.workflows.editing.references import references
from wedsync.workflows.models import IS_LIVE, Workflow, WorkflowVersion

Kind: TypeAlias = Literal["connection", "hook"]
_MODELS = {"connection": Connection, "hook": Hook}


@dataclass(frozen=True, slots=True)
class User:
    """A workflow that uses it; `is_live` is False when only its draft does."""

    workflow: Workflow
    is_live: bool


def name_of(organization_id: UUID, kind: Kind, object_id: UUID) -> str:
    """What people call the connection or the hook. Raises NotFound."""
    model: Any = _MODELS[kind]
    name: str | None = db.session.scalar(
        select(model.name).where(model.organization_id == organization_id, model.id == object_id)
    )
    if name is None:
        raise NotFound(f"There is no such {kind}.")
    return name


def users_of(organization_id: UUID, kind: Kind, object_id: UUID) -> tuple[User, ...]:
    """The workflows whose live version or draft names it, by name."""
    named = f"%{object_id}%"
    rows = db.session.execute(
        select(Workflow, WorkflowVersion.definition)
        .outerjoin(WorkflowVersion, IS_LIVE)
        .where(
            Workflow.organization_id == organization_id,
            or_(
                cast(Workflow.draft, Text).like(named),
                cast(WorkflowVersion.definition, Text).like(named),
            ),
        )
        .order_by(Workflow.name, Workflow.id)
    )
    return tuple(_users(rows, kind, object_id))


def _users(rows: Any, kind: Kind, object_id: UUID) -> Iterator[User]:
    """A text that merely holds the id, such as a note, uses nothing."""
    for workflow, live in rows:
        is_live = _uses(live, kind, object_id)
        if is_live or _uses(workflow.draft, kind, object_id):
            yield User(workflow, is_live)


def _uses(definition: Any, kind: Kind, object_id: UUID) -> bool:
    return any(
        each.kind == kind and each.id.lower() == str(object_id) for each in references(definition)
    )
