"""Lengths of time, days and times of day as people type them, and back.

What is shown here is always read back as the same: `3 days`, `14 days before`, `09:00`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.engine.limits import MAX_OFFSET_DAYS
from wedsync.workflows.engine.zones import zone_named

_UNITS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_SHORT = {"w": "week", "d": "day", "h": "hour", "hr": "hour", "min": "minute", "m": "minute",
          "s": "second", "sec": "second"}  # fmt: skip
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
            "seven": 7, "eight": 8, "nine": 9, "ten": 10, "half": 0.5}  # fmt: skip
_AMOUNT = re.compile(r"(\d[\d,]*(?:\.\d+)?|[a-z]+(?= ))\s*([a-z]+)")
_BETWEEN = re.compile(r"\s*(?:,|and)?\s*")
_OFFSET = re.compile(r"(.+?)\s*(before|after|earlier|later)(?: .*)?")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2})?)?\s*(am|pm)?")


def shown_duration(seconds: Any) -> str:
    """`1 day and 2 hours` of 93600; nothing for what is no length of time."""
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 <= seconds < 1e12:
        return "" if seconds is None else str(seconds)[:40]
    if seconds == 0:
        return "0 seconds"
    whole, said = int(seconds), []
    if whole == seconds:
        for name, size in _UNITS.items():
            if whole % size == 0 and whole // size < 1_000:
                return _counted(whole // size, name)
        for name, size in list(_UNITS.items())[1:]:
            count, whole = divmod(whole, size)
            if count:
                said.append(_counted(count, name))
        return f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else said[0]
    return f"{seconds!r} seconds"


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}" if count == 1 else f"{count:,} {name}s"


def read_duration(typed: str) -> int | float:
    """The seconds of `3 days`, `1 h 30 min`, `an hour`. Raises NotReadable."""
    text, seconds, place = " ".join(typed.lower().split()), 0.0, 0
    while place < len(text):
        found = _AMOUNT.match(text, place)
        unit = _unit(found[2]) if found else None
        count = _number(found[1]) if found else None
        if found is None or unit is None or count is None:
            raise NotReadable("Write it like “3 days”, “2 hours” or “30 minutes”.")
        seconds += count * _UNITS[unit]
        between = _BETWEEN.match(text, found.end())
        place = between.end() if between else found.end()
    if not text or seconds > 1e11:
        raise NotReadable("Write it like “3 days”, “2 hours” or “30 minutes”.")
    return int(seconds) if seconds == int(seconds) else seconds


def _unit(word: str) -> str | None:
    plain = word.removesuffix("s") if len(word) > 1 else word
    return plain if plain in _UNITS else _SHORT.get(word) or _SHORT.get(plain)


def _number(word: str) -> float | None:
    plain = word.replace(",", "")
    if plain[:1].isdecimal():
        return float(plain) if len(plain) < 20 else None
    return _NUMBERS.get(word)


def shown_offset(days: Any) -> str:
    """`14 days before` of -14, `on the day` of 0."""
    if not isinstance(days, int) or isinstance(days, bool):
        return "" if days is None else str(days)[:40]
    if days == 0:
        return "on the day"
    return f"{_counted(abs(days), 'day')} {'before' if days < 0 else 'after'}"


def read_offset(typed: str) -> int:
    """The days of `14 days before`, `2 weeks after`, `on the day`, `-14`. Raises NotReadable."""
    text = " ".join(typed.lower().split())
    if text in ("on the day", "the day", "that day", "on that day", "0"):
        return 0
    if text in ("the day before", "the day after"):
        return -1 if text.endswith("before") else 1
    if re.fullmatch(r"[+-]\d{1,5}", text):
        return _within(int(text))
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise NotReadable("Write it like “14 days before”, “on the day” or “2 days after”.")
    days = read_duration(found[1]) / _UNITS["day"]
    if days != int(days):
        raise NotReadable("Only whole days can be counted here, like “14 days before”.")
    return _within(-int(days) if found[2] in ("before", "earlier") else int(days))


def _within(days: int) -> int:
    if abs(days) > MAX_OFFSET_DAYS:
        raise NotReadable(f"That is more than {MAX_OFFSET_DAYS:,} days away.")
    return days


def read_clock(typed: str) -> str:
    """`09:00` of `9`, `9.00`, `9 am`, `9h`. Raises NotReadable."""
    text = "".join(typed.lower().split())
    text = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}.get(text, text)
    found = _CLOCK.fullmatch(text)
    if found:
        hour, minute = int(found[1]), int(found[2] or 0)
        is_twelve = found[3] is not None and 1 <= hour <= 12
        if is_twelve:
            hour = hour % 12 + (12 if found[3] == "pm" else 0)
        if hour < 24 and minute < 60 and (found[3] is None or is_twelve):
            return f"{hour:02}:{minute:02}"
    raise NotReadable("Write a time of day like “09:00”.")


@cache
def _zones_by_name() -> Mapping[str, Sequence[str]]:
    """The zones by their whole name and by the city alone."""
    found: dict[str, list[str]] = {}
    for name in sorted(available_timezones()):
        folded = name.casefold()
        for key in {folded, folded.rpartition("/")[2]}:
            found.setdefault(key, []).append(name)
    return found


def read_zone(typed: str) -> str:
    """`Europe/London` of itself or of `london`. Raises NotReadable."""
    text = typed.strip()
    if zone_named(text) is not None and ("/" in text or text == "UTC"):
        return text
    fits = _zones_by_name().get(text.casefold().replace(" ", "_"), [])
    if len(fits) == 1:
        return fits[0]
    raise NotReadable("This is not a time zone. Choose one like “Europe/London”.")
