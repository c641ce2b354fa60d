"""The steps of a run as its page tells them: in the past tense, then what is still ahead."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from wedsync.platform.wording import State, Wording, name_words, sentence_end
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.steps.kind import Child, is_off, mapping, sequence
from wedsync.workflows.history.courses import CalledRun, Course, Item, LoopCounts
from wedsync.workflows.history.recorded_words import (
    answered,
    counts_of,
    not_taken,
    reads,
    sent,
    took,
    tried,
)
from wedsync.workflows.queries import RecordedStep
from wedsync.workflows.words.run_words import ASKS, state_of
from wedsync.workflows.words.shown_values import rows_of
from wedsync.workflows.words.step_lines import Piece, done_sentence, look_of, titled
from wedsync.workflows.words.step_lines import sentence_of as ahead_sentence
from wedsync.workflows.words.told import Told, ToldCall, ToldItem, ToldLoop, Try
from wedsync.workflows.words.waiting_words import (
    NO_CIRCUMSTANCES,
    Circumstances,
    connection_called,
    connection_waited_for,
    things,
    waiting_sentence,
    waits_until,
)

_OTHERWISE = "Otherwise"
_STATES = {
    "started": State("running", "Going on"),
    "succeeded": State("done", "Done"),
    "failed": State("failed", "Did not work"),
    "skipped": State("skipped", "Left out"),
}


_CALLED = {
    "queued": State("waiting", "About to start"),
    "running": State("running", "Going on"),
    "waiting": State("waiting", "Waiting"),
    "needs_attention": State("needs", "Needs you"),
    "succeeded": State("done", "Done"),
    "failed": State("failed", "Did not work"),
    "stopped": State("stopped", "Stopped"),
    "filtered": State("skipped", "Not needed"),
}


def told_steps(
    steps: Any,
    course: Course,
    words: Wording,
    circumstances: Circumstances = NO_CIRCUMSTANCES,
    items: Mapping[str, Sequence[Item]] = MappingProxyType({}),
) -> tuple[Told, ...]:
    """These steps of a definition, in order, as far as `course` is; `items` are the first few of
    its loops."""
    return tuple(_Telling(course, words, circumstances, items).list_of(steps))


def _gone_through(total: int, step: Mapping[str, Any]) -> tuple[Piece, ...]:
    if total == 0:
        return (Piece("There was nothing to go through"),)
    return (Piece("For each of "), Piece(things(total, step), strong=True))


def told_item(item: Item, steps: Any, words: Wording) -> ToldItem:
    """One item of a loop whose `steps` these are."""
    course = item.course
    reason = mapping(course.reason)
    asks = str(reason.get("code") or "") if course.state == "needs_attention" else ""
    why = "" if course.state == "succeeded" else str(reason.get("message") or "")
    return ToldItem(
        id=item.id,
        place=item.place,
        name=item.name or f"Number {item.place}",
        at=item.created_at,
        state=state_of(course, words),
        asks=asks,
        why=sentence_end(why) if why else "",
        steps=told_steps(steps, course, words),
    )


class _Telling:
    def __init__(
        self,
        course: Course,
        words: Wording,
        circumstances: Circumstances,
        items: Mapping[str, Sequence[Item]],
    ) -> None:
        self._course = course
        self._words = words
        self._circumstances = circumstances
        self._items = items
        self._over = course.is_over
        self._steps: dict[str, Mapping[str, Any]] = {}

    def list_of(self, steps: Any) -> Iterator[Told]:
        for step in sequence(steps):
            if isinstance(step, dict):
                self._steps[str(step.get("id"))] = step
                yield self._step(step)

    def _step(self, step: Mapping[str, Any]) -> Told:
        record = self._course.recorded.get(str(step.get("id")))
        if record is None:
            return self._ahead(step)
        kind = step.get("kind")
        if kind == "for_each":
            return self._loop(step, record)
        if record.step.state != "succeeded":
            return self._unfinished(step, record)
        if kind == "choose":
            return self._choice(step, record)
        if kind == "filter":
            return self._filter(step, record)
        if kind == "set":
            return self._noted(step, record)
        return self._done(step, record)

    def _ahead(self, step: Mapping[str, Any]) -> Told:
        look = look_of(step)
        said, detail = titled(step, ahead_sentence(step))
        return Told(
            str(step.get("id")),
            look["role"],
            look["icon"],
            None,
            said,
            self._not_begun(step),
            detail=detail,
            is_off=is_off(step),
        )

    def _not_begun(self, step: Mapping[str, Any]) -> State:
        if is_off(step):
            return State("off", "Off")
        return State("skipped", "Not needed") if self._over else State("ahead", "Not yet")

    def _base(
        self,
        step: Mapping[str, Any],
        record: RecordedStep,
        sentence: tuple[Piece, ...],
        **more: Any,
    ) -> Told:
        look = look_of(step)
        facts: dict[str, Any] = {
            "state": _STATES["succeeded"],
            "took": took(record),
            "reads": reads(record),
            **more,
        }
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
        others = [(str(b.get("label")), not_taken(b)) for b in branches if b.get("label") != label]
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
        shown, more = rows_of(sent(record))
        note = mapping(record.step.explanation).get("why")
        published = mapping(record.step.output).get("event_id")
        timed = took(record) + ((str(note).rstrip("."),) if note else ())
        is_action = step.get("kind") == "action"
        said = done_sentence(step, record.step.input) if is_action else self._was(step, record)
        return self._base(
            step,
            record,
            said,
            values=shown,
            more=more,
            took=timed,
            tries=self._tries(record) if len(record.attempts) > 1 else (),
            event_id=str(published) if is_action and published else "",
            inside=tuple(self._on_failure(step)),
            call=self._called(step),
        )

    def _was(self, step: Mapping[str, Any], record: RecordedStep) -> tuple[Piece, ...]:
        """What a wait, a question or a call came to, in the past tense."""
        output, kind = mapping(record.step.output), step.get("kind")
        if kind == "approval":
            return answered(output, mapping(record.step.input))
        if kind == "wait" and step.get("event") is not None:
            came = "came in" if record.step.output is not None else "did not come in, so it went on"
            named = name_words(str(mapping(step["event"]).get("event_type")))
            return (Piece(named, strong=True), Piece(f" {came}"))
        if kind == "wait" and (until := waits_until(output)) is not None:
            return (Piece("Waited until "), Piece(self._words.moment(until), strong=True))
        if kind == "call":
            return (Piece("Started another workflow"),)
        return ahead_sentence(step)

    def _called(self, step: Mapping[str, Any]) -> ToldCall | None:
        called: CalledRun | None = self._course.calls.get(str(step.get("id")))
        if called is None:
            return None
        return ToldCall(called.id, called.workflow_name, _CALLED[called.state])

    def _loop(self, step: Mapping[str, Any], record: RecordedStep) -> Told:
        """`For each of 12 guests`, and what became of them."""
        step_id = record.step.step_id
        given = mapping(record.step.input).get("items")
        total = given if isinstance(given, int) else mapping(record.step.output).get("total", 0)
        counts = self._course.loops.get(step_id) or LoopCounts(total, {})
        said = _gone_through(total, step)
        told = ToldLoop(
            run_id=self._course.id,
            step_id=step_id,
            total=counts.total,
            counts=tuple(counts_of(counts)),
            items=tuple(
                told_item(item, step.get("steps"), self._words)
                for item in self._items.get(step_id, ())
            ),
        )
        return self._base(
            step,
            record,
            said,
            took=(),
            state=self._loop_state(record),
            why="" if record.step.state == "succeeded" else self._why(record),
            loop=told if counts.states else None,
        )

    def _loop_state(self, record: RecordedStep) -> State:
        if record.step.state != "waiting":
            return _STATES[record.step.state]
        if self._course.state == "needs_attention":
            return State("needs", "Needs you")
        return State("running", "Going on")

    def _unfinished(self, step: Mapping[str, Any], record: RecordedStep) -> Told:
        error = mapping(record.step.error)
        shown, more = rows_of(sent(record))
        code = ", ".join(str(error[key]) for key in ("class", "code") if error.get(key))
        question = self._course.questions.get(record.step.step_id)
        return self._base(
            step,
            record,
            ahead_sentence({**step, "input": record.step.input or step.get("input")}),
            state=self._open_state(record),
            values=shown,
            more=more,
            took=(),
            why=self._why(record),
            technical=code,
            tries=self._tries(record),
            inside=tuple(self._on_failure(step)),
            call=self._called(step),
            question_id=question.id if question and question.state == "open" else None,
        )

    def _open_state(self, record: RecordedStep) -> State:
        state = record.step.state
        if state == "unsure":
            asks = self._course.state == "needs_attention"
            return State("needs" if asks else "off", "May have happened")
        if state != "waiting":
            return _STATES[state]
        if self._course.state == "needs_attention":
            return State("needs", "Needs you")
        if connection_waited_for(self._course):
            return State("waiting", f"Waits for {connection_called(self._course)}")
        if mapping(self._course.waiting_for).get("kind") == "retry":
            until = waits_until(self._course.waiting_for)
            return State("retrying", f"Trying again{f' {self._words.at(until)}' if until else ''}")
        question = self._course.questions.get(record.step.step_id)
        is_asked = question is not None and question.state == "open"
        return ASKS if is_asked else State("waiting", "Waiting")

    def _why(self, record: RecordedStep) -> str:
        """What went wrong, what is waited for, and what else there is to say."""
        error = mapping(record.step.error)
        why = str(mapping(record.step.explanation).get("why") or "")
        parts = (self._waits(record), str(error.get("message") or ""), why)
        return " ".join(dict.fromkeys(sentence_end(part) for part in parts if part))

    def _waits(self, record: RecordedStep) -> str:
        """What the run waits for, told at the step it stands at."""
        waits = mapping(self._course.waiting_for)
        is_here = self._course.state == "waiting" and record.step.state == "waiting"
        if not is_here or waits.get("kind") in (None, "retry", "connection", "items"):
            return ""
        step = self._definition_of(record.step.step_id)
        return waiting_sentence(self._course, step, self._words, self._circumstances)

    def _definition_of(self, step_id: str) -> Mapping[str, Any]:
        return self._steps.get(step_id, {})

    def _tries(self, record: RecordedStep) -> tuple[Try, ...]:
        return tuple(tried(attempt) for attempt in record.attempts)

    def _on_failure(self, step: Mapping[str, Any]) -> Iterator[Told]:
        """What was done because this failed; nothing is said of it before it was needed."""
        child: Child | None = next(iter(children(step)), None)
        if child is None or not self._began(child.steps):
            return
        yield from self.list_of(child.steps)

    def _began(self, steps: Any) -> bool:
        return any(
            isinstance(step, dict) and str(step.get("id")) in self._course.recorded
            for step in sequence(steps)
        )
