"""Endpoints in words, and their day as bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wedsync.platform.wording import (
    State,
    Wording,
    capital,
    count,
    in_words,
    listing,
    name_words,
    number,
)
from wedsync.webhooks import conditions, secrets
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.page_queries import Traffic

HOURS = 24
CHART_WIDTH, CHART_HEIGHT = 320, 56
_LEAST = 1.5
_MOST_NAMED = 4
_STATES = {
    "on": State("ready", "On"),
    "off": State("off", "Off"),
    "disabled": State("needs", "Stopped"),
}


@dataclass(frozen=True, slots=True)
class HourBar:
    """One hour of the chart, in its own units; `bad` when something has not arrived."""

    x: float
    y: float
    height: float
    bad: bool


def endpoint_name(endpoint: Endpoint) -> str:
    """What people call it: its description, else its address."""
    return endpoint.description or endpoint.url


def endpoint_state(endpoint: Endpoint, traffic: Traffic, words: Wording) -> State:
    """How an endpoint stands, in a word or two."""
    if endpoint.state == "on" and endpoint.failing_since is not None:
        when = f" {words.at(traffic.next_at)}" if traffic.next_at else ""
        return State("retrying", f"Trying again{when}")
    return _STATES[endpoint.state]


def told_about(endpoint: Endpoint) -> str:
    """What an endpoint is told about."""
    named = [name_words(event_type) for event_type in endpoint.event_types]
    shown, left = named[:_MOST_NAMED], len(named) - _MOST_NAMED
    said = listing([*shown, f"{left} more"] if left > 0 else shown) or "everything that happens"
    if endpoint.filter is None:
        return said
    only = conditions.in_words(endpoint.filter)
    return f"{said}, where {only or 'a condition fits'}"


def signed_with(endpoint: Endpoint, words: Wording) -> str:
    """Which secrets sign."""
    if endpoint.receives == "polls":
        return "nothing: they fetch with an API key"
    pair = " and a key pair" if endpoint.signing_key is not None else ""
    until = secrets.overlap_until(endpoint)
    if until is None:
        return f"a secret of its own{pair}"
    return f"its new secret{pair}, and what was before until {words.moment(until)}"


def order(endpoint: Endpoint) -> str:
    """In which order things are sent."""
    if endpoint.receives == "polls":
        return "as it happened"
    if endpoint.ordered_by is None:
        return "each as soon as it happens"
    path = endpoint.ordered_by.removeprefix("data.")
    said = f"one after the other for each {name_words(path).lower()}"
    return (
        f"{said}, stopping at one that cannot be delivered" if endpoint.stops_at_failure else said
    )


def pace(endpoint: Endpoint) -> str:
    """How fast things are sent at most; empty where nobody asked for a bound."""
    rate, most = endpoint.rate_per_s, endpoint.max_in_flight
    said = [f"{rate:,g} a second"] if rate is not None else []
    if most is not None:
        said.append("one at a time" if most == 1 else f"{most} at once")
    return f"at most {listing(said)}" if said else ""


def news(endpoint: Endpoint, traffic: Traffic, words: Wording) -> str:
    """One or two sentences on how an endpoint does."""
    if endpoint.state == "off":
        return f"It is off: nothing is sent. {_waiting(traffic, words)}"
    if endpoint.state == "disabled":
        why = (
            "They answered that this address is gone, so we stopped."
            if endpoint.state_reason == "gone"
            else "Nothing arrived for days, so we stopped."
        )
        return f"{why} {_waiting(traffic, words)}"
    if not traffic.made and not traffic.waiting:
        return "Nothing had to be sent in the last day."
    few = number(traffic.arrived) if traffic.arrived else "None"
    many = count(traffic.made, "delivery", "deliveries")
    arrived = f"{few} of {many} arrived in the last 24 hours."
    return f"{arrived} {_waiting(traffic, words)}" if traffic.waiting else arrived


def _waiting(traffic: Traffic, words: Wording) -> str:
    if not traffic.waiting:
        return "Nothing is waiting."
    one = traffic.waiting == 1
    said = "One is waiting" if one else f"{capital(in_words(traffic.waiting))} are waiting"
    if traffic.next_at is None or traffic.next_at <= words.now:
        return f"{said} to be sent."
    return f"{said}; the next try is {words.at(traffic.next_at)}."


def hour_bars(by_hour: Mapping[datetime, tuple[int, int]], now: datetime) -> list[HourBar]:
    """The last day, hour by hour; an hour without deliveries keeps a trace of a bar."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=HOURS - 1 - index) for index in range(HOURS)]
    most = max((made for made, _ in by_hour.values()), default=0)
    step = CHART_WIDTH / HOURS
    return [
        _bar(round(index * step, 1), *by_hour.get(hour, (0, 0)), most)
        for index, hour in enumerate(hours)
    ]


def _bar(x: float, made: int, bad: int, most: int) -> HourBar:
    height = round(max(_LEAST, (CHART_HEIGHT - 3) * made / most if most else 0), 1)
    return HourBar(x, round(CHART_HEIGHT - height, 1), height, bad=bad > 0)
