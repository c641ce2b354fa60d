"""Schedules in words: `Every weekday at 09:00 (London)`."""

import re
from calendar import month_name
from typing import Any

from wedsync.workflows.engine.schedules import is_cron
from wedsync.workflows.engine.times import zone_words
from wedsync.workflows.engine.words import clip, listing

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = list(month_name)[1:]
_SHORT_DAYS = [day[:3].upper() for day in _DAYS[:7]]
_SHORT_MONTHS = [month[:3].upper() for month in _MONTHS]
_MOST_TOLD = 6


def schedule_words(cron: Any, zone: Any) -> str:
    """When a schedule comes round; for what is none, that it starts at set times."""
    if not is_cron(cron):
        return "At set times"
    minute, hour, day, month, weekday = cron.upper().split()
    time = _time_words(minute, hour)
    days = _day_words(day, month, weekday)
    if time is None or days is None:
        return f"On the schedule “{clip(cron, 60)}” ({zone_words(zone)})"
    said = f"{days} {time}" if time.startswith("at ") else f"{time}{_on(days)}"
    return f"{said[:1].upper()}{said[1:]} ({zone_words(zone)})"


def _on(days: str) -> str:
    """What follows a time that comes again and again: nothing when that is every day."""
    return "" if days == "every day" else f", {days}"


def _time_words(minute: str, hour: str) -> str | None:
    """`at 09:00 and 17:00`, or `every 15 minutes`, `every hour`."""
    step = re.fullmatch(r"\*(?:/(\d+))?", minute)
    if step and hour == "*":
        count = int(step[1] or 1)
        return "every minute" if count == 1 else f"every {count} minutes"
    hour_step = re.fullmatch(r"\*(?:/(\d+))?", hour)
    if minute.isdigit() and hour_step:
        count = int(hour_step[1] or 1)
        past = "" if int(minute) == 0 else f" at {int(minute)} past"
        return ("every hour" if count == 1 else f"every {count} hours") + past
    minutes, hours = _numbers(minute, ()), _numbers(hour, ())
    if minutes is None or hours is None or len(minutes) * len(hours) > _MOST_TOLD:
        return None
    return f"at {listing([f'{h:02}:{m:02}' for h in hours for m in minutes])}"


def _day_words(day: str, month: str, weekday: str) -> str | None:
    if day == "*":
        days = _weekday_words(weekday)
    elif weekday == "*":
        days = _date_words(day)
    else:
        return None
    if month == "*" or days is None:
        return days
    months = _numbers(month, _SHORT_MONTHS, first=1)
    if months is None:
        return None
    named = listing([_MONTHS[number - 1] for number in months])
    return f"{days.removesuffix(' of every month')} in {named}"


def _weekday_words(weekday: str) -> str | None:
    if weekday == "*":
        return "every day"
    numbers = _numbers(weekday, _SHORT_DAYS)
    if numbers is None:
        return None
    kept = sorted({number % 7 for number in numbers})
    if kept == [1, 2, 3, 4, 5]:
        return "every weekday"
    if kept == [0, 6]:
        return "every Saturday and Sunday"
    if len(kept) == 7:
        return "every day"
    return f"every {listing([_DAYS[number] for number in sorted(kept, key=_from_monday)])}"


def _from_monday(day: int) -> int:
    return (day - 1) % 7


def _date_words(day: str) -> str | None:
    if day == "L":
        return "on the last day of every month"
    numbers = _numbers(day, ())
    if numbers is None or len(numbers) > _MOST_TOLD:
        return None
    return f"on the {listing([_ordinal(number) for number in numbers])} of every month"


def _ordinal(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _numbers(field: str, names: "tuple[()] | list[str]", first: int = 0) -> list[int] | None:
    """The numbers of `1-5` or `1,3,5`; None for anything more."""
    found: set[int] = set()
    for part in field.split(","):
        ends = [_number(end, names, first) for end in part.split("-")]
        if any(end is None for end in ends):
            return None
        low, high = ends[0] or 0, ends[-1] or 0
        found.update(range(low, high + 1))
    return sorted(found)


def _number(written: str, names: "tuple[()] | list[str]", first: int) -> int | None:
    if written in names:
        return names.index(written) + first
    return int(written) if written.isdigit() else None
