"""How one field of a step was, and is now, as the end of a sentence about the step.

now waits 3 days instead of 2                      a field with words of its own
now has the kitchen as address instead of …        a value that is given to an action

A field that is left out means its default: to write that out is no change.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from wedsync.platform.wording import duration
from wedsync.workflows.editing.patches import same
from wedsync.workflows.engine import condition_words
from wedsync.workflows.engine.operators import operator_call, unescape_key
from wedsync.workflows.engine.retry import DEFAULTS as RETRY
from wedsync.workflows.engine.steps import KINDS
from wedsync.workflows.engine.steps.action import DEFAULT_ON_UNSURE, DEFAULT_TIMEOUT_S
from wedsync.workflows.engine.steps.approval import DEFAULT_ON_EXPIRY
from wedsync.workflows.engine.steps.for_each import DEFAULT_PARALLEL
from wedsync.workflows.engine.steps.kind import Actions, mapping
from wedsync.workflows.engine.words import clip, expression_words, quoted_words

NOTHING = object()
"""Stands for a field that is not there."""

_VALUES = frozenset(("input", "values", "match"))
_PLACED = frozenset(("seconds", "until", "anchor", "offset_days", "at", "event"))
_TOLD_BY_WAIT = _PLACED | {"event.event_type", "event.timeout_s"}
_OPENED = _VALUES | {"on_error", "event"}
_OF_VALUES = tuple(f"{name}." for name in ("input", "values", "event.match"))
_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "timeout_s": DEFAULT_TIMEOUT_S,
        "on_unsure": DEFAULT_ON_UNSURE,
        "batch_size": 1,
        "parallel": DEFAULT_PARALLEL,
        "on_expiry": DEFAULT_ON_EXPIRY,
        "wait": False,
        "event.otherwise": [],
        "on_error.then": "stop",
        **{f"on_error.retry.{name}": value for name, value in RETRY.items()},
    }
)
_UNSET_WORDS: Mapping[str, str] = MappingProxyType(
    {"event.timeout_s": "as long as it takes", "expires_after_s": "as long as it takes"}
)
_DOING: Mapping[str, str] = MappingProxyType(
    {
        "asks": "asking",
        "does": "doing",
        "goes": "going",
        "is": "being",
        "stops": "stopping",
        "tries": "trying",
        "waits": "waiting",
    }
)
_AROUND = frozenset(("data", "json", "match"))
_LONGEST_SAID = 40
_NUMBER = re.compile(r"([\d,.]+) ([a-z]+?)s?")


@dataclass(frozen=True, slots=True)
class Known:
    """What sentences need to call things by their names: the actions, and names by id."""

    actions: Actions
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field; `words` complete “Wait” …"""

    field: str
    words: str
    before: Any
    after: Any


Says = Callable[[Any, Known], str]


def changes(
    kind: Any, old: Mapping[str, Any], new: Mapping[str, Any], known: Known
) -> Iterator[FieldChange]:
    """Every field in which two versions of one step differ; their inner steps are left aside."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    waits = _wait(old, new, known) if kind == "wait" else None
    if waits:
        yield waits
    for field in dict.fromkeys((*after, *before)):
        was, now = (_at(side, field) for side in (before, after))
        if waits and _is_told_by_wait(field, was, now):
            continue
        if not same(was, now):
            yield FieldChange(field, _words(field, was, now, known), _plain(was), _plain(now))


def _plain(value: Any) -> Any:
    return None if value is NOTHING else value


def _at(leaves: Mapping[str, Any], field: str) -> Any:
    """What stands in a field. Of a step's own fields an empty one means its default; among values
    that are given to something, one that is null is not one that is not there."""
    found = leaves.get(field, NOTHING)
    if field.startswith(_OF_VALUES):
        return found
    return _DEFAULTS.get(field) if found is NOTHING or found is None else found


def _is_told_by_wait(field: str, was: Any, now: Any) -> bool:
    return field in _TOLD_BY_WAIT or (field == "late" and None in (was, now))


def _leaves(step: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The fields by dotted path, down to what is one value or one calculation."""
    for name, value in step.items():
        field = f"{path}{name}"
        if field == "id":
            continue
        if isinstance(value, dict) and _is_opened(field, value):
            yield from _leaves(value, f"{field}.")
        else:
            yield field, value


def _is_opened(field: str, value: dict[str, Any]) -> bool:
    if not value and field.startswith(_OF_VALUES):
        return False
    return field.partition(".")[0] in _OPENED and operator_call(value) is None


def _wait(old: Mapping[str, Any], new: Mapping[str, Any], known: Known) -> FieldChange | None:
    """What a wait waits for, as a whole: it takes several fields together to say it."""
    was, now = (KINDS["wait"].phrase(step, known.actions)[5:] for step in (old, new))
    if was == now or _waits_for_the_same_event(old, new):
        return None
    template = "waits {}"
    if was.startswith("for ") and now.startswith("for "):
        template, was, now = "waits for {}", was[4:], now[4:]
    before, after = ({n: v for n, v in step.items() if n in _PLACED} for step in (old, new))
    return FieldChange("seconds", _instead(template, now, was), before, after)


