"""Where in a hook's stored request the event's data lies."""

from typing import Any

from wedsync.webhooks import schemes

RAW_BODY = "raw_body"
"""The field of `events` a request's body is sealed for."""


def data_of(scheme: str, document: Any) -> Any:
    """The event's data in a parsed body of a hook with this scheme."""
    return schemes.named(scheme).data_of(document)


def data_of_raw(scheme: str, body: bytes) -> Any:
    """The same from the raw bytes that were accepted. Raises documents.BadDocument."""
    return data_of(scheme, schemes.named(scheme).parse(body))
