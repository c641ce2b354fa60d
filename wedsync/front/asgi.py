"""The words of ASGI (https://asgi.readthedocs.io/en/latest/specs/www.html) as types."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Pairs: TypeAlias = list[tuple[bytes, bytes]]


def header(scope: Scope, name: bytes) -> bytes:
    """The first value of a header (names are in small letters); empty when it is absent."""
    return next((value for found, value in scope["headers"] if found == name), b"")
