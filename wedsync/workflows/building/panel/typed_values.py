"""What stands in a field of the panel, as text, and what is kept of what was typed.

What was shown is read back as the same value; nothing typed is None, which is kept as nothing.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.texts_with_data import (
    Vocabulary,
    escaped,
    read_text,
    shown_text,
)
from wedsync.workflows.building.typed.typed_moments import read_moment, shown_moment
from wedsync.workflows.building.typed.typed_schedules import read_schedule, shown_schedule
from wedsync.workflows.building.typed.typed_times import (
    read_clock,
    read_duration,
    read_offset,
    read_zone,
    shown_duration,
    shown_offset,
)
from wedsync.workflows.engine.checks import EVENT_TYPE, LONGEST_EVENT_TYPE
from wedsync.workflows.engine.functions.kinds import LARGEST_NUMBER
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.plain_words import clip, listing
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.approval import ROLES
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import expression_words

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,30})(\.\d{1,30})?([eE][+-]?\d{1,3})?")
_TYPED_NUMBER = re.compile(r"[+-]?[\d,  ]*\d(\.\d+)?")
_WORDS = {"yes": True, "no": False}


def shown_value(spec: Spec, value: Any, vocabulary: Vocabulary) -> str:
    """What stands in the field while `value` is what is written."""
    if value is None:
        value = spec.default
    if value is None:
        return "no" if spec.kind == "switch" and not spec.takes_data else ""
    if spec.kind == "person":
        return _shown_person(value, vocabulary)
    if spec.takes_data and spec.kind != "moment" and operator_call(value) is not None:
        return shown_text(value, vocabulary)
    if spec.kind in ("any", "key_values"):
        return shown_any(value, vocabulary)
    if spec.kind == "moment" and (said := shown_moment(value)) is not None:
        return said
    if spec.kind == "list" and isinstance(value, list):
        return _shown_list(value, vocabulary)
    if spec.takes_data and isinstance(value, dict | list):
        return shown_text(value, vocabulary)
    return _shown_plain(spec, value)


def _shown_plain(spec: Spec, value: Any) -> str:
    show = _SHOWN.get(spec.kind)
    if show is not None:
        return show(value)
    if isinstance(value, dict | list):
        return expression_words(value)
    if not isinstance(value, str):
        return str(value) if spec.kind == "choice" else _plain(value)
    return escaped(value) if spec.takes_data and spec.kind != "choice" else value


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def read_value(spec: Spec, typed: str, vocabulary: Vocabulary, before: Any = None) -> Any:
    """What is kept of what was typed; None for nothing. Raises NotReadable with a sentence."""
    if not typed.strip():
        return None
    value = _read(spec, typed, vocabulary, before)
    if problem := refusal(value):
        raise NotReadable(problem)
    if isinstance(value, str):
        _check_length(spec, value)
    return value


def _read(spec: Spec, typed: str, vocabulary: Vocabulary, before: Any) -> Any:
    if spec.kind == "person":
        return _read_person(typed.strip(), vocabulary)
    if spec.kind in ("any", "key_values"):
        return read_any(typed, vocabulary, before)
    if spec.kind == "list":
        return _read_list(typed, vocabulary)
    if spec.kind in ("text", "long_text") and spec.takes_data:
        return read_text(typed, vocabulary, long=spec.kind == "long_text", before=before)
    if spec.kind == "moment" and "[" not in typed:
        return read_moment(typed)
    if spec.kind in ("data", "moment"):
        return _read_single(typed, vocabulary, before)
    if spec.takes_data and typed.lstrip().startswith("["):
        return _read_single(typed.strip(), vocabulary, before)
    read = _READ.get(spec.kind)
    return read(spec, typed.strip()) if read else typed


def _read_single(typed: str, vocabulary: Vocabulary, before: Any) -> Any:
    value = read_text(typed, vocabulary, before=before)
    if isinstance(value, dict) and "[" in typed and not _is_one_pill(typed):
        raise NotReadable("Only one value can stand here, without words around it.")
    return value


def _is_one_pill(typed: str) -> bool:
    return re.fullmatch(r"\s*\[[^\[\]]*\]\s*", typed) is not None


def _check_length(spec: Spec, value: str) -> None:
    if spec.kind not in ("text", "long_text"):
        return
    if spec.most is not None and len(value) > spec.most:
        raise NotReadable(f"This text is too long. Use at most {spec.most:,.0f} characters.")
    if spec.least is not None and len(value) < spec.least:
        raise NotReadable(f"This text is too short. Write at least {spec.least:,.0f} characters.")


def _read_number(spec: Spec, typed: str) -> int | float:
    plain = re.sub(r"[,  ]", "", typed)
    if not _TYPED_NUMBER.fullmatch(typed) or len(plain) > 30:
        raise NotReadable("Write a number.")
    number = float(plain)
    exact = int(plain) if "." not in plain else number
    if spec.whole and number != int(number):
        raise NotReadable("Write a whole number.")
    _check_bounds(spec, exact, f"{spec.least:,g}" if spec.least is not None else "",
                  f"{spec.most:,g}" if spec.most is not None else "")  # fmt: skip
    if abs(number) > LARGEST_NUMBER:
        raise NotReadable("This number is too large.")
    return int(exact) if exact == int(exact) else exact


def _check_bounds(spec: Spec, number: float, least: str, most: str) -> None:
    if spec.least is not None and number < spec.least:
        raise NotReadable(f"This is too little: {least} is the least.")
    if spec.most is not None and number > spec.most:
        raise NotReadable(f"This is too much: {most} is the most.")


def _read_duration(spec: Spec, typed: str) -> int | float:
    seconds = read_duration(typed)
    least, most = shown_duration(spec.least), shown_duration(spec.most)
    _check_bounds(spec, seconds, least, most)
    return seconds


def _read_choice(spec: Spec, typed: str) -> Any:
    for value in spec.enum:
        if str(value) == typed:
            return value
    if all(choice.value != typed for choice in spec.choices):
        words = listing([choice.words for choice in spec.choices[:8]], "or")
        raise NotReadable(f"Choose {words}." if words else "This is not one of the choices.")
    return typed


def _read_switch(spec: Spec, typed: str) -> bool | None:
    if typed not in _WORDS:
        raise NotReadable("Choose yes or no.")
    is_yes = _WORDS[typed]
    return is_yes if is_yes or spec.takes_data else None


def _read_event_type(spec: Spec, typed: str) -> str:
    if not EVENT_TYPE.fullmatch(typed) or len(typed) > LONGEST_EVENT_TYPE:
        raise NotReadable(
            "This cannot be the name of what happens. Write words with dots between them, like"
            " “menu.requested”."
        )
    return typed


_READ: Mapping[str, Callable[[Spec, str], Any]] = {
    "number": _read_number,
    "duration": _read_duration,
    "day_offset": lambda spec, typed: read_offset(typed),
    "time": lambda spec, typed: read_clock(typed),
    "zone": lambda spec, typed: read_zone(typed),
    "schedule": lambda spec, typed: read_schedule(typed),
    "switch": _read_switch,
    "event_type": _read_event_type,
    **dict.fromkeys(("choice", "connection", "workflow", "hook", "source", "stream"), _read_choice),
}
_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "duration": shown_duration,
    "day_offset": shown_offset,
    "schedule": shown_schedule,
}


def _shown_person(who: Any, vocabulary: Vocabulary) -> str:
    """`role:owner`, `user:<id>`, or an address; values may stand in the last two."""
    named = mapping(who)
    if len(named) != 1:
        return expression_words(who)
    ((kind, whom),) = named.items()
    said = shown_text(whom, vocabulary) if isinstance(whom, str | dict) else expression_words(whom)
    return said if kind == "email" else f"{clip(kind, 40)}:{said}"


def _read_person(typed: str, vocabulary: Vocabulary) -> dict[str, Any]:
    kind, colon, named = typed.partition(":")
    if colon and kind == "role":
        if named not in ROLES:
            raise NotReadable("Choose an owner, an editor or a viewer.")
        return {"role": named}
    is_member = bool(colon) and kind == "user"
    whom = read_text(named if is_member else typed, vocabulary)
    if whom is None:
        raise NotReadable("Choose somebody of your team, or write an e-mail address.")
    if not is_member and isinstance(whom, str) and "@" not in whom:
        raise NotReadable("This is not an e-mail address. Write it like “petra@example.com”.")
    return {"user" if is_member else "email": whom}


def shown_any(value: Any, vocabulary: Vocabulary) -> str:
    """A value of any kind: `62`, `yes`, a text, `[guest name]`; a text that could be taken for
    something else stands in quotation marks: `"62"`."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return _plain(value) if isinstance(value, bool) else json.dumps(value)
    said = shown_text(value, vocabulary)
    is_text = isinstance(value, str) or not _is_one_pill(said)
    return f'"{said}"' if is_text and _is_ambiguous(said) else said


