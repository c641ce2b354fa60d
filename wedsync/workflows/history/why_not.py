"""Why an event started nothing, or why nothing came of what it started: answered on demand.

The version that was live when the event was passed on is run over the event as it is kept. Nothing
is written, so the answer is as true a year later, as long as both are there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from wedsync.audit.models import AuditEntry
from wedsync.events import queries as events
from wedsync.events.as_trigger import as_trigger
from wedsync.events.models import Event
from wedsync.events.returning import TOO_OFTEN
from wedsync.platform.db import db
from wedsync.platform.wording import Wording, name_words, sentence_end
from wedsync.workflows import page_queries, queries
from wedsync.workflows.engine import DefinitionInvalid, compile_definition, trigger_sentence
from wedsync.workflows.models import Workflow, WorkflowVersion
from wedsync.workflows.page_queries import RunRow
from wedsync.workflows.run_models import Run

Code = Literal[
    "started",
    "loop",
    "not_passed_on",
    "parked",
    "not_published",
    "off",
    "other_trigger",
    "other_event",
    "other_source",
    "did_not_fit",
    "unreadable",
    "unexplained",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code, a title and sentences; `technical` is folded away."""

    code: Code
    title: str
    text: str
    technical: str = ""


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What became of an event at a workflow.

    `version` is the one that was live when the event was passed on, None before the first. `run`
    is what it started, if it did; then the reason why nothing came of that is the run's own.
    """

    workflow: Workflow
    event: Event
    version: WorkflowVersion | None
    run: RunRow | None
    reason: Reason


_SWITCHES = {
    "workflow.published": True,
    "workflow.rolled_back": True,
    "workflow.resumed": True,
    "workflow.paused": True,
    "workflow.turned_off": False,
}
"""What the audit calls switching, and whether a workflow starts runs afterwards."""


def why_not(organization_id: UUID, workflow_id: UUID, event_id: UUID, words: Wording) -> WhyNot:
    """Why this event did not start this workflow, or what became of it. Raises NotFound."""
    workflow = queries.get_workflow(organization_id, workflow_id)
    event = events.get(organization_id, event_id)
    run = _run_of(workflow, event)
    version = _version_at(workflow, _passed_on(event))
    if run is not None:
        return WhyNot(workflow, event, version, run, _what_it_started(run))
    return WhyNot(workflow, event, version, None, _reason(workflow, event, version, words))


def _run_of(workflow: Workflow, event: Event) -> RunRow | None:
    run_id = db.session.scalar(
        select(Run.id).where(
            Run.organization_id == workflow.organization_id,
            Run.workflow_id == workflow.id,
            Run.cause == f"event:{event.id}",
        )
    )
    if run_id is None:
        return None
    found = page_queries.list_run_rows(workflow.organization_id, run_id=run_id, limit=1)
    return found[0] if found else None


def _what_it_started(run: RunRow) -> Reason:
    reason = run.reason or {}
    if reason.get("code") == "loop":
        message = sentence_end(str(reason.get("message") or ""))
        text = f"{message} It was stopped before it did anything, so that nothing goes in circles."
        return Reason("loop", "It would have gone in circles", text)
    return Reason("started", "It did start", "What became of it stands below.")


def _passed_on(event: Event) -> datetime:
    return event.fanned_out_at or event.parked_at or event.accepted_at


def _version_at(workflow: Workflow, moment: datetime) -> WorkflowVersion | None:
    """The version that was live then: the latest published before."""
    return db.session.scalar(
        select(WorkflowVersion)
        .where(
            WorkflowVersion.organization_id == workflow.organization_id,
            WorkflowVersion.workflow_id == workflow.id,
            WorkflowVersion.created_at <= moment,
        )
        .order_by(WorkflowVersion.number.desc())
        .limit(1)
    )


def _reason(
    workflow: Workflow, event: Event, version: WorkflowVersion | None, words: Wording
) -> Reason:
    state = events.state_of(event)
    if state == "to_fan_out":
        text = "It came in a moment ago. Workflows hear of it in a second or two; then look again."
        return Reason("not_passed_on", "It is about to be passed on", text)
    if state == "parked" and event.parked_reason == TOO_OFTEN:
        text = f"{TOO_OFTEN} It was not passed on any more, so that nothing goes in circles."
        return Reason("loop", "It would have gone in circles", text)
    if state == "parked":
        text = "We could not pass this on, so no workflow saw it. Our engineers can see it."
        return Reason("parked", "It was set aside", text, event.parked_reason or "")
    came = words.at(_passed_on(event))
    if version is None:
        text = f"When this came in {came}, there was no published version that could start."
        return Reason("not_published", "It was not published yet", text)
    return _by_version(workflow, event, version, words)


def _by_version(
    workflow: Workflow, event: Event, version: WorkflowVersion, words: Wording
) -> Reason:
    """Asked of the version that was live: does it listen, to this, from there, and does it fit?"""
    names = page_queries.source_names(workflow.organization_id)
    mismatch = _mismatch(version, event, names)
    if mismatch is not None:
        return mismatch
    if (since := _off_since(workflow, _passed_on(event))) is not None:
        text = (
            f"It was turned off {words.at(since)}, so it did not start when this came in "
            f"{words.at(_passed_on(event))}. It would listen for this."
        )
        return Reason("off", "It was off then", text)
    return _filtered(version, event)


def _mismatch(version: WorkflowVersion, event: Event, names: Mapping[str, str]) -> Reason | None:
    """Why the trigger does not concern the event; None when it does (as `start` decides)."""
    trigger = version.definition.get("trigger")
    starts = trigger_sentence(trigger, names)
    listens = f"It starts {starts[:1].lower()}{starts[1:]} Nothing else starts it."
    if version.trigger_kind not in ("event", "webhook"):
        return Reason("other_trigger", "It does not wait for something to come in", listens)
    if version.trigger_kind == "event" and version.event_type != event.type:
        text = f"{listens} This was “{name_words(event.type)}”."
        return Reason("other_event", "It waits for something else", text)
    is_from_there = version.source == event.source or (
        version.trigger_kind == "event" and version.source == "any" and event.source != "ours"
    )
    if is_from_there:
        return None
    source = page_queries.source_name(event.organization_id, event.source)
    came = f"This came in from {source}." if source else "This happened at WedSync itself."
    return Reason("other_source", "It listens to somebody else", f"{listens} {came}")


def _off_since(workflow: Workflow, moment: datetime) -> datetime | None:
    """Since when it was switched off at a moment; None when it was not."""
    last = db.session.execute(
        select(AuditEntry.action, AuditEntry.created_at)
        .where(
            AuditEntry.organization_id == workflow.organization_id,
            AuditEntry.object_id == workflow.id,
            AuditEntry.action.in_(_SWITCHES),
            AuditEntry.created_at <= moment,
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    return last.created_at if last and not _SWITCHES[last.action] else None


def _filtered(version: WorkflowVersion, event: Event) -> Reason:
    try:
        program = compile_definition(version.definition)
    except DefinitionInvalid:
        text = "The version that was live then cannot be read any more."
        return Reason("unreadable", "We cannot tell any more", text)
    verdict = program.accepts(as_trigger(event), _passed_on(event))
    if not verdict.fits:
        text = sentence_end(f"It only starts when what came in fits: {verdict.why}")
        return Reason("did_not_fit", "What came in did not fit", text)
    text = (
        "By everything that is kept it should have started, and it did not. Tell our engineers, "
        "who can see more."
    )
    return Reason("unexplained", "We cannot explain this", text, f"event {event.id}")
