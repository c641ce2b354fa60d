"""Names a stranger chose: of events, of their kinds, of a hook's options."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from wedsync.webhooks.schemes.interface import DEFAULT_TYPE

_TYPE = re.compile(r"[^\s\x00-\x20\x7f-\xa0\u2028\u2029]{1,120}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_LONGEST_ID = 255
_SENSITIVE_MOST = 50
_PATH = re.compile(r"[^\s.]{1,100}(\.[^\s.]{1,100}){0,31}")


def is_usable(event_type: object) -> bool:
    """Whether a sender's word can name an event: up to 120 visible characters."""
    return isinstance(event_type, str) and _TYPE.fullmatch(event_type) is not None


def from_header(text: bytes | None) -> str | None:
    """The kind of an event as a header names it; None when it names none that is usable."""
    name = text.decode("latin-1") if text is not None else None
    return name if is_usable(name) else None


def sample_id(body: bytes, now: datetime) -> str:
    """What a sample of ours calls itself: another for another body or another moment."""
    return "sample_" + hashlib.sha256(now.isoformat().encode() + body).hexdigest()[:24]


def own_name(event_type: str | None) -> str:
    """The hook's name for what it receives."""
    return event_type or DEFAULT_TYPE


def bounded(identifier: str) -> str:
    """An id that fits an index: a very long one is kept as its SHA-256."""
    if len(identifier.encode()) <= _LONGEST_ID:
        return identifier
    return "sha256:" + hashlib.sha256(identifier.encode()).hexdigest()


def is_header(name: object) -> bool:
    """Whether this can be the name of a header (RFC 9110, 5.6.2)."""
    return isinstance(name, str) and _HEADER_NAME.fullmatch(name) is not None


def header_problems(options: Mapping[str, Any], *names: str) -> list[tuple[str, str]]:
    """What is wrong with those of these options that are there and should name a header."""
    return [
        (name, "This is not the name of a header.")
        for name in names
        if options.get(name) is not None and not is_header(options[name])
    ]


def wire_name(name: str | None) -> bytes | None:
    """A header's name as it comes to us."""
    return name.lower().encode() if name else None


def unknown_options(options: Mapping[str, Any], *, known: Iterable[str]) -> list[tuple[str, str]]:
    """Options that no scheme, or not this one, has; `sensitive` belongs to all."""
    problems = [
        (name, "There is no such option for this kind of hook.")
        for name in sorted(set(options) - {*known, "sensitive"})
    ]
    if "sensitive" in options and not _are_paths(options["sensitive"]):
        problems.append(
            (
                "sensitive",
                f"Name up to {_SENSITIVE_MOST} places in the data, such as guest.email.",
            )
        )
    return problems


def _are_paths(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _SENSITIVE_MOST
        and all(is_path(path) for path in value)
    )


def is_path(value: object) -> bool:
    """Whether this is a dotted path into a document, such as `guest.email`."""
    return isinstance(value, str) and _PATH.fullmatch(value) is not None
