"""Everything the page of a draft is told with, looked up once: what people call things, what there
is to do, the example couple, and what stands around the draft.

The number of statements does not depend on the draft.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, cast, func, literal, null, or_, select, union_all
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from wedsync.accounts.models import Membership, User
from wedsync.connections.models import Connection
from wedsync.events import meanings
from wedsync.listings import manifests
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.wording import Wording, first_name, here
from wedsync.webhooks.models import Hook
from wedsync.workflows.building.board.coming_dates import Couple, couples_for
from wedsync.workflows.building.gestures.clipboard import steps_said
from wedsync.workflows.building.known.happened import COMES_IN, LATELY, Happened, started
from wedsync.workflows.building.known.known_data import Known, known_in
from wedsync.workflows.building.known.samples import Sample, SampleChoice, sample, samples_for
from wedsync.workflows.building.models import Clipboard
from wedsync.workflows.building.picking.step_picker import THERE
from wedsync.workflows.building.tries.keeping import LastTry, last_of
from wedsync.workflows.catalogue import Entries, entries_here
from wedsync.workflows.editing.checking import There, problems_of
from wedsync.workflows.editing.drafts import Draft
from wedsync.workflows.engine import Problem
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.models import DraftOperation, Workflow, WorkflowVersion
from wedsync.workflows.page_queries import event_names

RECENT = timedelta(minutes=10)
"""How long it is told that somebody else changed a step."""

_MOST_RECENT = 50


@dataclass(frozen=True, slots=True)
class Account:
    """An account that steps can act through."""

    id: str
    name: str


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
    of each connector, `tried` the steps this person tried as they are; `couples` are those whose
    dates are shown, `happened` is how often it started or could have; `refusal` is why nothing of
    the draft can be looked at."""

    workflow: Workflow
    problems: Sequence[Problem]
    person: Identity
    entries: Entries
    names: Mapping[str, str]
    accounts: Mapping[str, Sequence[Account]]
    tried: Mapping[str, LastTry]
    sample: Sample
    samples: tuple[SampleChoice, ...]
    known: Known
    couples: tuple[Couple, ...]
    happened: Happened
    around: Around
    refusal: str | None
    words: Wording = field(repr=False)

    @property
    def definition(self) -> Any:
        return self.workflow.draft

    @property
    def may_edit(self) -> bool:
        return self.person.has_role("editor")


def setting_of(draft: Draft, person: Identity, chosen: str | None = None) -> Setting:
    """Look up what the board and the panel need; `chosen` is the couple (`SampleChoice.key`)."""
    words, workflow = here(), draft.workflow
    organization_id, definition = person.organization_id, workflow.draft
    rows = db.session.execute(_everything_named(organization_id)).all()
    names, accounts = _called(rows)
    last = last_of(person, workflow.id, definition)
    seen = sample(organization_id, definition, chosen, tried=last.outputs, wording=words)
    return Setting(
        workflow=workflow,
        problems=problems_of(
            organization_id, definition, workflow_id=workflow.id, there=_there(rows)
        ),
        person=person,
        entries=entries_here(),
        names=names,
        accounts=accounts,
        tried=last.states,
        sample=seen,
        samples=samples_for(organization_id, words),
        known=known_in(definition, seen, names=names, wording=words),
        couples=couples_for(workflow, words),
        happened=_happened(workflow, seen, words),
        around=_around(workflow, person, names, words),
        refusal=refusal(definition),
        words=words,
    )


def _happened(workflow: Workflow, seen: Sample, words: Wording) -> Happened:
    """How often what starts it came in, or started it."""
    draft = workflow.draft if refusal(workflow.draft) is None else None
    trigger = mapping(mapping(draft).get("trigger"))
    if trigger.get("kind") in COMES_IN:
        return seen.happened
    return started(workflow, trigger, ids.first_at(words.now - LATELY))


def _called(
    rows: Sequence[Row[Any]],
) -> tuple[Mapping[str, str], Mapping[str, Sequence[Account]]]:
    """What everything is called that steps and triggers name by id, and the accounts to choose.
    People go by their first names, where no two of them share it."""
    known = manifests.of_many(db.session, {row.version for row in rows if row.version})
    names = dict(meanings.NAMES)
    accounts: dict[str, list[Account]] = {}
    called = Counter(first_name(row.name) for row in rows if row.kind == "user")
    for row in rows:
        is_known_by_first = row.kind == "user" and called[first_name(row.name)] == 1
        names[f"{row.kind}:{row.id}"] = first_name(row.name) if is_known_by_first else row.name
        if row.version in known:
            names |= event_names(f"connection:{row.id}", known[row.version])
        if row.state in THERE:
            accounts.setdefault(row.slug, []).append(Account(str(row.id), row.name))
    return names, accounts


