"""Instants, days, durations, money and counts as people say them.

A `Wording` knows whose day it is: their time zone, and the moment they look. `here()` is the one
of the current request, in the zone its organization keeps.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_precision
from flask import g

from wedsync.platform import clock

LOCALE = "en_GB"
_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip
_ALWAYS_CAPITAL = {"rsvp": "RSVP", "id": "ID", "url": "URL", "api": "API", "vat": "VAT"}
_WORDS = re.compile(r"[^\W_]+")
_FIRST_GROUPED = 1_000
"""Smaller numbers have no comma."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True, slots=True)
class State:
    """How something stands: `kind` names a drawing of the look, `words` always stand beside it."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Wording:
    """How things are said to somebody in `zone` (IANA name) who looks at `now`."""

    zone: str = "UTC"
    now: datetime = field(default_factory=clock.now)

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(ZoneInfo(self.zone))

    @property
    def today(self) -> date:
        return self.local(self.now).date()

    def day(self, day: date, *, year: bool | None = None) -> str:
        """`Sat 12 June`, with the year when it is not this one, or as asked."""
        with_year = day.year != self.today.year if year is None else year
        return format_date(day, "EEE d MMMM y" if with_year else "EEE d MMMM", locale=LOCALE)

    def time(self, instant: datetime) -> str:
        """`14:05`."""
        return f"{self.local(instant):%H:%M}"

    def to_the_second(self, instant: datetime) -> str:
        """`14:05:09` today, `Mon 10 May, 14:05:09` before."""
        there = self.local(instant)
        said = f"{there:%H:%M:%S}"
        return said if there.date() == self.today else f"{self.day(there.date())}, {said}"

    def moment(self, instant: datetime) -> str:
        """`today, 14:05`, `yesterday, 09:12`, `Sat 12 June, 14:00`."""
        there = self.local(instant)
        return f"{self._near(there.date()) or self.day(there.date())}, {there:%H:%M}"

    def at(self, instant: datetime) -> str:
        """The end of a sentence: `at 14:05`, `tomorrow at 09:00`, `on Sat 12 June at 14:00`."""
        there = self.local(instant)
        if there.date() == self.today:
            return f"at {there:%H:%M}"
        return f"{self._near(there.date()) or f'on {self.day(there.date())}'} at {there:%H:%M}"

    def gutter(self, instant: datetime) -> str:
        """For the narrow column: `14:05` today, `Mon 14:05` this week, `12 Jun 14:05` before."""
        there = self.local(instant)
        days = abs((there.date() - self.today).days)
        if days == 0:
            return f"{there:%H:%M}"
        if days < 7:
            return f"{there:%a %H:%M}"
        pattern = "d MMM" if there.year == self.today.year else "d MMM y"
        return f"{format_date(there.date(), pattern, locale=LOCALE)} {there:%H:%M}"

    def days_until(self, day: date) -> str:
        """`today`, `tomorrow`, `in 11 days`, `yesterday`, `3 days ago`."""
        days = (day - self.today).days
        near = self._near(day)
        if near:
            return near
        return f"in {count(days, 'day')}" if days > 0 else f"{count(-days, 'day')} ago"

    def ago(self, instant: datetime) -> str:
        """`just now`, `4 min ago`, `2 h ago`; a moment when that is longer than half a day."""
        passed = (self.now - instant).total_seconds()
        if passed < _MINUTE:
            return "just now"
        if passed < _DAY / 2:
            return f"{duration(timedelta(seconds=passed), parts=1)} ago"
        return self.moment(instant)

    def _near(self, day: date) -> str | None:
        names = {-1: "yesterday", 0: "today", 1: "tomorrow"}
        return names.get((day - self.today).days)


def here() -> Wording:
    """How things are said in this request, in the zone kept in `g.zone`."""
    if "wording" not in g:
        g.wording = Wording(g.get("zone", "UTC"), clock.now())
    found: Wording = g.wording
    return found


def duration(length: timedelta, *, parts: int = 2) -> str:
    """`35 ms`, `0.3 s`, `15 s`, `3 min`, `2 h 5 min`, `3 days 2 h`; at most `parts` units."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < _MINUTE:
        return _seconds(seconds)
    units = ((_DAY, "day"), (_HOUR, "h"), (_MINUTE, "min"))
    said: list[str] = []
    left = int(seconds)
    for size, unit in units:
        number, left = divmod(left, size)
        if number:
            said.append(count(number, unit) if unit == "day" else f"{number} {unit}")
        elif said:
            break
    return " ".join(said[:parts])


def _seconds(seconds: float) -> str:
    if seconds < 0.1:
        return f"{round(seconds * 1_000)} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{round(seconds)} s"


def milliseconds(took: float) -> str:
    """For comparing in a column: `< 1 ms`, `173 ms`, `1.42 s`, `15.0 s`."""
    if round(took) < 1:
        return "< 1 ms"
    if took < 1_000:
        return f"{round(took)} ms"
    seconds = took / 1_000
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def number(value: int) -> str:
    """`1,204`."""
    return str(value) if 0 <= value < _FIRST_GROUPED else format_decimal(value, locale=LOCALE)


def percent(part: float) -> str:
    """`99.7 %` of a part between 0 and 1; never all or nothing where it is not."""
    if part not in (0, 1):
        part = min(max(part, 0.001), 0.999)
    return f"{round(part * 100, 1):g} %"


def count(value: int, one: str, many: str | None = None) -> str:
    """`1 run`, `1,204 runs`, `0 tries`."""
    return f"{number(value)} {one if value == 1 else many or f'{one}s'}"


def in_words(value: int) -> str:
    """`no`, `one`, …, `twelve`, then figures: for titles and the starts of sentences."""
    return _NUMBERS[value] if 0 <= value < len(_NUMBERS) else number(value)


def money(amount: int, currency: str) -> str:
    """`£1,500.00` from minor units and an ISO 4217 code."""
    units = Decimal(amount).scaleb(-get_currency_precision(currency))
    return format_currency(units, currency, locale=LOCALE)


def size(octets: int) -> str:
    """`240 bytes`, `1.1 kB`."""
    return count(octets, "byte") if octets < 1_000 else f"{octets / 1_000:.1f} kB"


def listing(parts: Sequence[str], conjunction: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {conjunction} {parts[-1]}"


def capital(sentence: str) -> str:
    """The sentence with a capital at its start; the rest stays as it is."""
    return sentence[:1].upper() + sentence[1:]


def first_name(name: str) -> str:
    """What somebody is called in a sentence about them: `Ana` of Ana Lima."""
    return name.strip().partition(" ")[0]


def sentence_end(sentence: str) -> str:
    """The sentence with a full stop, unless it has an end already."""
    return sentence if sentence.endswith((".", "…", "?")) else f"{sentence}."


def name_words(name: str) -> str:
    """A technical name as words: `external.rsvp.received` is `RSVP received`."""
    words = _WORDS.findall(name.removeprefix("external."))
    return capital(" ".join(_ALWAYS_CAPITAL.get(word.lower(), word) for word in words)) or name
