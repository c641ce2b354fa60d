"""The triggers of the clock: schedules, dates of weddings, and looking for what is new."""

from collections.abc import Mapping
from typing import Any

from wedsync.workflows.engine.checks import (
    check_anchored,
    check_number,
    check_text,
    check_word,
)
from wedsync.workflows.engine.limits import MAX_LABEL, MAX_POLL_S, MIN_POLL_S
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.schedule_words import schedule_words
from wedsync.workflows.engine.schedules import is_cron
from wedsync.workflows.engine.times import duration_words, offset_words
from wedsync.workflows.engine.trigger_kind import IsOurs, Names, TriggerKind
from wedsync.workflows.engine.words import clip
from wedsync.workflows.engine.zones import zone_named

MISSED = ("skip", "once")


def _check_schedule(field: Field, is_ours: IsOurs | None) -> None:
    written = field.value
    if not is_cron(written["cron"]):
        field.at("cron", None).error(
            "This is not a time that comes round.",
            "Write minute, hour, day, month and weekday, like “0 9 * * 1-5”.",
        )
    if zone_named(written["zone"]) is None:
        field.at("zone", None).error("This is not a time zone.", "Choose one like “Europe/London”.")
    check_word(field.at("missed", written["missed"]), MISSED)


def _schedule_words(trigger: Mapping[str, Any], names: Names) -> str:
    return schedule_words(trigger.get("cron"), trigger.get("zone"))


def _check_wedding_date(field: Field, is_ours: IsOurs | None) -> None:
    check_anchored(field)


def _wedding_date_words(trigger: Mapping[str, Any], names: Names) -> str:
    said = offset_words(trigger.get("anchor"), trigger.get("offset_days"), trigger.get("at"))
    return f"{said[:1].upper()}{said[1:]}"


def _check_poll(field: Field, is_ours: IsOurs | None) -> None:
    written = field.value
    check_text(field.at("connection", written["connection"]), MAX_LABEL, optional=False)
    check_text(field.at("stream", written["stream"]), MAX_LABEL, optional=False)
    check_number(field.at("every_s", written["every_s"]), MIN_POLL_S, MAX_POLL_S)


def _poll_words(trigger: Mapping[str, Any], names: Names) -> str:
    stream = trigger.get("stream")
    what = f"“{clip(stream.replace('_', ' '), 60)}”" if isinstance(stream, str) and stream else ""
    where = names.get(f"connection:{trigger.get('connection')}")
    place = clip(where) if where else "a partner"
    told = f"When there is something new in {what} at {place}" if what else f"When {place} has news"
    return f"{told} (we look every {duration_words(trigger.get('every_s')).removeprefix('1 ')})"


_SCHEDULE = frozenset(("cron", "zone", "missed"))
_WEDDING_DATE = frozenset(("anchor", "offset_days", "at", "late"))
_POLL = frozenset(("connection", "stream", "every_s"))

CLOCK_TRIGGERS = (
    TriggerKind("schedule", _SCHEDULE, _SCHEDULE, _check_schedule, _schedule_words),
    TriggerKind(
        "wedding_date", _WEDDING_DATE, _WEDDING_DATE, _check_wedding_date, _wedding_date_words
    ),
    TriggerKind("poll", _POLL, _POLL, _check_poll, _poll_words),
)
