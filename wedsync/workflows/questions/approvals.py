"""Answering what a run asks: once, by whoever was asked, on the page or by an e-mailed link.

The answer is written beside the run, which goes on with it. Of two who answer at once the first
counts and the second is told so. The caller commits and rings `runs`.
"""

from typing import Literal
from uuid import UUID

from sqlalchemy import func, update

from wedsync.accounts.models import User
from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Forbidden, Invalid
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows.questions import approval_people, approval_queries
from wedsync.workflows.questions.approval_queries import ApprovalLine, OpenedLink
from wedsync.workflows.running import answering
from wedsync.workflows.waiting_models import Approval

LONGEST_NOTE = 2000

Answer = Literal["approved", "refused"]


def decide(
    me: Identity, approval_id: UUID, answer: Answer, *, note: str | None = None
) -> ApprovalLine:
    """Answer as a member of the team. Raises NotFound, Forbidden for who was not asked, Invalid
    for the note, Conflict when it needs no answer any more."""
    line = approval_queries.get(me.organization_id, approval_id)
    if not approval_people.may_answer(db.session, me, line.asked_of):
        raise Forbidden("Somebody else was asked. They or an owner can answer.", code="not_asked")
    _answer(line, answer, note, by=_name_of(me), user_id=me.user_id)
    _record(line, answer, me)
    return line


def decide_for_run(
    me: Identity, run_id: UUID, answer: Answer, *, note: str | None = None
) -> ApprovalLine:
    """Answer the one open question of a run. Raises Conflict when there are none or several, and
    what `decide` raises."""
    found = approval_queries.latest(me.organization_id, states=["open"], run_id=run_id, limit=2)
    if not found:
        raise Conflict("This run is not asking anything.", code="run_asks_nothing")
    if len(found) > 1:
        raise Conflict(
            "This run asks several questions. Answer each by its own id.",
            code="run_asks_several",
        )
    return decide(me, found[0].approval.id, answer, note=note)


def decide_by_link(opened: OpenedLink, answer: Answer, *, note: str | None = None) -> None:
    """Answer by an e-mailed link, and spend it. Raises Invalid, Conflict."""
    _answer(opened.line, answer, note, by=opened.link.email, user_id=None)
    opened.link.spent_at = clock.now()
    _record(opened.line, answer, None, link_id=str(opened.link.id))


def _answer(
    line: ApprovalLine, answer: Answer, note: str | None, *, by: str, user_id: UUID | None
) -> None:
    note = _checked(note)
    connection = db.session.connection()
    answering.touch(connection, [line], clock.now())
    held = answering.lock(connection, [line.approval.run_id])
    taken = (
        held
        and db.session.execute(
            update(Approval)
            .where(
                Approval.organization_id == line.approval.organization_id,
                Approval.id == line.approval.id,
                Approval.state == "open",
                func.coalesce(Approval.expires_at > clock.now(), True),
            )
            .values(
                state=answer,
                decided_at=clock.now(),
                decided_by=by,
                decided_by_user_id=user_id,
                note=note,
            )
            .returning(Approval.id)
        ).scalar()
    )
    if not taken:
        raise Conflict(_too_late(line), code="approval_over")
    said = {"approved": answer == "approved", "by": by, "note": note}
    answering.give(connection, {line.approval.run_id: said})


def _too_late(line: ApprovalLine) -> str:
    """Why an answer does not count any more."""
    db.session.refresh(line.approval)
    approval = line.approval
    if approval.decided_by is not None:
        said = "yes" if approval.state == "approved" else "no"
        return f"{approval.decided_by} was quicker and said {said}. Your answer changes nothing."
    if not line.is_open and approval.state != "cancelled":
        return "The time for an answer is over. Your answer changes nothing."
    return "This does not need an answer any more. Your answer changes nothing."


def _checked(note: str | None) -> str | None:
    said = (note or "").strip()
    problem = ""
    if len(said) > LONGEST_NOTE:
        problem = f"Use at most {LONGEST_NOTE:,} characters."
    elif "\x00" in said:
        problem = "This holds a character that cannot be used here."
    if problem:
        raise Invalid(problem, errors=[FieldError("/note", "note", problem)])
    return said or None


def _name_of(me: Identity) -> str:
    user = db.session.get(User, me.user_id) if me.user_id else None
    return user.name if user else "An API key"


def _record(line: ApprovalLine, answer: Answer, by: Identity | None, **facts: str) -> None:
    audit.record(
        f"approval.{answer}",
        "run",
        line.run_id,
        organization_id=line.approval.organization_id,
        by=by,
        facts={"approval_id": str(line.approval.id), "step": line.approval.step_id, **facts},
    )
