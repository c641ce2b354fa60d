"""What the door does not send, and where it does not lead."""

import time

import pytest

from tests.platform.calls import Start, answer, failure, names_lead_to, post
from tests.platform.conftest import OK, answers
from wedsync.platform.outbound import (
    Failure,
    Request,
    Transfers,
    allow_loopback,
    request,
)

pytestmark = pytest.mark.usefixtures("loopback")


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


def test_of_several_addresses_the_special_ones_are_passed_over(
    far_end: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = far_end()
    names_lead_to(
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
    names_lead_to(monkeypatch, names)
    monkeypatch.setattr("wedsync.platform.outbound.names.KEEP_FOUND_S", 0.1)
    with Transfers() as transfers:
        for leads_to, expected in (("127.0.0.1", None), ("192.168.0.1", "address_refused")):
            names["moving.example"] = [leads_to]
            time.sleep(0.12)
            transfers.start(post(f"http://moving.example:{there.port}/"), None)
            [(_, outcome)] = transfers.finished(5)
            assert getattr(outcome, "code", None) == expected
    assert len(there.requests) == 1
