"""What most schemes have in common: the body is JSON, and all of it is the event's data."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wedsync.platform import documents
from wedsync.webhooks.schemes import naming
from wedsync.webhooks.schemes.interface import Incoming, Verified

POST = frozenset({"POST"})
JSON = {"Content-Type": "application/json"}

parse = documents.read


def no_options(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The problems of a scheme without options of its own."""
    return naming.unknown_options(options, known=())


def always(_options: Mapping[str, Any]) -> bool:
    """Every request of this sender names its event."""
    return True


def never(_options: Mapping[str, Any]) -> bool:
    """No request of this sender names its event."""
    return False


def theirs() -> None:
    """The secret is the sender's to make."""


def read(
    document: Any, event_type: str | None, verified: Verified, received_at: datetime
) -> Incoming:
    """The body whole, named by the hook unless the request named it."""
    return Incoming(
        verified.sender_event_id,
        verified.type or naming.own_name(event_type),
        verified.occurred_at or received_at,
        document,
    )


def data_of(document: Any) -> Any:
    return document


def written(document: Any) -> str:
    """A document as a person reads it."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def example(event_type: str | None, now: datetime) -> str:
    """A message that could be of any sender."""
    return written(
        {
            "type": naming.own_name(event_type),
            "sent_at": now.isoformat(timespec="seconds"),
            "guest": {"name": "Zoë Marchetti", "coming": True, "meal": "risotto"},
        }
    )
