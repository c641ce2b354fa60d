"""What is kept of tries, for the person who made them: which steps were tried as they are now, and
what those gave that really happened. What is pretended gives nothing but the sample it was made
of, so of that nothing is kept; a step that was changed since is as if it had not been tried."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, null, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, scoped_session

from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows.building.gestures.contradictions import fingerprint
from wedsync.workflows.building.models import TriedOutput, Try
from wedsync.workflows.engine.shape import weight
from wedsync.workflows.models import Workflow

Executor = Connection | Session | scoped_session[Any]

MOST_BYTES = 64 * 1024
"""An output larger than this is not kept: the sample stands in for it."""


@dataclass(frozen=True, slots=True)
class LastTry:
    """A step that was tried as it is now."""

    is_real: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Last:
    """What one person tried of one draft: `outputs` what really came of steps, by id, as `tried`
    of `samples.sample`; `states` every step that was tried."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, LastTry] = field(default_factory=dict)


_KEPT = select(TriedOutput).where(
    TriedOutput.organization_id == bindparam("organization_id"),
    TriedOutput.user_id == bindparam("user_id"),
    TriedOutput.workflow_id == bindparam("workflow_id"),
)


def last_of(by: Identity, workflow_id: UUID, draft: Any) -> Last:
    """The steps that this person tried as they are in this draft, in one query."""
    if by.user_id is None:
        return Last()
    about = {
        "organization_id": by.organization_id,
        "user_id": by.user_id,
        "workflow_id": workflow_id,
    }
    kept = db.session.scalars(_KEPT, about)
    now = [row for row in kept if row.fingerprint == fingerprint(draft, row.step_id)]
    return Last(
        outputs={row.step_id: row.output for row in now if row.output is not None},
        states={row.step_id: LastTry(row.is_real, row.tried_at) for row in now},
    )


def keep_pretended(by: Identity, workflow: Workflow, steps: Iterable[str]) -> None:
    """Note that these steps were pretended; one that really happened as it is now stays that."""
    if by.user_id is None:
        return
    rows = [
        {
            "user_id": by.user_id,
            "workflow_id": workflow.id,
            "step_id": step,
            "organization_id": by.organization_id,
            "fingerprint": fingerprint(workflow.draft, step),
            "is_real": False,
            "output": null(),
            "tried_at": clock.now(),
        }
        for step in sorted(steps)
    ]
    if rows:
        _write(db.session, rows)


def keep_real(executor: Executor, row: Any, output: Any) -> None:
    """Keep what a step gave that really happened. `row` is its try; a key of an app, which is
    nobody, has nothing kept for it."""
    size = weight(output)
    if row.user_id is None or size is None:
        return
    kept = {
        "user_id": row.user_id,
        "workflow_id": row.workflow_id,
        "step_id": row.step_id,
        "organization_id": row.organization_id,
        "fingerprint": row.fingerprint,
        "is_real": True,
        "output": output if size <= MOST_BYTES and output is not None else null(),
        "tried_at": clock.now(),
    }
    _write(executor, [kept])


def forget_pretended(by: Identity, workflow_id: UUID) -> None:
    """Of what is pretended only the last is kept."""
    db.session.execute(
        delete(Try).where(
            Try.organization_id == by.organization_id,
            Try.workflow_id == workflow_id,
            Try.user_id == by.user_id,
            Try.mode == "pretend",
        )
    )


def _write(executor: Executor, rows: list[dict[str, Any]]) -> None:
    statement = insert(TriedOutput).values(rows)
    new = statement.excluded
    executor.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "workflow_id", "step_id"],
            set_={
                "fingerprint": new.fingerprint,
                "is_real": new.is_real,
                "output": new.output,
                "tried_at": new.tried_at,
            },
            where=or_(
                new.is_real,
                TriedOutput.is_real.is_(False),
                TriedOutput.fingerprint != new.fingerprint,
            ),
        )
    )
