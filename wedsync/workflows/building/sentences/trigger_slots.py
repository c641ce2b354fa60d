"""What starts a workflow, as a sentence with slots; also times counted from a wedding's dates."""

from collections.abc import Callable, Mapping
from typing import Any

from wedsync.workflows.building.sentences.phrases import Phrase, missing, slot
from wedsync.workflows.engine.anchors import ANCHORS, clock_time
from wedsync.workflows.engine.checks import LATE
from wedsync.workflows.engine.clauses import Naming, condition_words
from wedsync.workflows.engine.clock_triggers import MISSED
from wedsync.workflows.engine.plain_words import clip, event_words
from wedsync.workflows.engine.schedule_words import schedule_words
from wedsync.workflows.engine.schedules import is_cron
from wedsync.workflows.engine.times import clock_words, duration_words, offset_words, zone_words
from wedsync.workflows.engine.trigger_kind import Names
from wedsync.workflows.engine.triggers import OF_AN_ACCOUNT
from wedsync.workflows.engine.zones import zone_named

_ORIGINS = {"api": "the API", "any": "anybody", "workflow": "another workflow"}


def _event(trigger: Mapping[str, Any], names: Names, name_of: Naming) -> Phrase:
    event_type, source = trigger.get("event_type"), trigger.get("source")
    if not isinstance(event_type, str) or not event_type:
        return [
            missing("event_type", "what happens?"),
            *_from(source, names),
            *_only_if(trigger, name_of),
        ]
    told = names.get(f"{source} {event_type}") if isinstance(source, str) else None
    if told is not None and source == "ours":
        return [slot("event_type", f"“{clip(told)}”"), *_only_if(trigger, name_of)]
    if told is not None and isinstance(source, str) and source in names:
        what = slot("event_type", f"“{clip(told)}”")
        return [what, " at ", slot("source", clip(names[source])), *_only_if(trigger, name_of)]
    what = slot("event_type", event_words(event_type))
    return ["“", what, "”", *_from(source, names), *_only_if(trigger, name_of)]


def _from(source: Any, names: Names) -> Phrase:
    if not isinstance(source, str) or not source:
        return [" comes in ", missing("source", "from where?")]
    if source == "ours":
        return [" ", slot("source", "happens")]
    if source == OF_AN_ACCOUNT:
        return [" comes in at ", missing("source", "which account?")]
    if source in names:
        return [" comes in from ", slot("source", clip(names[source]))]
    return [" comes in from ", slot("source", _ORIGINS.get(source.split(":")[0], "a partner"))]


def _only_if(trigger: Mapping[str, Any], name_of: Naming) -> Phrase:
    if trigger.get("filter") is None:
        return []
    return [", and ", slot("filter", condition_words(trigger["filter"], name_of))]


def _webhook(trigger: Mapping[str, Any], names: Names, name_of: Naming) -> Phrase:
    hook = trigger.get("hook")
    if not isinstance(hook, str) or not hook.strip():
        return ["a webhook arrives at ", missing("hook", "which hook?")]
    name = names.get(f"hook:{hook}")
    if name:
        return ["a webhook arrives at ", slot("hook", clip(name))]
    return [slot("hook", "a partner's webhook"), " arrives"]


def _schedule(trigger: Mapping[str, Any], names: Names, name_of: Naming) -> Phrase:
    cron, zone = trigger.get("cron"), trigger.get("zone")
    parts: Phrase = [missing("cron", "at which times?")]
    if is_cron(cron):
        end = f" ({zone_words(zone)})"
        parts = [slot("cron", schedule_words(cron, zone).removesuffix(end))]
    parts.append(" (")
    if zone_named(zone) is None:
        parts.append(missing("zone", "which time zone?"))
    else:
        parts.append(slot("zone", zone_words(zone)))
    parts.append(")")
    if trigger.get("missed") not in MISSED:
        parts += ["; ", missing("missed", "what if a time was missed?")]
    return parts


def _wedding_date(trigger: Mapping[str, Any], names: Names, name_of: Naming) -> Phrase:
    return anchored(trigger)


def anchored(written: Mapping[str, Any], *, after_until: bool = False) -> Phrase:
    """`14 days before the wedding, at 09:00`; after “until” a day needs no “on”."""
    parts = _day(written, "" if after_until else "on ")
    parts.append(", ")
    if clock_time(written.get("at")) is None:
        parts.append(missing("at", "at what time?"))
    else:
        parts += ["at ", slot("at", clock_words(written["at"]))]
    if written.get("late") not in LATE:
        parts += ["; ", missing("late", "what if that has passed already?")]
    return parts


def _day(written: Mapping[str, Any], on: str) -> Phrase:
    anchor, days = written.get("anchor"), written.get("offset_days")
    name = ANCHORS.get(anchor) if isinstance(anchor, str) else None
    day = missing("anchor", "which date?") if name is None else slot("anchor", name)
    if not isinstance(days, int) or isinstance(days, bool):
        return [missing("offset_days", "how many days before or after"), " ", day]
    if days == 0:
        is_called_day = name is None or name.startswith("the day")
        return (
            [f"{on}", day] if is_called_day else [on, slot("offset_days", "the day of"), " ", day]
        )
    told = offset_words("wedding.date", days, None).partition(" the wedding")[0]
    return [slot("offset_days", told), " ", day]


def _poll(trigger: Mapping[str, Any], names: Names, name_of: Naming) -> Phrase:
    stream, connection = trigger.get("stream"), trigger.get("connection")
    parts: Phrase = ["there is something new in "]
    if isinstance(stream, str) and stream:
        parts.append(slot("stream", f"“{clip(stream.replace('_', ' '), 60)}”"))
    else:
        parts.append(missing("stream", "which list?"))
    name = names.get(f"connection:{connection}") if isinstance(connection, str) else None
    if name or (isinstance(connection, str) and connection):
        parts += [" at ", slot("connection", clip(name) if name else "a partner")]
    else:
        parts += [" at ", missing("connection", "which account?")]
    every = trigger.get("every_s")
    if every is None:
        return [*parts, " (we look ", missing("every_s", "how often?"), ")"]
    return [
        *parts,
        " (we look every ",
        slot("every_s", duration_words(every).removeprefix("1 ")),
        ")",
    ]


def _manual(trigger: Mapping[str, Any], names: Names, name_of: Naming) -> Phrase:
    return [slot("kind", "somebody"), " starts it"]


def _workflow(trigger: Mapping[str, Any], names: Names, name_of: Naming) -> Phrase:
    return [slot("kind", "another workflow"), " starts it"]


KINDS: Mapping[str, Callable[[Mapping[str, Any], Names, Naming], Phrase]] = {
    "event": _event,
    "webhook": _webhook,
    "schedule": _schedule,
    "wedding_date": _wedding_date,
    "poll": _poll,
    "manual": _manual,
    "workflow": _workflow,
}
