"""HMAC as most senders do it, each with a header of their own.

Options: `header`, `algorithm` (`sha256`, `sha512`, `sha1`), `encoding` (`hex`, `base64`),
`prefix` before the signature (`sha256=`), `id_header` that names the event, `timestamp_header`
with seconds since 1970; with it `<timestamp>.<body>` is signed, without it the body alone. An id in
a header is not signed, so it makes a repeat a repeat and proves nothing.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.webhooks.schemes import naming, signatures
from wedsync.webhooks.schemes.interface import Headers, Incoming, Rejected, Verdict, Verified

SUCCESS_STATUS = 202
SIGNED_HEADERS: frozenset[str] = frozenset()

ALGORITHMS = ("sha256", "sha512", "sha1")
ENCODINGS = ("hex", "base64")
_KNOWN = ("header", "algorithm", "encoding", "prefix", "id_header", "timestamp_header")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2
_PREFIX = re.compile(r"[\x21-\x7e]{0,40}")
_SECRET = re.compile(r"[\x20-\x7e]{8,512}")


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    problems = naming.unknown_options(options, known=_KNOWN)
    if not _is_header(options.get("header")):
        problems.append(("header", "Name the header that carries the signature."))
    if options.get("algorithm") not in ALGORITHMS:
        problems.append(("algorithm", "The algorithm is sha256, sha512 or sha1."))
    if options.get("encoding") not in ENCODINGS:
        problems.append(("encoding", "The encoding is hex or base64."))
    prefix = options.get("prefix")
    if prefix is not None and not (isinstance(prefix, str) and _PREFIX.fullmatch(prefix)):
        problems.append(("prefix", "The prefix is up to 40 characters without spaces."))
    for name in ("id_header", "timestamp_header"):
        if options.get(name) is not None and not _is_header(options[name]):
            problems.append((name, "This is not the name of a header."))
    return problems


def _is_header(name: object) -> bool:
    return isinstance(name, str) and _HEADER_NAME.fullmatch(name) is not None


def new_secret() -> str:
    return signatures.new_standard_secret()


def secret_problem(secret: str) -> str | None:
    if _SECRET.fullmatch(secret) and secret == secret.strip():
        return None
    return "The secret should be 8 to 512 plain characters."


def verify(
    secrets: Sequence[str],
    options: Mapping[str, Any],
    headers: Headers,
    body: bytes,
    now: datetime,
) -> Verdict:
    names = {role: _wire_name(options.get(role)) for role in _ROLES}
    signature = headers.get(names["header"] or b"")
    timestamp = headers.get(names["timestamp_header"]) if names["timestamp_header"] else b""
    if signature is None or timestamp is None:
        wanted = " and ".join(filter(None, (options["header"], options.get("timestamp_header"))))
        return Rejected("signature_missing", f"Send {wanted}.")
    if headers.repeats(*filter(None, names.values())):
        return Rejected("signature_invalid", "A header of the signature was sent twice.")
    if not _fits(secrets, options, signature, timestamp, body):
        return Rejected("signature_invalid", "The signature does not fit this body and our secret.")
    return _in_time(timestamp, now) or _named(headers, names["id_header"])


_ROLES = ("header", "timestamp_header", "id_header")


def _wire_name(name: str | None) -> bytes | None:
    return name.lower().encode() if name else None


def _fits(
    secrets: Sequence[str],
    options: Mapping[str, Any],
    signature: bytes,
    timestamp: bytes,
    body: bytes,
) -> bool:
    prefix = (options.get("prefix") or "").encode()
    if not signature.startswith(prefix):
        return False
    given = signature[len(prefix) :]
    encoding = options["encoding"]
    return signatures.made_by_any(
        [secret.encode() for secret in secrets],
        options["algorithm"],
        b"%b.%b" % (timestamp, body) if timestamp else body,
        encoding,
        [given.lower() if encoding == "hex" else given],
    )


def _in_time(timestamp: bytes, now: datetime) -> Rejected | None:
    if not timestamp:
        return None
    seconds = signatures.whole_seconds(timestamp)
    if seconds is None:
        return Rejected("signature_invalid", "The timestamp should be whole seconds since 1970.")
    return signatures.stale(seconds, now)


def _named(headers: Headers, id_header: bytes | None) -> Verdict:
    value = headers.get(id_header) if id_header else None
    if value is None:
        return Verified()
    named = signatures.sender_id(value)
    if named is None:
        return Rejected("signature_invalid", "The event's id should be plain text.")
    return Verified(named)


def read(
    document: Any, event_type: str | None, sent_as: str | None, received_at: datetime
) -> Incoming:
    return Incoming(sent_as, naming.own_name(event_type), received_at, document)


def data_of(document: Any) -> Any:
    return document
