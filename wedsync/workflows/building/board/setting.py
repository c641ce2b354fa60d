"""Everything the page of a draft is told with, looked up once: what people call things, what there
is to do, the example couple, and what stands around the draft.

The number of statements does not depend on the draft.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.wording import Wording, here
from wedsync.workflows.building.board.coming_dates import Couple, couples_for
from wedsync.workflows.building.board.named import named_in
from wedsync.workflows.building.gestures.clipboard import steps_said
from wedsync.workflows.building.known.happened import COMES_IN, LATELY, Happened, started
from wedsync.workflows.building.known.known_data import Known, known_in
from wedsync.workflows.building.known.samples import Sample, SampleChoice, sample_in, samples_for
from wedsync.workflows.building.models import Clipboard
from wedsync.workflows.building.panel.field_choices import Accounts
from wedsync.workflows.building.tries.keeping import LastTry, last_of
from wedsync.workflows.catalogue import Entries, entries_here
from wedsync.workflows.editing.checking import problems_of
from wedsync.workflows.editing.drafts import Draft
from wedsync.workflows.engine import Problem
from wedsync.workflows.engine.shape import Readable, looked_through, refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.models import DraftOperation, Workflow, WorkflowVersion

RECENT = timedelta(minutes=10)
"""How long it is told that somebody else changed a step."""

_MOST_RECENT = 50


@dataclass(frozen=True, slots=True)
class Recent:
    """Something that was done to the draft, and by whom; `is_mine` of who looks."""

    number: int
    step: str | None
    words: str
    at: datetime
    who: str
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Around:
    """The versions beside a draft, what is on the clipboard in words, and what was done to the
    draft lately, the latest first: always the last thing, and of the rest what is recent. `undo`
    and `redo` are what can be taken back and done again, in words."""

    last_version: int | None
    live_version: int | None
    live_hash: str | None
    clipboard: str
    undo: str | None
    redo: str | None
    done: tuple[Recent, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A workflow, who looks at its draft, and what they look at it with. `problems` are all that is
    wrong with the draft, `names` those of accounts, hooks, workflows and people, `accounts` those
    of each connector that are in use, `choosable` all of them, `tried` the steps this person tried
    as they are; `couples` are those whose dates are shown, `happened` is how often it started or
    could have; `refusal` is why nothing of the draft can be looked at, `written` as much as can."""

    workflow: Workflow
    problems: Sequence[Problem]
    person: Identity
    entries: Entries
    names: Mapping[str, str]
    accounts: Accounts
    choosable: Accounts
    tried: Mapping[str, LastTry]
    sample: Sample
    samples: tuple[SampleChoice, ...]
    known: Known
    couples: tuple[Couple, ...]
    happened: Happened
    around: Around
    refusal: str | None
    written: Readable
    words: Wording = field(repr=False)

    @property
    def definition(self) -> Any:
        return self.workflow.draft

    def owner_of(self, step_id: str | None) -> Mapping[str, Any] | None:
        """The step of this id, or what starts the workflow; None where it is not there."""
        if step_id is None:
            return mapping(self.written.get("trigger")) if self.written else None
        found = self.known.placed.get(step_id)
        return found.step if found else None

    @property
    def may_edit(self) -> bool:
        return self.person.has_role("editor")


def setting_of(
    draft: Draft, person: Identity, chosen: str | None = None, earlier: Known | None = None
) -> Setting:
    """Look up what the board and the panel need; `chosen` is the couple (`SampleChoice.key`).
    `earlier` is what was known of the draft before it was changed in this request."""
    words, workflow = here(), draft.workflow
    organization_id, definition = person.organization_id, workflow.draft
    written, refused = looked_through(definition)
    named = named_in(organization_id)
    last = last_of(person, workflow.id, definition)
    seen = sample_in(
        organization_id,
        written,
        chosen,
        tried=last.outputs,
        wording=words,
        earlier=earlier.chosen if earlier else None,
    )
    return Setting(
        workflow=workflow,
        problems=problems_of(
            organization_id,
            definition,
            workflow_id=workflow.id,
            there=named.there,
            written=written,
        ),
        person=person,
        entries=entries_here(),
        names=named.names,
        accounts=named.accounts,
        choosable=named.choosable,
        tried=last.states,
        sample=seen,
        samples=samples_for(organization_id, words),
        known=known_in(written, seen, names=named.names, wording=words, earlier=earlier),
        couples=couples_for(workflow, written, words),
        happened=_happened(workflow, mapping(written.get("trigger")), seen, words),
        around=_around(workflow, person, named.names, words),
        refusal=refused,
        written=written,
        words=words,
    )


