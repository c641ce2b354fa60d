"""A day, or a time on a day, as people type it: `12 June 2027 at 09:00`, `tomorrow`."""

import re
from datetime import datetime
from typing import Any

from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.typed_days import read_day, shown_day
from wedsync.workflows.building.typed.typed_times import read_clock

_AT = re.compile(r"(.+?)(?: at |, at |, )(\S.*)", re.DOTALL)
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)")


def shown_moment(value: Any) -> str | None:
    """The words of a moment that are read back as the same; None for what was not typed."""
    if not isinstance(value, str | dict):
        return None
    found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    day = shown_day(found[1] if found else value)
    if day is None:
        return value if isinstance(value, str) and "[" not in value else None
    words = f"{day} at {found[2]}" if found else day
    try:
        return words if read_moment(words) == value else _as_written(value)
    except NotReadable:
        return _as_written(value)


def _as_written(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def read_moment(typed: str) -> Any:
    """The instant or day of what was typed, as a wait keeps it. Raises NotReadable."""
    text = " ".join(typed.split())
    if _is_written(text):
        return text
    found = _AT.fullmatch(text)
    if found is None:
        return read_day(text)
    day = read_day(found[1])
    if not isinstance(day, str):
        raise NotReadable("Write the day itself, like “12 June 2027 at 09:00”.")
    return f"{day}T{read_clock(found[2])}"


def _is_written(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text
