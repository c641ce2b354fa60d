"""A run as its page tells it: the news on top, figures, what asks for somebody, the steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.events.models import Event
from wedsync.platform.wording import State, Wording, capital, duration, in_words, name_words
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.history.courses import CalledRun
from wedsync.workflows.history.run_notices import Notice, notice_of
from wedsync.workflows.history.run_reading import RunReading
from wedsync.workflows.history.run_steps import told_steps
from wedsync.workflows.run_models import FINAL_RUN_STATES
from wedsync.workflows.words.run_words import state_of
from wedsync.workflows.words.shown_values import Row, rows_of
from wedsync.workflows.words.step_lines import Piece
from wedsync.workflows.words.told import Told
from wedsync.workflows.words.waiting_words import (
    connection_called,
    connection_waited_for,
    waits_until,
)

Figure = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Trigger:
    """What started it."""

    at: datetime
    sentence: tuple[Piece, ...]
    values: tuple[Row, ...]
    more: tuple[Row, ...]
    event_id: UUID | None


@dataclass(frozen=True, slots=True)
class RunStory:
    """Everything the page says."""

    id: UUID
    workflow_id: UUID
    workflow_name: str
    version: int
    title: str
    news: str
    state: State
    is_over: bool
    figures: tuple[Figure, ...]
    notice: Notice | None
    trigger: Trigger
    steps: tuple[Told, ...]
    last_change: datetime
    rerun_of: UUID | None
    next_run: UUID | None
    caller: CalledRun | None
    revision: int


def tell(reading: RunReading, words: Wording) -> RunStory:
    """The story of a run, for somebody who looks at `words.now`."""
    run, row = reading.run, reading.row
    steps = told_steps(
        mapping(reading.definition).get("steps"),
        reading.course,
        words,
        reading.circumstances,
        reading.items,
    )
    return RunStory(
        id=run.id,
        workflow_id=row.workflow_id,
        workflow_name=row.workflow_name,
        version=row.version,
        title=row.subject or _what_came(reading.event) or row.workflow_name,
        news=_news(reading, steps, words),
        state=state_of(row, words),
        is_over=run.state in FINAL_RUN_STATES,
        figures=tuple(_figures(reading, steps, words)),
        notice=notice_of(reading, words),
        trigger=_trigger(reading),
        steps=steps,
        last_change=_last_change(reading),
        rerun_of=run.rerun_of,
        next_run=reading.next_run,
        caller=reading.caller,
        revision=run.revision,
    )


def _what_came(event: Event | None) -> str:
    return name_words(event.type) if event else ""


def _trigger(reading: RunReading) -> Trigger:
    event, run = reading.event, reading.run
    if event is None:
        shown, more = rows_of(run.input)
        return Trigger(run.created_at, _without_event(reading), shown, more, None)
    shown, more = rows_of(event.data)
    came = Piece(f" came in from {reading.source}" if reading.source else " happened")
    said = (Piece(_what_came(event), strong=True), came)
    return Trigger(event.accepted_at, said, shown, more, event.id)


_BEGINNINGS = {
    "schedule": "Its time came",
    "date": "The wedding's day came near",
    "call": "Another workflow started it",
}


def _without_event(reading: RunReading) -> tuple[Piece, ...]:
    """What started a run that no event did, from its cause."""
    if reading.caller is not None:
        called = Piece(reading.caller.workflow_name, strong=True)
        return (Piece("Started by "), called)
    kind = str(mapping(mapping(reading.definition).get("trigger")).get("kind"))
    named = {"wedding_date": "date", "workflow": "call"}.get(kind, kind)
    return (Piece(_BEGINNINGS.get(named, "Started by hand")),)


def _news(reading: RunReading, steps: tuple[Told, ...], words: Wording) -> str:
    """What started it and when, how far it is, how it stands."""
    run, event = reading.run, reading.event
    cause = f"“{_what_came(event)}” came in" if event else _cause(reading)
    if run.rerun_of:
        cause = "it was taken up again"
    began = words.at(event.accepted_at if event and not run.rerun_of else run.created_at)
    done = sum(1 for step in _all(steps) if step.state.kind == "done")
    told = f"{capital(in_words(done))} {'step is' if done == 1 else 'steps are'} done"
    if not done:
        told = "No step is done yet"
    if run.state == "succeeded":
        return f"This began when {cause} {began}, and everything is done."
    if run.state == "filtered":
        return f"This began when {cause} {began}. It turned out that nothing was needed."
    if not done and run.state in _AT_THE_FIRST:
        return f"This began when {cause} {began}. {_AT_THE_FIRST[run.state]}"
    return f"This began when {cause} {began}. {told}{_standing(reading, words)}."


_AT_THE_FIRST = {
    "failed": "Its first step did not work.",
    "stopped": "It was stopped before a step was done.",
}
_CAUSES = {
    "schedule": "its time came",
    "wedding_date": "the wedding's day came near",
    "workflow": "another workflow started it",
}


def _cause(reading: RunReading) -> str:
    if reading.caller is not None:
        return f"“{reading.caller.workflow_name}” started it"
    kind = str(mapping(mapping(reading.definition).get("trigger")).get("kind"))
    return _CAUSES.get(kind, "somebody started it by hand")


_WAITS_FOR = {
    "items": "goes through its list now",
    "approval": "waits for a yes",
    "event": "waits for something to come in",
    "call": "waits for another workflow",
}


def _standing(reading: RunReading, words: Wording) -> str:
    state, until = reading.run.state, waits_until(reading.run.waiting_for)
    endings = {
        "queued": ", and the next one starts in a moment",
        "running": ", and the next one is going on",
        "needs_attention": ", and it waits for you",
        "failed": ", then one did not work",
        "stopped": ", then it was stopped",
    }
    if connection_waited_for(reading.row):
        return f", and it waits for {connection_called(reading.row)}"
    kind = mapping(reading.run.waiting_for).get("kind")
    if state == "waiting" and kind in _WAITS_FOR:
        return f", and it {_WAITS_FOR[kind]}"
    if state == "waiting":
        return f", and it goes on by itself {words.at(until)}" if until else ", and it waits"
    return endings.get(state, "")


def _figures(reading: RunReading, steps: tuple[Told, ...], words: Wording) -> Iterator[Figure]:
    run = reading.run
    over = run.state in FINAL_RUN_STATES
    began = run.started_at or run.created_at
    length = (run.finished_at if over and run.finished_at else words.now) - began
    number, _, unit = duration(length, parts=1).partition(" ")
    yield ("Took" if over else "Going for", number, unit)
    reached = [step for step in _all(steps) if not step.is_off]
    done = sum(1 for step in reached if step.state.kind == "done")
    yield "Steps done", str(done), f"of {len(reached)}"
    tries = sum(len(record.attempts) for record in reading.course.recorded.values())
    if tries:
        yield "Sent out", str(tries), "request" if tries == 1 else "requests"
    if reading.wedding and reading.wedding.date:
        days = (reading.wedding.date - words.today).days
        if days >= 0:
            yield "Wedding", str(days), f"days, {words.day(reading.wedding.date)}"


def _all(steps: tuple[Told, ...]) -> Iterator[Told]:
    for step in steps:
        yield step
        yield from _all(step.inside)


def _last_change(reading: RunReading) -> datetime:
    run = reading.run
    moments = [run.created_at, run.started_at, run.finished_at]
    for record in reading.course.recorded.values():
        moments += [record.step.started_at, record.step.finished_at]
        moments += [attempt.finished_at for attempt in record.attempts]
    return max(moment for moment in moments if moment is not None)
