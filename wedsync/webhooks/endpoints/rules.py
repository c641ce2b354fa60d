"""What can be said of an endpoint, and why something cannot be, in sentences."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from wedsync.errors import FieldError
from wedsync.events import types
from wedsync.platform import outbound
from wedsync.webhooks.endpoints import filters
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.schemes import naming

MOST_EVENT_TYPES = 100
LONGEST_DESCRIPTION = 500
LEAST_RATE, MOST_RATE = 0.1, 1_000
MOST_IN_FLIGHT = 100
_SENT_FIELDS = ("id", "type", "timestamp", "data")
_OF_SENDING = ("url", "ordered_by", "stops_at_failure", "rate_per_s", "max_in_flight", "key_pair")


class EndpointFields(TypedDict, total=False):
    """What can be said of an endpoint.

    `receives` is `posts` (we send) or `polls` (they fetch, and then there is no `url` and nothing
    about sending); it is chosen once. `event_types` are stored names, none of them meaning all;
    `filter` is JSONLogic over `trigger`; `ordered_by` a dotted path in the sent body, and with
    `stops_at_failure` what comes behind one that was given up waits. `rate_per_s` and
    `max_in_flight` are bounds, None for none. `key_pair` signs with Ed25519 beside the secret.
    `state` is `on` or `off`.
    """

    receives: str
    url: str
    description: str
    event_types: list[str]
    filter: Any
    ordered_by: str | None
    stops_at_failure: bool
    rate_per_s: float | None
    max_in_flight: int | None
    key_pair: bool
    state: str


def problems(endpoint: Endpoint, fields: EndpointFields) -> list[FieldError]:
    """Everything that keeps `fields` from being said of `endpoint`, at once."""
    polls = fields.get("receives", endpoint.receives) == "polls"
    found = {
        name: problem
        for name, problem_of in _PROBLEMS.items()
        if name in fields
        and not (polls and name in _OF_SENDING)
        and (problem := problem_of(fields.get(name)))
    }
    for name, problem in (
        _of_one_that_polls(endpoint, fields) if polls else _stops(endpoint, fields)
    ):
        found.setdefault(name, problem)
    return [FieldError(f"/{name}", name, problem) for name, problem in found.items()]


def _stops(endpoint: Endpoint, fields: EndpointFields) -> list[tuple[str, str]]:
    if fields.get("stops_at_failure") and not fields.get("ordered_by", endpoint.ordered_by):
        return [("stops_at_failure", "Only where things go one after the other can they stop.")]
    return []


def _of_one_that_polls(endpoint: Endpoint, fields: EndpointFields) -> list[tuple[str, str]]:
    said: Mapping[str, Any] = fields
    found = [
        (name, "They fetch what happened themselves, so nothing about sending can be said.")
        for name in _OF_SENDING
        if said.get(name)
    ]
    if not fields.get("description", endpoint.description):
        found.append(("description", "Give it a name: there is no address to know it by."))
    return found


def _url_problem(url: Any) -> str | None:
    if not url:
        return "Say where it should be sent."
    try:
        outbound.check_url(url)
    except outbound.UrlRefused as refused:
        return refused.message
    return None


def _types_problem(event_types: Any) -> str | None:
    if len(event_types) > MOST_EVENT_TYPES:
        return f"Name at most {MOST_EVENT_TYPES} kinds of event, or none for all."
    return next(filter(None, map(_type_problem, event_types)), None)


def _type_problem(event_type: str) -> str | None:
    """Stored names: ours, or a sender's as it wrote it."""
    if naming.is_usable(event_type.removeprefix(types.EXTERNAL)):
        return None
    return types.problem_with(event_type) or "This cannot be the name of an event."


def _ordered_by_problem(path: Any) -> str | None:
    if not path or (naming.is_path(path) and path.partition(".")[0] in _SENT_FIELDS):
        return None
    return "Name a place in what is sent, such as data.wedding_id."


def _filter_problem(condition: Any) -> str | None:
    return None if condition is None else filters.problem(condition)


def _description_problem(description: Any) -> str | None:
    if len(description) <= LONGEST_DESCRIPTION:
        return None
    return f"The description is longer than {LONGEST_DESCRIPTION} characters."


def _state_problem(state: Any) -> str | None:
    return None if state in ("on", "off") else "An endpoint is on or off."


def _receives_problem(receives: Any) -> str | None:
    return None if receives in ("posts", "polls") else "Either we send, or they fetch."


def _rate_problem(rate: Any) -> str | None:
    if rate is None or (math.isfinite(rate) and LEAST_RATE <= rate <= MOST_RATE):
        return None
    return f"From {LEAST_RATE:g} to {MOST_RATE:,} requests a second, or none for no bound."


def _in_flight_problem(most: Any) -> str | None:
    if most is None or (1 <= most <= MOST_IN_FLIGHT and most == int(most)):
        return None
    return f"A whole number from 1 to {MOST_IN_FLIGHT}, or none for no bound."


_PROBLEMS: dict[str, Callable[[Any], str | None]] = {
    "receives": _receives_problem,
    "url": _url_problem,
    "event_types": _types_problem,
    "filter": _filter_problem,
    "ordered_by": _ordered_by_problem,
    "description": _description_problem,
    "rate_per_s": _rate_problem,
    "max_in_flight": _in_flight_problem,
    "state": _state_problem,
}
