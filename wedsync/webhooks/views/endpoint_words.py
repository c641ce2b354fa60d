"""What an endpoint is, in words; how it does is told by `endpoint_news`."""

from wedsync.platform.wording import Wording, listing, name_words
from wedsync.webhooks import secrets
from wedsync.webhooks.endpoints import conditions
from wedsync.webhooks.models import Endpoint

_MOST_NAMED = 4


def endpoint_name(endpoint: Endpoint) -> str:
    """What people call it: its description, else its address."""
    return endpoint.description or endpoint.url


def event_words(event_type: str) -> str:
    """What happened, within a sentence: `guests final count`, `RSVP received`."""
    said = name_words(event_type)
    return said if said[:2].isupper() else said[:1].lower() + said[1:]


def told_about(endpoint: Endpoint) -> str:
    """What an endpoint is told about."""
    named = [event_words(event_type) for event_type in endpoint.event_types]
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
    path = endpoint.ordered_by.removeprefix("data.").removesuffix("_id")
    said = f"one after the other for each {name_words(path).lower()}"
    return (
        f"{said}, stopping at one that cannot be delivered" if endpoint.stops_at_failure else said
    )


def pace(endpoint: Endpoint) -> str:
    """How fast things are sent at most; empty where nobody asked for a bound."""
    rate, most = endpoint.rate_per_s, endpoint.max_in_flight
    said = [_rate(rate)] if rate is not None else []
    if most is not None:
        said.append("one at a time" if most == 1 else f"{most} at once")
    return f"at most {listing(said)}" if said else ""


def _rate(rate: float) -> str:
    """`2.5 a second`, `one every 2 seconds`."""
    return f"{rate:,g} a second" if rate >= 1 else f"one every {1 / rate:.3g} seconds"
