"""Whole answers of the front itself: JSON, problems (RFC 9457), and nothing at all."""

import secrets
from collections.abc import Iterable

from wedsync.errors import NotFound, Unavailable, WedSyncError
from wedsync.front.asgi import Pairs, Send
from wedsync.platform import documents

_JSON = (b"content-type", b"application/json")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_PROBLEM = (b"content-type", b"application/problem+json")
_SAFE: Pairs = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
CLOSE = (b"connection", b"close")


class Unsigned(WedSyncError):
    """A hook's signature is missing, wrong or old."""

    code, title, status = "signature_invalid", "The signature was not accepted", 401


class Unreadable(WedSyncError):
    """A hook's body is signed but cannot be read."""

    code, title, status = "body_invalid", "The body could not be read", 400


class UnexpectedHandshake(WedSyncError):
    """A sender asks for an echo that no person awaits."""

    code, title, status = "handshake_unexpected", "No handshake is awaited", 400


class OverQuota(WedSyncError):
    """A hook took as many requests in this minute as it may."""

    code, title, status = "quota", "This address takes no more in this minute", 429


class MethodNotAllowed(WedSyncError):
    """A hook was called with a method its sender never uses."""

    code, title, status = "method_not_allowed", "This address does not take that", 405


def unknown_hook() -> NotFound:
    return NotFound("There is no hook at this address.", code="hook_unknown")


def database_away() -> Unavailable:
    return Unavailable(
        "Our database is not answering. Nothing was kept; please send it again.",
        code="database_away",
        retry_after_s=5,
    )


def busy(retry_after_s: int = 1) -> Unavailable:
    return Unavailable(
        "More is arriving than we can take at once. Please send it again.",
        code="busy",
        retry_after_s=retry_after_s,
    )


async def send_whole(
    send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes
) -> None:
    """Send an answer whose length is known."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, body: bytes) -> None:
    await send_whole(send, status, [_JSON, *_SAFE], body)


async def send_text(send: Send, text: bytes) -> None:
    """Say these words, and let nobody take them for anything but plain text."""
    await send_whole(send, 200, [_TEXT, *_SAFE], text)


async def send_bare(send: Send, status: int, *more: tuple[bytes, bytes]) -> None:
    """Send an answer that is all status and headers."""
    await send_whole(send, status, [*_SAFE, *more], b"")


async def send_problem(
    send: Send, error: WedSyncError, *more: tuple[bytes, bytes], bare: bool = False
) -> None:
    """Send a refusal; a `bare` one has no body. When the request was not read to its end, add
    `CLOSE`."""
    headers = [_PROBLEM, *_SAFE, *more]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    await send_whole(send, error.status, headers[bare:], b"" if bare else _problem(error))


def _problem(error: WedSyncError) -> bytes:
    return documents.write(
        {
            "type": "about:blank",
            "code": error.code,
            "title": error.title,
            "status": error.status,
            "detail": error.detail,
            "request_id": secrets.token_hex(8),
        }
    )
