"""What somebody asks of a list of deliveries, as the address of a page says it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from wedsync.platform import ids
from wedsync.platform.wording import Wording
from wedsync.webhooks.delivery_log.finding import DeliveryFilter
from wedsync.webhooks.delivery_log.naming import LONGEST
from wedsync.webhooks.delivery_log.words import FILTERS

PERIODS: Mapping[str, tuple[str, timedelta]] = {
    "hour": ("in the last hour", timedelta(hours=1)),
    "day": ("in the last 24 hours", timedelta(days=1)),
    "week": ("in the last 7 days", timedelta(days=7)),
    "month": ("in the last 30 days", timedelta(days=30)),
}
"""How far back one may look: name in the address, words, length."""

_STATES = {name: states for name, _, states in FILTERS}
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters by their names in the address; None, or an empty text, is no filter.

    `to` is an endpoint; `since` and `until` are days, both inclusive; `names` takes the search for
    a name in what was sent. `before` is the delivery an earlier page goes on from, `delivery` the
    one that is open.
    """

    state: str | None = None
    q: str = ""
    names: bool = False
    type: str | None = None
    to: UUID | None = None
    error: str | None = None
    when: str | None = None
    since: date | None = None
    until: date | None = None
    before: UUID | None = None
    delivery: UUID | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the state is asked for."""
        return any((self.q, self.type, self.to, self.error, self.when, self.since, self.until))

    @property
    def is_counted(self) -> bool:
        """Whether the states within what is asked for can be counted."""
        return not (self.q or self.type or self.error)

    def address(self, **changes: Any) -> dict[str, Any]:
        """The parameters of an address that asks for this, with these changes."""
        asked = replace(self, **changes)
        values = {field.name: getattr(asked, field.name) for field in fields(asked)}
        return {name: 1 if value is True else value for name, value in values.items() if value}

    def others(self, **changes: Any) -> dict[str, Any]:
        """The same about other deliveries: from the first page, none of them open."""
        return self.address(**{"before": None, "delivery": None, **changes})


def read(given: Mapping[str, str], endpoint: UUID | None = None) -> Asked:
    """What the parameters of an address ask for; what none of them can mean is left out."""
    when, state = given.get("when"), given.get("state")
    return Asked(
        state=state if state in _STATES else None,
        q=given.get("q", "").replace("\x00", "")[:LONGEST].strip(),
        names=bool(given.get("names")),
        type=_name(given.get("type")),
        to=endpoint or _id(given.get("to")),
        error=_name(given.get("error")),
        when=when if when in PERIODS else None,
        since=_day(given.get("since")),
        until=_day(given.get("until")),
        before=_id(given.get("before")),
        delivery=_id(given.get("delivery")),
    )


def filter_of(asked: Asked, words: Wording) -> DeliveryFilter:
    """The filter that is asked for; days are those of the organization's zone."""
    since = _begin(asked.since, words) if asked.since else None
    if asked.when and not asked.since:
        since = words.now - PERIODS[asked.when][1]
    return DeliveryFilter(
        states=_STATES.get(asked.state or "", ()),
        endpoint_id=asked.to,
        event_types=(asked.type,) if asked.type else (),
        error=asked.error,
        since=since,
        until=_begin(asked.until + timedelta(days=1), words) if asked.until else None,
    )


def _begin(day: date, words: Wording) -> datetime:
    return datetime.combine(day, time_of_day(), ZoneInfo(words.zone)).astimezone(UTC)


def _name(written: str | None) -> str | None:
    return (written or "").replace("\x00", "").strip()[:_LONGEST_NAME] or None


def _id(written: str | None) -> UUID | None:
    return ids.read(written) if written else None


def _day(written: str | None) -> date | None:
    try:
        day = date.fromisoformat(written or "")
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None
