"""Everything that is not a hook or a stream: read whole, answered by Flask on a few threads.

A thread is only ever held by Flask at work: bodies are read before it is taken, and the answer is
sent after it is given back. Forty dripping uploads or slow downloads hold no thread at all.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from wedsync.errors import NotFound, TooLarge, TooSlow, WedSyncError
from wedsync.front import answers, bodies
from wedsync.front.asgi import Pairs, Receive, Scope, Send, header
from wedsync.front.limits import MIB, Limits
from wedsync.platform.garbage import collect_in_a_pause

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What Flask said; `body` is at its beginning."""

    status: int
    headers: Pairs
    body: IO[bytes]
    size: int


class Buffered:
    """Hands whole requests to a WSGI app and whole answers back."""

    def __init__(self, app: "WSGIApplication", limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.flask_threads, thread_name_prefix="flask")
        self._requests = 0

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._requests >= self._limits.requests:
            await answers.send_problem(send, answers.busy(), answers.CLOSE)
            return
        self._requests += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._requests -= 1
            if not self._requests:
                collect_in_a_pause()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if "\x00" in scope["path"]:
                raise NotFound("There is nothing at this address.")
            body = await self._body(scope, receive)
        except WedSyncError as error:
            await self._refuse(error, receive, send)
            return
        with body:
            answer = await self._call(scope, body)
        with answer.body:
            await _send(send, answer)

    async def ask(self, scope: Scope) -> Answer:
        """What Flask says to this GET without a body."""
        return await self._call(scope, BytesIO())

    async def _call(self, scope: Scope, body: IO[bytes]) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _run, self._app, environ(scope, body))

    async def _body(self, scope: Scope, receive: Receive) -> IO[bytes]:
        if header(scope, b"content-type").startswith(b"multipart/form-data"):
            return await self._upload(scope, receive)
        limits = self._limits
        return BytesIO(
            await bodies.read(scope, receive, most=limits.body_bytes, seconds=limits.body_s)
        )

    async def _upload(self, scope: Scope, receive: Receive) -> IO[bytes]:
        """A form with files: beyond a megabyte it is kept on disk."""
        most, seconds = self._limits.upload_bytes, self._limits.body_s
        if (bodies.declared_length(scope) or 0) > most:
            raise _upload_too_large(most)
        file: IO[bytes] = SpooledTemporaryFile(MIB)  # noqa: SIM115 - closed by whoever reads it
        try:
            async with asyncio.timeout(seconds):
                await _spool(receive, file, most)
        except TimeoutError:
            file.close()
            raise TooSlow(f"An upload should be here within {seconds:g} seconds.") from None
        except BaseException:
            file.close()
            raise
        return file

    async def _refuse(self, error: WedSyncError, receive: Receive, send: Send) -> None:
        if not isinstance(error, TooSlow):
            await bodies.discard(
                receive, most=self._limits.discarded_bytes, seconds=self._limits.discarding_s
            )
        await answers.send_problem(send, error, answers.CLOSE)

    def close(self) -> None:
        """Take no more; threads end with what they do now."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _spool(receive: Receive, file: IO[bytes], most: int) -> None:
    more = True
    while more:
        chunk, more = await bodies.next_chunk(receive)
        await asyncio.to_thread(file.write, chunk)
        if file.tell() > most:
            raise _upload_too_large(most)


def _upload_too_large(most: int) -> TooLarge:
    return TooLarge(f"An upload may have at most {most // MIB} MB.")


async def _send(send: Send, answer: Answer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    left = answer.size
    while left > _CHUNK:
        chunk = answer.body.read(_CHUNK)
        left -= len(chunk)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": answer.body.read()})


def environ(scope: Scope, body: IO[bytes]) -> "WSGIEnvironment":
    """The request as PEP 3333 describes it."""
    host, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    found: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    _add_headers(found, scope["headers"])
    found["CONTENT_LENGTH"] = str(_size_of(body))
    return found


def _add_headers(found: "WSGIEnvironment", pairs: Pairs) -> None:
    """A name with an underscore is left out: it would pass for the one with a hyphen, and so a
    client could pass for its proxy."""
    for raw_name, raw_value in pairs:
        if b"_" in raw_name or raw_name in (b"content-length", b"transfer-encoding"):
            continue
        value = raw_value.decode("latin-1")
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        if name != "CONTENT_TYPE":
            name = f"HTTP_{name}"
        if name in found:
            joint = "; " if name == "HTTP_COOKIE" else ", "
            value = found[name] + joint + value
        found[name] = value


def _size_of(body: IO[bytes]) -> int:
    size = body.seek(0, 2) or body.tell()
    body.seek(0)
    return size


def _run(app: "WSGIApplication", environ: "WSGIEnvironment") -> Answer:
    """Call the app and collect its whole answer."""
    said: list[tuple[str, list[tuple[str, str]]]] = []
    body: IO[bytes] = SpooledTemporaryFile(MIB)  # noqa: SIM115 - closed when it was sent

    def start_response(
        status: str, headers: list[tuple[str, str]], _exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        said.append((status, headers))
        return body.write

    _collect(app(environ, start_response), body)
    status, headers = said[-1]
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return Answer(int(status[:3]), pairs, body, _size_of(body))


def _collect(chunks: Iterable[bytes], body: IO[bytes]) -> None:
    try:
        for chunk in chunks:
            body.write(chunk)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
