"""Taking secrets out of what a far end said: services echo what they were sent, in an answer, in an
error, in a debug page. Whatever is kept, shown or logged of it goes through here first.
"""

from base64 import b64encode
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

from wedsync.platform.vault import MASK

LEAST = 6
"""Shorter secrets are left alone: they stand in ordinary words, and hide nothing from anybody."""

_CUT_OFF = "…"
_URL_SAFE = str.maketrans("+/", "-_")


def forms_of(secrets: Iterable[str]) -> tuple[str, ...]:
    """Everything one of the secrets could look like, the longest first: as it is, in an address,
    or in Base64 (RFC 4648), alone or with more around it."""
    found: set[str] = set()
    for secret in secrets:
        if len(secret) >= LEAST:
            found |= {secret, quote(secret, safe=""), quote_plus(secret), *_in_base64(secret)}
    return tuple(sorted(found, key=len, reverse=True))


def without(document: Any, forms: tuple[str, ...]) -> Any:
    """The document with every form hidden, names of members too; the very same when it holds
    none."""
    return _cleaned(document, forms) if _may_hold(document, forms) else document


def text_without(text: str, forms: tuple[str, ...]) -> str:
    """The text with every form hidden; a quotation that was cut off may end inside one."""
    for form in forms:
        text = text.replace(form, MASK)
    return _without_a_beginning(text, forms) if text.endswith(_CUT_OFF) else text


def _in_base64(secret: str) -> Iterable[str]:
    """The digits that are the secret's own wherever it stands in what was encoded."""
    raw = secret.encode()
    for before in range(3):
        digits = b64encode(bytes(before) + raw).decode().rstrip("=")
        own = digits[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        yield own
        yield own.translate(_URL_SAFE)


def _may_hold(document: Any, forms: Iterable[str]) -> bool:
    """A fast look: nearly always there is nothing, and nothing is copied."""
    try:
        written = orjson.dumps(document)
    except orjson.JSONEncodeError:  # refused further on, with a sentence
        return True
    return any(orjson.dumps(form)[1:-1] in written for form in forms)


def _cleaned(value: Any, forms: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return text_without(value, forms)
    if isinstance(value, dict):
        return {_cleaned(name, forms): _cleaned(item, forms) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item, forms) for item in value]
    return value


def _without_a_beginning(text: str, forms: tuple[str, ...]) -> str:
    said = text.removesuffix(_CUT_OFF)
    for form in forms:
        for length in range(len(form) - 1, LEAST - 1, -1):
            if said.endswith(form[:length]):
                return f"{said[:-length]}{MASK}{_CUT_OFF}"
    return text
