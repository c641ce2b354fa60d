"""Making tries: pretended at once, or asked for, to be worked off by a drain (`real_tries`)."""

import math
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select

from wedsync.accounts.models import User
from wedsync.audit import service as audit
from wedsync.errors import Conflict, TooMany
from wedsync.platform import ids
from wedsync.platform.db import db, one_of
from wedsync.platform.identity import Identity
from wedsync.workflows import queries
from wedsync.workflows.building.gestures.contradictions import fingerprint
from wedsync.workflows.building.known import samples
from wedsync.workflows.building.known.samples import EXAMPLE, Sample
from wedsync.workflows.building.models import Try
from wedsync.workflows.building.tries import keeping, pretending, tried
from wedsync.workflows.building.tries.tried import Tried
from wedsync.workflows.building.tries.tryable import steps_by_id, tryable
from wedsync.workflows.building.tries.wanted import ToMe, wanted
from wedsync.workflows.building.tries.would import Telling
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing.checking import problems_of
from wedsync.workflows.engine import Perform
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.models import Workflow

MOST_AT_ONCE = 10
"""Tries of one organization that are under way."""

_OPEN = ("asked", "going_on")
_GONE = "This step is not there any more."
_NOBODY = "A key has no address of its own: say who is to get it."
_PRETENDED = "Nothing was sent: this is what would happen."


def pretend(
    by: Identity,
    workflow_id: UUID,
    *,
    sample: str | None = None,
    step: str | None = None,
    onwards: bool = False,
) -> Try:
    """Pretend the draft as it is now, one `step` of it, or from there `onwards`, for the couple
    with the key `sample` (`samples.sample`). Nothing leaves. Raises NotFound; Conflict
    `step_gone`."""
    workflow = queries.get_workflow(by.organization_id, workflow_id)
    if step is not None:
        _refuse_gone(workflow, step)
    seen = _seen(by, workflow, sample)
    found = pretending.pretend(by.organization_id, workflow, seen, step=step, onwards=onwards)
    keeping.forget_pretended(by, workflow.id)
    keeping.keep_pretended(by, workflow, found.outputs.keys() & steps_by_id(workflow.draft).keys())
    made = _row(by, workflow, seen, found, mode="pretend", state="done", message=_PRETENDED)
    made.step_id, made.onwards = step, onwards
    made.ended_at = func.clock_timestamp()
    return _added(made)


def really(
    by: Identity,
    workflow_id: UUID,
    step: str,
    *,
    sample: str | None = None,
    to_me: bool = False,
    key: str | None = None,
) -> Try:
    """Ask for one action step to really happen, `to_me` instead of to whom it says. It is worked
    off after the commit, which is to ring `tries`.

    Asked a second time while it is under way, or with the same `key`, it is the same try. Raises
    NotFound; Conflict `step_gone`, `nothing_to_try`, `sealed_input`, `example_recipient`; Invalid
    `step_unfinished`, `input_unfit`; TooMany.
    """
    workflow = queries.get_workflow(by.organization_id, workflow_id, lock=True)
    own_id = uuid5(by.credential_id, f"{workflow_id} {key}") if key else ids.new_id()
    if (earlier := _earlier(by, own_id) if key else None) is not None:
        return earlier
    definition = _refuse_gone(workflow, step)
    if (under_way := _under_way(by, workflow, step)) is not None:
        return under_way
    problems = problems_of(by.organization_id, workflow.draft, workflow_id=workflow.id)
    known = entries(by.organization_id)
    seen = _seen(by, workflow, sample)
    telling = Telling(steps_by_id(workflow.draft), known, mapping(seen.wedding))
    can = tryable(workflow.draft, problems)
    entry = telling.entry(step)
    perform = wanted(can, definition, entry, seen, _own_address(by) if to_me else None)
    told = Tried(seen.name, (telling.asked(step, perform.input),))
    made = _row(by, workflow, seen, told, mode="really", state="asked", message="")
    made.id = own_id
    made.told = {**made.told, "done": telling.happened(step, perform.input)}
    made.step_id, made.to_me = step, to_me
    _note_what(made, perform, seen)
    made.fingerprint = fingerprint(workflow.draft, step)
    _audit(by, made)
    return _added(made)


def get(organization_id: UUID, workflow_id: UUID, try_id: UUID) -> Try:
    """One try of a workflow. Raises NotFound."""
    missing = "There is no such try."
    return one_of(Try, organization_id, try_id, Try.workflow_id == workflow_id, missing=missing)


def _seen(by: Identity, workflow: Workflow, sample: str | None) -> Sample:
    last = keeping.last_of(by, workflow.id, workflow.draft)
    return samples.sample(by.organization_id, workflow.draft, sample, tried=last.outputs)


def _refuse_gone(workflow: Workflow, step: str) -> Any:
    found = steps_by_id(workflow.draft).get(step)
    if found is None:
        raise Conflict(_GONE, code="step_gone", extra={"step": step})
    return found


def _earlier(by: Identity, try_id: UUID) -> Try | None:
    """The try that came with this key before."""
    is_it = (Try.organization_id == by.organization_id, Try.id == try_id)
    return db.session.scalar(select(Try).where(*is_it))


def _under_way(by: Identity, workflow: Workflow, step: str) -> Try | None:
    """The try of this step that somebody waits for already; too many of others are refused."""
    going_on = db.session.scalars(
        select(Try).where(Try.organization_id == by.organization_id, Try.state.in_(_OPEN))
    ).all()
    for each in going_on:
        if (each.workflow_id, each.step_id, each.user_id) == (workflow.id, step, by.user_id):
            return each
    if len(going_on) >= MOST_AT_ONCE:
        raise TooMany("Enough is being tried just now. Wait until that is over.", retry_after_s=5)
    return None


def _own_address(by: Identity) -> ToMe:
    person = db.session.get(User, by.user_id) if by.user_id else None
    if person is None:
        raise Conflict(_NOBODY, code="nothing_to_try")
    return ToMe(person.email)


def _row(by: Identity, workflow: Workflow, seen: Sample, found: Tried, **fields: Any) -> Try:
    return Try(
        id=ids.new_id(),
        organization_id=by.organization_id,
        workflow_id=workflow.id,
        user_id=by.user_id,
        sample=seen.key,
        told=tried.written(found),
        **fields,
    )


def _note_what(made: Try, perform: Perform, seen: Sample) -> None:
    made.use, made.connection_id = perform.use, perform.connection
    made.input, made.timeout_s = dict(perform.input), math.ceil(perform.timeout_s)
    made.wedding_id = None if seen.key == EXAMPLE else ids.read(seen.key)


def _audit(by: Identity, made: Try) -> None:
    facts = {"step": made.step_id, "use": made.use, "to_me": made.to_me, "try_id": str(made.id)}
    audit.record(
        "workflow.step_tried",
        "workflow",
        made.workflow_id,
        organization_id=by.organization_id,
        by=by,
        facts=facts,
    )


def _added(made: Try) -> Try:
    db.session.add(made)
    db.session.flush()
    db.session.refresh(made)
    return made