def _shown_list(parts: list[Any], vocabulary: Vocabulary) -> str:
    """Its parts one below the other; one value where that could not be read back."""
    lines = [shown_any(part, vocabulary) for part in parts]
    has_breaks = any("\n" in line or "\r" in line or not line for line in lines)
    if not lines or has_breaks or (len(lines) == 1 and _is_one_pill(lines[0])):
        return vocabulary.pill(parts)
    return "\n".join(lines)


def _read_list(typed: str, vocabulary: Vocabulary) -> Any:
    lines = [line for line in typed.split("\n") if line.strip()]
    if len(lines) == 1 and _is_one_pill(lines[0]):
        return read_any(lines[0], vocabulary)
    return [read_any(line, vocabulary) for line in lines]


def _is_ambiguous(said: str) -> bool:
    is_quoted = len(said) > 1 and said[0] == said[-1] == '"'
    return not said.strip() or is_quoted or said.strip() in _WORDS or bool(
        _NUMBER.fullmatch(said.strip())
    )  # fmt: skip


def read_any(typed: str, vocabulary: Vocabulary, before: Any = None) -> Any:
    """The value of what `shown_any` writes. Raises NotReadable."""
    plain = typed.strip()
    if not plain:
        return None
    if plain in _WORDS:
        return _WORDS[plain]
    if _NUMBER.fullmatch(plain):
        return json.loads(plain)
    if len(plain) > 1 and plain[0] == plain[-1] == '"':
        inner = plain[1:-1]
        return read_text(inner, vocabulary, before=before) if inner.strip() else inner
    return read_text(typed, vocabulary, before=before)