def _happened(
    workflow: Workflow, trigger: Mapping[str, Any], seen: Sample, words: Wording
) -> Happened:
    """How often what starts it came in, or started it."""
    if trigger.get("kind") in COMES_IN:
        return seen.happened
    return started(workflow, trigger, ids.first_at(words.now - LATELY))


def _around(
    workflow: Workflow, person: Identity, names: Mapping[str, str], words: Wording
) -> Around:
    about = {
        "organization_id": workflow.organization_id,
        "workflow_id": workflow.id,
        "live_version_id": workflow.live_version_id,
        "user_id": person.user_id,
        "here": workflow.draft_operation,
        "following": workflow.draft_operation + 1,
        "since": words.now - RECENT,
    }
    row = db.session.execute(_AROUND, about).one()
    copied = sequence(row.steps)
    is_whole = bool(copied) and refusal(row.steps) is None
    done = tuple(_recent(each, person, names) for each in row.done or ())
    is_last_known = bool(done) and done[0].number == workflow.draft_operation
    return Around(
        last_version=row.last,
        live_version=row.number,
        live_hash=row.content_hash,
        clipboard=steps_said(copied) if is_whole else "",
        undo=done[0].words if is_last_known else None,
        redo=row.redo,
        done=done,
    )


def _recent(row: list[Any], person: Identity, names: Mapping[str, str]) -> Recent:
    """Who is no member any more has no name."""
    number, step, words, at, made_by = row
    is_mine = made_by is not None and made_by == str(person.user_id)
    who = names.get(f"user:{made_by}", "Somebody")
    return Recent(number, step, words, datetime.fromisoformat(at), who, is_mine)


def _of_workflow(model: Any) -> tuple[Any, ...]:
    return (
        model.organization_id == bindparam("organization_id"),
        model.workflow_id == bindparam("workflow_id"),
    )


def _all_around() -> Any:
    own = _of_workflow(WorkflowVersion)
    live = (
        select(WorkflowVersion.number, WorkflowVersion.content_hash)
        .where(*own, WorkflowVersion.id == bindparam("live_version_id"))
        .subquery("live")
    )
    copied = select(Clipboard.steps).where(
        Clipboard.organization_id == bindparam("organization_id"),
        Clipboard.user_id == bindparam("user_id"),
    )
    alone = select(
        select(func.max(WorkflowVersion.number)).where(*own).scalar_subquery().label("last"),
        copied.scalar_subquery().label("steps"),
        _done().label("done"),
        _undone().label("redo"),
    ).subquery("alone")
    return select(alone, live.c.number, live.c.content_hash).select_from(
        alone.outerjoin(live, literal(True))
    )


def _undone() -> Any:
    """What was undone last, in words."""
    following = DraftOperation.number == bindparam("following")
    return (
        select(DraftOperation.words)
        .where(*_of_workflow(DraftOperation), following)
        .scalar_subquery()
    )


def _done() -> Any:
    """What was done lately as one list, newest first."""
    here: Any = bindparam("here")
    rows = (
        select(
            DraftOperation.number,
            DraftOperation.step_id,
            DraftOperation.words,
            DraftOperation.created_at,
            DraftOperation.made_by,
        )
        .where(
            *_of_workflow(DraftOperation),
            DraftOperation.number <= here,
            or_(DraftOperation.number == here, DraftOperation.created_at >= bindparam("since")),
        )
        .order_by(DraftOperation.number.desc())
        .limit(_MOST_RECENT)
        .subquery("done")
    )
    listed = func.jsonb_build_array(*rows.c)
    newest_first = aggregate_order_by(listed, rows.c.number.desc())
    return select(func.jsonb_agg(newest_first, type_=JSONB)).scalar_subquery()


_AROUND = _all_around()
