"""`/weddings/{id}/moves`: what follows if a wedding's dates move, or if it ends."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from wedsync.api.resources import Resource
from wedsync.api.schemas.base import Answer, Query
from wedsync.platform import identity
from wedsync.weddings.fields import checked
from wedsync.workflows.clockwork import moves
from wedsync.workflows.clockwork.moves import Asked, Move

wedding_moves = Resource("Wedding moves", "What waits for a wedding's dates, before they move.")

_DAY = "The day it would move to, ISO 8601; empty: not known any more; left out: as it is."


class MovesQuery(Query):
    date: str | None = Field(default=None, max_length=10, description=_DAY)
    rsvp_deadline: str | None = Field(default=None, max_length=10, description=_DAY)
    final_count_due: str | None = Field(default=None, max_length=10, description=_DAY)
    delivery_date: str | None = Field(default=None, max_length=10, description=_DAY)
    status: Literal["cancelled", "archived"] | None = Field(
        default=None, description="As if it were cancelled, or put away."
    )
    postponed: bool = Field(
        default=False, description="As if it were postponed: what happened may happen again."
    )


class MoveOut(Answer):
    workflow_id: UUID
    workflow_name: str
    run_id: UUID | None = Field(description="The first of the runs that wait; null for a start.")
    step: str | None = Field(description="Where they wait; null for a start.")
    runs: int = Field(description="How many runs wait there; 1 for a start.")
    before: datetime | None
    after: datetime | None
    outcome: Literal["stays", "moves", "waits", "at_once", "left_out", "asked", "ends"] = Field(
        description="`waits` for a date that is not known; `at_once`, `left_out` and `asked`: the "
        "new time has passed, or it happened before; `ends` with the wedding."
    )
    happened: bool = Field(description="Whether it came before and would come again.")


class MovesOut(Answer):
    wedding_id: UUID
    zone: str
    data: list[MoveOut]


@wedding_moves.get("/weddings/<uuid:wedding_id>/moves", query=MovesQuery, answer=MovesOut)
def preview_moves(wedding_id: UUID, query: MovesQuery) -> MovesOut:
    """Look ahead: what waits for a wedding's dates, and what would become of it.

    Nothing is changed.
    """
    found = moves.preview(identity.organization_id(), wedding_id, _asked(query))
    data = [_out(move) for move in found.moves]
    return MovesOut(wedding_id=wedding_id, zone=found.zone, data=data)


def _asked(query: MovesQuery) -> Asked:
    given = query.model_dump(exclude_unset=True, exclude={"status", "postponed"})
    return Asked(checked(given), query.status, query.postponed)


def _out(move: Move) -> MoveOut:
    return MoveOut(
        workflow_id=move.workflow_id,
        workflow_name=move.workflow_name,
        run_id=move.run_id,
        step=move.step,
        runs=move.many,
        before=move.before,
        after=move.after,
        outcome=move.outcome,
        happened=move.happened,
    )
