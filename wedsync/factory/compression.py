"""Pages and their parts travel compressed: a phone waits for a fifth of the bytes.

What somebody guesses of a page's tokens by how long its compressed answer is (BREACH) drowns in a
name of random length in the gzip header (RFC 1952, 2.3.1), as in “Heal the BREACH” (2022).
"""

import gzip
import io
import secrets

from flask import Flask, Response, request

_WORTH_IT_BYTES = 1_000
_LEVEL = 5
_LONGEST_NAME_BYTES = 100


def register(app: Flask) -> None:
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype != "text/html" or response.is_streamed or response.content_encoding:
        return response
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if len(content) >= _WORTH_IT_BYTES and _is_accepted():
        response.set_data(_compressed(content))
        response.content_encoding = "gzip"
    return response


def _is_accepted() -> bool:
    """Whether the request asks for it (RFC 9110, 12.5.3); who says nothing gets it as it is."""
    return "Accept-Encoding" in request.headers and request.accept_encodings.quality("gzip") > 0


def _compressed(content: bytes) -> bytes:
    name = "a" * secrets.randbelow(_LONGEST_NAME_BYTES)
    written = io.BytesIO()
    with gzip.GzipFile(name, "wb", _LEVEL, written, mtime=0) as file:
        file.write(content)
    return written.getvalue()
