"""What the shapes of every resource have in common."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Body(BaseModel):
    """What a client sends: JSON types as they are, nothing unknown."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """Query parameters: a misspelt filter is refused rather than answered with everything."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Query):
    limit: int = Field(default=50, ge=1, le=100, description="How many to answer with at most.")
    cursor: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="`next_cursor` of the page before; opaque.",
    )


class Answer(BaseModel):
    """What we answer with."""


class Resource(Answer):
    id: UUID
    created_at: datetime


class Page(Answer):
    next_cursor: str | None = Field(description="Ask with it for the next page; null on the last.")


class Deleted(Answer):
    id: UUID
    deleted: bool = Field(examples=[True])


class FieldProblem(Answer):
    pointer: str = Field(
        description="JSON Pointer into the body; below `/query` for a query parameter.",
        examples=["/name"],
    )
    code: str = Field(examples=["missing"])
    message: str = Field(examples=["“name” is needed."])


class WorkflowProblem(Answer):
    step: str | None = Field(description="The step's id; null for the workflow and its trigger.")
    field: str = Field(description="A dotted path inside it.", examples=["branches.0.when"])
    message: str
    fix: str
    severity: Literal["error", "warning"] = Field(description="Errors block publishing.")


class Problem(Answer):
    """A refusal (RFC 9457). `code` is stable; `title` and `detail` are for people."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "code": "not_found",
                    "title": "There is nothing here",
                    "status": 404,
                    "detail": "There is no such workflow.",
                    "request_id": "0f8b6c1e5d2a9374",
                }
            ]
        },
    )

    type: str
    code: str
    title: str
    status: int
    detail: str
    request_id: str | None
    errors: list[FieldProblem] = Field(default=[], description="The fields that were refused.")
    problems: list[WorkflowProblem] = Field(
        default=[], description="With `workflow_invalid`: what is wrong with the definition."
    )
    current: dict[str, Any] | None = Field(
        default=None, description="With `stale`: how the thing is now."
    )
