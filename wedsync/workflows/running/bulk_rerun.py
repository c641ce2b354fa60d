"""Running many runs again at once: a batch with a filter, done run by run beside everything else.

Each run is taken up in a transaction of its own that also notes how far the batch is, so a batch
goes on after a death exactly where it stood. A batch does `TURN` runs a second, so that it fills
no queue others wait in. One that was taken up `MOST_TRIES` times without coming a run further,
whatever broke it off, has failed.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, func, select, text

from wedsync.accounts import organizations
from wedsync.accounts.models import Membership
from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid, NotFound
from wedsync.platform import ids
from wedsync.platform.db import db, one_of
from wedsync.platform.identity import Identity
from wedsync.workflows import queries
from wedsync.workflows.models import RerunBatch
from wedsync.workflows.running import runs

TURN = 50
MOST = 50_000
MOST_TRIES = 3
_LEASE_S = 30
_PAUSE_S = 1

Again = Literal["failed", "stopped"]

log = logging.getLogger(__name__)

# A run that was taken up again is known by its cause, for which there is an index.
_WANTED = (
    " FROM runs r WHERE r.organization_id = :organization_id AND r.parent_run_id IS NULL"
    " AND r.state = :state AND r.id >= :first AND r.id < :end"
    " AND (CAST(:workflow_id AS uuid) IS NULL OR r.workflow_id = :workflow_id)"
    " AND (CAST(:error AS text) IS NULL OR r.reason ->> 'code' = :error OR EXISTS"
    "  (SELECT FROM run_steps s WHERE s.run_id = r.id AND s.step_id = r.reason ->> 'step'"
    "   AND s.item = -1 AND s.error ->> 'code' = :error))"
)
_NOT_YET = (
    " AND NOT EXISTS (SELECT FROM runs again WHERE again.workflow_id = r.workflow_id"
    "  AND again.cause = 'rerun:' || r.id || '\\:1')"
)
_COUNT = text(f"SELECT count(*) FROM (SELECT 1{_WANTED}{_NOT_YET} LIMIT {MOST + 1}) found")
_NEXT = text(f"SELECT r.id{_WANTED}{_NOT_YET} AND r.id > :seen ORDER BY r.id LIMIT {TURN}")
_TAKEN_UP = text(
    "SELECT EXISTS (SELECT FROM runs WHERE workflow_id = :workflow_id"
    " AND cause = 'rerun:' || CAST(:id AS text) || '\\:1')"
)
_TAKE = text(
    "UPDATE rerun_batches SET tries = tries + 1,"
    " lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id = (SELECT id FROM rerun_batches WHERE state = 'running'"
    "  AND (lease_until IS NULL OR lease_until < clock_timestamp())"
    "  ORDER BY lease_until NULLS FIRST LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, organization_id, wanted, after, made_by, tries"
)
_NOTE = text(
    "UPDATE rerun_batches SET done = done + :done, passed_over = passed_over + :passed_over,"
    " tries = 0, after = :run_id WHERE id = :id AND state = 'running'"
    " AND after IS NOT DISTINCT FROM CAST(:before AS uuid) RETURNING id"
)
_LEAVE = text(
    "UPDATE rerun_batches SET tries = 0,"
    " lease_until = clock_timestamp() + make_interval(secs => :pause) WHERE id = :id"
)
_END = text(
    "UPDATE rerun_batches SET state = :state, finished_at = clock_timestamp(), lease_until = NULL"
    " WHERE id = :id AND state = 'running'"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs: those in `state` that began from `since` to before `until`, perhaps of one
    workflow, perhaps with this code of an error."""

    state: Again
    workflow_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    error: str | None = None

    def as_json(self, end: UUID) -> dict[str, Any]:
        return {
            "state": self.state,
            "workflow": str(self.workflow_id) if self.workflow_id else None,
            "from": self.since.isoformat() if self.since else None,
            "to": self.until.isoformat() if self.until else None,
            "error": self.error,
            "end": str(end),
        }

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Wanted":
        """What `as_json` wrote."""
        workflow, since, until = (written.get(name) for name in ("workflow", "from", "to"))
        return cls(
            state=written["state"],
            workflow_id=UUID(workflow) if workflow else None,
            since=datetime.fromisoformat(since) if since else None,
            until=datetime.fromisoformat(until) if until else None,
            error=written.get("error"),
        )

    def asked(self, organization_id: UUID, end: UUID) -> dict[str, Any]:
        return {
            "organization_id": organization_id,
            "state": self.state,
            "workflow_id": self.workflow_id,
            "first": ids.first_at(self.since) if self.since else UUID(int=0),
            "end": min(end, ids.first_at(self.until)) if self.until else end,
            "error": self.error,
        }


def count(organization_id: UUID, wanted: Wanted) -> int:
    """How many runs that is now, those not taken up again yet; at most `MOST` + 1."""
    asked = wanted.asked(organization_id, ids.new_id())
    return int(db.session.scalar(_COUNT, asked) or 0)


def begin(organization_id: UUID, wanted: Wanted, *, by: Identity | None = None) -> RerunBatch:
    """Begin a batch of the runs there are now.

    Raises Invalid when there is no such workflow, Conflict when there are no such runs or too
    many, or when another batch of the organization is going on.
    """
    _check_workflow(organization_id, wanted)
    if _running(organization_id):
        raise Conflict(
            "Many runs are being run again already. Wait until that is done, or stop it.",
            code="batch_running",
        )
    end = ids.new_id()
    total = int(db.session.scalar(_COUNT, wanted.asked(organization_id, end)) or 0)
    if not total:
        raise Conflict("There is no such run that could be run again.", code="batch_empty")
    if total > MOST:
        raise Conflict(
            f"That is more than {MOST:,} runs. Choose fewer days or one workflow.",
            code="batch_too_large",
        )
    batch = RerunBatch(
        organization_id=organization_id,
        wanted=wanted.as_json(end),
        total=total,
        made_by=by.user_id if by else None,
    )
    db.session.add(batch)
    db.session.flush()
    _record("begun", batch, by, total=total)
    return batch


