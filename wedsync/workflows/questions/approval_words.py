"""What an approval says to people: what follows from a yes, a no, or silence, and what was said."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from wedsync.platform.wording import State, Wording
from wedsync.workflows.engine.conditions import Condition
from wedsync.workflows.engine.expressions import EvaluationFailed, examine_condition
from wedsync.workflows.engine.outline import children
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.engine.times import zone_words
from wedsync.workflows.engine.view import View
from wedsync.workflows.engine.words import clip
from wedsync.workflows.questions.approval_queries import ApprovalLine

Step: TypeAlias = Mapping[str, Any]
NameOf: TypeAlias = Callable[[Step], str]

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_NOTHING = "nothing more happens here."
_GOES_ON = "it is noted, and the work goes on with your answer."
_SILENCE = {
    "approve": "After that it counts as a yes.",
    "refuse": "After that it counts as a no.",
    "stop": "After that the work stops there.",
}
_STATES = {
    "open": State("needs", "Waits for an answer"),
    "approved": State("done", "Yes"),
    "refused": State("off", "No"),
    "expired": State("off", "Nobody answered"),
    "cancelled": State("off", "Not needed any more"),
}


@dataclass(frozen=True, slots=True)
class Follows:
    """What happens on a yes, on a no, and when nobody answers (empty: it waits for ever)."""

    yes: str
    no: str
    expiry: str


def label_of(step: Step) -> str:
    """What people called a step; empty where they did not."""
    label = step.get("label")
    return clip(" ".join(label.split())) if isinstance(label, str) else ""


def what_follows(
    definition: Any,
    step_id: str,
    on_expiry: str,
    expires_at: datetime | None,
    words: Wording,
    name_of: NameOf = label_of,
    *,
    for_outsiders: bool = False,
) -> Follows:
    """What the answer to the approval `step_id` leads to, as far as it can be told before.

    Outsiders read it on another day and by other clocks, so they are told which.
    """
    after = _after(mapping(definition).get("steps"), step_id) or []
    yes, no = (_first(after, step_id, approved, name_of) for approved in (True, False))
    if expires_at is None:
        return Follows(yes, no, "")
    until = _dated(expires_at, words) if for_outsiders else words.moment(expires_at)
    return Follows(yes, no, f"There is time until {until}. {_SILENCE[on_expiry]}")


def _dated(moment: datetime, words: Wording) -> str:
    """`Sat 12 June, 14:00 in Lisbon`."""
    day = words.day(words.local(moment).date())
    return f"{day}, {words.time(moment)} in {zone_words(words.zone)}"


def state_words(line: ApprovalLine) -> State:
    """How a question stands."""
    state = line.approval.state
    return _STATES["expired" if state == "open" and not line.is_open else state]


def decided_words(line: ApprovalLine, words: Wording) -> str:
    """Who said what and when, or why nobody needs to say anything any more."""
    approval = line.approval
    if approval.decided_by is not None and approval.decided_at is not None:
        said = "yes" if approval.state == "approved" else "no"
        return f"{approval.decided_by} said {said} {words.at(approval.decided_at)}."
    if approval.state == "cancelled":
        return "This does not need an answer any more."
    return "" if line.is_open else f"Nobody answered in time. {_ended(approval.on_expiry)}"


def _ended(on_expiry: str) -> str:
    said = {"approve": "It counted as a yes.", "refuse": "It counted as a no."}
    return said.get(on_expiry, "The work stopped there.")


def _after(steps: Any, step_id: str) -> list[Step] | None:
    """The steps after this one: those beside it, then those after what it stands in."""
    beside = [step for step in sequence(steps) if isinstance(step, dict)]
    for place, step in enumerate(beside):
        if step.get("id") == step_id:
            return list(beside[place + 1 :])
        for child in children(step):
            inside = _after(child.steps, step_id)
            if inside is not None:
                return inside + list(beside[place + 1 :])
    return None


def _first(after: Sequence[Step], step_id: str, approved: bool, name_of: NameOf) -> str:
    """The first thing that happens when the answer is this one."""
    for place, step in enumerate(after):
        kind = step.get("kind")
        if kind == "filter":
            fits = _judged(step.get("when"), step_id, approved)
            if fits is None:
                return _GOES_ON
            if not fits:
                return _NOTHING
        elif kind == "choose":
            chosen = _chosen(step, step_id, approved)
            if chosen is None:
                return _GOES_ON
            return _first([*chosen, *after[place + 1 :]], step_id, approved, name_of)
        elif kind != "set":
            name = name_of(step)
            return f"“{name}” comes next." if name else _GOES_ON
    return _NOTHING


def _chosen(step: Step, step_id: str, approved: bool) -> list[Step] | None:
    for branch in sequence(step.get("branches")):
        fits = _judged(mapping(branch).get("when"), step_id, approved)
        if fits is None:
            return None
        if fits:
            return list(sequence(mapping(branch).get("steps")))
    return list(sequence(step.get("otherwise")))


def _judged(when: Any, step_id: str, approved: bool) -> bool | None:
    """What a condition comes to by the answer alone; None when it asks for more than that."""
    examined = examine_condition(when)
    answer = ("steps", step_id, "approved")
    if examined.faults or any(tuple(path) != answer for path in examined.reads):
        return None
    seen = View({"steps": {step_id: {"approved": approved}}}, _ANY_TIME)
    try:
        return Condition(when).judge(seen).fits
    except EvaluationFailed:
        return None
