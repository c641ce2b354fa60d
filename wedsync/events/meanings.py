"""What our own events mean, in words that complete “When …”."""

from collections.abc import Mapping
from types import MappingProxyType

from wedsync.events.types import OURS

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "wedding.created": "a wedding is added",
        "wedding.updated": "something about a wedding changes",
        "wedding.date_changed": "a wedding gets another date",
        "wedding.postponed": "a wedding is postponed",
        "wedding.cancelled": "a wedding is cancelled",
        "connection.connected": "an account is connected",
        "connection.reconnected": "an account is connected again",
        "connection.degraded": "an account has trouble that may pass by itself",
        "connection.recovered": "an account is well again by itself",
        "connection.needs_reauth": "an account needs to be connected again",
        "connection.paused": "an account is paused",
        "connection.resumed": "an account goes on after a pause",
        "connection.disconnected": "an account is disconnected",
        "connection.deleted": "an account is taken away",
        "run.needs_attention": "something comes to a point where it needs one of you",
        "endpoint.failing": "nothing arrives at an address for days",
        "endpoint.disabled": "an address is no longer told anything",
        "delivery.exhausted": "something could not be delivered in the end",
    }
)
"""By the name of the event."""

NAMES: Mapping[str, str] = MappingProxyType(
    {f"{OURS} {event_type}": said for event_type, said in MEANINGS.items()}
)
"""The same by source and name, as sentences about triggers look them up."""
