"""Schedules as people type them: `every weekday at 09:00`, and as clocks read them (cron)."""

import re
from typing import Any

from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.typed_times import read_clock
from wedsync.workflows.engine.schedule_words import schedule_words
from wedsync.workflows.engine.schedules import is_cron

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_GROUPS = {"day": "*", "weekday": "1-5", "working day": "1-5", "weekend": "6,0"}
_EVERY = re.compile(r"every (?:(\d+) )?(minute|hour)s?(?: at (\d+) past)?")
_ON_DAYS = re.compile(r"(?:on )?every (.+?),? at (.+)")
_ON_DATES = re.compile(r"(?:on )?the (.+?) of every month,? at (.+)")
_HELP = (
    "Write it like “every weekday at 09:00”, “every Monday and Friday at 08:30” or"
    " “the 1st of every month at 10:00”."
)


def shown_schedule(cron: Any) -> str:
    """The words of a schedule that are read back as the same, else the schedule as it is."""
    if not isinstance(cron, str):
        return "" if cron is None else str(cron)[:100]
    if not is_cron(cron):
        return cron
    words = schedule_words(cron, "UTC").removesuffix(" (UTC)")
    try:
        return words if read_schedule(words) == " ".join(cron.split()) else cron
    except NotReadable:
        return cron


def read_schedule(typed: str) -> str:
    """The five cron fields of a schedule. Raises NotReadable."""
    if is_cron(typed.strip()):
        return " ".join(typed.split())
    text = " ".join(typed.lower().split())
    cron = _often(text) or _on_days(text) or _on_dates(text)
    if cron is None or not is_cron(cron):
        raise NotReadable(_HELP)
    return cron


def _often(text: str) -> str | None:
    found = _EVERY.fullmatch(text)
    if found is None:
        return None
    count, past = int((found[1] or "1")[:4]), (found[3] or "0")[:4]
    every = "*" if count == 1 else f"*/{count}"
    return f"{every} * * * *" if found[2] == "minute" else f"{int(past)} {every} * * *"


def _on_days(text: str) -> str | None:
    found = _ON_DAYS.fullmatch(text)
    if found is None:
        return None
    days = _GROUPS.get(found[1]) or _named_days(found[1])
    return f"{_clocks(found[2])} * * {days}" if days else None


def _named_days(text: str) -> str | None:
    numbers = []
    for word in re.split(r"\s*,\s*|\s+and\s+", text):
        fits = [number for number, day in enumerate(_DAYS) if word.removesuffix("s") in (
            day, day[:3], day.removesuffix("s"))]  # fmt: skip
        if not fits:
            return None
        numbers += fits
    return ",".join(map(str, numbers))


def _on_dates(text: str) -> str | None:
    found = _ON_DATES.fullmatch(text)
    if found is None:
        return None
    if found[1] == "last day":
        return f"{_clocks(found[2])} L * *"
    dates = re.split(r"\s*,\s*|\s+and\s+", found[1])
    plain = [re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", each) for each in dates]
    if not all(plain):
        return None
    return f"{_clocks(found[2])} {','.join(each[1] for each in plain if each)} * *"


def _clocks(text: str) -> str:
    """Minute and hour fields; several times a day share their minute."""
    times = [read_clock(each).split(":") for each in re.split(r"\s*,\s*|\s+and\s+", text)]
    minutes = {minute for _, minute in times}
    if len(minutes) > 1:
        raise NotReadable("Several times a day need the same minutes, like “09:00 and 17:00”.")
    return f"{int(minutes.pop())} {','.join(str(int(hour)) for hour, _ in times)}"
