"""Checks that several kinds of step and trigger share; each says what is wrong and what to do."""

import difflib
import re
from collections.abc import Collection, Sequence
from typing import Any

from wedsync.workflows.engine.anchors import ANCHORS, clock_time
from wedsync.workflows.engine.expressions import Examined, examine_condition, examine_template
from wedsync.workflows.engine.functions.kinds import ANY, MONEY, RECORD
from wedsync.workflows.engine.limits import MAX_OFFSET_DAYS
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.typed import KNOWN
from wedsync.workflows.engine.words import clip, listing

EVENT_TYPE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
LONGEST_EVENT_TYPE = 200
MOST_UNKNOWN = 20
LATE = ("run", "skip", "ask")

_RECORDS = (ANY, MONEY, RECORD)
_MAY_GIVE_RECORD = frozenset(
    ("var", "val", "if", "?:", "??", "switch", "match", "and", "or", "reduce")
)


def gives_record(operator: str) -> bool:
    """Whether a calculation by this operator may give a set of named values."""
    function = KNOWN.get(operator)
    return operator in _MAY_GIVE_RECORD or (function is not None and function.gives in _RECORDS)


def check_condition(field: Field) -> None:
    """A `when` or `filter`: it can be worked out, and reads only what is there."""
    if field.value and _holds_blank(field.value):
        unanswered = "A row of the condition is not filled in yet."
        field.error(unanswered, "Fill it in, or remove the row.")
        return
    _report(field, examine_condition(field.value), "Choose a value, and what to compare it with.")


def _holds_blank(node: Any) -> bool:
    """Whether something is left out: the empty object stands for what is still to be answered."""
    if isinstance(node, dict):
        return not node or any(map(_holds_blank, node.values()))
    return isinstance(node, list) and any(map(_holds_blank, node))


def check_value(field: Field) -> None:
    """Any value, with calculations in it or not."""
    _report(field, examine_template(field.value), "Choose the value again, or remove it.")


def check_values(field: Field) -> None:
    """A `values` or `input`: an object of named values."""
    if not isinstance(field.value, dict):
        field.error("This is not a set of named values.", "Give each value a name.")
        return
    call = operator_call(field.value)
    if call is None:
        for name, value in field.value.items():
            part = field.at(name, value)
            _report(part, examine_template(value), "Choose the value again, or remove it.")
        return
    name = clip(call[0], 40)
    if not gives_record(call[0]):
        field.error(
            f"“{name}” is also the name of a function, so this is read as a calculation.",
            f"To give a single value called “{name}”, write its name as “${name}”.",
        )
    else:
        _report(field, examine_template(field.value), "Choose the values again.")


def _report(field: Field, examined: Examined, fix: str) -> None:
    for fault in dict.fromkeys(examined.faults):
        field.error(fault, examined.fix or fix)
    for path in dict.fromkeys(examined.reads):
        if field.findings.full:
            return
        _check_read(field, path)


def _check_read(field: Field, path: tuple[str, ...]) -> None:
    sees = field.sees
    if not path or (path[0] in sees.roots and (path[0] != "steps" or len(path) == 1)):
        return
    if path[0] in ("item", "index"):
        field.error(
            f"“{path[0]}” is only there inside a loop.",
            "Move this into a loop, or read something else.",
        )
        return
    if sees.roots == {"trigger"} and path[0] in ("wedding", "now", "steps", "run"):
        field.error(
            f"Before it starts, only what came in is known, not “{clip('.'.join(path), 60)}”.",
            "Look at what came in, or ask for this in a step “Go on only if”.",
        )
        return
    if path[0] != "steps" or "steps" not in sees.roots:
        roots = listing([f"“{root}”" for root in sorted(sees.roots)], "or")
        message = f"There is nothing called “{clip('.'.join(path), 60)}” here."
        field.error(message, f"Begin with {roots}.")
        return
    step = clip(path[1], 60)
    if path[1] in sees.off and (path[1] in sees.certainly or path[1] in sees.perhaps):
        _warn_of_off(field, step)
        return
    if path[1] in sees.lists and len(path) > 2 and not path[2].isdecimal():
        field.warn(
            f"“{step}” happens once for each item, so here it is a list.",
            "Read this inside the loop, or take what you need from the list.",
        )
    if path[1] in sees.certainly:
        return
    if path[1] in sees.perhaps:
        field.warn(
            f"It reads step “{step}”, which may not have happened by then.",
            "Give a value for that case, or move this into the same branch.",
        )
    elif path[1] in sees.every:
        field.error(
            f"It reads step “{step}”, which comes later or on another way.",
            "Move that step up, or read another one.",
        )
    else:
        field.error(f"It reads step “{step}”, which does not exist.", nearest(step, sees.every))


