"""What is recorded of a step, in words: what was sent, how long it took, who answered what."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from wedsync.platform import wording
from wedsync.platform.wording import capital, duration, name_words
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import clip, value_words
from wedsync.workflows.history.courses import LoopCounts
from wedsync.workflows.queries import RecordedStep
from wedsync.workflows.run_models import StepAttempt
from wedsync.workflows.words.shown_values import Row
from wedsync.workflows.words.step_lines import Piece
from wedsync.workflows.words.told import Try

_ANSWERS = {True: "Yes", False: "No"}
_COUNTED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "done": ("{} done", ("succeeded",)),
    "not-needed": ("{} not needed", ("filtered",)),
    "did-not-work": ("{} did not work", ("failed",)),
    "stopped": ("{} stopped", ("stopped",)),
    "needs-you": ("{} needs you", ("needs_attention",)),
    "going-on": ("{} going on", ("queued", "running")),
    "waiting": ("{} waiting", ("waiting",)),
}


def counts_of(loop: LoopCounts) -> Iterator[tuple[str, str]]:
    """`("10 done", "done")`: what became of the items, and the filter that shows them."""
    for name, (said, states) in _COUNTED.items():
        if found := sum(loop.states.get(state, 0) for state in states):
            plural = said.replace("needs", "need") if found != 1 else said
            yield plural.format(wording.number(found)), name
    if loop.not_begun:
        yield f"{wording.number(loop.not_begun)} not begun", ""


def answered(output: Mapping[str, Any], asked: Mapping[str, Any]) -> tuple[Piece, ...]:
    """`Imogen said Yes to “Send it?”: “go ahead”`."""
    by = str(output.get("by") or "Somebody")
    said = [
        Piece(by, strong=True),
        Piece(" said "),
        Piece(_ANSWERS[output.get("approved") is True], strong=True),
    ]
    if question := asked.get("ask"):
        said.append(Piece(f" to “{clip(str(question))}”"))
    if note := output.get("note"):
        said.append(Piece(f": “{clip(str(note))}”"))
    return tuple(said)


def reads(record: RecordedStep) -> tuple[Row, ...]:
    """What a step read of the wedding when it was worked out, by name."""
    told: list[Row] = []
    for path, value in mapping(record.step.reads).items():
        named = name_words(str(path).removeprefix("wedding.").replace(".", " "))
        told.append((named, value_words(value)))
    return tuple(told)


def not_taken(branch: Mapping[str, Any]) -> str:
    return str(branch.get("why") or "it did not fit")


def sent(record: RecordedStep) -> Any:
    """What an action was given, without the parts its sentence says already."""
    given = mapping(record.step.input)
    for name in ("data", "json", "body"):
        if (sent := given.get(name)) is not None:
            return {"text": sent} if isinstance(sent, str) else sent
    return None


def took(record: RecordedStep) -> tuple[str, ...]:
    step = record.step
    if step.finished_at is None or not record.attempts:
        return ()
    tries = len(record.attempts)
    timed = [attempt.ms for attempt in record.attempts if attempt.ms is not None]
    took = f"took {duration(timedelta(milliseconds=timed[-1]))}" if timed else ""
    nth = f"worked at try {tries}" if tries > 1 and step.state == "succeeded" else ""
    return tuple(part for part in (took, nth) if part)


def tried(attempt: StepAttempt) -> Try:
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
