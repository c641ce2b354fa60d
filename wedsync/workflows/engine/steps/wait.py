"""`wait`: for a time, a date of the wedding, or an event. How it goes on is in `waits`."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wedsync.workflows.engine.checks import (
    check_anchored,
    check_event_type,
    check_fields,
    check_number,
    check_value,
)
from wedsync.workflows.engine.expressions import compile_template
from wedsync.workflows.engine.limits import MAX_MATCHES, MAX_WAIT_S
from wedsync.workflows.engine.operators import escape_key, operator_call
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.reading import Path, template_reads
from wedsync.workflows.engine.steps.kind import (
    Actions,
    Child,
    Compiler,
    Kind,
    mapping,
    title_of,
)
from wedsync.workflows.engine.times import duration_words, offset_words
from wedsync.workflows.engine.waits import AnchorWait, EventWait, TimeWait
from wedsync.workflows.engine.words import clip, event_words, expression_words

_WAYS = ("seconds", "until", "anchor", "event")
_OF_ANCHOR = ("offset_days", "at", "late")
_MATCH_PATH = re.compile(r"(data(\.[^.\s]{1,100}){1,10}|wedding_id|source)")


def _compile(
    step: Mapping[str, Any], then: str | None, compiler: Compiler
) -> TimeWait | AnchorWait | EventWait:
    about = (step["id"], title_of(step), then)
    if step.get("anchor") is not None:
        return AnchorWait(*about, step["anchor"], step["offset_days"], step["at"], step["late"])
    if step.get("event") is not None:
        event = step["event"]
        return EventWait(
            *about,
            event_type=event["event_type"],
            match=compile_template(_as_template(event.get("match") or {})),
            timeout_s=event.get("timeout_s"),
            otherwise=compiler.steps(event.get("otherwise") or [], then),
        )
    until = step.get("until")
    filled = None if until is None else compile_template({"until": until})
    return TimeWait(*about, step.get("seconds"), filled)


def _as_template(match: Mapping[str, Any]) -> dict[str, Any]:
    alone = len(match) == 1
    return {escape_key(path, alone=alone): wanted for path, wanted in match.items()}


def _check(field: Field, actions: Actions | None) -> None:
    step = field.value
    ways = [way for way in _WAYS if step.get(way) is not None]
    if len(ways) != 1:
        what = "It does not say what to wait for." if not ways else "It waits for two things."
        fix = "Choose one: a length of time, a time, a date of the wedding, or an event."
        field.at(ways[1] if ways else "seconds", None).error(what, fix)
    if "seconds" in ways:
        check_number(field.at("seconds", step["seconds"]), 1, MAX_WAIT_S)
    if "until" in ways:
        _check_until(field.at("until", step["until"]))
    if "anchor" in ways:
        check_anchored(field)
        _check_has_wedding(field.at("anchor", step["anchor"]))
    elif given := [name for name in _OF_ANCHOR if step.get(name) is not None]:
        field.at(given[0], None).warn(
            "This is only used with a date of the wedding.", "Choose that date, or remove this."
        )
    if "event" in ways:
        _check_event(field.at("event", step["event"]))


def _check_until(field: Field) -> None:
    check_value(field)
    if operator_call(field.value) is None and not isinstance(field.value, str):
        field.error("This is not a date or a time.", "Choose a value that is one.")


def _check_has_wedding(field: Field) -> None:
    if field.sees.trigger == "schedule":
        field.warn(
            "What starts at set times is about no wedding, so this fails.",
            "Start it around a date of the wedding, or wait for a length of time.",
        )


def _check_event(field: Field) -> None:
    event = field.value
    if not isinstance(event, dict):
        field.error("It does not say which event to wait for.", "Choose an event.")
        return
    if not check_fields(field, ("event_type",), ("event_type", "match", "timeout_s", "otherwise")):
        return
    check_event_type(field.at("event_type", event["event_type"]))
    if event.get("timeout_s") is not None:
        check_number(field.at("timeout_s", event["timeout_s"]), 1, MAX_WAIT_S)
    elif event.get("otherwise"):
        field.at("otherwise", None).warn(
            "These steps are never reached: it waits for ever.", "Say how long it waits at most."
        )
    _check_match(field.at("match", event.get("match") or {}))


def _check_match(field: Field) -> None:
    if not isinstance(field.value, dict):
        field.error("This does not say which event is meant.", "Name the values it must have.")
        return
    if not field.value:
        field.warn(
            "It goes on with the next event of this type, whoever that is about.",
            "Name a value the event must have.",
        )
    if len(field.value) > MAX_MATCHES:
        field.error("There are too many values to look for.", f"Use at most {MAX_MATCHES}.")
        return
    for path, wanted in field.value.items():
        part = field.at(path, wanted)
        if not _MATCH_PATH.fullmatch(path):
            part.error(
                f"“{clip(path, 60)}” is not a place in an event.",
                "Write it like “data.guest.id”, or use “wedding_id” or “source”.",
            )
        if wanted is None or _is_several(wanted):
            part.error("This is not a single value to look for.", "Choose a value.")
        check_value(part)


def _is_several(wanted: Any) -> bool:
    return isinstance(wanted, dict | list) and operator_call(wanted) is None


def _children(step: Mapping[str, Any]) -> Iterator[Child]:
    event = mapping(step.get("event"))
    otherwise = event.get("otherwise")
    if event and (otherwise or event.get("timeout_s") is not None):
        steps = [] if otherwise is None else otherwise
        yield Child("If it does not come", _lead, "event.otherwise", steps)


def _lead() -> str:
    return "if that does not come in time"


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    if step.get("anchor") is not None:
        told = offset_words(step["anchor"], step.get("offset_days"), step.get("at"))
        return f"wait until {told.removeprefix('on ')}"
    if step.get("event") is not None:
        return _event_phrase(mapping(step["event"]))
    if step.get("until") is not None:
        return f"wait until {expression_words(step['until'])}"
    return f"wait for {duration_words(step.get('seconds'))}"


def _event_phrase(event: Mapping[str, Any]) -> str:
    written = event.get("event_type")
    said = event_words(written) if isinstance(written, str) else ""
    told = f"wait for “{said}”" if said else "wait for an event"
    if event.get("timeout_s") is None:
        return told
    return f"{told}, for {duration_words(event['timeout_s'])} at most"


def _reads(step: Mapping[str, Any]) -> Iterable[Path]:
    if step.get("anchor") is not None:
        yield ("wedding", step["anchor"].removeprefix("wedding."))
        yield ("wedding", "zone")
    elif step.get("event") is not None:
        yield from template_reads(_as_template(step["event"].get("match") or {}))
    elif step.get("until") is not None:
        yield from template_reads(step["until"])
        # A time without a zone is read as clocks at the wedding show it.
        yield ("wedding", "zone")


KIND = Kind(
    name="wait",
    required=frozenset(),
    fields=frozenset((*_WAYS, *_OF_ANCHOR)),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    children=_children,
    reads=_reads,
)
