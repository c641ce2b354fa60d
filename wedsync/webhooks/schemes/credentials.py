"""Senders that show a secret instead of signing: what basic, bearer and graph have in common.

Whoever reads such a request can send others, and an id in a header proves nothing: where a sender
can sign, signing is better.
"""

import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from wedsync.webhooks.schemes import naming, signatures
from wedsync.webhooks.schemes.interface import Headers, Rejected, Verdict, Verified

WRONG = Rejected("signature_invalid", "This is not the secret of this address.")


def is_any(shown: bytes, secrets: Iterable[bytes]) -> bool:
    """Whether what was shown is one of these, looking at all of them in constant time."""
    found = False
    for secret in secrets:
        found |= hmac.compare_digest(secret, shown)
    return found


def id_problems(options: Mapping[str, Any], shown_in: str) -> list[tuple[str, str]]:
    """What is wrong with the option `id_header`, where the secret is shown in that header: an id is
    kept and seen, which a secret must not be."""
    if str(options.get("id_header")).lower() == shown_in.lower():
        return [("id_header", "This header carries the secret; another one names the event.")]
    return naming.header_problems(options, "id_header")


def names_events(options: Mapping[str, Any]) -> bool:
    """Whether a header names the event."""
    return bool(options.get("id_header"))


def named(headers: Headers, options: Mapping[str, Any]) -> Verdict:
    """The event that the option's header names, if any."""
    wire_name = naming.wire_name(options.get("id_header"))
    value = headers.get(wire_name) if wire_name else None
    if wire_name is None or value is None:
        return Verified()
    identifier = signatures.sender_id(value)
    if identifier is None or headers.repeats(wire_name):
        return Rejected("signature_invalid", "The event's id should be plain text, sent once.")
    return Verified(identifier)
