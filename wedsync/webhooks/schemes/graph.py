"""Microsoft Graph: https://learn.microsoft.com/graph/change-notifications-delivery-webhooks.

Graph signs nothing: each notification repeats the `clientState` that was agreed on, so the body is
read before it is believed, and the words are left out of what is kept as data. When a subscription
is made or renewed Graph posts with `validationToken` in the address and wants it back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs

from wedsync.platform import documents
from wedsync.platform.documents import BadDocument
from wedsync.webhooks.schemes import credentials, handshakes, naming, plain, signatures
from wedsync.webhooks.schemes.interface import (
    Incoming,
    Rejected,
    Request,
    Sample,
    Verdict,
    Verified,
)

SUCCESS_STATUS = 202
SIGNED_HEADERS: frozenset[str] = frozenset()
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = True

_STATE, _TOKEN = "clientState", "validationToken"
_LONGEST_SECRET = 128
_MOST_NOTIFICATIONS = 1000
_MISSING = Rejected("signature_missing", "Every notification needs the clientState agreed on.")

option_problems = plain.no_options
names_events = plain.never
parse = plain.parse


def new_secret() -> str:
    return token_urlsafe(32)


def secret_problem(secret: str) -> str | None:
    if len(secret) > _LONGEST_SECRET:
        return f"Graph takes a clientState of up to {_LONGEST_SECRET} characters."
    return signatures.plain_secret_problem(secret)


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, _now: datetime
) -> Verdict:
    token = parse_qs(request.query).get(_TOKEN) if request.query else None
    if token:
        return handshakes.asked(token[0])
    notifications = _notifications(request.body)
    if not notifications:
        return _MISSING
    wanted = [secret.encode() for secret in secrets]
    for notification in notifications:
        state = notification.get(_STATE) if isinstance(notification, dict) else None
        if not isinstance(state, str) or not state:
            return _MISSING
        if not credentials.is_any(state.encode(), wanted):
            return Rejected("signature_invalid", "This is not the clientState agreed on.")
    return Verified()


def _notifications(body: bytes) -> list[Any]:
    try:
        document = parse(body)
    except BadDocument:
        return []
    found = document.get("value") if isinstance(document, dict) else None
    return found if isinstance(found, list) and len(found) <= _MOST_NOTIFICATIONS else []


def read(
    document: Any, event_type: str | None, verified: Verified, received_at: datetime
) -> Incoming:
    """Notifications of one kind of change name it: `created`, `updated`, `deleted`."""
    kinds = [notification.get("changeType") for notification in document["value"]]
    alike = all(kind == kinds[0] for kind in kinds) and naming.is_usable(kinds[0])
    named = event_type or (str(kinds[0]) if alike else None)
    return plain.read(data_of(document), named, verified, received_at)


def data_of(document: Any) -> Any:
    """The notifications without the words agreed on, which are a secret."""
    kept = [
        {name: value for name, value in notification.items() if name != _STATE}
        for notification in document["value"]
    ]
    return {**document, "value": kept}


def example(_event_type: str | None, _now: datetime) -> str:
    return plain.written(
        {
            "value": [
                {
                    "subscriptionId": "7f105c7d-2dc5-4530-97cd-4e7ae6534c07",
                    "changeType": "created",
                    "resource": "users/rosewood/events/AAMkAD7",
                }
            ]
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, _now: datetime
) -> Sample:
    """With the words agreed on in each notification."""
    agreed = [
        {**notification, _STATE: secret}
        for notification in _notifications(body)
        if isinstance(notification, dict)
    ]
    written = documents.write({"value": agreed})
    stands_as = documents.write(secret).decode()[1:-1]
    return Sample(url, dict(plain.JSON), written, {stands_as: "YOUR-SECRET"})