def _warn_of_off(field: Field, step: str) -> None:
    if not field.sees.is_off:
        field.warn(
            f"It reads step “{step}”, which is turned off and gives nothing.",
            "Turn that step on, or read another one.",
        )


def nearest(word: str, known: Collection[str], otherwise: str = "Choose one from the list.") -> str:
    """A way out that names what was probably meant."""
    close = difflib.get_close_matches(word[:60], sorted(known)[:500], n=1)
    return f"Did you mean “{close[0]}”?" if close else otherwise


def check_fields(field: Field, required: Collection[str], known: Collection[str]) -> bool:
    """Whether everything required is there; unknown fields are pointed out."""
    value: dict[str, Any] = field.value
    for name in sorted(value.keys() - set(known))[:MOST_UNKNOWN]:
        here = clip(name, 40)
        field.at(here, None).warn(
            f"“{here}” means nothing here and is not used.", nearest(here, known, "Remove it.")
        )
    missing = [name for name in sorted(required) if name not in value]
    for name in missing:
        field.at(name, None).error(f"“{name}” is missing.", "Fill it in.")
    return not missing


def check_word(field: Field, allowed: Sequence[str]) -> None:
    """One of a few words."""
    if field.value not in allowed:
        choices = listing([f"“{word}”" for word in allowed], "or")
        field.error("This is not one of the choices.", f"Choose {choices}.")


def check_number(field: Field, least: float, most: float, *, whole: bool = False) -> None:
    """A number within bounds."""
    kinds = int if whole else (int, float)
    usable = isinstance(field.value, kinds) and not isinstance(field.value, bool)
    if not usable or not least <= field.value <= most:
        number = "whole number" if whole else "number"
        field.error(f"This is not a {number} that can be used.", f"Between {least:g} and {most:g}.")


def check_anchored(field: Field) -> None:
    """A time counted from a date of the wedding: `anchor`, `offset_days`, `at` and `late`."""
    written = field.value
    check_word(field.at("anchor", written.get("anchor")), tuple(ANCHORS))
    offset = field.at("offset_days", written.get("offset_days"))
    check_number(offset, -MAX_OFFSET_DAYS, MAX_OFFSET_DAYS, whole=True)
    if clock_time(written.get("at")) is None:
        field.at("at", None).error("This is not a time of day.", "Write it like “09:00”.")
    check_word(field.at("late", written.get("late")), LATE)


def check_text(field: Field, longest: int, *, optional: bool = True) -> None:
    """A text of bounded length."""
    if field.value is None and optional:
        return
    if not isinstance(field.value, str) or not (field.value.strip() or optional):
        field.error("This is not a text.", "Write a few words.")
    elif len(field.value) > longest:
        field.error("This text is too long.", f"Use at most {longest} characters.")


def check_off(field: Field) -> None:
    """Whether a step is turned off: yes, no, or nothing said."""
    if field.value is not None and not isinstance(field.value, bool):
        field.error("It does not say whether this step is turned off.", "Say true or false.")


def check_event_type(field: Field) -> bool:
    """Whether this reads as an event type, like `external.rsvp.received`."""
    value = field.value
    fits = isinstance(value, str) and len(value) <= LONGEST_EVENT_TYPE
    if not fits or not EVENT_TYPE.fullmatch(value):
        field.error(
            "This is not the name of an event.",
            "Use words with dots between them, like “external.rsvp.received”.",
        )
        return False
    return True
