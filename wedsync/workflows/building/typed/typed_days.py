"""Days as people type them for a condition, and back.

12 June 2027, 12/06/2027     "2027-06-12"
today, in 30 days, 2 weeks ago     counted by the calendar of the wedding
"""

import re
from datetime import date
from typing import Any

from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.typed_times import read_duration
from wedsync.workflows.engine.functions import FUNCTIONS
from wedsync.workflows.engine.functions.kinds import Unusable, moment
from wedsync.workflows.engine.functions.text import folded
from wedsync.workflows.engine.limits import MAX_OFFSET_DAYS
from wedsync.workflows.engine.operators import argument_list, operator_call

TODAY: dict[str, Any] = {"date.day": [{"var": "now"}, {"var": "wedding.zone"}]}

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAMED = {"today": 0, "now": 0, "tomorrow": 1, "yesterday": -1}
_DAY_S = 86_400
_AHEAD = re.compile(r"in (.+)|(.+) from (?:now|today)")
_AGO = re.compile(r"(.+) ago")
_NO_YEAR = re.compile(
    r"\d{1,2}(?:st|nd|rd|th)? (?:of )?[a-z]{3,9}|[a-z]{3,9} \d{1,2}|\d{1,2}[./]\d{1,2}[.]?"
)
_SPLIT = re.compile(r"\s*(?:,|;|/|\bor\b|\band\b)\s*")
_ADVICE = "Write a day like 12 June 2027"


def read_day(typed: str, *, knows_today: bool = True) -> Any:
    """The expression of a day. Raises NotReadable."""
    text = folded(typed[:200])
    days = _from_today(text)
    if days is not None:
        if not knows_today:
            raise NotReadable(f"What starts a workflow cannot look at today. {_ADVICE}.")
        return {"date.add_days": [TODAY, days]} if days else TODAY
    if _is_instant(typed.strip()):
        return typed.strip()
    if _NO_YEAR.fullmatch(text):
        raise NotReadable(f"Of which year? {_ADVICE}.")
    return _fixed(typed, knows_today=knows_today)


def _fixed(typed: str, *, knows_today: bool) -> Any:
    try:
        return FUNCTIONS["date.parse"]([typed])
    except Unusable as fault:
        if "is not a day there is" in str(fault):
            raise NotReadable(f"There is no such day. {_ADVICE}.") from None
        also = ", or “today” or “in 30 days”" if knows_today else ""
        raise NotReadable(f"{_ADVICE}{also}.") from None


def _from_today(text: str) -> int | None:
    if text in _NAMED:
        return _NAMED[text]
    ahead, ago = _AHEAD.fullmatch(text), _AGO.fullmatch(text)
    found = ahead or ago
    if found is None:
        return None
    days = read_days(next(part for part in found.groups() if part))
    return days if ahead else -days


def read_days(typed: str) -> int:
    """The days of `7`, `7 days`, `two weeks`. Raises NotReadable."""
    text = " ".join(typed.lower().split())
    seconds = read_duration(text if re.search("[a-z]", text) else f"{text} days")
    if seconds % _DAY_S:
        raise NotReadable("Only whole days can be counted here, like 7 or 2 weeks.")
    if seconds > MAX_OFFSET_DAYS * _DAY_S:
        raise NotReadable(f"At most {MAX_OFFSET_DAYS:,} days can be counted.")
    return int(seconds // _DAY_S)


def _is_instant(text: str) -> bool:
    try:
        moment(text)
    except Unusable:
        return False
    return len(text) > 10


def shown_day(expression: Any) -> str | None:
    """`12 June 2027`, `today`, `in 30 days`; None for what was not typed."""
    if expression == TODAY:
        return "today"
    if isinstance(expression, str):
        return _shown_fixed(expression)
    call = operator_call(expression)
    parts = argument_list(call[1]) if call and call[0] == "date.add_days" else []
    if len(parts) != 2 or parts[0] != TODAY or type(parts[1]) is not int:
        return None
    days = parts[1]
    if not 0 < abs(days) <= MAX_OFFSET_DAYS:
        return None
    counted = f"{abs(days)} day" if abs(days) == 1 else f"{abs(days)} days"
    return f"in {counted}" if days > 0 else f"{counted} ago"


def _shown_fixed(text: str) -> str | None:
    if _is_instant(text):
        return text
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return f"{day.day} {day:%B} {day.year:04d}" if len(text) == 10 else None


def read_weekdays(typed: str) -> list[str]:
    """`Friday, Saturday`, `fri or sat`, `weekends` as names. Raises NotReadable."""
    said = folded(typed[:200]).replace("weekends", "saturday, sunday")
    said = said.replace("weekend", "saturday, sunday").replace(
        "weekdays", "mon, tue, wed, thu, fri"
    )
    named = [_weekday(word) for word in _SPLIT.split(said) if word]
    return list(dict.fromkeys(named))


def _weekday(word: str) -> str:
    plain = word.removesuffix(".").removesuffix("s") if len(word) > 4 else word.removesuffix(".")
    for name in WEEKDAYS:
        if len(plain) >= 3 and name.lower().startswith(plain):
            return name
    raise NotReadable("Write days of the week, like Friday or Saturday.")
