"""What a request through the door sends, and what comes back."""

import pytest

from tests.platform.calls import Start, answer, post
from tests.platform.conftest import OK, answers
from wedsync.platform.outbound import (
    Request,
    Transfers,
    request,
)

pytestmark = pytest.mark.usefixtures("loopback")


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


# --- secrets


def test_no_secret_shows_in_a_repr(far_end: Start) -> None:
    there = far_end(answers(b"HTTP/1.1 200 OK\r\nX-Key: canary\r\nContent-Length: 6\r\n\r\ncanary"))
    asked = Request("POST", there.url + "canary?k=canary", {"Authorization": "canary"}, b"canary")
    got = answer(request(asked))
    assert got.headers["x-key"] == "canary"
    for shown in (repr(asked), repr(got), repr(got.headers), repr(got.timings)):
        assert "canary" not in shown
    assert "canary" not in repr(Request("POST", "http://user:canary@example.com/", {}))
