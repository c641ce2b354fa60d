"""Which workflows use a connection, or listen to a hook: in what is live, or in a draft.

And what waits for a connection now.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from sqlalchemy import Text, cast, or_, select, text

from wedsync.connections.models import Connection
from wedsync.errors import NotFound
from wedsync.platform.db import db
from wedsync.webhooks.models import Hook
from wedsync.workflows.editing.draft_operations import located
from wedsync.workflows.editing.references import references
from wedsync.workflows.models import IS_LIVE, Workflow, WorkflowVersion
from wedsync.workflows.words.step_lines import step_name

Kind: TypeAlias = Literal["connection", "hook"]
_MODELS = {"connection": Connection, "hook": Hook}
_WAITING = text(
    "SELECT count(DISTINCT coalesce(root_run_id, id)) AS n, min(created_at) AS since FROM runs"
    " WHERE organization_id = :organization_id AND state = 'waiting'"
    " AND waiting_for ->> 'kind' = 'connection' AND waiting_for ->> 'id' = :id"
)


@dataclass(frozen=True, slots=True)
class User:
    """A workflow that uses it; `is_live` is False when only its draft does.

    `starts`: what happens there starts it; `looks`: it looks there now and then for what is new;
    `steps` are called as people call them.
    """

    workflow: Workflow
    is_live: bool
    starts: bool = False
    looks: bool = False
    steps: tuple[str, ...] = ()

    @property
    def would_stop(self) -> bool:
        """Whether something goes wrong with it when the connection is gone."""
        return self.is_live and self.workflow.state in ("on", "paused")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many runs stand by for a connection; the oldest of them began at `since`."""

    n: int
    since: datetime | None


def waiting_for(organization_id: UUID, connection_id: UUID) -> Waiting:
    """What waits for a connection now."""
    given = {"organization_id": organization_id, "id": str(connection_id)}
    row = db.session.execute(_WAITING, given).one()
    return Waiting(row.n, row.since)


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
        uses = _uses(live, kind, object_id)
        is_live = bool(uses)
        definition = live if is_live else workflow.draft
        uses = uses or _uses(workflow.draft, kind, object_id)
        if uses:
            trigger = {field for step, field in uses if step is None}
            names = {str(each.step.get("id")): each.step for each in located(definition)}
            steps = dict.fromkeys(step for step, _ in uses if step in names)
            yield User(
                workflow,
                is_live,
                starts=bool(trigger - {"trigger.connection"}),
                looks="trigger.connection" in trigger,
                steps=tuple(step_name(names[step]) for step in steps),
            )


def _uses(definition: Any, kind: Kind, object_id: UUID) -> list[tuple[Any, str]]:
    """The step (None: the trigger) and the field of each place that names it."""
    return [
        (each.step, each.field)
        for each in references(definition)
        if each.kind == kind and each.id.lower() == str(object_id)
    ]
