"""Requests through the door, to real servers on loopback."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.platform.conftest import OK, Connection, FarEnd, answers, hangs
from wedsync.platform.outbound import (
    Answer,
    Failure,
    Outcome,
    Request,
    Transfers,
    allow_loopback,
    request,
    send_many,
)

Start = Callable[..., FarEnd]

pytestmark = pytest.mark.usefixtures("loopback")


def post(url: str, body: bytes = b"{}", **changes: Any) -> Request:
    return Request("POST", url, {"Content-Type": "application/json"}, body, **changes)


def answer(outcome: Outcome) -> Answer:
    assert isinstance(outcome, Answer), outcome
    return outcome


def failure(outcome: Outcome) -> tuple[str, str]:
    assert isinstance(outcome, Failure), outcome
    return outcome.kind, outcome.code


# --- what is sent and what comes back ------------------------------------------------------------


def test_a_request_arrives_whole_and_its_answer_comes_back(far_end: Start) -> None:
    there = far_end(
        answers(b"HTTP/1.1 201 Made\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\nyes")
    )
    got = answer(request(Request("POST", there.url + "in?q=1", {"X-Empty": "", "A": "b"}, b"\0hi")))
    assert (got.status, got.body, got.truncated) == (201, b"yes", False)
    assert dict(got.headers) == {"x-a": "1, 2", "content-length": "3"}
    assert got.headers["X-A"] == "1, 2"
    assert 0 < got.timings.first_byte_ms <= got.timings.total_ms
    head, _, body = there.requests[0].partition(b"\r\n\r\n")
    assert body == b"\0hi"
    assert head.split(b"\r\n") == [
        b"POST /in?q=1 HTTP/1.1",
        b"Host: 127.0.0.1:%d" % there.port,
        b"User-Agent: WedSync/1",
        b"Accept: */*",
        b"X-Empty:",
        b"A: b",
        b"Content-Length: 3",
    ]


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("GET", None, None),
        ("GET", b"asked", b"5"),
        ("HEAD", None, None),
        ("POST", None, b"0"),
        ("POST", b"x", b"1"),
        ("PUT", b"xy", b"2"),
        ("PATCH", None, b"0"),
        ("DELETE", None, None),
        ("DELETE", b"why", b"3"),
        ("OPTIONS", None, None),
        ("PROPFIND", b"<x/>", b"4"),
    ],
)
def test_every_method_is_sent_as_itself_after_any_other(
    far_end: Start, method: str, body: bytes | None, length: bytes | None
) -> None:
    there = far_end(answers(OK))
    with Transfers(limit=1) as transfers:  # one handle, used for all of them
        for before in ("HEAD", "DELETE", "POST", "GET"):
            for this in (Request(before, there.url), Request(method, there.url, body=body)):
                transfers.start(this, None)
                [(_, outcome)] = transfers.finished(5)
                assert answer(outcome).body == (b"" if this.method == "HEAD" else b"ok")
    for seen in there.requests[1::2]:
        assert seen.startswith(method.encode() + b" / HTTP/1.1\r\n")
        assert seen.endswith(b"\r\n\r\n" + (body or b""))
        assert (b"Content-Length: %s" % length in seen) if length else (b"-Length" not in seen)


def test_a_user_agent_of_the_callers_own_replaces_ours(far_end: Start) -> None:
    there = far_end()
    request(Request("GET", there.url, {"User-Agent": "Florist/2"}))
    assert b"User-Agent: Florist/2" in there.requests[0]
    assert there.requests[0].count(b"User-Agent") == 1


def test_a_large_body_is_sent_without_asking_first(far_end: Start) -> None:
    there = far_end()
    assert answer(request(post(there.url, b"x" * 3_000_000))).status == 200
    assert b"Expect" not in there.requests[0]
    assert len(there.requests[0]) > 3_000_000


def test_interim_heads_and_trailers_are_not_the_answers_headers(far_end: Start) -> None:
    there = far_end(
        answers(
            b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Real: 1\r\n\r\n"
            b"2\r\nok\r\n0\r\nX-Real: 2\r\n\r\n"
        )
    )
    got = answer(request(post(there.url)))
    assert (got.status, got.body) == (200, b"ok")
    assert dict(got.headers) == {"transfer-encoding": "chunked", "x-real": "1"}


def test_a_redirect_is_an_answer_and_is_not_followed(far_end: Start) -> None:
    elsewhere = far_end()
    there = far_end(
        answers(
            b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"
            % elsewhere.url.encode()
        )
    )
    got = answer(request(post(there.url)))
    assert (got.status, got.headers["location"]) == (302, elsewhere.url)
    assert elsewhere.connections == 0


def test_cookies_are_neither_kept_nor_sent(far_end: Start) -> None:
    there = far_end(
        answers(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n")
    )
    request(post(there.url))
    request(post(there.url))
    assert not any(b"ookie" in seen for seen in there.requests)


def test_a_compressed_answer_stays_compressed(far_end: Start) -> None:
    there = far_end(
        answers(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\0\0"
        )
    )
    assert answer(request(post(there.url))).body == b"\x1f\x8b\0\0"
    assert b"Accept-Encoding" not in there.requests[0]


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
def test_proxy_variables_are_ignored(
    far_end: Start, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy, there = far_end(), far_end()
    monkeypatch.setenv(name, proxy.url)
    assert answer(request(post(there.url))).status == 200
    assert (proxy.connections, there.connections) == (0, 1)


def test_a_connection_is_used_again(far_end: Start) -> None:
    there = far_end()
    with Transfers(limit=4) as transfers:
        for _ in range(5):
            transfers.start(post(there.url), None)
            assert len(transfers.finished(5)) == 1
    assert (there.connections, len(there.requests)) == (1, 5)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"X-A": "1\r\nX-Evil: 1"}, "printable ASCII"),
        ({"X-A": "1\nX-Evil: 1"}, "printable ASCII"),
        ({"X-A": "\x00"}, "printable ASCII"),
        ({"X-A": "é"}, "printable ASCII"),
        ({"X-A\r\nX-Evil": "1"}, "not allowed there"),
        ({"X-A:": "1"}, "not allowed there"),
        ({"X A": "1"}, "not allowed there"),
        ({"": "1"}, "not allowed there"),
        ({"Content-Length": "0"}, "by the connection itself"),
        ({"transfer-encoding": "chunked"}, "by the connection itself"),
        ({"Host": "elsewhere"}, "by the connection itself"),
    ],
)
def test_a_header_that_could_smuggle_something_is_never_sent(
    far_end: Start, headers: dict[str, str], words: str
) -> None:
    there = far_end()
    outcome = request(Request("POST", there.url, headers, b""))
    assert failure(outcome) == ("not_sent", "request_refused")
    assert isinstance(outcome, Failure)
    assert words in outcome.message
    assert "Evil" not in outcome.message.partition("The header")[2].partition("X-A")[2]
    assert there.connections == 0


@pytest.mark.parametrize("method", ["", "get", "GE T", "GET\r\n", "CONNECT", "TRACE", "G" * 21])
def test_an_odd_method_is_never_sent(far_end: Start, method: str) -> None:
    there = far_end()
    assert failure(request(Request(method, there.url))) == ("not_sent", "request_refused")
    assert there.connections == 0


def test_a_bad_url_comes_back_as_a_failure(far_end: Start) -> None:
    with Transfers() as transfers:
        transfers.start(post("ftp://example.com/"), "odd")
        transfers.start(post("http://user:secret@example.com/"), "named")
        transfers.start(post("http://10.0.0.1/"), "inner")
        assert len(transfers) == 3
        got = {tag: failure(outcome) for tag, outcome in transfers.finished(5)}
        assert len(transfers) == 0
    assert got == {
        "odd": ("not_sent", "url_refused"),
        "named": ("not_sent", "url_refused"),
        "inner": ("not_sent", "address_refused"),
    }


def test_a_name_that_leads_to_this_machine_is_refused_at_the_socket(far_end: Start) -> None:
    there = far_end()
    allow_loopback(False)
    outcome = request(post(f"http://localhost:{there.port}/"))
    assert failure(outcome) == ("not_sent", "address_refused")
    assert isinstance(outcome, Failure)
    assert outcome.message == ("This address leads to this machine itself, which is never called.")
    assert there.connections == 0


def test_a_kept_connection_is_judged_again_before_it_is_used(far_end: Start) -> None:
    there = far_end()
    with Transfers() as transfers:
        url = f"http://localhost:{there.port}/"
        transfers.start(post(url), None)
        assert answer(transfers.finished(5)[0][1]).status == 200
        allow_loopback(False)
        transfers.start(post(url), None)
        assert failure(transfers.finished(5)[0][1]) == ("not_sent", "address_refused")
    assert len(there.requests) == 1


def resolve(monkeypatch: pytest.MonkeyPatch, answers_of: dict[str, list[str]]) -> None:
    """Let `socket.getaddrinfo` know some names more."""
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        if host in answers_of:
            return [(0, 0, 0, "", (ip, 0)) for ip in answers_of[host]]
        return real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_of_several_addresses_the_special_ones_are_passed_over(
    far_end: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = far_end()
    resolve(
        monkeypatch,
        {
            "mixed.example": ["fd00::1", "10.0.0.1", "127.0.0.1"],
            "inner.example": ["fd00::1", "169.254.169.254"],
        },
    )
    assert answer(request(post(f"http://mixed.example:{there.port}/"))).status == 200
    inner = request(post(f"http://inner.example:{there.port}/"))
    assert failure(inner) == ("not_sent", "address_refused")


def test_a_name_that_moves_to_a_special_address_is_refused_then(
    far_end: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = far_end(answers(OK[:-6] + b"\r\nConnection: close\r\n\r\nok"))
    names = {"moving.example": ["127.0.0.1"]}
    resolve(monkeypatch, names)
    monkeypatch.setattr("wedsync.platform.outbound.names.KEEP_FOUND_S", 0.1)
    with Transfers() as transfers:
        for leads_to, expected in (("127.0.0.1", None), ("192.168.0.1", "address_refused")):
            names["moving.example"] = [leads_to]
            time.sleep(0.12)
            transfers.start(post(f"http://moving.example:{there.port}/"), None)
            [(_, outcome)] = transfers.finished(5)
            assert getattr(outcome, "code", None) == expected
    assert len(there.requests) == 1


# --- what goes wrong: not sent -------------------------------------------------------------------


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
    assert 250 < outcome.timings.total_ms < 3000


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
            slow = post(f"http://n{number}.dead.example/", connect_timeout_s=0.6)
            transfers.start(slow, "dead")
        transfers.start(post(f"http://localhost:{there.port}/"), "quick")
        began = time.monotonic()
        [(tag, outcome)] = transfers.finished(5)
        assert (tag, answer(outcome).status) == ("quick", 200)
        assert time.monotonic() - began < 0.5
        late = []
        while len(transfers):
            late += [failure(outcome) for _, outcome in transfers.finished(5)]
        assert late == [("not_sent", "dns_failed")] * 60
        assert time.monotonic() - began < 3
    ended.set()


# --- what goes wrong: maybe ----------------------------------------------------------------------


def test_a_far_end_that_never_answers_may_have_acted(far_end: Start) -> None:
    outcome = request(post(far_end(hangs).url, timeout_s=0.3))
    assert failure(outcome) == ("maybe", "timeout")
    assert 250 < outcome.timings.total_ms < 3000


def test_a_dripping_answer_is_bounded_by_the_time_out(far_end: Start) -> None:
    def drip(connection: Connection) -> None:
        connection.read()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not connection.far_end.stopping.wait(0.02):
            connection.send(b".")

    outcome = request(post(far_end(drip).url, timeout_s=0.4))
    assert failure(outcome) == ("maybe", "timeout")
    assert outcome.timings.total_ms < 3000


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


# --- many at once --------------------------------------------------------------------------------


def test_one_that_hangs_does_not_hold_up_the_rest(far_end: Start) -> None:
    quick, slow = far_end(), far_end(hangs)
    with Transfers(limit=32) as transfers:
        for number in range(5):
            transfers.start(post(slow.url, timeout_s=1.5), f"slow {number}")
        began, done = time.monotonic(), 0
        while done < 100:
            while len(transfers) < 32:
                transfers.start(post(quick.url), "quick")
            for tag, outcome in transfers.finished(5):
                assert (tag, answer(outcome).status) == ("quick", 200)
                done += 1
        assert time.monotonic() - began < 1.4


def test_send_many_brings_every_outcome_back_with_its_tag(far_end: Start) -> None:
    def slowly(connection: Connection) -> None:
        while connection.read():
            time.sleep(0.005)
            connection.send(OK)

    there = far_end(slowly)
    asked = ((number, post(there.url, b"%d" % number)) for number in range(200))
    got = {tag: answer(outcome).status for tag, outcome in send_many(asked, at_once=16)}
    assert got == dict.fromkeys(range(200), 200)
    assert sorted(int(seen.rpartition(b"\r\n")[2]) for seen in there.requests) == list(range(200))
    assert there.connections <= 16


def test_the_window_has_a_limit(far_end: Start) -> None:
    there = far_end(hangs)
    with Transfers(limit=2) as transfers:
        transfers.start(post(there.url), 1)
        transfers.start(post(there.url), 2)
        with pytest.raises(RuntimeError, match="no more than 2"):
            transfers.start(post(there.url), 3)
        assert len(transfers) == 2


def test_finished_returns_at_once_when_nothing_is_out_and_in_time_when_nothing_ends(
    far_end: Start,
) -> None:
    with Transfers() as transfers:
        began = time.monotonic()
        assert transfers.finished(10) == []
        assert time.monotonic() - began < 1
        transfers.start(post(far_end(hangs).url), None)
        began = time.monotonic()
        assert transfers.finished(0.2) == []
        assert 0.15 < time.monotonic() - began < 2


def test_another_thread_can_wake_the_one_that_waits(far_end: Start) -> None:
    with Transfers() as transfers:
        transfers.start(post(far_end(hangs).url), None)
        threading.Timer(0.1, transfers.wakeup).start()
        began = time.monotonic()
        assert transfers.finished(10) == []
        assert time.monotonic() - began < 5


def test_closed_transfers_drop_what_was_out_and_take_nothing_more(far_end: Start) -> None:
    transfers = Transfers()
    transfers.start(post(far_end(hangs).url), None)
    transfers.finished(0.05)
    transfers.close()
    transfers.close()
    transfers.wakeup()
    assert len(transfers) == 0
    with pytest.raises(RuntimeError, match="closed"):
        transfers.start(post(far_end().url), None)


def test_many_threads_call_at_once(far_end: Start) -> None:
    there = far_end()
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: request(post(there.url)), range(80)))
    assert {answer(outcome).status for outcome in got} == {200}
    assert len(there.requests) == 80


def test_a_call_that_is_no_request_at_all_fails_alone(far_end: Start) -> None:
    slow: list[Outcome] = []
    there = far_end(lambda c: (c.read(), time.sleep(0.3), c.send(OK)))
    waiting = threading.Thread(target=lambda: slow.append(request(post(there.url))))
    waiting.start()
    with pytest.raises(TypeError):
        request(Request("POST", 5))  # type: ignore[arg-type]
    waiting.join(5)
    assert answer(slow[0]).status == 200


def test_no_descriptor_is_left_behind(far_end: Start) -> None:
    there = far_end(answers(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"))

    def descriptors() -> int:
        numbers = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
        return len([number for number in numbers if _leads_to(number, there.port)])

    for _ in send_many((number, post(there.url)) for number in range(60)):
        pass
    assert descriptors() == 0


def _leads_to(number: int, port: int) -> bool:
    """Whether descriptor `number` is a connection to `port` on this machine."""
    try:
        with socket.socket(fileno=os.dup(number)) as copy:
            return bool(copy.getpeername()[1] == port)
    except (OSError, IndexError):
        return False


_FORKS = """
import os, sys
from wedsync.platform.outbound import Request, Transfers, allow_loopback, request
allow_loopback(True)
url = sys.argv[1]
assert request(Request("GET", url)).status == 200
ours = Transfers()
ours.start(Request("GET", url), None)
assert ours.finished(5)[0][1].status == 200
child = os.fork()
if child == 0:
    try:
        ours.start(Request("GET", url), None)
    except RuntimeError:
        ours.close()
        os._exit(0 if request(Request("GET", url)).status == 200 else 2)
    os._exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
ours.start(Request("GET", url), None)
assert ours.finished(5)[0][1].status == 200
assert request(Request("GET", url)).status == 200
"""


def test_a_forked_child_calls_with_connections_of_its_own(far_end: Start) -> None:
    there = far_end()
    ran = subprocess.run(
        [sys.executable, "-c", _FORKS, there.url],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    assert len(there.requests) == 5
    assert there.connections == 3


# --- secrets -------------------------------------------------------------------------------------


def test_no_secret_shows_in_a_repr(far_end: Start) -> None:
    there = far_end(answers(b"HTTP/1.1 200 OK\r\nX-Key: canary\r\nContent-Length: 6\r\n\r\ncanary"))
    asked = Request("POST", there.url + "canary?k=canary", {"Authorization": "canary"}, b"canary")
    got = answer(request(asked))
    assert got.headers["x-key"] == "canary"
    for shown in (repr(asked), repr(got), repr(got.headers), repr(got.timings)):
        assert "canary" not in shown
    assert "canary" not in repr(Request("POST", "http://user:canary@example.com/", {}))
