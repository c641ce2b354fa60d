"""A step, or what starts a workflow, as a sentence whose parts can be set in place.

    Send an e-mail to [couple's e-mail]: [Welcome to Rosewood] with [which account?]

Nothing missing, the text is what `engine.sentence` says but for quotation marks and the names that
values and events have here (an action adds its account, a question who is asked after that); what
must be given and is not is a slot with a question.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from wedsync.workflows.building.known.known_data import Known
from wedsync.workflows.building.sentences import trigger_slots
from wedsync.workflows.building.sentences.action_slots import WITH_ACCOUNT, action_said
from wedsync.workflows.building.sentences.phrases import (
    Phrase,
    Piece,
    PillOf,
    Slot,
    missing,
    names_with,
    pills_with,
    settled,
    slot,
    value_slot,
)
from wedsync.workflows.catalogue import Entries
from wedsync.workflows.engine.clauses import Naming, condition_words, parse
from wedsync.workflows.engine.clauses import clauses as clauses_of
from wedsync.workflows.engine.operators import unescape_key
from wedsync.workflows.engine.plain_words import clip, event_words
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.approval import ROLES
from wedsync.workflows.engine.steps.kind import mapping, sequence, text
from wedsync.workflows.engine.times import duration_words
from wedsync.workflows.engine.trigger_kind import Names
from wedsync.workflows.engine.words import path_of

__all__ = ["Part", "Piece", "Slot", "plain_said", "questions", "said", "without_account"]

Part: TypeAlias = Piece | Slot
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class _Told:
    """What sentences are told with."""

    names: Names
    entries: Entries
    pill_of: PillOf
    name_of: Naming


def said(
    written: Any, names: Names, entries: Entries, known: Known | None = None
) -> tuple[Part, ...]:
    """The sentence of a step or trigger.

    `names` are what people call accounts, hooks and workflows (`source_names`), and people
    (`user:<id>`); `known` the values of the draft. Triggers are said without their “When”.
    """
    if refusal(written) is not None:
        return (Piece("This is too large to put into words"),)
    return said_in_draft(mapping(written), names, entries, known)


def said_in_draft(
    found: Mapping[str, Any], names: Names, entries: Entries, known: Known | None = None
) -> tuple[Part, ...]:
    """The same of what stands in a draft that was asked about before (`shape.readable`)."""
    kind = found.get("kind")
    own_id = found.get("id")
    step_id = own_id if isinstance(own_id, str) else None
    name_of = names_with(known, step_id)
    told = _Told(names, entries, pills_with(known, step_id), name_of)
    if isinstance(kind, str) and kind in _STEPS:
        return settled(_STEPS[kind](found, told))
    if isinstance(kind, str) and kind in trigger_slots.KINDS:
        return settled(trigger_slots.KINDS[kind](found, names, name_of))
    return settled(["do something unknown (", slot("kind", f"“{clip(str(kind), 40)}”"), ")"])


def plain_said(parts: Iterable[Part]) -> str:
    """The sentence as plain text."""
    return "".join(part.text if isinstance(part, Piece) else part.words for part in parts)


def without_account(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The sentence without the account a step acts through, where that is chosen."""
    kept = list(parts)
    for number, part in enumerate(parts):
        if not isinstance(part, Slot) or part.field != "connection" or part.is_missing:
            continue
        before = kept[number - 1] if number else None
        if isinstance(before, Piece) and before.text.endswith(WITH_ACCOUNT.lstrip(",")):
            kept[number - 1] = Piece(before.text.removesuffix(" with ").removesuffix(","))
            kept[number] = Piece("")
    return tuple(part for part in kept if not isinstance(part, Piece) or part.text)


def questions(parts: Iterable[Part]) -> tuple[Slot, ...]:
    """The slots that must be answered first."""
    return tuple(part for part in parts if isinstance(part, Slot) and part.is_missing)


def _action(step: Mapping[str, Any], told: _Told) -> Phrase:
    return action_said(step, told.names, told.entries, told.pill_of)


def _choose(step: Mapping[str, Any], told: _Told) -> Phrase:
    branches = [mapping(each) for each in sequence(step.get("branches"))]
    if not branches:
        return ["take the first that fits: ", missing("branches", "which branches?")]
    parts: Phrase = ["take the first that fits"]
    subject = _subject_of(branches)
    if subject is not None:
        pill = value_slot("branches", subject, told.pill_of)
        parts = ["look at ", pill, " and take the first that fits"]
    for number, branch in enumerate(branches):
        label = text(branch.get("label"))
        if not label:
            parts += ["; ", missing(f"branches.{number}.label", "what is this branch called?")]
        if branch.get("when") in (None, {}):
            about = f"when “{label}”?" if label else "when is it taken?"
            parts += ["; ", missing(f"branches.{number}.when", about)]
    return parts


def _subject_of(branches: list[Mapping[str, Any]]) -> Any:
    """The one value that all the conditions look at; None where there are several."""
    found: list[Any] = []
    for branch in branches:
        tests = [] if branch.get("when") is None else clauses_of(parse(branch["when"]))
        for each in tests:
            if path_of(each.subject) is None or (found and each.subject != found[0]):
                return None
            found = [each.subject]
    return found[0] if found else None


def _filter(step: Mapping[str, Any], told: _Told) -> Phrase:
    when = step.get("when")
    if when is None:
        return ["go on only if ", missing("when", "which condition?")]
    return ["go on only if ", slot("when", condition_words(when, told.name_of))]


