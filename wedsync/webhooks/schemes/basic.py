"""A name and a password with every request: RFC 7617, https://www.rfc-editor.org/rfc/rfc7617.

The secret is `name:password`. Options: `id_header` that names the event.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import token_urlsafe
from typing import Any

from wedsync.webhooks.schemes import credentials, naming, plain
from wedsync.webhooks.schemes.interface import Rejected, Request, Sample, Verdict

SUCCESS_STATUS = 202
SIGNED_HEADERS = frozenset({"authorization"})
METHODS = plain.POST
ANSWERED_BARE = False
HAS_HANDSHAKE = False

_AUTHORIZATION = b"authorization"
_SECRET = re.compile(r"[\x21-\x39\x3b-\x7e]{1,100}:[\x21-\x7e]{8,400}")

names_events = credentials.names_events
parse = plain.parse
read = plain.read
data_of = plain.data_of
example = plain.example


def option_problems(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    unknown = naming.unknown_options(options, known=("id_header",))
    return unknown + credentials.id_problems(options, "Authorization")


def new_secret() -> str:
    return "wedsync:" + token_urlsafe(24)


def secret_problem(secret: str) -> str | None:
    if _SECRET.fullmatch(secret):
        return None
    return "The secret should be name:password, the password of 8 characters or more, no blanks."


def verify(
    secrets: Sequence[str], options: Mapping[str, Any], request: Request, _now: datetime
) -> Verdict:
    headers = request.headers
    shown = headers.get(_AUTHORIZATION)
    if shown is None:
        return Rejected("signature_missing", "Send Authorization: Basic.")
    kind, _, given = shown.partition(b" ")
    wanted = [base64.b64encode(secret.encode()) for secret in secrets]
    if kind.lower() != b"basic" or headers.repeats(_AUTHORIZATION):
        return credentials.WRONG
    if not credentials.is_any(given.strip(), wanted):
        return credentials.WRONG
    return credentials.named(headers, options)


def sample(secret: str, options: Mapping[str, Any], body: bytes, url: str, now: datetime) -> Sample:
    shown = base64.b64encode(secret.encode()).decode()
    headers = {**plain.JSON, "Authorization": f"Basic {shown}"}
    if name := options.get("id_header"):
        headers[name] = naming.sample_id(body, now)
    return Sample(url, headers, body, {shown: "YOUR-SECRET-IN-BASE64"})
