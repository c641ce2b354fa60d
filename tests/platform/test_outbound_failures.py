"""What goes wrong on the way, and whether the far end may have acted."""

import socket
import threading
import time
from typing import Any

import pytest

from tests.platform.calls import Start, answer, failure, post
from tests.platform.conftest import OK, Connection, answers, hangs
from wedsync.platform.outbound import (
    Request,
    Transfers,
    request,
)

pytestmark = pytest.mark.usefixtures("loopback")

# --- not sent


def test_a_refused_connection_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = request(post(f"http://127.0.0.1:{port}/"))
    assert failure(outcome) == ("not_sent", "connect_failed")
    assert outcome.timings.total_ms > 0


def test_an_unknown_name_was_not_sent() -> None:
    outcome = request(post("http://no-such-name.invalid/", connect_timeout_s=5))
    assert failure(outcome) == ("not_sent", "dns_failed")


def test_a_far_end_that_speaks_no_tls_was_not_sent_anything(far_end: Start) -> None:
    there = far_end(lambda connection: connection.send(b"220 mail ready\r\n"))
    outcome = request(post(there.url.replace("http", "https")))
    assert failure(outcome) == ("not_sent", "tls_failed")


def test_a_connection_that_is_not_ready_in_time_was_not_sent(far_end: Start) -> None:
    silent = far_end(lambda connection: connection.far_end.stopping.wait(20))
    outcome = request(post(silent.url.replace("http", "https"), connect_timeout_s=0.3))
    assert failure(outcome) == ("not_sent", "connect_timeout")
    assert 250 < outcome.timings.total_ms < 10_000


def test_names_that_hang_hold_nothing_else_up(
    far_end: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, ended = far_end(), threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if str(host).endswith("dead.example"):
            ended.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "still nothing")
        return real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with Transfers() as transfers:
        for number in range(60):
            slow = post(f"http://n{number}.dead.example/", connect_timeout_s=3)
            transfers.start(slow, "dead")
        transfers.start(post(f"http://localhost:{there.port}/"), "quick")
        began = time.monotonic()
        [(tag, outcome)] = transfers.finished(5)
        assert (tag, answer(outcome).status) == ("quick", 200)
        assert time.monotonic() - began < 2.5
        late = []
        while len(transfers):
            late += [failure(outcome) for _, outcome in transfers.finished(5)]
        assert late == [("not_sent", "dns_failed")] * 60
        assert time.monotonic() - began < 15
    ended.set()


# --- maybe


def test_a_far_end_that_never_answers_may_have_acted(far_end: Start) -> None:
    outcome = request(post(far_end(hangs).url, timeout_s=0.3))
    assert failure(outcome) == ("maybe", "timeout")
    assert 250 < outcome.timings.total_ms < 10_000


def test_a_dripping_answer_is_bounded_by_the_time_out(far_end: Start) -> None:
    def drip(connection: Connection) -> None:
        connection.read()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not connection.far_end.stopping.wait(0.02):
            connection.send(b".")

    outcome = request(post(far_end(drip).url, timeout_s=0.4))
    assert failure(outcome) == ("maybe", "timeout")
    assert outcome.timings.total_ms < 10_000


def test_a_dripping_head_is_bounded_by_the_time_out(far_end: Start) -> None:
    def drip(connection: Connection) -> None:
        connection.read()
        connection.send(b"HTTP/1.1 200 OK\r\n")
        while not connection.far_end.stopping.wait(0.02):
            connection.send(b"X-A: b\r\n")

    assert failure(request(post(far_end(drip).url, timeout_s=0.4))) == ("maybe", "timeout")


@pytest.mark.parametrize(
    "part", [b"", b"HTTP/1.1 200", OK[:20], OK[:-1]], ids=["nothing", "a word", "half", "most"]
)
@pytest.mark.parametrize("rudely", [True, False], ids=["reset", "closed"])
def test_an_answer_that_breaks_off_may_have_been_acted_on(
    far_end: Start, part: bytes, rudely: bool
) -> None:
    def breaks_off(connection: Connection) -> None:
        connection.read()
        connection.send(part)
        if rudely:
            connection.reset()

    kind, code = failure(request(post(far_end(breaks_off).url)))
    assert kind == "maybe"
    assert code in ("reset", "answer_invalid")


def test_what_is_not_http_is_an_invalid_answer(far_end: Start) -> None:
    there = far_end(answers(b"SSH-2.0-OpenSSH_9.9\r\n" * 10))
    assert failure(request(post(there.url))) == ("maybe", "answer_invalid")


def test_an_endless_head_is_cut_off(far_end: Start) -> None:
    def endless(connection: Connection) -> None:
        connection.read()
        connection.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.send(b"X-A: " + b"b" * 60_000 + b"\r\n")

    assert failure(request(post(far_end(endless).url))) == ("maybe", "answer_too_large")


@pytest.mark.parametrize("length", [b"Content-Length: 99999999999\r\n", b""])
def test_an_endless_body_is_cut_off_and_still_an_answer(far_end: Start, length: bytes) -> None:
    sent = 0

    def endless(connection: Connection) -> None:
        nonlocal sent
        connection.read()
        connection.send(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        while True:
            connection.send(b"x" * 65536)
            sent += 65536

    got = answer(request(post(far_end(endless).url, max_answer_bytes=10_000)))
    assert (got.status, got.body, got.truncated) == (200, b"x" * 10_000, True)
    assert sent < 50_000_000


def test_an_answer_of_exactly_the_wanted_length_is_whole(far_end: Start) -> None:
    got = answer(request(post(far_end().url, max_answer_bytes=2)))
    assert (got.body, got.truncated) == (b"ok", False)
    got = answer(request(post(far_end().url, max_answer_bytes=1)))
    assert (got.body, got.truncated) == (b"o", True)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_request_is_never_sent_twice_when_a_kept_connection_dies(
    far_end: Start, method: str
) -> None:
    def dies_on_the_second(connection: Connection) -> None:
        connection.read()
        connection.send(OK)
        connection.read()

    there = far_end(dies_on_the_second)
    with Transfers() as transfers:
        outcomes = []
        for _ in range(2):
            transfers.start(Request(method, there.url), None)
            outcomes += [outcome for _, outcome in transfers.finished(5)]
    assert answer(outcomes[0]).status == 200
    assert failure(outcomes[1]) == ("maybe", "reset")
    assert len(there.requests) == 2
