"""Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack.

`X-Slack-Signature: v0=<hex>` signs `v0:<X-Slack-Request-Timestamp>:<body>` with the app's signing
secret. The body is an event (JSON), a slash command (a form) or something pressed (a form whose
`payload` is JSON). Before it sends events Slack posts a signed `url_verification` and wants its
`challenge` back: https://docs.slack.dev/reference/events/url_verification.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.platform.documents import BadDocument
from wedsync.webhooks.schemes import forms, handshakes, naming, plain, signatures
from wedsync.webhooks.schemes.interface import (
    Handshake,
    Incoming,
    Rejected,
    Request,
    Sample,
    Verdict,
    Verified,
)

SUCCESS_STATUS = 200
SIGNED_HEADERS = frozenset({"x-slack-signature"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = True

_SIGNATURE, _TIMESTAMP = b"x-slack-signature", b"x-slack-request-timestamp"
_VERSION = b"v0="
_HANDSHAKE = "url_verification"

option_problems = plain.no_options
names_events = plain.always
new_secret = plain.theirs
secret_problem = signatures.plain_secret_problem
parse = forms.parse
data_of = plain.data_of


def verify(
    secrets: Sequence[str], _options: Mapping[str, Any], request: Request, now: datetime
) -> Verdict:
    headers = request.headers
    timestamp, signature = headers.get(_TIMESTAMP), headers.get(_SIGNATURE)
    if timestamp is None or signature is None:
        return Rejected(
            "signature_missing", "Send X-Slack-Request-Timestamp and X-Slack-Signature."
        )
    if headers.repeats(_TIMESTAMP, _SIGNATURE):
        return Rejected("signature_invalid", "A header of the signature was sent twice.")
    seconds = signatures.whole_seconds(timestamp)
    if seconds is None or not signature.startswith(_VERSION):
        return signatures.UNFIT
    signed = b"v0:%b:%b" % (timestamp, request.body)
    keys = [secret.encode() for secret in secrets]
    given = [signature.removeprefix(_VERSION)]
    if not signatures.made_by_any(keys, "sha256", signed, "hex", given):
        return signatures.UNFIT
    return signatures.stale(seconds, now) or _handshake(request.body) or Verified()


def _handshake(body: bytes) -> Handshake | Rejected | None:
    if _HANDSHAKE.encode() not in body:
        return None
    try:
        document = parse(body)
    except BadDocument:
        return None  # whoever reads it says what is wrong
    if not isinstance(document, dict) or document.get("type") != _HANDSHAKE:
        return None
    return handshakes.asked(document.get("challenge"))


def read(
    document: Any, event_type: str | None, _verified: Verified, received_at: datetime
) -> Incoming:
    """An event is named by its own kind, something pressed by its `type`, a command as one."""
    if not isinstance(document, dict):
        raise BadDocument("It is not a message of Slack's.")
    inner = document.get("event")
    kind = inner.get("type") if isinstance(inner, dict) else document.get("type")
    if "command" in document:
        kind = "slash_command"
    identifier = document.get("event_id")
    return Incoming(
        naming.bounded(identifier) if isinstance(identifier, str) and identifier else None,
        str(kind) if naming.is_usable(kind) else naming.own_name(event_type),
        signatures.moment(document.get("event_time"), received_at),
        document,
    )


def example(_event_type: str | None, now: datetime) -> str:
    seconds = int(now.timestamp())
    return plain.written(
        {
            "type": "event_callback",
            "event_id": f"Ev{seconds}",
            "event_time": seconds,
            "event": {
                "type": "message",
                "channel": "C024BE91L",
                "text": "Ella has the final count",
            },
        }
    )


def sample(
    secret: str, _options: Mapping[str, Any], body: bytes, url: str, now: datetime
) -> Sample:
    seconds = str(int(now.timestamp()))
    is_json = body.lstrip()[:1] == b"{"
    headers = {
        "Content-Type": "application/json" if is_json else forms.CONTENT_TYPE,
        "X-Slack-Request-Timestamp": seconds,
        "X-Slack-Signature": "v0="
        + signatures.made(secret, b"v0:%b:%b" % (seconds.encode(), body), "hex"),
    }
    return Sample(url, headers, body)