def _check_workflow(organization_id: UUID, wanted: Wanted) -> None:
    if wanted.workflow_id is None:
        return
    try:
        queries.get_workflow(organization_id, wanted.workflow_id)
    except NotFound as error:
        problem = FieldError("/workflow", "workflow", error.detail)
        raise Invalid(error.detail, errors=[problem]) from error


def cancel(organization_id: UUID, batch_id: UUID, *, by: Identity | None = None) -> RerunBatch:
    """Take up no more of its runs; those taken up go on. Raises NotFound, Conflict."""
    batch = get(organization_id, batch_id, lock=True)
    if batch.state != "running":
        raise Conflict("This is over already.", code="batch_over")
    batch.state = "cancelled"
    batch.finished_at = func.clock_timestamp()
    batch.lease_until = None
    db.session.flush()
    _record("cancelled", batch, by, done=batch.done)
    return batch


def get(organization_id: UUID, batch_id: UUID, *, lock: bool = False) -> RerunBatch:
    """One batch, its row locked for a change when asked. Raises NotFound."""
    missing = "There is no such batch of runs."
    return one_of(RerunBatch, organization_id, batch_id, lock=lock, missing=missing)


def latest(
    organization_id: UUID, *, before: UUID | None = None, limit: int = 50
) -> list[RerunBatch]:
    """Batches, newest first, older than `before`."""
    query = select(RerunBatch).where(RerunBatch.organization_id == organization_id)
    if before is not None:
        query = query.where(RerunBatch.id < before)
    return list(db.session.scalars(query.order_by(RerunBatch.id.desc()).limit(limit)))


def work(stopping: threading.Event) -> int:
    """Do a turn of every batch that is due; returns how many runs were looked at."""
    looked_at = 0
    try:
        while not stopping.is_set() and (batch := _take()) is not None:
            if batch.tries > MOST_TRIES:
                _give_up(batch)
            else:
                looked_at += _turn(batch, stopping)
    finally:
        db.session.remove()
    return looked_at


def _take() -> Row[Any] | None:
    """A batch whose turn it is, leased; its progress is written under a fence of its own."""
    batch = db.session.execute(_TAKE, {"lease": _LEASE_S}).first()
    db.session.commit()
    return batch


def _give_up(batch: Row[Any]) -> None:
    log.error("batch %s broke off %s times after run %s", batch.id, MOST_TRIES, batch.after)
    db.session.execute(_END, {"id": batch.id, "state": "failed"})
    db.session.commit()


def _turn(batch: Row[Any], stopping: threading.Event) -> int:
    wanted, end = Wanted.read(batch.wanted), UUID(batch.wanted["end"])
    asked = wanted.asked(batch.organization_id, end)
    found = db.session.scalars(_NEXT, {**asked, "seen": batch.after or UUID(int=0)}).all()
    by = _acting(batch)
    db.session.commit()
    before, looked_at = batch.after, 0
    for run_id in found:
        if stopping.is_set() or not _one(batch, run_id, before, by):
            break
        before, looked_at = run_id, looked_at + 1
    if found:
        db.session.execute(_LEAVE, {"id": batch.id, "pause": _PAUSE_S})
    else:
        db.session.execute(_END, {"id": batch.id, "state": "done"})
    db.session.commit()
    return looked_at


def _one(batch: Row[Any], run_id: UUID, before: UUID | None, by: Identity | None) -> bool:
    """Run one again, or pass it over; False when the batch is over or another worker's by now."""
    done = _rerun(batch.organization_id, run_id, by)
    noted = db.session.scalar(
        _NOTE,
        {
            "id": batch.id,
            "run_id": run_id,
            "before": before,
            "done": int(done),
            "passed_over": int(not done),
        },
    )
    if noted is None:
        db.session.rollback()
        return False
    db.session.commit()
    return True


def _rerun(organization_id: UUID, run_id: UUID, by: Identity | None) -> bool:
    """Whether it could be run again: not a second time, and not what is gone or not over."""
    try:
        with db.session.begin_nested():
            run = queries.get_run(organization_id, run_id, lock=True)
            if db.session.scalar(_TAKEN_UP, {"workflow_id": run.workflow_id, "id": run.id}):
                return False
            runs.rerun(organization_id, run_id, by=by)
    except (Conflict, NotFound):
        return False
    return True


def _acting(batch: Row[Any]) -> Identity | None:
    """Whoever began the batch, while they are in the team."""
    if batch.made_by is None:
        return None
    role = db.session.scalar(
        select(Membership.role).where(
            Membership.organization_id == batch.organization_id,
            Membership.user_id == batch.made_by,
        )
    )
    if role is None:
        return None
    return organizations.acting(
        batch.organization_id, batch.made_by, organizations.role_named(role)
    )


def _running(organization_id: UUID) -> bool:
    query = select(RerunBatch.id).where(
        RerunBatch.organization_id == organization_id, RerunBatch.state == "running"
    )
    return db.session.scalar(query.limit(1)) is not None


def _record(action: str, batch: RerunBatch, by: Identity | None, **facts: Any) -> None:
    audit.record(
        f"run_batch.{action}",
        "run_batch",
        batch.id,
        organization_id=batch.organization_id,
        by=by,
        facts={**batch.wanted, **facts},
    )
