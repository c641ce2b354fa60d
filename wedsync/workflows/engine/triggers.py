"""What starts a workflow: the kinds of trigger, checked and in words."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from wedsync.workflows.engine.checks import check_condition, check_event_type, check_text
from wedsync.workflows.engine.clauses import condition_words
from wedsync.workflows.engine.clock_triggers import CLOCK_TRIGGERS
from wedsync.workflows.engine.limits import MAX_LABEL
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.trigger_kind import IsOurs, Names, TriggerKind
from wedsync.workflows.engine.words import clip, event_words

OF_AN_ACCOUNT = "connection:"
"""A source in a draft: some account that is still to be chosen."""
_SOURCE = re.compile(r"ours|any|api|(hook|connection|app|workflow):[A-Za-z0-9_-]{1,100}")


def _check_event(field: Field, is_ours: IsOurs | None) -> None:
    trigger = field.value
    event_type = field.at("event_type", trigger["event_type"])
    source = field.at("source", trigger["source"])
    named = check_event_type(event_type)
    if source.value == OF_AN_ACCOUNT:
        source.error("It is not said which account tells of this.", "Choose one, or connect it.")
    elif not isinstance(source.value, str) or not _SOURCE.fullmatch(source.value):
        source.error(
            "This is not where an event can come from.",
            "Choose “ours”, “any”, “api”, or one hook, connection, app or workflow.",
        )
    elif named and is_ours is not None:
        _check_owner(event_type, source.value, is_ours)
    if trigger.get("filter") is not None:
        check_condition(field.at("filter", trigger["filter"]))


def _check_owner(event_type: Field, source: str, is_ours: IsOurs) -> None:
    name = clip(event_type.value, 60)
    ours = is_ours(event_type.value)
    if ours and source != "ours":
        event_type.error(
            f"“{name}” is a name only WedSync uses, so it never comes from outside.",
            f"Choose “ours” as its source, or “external.{name}”.",
        )
    elif not ours and source == "ours":
        event_type.error(
            f"“{name}” is not something WedSync itself says.",
            "Choose where it comes from, or another event.",
        )


def _event_words(trigger: Mapping[str, Any], names: Names) -> str:
    event_type = trigger.get("event_type")
    if not isinstance(event_type, str) or not event_type:
        return "When something happens"
    words = f"When {_what_happens(event_type, trigger.get('source'), names)}"
    if trigger.get("filter") is not None:
        words += f", and {condition_words(trigger['filter'])}"
    return words


def _what_happens(event_type: str, source: Any, names: Names) -> str:
    """In the words of who sends it, where they have any: “a guest answers” at Petal Practice."""
    told = names.get(f"{source} {event_type}")
    if told is not None and source == "ours":
        return f"“{clip(told)}”"
    if told is not None and source in names:
        return f"“{clip(told)}” at {clip(names[source])}"
    return f"“{event_words(event_type)}” {_source_words(source, names)}"


def _source_words(source: Any, names: Names) -> str:
    if not isinstance(source, str) or source == "ours":
        return "happens"
    if source in names:
        return f"comes in from {clip(names[source])}"
    origins = {"api": "the API", "any": "anybody", "workflow": "another workflow"}
    return f"comes in from {origins.get(source.split(':')[0], 'a partner')}"


def _check_webhook(field: Field, is_ours: IsOurs | None) -> None:
    check_text(field.at("hook", field.value["hook"]), MAX_LABEL, optional=False)


def _webhook_words(trigger: Mapping[str, Any], names: Names) -> str:
    hook = trigger.get("hook")
    name = names.get(f"hook:{hook}")
    return f"When a webhook arrives at {clip(name)}" if name else "When a partner's webhook arrives"


def _check_input(field: Field, is_ours: IsOurs | None) -> None:
    schema = field.at("input", field.value.get("input"))
    if not (schema.value is None or isinstance(schema.value, dict | bool)):
        schema.error("This does not describe an input.", "Use a JSON Schema, or leave it out.")


def _manual_words(trigger: Mapping[str, Any], names: Names) -> str:
    return "When somebody starts it"


def _workflow_words(trigger: Mapping[str, Any], names: Names) -> str:
    return "When another workflow starts it"


_EVENT = ("event_type", "source", "filter")

TRIGGERS: Mapping[str, TriggerKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            TriggerKind(
                "event", frozenset(_EVENT[:2]), frozenset(_EVENT), _check_event, _event_words
            ),
            TriggerKind(
                "webhook",
                frozenset(("hook",)),
                frozenset(("hook",)),
                _check_webhook,
                _webhook_words,
            ),
            *CLOCK_TRIGGERS,
            TriggerKind("manual", frozenset(), frozenset(("input",)), _check_input, _manual_words),
            TriggerKind(
                "workflow", frozenset(), frozenset(("input",)), _check_input, _workflow_words
            ),
        )
    }
)
