"""Reading a request's body: bounded in bytes and in time."""

import asyncio
import contextlib

from wedsync.errors import Malformed, TooLarge, TooSlow
from wedsync.front.asgi import Receive, Scope, header


def declared_length(scope: Scope) -> int | None:
    """What Content-Length says; 0 without any body, None when only reading tells (chunked)."""
    length = header(scope, b"content-length")
    if length:
        return int(length) if length.isdigit() else None
    return None if header(scope, b"transfer-encoding") else 0


async def read(scope: Scope, receive: Receive, *, most: int, seconds: float) -> bytes:
    """The whole body. Raises TooLarge, TooSlow or Malformed."""
    declared = declared_length(scope)
    if declared == 0:
        return b""
    if declared is not None and declared > most:
        raise _too_large(most)
    try:
        async with asyncio.timeout(seconds):
            return await _read(receive, declared, most)
    except TimeoutError:
        raise TooSlow(f"A request should be here within {seconds:g} seconds.") from None


async def _read(receive: Receive, declared: int | None, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        chunk, more = await next_chunk(receive)
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        if not more or size == declared:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def next_chunk(receive: Receive) -> tuple[bytes, bool]:
    """The next piece of the body, and whether more may follow.

    Raises Malformed when the client stopped sending before its request was complete.
    """
    message = await receive()
    if message["type"] != "http.request":
        raise Malformed("The request ended before its body did.", code="body_invalid")
    return message.get("body", b""), message.get("more_body", False)


async def discard(receive: Receive, *, most: int, seconds: float) -> None:
    """Read on and keep nothing, so that a sender still writing gets to hear the answer."""
    with contextlib.suppress(TimeoutError, Malformed):
        async with asyncio.timeout(seconds):
            size, more = 0, True
            while more and size < most:
                chunk, more = await next_chunk(receive)
                size += len(chunk)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"A request may have at most {most // 1024} kB here.")
