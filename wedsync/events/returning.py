"""Events that come back: somebody outside sends us what we had sent them.

What we deliver is named by its event's id (`webhook-id`). A sender that hands that name on as its
own message's makes no new beginning: what arrives goes on where the event it names stood, one
deeper, so that a ring that goes by way of the outside ends like one that does not. What comes back
too often for that is not passed on at all: a ring may have no workflow in it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import ids

TOO_OFTEN = "It went out to somebody and came back too often."
"""The reason of an event that is parked for it."""

MOST_DEEP = 8
"""As deep as workflows may set each other off."""

_OURS = text(
    "SELECT id, organization_id, causation FROM events"
    " WHERE id = ANY(:ids) AND organization_id = ANY(:organizations)"
)
_OUTSIDE = ("hook:", "connection:")
_VERSION_OF_OURS = 7


class Arrived(Protocol):
    """A row of `events`."""

    @property
    def id(self) -> UUID: ...

    @property
    def organization_id(self) -> UUID: ...

    @property
    def sender_event_id(self) -> str | None: ...


def causations(connection: Connection, arrived: Sequence[Arrived]) -> dict[UUID, dict[str, Any]]:
    """The causation of those of these events that came back, by their ids."""
    named = {row.id: ids.read(row.sender_event_id) for row in arrived if row.sender_event_id}
    wanted = {name for name in named.values() if name and name.version == _VERSION_OF_OURS}
    if not wanted:
        return {}
    organizations = list({row.organization_id for row in arrived})
    given = {"ids": list(wanted), "organizations": organizations}
    sent = {(row.organization_id, row.id): row for row in connection.execute(_OURS, given)}
    return {
        row.id: _one_deeper(found.causation)
        for row in arrived
        if (found := sent.get((row.organization_id, named.get(row.id)))) is not None
    }


def is_too_often(source: str, causation: Mapping[str, Any]) -> bool:
    """Whether what arrived from outside has gone round too often to be passed on."""
    return bool(causation["depth"] > MOST_DEEP and source.startswith(_OUTSIDE))


def _one_deeper(causation: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "root": causation["root"],
        "depth": causation["depth"] + 1,
        "chain": causation["chain"],
    }
