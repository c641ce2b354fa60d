"""Bodies that are not JSON but a form, as browsers send them.

https://url.spec.whatwg.org/#application/x-www-form-urlencoded
"""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from wedsync.platform import documents
from wedsync.platform.documents import BadDocument

MOST_FIELDS = 1000
CONTENT_TYPE = "application/x-www-form-urlencoded"


def pairs(body: bytes) -> list[tuple[str, str]]:
    """The fields in their order, empty ones too. Raises BadDocument."""
    try:
        return parse_qsl(
            body.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:  # what is no text is one too
        raise BadDocument("It is not a form we can read.") from error


def parse(body: bytes) -> Any:
    """The document in a body that is JSON, a form, or a form whose `payload` is JSON.

    A JSON document of these senders begins with a brace, which a form writes as %7B: the body alone
    tells which it is. A field sent more than once is a list. Raises BadDocument.
    """
    if body.lstrip()[:1] in (b"{", b"["):
        return documents.read(body)
    fields = _fields(body)
    payload = fields.get("payload")
    if set(fields) == {"payload"} and isinstance(payload, str):
        return documents.read(payload.encode())
    return fields


def _fields(body: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs(body):
        if "\x00" in name or "\x00" in value:
            raise BadDocument("It contains a NUL character.")
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    if not fields:
        raise BadDocument("It is empty.")
    return fields


def write(fields: dict[str, str]) -> str:
    """These fields as a body."""
    return urlencode(fields)