def _waits_for_the_same_event(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    was, now = (mapping(step.get("event")).get("event_type") for step in (old, new))
    return was is not None and same(was, now)


def _span(value: Any, known: Known | None = None) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < 10**10:
        return expression_words(value)
    if value < 60:
        return f"{value:g} seconds"
    return duration(timedelta(seconds=value), parts=4)


def _value(value: Any, known: Known) -> str:
    if isinstance(value, dict) and operator_call(value) is None:
        return _who(value, known)
    return expression_words(value)


def _who(value: Mapping[str, Any], known: Known) -> str:
    if isinstance(value.get("role"), str):
        return f"whoever is {clip(value['role'], 20)}"
    if isinstance(value.get("email"), str):
        return clip(value["email"], 60)
    if isinstance(value.get("user"), str):
        return known.names.get(f"user:{value['user']}", "one person")
    return expression_words(dict(value)) if value else "empty"


def _quoted(value: Any, known: Known) -> str:
    return quoted_words(value)


def _named(kind: str, otherwise: str) -> Says:
    return lambda value, known: known.names.get(f"{kind}:{value}", otherwise)


def _chosen(**words: str) -> Says:
    return lambda value, known: words.get(str(value), expression_words(value))


def _condition(value: Any, known: Known) -> str:
    return condition_words(value)


def _action(value: Any, known: Known) -> str:
    info = known.actions.get(value) if isinstance(value, str) else None
    return f"“{info.label}”" if info else _quoted(value, known)


_FIELDS: Mapping[str, tuple[str, Says]] = MappingProxyType(
    {
        "when": ("goes on only if {}", _condition),
        "use": ("does {}", _action),
        "connection": ("uses {}", _named("connection", "an account that is gone")),
        "timeout_s": ("waits at most {} for an answer", _span),
        "on_unsure": (
            "{} when it may have happened",
            _chosen(ask="asks somebody", retry="tries again", skip="goes on"),
        ),
        "on_error.then": (
            "{} when it fails",
            _chosen(stop="stops", **{"continue": "goes on"}, steps="does other steps"),
        ),
        "on_error.retry.attempts": ("is tried {} times at most", _value),
        "on_error.retry.first_delay_s": ("waits {} before it is tried again", _span),
        "on_error.retry.factor": ("waits {} times as long after each try", _value),
        "on_error.retry.max_delay_s": ("waits {} between tries at most", _span),
        "items": ("goes through {}", _value),
        "batch_size": ("takes {} at a time", _value),
        "parallel": ("does {} side by side", _value),
        "late": (
            "{} when it is late",
            _chosen(run="goes on", skip="is left out", ask="asks somebody"),
        ),
        "ask": ("asks {}", _quoted),
        "who": ("asks {}", _value),
        "then_ask": ("asks {} next", _value),
        "remind_after_s": ("reminds after {}", _span),
        "expires_after_s": ("waits {} for an answer", _span),
        "on_expiry": (
            "{} when nobody answers",
            _chosen(approve="goes on as approved", refuse="goes on as refused", stop="stops"),
        ),
        "event.event_type": ("waits for {}", _quoted),
        "event.timeout_s": ("waits {} for it", _span),
        "workflow": ("calls {}", _named("workflow", "a workflow that is gone")),
        "wait": (
            "{}",
            _chosen(**{"True": "waits until the other one is over", "False": "goes on at once"}),
        ),
        "outcome": ("ends as {}", _chosen(done="done", failed="failed")),
        "reason": ("says {}", _quoted),
    }
)


def _words(field: str, was: Any, now: Any, known: Known) -> str:
    if field == "note":
        return _note(was, now)
    if field in _FIELDS:
        template, says = _FIELDS[field]
        unset = _UNSET_WORDS.get(field, "")
        return _instead(template, *(_said(says, value, known, unset) for value in (now, was)))
    told, verb = _called(field), "notes" if field.startswith("values.") else "has"
    if _are_texts(was, now):
        return f"now {verb} other words for “{told}”"
    template = f"{verb} {{}} as {told}"
    if field.startswith("event.match."):
        template = f"waits for one whose {told} is {{}}"
    unset = "nothing" if field.startswith(_OF_VALUES) else ""
    return _instead(template, *(_said(_value, value, known, unset) for value in (now, was)))


def _called(field: str) -> str:
    """`input.data.guest_name` is `guest name`."""
    parts = field.split(".")[1:] or [field]
    own = [part for part in parts if part not in _AROUND] or parts
    return clip(" ".join(unescape_key(part) for part in own).replace("_", " "), 60)


def _are_texts(was: Any, now: Any) -> bool:
    """Whether both are texts too long for a sentence; they are compared word by word instead."""
    both = isinstance(was, str) and isinstance(now, str)
    return both and min(len(was), len(now)) > _LONGEST_SAID


def _said(says: Says, value: Any, known: Known, unset: str) -> str:
    if value is NOTHING:
        return ""
    return unset if value is None else says(value, known)


def _note(was: Any, now: Any) -> str:
    if not now:
        return "has no note any more"
    return "has another note now" if was else "has a note now"


def _instead(template: str, now: str, was: str) -> str:
    """`now waits 3 days instead of 2`; an empty side is one on which nothing is said."""
    if not now:
        return f"no longer {template.format(was)}"
    told = template.format(now)
    said = f"is now {told[3:]}" if told.startswith("is ") else f"now {told}"
    if not was:
        return said
    if now == was:
        return f"{said}, with other details"
    return f"{said} instead of {_doing(was) if template.startswith('{}') else _short(was, now)}"


def _doing(words: str) -> str:
    """`asking somebody` of `asks somebody`."""
    verb, _, rest = words.partition(" ")
    return " ".join(part for part in (_DOING.get(verb, verb), rest) if part)


def _short(was: str, now: str) -> str:
    """`2` of `2 days`, where both are of the same unit."""
    first, second = _NUMBER.fullmatch(was), _NUMBER.fullmatch(now)
    same_unit = first and second and first[2] == second[2]
    return first[1] if first and same_unit else was
