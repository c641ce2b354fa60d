"""Everything else reaches Flask whole, and a slow client holds nothing up."""

import asyncio
import gc
import json
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from typing import Any

import pytest

from tests.front.conftest import FrontServer, read_answer
from tests.personas import Persona
from wedsync import api
from wedsync.front.asgi import Message, Scope
from wedsync.front.buffered import Buffered, environ
from wedsync.front.limits import MIB, Limits
from wedsync.platform import ids

HOOKS = f"{api.BASE_PATH}/hooks"
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def code_of(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["code"]


def scope_of(*headers: tuple[bytes, bytes], path: str = "/", method: str = "GET") -> Scope:
    return {
        "type": "http", "method": method, "path": path, "query_string": b"a=%20b",
        "http_version": "1.1", "scheme": "http", "headers": list(headers),
        "client": ("192.0.2.7", 1234), "server": ("127.0.0.1", 8000),
    }  # fmt: skip


def through(app: Any, scope: Scope, *chunks: bytes, limits: Limits | None = None) -> list[Message]:
    """What a WSGI app's answer becomes on its way out."""
    sent: list[Message] = []

    async def go() -> None:
        arriving = iter(
            [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
            + [{"type": "http.request", "body": b"", "more_body": False}]
        )

        async def receive() -> Message:
            return next(arriving)

        async def send(message: Message) -> None:
            sent.append(message)

        buffered = Buffered(app, limits or Limits())
        await buffered.answer(scope, receive, send)
        buffered.close()

    asyncio.run(go())
    return sent


def test_a_page_is_answered_as_flask_answers_it(front: FrontServer) -> None:
    answer = front.request("GET", "/sign-in")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'nonce-" in answer.headers["content-security-policy"]
    assert b"</html>" in answer.data
    assert front.request("HEAD", "/sign-in").data == b""


def test_a_page_that_is_not_there_is_flasks_to_say(front: FrontServer) -> None:
    assert front.request("GET", "/nowhere").status == 404
    assert front.request("GET", "/hooks").status == 404


def test_a_body_and_a_key_arrive(front: FrontServer, owner: Persona) -> None:
    answer = front.request(
        "POST", HOOKS, json={"name": "RSVPs", "scheme": "standard_webhooks"},
        headers={"authorization": f"Bearer {owner.key}"},
    )  # fmt: skip
    assert answer.status == 201, answer.data
    assert answer.json()["secret"].startswith("whsec_")


def test_a_cookie_arrives(front: FrontServer, owner: Persona) -> None:
    cookie = owner.browser.get_cookie("session")
    assert cookie is not None
    path = f"/runs/{ids.new_id()}"
    assert front.request("GET", path).status == 303
    known = front.request("GET", path, headers={"cookie": f"session={cookie.value}"})
    assert known.status == 404


def test_a_body_over_a_megabyte_is_refused(front: FrontServer, owner: Persona) -> None:
    body = b'"' + b"x" * (2 * MIB) + b'"'
    answer = front.request(
        "POST", HOOKS, body=body, headers={"authorization": f"Bearer {owner.key}"}
    )
    assert (answer.status, answer.json()["code"]) == (413, "body_too_large")


def test_a_form_with_files_is_read_up_to_its_limit(front: FrontServer) -> None:
    answer = front.request("POST", "/sign-in", fields={"photo": ("a.jpg", b"x" * (MIB // 2))})
    assert answer.status == 400  # without a CSRF token: it reached Flask
    length = str(2 * MIB).encode()
    refused = front.say(
        b"POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=b\r\n"
        b"content-length: " + length + b"\r\n\r\n"
    )
    assert code_of(refused) == (413, "body_too_large")


@pytest.mark.parametrize("kind", [b"application/json", b"multipart/form-data; boundary=b"])
def test_a_body_that_drips_is_too_slow(hurried_front: FrontServer, kind: bytes) -> None:
    with hurried_front.connect() as connection:
        connection.sendall(
            b"POST /sign-in HTTP/1.1\r\nhost: x\r\ncontent-type: " + kind +
            b"\r\ncontent-length: 100\r\n\r\n"
        )  # fmt: skip
        for _ in range(5):
            connection.sendall(b"x")
            time.sleep(0.1)
        assert code_of(read_answer(connection)) == (408, "body_too_slow")


def test_forty_dripping_bodies_do_not_stop_a_page(front: FrontServer) -> None:
    dripping = [front.connect() for _ in range(40)]
    try:
        for number, connection in enumerate(dripping):
            path = b"/sign-in" if number % 2 else b"/hooks/" + b"a" * 43
            connection.sendall(
                b"POST " + path + b" HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n{"
            )
        took = []
        for _ in range(5):
            began = time.monotonic()
            assert front.request("GET", "/sign-in").status == 200
            took.append(time.monotonic() - began)
        assert min(took) < 0.5
        assert max(took) < 8
    finally:
        for connection in dripping:
            connection.close()


@pytest.mark.parametrize("path", [b"/%00", b"/a%00b", b"/runs/%ff%fe", b"/%C3%28?q=%ff%00"])
def test_a_path_that_is_no_text_is_not_there(front: FrontServer, path: bytes) -> None:
    answer = front.say(b"GET " + path + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert answer.split()[1] in (b"303", b"404")


def test_the_request_is_as_pep_3333_describes_it() -> None:
    found = environ(
        scope_of(
            (b"host", b"wedsync.example"), (b"content-type", b"text/plain"), (b"x-a", b"1"),
            (b"x-a", b"2"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-odd", b"\xff"),
            path="/caf\u00e9",
        ),
        BytesIO(b"hello"),
    )  # fmt: skip
    assert found["PATH_INFO"].encode("latin-1").decode() == "/café"
    assert (found["QUERY_STRING"], found["REMOTE_ADDR"]) == ("a=%20b", "192.0.2.7")
    assert (found["CONTENT_TYPE"], found["CONTENT_LENGTH"]) == ("text/plain", "5")
    assert (found["HTTP_X_A"], found["HTTP_COOKIE"]) == ("1, 2", "a=1; b=2")
    assert found["HTTP_X_ODD"] == "\xff"
    assert found["wsgi.input"].read() == b"hello"


def test_a_header_with_an_underscore_cannot_pass_for_a_proxys() -> None:
    found = environ(
        scope_of((b"x_forwarded_for", b"10.0.0.1"), (b"content_length", b"9")), BytesIO()
    )
    assert "HTTP_X_FORWARDED_FOR" not in found
    assert found["CONTENT_LENGTH"] == "0"


def test_a_large_answer_goes_out_in_pieces_and_its_source_is_closed() -> None:
    closed = []

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x" * MIB, b"y" * MIB])

        def close(self) -> None:
            closed.append(True)

    def app(_: object, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("X-Colour", "green")])
        return Pieces()

    start, *pieces = through(app, scope_of())
    assert (start["status"], start["headers"]) == (200, [(b"x-colour", b"green")])
    assert len(pieces) > 4
    assert b"".join(piece["body"] for piece in pieces) == b"x" * MIB + b"y" * MIB
    assert [piece.get("more_body", False) for piece in pieces[-2:]] == [True, False]
    assert closed == [True]


def test_an_upload_in_pieces_arrives_whole() -> None:
    def app(asked: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body = asked["wsgi.input"].read(int(asked["CONTENT_LENGTH"]))
        start_response("200 OK", [])
        return [str(len(body)).encode()]

    form = (b"content-type", b"multipart/form-data; boundary=b")
    chunked = (b"transfer-encoding", b"chunked")
    sent = through(
        app, scope_of(form, chunked, method="POST"), *[b"z" * MIB] * 3,
        limits=Limits(upload_bytes=4 * MIB),
    )  # fmt: skip
    assert sent[1]["body"] == str(3 * MIB).encode()
    refused = through(
        app, scope_of(form, chunked, method="POST"), *[b"z" * MIB] * 3,
        limits=Limits(upload_bytes=2 * MIB),
    )  # fmt: skip
    assert refused[0]["status"] == 413


def test_beyond_what_one_process_takes_it_asks_to_come_again() -> None:
    def app(_: object, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return []

    sent = through(app, scope_of(), limits=Limits(requests=0))
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]


class Ring:
    """Refers to itself: only the collector finds it."""

    def __init__(self) -> None:
        self.itself = self


class Leaving:
    """An app that leaves a ring behind with each answer; at `/slow` it waits for a word."""

    def __init__(self) -> None:
        self.rings: list[weakref.ref[Ring]] = []
        self.began, self.may_end = threading.Event(), threading.Event()

    def __call__(self, environ: Any, start_response: StartResponse) -> Iterable[bytes]:
        self.rings.append(weakref.ref(Ring()))
        if environ["PATH_INFO"] == "/slow":
            self.began.set()
            self.may_end.wait(10)
        start_response("200 OK", [])
        return [b"here"]

    @property
    def left(self) -> int:
        return sum(1 for ring in self.rings if ring() is not None)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Python does not come by on its own account."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_what_an_answer_left_behind_is_found_once_it_was_sent() -> None:
    app, left_at_sending = Leaving(), []

    async def send(_message: Message) -> None:
        left_at_sending.append(app.left)

    asyncio.run(asked(Buffered(app, Limits()), "/", send))
    assert left_at_sending == [1, 1]
    assert app.left == 0


@pytest.mark.usefixtures("uncollected")
def test_nothing_is_looked_for_while_somebody_waits() -> None:
    app = Leaving()
    left: list[int] = []

    async def send(_message: Message) -> None:
        pass

    async def go() -> None:
        buffered = Buffered(app, Limits())
        slow = asyncio.create_task(asked(buffered, "/slow", send))
        await asyncio.to_thread(app.began.wait, 10)
        await asked(buffered, "/", send)
        left.append(app.left)
        app.may_end.set()
        await slow
        left.append(app.left)

    asyncio.run(go())
    assert left == [2, 0]


async def asked(buffered: Buffered, path: str, send: Callable[[Message], Any]) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    await buffered.answer(scope_of(path=path), receive, send)
