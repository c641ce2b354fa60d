"""The heads of an attempt as they are kept: lines as on the wire, what is secret in them masked."""

import re
from collections.abc import Mapping

from wedsync.platform.outbound import Headers

LONGEST = 4_000
SIGNATURE = "webhook-signature"

_SHOWN = 4
_HINTS = ("cookie", "auth", "token", "secret", "password", "key", "session", "credential")
_SECRET = re.compile(
    rf"^([^:\n]*(?:{'|'.join(_HINTS)})[^:\n]*:[ \t]*)([^\s]{{0,{_SHOWN}}}).*$", re.I | re.M
)


def of_request(headers: Mapping[str, str]) -> str:
    """What we said, each signature only by its first characters."""
    shown = {**headers, SIGNATURE: _first_characters(headers.get(SIGNATURE, ""))}
    return _masked("\n".join(f"{name}: {value}" for name, value in shown.items() if value))


def of_answer(headers: Mapping[str, str]) -> str:
    """What they said, at most `LONGEST` characters of it."""
    if isinstance(headers, Headers):
        lines = headers.lines()
    else:
        lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return _masked(lines.replace("\x00", ""))[:LONGEST]


def read(lines: str | None) -> list[tuple[str, str]]:
    """A kept head's fields, name and value, in the order they came."""
    fields = [line.partition(":") for line in (lines or "").split("\n")]
    return [(name.strip(), value.strip()) for name, colon, value in fields if colon]


def _first_characters(signatures: str) -> str:
    """`v1,K5oZf…` of each signature: enough to tell two apart, nothing to verify with."""
    parts = [each.partition(",") for each in signatures.split(" ") if each]
    return " ".join(f"{version},{value[:_SHOWN]}…" for version, _, value in parts)


def _masked(lines: str) -> str:
    lower = lines.lower()
    if not any(hint in lower for hint in _HINTS):  # most of what is said, in far less time
        return lines
    return _SECRET.sub(r"\1\2…", lines)
