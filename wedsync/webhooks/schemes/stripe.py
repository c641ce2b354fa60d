"""Stripe: https://docs.stripe.com/webhooks#verify-manually.

`Stripe-Signature: t=<seconds>,v1=<hex>[,v1=…]`; `<seconds>.<body>` is signed with the whole text
of the endpoint's secret, `whsec_` included. The secret is Stripe's to make.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.platform.documents import BadDocument
from wedsync.webhooks.schemes import naming, signatures
from wedsync.webhooks.schemes.interface import Headers, Incoming, Rejected, Verdict, Verified

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"stripe-signature"})

_SIGNATURE = b"stripe-signature"
_SECRET = re.compile(r"whsec_[\x21-\x7e]{16,250}")


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    return naming.unknown_options(options, known=())


def new_secret() -> None:
    return None


def secret_problem(secret: str) -> str | None:
    if _SECRET.fullmatch(secret):
        return None
    return "The secret is the one Stripe shows for this webhook; it begins with whsec_."


def verify(
    secrets: Sequence[str],
    _options: Mapping[str, Any],
    headers: Headers,
    body: bytes,
    now: datetime,
) -> Verdict:
    header = headers.get(_SIGNATURE)
    if header is None:
        return Rejected("signature_missing", "Send Stripe-Signature.")
    if headers.repeats(_SIGNATURE):
        return Rejected("signature_invalid", "Stripe-Signature was sent twice.")
    timestamps, given = _parts(header)
    seconds = signatures.whole_seconds(timestamps[0]) if len(timestamps) == 1 else None
    if seconds is None or not given:
        return Rejected("signature_invalid", "Stripe-Signature should be t=<seconds>,v1=<hex>.")
    signed = b"%b.%b" % (timestamps[0], body)
    keys = [secret.encode() for secret in secrets]
    if not signatures.made_by_any(keys, "sha256", signed, "hex", given):
        return Rejected("signature_invalid", "The signature does not fit this body and our secret.")
    return signatures.stale(seconds, now) or Verified()


def _parts(header: bytes) -> tuple[list[bytes], list[bytes]]:
    """The values of `t` and of `v1`; other versions are passed over."""
    pairs = [part.partition(b"=") for part in header.split(b",")]
    return (
        [value.strip() for name, _, value in pairs if name.strip() == b"t"],
        [value.strip() for name, _, value in pairs if name.strip() == b"v1"],
    )


def read(
    document: Any, _event_type: str | None, _sent_as: str | None, received_at: datetime
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
