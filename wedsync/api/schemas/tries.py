"""Tries of a draft, as the API tells them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Resource
from wedsync.workflows.building.models import Try
from wedsync.workflows.building.tries import tried


class TryIn(Body):
    how: Literal["pretend", "really"] = Field(
        default="pretend",
        description="`pretend`: nothing leaves. `really`: one action step happens.",
    )
    step: str | None = Field(
        default=None, max_length=64, description="The step's id; without one all are pretended."
    )
    onwards: bool = Field(default=False, description="Pretend also what comes after `step`.")
    sample: str | None = Field(
        default=None,
        max_length=64,
        description="The wedding it is tried for, or `example`; the next one coming if unsaid.",
    )
    to_me: bool = Field(
        default=False,
        description="With `really`: you get the message, instead of whoever the step says.",
    )


class NamedValue(Answer):
    name: str
    words: str


class TriedStepOut(Answer):
    id: str
    name: str
    place: str = Field(description="Which item of a loop, `2` or `2, 1`; empty outside of loops.")
    state: Literal["would", "went_on", "ended", "failed", "unfinished"]
    words: str = Field(examples=["Would send an e-mail to ana@florist.example: One meal less"])
    why: str
    given: list[NamedValue] = Field(description="What the step is given.")
    not_taken: list[NamedValue] = Field(description="The branches not taken, and why not.")
    problems: list[str]
    until: datetime | None = Field(description="What it would wait for.")


class TryOut(Resource):
    how: Literal["pretend", "really"]
    state: Literal["asked", "going_on", "done", "failed", "unsure"] = Field(
        description="`unsure`: it may have happened. What is pretended is `done` at once."
    )
    step: str | None
    onwards: bool
    sample: str
    sample_name: str
    to_me: bool
    message: str = Field(description="What came of it, in a sentence.")
    steps: list[TriedStepOut]
    problems: list[str] = Field(description="Those of no step.")
    ended: str = Field(description="How a run would go out; empty for a single step.")
    output: Any = Field(description="What a step that really happened gave; sealed values masked.")
    ended_at: datetime | None


def try_out(row: Try) -> TryOut:
    found = tried.read(row.told)
    return TryOut.model_validate(
        {
            "id": row.id,
            "created_at": row.created_at,
            "how": row.mode,
            "state": row.state,
            "step": row.step_id,
            "onwards": row.onwards,
            "sample": row.sample,
            "sample_name": found.sample_name,
            "to_me": row.to_me,
            "message": row.message,
            "steps": [_step(each) for each in found.steps],
            "problems": list(found.problems),
            "ended": found.ended,
            "output": row.told.get("output"),
            "ended_at": row.ended_at,
        }
    )


def _step(each: tried.TriedStep) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "place": each.place,
        "state": each.state,
        "words": each.words,
        "why": each.why,
        "given": [{"name": name, "words": words} for name, words in each.rows],
        "not_taken": [{"name": name, "words": words} for name, words in each.others],
        "problems": list(each.problems),
        "until": each.until,
    }
