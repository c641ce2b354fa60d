"""Incidents in words."""

from dataclasses import dataclass
from datetime import datetime

from wedsync.health.incidents.models import Incident
from wedsync.health.incidents.service import Looked
from wedsync.platform.wording import Wording, duration

IS = {
    "needs_you": "“{}” needs you",
    "failing": "“{}” does not work as it should",
    "slow": "“{}” is slow",
}
"""What is said of a thing by the state that is trouble."""

_WAS = {
    "needs_you": "“{}” needed somebody",
    "failing": "“{}” did not work as it should",
    "slow": "“{}” was slow",
}


@dataclass(frozen=True, slots=True)
class Past:
    """One that is over: from when to when, what it was, and what was said of it."""

    when: str
    title: str
    reason: str
    url: str


def past(incident: Incident, words: Wording) -> Past:
    """Of a closed incident."""
    return Past(
        when=_from_to(incident.opened_at, incident.closed_at or words.now, words),
        title=_WAS[incident.state].format(incident.name),
        reason=incident.reason,
        url=incident.path,
    )


def looked_after(looked: Looked, words: Wording) -> str:
    """`Beth looks after it since today, 14:05.`; empty while nobody does."""
    at = looked.incident.acknowledged_at
    if at is None:
        return ""
    return f"{looked.by or 'Somebody'} looks after it, since {words.moment(at)}."


def _from_to(first: datetime, last: datetime, words: Wording) -> str:
    """`Tue 27 April, 16:02 to 16:31`, over more than a day with its length instead of an end."""
    if words.local(first).date() == words.local(last).date():
        return f"{words.moment(first)} to {words.time(last)}"
    return f"{words.moment(first)}, for {duration(last - first)}"
