"""Which workflows use a connection: in what is live, or in a draft."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, or_, select

from wedsync.connections.models import Connection
from wedsync.errors import NotFound
from wedsync.platform.db import db
from wedsync.workflows.models import Workflow, WorkflowVersion
from wedsync.workflows.references import references


@dataclass(frozen=True, slots=True)
class User:
    """A workflow that uses a connection; `is_live` is False when only its draft does."""

    workflow: Workflow
    is_live: bool


def name_of(organization_id: UUID, connection_id: UUID) -> str:
    """What people call the connection. Raises NotFound."""
    name = db.session.scalar(
        select(Connection.name).where(
            Connection.organization_id == organization_id, Connection.id == connection_id
        )
    )
    if name is None:
        raise NotFound("There is no such connection.")
    return name


def users_of(organization_id: UUID, connection_id: UUID) -> tuple[User, ...]:
    """The workflows whose live version or draft names the connection, by name."""
    named = f"%{connection_id}%"
    rows = db.session.execute(
        select(Workflow, WorkflowVersion.definition)
        .outerjoin(
            WorkflowVersion,
            and_(
                WorkflowVersion.organization_id == Workflow.organization_id,
                WorkflowVersion.id == Workflow.live_version_id,
            ),
        )
        .where(
            Workflow.organization_id == organization_id,
            or_(
                cast(Workflow.draft, Text).like(named),
                cast(WorkflowVersion.definition, Text).like(named),
            ),
        )
        .order_by(Workflow.name, Workflow.id)
    )
    return tuple(_users(rows, connection_id))


def _users(rows: Any, connection_id: UUID) -> Iterator[User]:
    """A text that merely holds the id, such as a note, uses nothing."""
    for workflow, live in rows:
        is_live = _uses(live, connection_id)
        if is_live or _uses(workflow.draft, connection_id):
            yield User(workflow, is_live)


def _uses(definition: Any, connection_id: UUID) -> bool:
    return any(
        each.kind == "connection" and each.id.lower() == str(connection_id)
        for each in references(definition)
    )