def _set(step: Mapping[str, Any], told: _Told) -> Phrase:
    names = [name for name in mapping(step.get("values")) if _called(name).strip()]
    if not names:
        return ["note ", missing("values", "what?")]
    shown = names if len(names) <= _MOST_NAMED else names[: _MOST_NAMED - 1]
    slots = [slot(f"values.{unescape_key(name)}", _called(name)) for name in shown]
    if len(shown) < len(names):
        slots.append(slot("values", f"{len(names) - len(shown)} more"))
    parts: Phrase = ["note "]
    for number, each in enumerate(slots):
        joint = " and " if number == len(slots) - 1 else ", "
        parts += [joint, each] if number else [each]
    return parts


def _called(name: str) -> str:
    return clip(unescape_key(name).replace("_", " "), 40)


def _for_each(step: Mapping[str, Any], told: _Told) -> Phrase:
    items = step.get("items")
    if items is None:
        return ["do the same for each of ", missing("items", "which list?")]
    lead = "the " if path_of(items) else ""
    return [f"do the same for each of {lead}", value_slot("items", items, told.pill_of)]


def _wait(step: Mapping[str, Any], told: _Told) -> Phrase:
    if step.get("anchor") is not None:
        return ["wait until ", *trigger_slots.anchored(step, after_until=True)]
    if step.get("event") is not None:
        return _wait_for_event(mapping(step["event"]), told.names)
    if step.get("until") is not None:
        if step["until"] == "":
            return ["wait until ", missing("until", "until when?")]
        return ["wait until ", value_slot("until", step["until"], told.pill_of)]
    if step.get("seconds") is None:
        return ["wait ", missing("way", "for how long, or for what?")]
    return ["wait for ", slot("seconds", duration_words(step["seconds"]))]


def _wait_for_event(event: Mapping[str, Any], names: Names) -> Phrase:
    written = event.get("event_type")
    name = event_words(written) if isinstance(written, str) else ""
    meaning = next((said for key, said in names.items() if key.endswith(f" {written}")), "")
    parts: Phrase = ["wait until ", missing("event.event_type", "what happens?")]
    if meaning:
        parts = ["wait until ", slot("event.event_type", meaning)]
    elif name:
        parts = ["wait for “", slot("event.event_type", name), "”"]
    if event.get("timeout_s") is not None:
        parts += [", for ", slot("event.timeout_s", duration_words(event["timeout_s"])), " at most"]
    return parts


def _approval(step: Mapping[str, Any], told: _Told) -> Phrase:
    ask = step.get("ask")
    parts: Phrase = ["ask ", _person("who", step.get("who"), told), ": "]
    if ask is None or (isinstance(ask, str) and not ask.strip()):
        parts.append(missing("ask", "what do you ask?"))
    elif isinstance(ask, str):
        parts.append(slot("ask", f"“{text(ask)}”"))
    else:
        parts.append(value_slot("ask", ask, told.pill_of))
    parts.append(" and wait for the answer")
    return [*parts, *_reminder(step, told)]


def _reminder(step: Mapping[str, Any], told: _Told) -> Phrase:
    after, other = step.get("remind_after_s"), step.get("then_ask")
    if after is None:
        return []
    parts: Phrase = ["; after ", slot("remind_after_s", duration_words(after))]
    if other is None:
        return [*parts, " remind them"]
    return [*parts, " ask ", _person("then_ask", other, told)]


def _person(field: str, who: Any, told: _Told) -> Slot:
    named = mapping(who)
    email, user = named.get("email"), named.get("user")
    if named.get("role") in ROLES:
        return slot(field, f"an {named['role']}" if named["role"] != "viewer" else "a viewer")
    if isinstance(email, str) and email.strip():
        return slot(field, text(email))
    if email is not None and not isinstance(email, str):
        pill = value_slot(field, email, told.pill_of)
        return replace(pill, words=f"the person at {pill.words}")
    if user:
        name = told.names.get(f"user:{user}") if isinstance(user, str) else None
        return slot(field, clip(name) if name else "a member")
    return missing(field, "whom?")


def _call(step: Mapping[str, Any], told: _Told) -> Phrase:
    workflow = step.get("workflow")
    if not isinstance(workflow, str) or not workflow.strip():
        return ["start ", missing("workflow", "which workflow?"), *_waits(step)]
    name = told.names.get(f"workflow:{workflow}")
    return ["start ", slot("workflow", clip(name) if name else "another workflow"), *_waits(step)]


def _waits(step: Mapping[str, Any]) -> Phrase:
    return [" and ", slot("wait", "wait until it is done")] if step.get("wait") is True else []


def _stop(step: Mapping[str, Any], told: _Told) -> Phrase:
    outcome = step.get("outcome")
    if outcome not in ("done", "failed"):
        return ["stop ", missing("outcome", "as done or as failed?")]
    parts: Phrase = [slot("outcome", "stop as failed" if outcome == "failed" else "stop")]
    reason = text(step.get("reason"))
    return [*parts, " (", slot("reason", reason.rstrip(".")), ")"] if reason else parts


_STEPS: Mapping[str, Callable[[Mapping[str, Any], _Told], Phrase]] = {
    "action": _action,
    "choose": _choose,
    "filter": _filter,
    "set": _set,
    "for_each": _for_each,
    "wait": _wait,
    "approval": _approval,
    "call": _call,
    "stop": _stop,
}
