"""The days of a small calendar: whole weeks, from a reminder to the wedding or the other way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Mark = Literal["", "goes", "wedding", "both"]

_A_WEEK = timedelta(days=7)
_FEWEST, _MOST = 3, 4


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the month, and what is on it."""

    number: int
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday; `left_out` are the weeks between it and the one above."""

    days: tuple[Day, ...]
    left_out: int = 0


def weeks_of(goes: date | None, wedding: date) -> tuple[Week, ...]:
    """Three weeks up to the later of two days with both in them, or four; where they lie further
    apart, the week of each, and how many were left out between them."""
    days = [day for day in (goes, wedding) if day is not None]
    first, last = _monday(min(days)), _monday(max(days))
    between = (last - first) // _A_WEEK - 1
    if between > _MOST - 2:
        return _week(first, goes, wedding), _week(last, goes, wedding, between)
    begins = min(first, last - (_FEWEST - 1) * _A_WEEK)
    return tuple(_week(monday, goes, wedding) for monday in _mondays(begins, last))


def _mondays(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _A_WEEK


def _week(monday: date, goes: date | None, wedding: date, left_out: int = 0) -> Week:
    days = (monday + timedelta(days=number) for number in range(7))
    return Week(tuple(Day(day.day, _mark(day, goes, wedding)) for day in days), left_out)


def _mark(day: date, goes: date | None, wedding: date) -> Mark:
    if day == wedding:
        return "both" if day == goes else "wedding"
    return "goes" if day == goes else ""


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
