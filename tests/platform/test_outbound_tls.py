"""Certificates are verified, always, and against the name that was asked for."""

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from tests.authority import DAY, NOW, Authority
from tests.platform.conftest import Connection, FarEnd
from wedsync.platform.outbound import (
    Answer,
    Failure,
    NotConnected,
    Outcome,
    Request,
    connect,
    request,
)

pytestmark = pytest.mark.usefixtures("loopback")

Start = Callable[..., FarEnd]


def secured(start: Start, context: ssl.SSLContext, behaviour: Any = None) -> FarEnd:
    return start(behaviour, wrap=lambda plain: context.wrap_socket(plain, server_side=True))


def call(start: Start, context: ssl.SSLContext) -> tuple[Outcome, FarEnd]:
    there = secured(start, context)
    return request(Request("POST", there.url.replace("http", "https"), {}, b"secret")), there


def refusal(start: Start, context: ssl.SSLContext, host: str = "127.0.0.1", **options: Any) -> str:
    """What is wrong with the certificate of a far end that `connect` was led to."""
    there = secured(start, context, greets)
    with pytest.raises(NotConnected) as caught:
        connect(host, there.port, timeout_s=5, tls=True, **options).close()
    failure = caught.value.failure
    assert (failure.kind, failure.code) == ("not_sent", "tls_failed")
    return failure.message


def greets(connection: Connection) -> None:
    connection.send(b"220 ready\r\n")


# --- a request


def test_a_trusted_certificate_carries_the_request(far_end: Start, trusted: Authority) -> None:
    outcome, there = call(far_end, trusted.server())
    assert isinstance(outcome, Answer)
    assert outcome.body == b"ok"
    assert outcome.timings.tls_ms > 0
    assert len(there.requests) == 1


def test_a_stranger_who_signed_for_himself_is_sent_nothing(
    far_end: Start, authority: Authority
) -> None:
    outcome, there = call(far_end, authority.server())
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("not_sent", "tls_failed")
    assert "known authority" in outcome.message
    assert there.requests == []


def test_an_expired_certificate_is_refused_and_named(far_end: Start, trusted: Authority) -> None:
    outcome, there = call(far_end, trusted.server(until=NOW - DAY))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("not_sent", "tls_failed")
    assert outcome.message == "The certificate of this address has expired."
    assert there.requests == []


@pytest.mark.parametrize("name", ["127.0.0.2", "florist.example"])
def test_a_certificate_for_another_name_is_refused_and_named(
    far_end: Start, trusted: Authority, name: str
) -> None:
    outcome, there = call(far_end, trusted.server(name))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("not_sent", "tls_failed")
    assert outcome.message == "The certificate of this address is for another name."
    assert there.requests == []


# --- a socket


@pytest.mark.parametrize(
    ("certified", "host", "server_name"),
    [
        ("127.0.0.1", "127.0.0.1", None),
        ("localhost", "localhost", None),
        ("mail.florist.example", "127.0.0.1", "mail.florist.example"),
    ],
)
def test_a_trusted_certificate_secures_the_socket(
    far_end: Start, trusted: Authority, certified: str, host: str, server_name: str | None
) -> None:
    there = secured(far_end, trusted.server(certified), greets)
    port = there.port
    with connect(host, port, timeout_s=5, tls=True, server_name=server_name) as connected:
        assert isinstance(connected, ssl.SSLSocket)
        assert connected.version() in ("TLSv1.2", "TLSv1.3")
        assert connected.recv(100) == b"220 ready\r\n"


def test_a_socket_to_a_stranger_who_signed_for_himself_is_refused(
    far_end: Start, authority: Authority
) -> None:
    assert "known authority" in refusal(far_end, authority.server())


def test_a_socket_with_an_expired_certificate_is_refused(
    far_end: Start, trusted: Authority
) -> None:
    expired = trusted.server(until=NOW - DAY)
    assert refusal(far_end, expired) == "The certificate of this address has expired."


@pytest.mark.parametrize(
    ("certified", "options"),
    [
        ("127.0.0.2", {}),
        ("florist.example", {}),
        ("florist.example", {"host": "localhost"}),
        ("127.0.0.1", {"server_name": "florist.example"}),
    ],
)
def test_a_socket_with_a_certificate_for_another_name_is_refused(
    far_end: Start, trusted: Authority, certified: str, options: dict[str, str]
) -> None:
    said = refusal(far_end, trusted.server(certified), **options)
    assert said == "The certificate of this address is for another name."


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_an_old_protocol_is_refused(far_end: Start, trusted: Authority) -> None:
    old = trusted.server()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert "secure connection" in refusal(far_end, old)
