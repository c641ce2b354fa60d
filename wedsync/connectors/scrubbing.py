"""Taking a connection's secrets out of what its far end said.

Services echo what they were sent: in an answer, in an error, in a debug page. Whatever is kept or
shown of it goes through here first, whether it succeeded or failed.
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import orjson

from wedsync.connectors.contract import Access, Failed, Succeeded
from wedsync.platform.vault import MASK

LEAST = 6
"""Shorter secrets are left alone: they stand in ordinary words, and hide nothing from anybody."""

_CUT_OFF = "…"
_URL_SAFE = str.maketrans("+/", "-_")


def scrubbed(finished: Succeeded | Failed, access: Access) -> Succeeded | Failed:
    """The end of a call without any of the connection's credentials, in whichever form it was
    echoed: as it is, in an address, or in Base64 (RFC 4648), alone or with more around it."""
    if isinstance(finished, Failed):
        return scrubbed_failure(finished, access)
    forms = _forms(access)
    if not _may_hold(finished.output, forms):
        return finished
    return Succeeded(_cleaned(finished.output, forms))


def scrubbed_failure(failed: Failed, access: Access) -> Failed:
    """The same, with a sentence that quotes none of them."""
    return replace(failed, message=_hidden(failed.message, _forms(access)))


def _forms(access: Access) -> tuple[str, ...]:
    """Everything one of the secrets could look like, the longest first."""
    secrets = {secret for secret in access.credentials.values() if len(secret) >= LEAST}
    # What stands behind the word in `Bearer …` and `Basic …`.
    lines = {line.rpartition(" ")[2] for line in access.headers.values()}
    found = {line for line in lines if len(line) >= LEAST}
    for secret in secrets:
        found |= {secret, quote(secret, safe=""), quote_plus(secret), *_in_base64(secret)}
    return tuple(sorted(found, key=len, reverse=True))


def _in_base64(secret: str) -> Iterable[str]:
    """The digits that are the secret's own wherever it stands in what was encoded."""
    raw = secret.encode()
    for before in range(3):
        digits = b64encode(bytes(before) + raw).decode().rstrip("=")
        own = digits[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        yield own
        yield own.translate(_URL_SAFE)


def _may_hold(output: Any, forms: Iterable[str]) -> bool:
    """A fast look: nearly always there is nothing, and nothing is copied."""
    try:
        written = orjson.dumps(output)
    except orjson.JSONEncodeError:  # refused further on, with a sentence
        return True
    return any(orjson.dumps(form)[1:-1] in written for form in forms)


def _cleaned(value: Any, forms: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        return _hidden(value, forms)
    if isinstance(value, dict):
        return {_cleaned(name, forms): _cleaned(item, forms) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item, forms) for item in value]
    return value


def _hidden(text: str, forms: tuple[str, ...]) -> str:
    for form in forms:
        text = text.replace(form, MASK)
    return _without_a_beginning(text, forms) if text.endswith(_CUT_OFF) else text


def _without_a_beginning(text: str, forms: tuple[str, ...]) -> str:
    """A quotation that was cut off may end inside a secret."""
    said = text.removesuffix(_CUT_OFF)
    for form in forms:
        for length in range(len(form) - 1, LEAST - 1, -1):
            if said.endswith(form[:length]):
                return f"{said[:-length]}{MASK}{_CUT_OFF}"
    return text