def _there(rows: Sequence[Row[Any]]) -> There:
    """What of it definitions can name: no account that was deleted, and no hook of an account,
    since what comes to that comes from the account."""
    named = [row for row in rows if row.state != "deleted" and row.account is None]
    ids_of = {
        name: {row.id for row in named if row.kind == kind} for kind, name in _REFERENCES.items()
    }
    return There(ids_of, {row.id: row.slug for row in named if row.kind == "connection"})


def _everything_named(organization_id: UUID) -> Any:
    no_account = cast(null(), Connection.id.type)
    nothing = (cast(null(), Text), cast(null(), Text), no_account)

    def all_of(kind: str, model: Any, *more: Any) -> Any:
        return select(
            literal(kind).label("kind"),
            model.id.label("id"),
            model.name.label("name"),
            *(each.label(name) for each, name in zip(more, _MORE, strict=True)),
        )

    about = (Connection.slug, Connection.state, Connection.listing_version_id, no_account)
    hooks = all_of("hook", Hook, *nothing, Hook.connection_id)
    workflows = all_of("workflow", Workflow, *nothing, no_account)
    people = all_of("user", User, *nothing, no_account).join(
        Membership, Membership.user_id == User.id
    )
    return union_all(
        hooks.where(Hook.organization_id == organization_id),
        workflows.where(Workflow.organization_id == organization_id),
        people.where(Membership.organization_id == organization_id),
        all_of("connection", Connection, *about).where(
            Connection.organization_id == organization_id
        ),
    )


_MORE = ("slug", "state", "version", "account")
_REFERENCES = {"hook": "hook", "workflow": "workflow", "user": "person", "connection": "connection"}
"""By what a row is, the kind of reference to it."""


def _around(
    workflow: Workflow, person: Identity, names: Mapping[str, str], words: Wording
) -> Around:
    row = db.session.execute(_all_around(workflow, person, words.now - RECENT)).one()
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


def _all_around(workflow: Workflow, person: Identity, since: datetime) -> Any:
    own = (
        WorkflowVersion.organization_id == workflow.organization_id,
        WorkflowVersion.workflow_id == workflow.id,
    )
    live = (
        select(WorkflowVersion.number, WorkflowVersion.content_hash)
        .where(*own, WorkflowVersion.id == workflow.live_version_id)
        .subquery("live")
    )
    copied = select(Clipboard.steps).where(
        Clipboard.organization_id == workflow.organization_id,
        Clipboard.user_id == person.user_id,
    )
    alone = select(
        select(func.max(WorkflowVersion.number)).where(*own).scalar_subquery().label("last"),
        copied.scalar_subquery().label("steps"),
        _done(workflow, since).label("done"),
        _undone(workflow).label("redo"),
    ).subquery("alone")
    return select(alone, live.c.number, live.c.content_hash).select_from(
        alone.outerjoin(live, literal(True))
    )


def _undone(workflow: Workflow) -> Any:
    """What was undone last, in words."""
    return (
        select(DraftOperation.words)
        .where(
            DraftOperation.organization_id == workflow.organization_id,
            DraftOperation.workflow_id == workflow.id,
            DraftOperation.number == workflow.draft_operation + 1,
        )
        .scalar_subquery()
    )


def _done(workflow: Workflow, since: datetime) -> Any:
    """What was done lately as one list, newest first."""
    rows = (
        select(
            DraftOperation.number,
            DraftOperation.step_id,
            DraftOperation.words,
            DraftOperation.created_at,
            DraftOperation.made_by,
        )
        .where(
            DraftOperation.organization_id == workflow.organization_id,
            DraftOperation.workflow_id == workflow.id,
            DraftOperation.number <= workflow.draft_operation,
            or_(
                DraftOperation.number == workflow.draft_operation,
                DraftOperation.created_at >= since,
            ),
        )
        .order_by(DraftOperation.number.desc())
        .limit(_MOST_RECENT)
        .subquery("done")
    )
    listed = func.jsonb_build_array(*rows.c)
    newest_first = aggregate_order_by(listed, rows.c.number.desc())
    return select(func.jsonb_agg(newest_first, type_=JSONB)).scalar_subquery()
