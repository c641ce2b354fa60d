"""What is special about how a run stands, and how a person can settle it."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from wedsync.platform import ids
from wedsync.platform.wording import Wording, count, sentence_end
from wedsync.workflows.history.run_reading import RunReading
from wedsync.workflows.page_queries import RunRow
from wedsync.workflows.running.repairing import can_repair
from wedsync.workflows.words.run_words import Steps, reason_words, steps_by_id
from wedsync.workflows.words.step_lines import step_name
from wedsync.workflows.words.waiting_words import (
    connection_waited_for,
    connection_words,
    needs_a_person,
    waiting_sentence,
    waits_until,
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is special about how it stands; `asks` is how a person can settle it, with
    `connection` at the connection it waits for, `approval` by answering `question_id`. What is
    asked of an item is settled at `asked_run_id`. `may_repair`: what was given can be changed."""

    kind: Literal["retrying", "needs", "failed", "paused", "waiting"]
    title: str
    text: str
    technical: str = ""
    asks: Literal["", "decide", "late", "internal", "rerun", "stop", "connection", "approval"] = ""
    connection_id: UUID | None = None
    question_id: UUID | None = None
    asked_run_id: UUID | None = None
    may_repair: bool = False


def notice_of(reading: RunReading, words: Wording) -> Notice | None:
    """What is to be said above the steps; None where nothing is special."""
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
    if reason.get("code") == "internal":
        return Notice("needs", "This needs you", told, asks="internal", asked_run_id=asked_of)
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
