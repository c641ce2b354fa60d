"""Slots: the places of a recipe's texts that answers and expressions fill (see the package)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from wedsync.platform.wording import Wording

UNANSWERED = "…"
"""Stands for an answer that is not given yet."""

NOT_CHOSEN = {f"connection:{UNANSWERED}": "an account", f"hook:{UNANSWERED}": "a webhook"}
"""What an account or a webhook is called before it is chosen."""

_SLOT = re.compile(r"\{([^{}]+)\}")
_OF = re.compile(r"(day|end|money) of ([\w.]+)(?: in ([\w.]+))?")
_LONG_DAY = "%A %-d %B %Y"


@dataclass(frozen=True, slots=True)
class Answers:
    """What fills the slots: answers by question, and `zone`, whose days they are."""

    values: Mapping[str, Any]
    zone: str = "UTC"

    def given(self, key: str) -> Any:
        return self.values.get(key, UNANSWERED)


def filled(written: Any, answers: Answers) -> Any:
    """Any part of a recipe with its slots filled; parts that were not asked for are left out."""
    if isinstance(written, str):
        return _text(written, answers)
    if isinstance(written, list):
        return [filled(part, answers) for part in written if _is_wanted(part, answers)]
    if isinstance(written, dict):
        return {name: filled(part, answers) for name, part in written.items() if name != "only_if"}
    return written


def _is_wanted(part: Any, answers: Answers) -> bool:
    wanted = part.get("only_if", {}) if isinstance(part, dict) else {}
    return all(answers.given(key) == value for key, value in wanted.items())


def _text(written: str, answers: Answers) -> Any:
    whole = _SLOT.fullmatch(written)
    if whole:
        return _slot(whole[1], answers)
    parts: list[Any] = []
    for number, piece in enumerate(_SLOT.split(written)):
        value = _slot(piece, answers) if number % 2 else piece
        if isinstance(value, dict):
            parts.append(value)
        elif parts and isinstance(parts[-1], str):
            parts[-1] += str(value)
        elif value != "":
            parts.append(str(value))
    return {"cat": parts} if any(isinstance(part, dict) for part in parts) else "".join(parts)


def _slot(written: str, answers: Answers) -> Any:
    place, bar, otherwise = written.partition("|")
    function = _OF.fullmatch(place)
    name = function[2] if function else place
    if "." not in name and name != "now":
        return _answer(function[1] if function else "", answers.given(name), answers.zone)
    value: Any = {"var": name}
    if function and function[1] == "money":
        currency = {"var": function[3]}
        is_there = {"and": [{"!==": [value, None]}, currency]}
        return {"if": [is_there, _money(value, currency), otherwise]}
    if function:
        return {"if": [value, _day(value), otherwise]}
    return {"??": [value, otherwise]} if bar else value


def _answer(function: str, value: Any, zone: str) -> Any:
    if not function or value == UNANSWERED:
        return value
    day = date.fromisoformat(value)
    if function == "day":
        return Wording(zone).day(day, year=True)
    return _last_moment(day, zone)


def _last_moment(day: date, zone: str) -> str:
    """The last second of a day there (RFC 3339), also where the clocks change at midnight."""
    tomorrow = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    last = tomorrow.astimezone(UTC) - timedelta(seconds=1)
    return last.astimezone(ZoneInfo(zone)).isoformat()


def _day(value: Any) -> Any:
    plain = {"substr": [value, 0, 10]}
    return {"format_date": [{"parse_date": [plain, "%Y-%m-%d"]}, _LONG_DAY]}


def _money(amount: Any, currency: Any) -> Any:
    """Minor units with their currency as people write them, such as `£1,500.00`."""
    return {"money.format": {"money.of_minor": [amount, currency]}}
