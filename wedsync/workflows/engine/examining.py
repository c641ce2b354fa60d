"""Everything that can be said of an expression before it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import orjson
from datalogic_py import DataLogicError, Engine

from wedsync.workflows.engine.bodies import BodyFault
from wedsync.workflows.engine.calculation import (
    CONDITIONS,
    MOST_KEPT,
    PLAIN_CONDITIONS,
    PLAIN_TEMPLATES,
    TEMPLATES,
    Path,
    in_words,
    written,
)
from wedsync.workflows.engine.growth import growth
from wedsync.workflows.engine.limits import SEALED
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.plain_words import listing
from wedsync.workflows.engine.typed import KNOWN, prepare, shadow

if TYPE_CHECKING:
    from datalogic_py import Diagnostic

Mode = Literal["strict", "template"]
_PLAIN: Mapping[Mode, Engine] = {"strict": PLAIN_CONDITIONS, "template": PLAIN_TEMPLATES}


@dataclass(frozen=True, slots=True)
class Examined:
    """What is wrong with an expression, and the paths it reads; `fix`, when more can be said of the
    way out than to choose again."""

    faults: tuple[str, ...] = ()
    reads: tuple[Path, ...] = ()
    fix: str | None = None


def examine_condition(when: Any) -> Examined:
    """What can be said of a `when` or `filter`."""
    if when is None or when == {}:
        return Examined(("There is no condition yet.",))
    if not isinstance(when, dict | bool):
        return Examined(("A condition compares values; this is only one.",))
    return _examined(when, "strict")


def examine_template(value: Any) -> Examined:
    """What can be said of a `values`, an `input`, or one part of them."""
    found = [_examined(each, "template") for each in _calculations(value)]
    return Examined(
        tuple(fault for each in found for fault in each.faults),
        tuple(path for each in found for path in each.reads),
        next((each.fix for each in found if each.fix), None),
    )


def _calculations(value: Any) -> Iterator[Any]:
    if operator_call(value) is not None:
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _calculations(part)


def _examined(expression: Any, mode: Mode) -> Examined:
    if (key := written(expression)) is not None:
        return _kept(key, mode)
    return _examine(expression, mode, _PLAIN[mode])


@lru_cache(MOST_KEPT)
def _kept(key: bytes, mode: Mode) -> Examined:
    return _examine(orjson.loads(key), mode, _PLAIN[mode])


def _examine(expression: Any, mode: Mode, engine: Engine) -> Examined:
    if faults := growth(expression).faults:
        return Examined(faults, fix=_fix(faults))
    try:
        known = shadow(expression)
        if faults := tuple(_diagnoses(engine.check(known, mode))):
            return Examined(faults)
        facts = engine.compile(known).facts()
        (CONDITIONS if mode == "strict" else TEMPLATES).compile(prepare(expression).rule)
    except (DataLogicError, BodyFault) as error:
        return Examined((in_words(error),))
    if not facts["deterministic"]:
        return Examined(("This calculation would give another answer each time.",))
    reads = tuple(tuple(path) for path in facts["reads"])
    if any(SEALED in path for path in reads):
        return Examined(("A value that is kept sealed cannot be looked into.",))
    return Examined((), reads)


def _fix(faults: tuple[str, ...]) -> str | None:
    """The way out of the first fault that names one of the typed functions or a text."""
    if " of the text " in faults[0] or " text " in faults[0]:
        return "Correct the text; a value in it is written {{ trigger.data.name }}."
    named = next((name for name in KNOWN if f"“{name}”" in faults[0]), None)
    if named is None:
        return None
    function = KNOWN[named]
    wanted = listing(
        [f"{argument.words} ({argument.kind.name})" for argument in function.arguments]
    )
    return f"Give it {wanted}."


def _diagnoses(found: list["Diagnostic"]) -> Iterator[str]:
    for each in found:
        if each["severity"] == "error":
            yield _diagnosis(each["code"], each["operator"], each["message"])


def _diagnosis(code: str, operator: str | None, message: str) -> str:
    name = (operator or "")[:60]
    if code == "UnknownOperator":
        return f"There is no function called “{name}”."
    if code == "NotAnOperator":
        return "A condition cannot hold a record; compare single values."
    if code in ("ArgumentCount", "ArgumentForm"):
        return f"“{name}” is not given what it needs ({message[:200].replace('`', '')})."
    return "This calculation cannot be read."
