"""`connect()`: a judged socket, for protocols and libraries that want one of their own."""

import errno
import socket
import ssl
import threading
from typing import Literal, overload

from wedsync.platform.deadline import Deadline
from wedsync.platform.outbound import faults
from wedsync.platform.outbound.messages import Failure
from wedsync.platform.outbound.names import Found, names
from wedsync.platform.outbound.permission import refused, sentence
from wedsync.platform.outbound.trusted import tls_context
from wedsync.platform.outbound.urls import UrlRefused, host_of

_LAST_PORT = 65_535


class NotConnected(OSError):
    """No connection came about; `failure` (always `not_sent`) says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@overload
def connect(
    host: str,
    port: int,
    *,
    timeout_s: float,
    tls: Literal[False] = False,
    server_name: str | None = None,
    ours: bool = False,
) -> socket.socket: ...


@overload
def connect(
    host: str,
    port: int,
    *,
    timeout_s: float,
    tls: bool,
    server_name: str | None = None,
    ours: bool = False,
) -> socket.socket | ssl.SSLSocket: ...


def connect(
    host: str,
    port: int,
    *,
    timeout_s: float,
    tls: bool = False,
    server_name: str | None = None,
    ours: bool = False,
) -> socket.socket | ssl.SSLSocket:
    """A connected socket to a public address that `host` leads to, ready within `timeout_s`.

    With `tls`, its certificate was verified for `server_name` (else for `host`). The addresses of
    a name are tried in turn, special ones passed over. The socket comes with a time-out of
    `timeout_s` for each of its own operations. Raises `NotConnected`.

    `ours`: the host stands in this installation's settings, as its own mail server does, and may
    therefore be in a private network. Never for a host that came by a page or from a partner.
    """
    until = Deadline.after(timeout_s)
    try:
        target, is_literal = host_of(host)
        _check_port(port)
        addresses = (target,) if is_literal else _addresses_of(target, until)
        plain = _first_open(addresses, port, until, ours=ours)
        connected = _secured(plain, server_name or target, until) if tls else plain
    except UrlRefused as error:
        raise _failed(error.code, error.message) from None
    except TimeoutError:
        raise _failed("connect_timeout", faults.NOT_READY_IN_TIME) from None
    connected.settimeout(timeout_s)
    return connected


def _check_port(port: int) -> None:
    if not 0 < port <= _LAST_PORT:
        raise UrlRefused(f"A port is a number from 1 to {_LAST_PORT}.")


def _addresses_of(name: str, until: Deadline) -> tuple[str, ...]:
    found = names.known(name) or _asked(name, until)
    if found is None:
        raise _failed("dns_failed", faults.NOT_FOUND_IN_TIME)
    if not found.addresses:
        raise _failed("dns_failed", faults.NOT_FOUND)
    return found.addresses


def _asked(name: str, until: Deadline) -> Found | None:
    """What the name leads to; None when that was not found in time."""
    told: list[Found] = []
    answered = threading.Event()

    def tell(_name: str, found: Found) -> None:
        told.append(found)
        answered.set()

    names.ask(name, tell)
    return told[0] if answered.wait(until.left()) else None


def _first_open(
    addresses: tuple[str, ...], port: int, until: Deadline, *, ours: bool
) -> socket.socket:
    """A connection to the first of `addresses` that takes one; each gets its share of the time."""
    failed = _failed("connect_failed", faults.NOT_REACHED)
    for number, ip in enumerate(addresses):
        reason = None if ours else refused(ip)
        if reason is not None:
            failed = _failed("address_refused", sentence(reason))
            continue
        try:
            return _opened(ip, port, until.left() / (len(addresses) - number))
        except TimeoutError:
            failed = _failed("connect_timeout", faults.NOT_READY_IN_TIME)
        except OSError as error:
            nobody = error.errno == errno.ECONNREFUSED
            message = faults.NOBODY_LISTENS if nobody else faults.NOT_REACHED
            failed = _failed("connect_failed", message)
    raise failed


def _opened(ip: str, port: int, timeout_s: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.settimeout(timeout_s)
        # What is sent here are short commands that wait for an answer each.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.connect((ip, port))
    except BaseException:
        opened.close()
        raise
    return opened


def _secured(plain: socket.socket, name: str, until: Deadline) -> ssl.SSLSocket:
    try:
        plain.settimeout(until.left())
        return tls_context().wrap_socket(plain, server_hostname=name)
    except TimeoutError:
        plain.close()
        raise
    except (OSError, ValueError) as error:
        plain.close()
        raise _failed("tls_failed", tls_problem(error)) from None


def tls_problem(error: Exception) -> str:
    """What a failed handshake means, in a sentence."""
    return faults.certificate(getattr(error, "verify_message", ""))


def _failed(code: str, message: str) -> NotConnected:
    return NotConnected(Failure("not_sent", code, message))
