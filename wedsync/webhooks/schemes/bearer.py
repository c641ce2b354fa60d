"""A token with every request: RFC 6750, https://www.rfc-editor.org/rfc/rfc6750#section-2.1.

Options: `header` that carries the token as it is, for senders that do not use
`Authorization: Bearer`; `id_header` that names the event.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from wedsync.webhooks.schemes import credentials, naming, plain, signatures
from wedsync.webhooks.schemes.interface import Rejected, Request, Sample, Verdict

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"authorization"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False

_AUTHORIZATION = "Authorization"

names_events = credentials.names_events
parse = plain.parse
read = plain.read
data_of = plain.data_of
example = plain.example


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    unknown = naming.unknown_options(options, known=("header", "id_header"))
    header = options.get("header") or _AUTHORIZATION
    return [
        *unknown,
        *naming.header_problems(options, "header"),
        *credentials.id_problems(options, str(header)),
    ]


def new_secret() -> str:
    return token_urlsafe(32)


def secret_problem(secret: str) -> str | None:
    if " " in secret:
        return "A token has no blanks."
    return signatures.plain_secret_problem(secret)


def verify(
    secrets: Sequence[str], options: Mapping[str, Any], request: Request, _now: datetime
) -> Verdict:
    headers, header = request.headers, options.get("header") or _AUTHORIZATION
    wire_name = header.lower().encode()
    shown = headers.get(wire_name)
    if shown is None:
        wanted = header if options.get("header") else "Authorization: Bearer"
        return Rejected("signature_missing", f"Send {wanted}.")
    if not options.get("header"):
        kind, _, shown = shown.partition(b" ")
        if kind.lower() != b"bearer":
            return credentials.WRONG
    tokens = [secret.encode() for secret in secrets]
    if headers.repeats(wire_name) or not credentials.is_any(shown.strip(), tokens):
        return credentials.WRONG
    return credentials.named(headers, options)


def sample(secret: str, options: Mapping[str, Any], body: bytes, url: str, now: datetime) -> Sample:
    header = options.get("header")
    headers = {**plain.JSON}
    if header:
        headers[header] = secret
    else:
        headers[_AUTHORIZATION] = f"Bearer {secret}"
    if name := options.get("id_header"):
        headers[name] = naming.sample_id(body, now)
    return Sample(url, headers, body, {secret: "YOUR-SECRET"})
