"""The steps of a run as its page tells them: in the past tense, then what is still ahead."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wedsync.platform import wording
from wedsync.platform.wording import Wording, capital, duration, sentence_end
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.steps.kind import Child, mapping, sequence
from wedsync.workflows.queries import RecordedStep
from wedsync.workflows.run_models import FINAL_RUN_STATES, StepAttempt
from wedsync.workflows.run_reading import RunReading
from wedsync.workflows.run_words import State, waits_until
from wedsync.workflows.shown_values import rows_of
from wedsync.workflows.step_lines import (
    Piece,
    done_sentence,
    look_of,
    titled,
)
from wedsync.workflows.step_lines import sentence_of as ahead_sentence
from wedsync.workflows.waiting_words import connection_called, connection_waited_for

_OTHERWISE = "Otherwise"
_STATES = {
    "started": State("running", "Going on"),
    "succeeded": State("done", "Done"),
    "failed": State("failed", "Did not work"),
    "skipped": State("skipped", "Left out"),
}
_NODES = {"failed": "needs", "skipped": "off", "ahead": "off"}


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: when, what came of it, how long it took."""

    number: int
    at: datetime
    answer: str
    took: str


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a run. `values` are shown, `more` folded; `others` are branches not taken."""

    id: str
    role: str
    icon: str
    at: datetime | None
    sentence: tuple[Piece, ...]
    state: State
    detail: tuple[Piece, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    more: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    took: tuple[str, ...] = ()
    why: str = ""
    technical: str = ""
    tries: tuple[Try, ...] = ()
    inside: tuple["Told", ...] = ()
    event_id: str = ""

    @property
    def node(self) -> str:
        """The look of the mark on the line."""
        return _NODES.get(self.state.kind, self.state.kind)

    @property
    def is_ahead(self) -> bool:
        return self.state.kind == "ahead"


def told_steps(reading: RunReading, words: Wording) -> tuple[Told, ...]:
    """Every step of the run's own definition, in order."""
    steps = mapping(reading.definition).get("steps")
    return tuple(_Telling(reading, words).list_of(steps))


