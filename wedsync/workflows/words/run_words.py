"""What became of a run, as a state and as a sentence, from the columns a list reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from wedsync.platform.wording import State, Wording, capital, listing, sentence_end
from wedsync.workflows.engine.outline import steps_in_order
from wedsync.workflows.page_queries import RunRow, StepMark
from wedsync.workflows.words.step_lines import done_sentence, plain, step_name
from wedsync.workflows.words.waiting_words import (
    Circumstances,
    Waiting,
    connection_called,
    connection_waited_for,
    connection_words,
    waiting_sentence,
    waits_until,
)

_MOST_TOLD = 3


class Standing(Waiting, Protocol):
    """The columns that say how a run, or an item of one, stands."""

    @property
    def state(self) -> str: ...

    @property
    def workflow_state(self) -> str: ...


_STATES = {
    "queued": State("waiting", "About to start"),
    "running": State("running", "Going on"),
    "needs_attention": State("needs", "Needs you"),
    "succeeded": State("done", "Done"),
    "failed": State("failed", "Did not work"),
    "stopped": State("stopped", "Stopped"),
    "filtered": State("skipped", "Not needed"),
}

Steps = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RunLine:
    """A row of a list: whom it is about, what became of it, and when."""

    id: UUID
    at: datetime
    who: str
    what: str
    workflow_name: str
    state: State


_WAITS = {
    "event": "Waiting for something to come in",
    "call": "Waiting for another workflow",
}


ASKS = State("asks", "Waiting for a yes")
"""Of what waits for somebody to answer."""


def run_state(state: str) -> State:
    """A state that is not told more closely."""
    return _STATES.get(state, State("waiting", "Waiting"))


def state_of(row: Standing, words: Wording) -> State:
    """The state of a run in a word or two."""
    if row.state == "queued" and row.workflow_state == "paused":
        return State("paused", "Paused")
    if row.state != "waiting":
        return _STATES[row.state]
    waits = row.waiting_for or {}
    kind, until = waits.get("kind"), waits_until(waits)
    if connection_waited_for(row):
        return State("waiting", f"Waiting for {connection_called(row)}")
    if kind == "retry":
        return State("retrying", f"Trying again {words.at(until)}" if until else "Trying again")
    if kind == "items":
        return _STATES["running"]
    if kind == "approval":
        return ASKS
    if kind in _WAITS:
        return State("waiting", _WAITS[kind])
    return State("waiting", _goes_on(until, words) if until else "Waiting")


def _goes_on(until: datetime, words: Wording) -> str:
    day = words.local(until).date()
    if abs((day - words.today).days) <= 1:
        return f"Waiting until {words.moment(until)}"
    return f"Waiting until {words.day(day)}"


def steps_by_id(definition: Any) -> Steps:
    return {str(placed.step.get("id")): placed.step for placed in steps_in_order(definition)}


def run_line(row: RunRow, marks: Sequence[StepMark], steps: Steps, words: Wording) -> RunLine:
    """A row of a list of runs."""
    what = outcome(row, marks, steps, words)
    return RunLine(
        id=row.id,
        at=row.created_at,
        who=row.subject or row.workflow_name,
        what=what,
        workflow_name=row.workflow_name,
        state=state_of(row, words),
    )


def outcome(row: RunRow, marks: Sequence[StepMark], steps: Steps, words: Wording) -> str:
    """What became of it, in one sentence."""
    if row.state == "succeeded":
        return _done(marks, steps)
    if row.state == "filtered":
        why = (row.reason or {}).get("message")
        return f"Nothing was done: {why}." if why else "Nothing was done."
    if row.state == "waiting":
        return _waiting(row, steps, words)
    if row.state == "queued":
        paused = row.workflow_state == "paused"
        return "It starts when the workflow is resumed." if paused else "It starts in a moment."
    if row.state == "running":
        return "It is going on now."
    return sentence_end(reason_words(row.reason, steps) or "It ended.")


def reason_words(reason: Any, steps: Steps) -> str:
    """Why a run ended or stands, its steps called by what they do."""
    message = str((reason or {}).get("message") or "")
    step_id = str((reason or {}).get("step") or "")
    if step_id and step_id in steps:
        message = message.replace(f"“{step_id}”", f"“{step_name(steps[step_id])}”", 1)
    return message


def _waiting(row: RunRow, steps: Steps, words: Wording) -> str:
    waits = row.waiting_for or {}
    step = steps.get(str(waits.get("id")), {})
    if connection_waited_for(row):
        return connection_words(row)
    if waits.get("kind") != "retry":
        return sentence_end(
            waiting_sentence(row, step, words, Circumstances(row.wedding_zone or ""))
        )
    until = waits_until(waits)
    goes_on = f" {words.at(until)}" if until else " by itself"
    what = f"“{step_name(step)}”" if step else "A step"
    return f"{what} has not worked yet. We try again{goes_on}."


def _done(marks: Sequence[StepMark], steps: Steps) -> str:
    """`Took Yes. Told the tools that listen: Seating guest added.`"""
    said = [f"Took {mark.taken}" for mark in marks if mark.taken][:1]
    did = [
        plain(done_sentence(steps[mark.step]))
        for mark in marks
        if mark.state == "succeeded" and steps.get(mark.step, {}).get("kind") == "action"
    ]
    told = did[:_MOST_TOLD]
    if len(did) > _MOST_TOLD:
        told[-1] = f"{len(did) - _MOST_TOLD + 1} more steps"
    if told:
        said.append(listing([told[0], *(_small(part) for part in told[1:])]))
    return " ".join(f"{capital(part)}." for part in said) or "There was nothing to do."


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
