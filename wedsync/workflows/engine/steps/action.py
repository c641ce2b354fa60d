"""`action`: something is done outside the engine. How it runs is in `attempts`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from wedsync.workflows.engine.attempts import ActionStep
from wedsync.workflows.engine.checks import (
    MOST_UNKNOWN,
    check_fields,
    check_number,
    check_text,
    check_values,
    check_word,
    nearest,
)
from wedsync.workflows.engine.expressions import compile_template
from wedsync.workflows.engine.limits import (
    MAX_ATTEMPTS,
    MAX_DELAY_S,
    MAX_FACTOR,
    MAX_LABEL,
    MAX_TIMEOUT_S,
)
from wedsync.workflows.engine.operators import operator_call, unescape_key
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.protocol import OnUnsure
from wedsync.workflows.engine.reading import Path, template_reads
from wedsync.workflows.engine.retry import DEFAULTS, RetryPolicy
from wedsync.workflows.engine.steps.kind import (
    ActionInfo,
    Actions,
    Child,
    Compiler,
    Kind,
    all_off,
    mapping,
    text,
    title_of,
)
from wedsync.workflows.engine.words import address_words, clip, expression_words, stand_in

DEFAULT_TIMEOUT_S = 30
DEFAULT_ON_UNSURE: OnUnsure = "ask"

_SLOT = re.compile(r"\{(\w+)\}")
TOLD = "told"
"""The slot of a sentence for the inputs that are said only where they are given."""
_THEN = ("stop", "continue", "steps")
_ON_UNSURE = ("ask", "retry", "skip")
_ON_ERROR_FIELDS = frozenset(("retry", "then", "steps"))


def _compile(step: Mapping[str, Any], then: str | None, compiler: Compiler) -> ActionStep:
    on_error = step.get("on_error") or {}
    ending = on_error.get("then", "stop")
    after_failure = compiler.steps(on_error["steps"], then) if ending == "steps" else None
    return ActionStep(
        id=step["id"],
        title=title_of(step),
        next=then,
        use=step["use"],
        connection=step.get("connection"),
        input=compile_template(step["input"]),
        timeout_s=step.get("timeout_s", DEFAULT_TIMEOUT_S),
        on_unsure=step.get("on_unsure", DEFAULT_ON_UNSURE),
        retry=RetryPolicy.of(on_error.get("retry")),
        then=ending,
        after_failure=after_failure,
    )


def _check(field: Field, actions: Actions | None) -> None:
    step = field.value
    check_values(field.at("input", step["input"]))
    check_text(field.at("connection", step.get("connection")), MAX_LABEL)
    timeout = field.at("timeout_s", step.get("timeout_s", DEFAULT_TIMEOUT_S))
    check_number(timeout, 1, MAX_TIMEOUT_S)
    check_word(field.at("on_unsure", step.get("on_unsure", DEFAULT_ON_UNSURE)), _ON_UNSURE)
    if step.get("on_error") is not None:
        _check_on_error(field.at("on_error", step["on_error"]))
    use = field.at("use", step["use"])
    if not isinstance(use.value, str) or not use.value:
        use.error("No action is chosen.", "Choose what this step does.")
    elif actions is not None:
        _check_use(field, use, actions)


def _check_on_error(field: Field) -> None:
    if not isinstance(field.value, dict):
        field.error("It does not say what an error leads to.", "Choose stop, continue or steps.")
        return
    check_fields(field, (), _ON_ERROR_FIELDS)
    then = field.at("then", field.value.get("then", "stop"))
    check_word(then, _THEN)
    steps = field.value.get("steps")
    if then.value == "steps" and not steps:
        field.at("steps", steps).error(
            "There are no steps for after an error.", "Add one, or choose to stop or continue."
        )
    elif then.value == "steps" and all_off(steps) and not field.sees.is_off:
        field.at("steps", steps).warn(
            "Every step for after an error is turned off, so it goes on as if all were well.",
            "Turn one of them on, or choose to stop.",
        )
    elif then.value != "steps" and steps:
        field.at("steps", steps).warn(
            "The steps for after an error are never reached.", "Let the step go on with them."
        )
    if field.value.get("retry") is not None:
        _check_retry(field.at("retry", field.value["retry"]))


def _check_retry(field: Field) -> None:
    if not isinstance(field.value, dict):
        field.error("It does not say how to try again.", "Say how often, and after how long.")
        return
    check_fields(field, (), DEFAULTS.keys())
    said = {**DEFAULTS, **field.value}
    check_number(field.at("attempts", said["attempts"]), 1, MAX_ATTEMPTS, whole=True)
    check_number(field.at("first_delay_s", said["first_delay_s"]), 0, MAX_DELAY_S)
    check_number(field.at("factor", said["factor"]), 1, MAX_FACTOR)
    check_number(field.at("max_delay_s", said["max_delay_s"]), 0, MAX_DELAY_S)


def _check_use(field: Field, use: Field, actions: Actions) -> None:
    info = actions.get(use.value)
    if info is None:
        use.error(
            f"There is no action called “{clip(use.value, 60)}”.",
            nearest(use.value, actions.keys()),
        )
        return
    given = field.value["input"]
    if isinstance(given, dict) and operator_call(given) is None:
        _check_input(field.at("input", given), info)
    if field.value.get("on_unsure") == "retry" and effect_of(info, field.value) == "once":
        field.at("on_unsure", "retry").warn(
            "When it is not known whether this happened, it is done again: somebody may get it"
            " twice.",
            "Let it ask you instead, unless twice is better than not at all.",
        )


def _check_input(field: Field, info: ActionInfo) -> None:
    given = {unescape_key(name): value for name, value in field.value.items()}
    for name in info.required:
        if given.get(name) is None or given[name] == "":
            field.at(name, None).error(f"“{name}” is missing.", "Fill it in.")
    known = given.keys() if info.fields is None else info.fields
    for name in sorted(given.keys() - set(known))[:MOST_UNKNOWN]:
        field.at(name, None).warn(
            f"“{clip(name, 40)}” is not used by this action.", nearest(name, known, "Remove it.")
        )
    for name, message, fix in info.check(given) if info.check else ():
        field.at(name, None).error(message, fix)


def effect_of(info: ActionInfo, step: Mapping[str, Any]) -> str:
    """What the action does outside, as far as its input says before it runs."""
    return info.effect if isinstance(info.effect, str) else info.effect(mapping(step.get("input")))


def _children(step: Mapping[str, Any]) -> Iterator[Child]:
    on_error = mapping(step.get("on_error"))
    if on_error.get("then") == "steps":
        steps = on_error.get("steps")
        yield Child("If it fails", lambda: "if that fails", "on_error.steps", steps)


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    use = step.get("use")
    info = actions.get(use) if isinstance(use, str) else None
    if info is None:
        return f"do “{clip(use, 60)}”" if isinstance(use, str) and use else "do something"
    given = mapping(step.get("input"))
    said = _SLOT.sub(lambda slot: _said(given, slot[1], info), info.sentence or info.label)
    return said[:1].lower() + said[1:]


def _said(given: Mapping[str, Any], name: str, info: ActionInfo) -> str:
    if name != TOLD:
        return _slot(given, name)
    return ", ".join(f"{called} to {_slot(given, each)}" for each, called in told(given, info))


def told(given: Mapping[str, Any], info: ActionInfo) -> Sequence[tuple[str, str]]:
    """The inputs that `{told}` stands for, each with what it is called: those that are given, or
    the first of all where none is."""
    every = tuple(info.told.items())
    return [each for each in every if given.get(each[0]) not in (None, "")] or every[:1]


def _slot(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value is None or value == "":
        return "…"
    if isinstance(value, str):
        return address_words(value) or f"“{text(value)}”"
    told = stand_in(value)
    if told:
        return f"“{text(told)}”"
    said = expression_words(value)
    return address_words(said) or said


def _reads(step: Mapping[str, Any]) -> Iterable[Path]:
    return template_reads(step["input"])


KIND = Kind(
    name="action",
    required=frozenset(("use", "input")),
    fields=frozenset(("use", "connection", "input", "timeout_s", "on_unsure", "on_error")),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    reads=_reads,
    children=_children,
)
