"""Workflows, their drafts and versions, as the API tells them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Page, Resource, WorkflowProblem
from wedsync.workflows import engine
from wedsync.workflows.editing.drafts import Draft
from wedsync.workflows.editing.service import MOST, problem_as_json
from wedsync.workflows.models import Workflow, WorkflowVersion
from wedsync.workflows.queries import WorkflowLine

_EXAMPLE = {
    "format": 1,
    "trigger": {"kind": "manual"},
    "steps": [{"id": "greet", "kind": "set", "values": {"words": "Hello"}}],
}
_DEFINITION = Field(
    description=(
        "The workflow in format 1; an unfinished one is kept, with its problems told. A step with"
        " `off: true` is passed over, with all that is inside it; later steps read null of it."
    ),
    examples=[_EXAMPLE],
)
_NAME = Field(min_length=1, max_length=200, examples=["Tell the seating planner"])


class WorkflowIn(Body):
    name: str = _NAME
    definition: dict[str, Any] = _DEFINITION


_AT_ONCE = Field(
    default=None,
    ge=1,
    le=MOST["at_once"],
    description="How many of its runs may move at the same time; null: no limit of its own.",
    examples=[5],
)
_PER_HOUR = Field(
    default=None,
    ge=1,
    le=MOST["per_hour"],
    description="How many of its runs may start within an hour; null: no limit of its own.",
    examples=[60],
)


class WorkflowPatch(Body):
    """What is left out stays as it is. Runs above a limit wait; none of them fails."""

    name: str | None = Field(default=None, min_length=1, max_length=200, examples=["Tell Petal"])
    at_once: int | None = _AT_ONCE
    per_hour: int | None = _PER_HOUR


class DraftIn(Body):
    definition: dict[str, Any] = _DEFINITION


class ValidateIn(Body):
    definition: dict[str, Any] | None = Field(
        default=None,
        description="Looked at in place of the draft; nothing is kept.",
        examples=[_EXAMPLE],
    )


class PublishIn(Body):
    note: str | None = Field(default=None, max_length=2_000, examples=["Ask vegetarians too"])


class ManualRunIn(Body):
    input: Any = Field(
        default=None, description="`trigger.data` of the run.", examples=[{"guest": "Ana Lee"}]
    )


class WorkflowOut(Resource):
    name: str
    state: Literal["off", "on", "paused"]
    draft_revision: int
    live_version: int | None = Field(description="Null until it is first published.")
    at_once: int | None = Field(description="How many of its runs may move at the same time.")
    per_hour: int | None = Field(description="How many of its runs may start within an hour.")


class WorkflowMade(WorkflowOut):
    problems: list[WorkflowProblem]


class WorkflowPage(Page):
    data: list[WorkflowOut]


class DraftOut(Resource):
    """A workflow's draft; `id` is the workflow's."""

    draft_revision: int
    definition: Any
    problems: list[WorkflowProblem]
    undo: str | None = Field(
        description="What `undo` would take back, in words.", examples=["removed “Send contract”"]
    )
    redo: str | None = Field(description="What `redo` would do again, in words.")


class Validated(Answer):
    valid: bool = Field(description="Whether it can be published.")
    problems: list[WorkflowProblem]


class VersionOut(Resource):
    workflow_id: UUID
    version: int
    content_hash: str = Field(description="SHA-256 of the canonical definition, in hex.")
    note: str | None
    published_by: UUID | None


class VersionWhole(VersionOut):
    definition: dict[str, Any]


class VersionPage(Page):
    data: list[VersionOut]


class Published(WorkflowOut):
    version: int
    is_new: bool = Field(description="False when what is live said the same already.")
    content_hash: str
    note: str | None
    published_at: datetime


def workflow_out(line: WorkflowLine) -> WorkflowOut:
    return WorkflowOut(**_fields(line.workflow), live_version=line.live_version)


def workflow_made(draft: Draft) -> WorkflowMade:
    return WorkflowMade(
        **_fields(draft.workflow), live_version=None, problems=problems_out(draft.problems)
    )


def draft_out(draft: Draft) -> DraftOut:
    workflow = draft.workflow
    return DraftOut(
        id=workflow.id,
        created_at=workflow.created_at,
        draft_revision=workflow.draft_revision,
        definition=workflow.draft,
        problems=problems_out(draft.problems),
        undo=draft.undo,
        redo=draft.redo,
    )


def published(workflow: Workflow, version: WorkflowVersion, *, is_new: bool) -> Published:
    return Published(
        **_fields(workflow),
        live_version=version.number,
        version=version.number,
        is_new=is_new,
        content_hash=version.content_hash,
        note=version.note,
        published_at=version.created_at,
    )


def version_out(version: WorkflowVersion) -> VersionOut:
    return VersionOut(**_version_fields(version))


def version_whole(version: WorkflowVersion) -> VersionWhole:
    return VersionWhole(**_version_fields(version), definition=version.definition)


def problems_out(problems: tuple[engine.Problem, ...]) -> list[WorkflowProblem]:
    return [WorkflowProblem(**problem_as_json(problem)) for problem in problems]


def _fields(workflow: Workflow) -> dict[str, Any]:
    return {
        "id": workflow.id,
        "created_at": workflow.created_at,
        "name": workflow.name,
        "state": workflow.state,
        "draft_revision": workflow.draft_revision,
        "at_once": workflow.at_once,
        "per_hour": workflow.per_hour,
    }


def _version_fields(version: WorkflowVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "created_at": version.created_at,
        "workflow_id": version.workflow_id,
        "version": version.number,
        "content_hash": version.content_hash,
        "note": version.note,
        "published_by": version.published_by,
    }
