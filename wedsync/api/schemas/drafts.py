"""What is done to drafts, and what is different between two definitions, as the API tells it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Page, Query
from wedsync.workflows.editing.differences import Difference
from wedsync.workflows.editing.draft_operations import (
    MOST_AT_ONCE,
    TAKEN_AWAY,
    Add,
    Change,
    Move,
    Operation,
    Place,
    Remove,
    Replace,
)
from wedsync.workflows.editing.draft_queries import LoggedOperation, PendingChanges
from wedsync.workflows.engine import literal

_STEP = Field(min_length=1, max_length=64, description="A step's id.", examples=["tell"])
_EXAMPLE = {"id": "greet", "kind": "set", "values": {"words": "Hello"}}


class PlaceIn(Body):
    """A place in a list of steps, as `problems` name them; without a number it is the end."""

    step: str | None = Field(
        default=None, max_length=64, description="Whose list; null: the workflow's own steps."
    )
    field: str = Field(
        min_length=1, max_length=200, examples=["steps.0", "branches.0.steps", "otherwise.2"]
    )


class AddIn(Body):
    op: Literal["add"]
    at: PlaceIn
    step: dict[str, Any] = Field(
        description="The step; without an `id` it is given one.", examples=[_EXAMPLE]
    )


class RemoveIn(Body):
    op: Literal["remove"]
    step: str = _STEP


class MoveIn(Body):
    op: Literal["move"]
    step: str = _STEP
    to: PlaceIn = Field(description="Where it is to stand once it is taken from where it is.")


class ChangeIn(Body):
    op: Literal["change"]
    step: str | None = Field(
        default=None, max_length=64, description="Null: the workflow itself, such as its trigger."
    )
    field: str | list[str | int] = Field(
        description="A dotted path inside it, or its parts where a name holds a dot.",
        examples=["input.data.guest"],
    )
    value: Any = Field(default=None, description="Left out, the field is taken away.")
    literal: bool = Field(
        default=False,
        description="The value means itself: nothing in it is read as a calculation.",
    )


class ReplaceIn(Body):
    op: Literal["replace"]
    definition: dict[str, Any] = Field(description="The whole workflow in format 1.")


OperationIn = Annotated[AddIn | RemoveIn | MoveIn | ChangeIn | ReplaceIn, Field(discriminator="op")]


class OperationsIn(Body):
    operations: list[OperationIn] = Field(
        min_length=1,
        max_length=MOST_AT_ONCE,
        description="Done in this order, all or none; together they are one thing to undo.",
        examples=[[{"op": "add", "at": {"field": "steps.0"}, "step": _EXAMPLE}]],
    )


class OperationOut(Answer):
    number: int
    kind: Literal["add", "remove", "move", "change", "replace"]
    step: str | None = Field(description="The step, where it was about one only.")
    words: str = Field(examples=["removed “Send contract”"])
    made_by: UUID | None
    created_at: datetime
    state: Literal["done", "undone"]


class OperationPage(Page):
    data: list[OperationOut]


class DifferenceOut(Answer):
    step: str | None = Field(description="Null for what starts the workflow, and for the whole.")
    kind: Literal["added", "removed", "moved", "changed"]
    words: str = Field(examples=["“Wait” now waits 3 days instead of 2."])
    before: Any
    after: Any


class DraftChanges(Answer):
    """What publishing would change. Runs that are under way stay on the version they began on."""

    live_version: int | None
    differences: list[DifferenceOut]
    runs_under_way: int = Field(description="Counted up to 10,000.")
    weddings_under_way: int


class DifferencesQuery(Query):
    with_: int | None = Field(
        default=None,
        alias="with",
        ge=1,
        le=2**31 - 1,
        description="The version it is compared with; left out, the one before it.",
    )


class Differences(Answer):
    version: int
    compared_with: int | None = Field(description="Null for the first version.")
    differences: list[DifferenceOut]


def operations_of(body: OperationsIn) -> list[Operation]:
    return [_operation(each) for each in body.operations]


def _operation(given: AddIn | RemoveIn | MoveIn | ChangeIn | ReplaceIn) -> Operation:
    match given:
        case AddIn():
            return Add(_place(given.at), given.step)
        case RemoveIn():
            return Remove(given.step)
        case MoveIn():
            return Move(given.step, _place(given.to))
        case ReplaceIn():
            return Replace(given.definition)
    value = literal(given.value) if given.literal else given.value
    is_given = "value" in given.model_fields_set
    return Change(given.step, given.field, value if is_given else TAKEN_AWAY)


def _place(given: PlaceIn) -> Place:
    return Place(given.step, given.field)


def operation_out(logged: LoggedOperation) -> OperationOut:
    row = logged.operation
    return OperationOut.model_validate(
        {
            "number": row.number,
            "kind": row.kind,
            "step": row.step_id,
            "words": row.words,
            "made_by": row.made_by,
            "created_at": row.created_at,
            "state": "undone" if logged.is_undone else "done",
        }
    )


def differences_out(found: Sequence[Difference]) -> list[DifferenceOut]:
    return [
        DifferenceOut(
            step=each.step,
            kind=each.kind,
            words=each.words,
            before=each.before,
            after=each.after,
        )
        for each in found
    ]


def changes_out(changes: PendingChanges) -> DraftChanges:
    return DraftChanges(
        live_version=changes.live_version,
        differences=differences_out(changes.differences),
        runs_under_way=changes.runs,
        weddings_under_way=changes.weddings,
    )


class ExportQuery(Query):
    version: int | None = Field(
        default=None, ge=1, le=2**31 - 1, description="Left out, the draft is exported."
    )


class Need(Body):
    """One thing of the organization's own that the workflow names."""

    placeholder: str = Field(max_length=100, examples=["connection-1"])
    kind: str = Field(max_length=40, examples=["connection"])
    name: str | None = Field(default=None, max_length=400, description="What it was called there.")
    connector: str | None = Field(
        default=None, max_length=200, description="Which integration a connection is of."
    )


class Exported(Answer):
    """A workflow that can be taken in anywhere: what is one's own is replaced by placeholders."""

    wedsync: dict[str, Any] = Field(examples=[{"format": 1, "kind": "workflow"}])
    name: str
    definition: Any
    needs: list[Need]


class ImportIn(Body):
    """What `export` answered with, and what is meant by its placeholders."""

    wedsync: dict[str, Any] = Field(examples=[{"format": 1, "kind": "workflow"}])
    name: str = Field(min_length=1, max_length=200, examples=["Tell the kitchen"])
    definition: dict[str, Any] = Field(
        examples=[{"format": 1, "trigger": {"kind": "manual"}, "steps": [_EXAMPLE]}]
    )
    needs: list[Need] = Field(default=[], max_length=500)
    mapping: dict[str, str] | None = Field(
        default=None,
        max_length=500,
        description="An id of your own for each placeholder. What is left out is a problem of the "
        "draft; without `mapping`, what is called the same here is meant.",
    )
