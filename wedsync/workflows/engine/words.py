"""Expressions as a person would say them: what they read, and what they make of it."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from wedsync.workflows.engine.bodies import BODY
from wedsync.workflows.engine.functions import Function
from wedsync.workflows.engine.functions.bounds import begin
from wedsync.workflows.engine.functions.kinds import Unusable
from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.plain_words import (
    LONGEST_VALUE,
    address_words,
    clip,
    event_words,
    is_date,
    listing,
    value_words,
)
from wedsync.workflows.engine.typed import KNOWN

__all__ = [
    "LONGEST_VALUE",
    "address_words",
    "clip",
    "event_words",
    "expression_words",
    "is_date",
    "listing",
    "operator_depth",
    "path_of",
    "path_words",
    "quoted_words",
    "stand_in",
    "value_words",
]

_ONE = re.compile(r"^(\{1\} [a-z]+)s ")
_VAGUE = frozenset(
    (
        "name",
        "id",
        "type",
        "value",
        "label",
        "title",
        "amount",
        "code",
        "date",
        "number",
        "status",
        "email",
    )
)
_CALLED = {
    "now": "today",
    "steps.approved": "the answer",
    "wedding.final_count_due": "the day the final count is due",
    "wedding.rsvp_deadline": "the RSVP deadline",
    "wedding.title": "the name of the wedding",
}
"""Values that people call otherwise than their path; of a step's, the path without the step."""
_SAID = {"email": "e-mail"}
_TAG = re.compile(r"\{%.*?%\}", re.DOTALL)
_VALUE = re.compile(r"\{\{-?\s*([\w.-]*\w)[^}]*\}\}")


def path_of(expression: Any) -> tuple[str, ...] | None:
    """The path of a plain read: `{"var": "trigger.data.city"}`; None for anything else."""
    call = operator_call(expression)
    if call is None or call[0] not in ("var", "val"):
        return None
    arguments = argument_list(call[1])
    if call[0] == "val":
        plain = arguments and all(isinstance(part, str) for part in arguments)
        return tuple(arguments) if plain else None
    first = arguments[0] if arguments else ""
    return tuple(first.split(".")) if isinstance(first, str) and first else None


def path_words(path: Sequence[str]) -> str:
    """`trigger.data.guest.name` is the guest name, `steps.shape.seats` the seats."""
    own = list(path)
    known = _CALLED.get(".".join(own[:1] + own[2:] if own[0] == "steps" else own))
    if known is not None:
        return known
    if own[-1] == "id" and len(own) > 1:
        own = own[:-1]
    if len(own) > 2 and (own[0] == "steps" or own[:2] == ["trigger", "data"]):
        own = own[2:]
    elif own[0] in ("trigger", "item", "run") and len(own) > 1:
        own = own[1:]
    own = [part for part in own if not part.isdigit()] or own
    telling = own[-2:] if own[-1].lower() in _VAGUE else own[-1:]
    said = " ".join(_SAID.get(part, part.replace("_", " ").strip()) for part in telling).strip()
    return clip(said, 60) or "a value"


def expression_words(expression: Any) -> str:
    """An expression as a noun: a value, the name of what it reads, or a short description."""
    path = path_of(expression)
    if path is not None:
        return path_words(path)
    call = operator_call(expression)
    if call is None:
        return "a calculated value" if isinstance(expression, dict) else value_words(expression)
    if call[0] in KNOWN:
        return _typed_words(KNOWN[call[0]], argument_list(call[1]))
    return _call_words(*call)


def quoted_words(expression: Any) -> str:
    """The same in quotation marks, once: a text that is put together has its own."""
    said = expression_words(expression)
    has_its_own = operator_call(expression) is not None and said.startswith("“")
    return said if has_its_own else f"“{said}”"


def _typed_words(function: Function, parts: Sequence[Any]) -> str:
    if function.count_fault(len(parts)) or operator_depth(parts, 4):
        return function.label
    if function.name == BODY:
        return f"“{_body_words(parts[0])}”" if isinstance(parts[0], str) else function.label
    if function.arguments[-1].several:
        return _several_words(function.name, parts)
    if not any(map(_holds_call, parts)):
        with suppress(Unusable):
            begin()
            return value_words(function(parts))
    said = [expression_words(part) for part in parts[: len(function.arguments)]]
    said += [""] * (len(function.arguments) - len(said))
    return clip(_before(function.says, said).format(*said))


def _several_words(name: str, parts: Sequence[Any]) -> str:
    if name == "text.of":
        return f"“{_text_of(parts)}”"
    return clip(" plus ".join(expression_words(part) for part in parts[:4]))


def _body_words(body: str) -> str:
    """The text of a body with the names of its values."""
    plain = _TAG.sub(" ", body[: 4 * LONGEST_VALUE])
    named = _VALUE.sub(lambda value: path_words(value[1].split(".")), plain)
    return clip(" ".join(named.split()).translate(_UNQUOTED))


def _before(says: str, said: list[str]) -> str:
    """A negative number of days after something is a number of days before it; one is a day."""
    if " after " not in says:
        return says
    if said[1].startswith("-"):
        said[1] = said[1][1:]
        says = says.replace(" after ", " before ")
    return _ONE.sub(r"\1 ", says) if said[1] == "1" else says


def _holds_call(part: Any) -> bool:
    if operator_call(part):
        return True
    if isinstance(part, dict | list):
        return any(map(_holds_call, part.values() if isinstance(part, dict) else part))
    return False


_INFIX = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_OF = {
    "length": "length",
    "max": "largest",
    "min": "smallest",
    "missing": "missing ones",
    "type": "kind",
}
_AS_IS = frozenset(("lower", "upper", "trim", "abs", "ceil", "floor", "??", "datetime"))


def _call_words(name: str, arguments: Any) -> str:
    parts = argument_list(arguments)
    if name == "cat" and parts:
        return f"“{_text_of(parts)}”"
    if not parts or operator_depth(parts, 4):
        return stand_in({name: arguments}) or "a calculated value"
    if name in _INFIX and len(parts) > 1:
        return clip(f" {_INFIX[name]} ".join(expression_words(part) for part in parts[:4]))
    if name in _OF:
        return clip(f"{_OF[name]} of {listing([expression_words(part) for part in parts[:4]])}")
    if name in _AS_IS:
        return expression_words(parts[0])
    return stand_in({name: arguments}) or "a calculated value"


def _text_of(parts: Sequence[Any]) -> str:
    """A text put together: its fixed words, and what stands in for the rest when there is none."""
    told = "".join(
        part if isinstance(part, str) else stand_in(part) or expression_words(part)
        for part in parts
    )
    return clip(" ".join(told[: 4 * LONGEST_VALUE].split()).translate(_UNQUOTED))


_UNQUOTED = str.maketrans("“”", "‘’")
_HAS_STAND_IN = ("??", "if", "?:")


def stand_in(expression: Any) -> str | None:
    """The words given when there is nothing: `A guest` of `{"??": [x, "A guest"]}`."""
    call = operator_call(expression)
    if call is None or call[0] not in _HAS_STAND_IN:
        return None
    last = argument_list(call[1])[-1:]
    return last[0] if last and isinstance(last[0], str) and last[0].strip() else None


def operator_depth(parts: Sequence[Any], most: int) -> bool:
    """Whether calculations are nested deeper than can be said in one breath."""
    if most == 0:
        return True
    calls = [call for call in map(operator_call, parts) if call]
    return any(operator_depth(argument_list(arguments), most - 1) for _, arguments in calls)
