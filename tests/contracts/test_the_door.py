"""Nothing leaves but through the outbound door: by what is imported, and by what is connected."""

import ast
import smtplib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest

from tests import door
from tests.far_ends.post_office import PostOffice, post_office
from wedsync.platform import outbound, smtp
from wedsync.platform.outbound import Answer, Failure, Request
from wedsync.settings import CHECKOUT

NETWORK = frozenset(
    {"socket", "ssl", "http.client", "urllib.request", "urllib3", "requests", "httpx", "aiohttp"}
    | {"pycurl", "smtplib", "imaplib", "poplib", "ftplib", "telnetlib", "nntplib", "xmlrpc"}
    | {"asyncssh", "paramiko", "websockets", "websocket", "authlib.integrations"}
)

# Who may know a library that could reach the network, and for what.
KNOWN = {
    "wedsync/platform/outbound/": "the door itself",
    "wedsync/platform/smtp/conversation.py": "smtplib, on sockets from the door",
    "wedsync/platform/leases.py": "the name of this machine",
    "wedsync/cli/checkup/services.py": "asks whether the practice partner answers",
    "wedsync/cli/supervisor/preflight.py": "asks this machine's own port",
    "wedsync/cli/demonstration/": "a visitor: the demo knocks at our own front",
    "wedsync/sandbox/": "plays a stranger, in a process of its own",
}


def network_imports() -> Iterator[tuple[str, str]]:
    for folder in ("wedsync", "workers"):
        for path in sorted((CHECKOUT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                for name in imported(node):
                    if any(name == each or name.startswith(f"{each}.") for each in NETWORK):
                        yield str(path.relative_to(CHECKOUT)), name


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return []


def test_only_the_door_knows_the_network() -> None:
    strays = {(path, name) for path, name in network_imports() if not path.startswith(tuple(KNOWN))}
    assert strays == set()


def test_everything_that_is_known_is_there() -> None:
    paths = {path for path, _ in network_imports()}
    assert [each for each in KNOWN if not any(path.startswith(each) for path in paths)] == []


# --- what is connected


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as opened:
        yield opened


def as_product(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` as if it stood in a connector."""
    space = {**function.__globals__, "__name__": "wedsync.connectors.rogue.connector"}
    return FunctionType(function.__code__, space, closure=function.__closure__)


def test_requests_sockets_and_mail_pass_through_the_door(
    office: PostOffice, only_through_the_door: None
) -> None:
    plain = outbound.request(Request("GET", f"http://localhost:{office.port}/", timeout_s=5))
    assert isinstance(plain, Answer | Failure)
    outbound.connect("localhost", office.port, timeout_s=5).close()
    message = smtp.compose(
        sender=smtp.address_of("hello@wedsync.example"),
        to=["ana@florist.example"],
        subject="Hello",
        text="Hi.",
        message_id="1",
    )
    server = smtp.Server("localhost", office.port, "none")
    assert isinstance(smtp.send(server, message, timeout_s=5), smtp.Sent)
    assert smtp.check(server, timeout_s=5) is None


def connects(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=5).close()


def looks_up(_port: int) -> None:
    socket.getaddrinfo("localhost", 25)


def mails(port: int) -> None:
    smtplib.SMTP("127.0.0.1", port, timeout=5).close()


@pytest.mark.parametrize("way", [connects, looks_up, mails])
def test_another_way_is_heard_and_stopped(office: PostOffice, way: Callable[[int], None]) -> None:
    with door.watching() as heard:
        with pytest.raises(door.NotThroughTheDoor):
            as_product(way)(office.port)
        assert len(heard) == 1


def starts(_port: int) -> None:
    subprocess.run(["true"], check=True)


def test_with_the_door_shut_no_other_program_is_started() -> None:
    as_product(starts)(0)
    with door.shut() as heard:
        with pytest.raises(door.NotThroughTheDoor):
            as_product(starts)(0)
        starts(0)
    assert len(heard) == 1


def test_a_thread_of_a_library_is_heard_too(office: PostOffice) -> None:
    stopped: list[BaseException | None] = []
    address = ("127.0.0.1", office.port)
    with door.watching() as heard:
        plain = socket.socket()
        thread = threading.Thread(target=plain.connect, args=(address,))
        before, threading.excepthook = threading.excepthook, lambda a: stopped.append(a.exc_value)
        try:
            thread.start()
            thread.join()
            plain.close()
        finally:
            threading.excepthook = before
        assert heard == [f"socket.connect to {address!r}"]
        assert isinstance(stopped[0], door.NotThroughTheDoor)


def test_a_test_itself_may_call_whom_it_likes(office: PostOffice) -> None:
    with door.watching() as heard:
        connects(office.port)
        assert heard == []
    as_product(connects)(office.port)
