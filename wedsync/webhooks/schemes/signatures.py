"""What every scheme that signs with a shared secret needs."""

import base64
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any

from wedsync.webhooks.schemes.interface import Rejected, Request

REPLAY_WINDOW_S = 300
"""How far a signed moment may lie from ours, before or after."""

MOST_SIGNATURES = 16

UNFIT = Rejected("signature_invalid", "The signature does not fit this body and our secret.")

_SECONDS = re.compile(rb"[0-9]{1,12}")
_SENDER_ID = re.compile(rb"[\x21-\x7e]{1,255}")
_PLAIN_SECRET = re.compile(r"[\x20-\x7e]{8,512}")
_LAST_SECOND = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


def refused_body(
    secrets: Iterable[str],
    request: Request,
    header: str,
    *,
    encoding: str,
    prefix: bytes = b"",
    algorithm: str = "sha256",
) -> Rejected | None:
    """Why a request is not taken whose `header` signs its body and nothing else; None when it is.

    `header` is written as the sender does; hexadecimal may be in capitals.
    """
    wire_name = header.lower().encode()
    signature = request.headers.get(wire_name)
    if signature is None:
        return Rejected("signature_missing", f"Send {header}.")
    if request.headers.repeats(wire_name):
        return Rejected("signature_invalid", f"{header} was sent twice.")
    given = signature.removeprefix(prefix)
    if prefix and given == signature:
        return UNFIT
    if encoding == "hex":
        given = given.lower()
    keys = [secret.encode() for secret in secrets]
    return None if made_by_any(keys, algorithm, request.body, encoding, [given]) else UNFIT


def made(secret: str, signed: bytes, encoding: str, algorithm: str = "sha256") -> str:
    """The signature over `signed` as text."""
    digest = hmac.digest(secret.encode(), signed, algorithm)
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def made_by_any(
    secrets: Iterable[bytes], algorithm: str, signed: bytes, encoding: str, given: Sequence[bytes]
) -> bool:
    """Whether a secret makes one of the `given` signatures over `signed` (HMAC, RFC 2104).

    Compared as text, so that nothing a stranger wrote is decoded.
    """
    fits = False
    for secret in secrets:
        digest = hmac.digest(secret, signed, algorithm)
        expected = digest.hex().encode() if encoding == "hex" else base64.b64encode(digest)
        for signature in given[:MOST_SIGNATURES]:
            fits |= hmac.compare_digest(expected, signature)
    return fits


def whole_seconds(text: bytes) -> int | None:
    """Seconds since 1970 written as a plain whole number."""
    return int(text) if _SECONDS.fullmatch(text) else None


def stale(seconds: int, now: datetime) -> Rejected | None:
    """A refusal when a signed moment lies outside the replay window."""
    if abs(now.timestamp() - seconds) <= REPLAY_WINDOW_S:
        return None
    return Rejected(
        "signature_stale",
        "The signature is older or newer than five minutes. Sign again for each attempt, and check "
        "the sender's clock.",
    )


def sender_id(text: bytes | None) -> str | None:
    """An event id from a header: printable ASCII, 255 characters at most; None when it is none."""
    return text.decode("ascii") if text is not None and _SENDER_ID.fullmatch(text) else None


def plain_secret_problem(secret: str) -> str | None:
    """What is wrong with a secret that is text: 8 to 512 plain characters, no blank at an end."""
    if _PLAIN_SECRET.fullmatch(secret) and secret == secret.strip():
        return None
    return "The secret should be 8 to 512 plain characters."


def moment(value: Any, otherwise: datetime) -> datetime:
    """The instant a sender wrote as ISO 8601 or as seconds since 1970; `otherwise` when neither."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST_SECOND:
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError):
        pass
    return otherwise


def new_standard_secret() -> str:
    """`whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(token_bytes(32)).decode()
