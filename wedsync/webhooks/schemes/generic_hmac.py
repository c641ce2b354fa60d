"""HMAC (RFC 2104, https://www.rfc-editor.org/rfc/rfc2104) as most senders do it, each with a header
of their own.

Options: `header`, `algorithm` (`sha256`, `sha512`, `sha1`), `encoding` (`hex`, `base64`),
`prefix` before the signature (`sha256=`), `id_header` that names the event, `timestamp_header`
with seconds since 1970; with it `<timestamp>.<body>` is signed, without it the body alone. An id in
a header is not signed, so it makes a repeat a repeat and proves nothing.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from wedsync.webhooks.schemes import credentials, naming, plain, signatures
from wedsync.webhooks.schemes.interface import Rejected, Request, Sample, Verdict

SUCCESS_STATUS = 202
SIGNED_HEADERS: frozenset[str] = frozenset()
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False

ALGORITHMS = ("sha256", "sha512", "sha1")
ENCODINGS = ("hex", "base64")
_KNOWN = ("header", "algorithm", "encoding", "prefix", "id_header", "timestamp_header")
_ROLES = ("header", "timestamp_header", "id_header")
_PREFIX = re.compile(r"[\x21-\x7e]{0,40}")

names_events = credentials.names_events
new_secret = signatures.new_standard_secret
secret_problem = signatures.plain_secret_problem
parse = plain.parse
read = plain.read
data_of = plain.data_of
example = plain.example


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    problems = naming.unknown_options(options, known=_KNOWN)
    if not naming.is_header(options.get("header")):
        problems.append(("header", "Name the header that carries the signature."))
    if options.get("algorithm") not in ALGORITHMS:
        problems.append(("algorithm", "The algorithm is sha256, sha512 or sha1."))
    if options.get("encoding") not in ENCODINGS:
        problems.append(("encoding", "The encoding is hex or base64."))
    prefix = options.get("prefix")
    if prefix is not None and not (isinstance(prefix, str) and _PREFIX.fullmatch(prefix)):
        problems.append(("prefix", "The prefix is up to 40 characters without spaces."))
    return problems + naming.header_problems(options, "id_header", "timestamp_header")


def verify(
    secrets: Sequence[str], options: Mapping[str, Any], request: Request, now: datetime
) -> Verdict:
    headers = request.headers
    names = {role: naming.wire_name(options.get(role)) for role in _ROLES}
    signature = headers.get(names["header"] or b"")
    timestamp = headers.get(names["timestamp_header"]) if names["timestamp_header"] else b""
    if signature is None or timestamp is None:
        wanted = " and ".join(filter(None, (options["header"], options.get("timestamp_header"))))
        return Rejected("signature_missing", f"Send {wanted}.")
    if headers.repeats(*filter(None, names.values())):
        return Rejected("signature_invalid", "A header of the signature was sent twice.")
    if not _fits(secrets, options, signature, timestamp, request.body):
        return signatures.UNFIT
    return _in_time(timestamp, now) or credentials.named(headers, options)


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


def sample(secret: str, options: Mapping[str, Any], body: bytes, url: str, now: datetime) -> Sample:
    headers, signed = {**plain.JSON}, body
    if name := options.get("timestamp_header"):
        headers[name] = str(int(now.timestamp()))
        signed = b"%b.%b" % (headers[name].encode(), body)
    if name := options.get("id_header"):
        headers[name] = naming.sample_id(body, now)
    made = signatures.made(secret, signed, options["encoding"], options["algorithm"])
    headers[options["header"]] = (options.get("prefix") or "") + made
    return Sample(url, headers, body)