class _Telling:
    def __init__(self, reading: RunReading, words: Wording) -> None:
        self._reading = reading
        self._words = words
        self._over = reading.run.state in FINAL_RUN_STATES

    def list_of(self, steps: Any) -> Iterator[Told]:
        for step in sequence(steps):
            if isinstance(step, dict):
                yield self._step(step)

    def _step(self, step: Mapping[str, Any]) -> Told:
        record = self._reading.recorded.get(str(step.get("id")))
        if record is None:
            return self._ahead(step)
        if record.step.state != "succeeded":
            return self._unfinished(step, record)
        kind = step.get("kind")
        if kind == "choose":
            return self._choice(step, record)
        if kind == "filter":
            return self._filter(step, record)
        if kind == "set":
            return self._noted(step, record)
        return self._done(step, record)

    def _ahead(self, step: Mapping[str, Any]) -> Told:
        state = State("skipped", "Not needed") if self._over else State("ahead", "Not yet")
        look = look_of(step)
        said, detail = titled(step, ahead_sentence(step))
        return Told(
            str(step.get("id")), look["role"], look["icon"], None, said, state, detail=detail
        )

    def _base(
        self,
        step: Mapping[str, Any],
        record: RecordedStep,
        sentence: tuple[Piece, ...],
        **more: Any,
    ) -> Told:
        look = look_of(step)
        facts: dict[str, Any] = {"state": _STATES["succeeded"], "took": _took(record), **more}
        said, detail = titled(step, sentence)
        return Told(
            id=record.step.step_id,
            role=look["role"],
            icon=look["icon"],
            at=record.step.started_at,
            sentence=said,
            detail=detail,
            **facts,
        )

    def _choice(self, step: Mapping[str, Any], record: RecordedStep) -> Told:
        told = mapping(record.step.explanation)
        label = told.get("taken")
        branches = [mapping(branch) for branch in sequence(told.get("branches"))]
        why = next((b.get("why") for b in branches if b.get("label") == label), None)
        taken = Piece(str(label or _OTHERWISE), strong=True)
        said = (Piece("Took "), taken, Piece(f": {why or 'nothing else fitted'}"))
        others = [(str(b.get("label")), _not_taken(b)) for b in branches if b.get("label") != label]
        if label is not None:
            others.append((_OTHERWISE, "not needed, a branch fitted"))
        return self._base(
            step,
            record,
            said,
            took=(),
            others=tuple(others),
            inside=tuple(self._inside(step, str(label or _OTHERWISE))),
        )

    def _inside(self, step: Mapping[str, Any], label: str) -> Iterator[Told]:
        taken = next((child for child in children(step) if child.label == label), None)
        yield from self.list_of(taken.steps if taken else ())

    def _filter(self, step: Mapping[str, Any], record: RecordedStep) -> Told:
        told = mapping(record.step.explanation)
        fits = bool(told.get("fits"))
        lead = "Went on: " if fits else "Ended here: "
        state = _STATES["succeeded"] if fits else State("skipped", "Not needed")
        why = Piece(str(told.get("why") or ""))
        return self._base(step, record, (Piece(lead), why), took=(), state=state)

    def _noted(self, step: Mapping[str, Any], record: RecordedStep) -> Told:
        shown, more = rows_of(record.step.output)
        return self._base(step, record, (Piece("Noted"),), took=(), values=shown, more=more)

    def _done(self, step: Mapping[str, Any], record: RecordedStep) -> Told:
        shown, more = rows_of(_sent(record))
        note = mapping(record.step.explanation).get("why")
        published = mapping(record.step.output).get("event_id")
        took = _took(record) + ((str(note).rstrip("."),) if note else ())
        is_action = step.get("kind") == "action"
        said = done_sentence(step, record.step.input) if is_action else ahead_sentence(step)
        return self._base(
            step,
            record,
            said,
            values=shown,
            more=more,
            took=took,
            tries=self._tries(record) if len(record.attempts) > 1 else (),
            event_id=str(published) if is_action and published else "",
            inside=tuple(self._on_failure(step)),
        )

    def _unfinished(self, step: Mapping[str, Any], record: RecordedStep) -> Told:
        error = mapping(record.step.error)
        shown, more = rows_of(_sent(record))
        code = ", ".join(str(error[key]) for key in ("class", "code") if error.get(key))
        return self._base(
            step,
            record,
            ahead_sentence({**step, "input": record.step.input or step.get("input")}),
            state=self._open_state(record),
            values=shown,
            more=more,
            took=(),
            why=self._why(record, error),
            technical=code,
            tries=self._tries(record),
            inside=tuple(self._on_failure(step)),
        )

    def _open_state(self, record: RecordedStep) -> State:
        state = record.step.state
        if state == "waiting" and connection_waited_for(self._reading.row):
            return State("waiting", f"Waits for {connection_called(self._reading.row)}")
        if state == "waiting":
            until = waits_until(self._reading.run.waiting_for)
            when = f" {self._words.at(until)}" if until else ""
            return State("retrying", f"Trying again{when}")
        if state == "unsure":
            asks = self._reading.run.state == "needs_attention"
            return State("needs" if asks else "off", "May have happened")
        return _STATES[state]

    def _why(self, record: RecordedStep, error: Mapping[str, Any]) -> str:
        message = str(error.get("message") or "")
        why = str(mapping(record.step.explanation).get("why") or "")
        return " ".join(dict.fromkeys(sentence_end(part) for part in (message, why) if part))

    def _tries(self, record: RecordedStep) -> tuple[Try, ...]:
        return tuple(_try(attempt) for attempt in record.attempts)

    def _on_failure(self, step: Mapping[str, Any]) -> Iterator[Told]:
        """What was done because this failed; nothing is said of it before it was needed."""
        child: Child | None = next(iter(children(step)), None)
        if child is None or not self._began(child.steps):
            return
        yield from self.list_of(child.steps)

    def _began(self, steps: Any) -> bool:
        return any(
            isinstance(step, dict) and str(step.get("id")) in self._reading.recorded
            for step in sequence(steps)
        )


def _not_taken(branch: Mapping[str, Any]) -> str:
    return str(branch.get("why") or "it did not fit")


def _sent(record: RecordedStep) -> Any:
    """What an action was given, without the parts its sentence says already."""
    given = mapping(record.step.input)
    for name in ("data", "json", "body"):
        if (sent := given.get(name)) is not None:
            return {"text": sent} if isinstance(sent, str) else sent
    return None


def _took(record: RecordedStep) -> tuple[str, ...]:
    step = record.step
    if step.finished_at is None or not record.attempts:
        return ()
    tries = len(record.attempts)
    timed = [attempt.ms for attempt in record.attempts if attempt.ms is not None]
    took = f"took {duration(timedelta(milliseconds=timed[-1]))}" if timed else ""
    nth = f"worked at try {tries}" if tries > 1 and step.state == "succeeded" else ""
    return tuple(part for part in (took, nth) if part)


def _try(attempt: StepAttempt) -> Try:
    return Try(
        number=attempt.number,
        at=attempt.started_at,
        answer=_answer(attempt),
        took=wording.milliseconds(attempt.ms) if attempt.ms is not None else "",
    )


def _answer(attempt: StepAttempt) -> str:
    if attempt.outcome == "ok":
        return "It worked"
    if attempt.outcome == "lost":
        return "We were interrupted and do not know"
    message = mapping(attempt.error).get("message")
    if message:
        return capital(str(message).rstrip("."))
    return "On its way" if attempt.finished_at is None else "It did not work"
