"""Stripe: https://docs.stripe.com/webhooks#verify-manually.

`Stripe-Signature: t=<seconds>,v1=<hex>[,v1=…]`; `<seconds>.<body>` is signed with the whole text
of the endpoint's secret, `whsec_` included. The secret is Stripe's to make.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.platform.documents import BadDocument
from wedsync.webhooks.schemes import naming, plain, signatures
from wedsync.webhooks.schemes.interface import (
    Incoming,
    Rejected,
    Request,
    Sample,
    Verdict,
    Verified,
)

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"stripe-signature"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False

_SIGNATURE = "Stripe-Signature"
_SECRET = re.compile(r"whsec_[\x21-\x7e]{16,250}")


option_problems = plain.no_options
names_events = plain.always
new_secret = plain.theirs
parse = plain.parse


def secret_problem(secret: str) -> str | None:
    if _SECRET.fullmatch(secret):
        return None
    return "The secret is the one Stripe shows for this webhook; it begins with whsec_."


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, now: datetime
) -> Verdict:
    return refused_moment(secrets, request, _SIGNATURE, now) or Verified()


def refused_moment(
    secrets: Sequence[str], request: Request, header: str, now: datetime
) -> Rejected | None:
    """Why a request is not taken whose `header` signs moment and body; None when it is."""
    wire_name = header.lower().encode()
    value = request.headers.get(wire_name)
    if value is None:
        return Rejected("signature_missing", f"Send {header}.")
    if request.headers.repeats(wire_name):
        return Rejected("signature_invalid", f"{header} was sent twice.")
    timestamps, given = _parts(value)
    seconds = signatures.whole_seconds(timestamps[0]) if len(timestamps) == 1 else None
    if seconds is None or not given:
        return Rejected("signature_invalid", f"{header} should be t=<seconds>,v1=<hex>.")
    signed = b"%b.%b" % (timestamps[0], request.body)
    keys = [secret.encode() for secret in secrets]
    if not signatures.made_by_any(keys, "sha256", signed, "hex", given):
        return signatures.UNFIT
    return signatures.stale(seconds, now)


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The value of the header over moment and body."""
    seconds = int(now.timestamp())
    return f"t={seconds},v1={signatures.made(secret, b'%d.%b' % (seconds, body), 'hex')}"


def _parts(header: bytes) -> tuple[list[bytes], list[bytes]]:
    """The values of `t` and of `v1`; other versions are passed over."""
    pairs = [part.partition(b"=") for part in header.split(b",")]
    return (
        [value.strip() for name, _, value in pairs if name.strip() == b"t"],
        [value.strip() for name, _, value in pairs if name.strip() == b"v1"],
    )


def read(
    document: Any, _event_type: str | None, _verified: Verified, received_at: datetime
) -> Incoming:
    if not isinstance(document, dict):
        raise BadDocument("It is not an event of Stripe's.")
    identifier, named = document.get("id"), document.get("type")
    if not (isinstance(identifier, str) and identifier and naming.is_usable(named)):
        raise BadDocument("It is not an event of Stripe's: it needs an id and a type.")
    moment = signatures.moment(document.get("created"), received_at)
    return Incoming(naming.bounded(identifier), str(named), moment, data_of(document))


def data_of(document: Any) -> Any:
    """The event's `data`; the whole of an event that carries none (Stripe's thin events)."""
    return document.get("data", document)


def example(_event_type: str | None, now: datetime) -> str:
    seconds = int(now.timestamp())
    return plain.written(
        {
            "id": f"evt_sample{seconds}",
            "object": "event",
            "type": "payment_intent.succeeded",
            "created": seconds,
            "data": {"object": {"id": "pi_sample", "amount": 125000, "currency": "eur"}},
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, now: datetime
) -> Sample:
    return Sample(url, {**plain.JSON, _SIGNATURE: signature(secret, body, now)}, body)
