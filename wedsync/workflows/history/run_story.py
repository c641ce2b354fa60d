"""A run as its page tells it: the news on top, figures, what asks for somebody, the steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from wedsync.events.models import Event
from wedsync.platform import ids
from wedsync.platform.wording import (
    State,
    Wording,
    capital,
    count,
    duration,
    in_words,
    name_words,
    sentence_end,
)
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.history.courses import CalledRun
from wedsync.workflows.history.run_reading import RunReading
from wedsync.workflows.history.run_steps import told_steps
from wedsync.workflows.page_queries import RunRow
from wedsync.workflows.run_models import FINAL_RUN_STATES
from wedsync.workflows.running.repairing import can_repair
from wedsync.workflows.words.run_words import Steps, reason_words, state_of, steps_by_id
from wedsync.workflows.words.shown_values import Row, rows_of
from wedsync.workflows.words.step_lines import Piece, step_name
from wedsync.workflows.words.told import Told
from wedsync.workflows.words.waiting_words import (
    connection_called,
    connection_waited_for,
    connection_words,
    needs_a_person,
    waiting_sentence,
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
class Notice:
    """What is special about how it stands; `asks` is how a person can settle it, with
    `connection` at the connection it waits for, `approval` by answering `question_id`. What is
    asked of an item is settled at `asked_run_id`. `may_repair`: what was given can be changed."""

    kind: Literal["retrying", "needs", "failed", "paused", "waiting"]
    title: str
    text: str
    technical: str = ""
    asks: Literal["", "decide", "late", "rerun", "stop", "connection", "approval"] = ""
    connection_id: UUID | None = None
    question_id: UUID | None = None
    asked_run_id: UUID | None = None
    may_repair: bool = False


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
        notice=_notice(reading, words),
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
    if run.state == "succeeded":
        return f"This began when {cause} {began}, and everything is done."
    if run.state == "filtered":
        return f"This began when {cause} {began}. It turned out that nothing was needed."
    return f"This began when {cause} {began}. {told}{_standing(reading, words)}."


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
    reached = list(_all(steps))
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


def _notice(reading: RunReading, words: Wording) -> Notice | None:
    state = reading.run.state
    if state == "waiting":
        return _waiting_notice(reading, words)
    if state == "needs_attention":
        return _question(reading)
    if state == "failed":
        return _failure(reading)
    if reading.row.workflow_state == "paused" and state == "queued":
        text = "Nothing is lost. It goes on as soon as the workflow is resumed."
        return Notice("paused", "The workflow is paused, so this waits", text)
    return None


def _waiting_notice(reading: RunReading, words: Wording) -> Notice | None:
    if connection_id := connection_waited_for(reading.row):
        return _connection_notice(reading.row, connection_id)
    waits = reading.run.waiting_for or {}
    if waits.get("kind") == "approval":
        return _approval_notice(reading, words)
    if waits.get("kind") == "limit":
        return Notice("waiting", _waits_in_words(reading, words), "Nothing for you to do.")
    record = reading.course.recorded.get(str(waits.get("id")))
    if waits.get("kind") != "retry" or record is None:
        return None
    until = waits_until(waits)
    attempts = record.step.attempts
    tried = "once" if attempts == 1 else count(attempts, "time")
    again = f"We tried {tried} and try again{f' {words.at(until)}' if until else ''}."
    said = str((record.step.error or {}).get("message") or "").rstrip(".")
    title = f"“{_called(reading, record.step.step_id)}” has not worked yet. Nothing for you to do."
    text = f"{said}. {again}" if said else again
    return Notice("retrying", title, text, _technical(record.step.error))


def _waits_in_words(reading: RunReading, words: Wording) -> str:
    step = _steps(reading).get(str((reading.run.waiting_for or {}).get("id")), {})
    return waiting_sentence(reading.row, step, words, reading.circumstances)


def _approval_notice(reading: RunReading, words: Wording) -> Notice | None:
    open_ones = (each for each in reading.course.questions.values() if each.state == "open")
    question = next(open_ones, None)
    if question is None:
        return None
    title = _waits_in_words(reading, words)
    return Notice("needs", title, f"“{question.ask}”", asks="approval", question_id=question.id)


def _connection_notice(row: RunRow, connection_id: UUID) -> Notice:
    needs = needs_a_person(row)
    title, _, text = connection_words(row).partition(". ")
    kind: Literal["needs", "waiting"] = "needs" if needs else "waiting"
    return Notice(kind, title, text, asks="connection", connection_id=connection_id)


def _question(reading: RunReading) -> Notice:
    reason = reading.run.reason or {}
    told = reason_words(reason, _steps(reading))
    asked_of = _asked_run(reading)
    if reason.get("code") in ("unsure", "poison"):
        return _unsure(reading, told, asked_of)
    if reason.get("code") == "late" and reason.get("step") is None:
        return Notice("needs", "Should this start?", told, asks="late", asked_run_id=asked_of)
    if reason.get("code") == "late":
        title = f"“{_called(reading, str(reason.get('step')))}” is late"
        text = told.partition(" is late: ")[2] or told
        return Notice("needs", title, text, asks="late", asked_run_id=asked_of)
    return Notice("needs", "This needs you", told, str(reason.get("code") or ""), "stop")


def _asked_run(reading: RunReading) -> UUID:
    """The run that asks: the item of a loop where the question is one's."""
    return ids.read((reading.run.reason or {}).get("item_run_id")) or reading.run.id


def _unsure(reading: RunReading, told: str, asked_of: UUID) -> Notice:
    step_id = str((reading.run.reason or {}).get("step"))
    record = reading.course.recorded.get(step_id)
    error = (record.step.error if record else None) or {}
    said = (str(error.get("message") or ""), _after_title(told))
    return Notice(
        "needs",
        f"“{_called(reading, step_id)}” may have happened",
        " ".join(dict.fromkeys(sentence_end(part) for part in said if part)),
        _technical(error),
        "decide",
        asked_run_id=asked_of,
        may_repair=record is not None and can_repair(record.step.input),
    )


def _after_title(told: str) -> str:
    """The reason without its first sentence, which the title says."""
    return told.partition("may have happened. ")[2] or told


def _failure(reading: RunReading) -> Notice:
    reason = reading.run.reason or {}
    record = reading.course.recorded.get(str(reason.get("step")))
    error = (record.step.error if record else None) or {}
    called = _called(reading, str(reason.get("step")))
    title = f"“{called}” did not work" if record else "This did not work"
    said = str(error.get("message") or reason.get("message") or "").rstrip(".")
    after = (
        "It has been taken up again."
        if reading.next_run
        else ("What was done before it stays done; trying again begins here.")
    )
    return Notice(
        "failed",
        title,
        f"{said}. {after}" if said else after,
        _technical(error),
        "" if reading.next_run else "rerun",
        may_repair=record is not None and can_repair(record.step.input),
    )


def _called(reading: RunReading, step_id: str) -> str:
    step = _steps(reading).get(step_id)
    return step_name(step) if step else "A step"


def _steps(reading: RunReading) -> Steps:
    return steps_by_id(reading.definition)


def _technical(error: Any) -> str:
    parts = [str(error[key]) for key in ("class", "code", "where") if (error or {}).get(key)]
    return ", ".join(parts)


def _last_change(reading: RunReading) -> datetime:
    run = reading.run
    moments = [run.created_at, run.started_at, run.finished_at]
    for record in reading.course.recorded.values():
        moments += [record.step.started_at, record.step.finished_at]
        moments += [attempt.finished_at for attempt in record.attempts]
    return max(moment for moment in moments if moment is not None)
