"""Sockets from the door: judged by the same table, verified, ready in time or not at all."""

import socket
import threading
import time
from typing import Any

import pytest

from tests.platform.calls import Start, connections_to, names_lead_to
from tests.platform.conftest import Connection
from tests.platform.special_addresses import SPECIAL_ADDRESSES
from wedsync.platform.outbound import Failure, NotConnected, allow_loopback, connect
from wedsync.platform.outbound.addresses import SPECIAL

pytestmark = pytest.mark.usefixtures("loopback")


def greets(connection: Connection) -> None:
    connection.send(b"220 ready\r\n")
    connection.far_end.stopping.wait(20)


def failure(host: str, port: int = 25, **options: Any) -> Failure:
    """Why no connection came about; it is a failed test when one did."""
    with pytest.raises(NotConnected) as caught:
        connect(host, port, **{"timeout_s": 5.0, **options}).close()
    assert caught.value.failure.kind == "not_sent"
    assert str(caught.value) == caught.value.failure.message
    return caught.value.failure


# --- a connection


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST.", " 127.0.0.1 "])
def test_a_socket_is_connected_and_bounded_in_time(far_end: Start, host: str) -> None:
    there = far_end(greets)
    with connect(host, there.port, timeout_s=3) as connected:
        assert connected.recv(100) == b"220 ready\r\n"
        assert connected.gettimeout() == 3
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_addresses_of_a_name_are_tried_in_turn(
    far_end: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = far_end(greets)
    leads_to = ["fd00::1", "10.0.0.1", "127.0.0.2", "127.0.0.1"]  # nothing listens on 127.0.0.2
    names_lead_to(monkeypatch, {"several.example": leads_to})
    with connect("several.example", there.port, timeout_s=5) as connected:
        assert connected.getpeername() == ("127.0.0.1", there.port)


# --- what is refused


@pytest.mark.parametrize(
    "address", [address for address, _ in SPECIAL_ADDRESSES if "%" not in address]
)
def test_no_special_address_is_connected_to(no_loopback: None, address: str) -> None:
    assert failure(address).code == "address_refused"


@pytest.mark.parametrize("network", [network for network, _, _ in SPECIAL])
def test_no_name_leads_into_a_special_network(
    no_loopback: None, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    name = f"n{abs(hash(network))}.inner.example"
    names_lead_to(monkeypatch, {name: [network.partition("/")[0]]})
    assert failure(name).code == "address_refused"


def test_a_name_of_this_machine_is_refused_at_the_socket(far_end: Start) -> None:
    there = far_end(greets)
    allow_loopback(False)
    refused = failure("localhost", there.port)
    assert refused.code == "address_refused"
    assert refused.message == "This address leads to this machine itself, which is never called."
    assert there.connections == 0


def test_a_name_that_moves_to_a_special_address_is_refused_then(
    far_end: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, leads_to = far_end(greets), {"rebound.example": ["127.0.0.1"]}
    names_lead_to(monkeypatch, leads_to)
    monkeypatch.setattr("wedsync.platform.outbound.names.KEEP_FOUND_S", 0.0)
    connect("rebound.example", there.port, timeout_s=5).close()
    leads_to["rebound.example"] = ["169.254.169.254"]
    assert failure("rebound.example", there.port).code == "address_refused"


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "a b.example",
        "http://a.example",
        "a.example/x",
        "me@a.example",
        "a.example:25",
        "a..example",
        "a\r\n.example",
        "straße.example",
        "x" * 64 + ".example",
        "[::1]",
        "fe80::1%eth0",
        "127.1",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "2130706433",
    ],
)
def test_what_is_no_name_of_a_host_is_refused(no_loopback: None, host: str) -> None:
    assert failure(host).code == "url_refused"


def test_an_address_in_disguise_is_seen_through(no_loopback: None) -> None:
    assert failure("１２７.0.0.1").code == "address_refused"
    assert failure("::ffff:127.0.0.1").code == "address_refused"


def test_only_the_operators_own_server_may_stand_in_a_private_network(
    far_end: Start, no_loopback: None
) -> None:
    there = far_end(greets)
    assert failure("127.0.0.1", there.port).code == "address_refused"
    connect("127.0.0.1", there.port, timeout_s=5, ours=True).close()


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_port_is_a_port(port: int) -> None:
    assert failure("127.0.0.1", port).code == "url_refused"


# --- what goes wrong


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused = failure("127.0.0.1", port)
    assert (refused.code, refused.message) == (
        "connect_failed",
        "Nothing is listening at this address.",
    )


def test_a_name_that_is_unknown() -> None:
    assert failure("no-such-name.invalid").code == "dns_failed"


def test_a_name_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def getaddrinfo(*_: Any, **__: Any) -> Any:
        ended.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "still nothing")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    began = time.monotonic()
    refused = failure("hanging.example", timeout_s=0.3)
    ended.set()
    assert (refused.code, "looked up in time" in refused.message) == ("dns_failed", True)
    assert time.monotonic() - began < 10


def test_a_connection_that_is_not_taken_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        refused = failure("127.0.0.1", port, timeout_s=0.4)
        assert refused.code == "connect_timeout"
        assert time.monotonic() - began < 10
        for each in waiting:
            each.close()


def test_a_handshake_that_hangs_is_not_waited_for(far_end: Start) -> None:
    silent = far_end(lambda connection: connection.far_end.stopping.wait(20))
    began = time.monotonic()
    assert failure("127.0.0.1", silent.port, timeout_s=0.4, tls=True).code == "connect_timeout"
    assert time.monotonic() - began < 10


def test_a_far_end_that_speaks_no_tls(far_end: Start) -> None:
    refused = failure("127.0.0.1", far_end(greets).port, tls=True)
    assert refused.code == "tls_failed"
    assert refused.message == "A secure connection to this address could not be made."


def test_a_failed_attempt_leaves_no_socket_behind(far_end: Start) -> None:
    there = far_end(greets)
    for _ in range(5):
        failure("127.0.0.1", there.port, tls=True)
    assert connections_to(there.port) == 0
